import org.apache.kafka.clients.admin.AlterConfigOp;
import org.apache.kafka.clients.admin.ConfigEntry;
import org.apache.kafka.clients.admin.NewPartitions;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.admin.RecordsToDelete;
import org.apache.kafka.clients.admin.TopicDescription;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.producer.Producer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.config.ConfigResource;
import org.apache.kafka.common.header.internals.RecordHeader;

import java.util.List;
import java.util.Map;

/** What must be there when a broker that was stopped is started again. Two runs: one leaves things, the next finds them. */
final class Restarts {
    private static final String[] COMMITTED = {"isolation.level", "read_committed"};

    private Restarts() {
    }

    static void before(Conformance all) {
        all.add("before-a-restart.topics", Restarts::leaveTopics);
        all.add("before-a-restart.records", Restarts::leaveRecords);
        all.add("before-a-restart.offsets", Restarts::leaveOffsets);
        all.add("before-a-restart.transactions", Restarts::leaveTransactions);
        all.add("before-a-restart.a-static-member", Restarts::leaveAStaticMember);
    }

    static void after(Conformance all) {
        all.add("after-a-restart.topics", Restarts::findTopics);
        all.add("after-a-restart.records", Restarts::findRecords);
        all.add("after-a-restart.offsets", Restarts::findOffsets);
        all.add("after-a-restart.transactions", Restarts::findTransactions);
        all.add("after-a-restart.a-static-member", Restarts::findAStaticMember);
    }

    /** The same name in both runs, of which no other names are the beginning. */
    private static String name(String what) {
        return "restart." + what;
    }

    private static void commit(Lab lab, String group, Map<TopicPartition, OffsetAndMetadata> offsets) throws Exception {
        lab.admin().alterConsumerGroupOffsets(name(group), offsets).all().get();
    }

    private static Map<TopicPartition, OffsetAndMetadata> committed(Lab lab, String group) throws Exception {
        return lab.admin().listConsumerGroupOffsets(name(group)).partitionsToOffsetAndMetadata().get();
    }

    private static TopicDescription described(Lab lab, String topic) throws Exception {
        return lab.admin().describeTopics(List.of(topic)).allTopicNames().get().get(topic);
    }

    private static void leaveTopics(Lab lab) throws Exception {
        String kept = name("kept");
        lab.create(new NewTopic(kept, 2, (short) 1).configs(Map.of("retention.ms", "777777777")));
        lab.create(new NewTopic(name("gone"), 2, (short) 1));
        lab.send(name("gone"), "v");
        lab.admin().deleteTopics(List.of(name("gone"))).all().get();
        lab.admin().createPartitions(Map.of(kept, NewPartitions.increaseTo(5))).all().get();
        var change = new AlterConfigOp(new ConfigEntry("max.message.bytes", "5000"), AlterConfigOp.OpType.SET);
        lab.admin().incrementalAlterConfigs(Map.of(new ConfigResource(ConfigResource.Type.TOPIC, kept), List.of(change))).all().get();
        // The next run is told with the offset what the topic and the cluster are called.
        String ids = described(lab, kept).topicId() + " " + lab.admin().describeCluster().clusterId().get();
        commit(lab, "ids", Map.of(Lab.at(kept, 0), new OffsetAndMetadata(0, ids)));
    }

    private static void findTopics(Lab lab) throws Exception {
        String kept = name("kept");
        Check.that("what was deleted stays so", !lab.admin().listTopics().names().get().contains(name("gone")));
        TopicDescription found = described(lab, kept);
        Check.equal("partitions", 5, found.partitions().size());
        ConfigResource resource = new ConfigResource(ConfigResource.Type.TOPIC, kept);
        var config = lab.admin().describeConfigs(List.of(resource)).all().get().get(resource);
        Check.equal("what it was made with", "777777777", config.get("retention.ms").value());
        Check.equal("what was changed", "5000", config.get("max.message.bytes").value());
        String ids = found.topicId() + " " + lab.admin().describeCluster().clusterId().get();
        Check.equal("ids", committed(lab, "ids").get(Lab.at(kept, 0)).metadata(), ids);
    }

    private static void leaveRecords(Lab lab) throws Exception {
        String topic = name("records");
        lab.create(new NewTopic(topic, 1, (short) 1).configs(Map.of("retention.ms", "-1")));
        for (String codec : List.of("none", "gzip", "snappy", "lz4", "zstd")) {
            try (Producer<byte[], byte[]> producer = lab.producer("compression.type", codec)) {
                for (int number = 0; number < 200; number++) {
                    var header = new RecordHeader("h", Lab.bytes(codec));
                    producer.send(new ProducerRecord<>(topic, 0, (long) number, Lab.bytes("k"), Lab.bytes(codec + number), List.of(header)));
                }
                producer.flush();
            }
        }
        lab.admin().deleteRecords(Map.of(Lab.at(topic, 0), RecordsToDelete.beforeOffset(100))).all().get();
    }

    private static void findRecords(Lab lab) throws Exception {
        List<ConsumerRecord<byte[], byte[]>> found = lab.read(name("records"));
        Check.equal("records", 900, found.size());
        Check.equal("first offset", 100L, found.get(0).offset());
        for (ConsumerRecord<byte[], byte[]> record : found) {
            long number = record.offset() % 200;
            String codec = List.of("none", "gzip", "snappy", "lz4", "zstd").get((int) record.offset() / 200);
            Check.equal("value", codec + number, Lab.text(record));
            Check.equal("time", number, record.timestamp());
            Check.equal("header", codec, new String(record.headers().lastHeader("h").value()));
        }
        Check.equal("the next offset", 1_000L, lab.send(name("records"), "next").get(0).offset());
    }

    private static void leaveOffsets(Lab lab) throws Exception {
        String topic = name("read");
        lab.create(new NewTopic(topic, 1, (short) 1));
        lab.send(topic, Lab.numbered("v", 10));
        for (long offset : new long[] {3, 9, 6}) {
            commit(lab, "reader", Map.of(Lab.at(topic, 0), new OffsetAndMetadata(offset, "at " + offset)));
        }
        commit(lab, "deleted", Map.of(Lab.at(topic, 0), new OffsetAndMetadata(1)));
        lab.admin().deleteConsumerGroups(List.of(name("deleted"))).all().get();
    }

    private static void findOffsets(Lab lab) throws Exception {
        TopicPartition only = Lab.at(name("read"), 0);
        Check.equal("the last commit", new OffsetAndMetadata(6, "at 6"), committed(lab, "reader").get(only));
        Check.equal("of a group that was deleted", Map.of(), committed(lab, "deleted"));
        Groups.Member member = new Groups.Member(lab, List.of(only.topic()), "group.id", name("reader"));
        Check.eventually("the group goes on", () -> member.values.size() == 4);
        Check.equal("values", List.of("v6", "v7", "v8", "v9"), List.copyOf(member.values));
        member.leave();
    }

    private static Producer<byte[], byte[]> transactional(Lab lab) {
        Producer<byte[], byte[]> producer = lab.producer("transactional.id", name("tx"), "transaction.timeout.ms", "600000");
        producer.initTransactions();
        producer.beginTransaction();
        return producer;
    }

    private static void leaveTransactions(Lab lab) throws Exception {
        String topic = name("transactions");
        lab.create(new NewTopic(topic, 1, (short) 1));
        Producer<byte[], byte[]> producer = transactional(lab);
        producer.send(new ProducerRecord<>(topic, Lab.bytes("committed"))).get();
        producer.commitTransaction();
        producer.beginTransaction();
        producer.send(new ProducerRecord<>(topic, Lab.bytes("aborted"))).get();
        producer.abortTransaction();
        producer.beginTransaction();
        producer.send(new ProducerRecord<>(topic, Lab.bytes("left open"))).get();
        lab.send(topic, "after");
        Check.equal("committed values", List.of("committed"), lab.values(topic, COMMITTED));
    }

    private static void findTransactions(Lab lab) throws Exception {
        String topic = name("transactions");
        Check.equal("committed values", List.of("committed"), lab.values(topic, COMMITTED));
        Check.equal("all values", List.of("committed", "aborted", "left open", "after"), lab.values(topic));
        // Who comes back with the id ends what was left open.
        Producer<byte[], byte[]> producer = transactional(lab);
        producer.send(new ProducerRecord<>(topic, Lab.bytes("again"))).get();
        producer.commitTransaction();
        Check.eventually("the rest can be read", () -> lab.values(topic, COMMITTED).size() == 3);
        Check.equal("committed values", List.of("committed", "after", "again"), lab.values(topic, COMMITTED));
    }

    private static Groups.Member staticMember(Lab lab, String... config) {
        String[] all = java.util.Arrays.copyOf(config, config.length + 2);
        all[config.length] = "group.id";
        all[config.length + 1] = name("static");
        return new Groups.Member(lab, List.of(name("shared")), all);
    }

    private static void leaveAStaticMember(Lab lab) throws Exception {
        lab.create(new NewTopic(name("shared"), 2, (short) 1));
        Groups.Member member = staticMember(lab, "group.instance.id", "me", "session.timeout.ms", "120000");
        Groups.settles("it has all", List.of(member), 2);
        member.leave();
    }

    /** It is still expected back, so that another gets nothing before it has come. */
    private static void findAStaticMember(Lab lab) throws Exception {
        var group = lab.admin().describeConsumerGroups(List.of(name("static"))).describedGroups().get(name("static")).get();
        Check.equal("members", 1, group.members().size());
        Check.equal("its name", "me", group.members().iterator().next().groupInstanceId().orElse(null));
        Groups.Member member = staticMember(lab, "group.instance.id", "me", "session.timeout.ms", "120000");
        Groups.settles("it is back", List.of(member), 2);
        member.leave();
    }
}
