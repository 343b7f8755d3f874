import org.apache.kafka.clients.consumer.CommitFailedException;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.OffsetMetadataTooLarge;

import java.time.Duration;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;

/** Offsets that members commit, and what becomes of them. */
final class Offsets {
    private Offsets() {
    }

    static void cases(Conformance all) {
        all.add("offsets.commit", Offsets::commit);
        all.add("offsets.commit-without-waiting", Offsets::commitWithoutWaiting);
        all.add("offsets.commit-with-metadata", Offsets::commitWithMetadata);
        all.add("offsets.commit-with-too-much-metadata", Offsets::tooMuchMetadata);
        all.add("offsets.commit-by-itself", Offsets::commitByItself);
        all.add("offsets.commit-for-many-partitions", Offsets::manyPartitions);
        all.add("offsets.commit-for-a-missing-topic", Offsets::missingTopic);
        all.add("offsets.commit-too-late", Offsets::tooLate);
        all.add("offsets.none-committed", Offsets::noneCommitted);
        all.add("offsets.groups-are-apart", Offsets::groupsAreApart);
        all.add("offsets.of-a-deleted-topic", Offsets::deletedTopic);
        all.add("offsets.lag", Offsets::lag);
    }

    static Consumer<byte[], byte[]> alone(Lab lab, String group, String topic) {
        Consumer<byte[], byte[]> consumer = lab.consumer("group.id", lab.name(group));
        consumer.assign(List.of(Lab.at(topic, 0)));
        return consumer;
    }

    private static OffsetAndMetadata committed(Consumer<?, ?> consumer, TopicPartition partition) {
        return consumer.committed(Set.of(partition)).get(partition);
    }

    private static void commit(Lab lab) throws Exception {
        String topic = lab.topic();
        TopicPartition only = Lab.at(topic, 0);
        lab.send(topic, Lab.numbered("v", 10));
        try (Consumer<byte[], byte[]> consumer = alone(lab, "g", topic)) {
            Lab.poll(consumer, 10);
            consumer.commitSync();
            Check.equal("all that was polled", 10L, committed(consumer, only).offset());
            consumer.commitSync(Map.of(only, new OffsetAndMetadata(4)));
            Check.equal("one that is named", 4L, committed(consumer, only).offset());
        }
        try (Consumer<byte[], byte[]> next = alone(lab, "g", topic)) {
            Check.equal("position of the next", 4L, next.position(only));
            Check.equal("its first record", "v4", Lab.text(Lab.poll(next, 6).get(0)));
        }
    }

    private static void commitWithoutWaiting(Lab lab) throws Exception {
        String topic = lab.topic();
        TopicPartition only = Lab.at(topic, 0);
        lab.send(topic, Lab.numbered("v", 3));
        try (Consumer<byte[], byte[]> consumer = alone(lab, "g", topic)) {
            Lab.poll(consumer, 3);
            CompletableFuture<Map<TopicPartition, OffsetAndMetadata>> done = new CompletableFuture<>();
            consumer.commitAsync((offsets, failure) -> {
                if (failure == null) {
                    done.complete(offsets);
                } else {
                    done.completeExceptionally(failure);
                }
            });
            Check.eventually("it is answered", () -> {
                consumer.poll(Duration.ofMillis(20));
                return done.isDone();
            });
            Check.equal("what was committed", 3L, done.get().get(only).offset());
            for (long offset = 0; offset < 100; offset++) {
                consumer.commitAsync(Map.of(only, new OffsetAndMetadata(offset)), null);
            }
            consumer.commitSync(Map.of(only, new OffsetAndMetadata(2)));
            Check.equal("the last counts", 2L, committed(consumer, only).offset());
        }
    }

    private static void commitWithMetadata(Lab lab) throws Exception {
        String topic = lab.topic();
        TopicPartition only = Lab.at(topic, 0);
        try (Consumer<byte[], byte[]> consumer = alone(lab, "g", topic)) {
            OffsetAndMetadata full = new OffsetAndMetadata(8, Optional.of(0), "wörds ☃ " + "x".repeat(4_000));
            consumer.commitSync(Map.of(only, full));
            Check.equal("with everything", full, committed(consumer, only));
            consumer.commitSync(Map.of(only, new OffsetAndMetadata(9)));
            Check.equal("without", new OffsetAndMetadata(9, Optional.empty(), ""), committed(consumer, only));
        }
    }

    private static void tooMuchMetadata(Lab lab) throws Exception {
        String topic = lab.topic(2);
        try (Consumer<byte[], byte[]> consumer = alone(lab, "g", topic)) {
            Check.fails("5,000 characters", OffsetMetadataTooLarge.class, () -> consumer.commitSync(
                Map.of(Lab.at(topic, 0), new OffsetAndMetadata(1, "x".repeat(5_000)), Lab.at(topic, 1), new OffsetAndMetadata(2))));
            Check.equal("it is not kept", null, committed(consumer, Lab.at(topic, 0)));
            Check.equal("the other is", 2L, committed(consumer, Lab.at(topic, 1)).offset());
        }
    }

    private static void commitByItself(Lab lab) throws Exception {
        String topic = lab.topic();
        TopicPartition only = Lab.at(topic, 0);
        lab.send(topic, Lab.numbered("v", 5));
        try (Consumer<byte[], byte[]> consumer =
            lab.consumer("group.id", lab.name("g"), "enable.auto.commit", "true", "auto.commit.interval.ms", "100")) {
            consumer.assign(List.of(only));
            Lab.poll(consumer, 5);
            Check.eventually("after a while", () -> {
                consumer.poll(Duration.ofMillis(50));
                OffsetAndMetadata found = committed(consumer, only);
                return found != null && found.offset() == 5;
            });
            lab.send(topic, "last");
            Lab.poll(consumer, 1);
        }
        try (Consumer<byte[], byte[]> next = alone(lab, "g", topic)) {
            Check.equal("with the close", 6L, committed(next, only).offset());
        }
    }

    private static void manyPartitions(Lab lab) throws Exception {
        String wide = lab.topic(40);
        String narrow = lab.topic();
        Map<TopicPartition, OffsetAndMetadata> offsets = new HashMap<>();
        for (int partition = 0; partition < 40; partition++) {
            offsets.put(Lab.at(wide, partition), new OffsetAndMetadata(partition * 1_000_000_000_000L, "of " + partition));
        }
        offsets.put(Lab.at(narrow, 0), new OffsetAndMetadata(Long.MAX_VALUE));
        try (Consumer<byte[], byte[]> consumer = alone(lab, "g", narrow)) {
            consumer.commitSync(offsets);
            Check.equal("all of them", offsets, consumer.committed(new HashSet<>(offsets.keySet())));
        }
    }

    private static void missingTopic(Lab lab) throws Exception {
        String topic = lab.topic();
        TopicPartition missing = Lab.at(lab.name("missing"), 0);
        try (Consumer<byte[], byte[]> consumer = lab.consumer("group.id", lab.name("g"), "default.api.timeout.ms", "1500")) {
            consumer.assign(List.of(Lab.at(topic, 0)));
            Check.fails("a topic that is not there", Exception.class,
                () -> consumer.commitSync(Map.of(missing, new OffsetAndMetadata(1), Lab.at(topic, 0), new OffsetAndMetadata(2))));
        }
        var found = lab.admin().listConsumerGroupOffsets(lab.name("g")).partitionsToOffsetAndMetadata().get();
        Check.that("nothing is kept for it", found.get(missing) == null);
    }

    private static void tooLate(Lab lab) throws Exception {
        String topic = lab.topic();
        TopicPartition only = Lab.at(topic, 0);
        lab.send(topic, "v");
        try (Consumer<byte[], byte[]> slow = lab.consumer("group.id", lab.name("g"), "max.poll.interval.ms", "1000",
            "session.timeout.ms", "1000", "heartbeat.interval.ms", "200")) {
            slow.subscribe(List.of(topic));
            Lab.poll(slow, 1);
            Groups.Member other = new Groups.Member(lab, List.of(topic), "group.id", lab.name("g"));
            Groups.settles("another has the partition", List.of(other), 1);
            Check.fails("who is out of the group", CommitFailedException.class, slow::commitSync);
            Check.eventually("the other has read it", () -> !other.values.isEmpty());
            other.leave();
            Check.equal("its offset", 1L, committed(slow, only).offset());
        }
    }

    private static void noneCommitted(Lab lab) throws Exception {
        String topic = lab.topic();
        try (Consumer<byte[], byte[]> consumer = alone(lab, "g", topic)) {
            Check.equal("an existing partition", null, committed(consumer, Lab.at(topic, 0)));
            Check.equal("a missing one", null, committed(consumer, Lab.at(lab.name("missing"), 7)));
            Check.equal("position", 0L, consumer.position(Lab.at(topic, 0)));
        }
        Check.equal("a group nobody has heard of", Map.of(),
            lab.admin().listConsumerGroupOffsets(lab.name("unknown")).partitionsToOffsetAndMetadata().get());
    }

    private static void groupsAreApart(Lab lab) throws Exception {
        String topic = lab.topic();
        TopicPartition only = Lab.at(topic, 0);
        lab.send(topic, Lab.numbered("v", 3));
        try (Consumer<byte[], byte[]> one = alone(lab, "one", topic); Consumer<byte[], byte[]> two = alone(lab, "two", topic)) {
            one.commitSync(Map.of(only, new OffsetAndMetadata(2)));
            two.commitSync(Map.of(only, new OffsetAndMetadata(1)));
            Check.equal("one", List.of("v2"), Lab.texts(Lab.poll(one, 1)));
            Check.equal("two", List.of("v1", "v2"), Lab.texts(Lab.poll(two, 2)));
        }
    }

    private static void deletedTopic(Lab lab) throws Exception {
        String topic = lab.topic();
        TopicPartition only = Lab.at(topic, 0);
        String kept = lab.topic();
        try (Consumer<byte[], byte[]> consumer = alone(lab, "g", topic)) {
            consumer.commitSync(Map.of(only, new OffsetAndMetadata(1), Lab.at(kept, 0), new OffsetAndMetadata(2)));
            lab.admin().deleteTopics(List.of(topic)).all().get();
            Check.eventually("they go with the topic", () -> committed(consumer, only) == null);
            Check.equal("others stay", 2L, committed(consumer, Lab.at(kept, 0)).offset());
        }
    }

    private static void lag(Lab lab) throws Exception {
        String topic = lab.topic();
        TopicPartition only = Lab.at(topic, 0);
        lab.send(topic, Lab.numbered("v", 10));
        try (Consumer<byte[], byte[]> consumer = lab.consumer("max.poll.records", "4")) {
            consumer.assign(List.of(only));
            Lab.poll(consumer, 4);
            Check.equal("lag", 6L, consumer.currentLag(only).getAsLong());
        }
    }
}
