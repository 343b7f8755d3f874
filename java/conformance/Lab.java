import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.admin.OffsetSpec;
import org.apache.kafka.clients.consumer.CloseOptions;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.Producer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.UnknownTopicOrPartitionException;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;

import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.stream.IntStream;

/** The clients of one case, closed with it, and names that no other case and no other run uses. */
final class Lab implements AutoCloseable {
    private static final Duration POLL = Duration.ofMillis(100);
    private static final long LIMIT_MS = 20_000;
    /** So that a broker can be asked again. */
    private static final String RUN = Long.toString(System.currentTimeMillis() % 1_000_000_000, 36);

    private final String bootstrap;
    private final String name;
    private final List<AutoCloseable> open = new ArrayList<>();
    private Admin admin;
    private int topics;

    Lab(String bootstrap, String name) {
        this.bootstrap = bootstrap;
        this.name = name;
    }

    String bootstrap() {
        return bootstrap;
    }

    /** A name for a topic, a group or a transaction. */
    String name(String what) {
        return name + "." + RUN + "." + what;
    }

    Admin admin() {
        if (admin == null) {
            admin = Admin.create(properties(Map.of("default.api.timeout.ms", "15000", "request.timeout.ms", "10000")));
            open.add(() -> admin.close(Duration.ZERO));
        }
        return admin;
    }

    /** A new topic of one partition. */
    String topic() throws Exception {
        return topic(1);
    }

    /** A new topic, with keys and values of its configuration in turn. */
    String topic(int partitions, String... config) throws Exception {
        topics += 1;
        String topic = name("t" + topics);
        create(new NewTopic(topic, partitions, (short) 1).configs(pairs(config)));
        return topic;
    }

    void create(NewTopic topic) throws Exception {
        admin().createTopics(List.of(topic)).all().get();
        await(topic.name());
    }

    /** Waits until a topic that has been made is known and can be used: a broker learns of it a little later. */
    void await(String topic) throws Exception {
        Check.eventually(topic + " can be used", () -> {
            try {
                var made = admin().describeTopics(List.of(topic)).allTopicNames().get().get(topic);
                Map<TopicPartition, OffsetSpec> ends = new HashMap<>();
                made.partitions().forEach(info -> ends.put(at(topic, info.partition()), OffsetSpec.latest()));
                admin().listOffsets(ends).all().get();
                return true;
            } catch (ExecutionException failure) {
                if (Check.cause(failure) instanceof UnknownTopicOrPartitionException) {
                    return false;
                }
                throw failure;
            }
        });
    }

    Producer<byte[], byte[]> producer(String... config) {
        Map<String, String> all = pairs("max.block.ms", "15000", "delivery.timeout.ms", "20000", "request.timeout.ms", "10000");
        all.putAll(pairs(config));
        Producer<byte[], byte[]> producer =
            new KafkaProducer<>(properties(all), new ByteArraySerializer(), new ByteArraySerializer());
        open.add(() -> producer.close(Duration.ZERO));
        return producer;
    }

    /** A consumer that reads from the beginning. */
    Consumer<byte[], byte[]> consumer(String... config) {
        Map<String, String> all = pairs("auto.offset.reset", "earliest", "enable.auto.commit", "false",
            "default.api.timeout.ms", "15000", "request.timeout.ms", "12000", "allow.auto.create.topics", "false");
        all.putAll(pairs(config));
        Consumer<byte[], byte[]> consumer =
            new KafkaConsumer<>(properties(all), new ByteArrayDeserializer(), new ByteArrayDeserializer());
        open.add(() -> {
            consumer.wakeup();
            consumer.close(CloseOptions.timeout(Duration.ZERO));
        });
        return consumer;
    }

    /** Sends values to a topic, one after the other, and waits. */
    List<RecordMetadata> send(String topic, String... values) throws Exception {
        List<ProducerRecord<byte[], byte[]>> records = new ArrayList<>();
        for (String value : values) {
            records.add(new ProducerRecord<>(topic, bytes(value)));
        }
        try (Producer<byte[], byte[]> producer = producer()) {
            return send(producer, records);
        }
    }

    static List<RecordMetadata> send(Producer<byte[], byte[]> producer, List<ProducerRecord<byte[], byte[]>> records)
        throws Exception {
        List<Future<RecordMetadata>> sent = new ArrayList<>();
        for (ProducerRecord<byte[], byte[]> record : records) {
            sent.add(producer.send(record));
        }
        List<RecordMetadata> done = new ArrayList<>();
        for (Future<RecordMetadata> one : sent) {
            done.add(one.get());
        }
        return done;
    }

    /** All that a topic holds now, by partition and offset; `config` for the consumer. */
    List<ConsumerRecord<byte[], byte[]>> read(String topic, String... config) {
        try (Consumer<byte[], byte[]> consumer = consumer(config)) {
            List<TopicPartition> partitions = partitions(consumer, topic);
            consumer.assign(partitions);
            consumer.seekToBeginning(partitions);
            Map<TopicPartition, Long> ends = consumer.endOffsets(partitions);
            List<ConsumerRecord<byte[], byte[]>> found = new ArrayList<>();
            long limit = System.currentTimeMillis() + LIMIT_MS;
            while (ends.entrySet().stream().anyMatch(end -> consumer.position(end.getKey()) < end.getValue())) {
                Check.that("the end of " + topic + " is not reached", System.currentTimeMillis() < limit);
                consumer.poll(POLL).forEach(found::add);
            }
            found.sort(java.util.Comparator.<ConsumerRecord<byte[], byte[]>>comparingInt(ConsumerRecord::partition)
                .thenComparingLong(ConsumerRecord::offset));
            return found;
        }
    }

    /** The values that a topic holds now, as text. */
    List<String> values(String topic, String... config) {
        return read(topic, config).stream().map(Lab::text).toList();
    }

    /** Polls until so many records have come. */
    static List<ConsumerRecord<byte[], byte[]>> poll(Consumer<byte[], byte[]> consumer, int count) {
        List<ConsumerRecord<byte[], byte[]>> found = new ArrayList<>();
        long limit = System.currentTimeMillis() + LIMIT_MS;
        while (found.size() < count) {
            Check.that("only " + found.size() + " of " + count + " records", System.currentTimeMillis() < limit);
            consumer.poll(POLL).forEach(found::add);
        }
        Check.equal("records", count, found.size());
        return found;
    }

    /** Polls once, for what nothing should come from. */
    static void quiet(Consumer<byte[], byte[]> consumer, long millis) {
        Check.equal("records", 0, consumer.poll(Duration.ofMillis(millis)).count());
    }

    static List<TopicPartition> partitions(Consumer<?, ?> consumer, String topic) {
        return consumer.partitionsFor(topic).stream()
            .map(info -> new TopicPartition(topic, info.partition()))
            .sorted(java.util.Comparator.comparingInt(TopicPartition::partition))
            .toList();
    }

    static TopicPartition at(String topic, int partition) {
        return new TopicPartition(topic, partition);
    }

    static List<String> texts(Collection<ConsumerRecord<byte[], byte[]>> records) {
        return records.stream().map(Lab::text).toList();
    }

    static String text(ConsumerRecord<byte[], byte[]> record) {
        return record.value() == null ? null : new String(record.value(), StandardCharsets.UTF_8);
    }

    static byte[] bytes(String text) {
        return text == null ? null : text.getBytes(StandardCharsets.UTF_8);
    }

    /** `prefix0`, `prefix1`, … */
    static String[] numbered(String prefix, int count) {
        return IntStream.range(0, count).mapToObj(number -> prefix + number).toArray(String[]::new);
    }

    static Map<String, String> pairs(String... keysAndValues) {
        Map<String, String> map = new HashMap<>();
        for (int at = 0; at < keysAndValues.length; at += 2) {
            map.put(keysAndValues[at], keysAndValues[at + 1]);
        }
        return map;
    }

    private Properties properties(Map<String, String> config) {
        Properties properties = new Properties();
        properties.put("bootstrap.servers", bootstrap);
        properties.putAll(config);
        return properties;
    }

    @Override
    public void close() {
        for (AutoCloseable client : open) {
            try {
                client.close();
            } catch (Exception ignored) {
                // The case has said what it has to say.
            }
        }
    }
}
