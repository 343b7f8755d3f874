import org.apache.kafka.clients.admin.AlterConfigOp;
import org.apache.kafka.clients.admin.AlterConfigOp.OpType;
import org.apache.kafka.clients.admin.AlterConfigsOptions;
import org.apache.kafka.clients.admin.Config;
import org.apache.kafka.clients.admin.ConfigEntry;
import org.apache.kafka.clients.admin.ConfigEntry.ConfigSource;
import org.apache.kafka.clients.admin.DescribeConfigsOptions;
import org.apache.kafka.common.config.ConfigResource;
import org.apache.kafka.common.errors.InvalidConfigurationException;
import org.apache.kafka.common.errors.UnknownTopicOrPartitionException;

import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/** Configurations: described and changed. */
final class Configs {
    private Configs() {
    }

    static void cases(Conformance all) {
        all.add("configs.describe-a-topic", Configs::describeATopic);
        all.add("configs.describe-with-synonyms", Configs::describeWithSynonyms);
        all.add("configs.describe-the-broker", Configs::describeTheBroker);
        all.add("configs.set-and-delete", Configs::setAndDelete);
        all.add("configs.append-and-subtract", Configs::appendAndSubtract);
        all.add("configs.validate-only", Configs::validateOnly);
        all.add("configs.invalid-values", Configs::invalidValues);
        all.add("configs.unknown-topic", Configs::unknownTopic);
    }

    private static ConfigResource resource(String topic) {
        return new ConfigResource(ConfigResource.Type.TOPIC, topic);
    }

    private static ConfigEntry entry(Lab lab, String topic, String key) throws Exception {
        return lab.admin().describeConfigs(List.of(resource(topic))).all().get().get(resource(topic)).get(key);
    }

    /** Waits until a key has a value: a broker learns of a change a little later. */
    private static void settles(Lab lab, String topic, String key, String value) throws Exception {
        Check.eventually(key + " is " + value, () -> value.equals(entry(lab, topic, key).value()));
    }

    private static void alter(Lab lab, String topic, AlterConfigOp... changes) throws Exception {
        lab.admin().incrementalAlterConfigs(Map.of(resource(topic), List.of(changes))).all().get();
    }

    private static AlterConfigOp change(OpType what, String key, String value) {
        return new AlterConfigOp(new ConfigEntry(key, value), what);
    }

    private static void describeATopic(Lab lab) throws Exception {
        String topic = lab.topic(1, "retention.ms", "3600000", "cleanup.policy", "compact");
        Config config = lab.admin().describeConfigs(List.of(resource(topic))).all().get().get(resource(topic));
        Check.equal("retention.ms", "3600000", config.get("retention.ms").value());
        Check.equal("its source", ConfigSource.DYNAMIC_TOPIC_CONFIG, config.get("retention.ms").source());
        Check.equal("cleanup.policy", "compact", config.get("cleanup.policy").value());
        ConfigEntry bytes = config.get("segment.bytes");
        Check.equal("segment.bytes", "1073741824", bytes.value());
        Check.that("it is a default", bytes.isDefault());
        Check.that("it can be changed", !bytes.isReadOnly());
        Check.that("it is no secret", !bytes.isSensitive());
        Check.equal("synonyms nobody asked for", List.of(), bytes.synonyms());
        Check.equal("type", ConfigEntry.ConfigType.LONG, retention(lab, topic, false).type());
        ConfigEntry told = retention(lab, topic, true);
        Check.that("it is explained", told.documentation() != null && !told.documentation().isEmpty());
        Check.that("all keys of a topic are there", Stream.of("max.message.bytes", "message.timestamp.type", "compression.type",
            "min.insync.replicas", "delete.retention.ms", "flush.ms").allMatch(key -> config.get(key) != null));
    }

    private static ConfigEntry retention(Lab lab, String topic, boolean explained) throws Exception {
        DescribeConfigsOptions options = new DescribeConfigsOptions().includeDocumentation(explained);
        return lab.admin().describeConfigs(List.of(resource(topic)), options).all().get().get(resource(topic)).get("retention.ms");
    }

    private static void describeWithSynonyms(Lab lab) throws Exception {
        String topic = lab.topic(1, "max.message.bytes", "77777");
        DescribeConfigsOptions options = new DescribeConfigsOptions().includeSynonyms(true);
        Config config = lab.admin().describeConfigs(List.of(resource(topic)), options).all().get().get(resource(topic));
        var synonyms = config.get("max.message.bytes").synonyms();
        Check.equal("first", "max.message.bytes=77777", synonyms.get(0).name() + "=" + synonyms.get(0).value());
        Check.equal("its source", ConfigSource.DYNAMIC_TOPIC_CONFIG, synonyms.get(0).source());
        Check.equal("last", "message.max.bytes", synonyms.get(synonyms.size() - 1).name());
        Check.equal("its source", ConfigSource.DEFAULT_CONFIG, synonyms.get(synonyms.size() - 1).source());
    }

    private static void describeTheBroker(Lab lab) throws Exception {
        String id = String.valueOf(lab.admin().describeCluster().controller().get().id());
        ConfigResource broker = new ConfigResource(ConfigResource.Type.BROKER, id);
        Config config = lab.admin().describeConfigs(List.of(broker)).all().get().get(broker);
        Check.equal("node.id", id, config.get("node.id").value());
        Check.that("it cannot be changed", config.get("node.id").isReadOnly());
        Check.equal("num.partitions", "1", config.get("num.partitions").value());
        Check.equal("group.min.session.timeout.ms", "500", config.get("group.min.session.timeout.ms").value());
        Check.that("listeners are told", config.get("listeners").value().startsWith("PLAINTEXT://"));
        Check.equal("auto.create.topics.enable", "true", config.get("auto.create.topics.enable").value());
    }

    private static void setAndDelete(Lab lab) throws Exception {
        String topic = lab.topic(1, "retention.ms", "1000000");
        alter(lab, topic, change(OpType.SET, "retention.ms", "2000000"), change(OpType.SET, "max.message.bytes", "2000"));
        settles(lab, topic, "retention.ms", "2000000");
        settles(lab, topic, "max.message.bytes", "2000");
        alter(lab, topic, change(OpType.DELETE, "retention.ms", ""));
        settles(lab, topic, "retention.ms", "604800000");
        Check.that("it is a default again", entry(lab, topic, "retention.ms").isDefault());
        Check.equal("the other stays", "2000", entry(lab, topic, "max.message.bytes").value());
        alter(lab, topic, change(OpType.DELETE, "flush.ms", ""));
    }

    private static void appendAndSubtract(Lab lab) throws Exception {
        String topic = lab.topic();
        alter(lab, topic, change(OpType.APPEND, "cleanup.policy", "compact"));
        settles(lab, topic, "cleanup.policy", "delete,compact");
        alter(lab, topic, change(OpType.APPEND, "cleanup.policy", "compact"));
        settles(lab, topic, "cleanup.policy", "delete,compact");
        alter(lab, topic, change(OpType.SUBTRACT, "cleanup.policy", "delete"));
        settles(lab, topic, "cleanup.policy", "compact");
        Check.fails("what is no list", InvalidConfigurationException.class,
            () -> alter(lab, topic, change(OpType.APPEND, "retention.ms", "1")));
    }

    private static void validateOnly(Lab lab) throws Exception {
        String topic = lab.topic();
        AlterConfigsOptions only = new AlterConfigsOptions().validateOnly(true);
        lab.admin().incrementalAlterConfigs(
            Map.of(resource(topic), List.of(change(OpType.SET, "retention.ms", "5000"))), only).all().get();
        Check.fails("an invalid value", InvalidConfigurationException.class, () -> lab.admin().incrementalAlterConfigs(
            Map.of(resource(topic), List.of(change(OpType.SET, "retention.ms", "never"))), only).all().get());
        Thread.sleep(200);
        Check.equal("nothing has changed", "604800000", entry(lab, topic, "retention.ms").value());
    }

    private static void invalidValues(Lab lab) throws Exception {
        String topic = lab.topic();
        for (AlterConfigOp wrong : List.of(
            change(OpType.SET, "no.such.key", "1"), change(OpType.SET, "retention.ms", "soon"),
            change(OpType.SET, "cleanup.policy", "burn"), change(OpType.SET, "min.insync.replicas", "0"),
            change(OpType.SET, "min.cleanable.dirty.ratio", "2"), change(OpType.APPEND, "cleanup.policy", "burn"))) {
            Check.fails(wrong.toString(), InvalidConfigurationException.class,
                () -> alter(lab, topic, change(OpType.SET, "flush.ms", "77"), wrong));
        }
        Check.that("nothing of a refused change is kept", entry(lab, topic, "flush.ms").isDefault());
    }

    private static void unknownTopic(Lab lab) {
        String topic = lab.name("missing");
        Check.fails("describe", UnknownTopicOrPartitionException.class, () -> entry(lab, topic, "retention.ms"));
        Check.fails("alter", UnknownTopicOrPartitionException.class,
            () -> alter(lab, topic, change(OpType.SET, "retention.ms", "5000")));
    }
}
