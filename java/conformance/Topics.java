import org.apache.kafka.clients.admin.CreateTopicsOptions;
import org.apache.kafka.clients.admin.CreateTopicsResult;
import org.apache.kafka.clients.admin.ListTopicsOptions;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.admin.TopicDescription;
import org.apache.kafka.clients.admin.TopicListing;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.clients.producer.Producer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicCollection;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.errors.InvalidConfigurationException;
import org.apache.kafka.common.errors.InvalidPartitionsException;
import org.apache.kafka.common.errors.InvalidReplicationFactorException;
import org.apache.kafka.common.errors.InvalidTopicException;
import org.apache.kafka.common.errors.TopicExistsException;
import org.apache.kafka.common.errors.UnknownTopicIdException;
import org.apache.kafka.common.errors.UnknownTopicOrPartitionException;

import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Topics: made, listed, described, deleted. */
final class Topics {
    private Topics() {
    }

    static void cases(Conformance all) {
        all.add("topics.create", Topics::create);
        all.add("topics.create-with-defaults", Topics::createWithDefaults);
        all.add("topics.create-twice", Topics::createTwice);
        all.add("topics.create-validate-only", Topics::createValidateOnly);
        all.add("topics.invalid-names", Topics::invalidNames);
        all.add("topics.invalid-numbers", Topics::invalidNumbers);
        all.add("topics.invalid-config", Topics::invalidConfig);
        all.add("topics.describe", Topics::describe);
        all.add("topics.list", Topics::list);
        all.add("topics.delete", Topics::delete);
        all.add("topics.delete-and-create-again", Topics::deleteAndCreateAgain);
        all.add("topics.auto-created-by-a-producer", Topics::autoCreatedByAProducer);
        all.add("topics.auto-created-by-a-consumer", Topics::autoCreatedByAConsumer);
        all.add("topics.internal", Topics::internal);
    }

    private static TopicDescription described(Lab lab, String topic) throws Exception {
        return lab.admin().describeTopics(List.of(topic)).allTopicNames().get().get(topic);
    }

    private static boolean listed(Lab lab, String topic) throws Exception {
        return lab.admin().listTopics().names().get().contains(topic);
    }

    private static void create(Lab lab) throws Exception {
        String topic = lab.name("made");
        CreateTopicsResult made = lab.admin().createTopics(
            List.of(new NewTopic(topic, 3, (short) 1).configs(Map.of("retention.ms", "123456"))));
        lab.await(topic);
        Check.equal("partitions", 3, made.numPartitions(topic).get());
        Check.equal("replicas", 1, made.replicationFactor(topic).get());
        Check.equal("a key of its configuration", "123456", made.config(topic).get().get("retention.ms").value());
        Check.that("it has an id", !made.topicId(topic).get().equals(Uuid.ZERO_UUID));
        Check.equal("the id as described", made.topicId(topic).get(), described(lab, topic).topicId());
    }

    private static void createWithDefaults(Lab lab) throws Exception {
        String topic = lab.name("made");
        CreateTopicsResult made = lab.admin().createTopics(List.of(new NewTopic(topic, Optional.empty(), Optional.empty())));
        Check.equal("partitions", 1, made.numPartitions(topic).get());
        Check.equal("replicas", 1, made.replicationFactor(topic).get());
        lab.await(topic);
        Check.equal("partitions as described", 1, described(lab, topic).partitions().size());
    }

    private static void createTwice(Lab lab) throws Exception {
        NewTopic topic = new NewTopic(lab.name("made"), 1, (short) 1);
        NewTopic other = new NewTopic(lab.name("other"), 1, (short) 1);
        lab.create(topic);
        CreateTopicsResult again = lab.admin().createTopics(List.of(topic, other));
        Check.fails("the one that exists", TopicExistsException.class, () -> again.values().get(topic.name()).get());
        again.values().get(other.name()).get();
    }

    private static void createValidateOnly(Lab lab) throws Exception {
        String topic = lab.name("not-made");
        CreateTopicsOptions only = new CreateTopicsOptions().validateOnly(true);
        CreateTopicsResult result = lab.admin().createTopics(List.of(new NewTopic(topic, 2, (short) 1)), only);
        Check.equal("partitions", 2, result.numPartitions(topic).get());
        Check.that("it was not to be made", !listed(lab, topic));
        Check.fails("an invalid one", InvalidPartitionsException.class,
            () -> lab.admin().createTopics(List.of(new NewTopic(topic, 0, (short) 1)), only).all().get());
    }

    private static void invalidNames(Lab lab) {
        for (String name : List.of(".", "..", "with space", "with/slash", "ümlaut", "x".repeat(250))) {
            Check.fails("the name " + name, InvalidTopicException.class,
                () -> lab.create(new NewTopic(name, 1, (short) 1)));
        }
    }

    private static void invalidNumbers(Lab lab) throws Exception {
        Check.fails("no partitions", InvalidPartitionsException.class,
            () -> lab.create(new NewTopic(lab.name("none"), 0, (short) 1)));
        Check.fails("fewer than none", InvalidPartitionsException.class,
            () -> lab.create(new NewTopic(lab.name("fewer"), -7, (short) 1)));
        Check.fails("no replicas", InvalidReplicationFactorException.class,
            () -> lab.create(new NewTopic(lab.name("unkept"), 1, (short) 0)));
        Check.fails("more replicas than brokers", InvalidReplicationFactorException.class,
            () -> lab.create(new NewTopic(lab.name("many"), 1, (short) 2)));
        Check.that("none was made", lab.admin().listTopics().names().get().stream().noneMatch(name -> name.startsWith(lab.name(""))));
    }

    private static void invalidConfig(Lab lab) throws Exception {
        for (Map<String, String> config : List.of(
            Map.of("no.such.key", "1"), Map.of("retention.ms", "soon"), Map.of("cleanup.policy", "burn"),
            Map.of("segment.bytes", "1"), Map.of("message.timestamp.type", "Someday"))) {
            Check.fails(config.toString(), InvalidConfigurationException.class,
                () -> lab.create(new NewTopic(lab.name("odd"), 1, (short) 1).configs(config)));
        }
        Check.that("none was made", !listed(lab, lab.name("odd")));
    }

    private static void describe(Lab lab) throws Exception {
        String topic = lab.topic(5);
        TopicDescription found = described(lab, topic);
        Check.equal("name", topic, found.name());
        Check.equal("internal", false, found.isInternal());
        for (int partition = 0; partition < 5; partition++) {
            var info = found.partitions().get(partition);
            Check.equal("partition", partition, info.partition());
            Check.equal("leader's port", lab.bootstrap().split(":")[1], String.valueOf(info.leader().port()));
            Check.equal("replicas", List.of(info.leader()), info.replicas());
            Check.equal("in sync", List.of(info.leader()), info.isr());
        }
        var byId = lab.admin().describeTopics(TopicCollection.ofTopicIds(List.of(found.topicId()))).allTopicIds().get();
        Check.equal("name by id", topic, byId.get(found.topicId()).name());
        Check.fails("a topic that is not there", UnknownTopicOrPartitionException.class, () -> described(lab, lab.name("missing")));
        Check.fails("an id that is not there", UnknownTopicIdException.class, () -> lab.admin()
            .describeTopics(TopicCollection.ofTopicIds(List.of(Uuid.randomUuid()))).allTopicIds().get());
    }

    private static void list(Lab lab) throws Exception {
        String one = lab.topic();
        String two = lab.topic(2);
        Map<String, TopicListing> found = lab.admin().listTopics().namesToListings().get();
        Check.that("both are there", found.containsKey(one) && found.containsKey(two));
        Check.equal("id", described(lab, one).topicId(), found.get(one).topicId());
        Check.equal("internal", false, found.get(two).isInternal());
    }

    private static void delete(Lab lab) throws Exception {
        String one = lab.topic();
        String two = lab.topic();
        String kept = lab.topic();
        Uuid id = described(lab, two).topicId();
        lab.send(one, "gone");
        lab.admin().deleteTopics(List.of(one)).all().get();
        lab.admin().deleteTopics(TopicCollection.ofTopicIds(List.of(id))).all().get();
        Check.eventually("gone by name", () -> !listed(lab, one));
        Check.eventually("gone by id", () -> !listed(lab, two));
        Check.that("others stay", listed(lab, kept));
        Check.fails("again", UnknownTopicOrPartitionException.class, () -> lab.admin().deleteTopics(List.of(one)).all().get());
        Check.fails("again by id", UnknownTopicIdException.class,
            () -> lab.admin().deleteTopics(TopicCollection.ofTopicIds(List.of(id))).all().get());
    }

    private static void deleteAndCreateAgain(Lab lab) throws Exception {
        NewTopic topic = new NewTopic(lab.name("phoenix"), 1, (short) 1);
        lab.create(topic);
        Uuid first = described(lab, topic.name()).topicId();
        lab.send(topic.name(), "old", "older");
        lab.admin().deleteTopics(List.of(topic.name())).all().get();
        Check.eventually("it is gone", () -> !listed(lab, topic.name()));
        lab.create(topic);
        Check.that("another id", !described(lab, topic.name()).topicId().equals(first));
        Check.equal("it starts empty", List.of(), lab.values(topic.name()));
        Check.equal("offset", 0L, lab.send(topic.name(), "new").get(0).offset());
        Check.equal("values", List.of("new"), lab.values(topic.name()));
    }

    private static void autoCreatedByAProducer(Lab lab) throws Exception {
        String topic = lab.name("by-producer");
        try (Producer<byte[], byte[]> producer = lab.producer()) {
            producer.send(new ProducerRecord<>(topic, Lab.bytes("first"))).get();
        }
        Check.equal("partitions", 1, described(lab, topic).partitions().size());
        Check.equal("values", List.of("first"), lab.values(topic));
        try (Producer<byte[], byte[]> producer = lab.producer()) {
            Check.fails("a name that cannot be", InvalidTopicException.class,
                () -> producer.send(new ProducerRecord<>("no good", Lab.bytes("x"))).get());
        }
    }

    private static void autoCreatedByAConsumer(Lab lab) throws Exception {
        String wanted = lab.name("by-consumer");
        String refused = lab.name("not-by-consumer");
        try (Consumer<byte[], byte[]> consumer = lab.consumer("allow.auto.create.topics", "true")) {
            consumer.assign(List.of(Lab.at(wanted, 0)));
            Check.eventually("the topic is made", () -> {
                consumer.poll(Duration.ofMillis(50));
                return listed(lab, wanted);
            });
        }
        try (Consumer<byte[], byte[]> consumer = lab.consumer()) {
            consumer.assign(List.of(Lab.at(refused, 0)));
            Check.equal("records", 0, consumer.poll(Duration.ofMillis(500)).count());
        }
        Check.that("no topic is made against the consumer's will", !listed(lab, refused));
    }

    private static void internal(Lab lab) throws Exception {
        String offsets = "__consumer_offsets";
        try (Consumer<byte[], byte[]> consumer = lab.consumer("group.id", lab.name("g"))) {
            String topic = lab.topic();
            consumer.assign(List.of(Lab.at(topic, 0)));
            consumer.commitSync(Map.of(Lab.at(topic, 0), new org.apache.kafka.clients.consumer.OffsetAndMetadata(0)));
        }
        Check.that("a listing without internal topics has none", !listed(lab, offsets));
        Map<String, TopicListing> all = lab.admin().listTopics(new ListTopicsOptions().listInternal(true)).namesToListings().get();
        Check.that("whoever lists it, marks it", !all.containsKey(offsets) || all.get(offsets).isInternal());
    }
}
