import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.ObjectWriter;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;

import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.ListOffsetsResult;
import org.apache.kafka.clients.admin.NewPartitionReassignment;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.admin.OffsetSpec;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.ElectionType;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.TopicPartitionInfo;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.header.internals.RecordHeader;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;

import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Base64;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Properties;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.Future;
import java.util.stream.Collectors;

/**
 * Apache Kafka's own clients behind one line of JSON per request and per answer, so that a test pays for one JVM only.
 * Keys, values and header values are Base64 or null. Ends when its standard input ends. The only argument is the bootstrap server.
 */
public final class Driver {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final int BLOCK_MS = 30_000;

    private final String bootstrap;
    private final Admin admin;
    private final Map<String, KafkaProducer<byte[], byte[]>> producers = new HashMap<>();

    private Driver(String bootstrap) {
        this.bootstrap = bootstrap;
        Properties properties = client();
        properties.put("default.api.timeout.ms", BLOCK_MS);
        admin = Admin.create(properties);
    }

    public static void main(String[] args) throws Exception {
        PrintStream out = new PrintStream(System.out, false, StandardCharsets.UTF_8);
        BufferedReader in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        Driver driver = new Driver(args[0]);
        ObjectWriter writer = JSON.writer().without(JsonGenerator.Feature.AUTO_CLOSE_TARGET);
        for (String line = in.readLine(); line != null; line = in.readLine()) {
            ObjectNode answer = JSON.createObjectNode();
            try {
                driver.answer(JSON.readTree(line), answer);
            } catch (Exception failure) {
                Throwable cause = failure instanceof java.util.concurrent.ExecutionException ? failure.getCause() : failure;
                answer.removeAll();
                answer.put("error", cause.toString());
            }
            // Not as one string: an answer may hold some hundred thousand records.
            writer.writeValue(out, answer);
            out.println();
            out.flush();
        }
        Runtime.getRuntime().halt(0);
    }

    private void answer(JsonNode request, ObjectNode answer) throws Exception {
        switch (request.get("do").asText()) {
            case "produce" -> produce(request, answer);
            case "consume" -> consume(request, answer);
            case "create_topic" -> createTopic(request);
            case "delete_topic" -> admin.deleteTopics(List.of(request.get("topic").asText())).all().get();
            case "topics" -> {
                ArrayNode names = answer.putArray("topics");
                admin.listTopics().names().get().stream().sorted().forEach(names::add);
            }
            case "topic_config" -> topicConfig(request.get("topic").asText(), answer);
            case "partitions" -> partitions(request.get("topic").asText(), answer);
            case "reassign" -> reassign(request);
            case "elect_preferred" -> admin.electLeaders(ElectionType.PREFERRED, Set.of(partition(request))).all().get();
            case "coordinator" -> {
                String group = request.get("group").asText();
                answer.put("node", admin.describeConsumerGroups(List.of(group)).describedGroups().get(group).get().coordinator().id());
            }
            case "end_offsets" -> {
                ObjectNode offsets = answer.putObject("offsets");
                endOffsets(request.get("topic").asText(), false).forEach((partition, offset) -> offsets.put(String.valueOf(partition.partition()), offset));
            }
            case "group_offsets" -> groupOffsets(request.get("group").asText(), answer);
            case "groups" -> {
                ArrayNode names = answer.putArray("groups");
                admin.listGroups().all().get().stream().map(group -> group.groupId()).sorted().forEach(names::add);
            }
            case "group_members" -> {
                String group = request.get("group").asText();
                answer.put("members", admin.describeConsumerGroups(List.of(group)).describedGroups().get(group).get().members().size());
            }
            case "bulk" -> bulk(request, answer);
            default -> throw new IllegalArgumentException("unknown request " + request);
        }
    }

    private Properties client() {
        Properties properties = new Properties();
        properties.put("bootstrap.servers", bootstrap);
        properties.put("request.timeout.ms", 20_000);
        return properties;
    }

    private static byte[] bytes(JsonNode node) throws java.io.IOException {
        return node == null || node.isNull() ? null : node.binaryValue();
    }

    private static String base64(byte[] bytes) {
        return bytes == null ? null : Base64.getEncoder().encodeToString(bytes);
    }

    private KafkaProducer<byte[], byte[]> producer(JsonNode config) {
        return producers.computeIfAbsent(config == null ? "{}" : config.toString(), text -> {
            Properties properties = client();
            properties.put("max.block.ms", BLOCK_MS);
            properties.put("linger.ms", 5);
            if (config != null) {
                config.properties().forEach(entry -> properties.put(entry.getKey(), entry.getValue().asText()));
            }
            KafkaProducer<byte[], byte[]> producer = new KafkaProducer<>(properties, new ByteArraySerializer(), new ByteArraySerializer());
            if (properties.containsKey("transactional.id")) {
                producer.initTransactions();
            }
            return producer;
        });
    }

    /** {"records": […], "config": {…}, "abort": bool}: all records in order; one transaction if the config has a transactional.id. */
    private void produce(JsonNode request, ObjectNode answer) throws Exception {
        JsonNode config = request.get("config");
        KafkaProducer<byte[], byte[]> producer = producer(config);
        boolean transactional = config != null && config.has("transactional.id");
        if (transactional) {
            producer.beginTransaction();
        }
        List<Future<RecordMetadata>> sent = new ArrayList<>();
        for (JsonNode node : request.get("records")) {
            List<Header> headers = new ArrayList<>();
            for (JsonNode header : node.withArray("headers")) {
                headers.add(new RecordHeader(header.get(0).asText(), bytes(header.get(1))));
            }
            Integer partition = node.hasNonNull("partition") ? node.get("partition").asInt() : null;
            Long timestamp = node.hasNonNull("timestamp") ? node.get("timestamp").asLong() : null;
            sent.add(producer.send(new ProducerRecord<>(node.get("topic").asText(), partition, timestamp, bytes(node.get("key")), bytes(node.get("value")), headers)));
        }
        producer.flush();
        if (transactional) {
            if (request.path("abort").asBoolean()) {
                producer.abortTransaction();
            } else {
                producer.commitTransaction();
            }
        }
        ArrayNode produced = answer.putArray("produced");
        for (Future<RecordMetadata> future : sent) {
            RecordMetadata metadata = future.get();
            ObjectNode entry = produced.addObject();
            entry.put("partition", metadata.partition());
            entry.put("offset", metadata.offset());
            entry.put("timestamp", metadata.timestamp());
        }
    }

    /** {"topic", "count", "value_bytes", "partitions"}: so many records with values of printable text, evenly over the partitions. */
    private void bulk(JsonNode request, ObjectNode answer) throws Exception {
        KafkaProducer<byte[], byte[]> producer = producer(request.get("config"));
        byte[] value = new byte[request.get("value_bytes").asInt()];
        for (int i = 0; i < value.length; i++) {
            value[i] = (byte) ('a' + i % 26);
        }
        long count = request.get("count").asLong();
        int partitions = request.get("partitions").asInt();
        Future<RecordMetadata> last = null;
        for (long i = 0; i < count; i++) {
            last = producer.send(new ProducerRecord<>(request.get("topic").asText(), (int) (i % partitions), null, value));
        }
        producer.flush();
        if (last != null) {
            last.get();
        }
        answer.put("count", count);
    }

    /** {"topic", "count" or null for all there are now, "timeout_ms", "committed": bool}: records of all partitions, each partition in order. */
    private void consume(JsonNode request, ObjectNode answer) throws Exception {
        Properties properties = client();
        boolean committed = request.path("committed").asBoolean();
        properties.put("isolation.level", committed ? "read_committed" : "read_uncommitted");
        properties.put("auto.offset.reset", "earliest");
        properties.put("enable.auto.commit", false);
        long deadline = System.nanoTime() + request.get("timeout_ms").asLong() * 1_000_000L;
        boolean all = !request.hasNonNull("count");
        long count = all ? Long.MAX_VALUE : request.get("count").asLong();
        ArrayNode records = answer.putArray("records");
        Map<TopicPartition, Long> ends = endOffsets(request.get("topic").asText(), committed);
        try (KafkaConsumer<byte[], byte[]> consumer = new KafkaConsumer<>(properties, new ByteArrayDeserializer(), new ByteArrayDeserializer())) {
            consumer.assign(ends.keySet());
            consumer.seekToBeginning(ends.keySet());
            while (records.size() < count && System.nanoTime() < deadline && !(all && reached(consumer, ends))) {
                for (ConsumerRecord<byte[], byte[]> record : consumer.poll(Duration.ofMillis(100))) {
                    if (records.size() < count) {
                        put(record, records.addObject());
                    }
                }
            }
            answer.put("complete", all ? reached(consumer, ends) : records.size() == count);
        }
    }

    private static boolean reached(KafkaConsumer<byte[], byte[]> consumer, Map<TopicPartition, Long> ends) {
        return ends.entrySet().stream().allMatch(end -> consumer.position(end.getKey()) >= end.getValue());
    }

    private static void put(ConsumerRecord<byte[], byte[]> record, ObjectNode node) {
        node.put("topic", record.topic());
        node.put("partition", record.partition());
        node.put("offset", record.offset());
        node.put("timestamp", record.timestamp());
        node.put("timestamp_type", record.timestampType().name);
        node.put("key", base64(record.key()));
        node.put("value", base64(record.value()));
        ArrayNode headers = node.putArray("headers");
        for (Header header : record.headers()) {
            headers.addArray().add(header.key()).add(base64(header.value()));
        }
    }

    private Map<TopicPartition, Long> endOffsets(String topic, boolean committed) throws Exception {
        Map<TopicPartition, OffsetSpec> wanted = admin.describeTopics(List.of(topic)).allTopicNames().get().get(topic).partitions().stream()
                .collect(Collectors.toMap(info -> new TopicPartition(topic, info.partition()), info -> OffsetSpec.latest()));
        org.apache.kafka.common.IsolationLevel level = committed ? org.apache.kafka.common.IsolationLevel.READ_COMMITTED : org.apache.kafka.common.IsolationLevel.READ_UNCOMMITTED;
        Map<TopicPartition, ListOffsetsResult.ListOffsetsResultInfo> found =
                admin.listOffsets(wanted, new org.apache.kafka.clients.admin.ListOffsetsOptions(level)).all().get();
        Map<TopicPartition, Long> ends = new HashMap<>();
        found.forEach((partition, info) -> ends.put(partition, info.offset()));
        return ends;
    }

    private void createTopic(JsonNode request) throws Exception {
        Map<String, String> config = new TreeMap<>();
        request.path("config").properties().forEach(entry -> config.put(entry.getKey(), entry.getValue().asText()));
        NewTopic topic = new NewTopic(request.get("topic").asText(), Optional.of(request.get("partitions").asInt()), Optional.empty());
        admin.createTopics(List.of(topic.configs(config))).all().get();
    }

    private static TopicPartition partition(JsonNode request) {
        return new TopicPartition(request.get("topic").asText(), request.get("partition").asInt());
    }

    private void partitions(String topic, ObjectNode answer) throws Exception {
        ArrayNode list = answer.putArray("partitions");
        for (TopicPartitionInfo info : admin.describeTopics(List.of(topic)).allTopicNames().get().get(topic).partitions()) {
            ObjectNode entry = list.addObject();
            if (info.leader() == null || info.leader().isEmpty()) {
                entry.putNull("leader");
            } else {
                entry.put("leader", info.leader().id());
            }
            ArrayNode replicas = entry.putArray("replicas");
            info.replicas().forEach(node -> replicas.add(node.id()));
            ArrayNode inSync = entry.putArray("in_sync");
            info.isr().forEach(node -> inSync.add(node.id()));
        }
    }

    /** {"topic", "partition", "replicas": [ids]}: returns when the partition has moved. */
    private void reassign(JsonNode request) throws Exception {
        List<Integer> replicas = new ArrayList<>();
        request.get("replicas").forEach(id -> replicas.add(id.asInt()));
        TopicPartition partition = partition(request);
        admin.alterPartitionReassignments(Map.of(partition, Optional.of(new NewPartitionReassignment(replicas)))).all().get();
        long deadline = System.nanoTime() + BLOCK_MS * 1_000_000L;
        while (!admin.listPartitionReassignments(Set.of(partition)).reassignments().get().isEmpty()) {
            if (System.nanoTime() > deadline) {
                throw new IllegalStateException(partition + " still moves to " + replicas);
            }
            Thread.sleep(50);
        }
    }

    private void topicConfig(String topic, ObjectNode answer) throws Exception {
        org.apache.kafka.common.config.ConfigResource resource = new org.apache.kafka.common.config.ConfigResource(org.apache.kafka.common.config.ConfigResource.Type.TOPIC, topic);
        ObjectNode config = answer.putObject("config");
        admin.describeConfigs(List.of(resource)).all().get().get(resource).entries().stream()
                .filter(entry -> !entry.isDefault())
                .forEach(entry -> config.put(entry.name(), entry.value()));
        answer.put("partitions", admin.describeTopics(List.of(topic)).allTopicNames().get().get(topic).partitions().size());
    }

    private void groupOffsets(String group, ObjectNode answer) throws Exception {
        ArrayNode offsets = answer.putArray("offsets");
        Map<TopicPartition, OffsetAndMetadata> found = admin.listConsumerGroupOffsets(group).partitionsToOffsetAndMetadata().get();
        found.entrySet().stream()
                .sorted(java.util.Comparator.comparing(entry -> entry.getKey().toString()))
                .forEach(entry -> {
                    ObjectNode node = offsets.addObject();
                    node.put("topic", entry.getKey().topic());
                    node.put("partition", entry.getKey().partition());
                    node.put("offset", entry.getValue() == null ? -1 : entry.getValue().offset());
                });
    }
}
