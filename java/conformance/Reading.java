import org.apache.kafka.clients.admin.ListOffsetsOptions;
import org.apache.kafka.clients.admin.ListOffsetsResult.ListOffsetsResultInfo;
import org.apache.kafka.clients.admin.OffsetSpec;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.NoOffsetForPartitionException;
import org.apache.kafka.clients.consumer.OffsetAndTimestamp;
import org.apache.kafka.clients.consumer.OffsetOutOfRangeException;
import org.apache.kafka.clients.producer.Producer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.IsolationLevel;
import org.apache.kafka.common.TopicPartition;

import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import java.util.zip.CRC32C;

/** Where a consumer reads, and how soon. */
final class Reading {
    private static final int LARGE_VALUES = 1_200;
    private static final int LARGE_BYTES = 100_000;

    private Reading() {
    }

    static void cases(Conformance all) {
        all.add("reading.a-partition-over-100-megabytes", Reading::large);
        all.add("reading.a-close-does-not-wait-twice", Reading::aCloseDoesNotWaitTwice);
        all.add("reading.offsets-by-time", Reading::offsetsByTime);
        all.add("reading.offsets-of-the-ends", Reading::offsetsOfTheEnds);
        all.add("reading.offset-of-the-latest-time", Reading::offsetOfTheLatestTime);
        all.add("reading.offsets-of-committed-records", Reading::offsetsOfCommittedRecords);
        all.add("reading.seek", Reading::seek);
        all.add("reading.pause-and-resume", Reading::pauseAndResume);
        all.add("reading.out-of-range", Reading::outOfRange);
        all.add("reading.no-offset", Reading::noOffset);
        all.add("reading.from-a-while-ago", Reading::fromAWhileAgo);
        all.add("reading.few-at-a-time", Reading::fewAtATime);
        all.add("reading.enough-bytes", Reading::enoughBytes);
        all.add("reading.while-it-is-written", Reading::whileItIsWritten);
        all.add("reading.a-topic-that-is-deleted", Reading::aTopicThatIsDeleted);
        all.alone("reading.an-empty-wait", Reading::anEmptyWait);
        all.alone("reading.wakes-at-once", Reading::wakesAtOnce);
    }

    /** Records whose value is their number, a second apart from `start`. */
    private static void timed(Lab lab, String topic, long start, int count) throws Exception {
        List<ProducerRecord<byte[], byte[]>> records = new ArrayList<>();
        for (int number = 0; number < count; number++) {
            records.add(new ProducerRecord<>(topic, 0, start + number * 1_000L, null, Lab.bytes("v" + number)));
        }
        try (Producer<byte[], byte[]> producer = lab.producer("batch.size", "300", "linger.ms", "5")) {
            Lab.send(producer, records);
        }
    }

    private static void offsetsByTime(Lab lab) throws Exception {
        String topic = lab.topic(1, "retention.ms", "-1");
        TopicPartition only = Lab.at(topic, 0);
        long start = 1_700_000_000_000L;
        timed(lab, topic, start, 100);
        try (Consumer<byte[], byte[]> consumer = lab.consumer()) {
            Map<Long, Long> expected = Map.of(0L, 0L, start, 0L, start + 1, 1L, start + 1_000, 1L, start + 50_500, 51L, start + 99_000, 99L);
            for (Map.Entry<Long, Long> entry : expected.entrySet()) {
                OffsetAndTimestamp found = consumer.offsetsForTimes(Map.of(only, entry.getKey())).get(only);
                Check.equal("offset at " + (entry.getKey() - start), entry.getValue(), found.offset());
                Check.equal("its time", start + entry.getValue() * 1_000, found.timestamp());
            }
            Check.equal("after the last", null, consumer.offsetsForTimes(Map.of(only, start + 99_001)).get(only));
            Check.equal("in an empty partition", null, consumer.offsetsForTimes(Map.of(Lab.at(lab.topic(), 0), 0L)).values().iterator().next());
        }
        ListOffsetsResultInfo info = lab.admin().listOffsets(Map.of(only, OffsetSpec.forTimestamp(start + 10_001))).all().get().get(only);
        Check.equal("offset", 11L, info.offset());
        Check.equal("time", start + 11_000, info.timestamp());
        info = lab.admin().listOffsets(Map.of(only, OffsetSpec.forTimestamp(start + 100_000))).all().get().get(only);
        Check.equal("offset of none", -1L, info.offset());
    }

    private static void offsetsOfTheEnds(Lab lab) throws Exception {
        String topic = lab.topic(2);
        try (Producer<byte[], byte[]> producer = lab.producer()) {
            Lab.send(producer, List.of(new ProducerRecord<>(topic, 1, null, Lab.bytes("a")), new ProducerRecord<>(topic, 1, null, Lab.bytes("b"))));
        }
        try (Consumer<byte[], byte[]> consumer = lab.consumer()) {
            List<TopicPartition> both = List.of(Lab.at(topic, 0), Lab.at(topic, 1));
            Check.equal("beginnings", Map.of(both.get(0), 0L, both.get(1), 0L), consumer.beginningOffsets(both));
            Check.equal("ends", Map.of(both.get(0), 0L, both.get(1), 2L), consumer.endOffsets(both));
            consumer.assign(both);
            consumer.seekToEnd(both);
            Check.equal("position", 2L, consumer.position(both.get(1)));
            consumer.seekToBeginning(both);
            Check.equal("position", 0L, consumer.position(both.get(1)));
        }
        var earliest = lab.admin().listOffsets(Map.of(Lab.at(topic, 1), OffsetSpec.earliest())).all().get();
        Check.equal("earliest", 0L, earliest.get(Lab.at(topic, 1)).offset());
        var latest = lab.admin().listOffsets(Map.of(Lab.at(topic, 1), OffsetSpec.latest())).all().get();
        Check.equal("latest", 2L, latest.get(Lab.at(topic, 1)).offset());
    }

    private static void offsetOfTheLatestTime(Lab lab) throws Exception {
        String topic = lab.topic(1, "retention.ms", "-1");
        TopicPartition only = Lab.at(topic, 0);
        var none = lab.admin().listOffsets(Map.of(only, OffsetSpec.maxTimestamp())).all().get().get(only);
        Check.equal("offset of none", -1L, none.offset());
        try (Producer<byte[], byte[]> producer = lab.producer()) {
            for (long time : new long[] {5_000, 9_000, 7_000}) {
                producer.send(new ProducerRecord<>(topic, 0, time, null, Lab.bytes("v"))).get();
            }
        }
        var latest = lab.admin().listOffsets(Map.of(only, OffsetSpec.maxTimestamp())).all().get().get(only);
        Check.equal("offset", 1L, latest.offset());
        Check.equal("time", 9_000L, latest.timestamp());
    }

    private static void offsetsOfCommittedRecords(Lab lab) throws Exception {
        String topic = lab.topic();
        TopicPartition only = Lab.at(topic, 0);
        lab.send(topic, "before");
        try (Producer<byte[], byte[]> producer = lab.producer("transactional.id", lab.name("tx"))) {
            producer.initTransactions();
            producer.beginTransaction();
            producer.send(new ProducerRecord<>(topic, Lab.bytes("within"))).get();
            ListOffsetsOptions committed = new ListOffsetsOptions(IsolationLevel.READ_COMMITTED);
            var latest = lab.admin().listOffsets(Map.of(only, OffsetSpec.latest()), committed).all().get().get(only);
            Check.equal("latest that is committed", 1L, latest.offset());
            Check.equal("latest", 2L, lab.admin().listOffsets(Map.of(only, OffsetSpec.latest())).all().get().get(only).offset());
            producer.commitTransaction();
            Check.eventually("the marker counts", () ->
                lab.admin().listOffsets(Map.of(only, OffsetSpec.latest()), committed).all().get().get(only).offset() == 3);
        }
    }

    private static void seek(Lab lab) throws Exception {
        String topic = lab.topic();
        TopicPartition only = Lab.at(topic, 0);
        lab.send(topic, Lab.numbered("v", 50));
        try (Consumer<byte[], byte[]> consumer = lab.consumer("max.poll.records", "1000")) {
            consumer.assign(List.of(only));
            for (long offset : new long[] {49, 0, 25, 48, 1}) {
                consumer.seek(only, offset);
                Check.equal("first after " + offset, "v" + offset, Lab.text(Lab.poll(consumer, 50 - (int) offset).get(0)));
                Check.equal("position", 50L, consumer.position(only));
            }
            consumer.seek(only, 50);
            Lab.quiet(consumer, 300);
            lab.send(topic, "next");
            Check.equal("next", "next", Lab.text(Lab.poll(consumer, 1).get(0)));
        }
    }

    private static void pauseAndResume(Lab lab) throws Exception {
        String topic = lab.topic(2);
        TopicPartition one = Lab.at(topic, 0);
        TopicPartition two = Lab.at(topic, 1);
        try (Producer<byte[], byte[]> producer = lab.producer(); Consumer<byte[], byte[]> consumer = lab.consumer()) {
            consumer.assign(List.of(one, two));
            consumer.pause(List.of(one));
            for (int number = 0; number < 10; number++) {
                producer.send(new ProducerRecord<>(topic, number % 2, null, Lab.bytes("v" + number))).get();
            }
            Check.equal("while one is paused", List.of("v1", "v3", "v5", "v7", "v9"), Lab.texts(Lab.poll(consumer, 5)));
            Lab.quiet(consumer, 300);
            consumer.resume(List.of(one));
            Check.equal("after it", List.of("v0", "v2", "v4", "v6", "v8"), Lab.texts(Lab.poll(consumer, 5)));
        }
    }

    private static void outOfRange(Lab lab) throws Exception {
        String topic = lab.topic();
        TopicPartition only = Lab.at(topic, 0);
        lab.send(topic, Lab.numbered("v", 5));
        try (Consumer<byte[], byte[]> consumer = lab.consumer("auto.offset.reset", "none")) {
            consumer.assign(List.of(only));
            consumer.seek(only, 6);
            Check.fails("none", OffsetOutOfRangeException.class, () -> Lab.poll(consumer, 1));
            consumer.seek(only, 4);
            Check.equal("then a right one", List.of("v4"), Lab.texts(Lab.poll(consumer, 1)));
        }
        try (Consumer<byte[], byte[]> consumer = lab.consumer("auto.offset.reset", "earliest")) {
            consumer.assign(List.of(only));
            consumer.seek(only, 1_000);
            Check.equal("earliest", List.of(Lab.numbered("v", 5)), Lab.texts(Lab.poll(consumer, 5)));
        }
        try (Consumer<byte[], byte[]> consumer = lab.consumer("auto.offset.reset", "latest")) {
            consumer.assign(List.of(only));
            consumer.seek(only, 1_000);
            Lab.quiet(consumer, 500);
            Check.equal("latest", 5L, consumer.position(only));
        }
    }

    private static void noOffset(Lab lab) throws Exception {
        String topic = lab.topic();
        lab.send(topic, "old");
        try (Consumer<byte[], byte[]> consumer = lab.consumer("auto.offset.reset", "none", "group.id", lab.name("none"))) {
            consumer.assign(List.of(Lab.at(topic, 0)));
            Check.fails("none", NoOffsetForPartitionException.class, () -> Lab.poll(consumer, 1));
        }
        try (Consumer<byte[], byte[]> consumer = lab.consumer("auto.offset.reset", "latest", "group.id", lab.name("latest"))) {
            consumer.assign(List.of(Lab.at(topic, 0)));
            Check.equal("latest", 1L, consumer.position(Lab.at(topic, 0)));
            lab.send(topic, "new");
            Check.equal("values", List.of("new"), Lab.texts(Lab.poll(consumer, 1)));
        }
    }

    private static void fromAWhileAgo(Lab lab) throws Exception {
        String topic = lab.topic();
        long now = System.currentTimeMillis();
        timed(lab, topic, now - 7_200_000, 3);
        timed(lab, topic, now - 60_000, 3);
        try (Consumer<byte[], byte[]> consumer = lab.consumer("auto.offset.reset", "by_duration:PT1H")) {
            consumer.assign(List.of(Lab.at(topic, 0)));
            Check.equal("position", 3L, consumer.position(Lab.at(topic, 0)));
        }
    }

    private static void fewAtATime(Lab lab) throws Exception {
        String topic = lab.topic();
        lab.send(topic, Lab.numbered("v", 100));
        try (Consumer<byte[], byte[]> consumer = lab.consumer("max.poll.records", "7")) {
            consumer.assign(List.of(Lab.at(topic, 0)));
            List<String> values = new ArrayList<>();
            Check.eventually("all have come", () -> {
                var some = consumer.poll(Duration.ofMillis(100));
                Check.that("at most seven", some.count() <= 7);
                some.forEach(record -> values.add(Lab.text(record)));
                return values.size() == 100;
            });
            Check.equal("values", List.of(Lab.numbered("v", 100)), values);
        }
    }

    private static void enoughBytes(Lab lab) throws Exception {
        String topic = lab.topic();
        try (Producer<byte[], byte[]> producer = lab.producer();
             Consumer<byte[], byte[]> consumer = lab.consumer("fetch.min.bytes", "20000", "fetch.max.wait.ms", "5000")) {
            consumer.assign(List.of(Lab.at(topic, 0)));
            producer.send(new ProducerRecord<>(topic, new byte[1_000])).get();
            Lab.quiet(consumer, 700);
            producer.send(new ProducerRecord<>(topic, new byte[30_000])).get();
            Check.equal("as soon as it is enough", 2, consumer.poll(Duration.ofMillis(2_500)).count());
        }
        try (Consumer<byte[], byte[]> consumer = lab.consumer("fetch.min.bytes", "1000000", "fetch.max.wait.ms", "1000")) {
            consumer.assign(List.of(Lab.at(topic, 0)));
            Check.equal("when the wait is over", 2, consumer.poll(Duration.ofMillis(8_000)).count());
        }
    }

    private static void whileItIsWritten(Lab lab) throws Exception {
        String topic = lab.topic();
        int count = 5_000;
        AtomicReference<Exception> wrong = new AtomicReference<>();
        Thread writer = new Thread(() -> {
            try (Producer<byte[], byte[]> producer = lab.producer("linger.ms", "1")) {
                for (int number = 0; number < count; number++) {
                    producer.send(new ProducerRecord<>(topic, Lab.bytes("v" + number)));
                    if (number % 500 == 0) {
                        Thread.sleep(50);
                    }
                }
                producer.flush();
            } catch (Exception failure) {
                wrong.set(failure);
            }
        });
        try (Consumer<byte[], byte[]> consumer = lab.consumer()) {
            consumer.assign(List.of(Lab.at(topic, 0)));
            writer.start();
            Check.equal("values", List.of(Lab.numbered("v", count)), Lab.texts(Lab.poll(consumer, count)));
        }
        writer.join();
        Check.equal("failure of the writer", null, wrong.get());
    }

    private static void aTopicThatIsDeleted(Lab lab) throws Exception {
        String kept = lab.topic();
        String gone = lab.topic();
        lab.send(gone, "old");
        try (Consumer<byte[], byte[]> consumer = lab.consumer("metadata.max.age.ms", "500")) {
            consumer.assign(List.of(Lab.at(kept, 0), Lab.at(gone, 0)));
            Lab.poll(consumer, 1);
            lab.admin().deleteTopics(List.of(gone)).all().get();
            lab.send(kept, "new");
            Check.equal("the other is read", List.of("new"), Lab.texts(Lab.poll(consumer, 1)));
        }
    }

    private static void large(Lab lab) throws Exception {
        String topic = lab.topic();
        byte[] value = new byte[LARGE_BYTES];
        new Random(11).nextBytes(value);
        CRC32C written = new CRC32C();
        try (Producer<byte[], byte[]> producer = lab.producer("batch.size", "900000", "linger.ms", "20", "delivery.timeout.ms", "50000")) {
            for (int number = 0; number < LARGE_VALUES; number++) {
                byte[] own = value.clone();
                own[number] = (byte) number;
                written.update(own);
                producer.send(new ProducerRecord<>(topic, own));
            }
            producer.flush();
        }
        CRC32C read = new CRC32C();
        int count = 0;
        try (Consumer<byte[], byte[]> consumer = lab.consumer("max.partition.fetch.bytes", "8000000", "check.crcs", "true")) {
            consumer.assign(List.of(Lab.at(topic, 0)));
            long limit = System.currentTimeMillis() + 40_000;
            while (count < LARGE_VALUES) {
                Check.that("only " + count + " records", System.currentTimeMillis() < limit);
                for (ConsumerRecord<byte[], byte[]> record : consumer.poll(Duration.ofMillis(200))) {
                    read.update(record.value());
                    count += 1;
                }
            }
        }
        Check.equal("checksum", written.getValue(), read.getValue());
    }

    /** A fetch that waits may hold a close up, but the one that ends the session is answered at once. */
    private static void aCloseDoesNotWaitTwice(Lab lab) throws Exception {
        Consumer<byte[], byte[]> consumer = lab.consumer("fetch.max.wait.ms", "5000");
        consumer.assign(List.of(Lab.at(lab.topic(), 0)));
        Lab.quiet(consumer, 1_000);
        long start = System.nanoTime();
        consumer.close();
        long took = TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - start);
        Check.that("it took " + took + " ms", took < 8_000);
    }

    private static void anEmptyWait(Lab lab) throws Exception {
        String topic = lab.topic();
        try (Consumer<byte[], byte[]> consumer = lab.consumer("fetch.max.wait.ms", "400")) {
            consumer.assign(List.of(Lab.at(topic, 0)));
            consumer.poll(Duration.ofMillis(1_000));
            double before = sent(consumer);
            Lab.quiet(consumer, 2_000);
            double requests = sent(consumer) - before;
            Check.that("a wait is a wait: " + requests + " fetches in two seconds", requests >= 2 && requests <= 8);
        }
    }

    private static double sent(Consumer<?, ?> consumer) {
        return consumer.metrics().entrySet().stream()
            .filter(metric -> metric.getKey().name().equals("fetch-total"))
            .mapToDouble(metric -> (double) metric.getValue().metricValue())
            .sum();
    }

    private static void wakesAtOnce(Lab lab) throws Exception {
        String topic = lab.topic();
        try (Producer<byte[], byte[]> producer = lab.producer("linger.ms", "0");
             Consumer<byte[], byte[]> consumer = lab.consumer("fetch.max.wait.ms", "5000")) {
            consumer.assign(List.of(Lab.at(topic, 0)));
            Map<Integer, Long> slow = new HashMap<>();
            // A busy machine may spoil a round; a broker that looks only now and then spoils all.
            for (int round = 0; round < 4; round++) {
                List<Long> times = new ArrayList<>();
                for (int number = 0; number < 200; number++) {
                    long start = System.nanoTime();
                    producer.send(new ProducerRecord<>(topic, Lab.bytes("v")));
                    Lab.poll(consumer, 1);
                    times.add(TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - start));
                }
                times.sort(null);
                slow.put(round, times.get(197));
                if (times.get(197) < 50) {
                    return;
                }
            }
            throw new AssertionError("99 of 100 records need up to (milliseconds by round): " + slow);
        }
    }
}
