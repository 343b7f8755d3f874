import org.apache.kafka.clients.admin.DescribeClusterResult;
import org.apache.kafka.clients.admin.NewPartitions;
import org.apache.kafka.clients.admin.RecordsToDelete;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.clients.consumer.OffsetOutOfRangeException;
import org.apache.kafka.clients.producer.Producer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.InvalidPartitionsException;
import org.apache.kafka.common.errors.UnknownTopicOrPartitionException;

import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** The cluster, partitions that are added, records that are deleted. */
final class Partitions {
    private Partitions() {
    }

    static void cases(Conformance all) {
        all.add("cluster.describe", Partitions::cluster);
        all.add("partitions.grow", Partitions::grow);
        all.add("partitions.refused", Partitions::refused);
        all.add("partitions.seen-by-a-producer", Partitions::seenByAProducer);
        all.add("partitions.fifty-at-once", Partitions::fifty);
        all.add("records.delete", Partitions::deleteRecords);
        all.add("records.delete-all", Partitions::deleteAll);
        all.add("records.delete-refused", Partitions::deleteRefused);
    }

    private static void cluster(Lab lab) throws Exception {
        DescribeClusterResult cluster = lab.admin().describeCluster();
        Check.equal("nodes", 1, cluster.nodes().get().size());
        var node = cluster.nodes().get().iterator().next();
        Check.equal("controller", node, cluster.controller().get());
        Check.equal("port", lab.bootstrap().split(":")[1], String.valueOf(node.port()));
        Check.that("the cluster has a name", cluster.clusterId().get() != null && !cluster.clusterId().get().isEmpty());
        Check.equal("it stays", cluster.clusterId().get(), lab.admin().describeCluster().clusterId().get());
    }

    private static int count(Lab lab, String topic) throws Exception {
        return lab.admin().describeTopics(List.of(topic)).allTopicNames().get().get(topic).partitions().size();
    }

    private static void grow(Lab lab) throws Exception {
        String topic = lab.topic(2);
        lab.admin().createPartitions(Map.of(topic, NewPartitions.increaseTo(5))).all().get();
        Check.eventually("there are five", () -> count(lab, topic) == 5);
        lab.admin().createPartitions(Map.of(topic, NewPartitions.increaseTo(6, List.of(List.of(1))))).all().get();
        Check.eventually("there are six", () -> count(lab, topic) == 6);
        try (Producer<byte[], byte[]> producer = lab.producer()) {
            Check.equal("offset", 0L, producer.send(new ProducerRecord<>(topic, 5, null, Lab.bytes("x"))).get().offset());
        }
        Check.equal("values", List.of("x"), lab.values(topic));
    }

    private static void refused(Lab lab) throws Exception {
        String topic = lab.topic(3);
        for (int wrong : List.of(2, 3, 0)) {
            Check.fails("from 3 to " + wrong, InvalidPartitionsException.class,
                () -> lab.admin().createPartitions(Map.of(topic, NewPartitions.increaseTo(wrong))).all().get());
        }
        Check.fails("a topic that is not there", UnknownTopicOrPartitionException.class, () -> lab.admin()
            .createPartitions(Map.of(lab.name("missing"), NewPartitions.increaseTo(4))).all().get());
        Check.equal("partitions", 3, count(lab, topic));
    }

    private static void seenByAProducer(Lab lab) throws Exception {
        String topic = lab.topic();
        try (Producer<byte[], byte[]> producer = lab.producer("metadata.max.age.ms", "200")) {
            producer.send(new ProducerRecord<>(topic, Lab.bytes("k"), Lab.bytes("v"))).get();
            lab.admin().createPartitions(Map.of(topic, NewPartitions.increaseTo(8))).all().get();
            lab.await(topic);
            Set<Integer> used = new HashSet<>();
            int[] key = {0};
            Check.eventually("keys go to all partitions", () -> {
                key[0] += 1;
                used.add(producer.send(new ProducerRecord<>(topic, Lab.bytes("k" + key[0]), Lab.bytes("v"))).get().partition());
                return used.size() == 8;
            });
        }
    }

    private static void fifty(Lab lab) throws Exception {
        String topic = lab.topic(50);
        List<ProducerRecord<byte[], byte[]>> records = new ArrayList<>();
        for (int number = 0; number < 5_000; number++) {
            records.add(new ProducerRecord<>(topic, number % 50, null, Lab.bytes(String.valueOf(number))));
        }
        try (Producer<byte[], byte[]> producer = lab.producer("linger.ms", "5")) {
            Lab.send(producer, records);
        }
        var found = lab.read(topic);
        Check.equal("records", 5_000, found.size());
        for (int at = 0; at < found.size(); at++) {
            // Sorted by partition and offset: a hundred of each.
            int number = at / 100 + 50 * (at % 100);
            Check.equal("value " + at, String.valueOf(number), Lab.text(found.get(at)));
        }
    }

    private static void deleteRecords(Lab lab) throws Exception {
        String topic = lab.topic();
        TopicPartition only = Lab.at(topic, 0);
        for (String value : Lab.numbered("v", 10)) {
            lab.send(topic, value);
        }
        var deleted = lab.admin().deleteRecords(Map.of(only, RecordsToDelete.beforeOffset(4)));
        Check.equal("low watermark", 4L, deleted.lowWatermarks().get(only).get().lowWatermark());
        Check.equal("what is left", List.of("v4", "v5", "v6", "v7", "v8", "v9"), lab.values(topic));
        try (Consumer<byte[], byte[]> consumer = lab.consumer("auto.offset.reset", "none")) {
            consumer.assign(List.of(only));
            Check.equal("beginning", 4L, consumer.beginningOffsets(List.of(only)).get(only));
            Check.equal("end", 10L, consumer.endOffsets(List.of(only)).get(only));
            consumer.seek(only, 2);
            var wrong = Check.fails("reading what is gone", OffsetOutOfRangeException.class, () -> Lab.poll(consumer, 1));
            Check.equal("where", Map.of(only, 2L), wrong.offsetOutOfRangePartitions());
        }
        try (Consumer<byte[], byte[]> consumer = lab.consumer("auto.offset.reset", "earliest")) {
            consumer.assign(List.of(only));
            consumer.seek(only, 2);
            Check.equal("the first after a reset", 4L, Lab.poll(consumer, 6).get(0).offset());
        }
        var earlier = lab.admin().deleteRecords(Map.of(only, RecordsToDelete.beforeOffset(1)));
        Check.equal("what is gone stays gone", 4L, earlier.lowWatermarks().get(only).get().lowWatermark());
    }

    private static void deleteAll(Lab lab) throws Exception {
        String topic = lab.topic();
        TopicPartition only = Lab.at(topic, 0);
        lab.send(topic, Lab.numbered("v", 5));
        var deleted = lab.admin().deleteRecords(Map.of(only, RecordsToDelete.beforeOffset(-1)));
        Check.equal("low watermark", 5L, deleted.lowWatermarks().get(only).get().lowWatermark());
        Check.equal("values", List.of(), lab.values(topic));
        Check.equal("offset", 5L, lab.send(topic, "next").get(0).offset());
        Check.equal("values", List.of("next"), lab.values(topic));
        try (Consumer<byte[], byte[]> consumer = lab.consumer()) {
            consumer.assign(List.of(only));
            Check.equal("records", 1, consumer.poll(Duration.ofSeconds(5)).count());
        }
    }

    private static void deleteRefused(Lab lab) throws Exception {
        String topic = lab.topic();
        lab.send(topic, "one");
        Check.fails("beyond the end", org.apache.kafka.common.errors.OffsetOutOfRangeException.class,
            () -> lab.admin().deleteRecords(Map.of(Lab.at(topic, 0), RecordsToDelete.beforeOffset(2))).all().get());
        Check.equal("values", List.of("one"), lab.values(topic));
    }
}
