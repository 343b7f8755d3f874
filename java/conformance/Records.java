import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.producer.Producer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.errors.InvalidTimestampException;
import org.apache.kafka.common.errors.RecordTooLargeException;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.header.internals.RecordHeader;
import org.apache.kafka.common.record.TimestampType;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;

/** What a record can be, and what of it comes back. */
final class Records {
    private Records() {
    }

    static void cases(Conformance all) {
        all.add("records.headers", Records::headers);
        all.add("records.keys-and-values", Records::keysAndValues);
        all.add("records.create-time", Records::createTime);
        all.add("records.log-append-time", Records::logAppendTime);
        all.add("records.timestamps-too-far-away", Records::timestampsTooFarAway);
        for (String codec : List.of("none", "gzip", "snappy", "lz4", "zstd")) {
            all.add("records.codec-" + codec, lab -> codec(lab, codec));
        }
        all.add("records.mixed-codecs", Records::mixedCodecs);
        all.add("records.big-batches", Records::bigBatches);
        all.add("records.too-large", Records::tooLarge);
        all.add("records.too-large-for-a-fetch", Records::tooLargeForAFetch);
        all.add("records.keyless-in-a-compacted-topic", Records::keylessInACompactedTopic);
        for (String acks : List.of("0", "1", "all")) {
            all.add("records.acks-" + acks, lab -> acks(lab, acks));
        }
        all.add("records.idempotent", Records::idempotent);
        all.add("records.two-producers", Records::twoProducers);
    }

    private static void headers(Lab lab) throws Exception {
        byte[] binary = {0, 1, (byte) 0x80, (byte) 0xff, 0};
        List<List<Header>> shapes = List.of(
            List.of(),
            List.of(new RecordHeader("one", Lab.bytes("value"))),
            List.of(new RecordHeader("empty", new byte[0])),
            List.of(new RecordHeader("null", (byte[]) null)),
            List.of(new RecordHeader("", Lab.bytes("no name"))),
            List.of(new RecordHeader("twice", Lab.bytes("1")), new RecordHeader("other", Lab.bytes("2")),
                new RecordHeader("twice", Lab.bytes("3")), new RecordHeader("twice", Lab.bytes("1"))),
            List.of(new RecordHeader("binary", binary)),
            List.of(new RecordHeader("näme ☃", Lab.bytes("välue ☃"))),
            List.of(new RecordHeader("large", new byte[100_000])));
        String topic = lab.topic();
        List<ProducerRecord<byte[], byte[]>> records = new ArrayList<>();
        for (List<Header> shape : shapes) {
            records.add(new ProducerRecord<>(topic, 0, null, null, Lab.bytes("v"), shape));
        }
        List<Header> many = new ArrayList<>();
        for (int number = 0; number < 300; number++) {
            many.add(new RecordHeader("h" + number, Lab.bytes("v" + number)));
        }
        records.add(new ProducerRecord<>(topic, 0, null, null, null, many));
        try (Producer<byte[], byte[]> producer = lab.producer()) {
            Lab.send(producer, records);
        }
        List<ConsumerRecord<byte[], byte[]>> found = lab.read(topic);
        Check.equal("records", records.size(), found.size());
        for (int at = 0; at < records.size(); at++) {
            Check.equal("headers of record " + at, List.of(records.get(at).headers().toArray()), List.of(found.get(at).headers().toArray()));
        }
    }

    private static void keysAndValues(Lab lab) throws Exception {
        byte[] binary = new byte[256];
        for (int at = 0; at < 256; at++) {
            binary[at] = (byte) at;
        }
        byte[][] shapes = {null, new byte[0], Lab.bytes("text ☃"), binary, new byte[500_000]};
        String topic = lab.topic();
        List<ProducerRecord<byte[], byte[]>> records = new ArrayList<>();
        for (byte[] key : shapes) {
            for (byte[] value : shapes) {
                records.add(new ProducerRecord<>(topic, key, value));
            }
        }
        records.remove(records.size() - 1);
        try (Producer<byte[], byte[]> producer = lab.producer()) {
            Lab.send(producer, records);
        }
        List<ConsumerRecord<byte[], byte[]>> found = lab.read(topic);
        Check.equal("records", records.size(), found.size());
        for (int at = 0; at < records.size(); at++) {
            Check.that("key " + at, Arrays.equals(records.get(at).key(), found.get(at).key()));
            Check.that("value " + at, Arrays.equals(records.get(at).value(), found.get(at).value()));
            Check.equal("offset", (long) at, found.get(at).offset());
        }
    }

    private static void createTime(Lab lab) throws Exception {
        String topic = lab.topic(1, "retention.ms", "-1");
        List<Long> times = List.of(0L, 1L, 1_600_000_000_000L, System.currentTimeMillis(), 1_500_000_000_000L);
        List<ProducerRecord<byte[], byte[]>> records = new ArrayList<>();
        for (long time : times) {
            records.add(new ProducerRecord<>(topic, 0, time, null, Lab.bytes("v")));
        }
        try (Producer<byte[], byte[]> producer = lab.producer("linger.ms", "50")) {
            List<RecordMetadata> sent = Lab.send(producer, records);
            Check.equal("times told to the producer", times, sent.stream().map(RecordMetadata::timestamp).toList());
        }
        List<ConsumerRecord<byte[], byte[]>> found = lab.read(topic);
        Check.equal("times", times, found.stream().map(ConsumerRecord::timestamp).toList());
        Check.that("types", found.stream().allMatch(record -> record.timestampType() == TimestampType.CREATE_TIME));
    }

    private static void logAppendTime(Lab lab) throws Exception {
        String topic = lab.topic(1, "message.timestamp.type", "LogAppendTime");
        long before = System.currentTimeMillis() - 1;
        List<RecordMetadata> sent;
        try (Producer<byte[], byte[]> producer = lab.producer("linger.ms", "50", "compression.type", "lz4")) {
            sent = Lab.send(producer, List.of(
                new ProducerRecord<>(topic, 0, 5L, null, Lab.bytes("a")), new ProducerRecord<>(topic, 0, 4L, null, Lab.bytes("b"))));
        }
        long after = System.currentTimeMillis() + 1;
        for (ConsumerRecord<byte[], byte[]> record : lab.read(topic)) {
            Check.equal("type", TimestampType.LOG_APPEND_TIME, record.timestampType());
            Check.that("time " + record.timestamp(), before <= record.timestamp() && record.timestamp() <= after);
            Check.equal("time told to the producer", record.timestamp(), sent.get((int) record.offset()).timestamp());
        }
    }

    private static void timestampsTooFarAway(Lab lab) throws Exception {
        String topic = lab.topic(1, "message.timestamp.before.max.ms", "600000", "message.timestamp.after.max.ms", "600000");
        long now = System.currentTimeMillis();
        try (Producer<byte[], byte[]> producer = lab.producer()) {
            for (long wrong : new long[] {now - 1_000_000, now + 1_000_000}) {
                Check.fails("time " + (wrong - now), InvalidTimestampException.class,
                    () -> producer.send(new ProducerRecord<>(topic, 0, wrong, null, Lab.bytes("x"))).get());
            }
            producer.send(new ProducerRecord<>(topic, 0, now - 300_000, null, Lab.bytes("fine"))).get();
        }
        Check.equal("values", List.of("fine"), lab.values(topic));
    }

    private static void codec(Lab lab, String codec) throws Exception {
        String topic = lab.topic();
        int count = 2_000;
        Random random = new Random(7);
        List<ProducerRecord<byte[], byte[]>> records = new ArrayList<>();
        for (int number = 0; number < count; number++) {
            byte[] value = new byte[random.nextInt(200)];
            random.nextBytes(value);
            Arrays.fill(value, 0, value.length / 2, (byte) 'a');
            records.add(new ProducerRecord<>(topic, Lab.bytes("k" + number), value));
        }
        try (Producer<byte[], byte[]> producer = lab.producer("compression.type", codec, "linger.ms", "20", "batch.size", "65536")) {
            List<RecordMetadata> sent = Lab.send(producer, records);
            Check.equal("last offset", count - 1L, sent.get(count - 1).offset());
        }
        List<ConsumerRecord<byte[], byte[]>> found = lab.read(topic);
        Check.equal("records", count, found.size());
        for (int at = 0; at < count; at++) {
            Check.that("value " + at, Arrays.equals(records.get(at).value(), found.get(at).value()));
        }
        // From the middle of a batch.
        try (Consumer<byte[], byte[]> consumer = lab.consumer()) {
            consumer.assign(List.of(Lab.at(topic, 0)));
            consumer.seek(Lab.at(topic, 0), 1_234);
            Check.equal("first", 1_234L, Lab.poll(consumer, count - 1_234).get(0).offset());
        }
    }

    private static void mixedCodecs(Lab lab) throws Exception {
        String topic = lab.topic();
        List<String> expected = new ArrayList<>();
        for (String codec : List.of("zstd", "none", "snappy", "gzip", "lz4", "none", "zstd")) {
            try (Producer<byte[], byte[]> producer = lab.producer("compression.type", codec)) {
                for (String value : Lab.numbered(codec, 3)) {
                    producer.send(new ProducerRecord<>(topic, Lab.bytes(value))).get();
                    expected.add(value);
                }
            }
        }
        Check.equal("values", expected, lab.values(topic));
    }

    private static void bigBatches(Lab lab) throws Exception {
        String topic = lab.topic(1, "max.message.bytes", "12000000");
        byte[] large = new byte[9_000_000];
        new Random(3).nextBytes(large);
        List<ProducerRecord<byte[], byte[]>> records = new ArrayList<>();
        records.add(new ProducerRecord<>(topic, large));
        for (int number = 0; number < 20_000; number++) {
            records.add(new ProducerRecord<>(topic, Lab.bytes("value number " + number)));
        }
        records.add(new ProducerRecord<>(topic, large));
        try (Producer<byte[], byte[]> producer =
            lab.producer("max.request.size", "12000000", "batch.size", "1000000", "linger.ms", "50")) {
            Lab.send(producer, records);
        }
        List<ConsumerRecord<byte[], byte[]>> found = lab.read(topic);
        Check.equal("records", records.size(), found.size());
        for (int at = 0; at < records.size(); at++) {
            Check.that("value " + at, Arrays.equals(records.get(at).value(), found.get(at).value()));
        }
    }

    private static void tooLarge(Lab lab) throws Exception {
        String topic = lab.topic(1, "max.message.bytes", "2000");
        try (Producer<byte[], byte[]> producer = lab.producer()) {
            Check.fails("3,000 bytes", RecordTooLargeException.class,
                () -> producer.send(new ProducerRecord<>(topic, new byte[3_000])).get());
            producer.send(new ProducerRecord<>(topic, new byte[1_800])).get();
            // A batch that is too large and holds several records is split by the producer.
            List<ProducerRecord<byte[], byte[]>> records = new ArrayList<>();
            for (int number = 0; number < 12; number++) {
                records.add(new ProducerRecord<>(topic, new byte[600]));
            }
            try (Producer<byte[], byte[]> slow = lab.producer("linger.ms", "200", "batch.size", "60000")) {
                Lab.send(slow, records);
            }
        }
        Check.equal("records", 13, lab.read(topic).size());
    }

    private static void tooLargeForAFetch(Lab lab) throws Exception {
        String topic = lab.topic(2);
        byte[] value = new byte[200_000];
        List<ProducerRecord<byte[], byte[]>> records = new ArrayList<>();
        for (int number = 0; number < 8; number++) {
            records.add(new ProducerRecord<>(topic, number % 2, null, value));
        }
        try (Producer<byte[], byte[]> producer = lab.producer()) {
            Lab.send(producer, records);
        }
        Check.equal("by partition", 8, lab.read(topic, "max.partition.fetch.bytes", "1000").size());
        Check.equal("by fetch", 8, lab.read(topic, "fetch.max.bytes", "1000").size());
    }

    private static void keylessInACompactedTopic(Lab lab) throws Exception {
        String topic = lab.topic(1, "cleanup.policy", "compact");
        try (Producer<byte[], byte[]> producer = lab.producer()) {
            Check.fails("a record without key", org.apache.kafka.common.InvalidRecordException.class,
                () -> producer.send(new ProducerRecord<>(topic, Lab.bytes("x"))).get());
            producer.send(new ProducerRecord<>(topic, Lab.bytes("key"), Lab.bytes("fine"))).get();
            producer.send(new ProducerRecord<>(topic, Lab.bytes("key"), null)).get();
        }
        Check.equal("values", Arrays.asList("fine", null), lab.values(topic));
    }

    private static void acks(Lab lab, String acks) throws Exception {
        String topic = lab.topic();
        try (Producer<byte[], byte[]> producer = lab.producer("acks", acks, "enable.idempotence", "false")) {
            for (int number = 0; number < 100; number++) {
                long offset = producer.send(new ProducerRecord<>(topic, Lab.bytes("v" + number))).get().offset();
                Check.equal("offset", acks.equals("0") ? -1L : number, offset);
            }
            producer.flush();
        }
        Check.eventually("all have come", () -> lab.values(topic).size() == 100);
        Check.equal("values", List.of(Lab.numbered("v", 100)), lab.values(topic));
    }

    private static void idempotent(Lab lab) throws Exception {
        String topic = lab.topic(3);
        try (Producer<byte[], byte[]> producer =
            lab.producer("enable.idempotence", "true", "batch.size", "200", "max.in.flight.requests.per.connection", "5")) {
            List<ProducerRecord<byte[], byte[]>> records = new ArrayList<>();
            for (int number = 0; number < 3_000; number++) {
                records.add(new ProducerRecord<>(topic, number % 3, null, Lab.bytes(String.valueOf(number))));
            }
            Lab.send(producer, records);
        }
        List<ConsumerRecord<byte[], byte[]>> found = lab.read(topic);
        Check.equal("records", 3_000, found.size());
        for (int at = 0; at < found.size(); at++) {
            Check.equal("value " + at, String.valueOf(at / 1_000 + 3 * (at % 1_000)), Lab.text(found.get(at)));
        }
    }

    private static void twoProducers(Lab lab) throws Exception {
        String topic = lab.topic();
        try (Producer<byte[], byte[]> one = lab.producer("linger.ms", "1"); Producer<byte[], byte[]> two = lab.producer("linger.ms", "1")) {
            for (int number = 0; number < 500; number++) {
                one.send(new ProducerRecord<>(topic, Lab.bytes("one" + number)));
                two.send(new ProducerRecord<>(topic, Lab.bytes("two" + number)));
            }
            one.flush();
            two.flush();
        }
        List<String> values = lab.values(topic);
        Check.equal("in order", List.of(Lab.numbered("one", 500)), values.stream().filter(value -> value.startsWith("one")).toList());
        Check.equal("in order", List.of(Lab.numbered("two", 500)), values.stream().filter(value -> value.startsWith("two")).toList());
    }
}
