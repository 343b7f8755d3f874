import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.producer.Producer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.InvalidProducerEpochException;
import org.apache.kafka.common.errors.ProducerFencedException;
import org.apache.kafka.common.errors.RecordTooLargeException;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** Transactions: what readers see of them, and who may go on. */
final class Transactions {
    private static final String[] COMMITTED = {"isolation.level", "read_committed"};

    private Transactions() {
    }

    static void cases(Conformance all) {
        all.add("transactions.time-out", Transactions::timeOut);
        all.add("transactions.commit", Transactions::commit);
        all.add("transactions.abort", Transactions::abort);
        all.add("transactions.open-ones-are-not-passed", Transactions::openOnesAreNotPassed);
        all.add("transactions.interleaved", Transactions::interleaved);
        all.add("transactions.many-partitions", Transactions::manyPartitions);
        all.add("transactions.empty", Transactions::empty);
        all.add("transactions.after-an-error", Transactions::afterAnError);
        all.add("transactions.fenced-by-a-second-producer", Transactions::fencedByASecondProducer);
        all.add("transactions.fenced-while-open", Transactions::fencedWhileOpen);
        all.add("transactions.fenced-by-an-administrator", Transactions::fencedByAnAdministrator);
        all.add("transactions.offsets-committed", Transactions::offsetsCommitted);
        all.add("transactions.offsets-aborted", Transactions::offsetsAborted);
        all.add("transactions.read-process-write", Transactions::readProcessWrite);
        all.add("transactions.compressed", Transactions::compressed);
    }

    private static Producer<byte[], byte[]> transactional(Lab lab, String id, String... config) {
        List<String> all = new ArrayList<>(List.of(config));
        all.addAll(List.of("transactional.id", lab.name(id)));
        Producer<byte[], byte[]> producer = lab.producer(all.toArray(String[]::new));
        producer.initTransactions();
        return producer;
    }

    /** Sends values and waits until they are in the log. */
    private static void put(Producer<byte[], byte[]> producer, String topic, String... values) throws Exception {
        List<ProducerRecord<byte[], byte[]>> records = new ArrayList<>();
        for (String value : values) {
            records.add(new ProducerRecord<>(topic, Lab.bytes(value)));
        }
        Lab.send(producer, records);
    }

    private static long end(Lab lab, String topic, String... config) {
        try (Consumer<byte[], byte[]> consumer = lab.consumer(config)) {
            return consumer.endOffsets(List.of(Lab.at(topic, 0))).get(Lab.at(topic, 0));
        }
    }

    /** The markers come a little after the answer that ends a transaction. */
    private static void settles(Lab lab, String topic, List<String> committed) throws Exception {
        Check.eventually("no transaction is open in " + topic, () -> end(lab, topic) == end(lab, topic, COMMITTED));
        Check.equal("committed values", committed, lab.values(topic, COMMITTED));
    }

    private static void commit(Lab lab) throws Exception {
        String topic = lab.topic();
        try (Producer<byte[], byte[]> producer = transactional(lab, "tx")) {
            for (String round : List.of("a", "b", "c")) {
                producer.beginTransaction();
                put(producer, topic, round + 1, round + 2);
                producer.commitTransaction();
            }
        }
        settles(lab, topic, List.of("a1", "a2", "b1", "b2", "c1", "c2"));
        Check.equal("a marker takes an offset", 9L, end(lab, topic));
        Check.equal("offsets", List.of(0L, 1L, 3L, 4L, 6L, 7L), lab.read(topic).stream().map(ConsumerRecord::offset).toList());
    }

    private static void abort(Lab lab) throws Exception {
        String topic = lab.topic();
        try (Producer<byte[], byte[]> producer = transactional(lab, "tx")) {
            producer.beginTransaction();
            put(producer, topic, "gone1", "gone2");
            producer.abortTransaction();
            producer.beginTransaction();
            put(producer, topic, "kept");
            producer.commitTransaction();
            producer.beginTransaction();
            put(producer, topic, "gone3");
            producer.abortTransaction();
        }
        settles(lab, topic, List.of("kept"));
        Check.equal("all values", List.of("gone1", "gone2", "kept", "gone3"), lab.values(topic));
    }

    private static void openOnesAreNotPassed(Lab lab) throws Exception {
        String topic = lab.topic();
        TopicPartition only = Lab.at(topic, 0);
        lab.send(topic, "before");
        try (Producer<byte[], byte[]> producer = transactional(lab, "tx"); Consumer<byte[], byte[]> consumer = lab.consumer(COMMITTED)) {
            producer.beginTransaction();
            put(producer, topic, "within");
            lab.send(topic, "after");
            consumer.assign(List.of(only));
            Check.equal("end for who reads committed", 1L, consumer.endOffsets(List.of(only)).get(only));
            Check.equal("end for others", 3L, end(lab, topic));
            Check.equal("values", List.of("before"), Lab.texts(Lab.poll(consumer, 1)));
            Lab.quiet(consumer, 700);
            Check.equal("uncommitted values", List.of("before", "within", "after"), lab.values(topic));
            producer.commitTransaction();
            Check.equal("values", List.of("within", "after"), Lab.texts(Lab.poll(consumer, 2)));
        }
    }

    private static void interleaved(Lab lab) throws Exception {
        String topic = lab.topic();
        try (Producer<byte[], byte[]> one = transactional(lab, "one"); Producer<byte[], byte[]> two = transactional(lab, "two")) {
            one.beginTransaction();
            two.beginTransaction();
            put(one, topic, "one1");
            put(two, topic, "two1");
            put(one, topic, "one2");
            two.abortTransaction();
            put(one, topic, "one3");
            two.beginTransaction();
            put(two, topic, "two2");
            one.commitTransaction();
            two.commitTransaction();
            one.beginTransaction();
            put(one, topic, "one4");
            one.abortTransaction();
        }
        settles(lab, topic, List.of("one1", "one2", "one3", "two2"));
        Check.equal("all values", List.of("one1", "two1", "one2", "one3", "two2", "one4"), lab.values(topic));
    }

    private static void manyPartitions(Lab lab) throws Exception {
        String wide = lab.topic(6);
        String narrow = lab.topic();
        try (Producer<byte[], byte[]> producer = transactional(lab, "tx")) {
            for (boolean kept : new boolean[] {true, false, true}) {
                producer.beginTransaction();
                for (int partition = 0; partition < 6; partition++) {
                    producer.send(new ProducerRecord<>(wide, partition, null, Lab.bytes(kept + "" + partition)));
                }
                producer.send(new ProducerRecord<>(narrow, Lab.bytes(String.valueOf(kept))));
                if (kept) {
                    producer.commitTransaction();
                } else {
                    producer.flush();
                    producer.abortTransaction();
                }
            }
        }
        settles(lab, narrow, List.of("true", "true"));
        Check.eventually("all partitions are settled", () -> lab.read(wide, COMMITTED).size() == 12);
        Check.that("values", lab.values(wide, COMMITTED).stream().allMatch(value -> value.startsWith("true")));
    }

    private static void empty(Lab lab) throws Exception {
        String topic = lab.topic();
        try (Producer<byte[], byte[]> producer = transactional(lab, "tx")) {
            producer.beginTransaction();
            producer.commitTransaction();
            producer.beginTransaction();
            producer.abortTransaction();
            producer.beginTransaction();
            put(producer, topic, "kept");
            producer.commitTransaction();
        }
        settles(lab, topic, List.of("kept"));
    }

    private static void afterAnError(Lab lab) throws Exception {
        String topic = lab.topic(1, "max.message.bytes", "1000");
        try (Producer<byte[], byte[]> producer = transactional(lab, "tx")) {
            producer.beginTransaction();
            put(producer, topic, "gone");
            Check.fails("a record that is too large", RecordTooLargeException.class, () -> put(producer, topic, "x".repeat(2_000)));
            Check.fails("committing without it", Exception.class, producer::commitTransaction);
            producer.abortTransaction();
            producer.beginTransaction();
            put(producer, topic, "kept");
            producer.commitTransaction();
        }
        settles(lab, topic, List.of("kept"));
    }

    private static void fencedByASecondProducer(Lab lab) throws Exception {
        String topic = lab.topic();
        Producer<byte[], byte[]> first = transactional(lab, "tx");
        first.beginTransaction();
        put(first, topic, "first");
        first.commitTransaction();
        Producer<byte[], byte[]> second = transactional(lab, "tx");
        first.beginTransaction();
        fenced("the first sends", () -> {
            put(first, topic, "late");
            first.commitTransaction();
        });
        second.beginTransaction();
        put(second, topic, "second");
        second.commitTransaction();
        settles(lab, topic, List.of("first", "second"));
    }

    private static void fencedWhileOpen(Lab lab) throws Exception {
        String topic = lab.topic();
        Producer<byte[], byte[]> first = transactional(lab, "tx");
        first.beginTransaction();
        put(first, topic, "lost");
        // What the first has left open is aborted before the second may begin.
        Producer<byte[], byte[]> second = transactional(lab, "tx");
        fenced("the first commits", first::commitTransaction);
        second.beginTransaction();
        put(second, topic, "second");
        second.commitTransaction();
        settles(lab, topic, List.of("second"));
        Check.equal("all values", List.of("lost", "second"), lab.values(topic));
    }

    /** A producer that has been replaced learns it in one of two ways, and cannot go on. */
    private static void fenced(String what, Check.Action action) {
        Exception failure = Check.fails(what, Exception.class, action);
        for (Throwable cause = failure; cause != null; cause = cause.getCause()) {
            if (cause instanceof ProducerFencedException || cause instanceof InvalidProducerEpochException) {
                return;
            }
        }
        throw new AssertionError(what + ": expected to be fenced, got " + failure, failure);
    }

    private static void fencedByAnAdministrator(Lab lab) throws Exception {
        String topic = lab.topic();
        Producer<byte[], byte[]> first = transactional(lab, "tx");
        first.beginTransaction();
        put(first, topic, "lost");
        lab.admin().fenceProducers(Set.of(lab.name("tx"))).all().get();
        fenced("the first commits", first::commitTransaction);
        settles(lab, topic, List.of());
        Producer<byte[], byte[]> second = transactional(lab, "tx");
        second.beginTransaction();
        put(second, topic, "second");
        second.commitTransaction();
        settles(lab, topic, List.of("second"));
    }

    private static void timeOut(Lab lab) throws Exception {
        String topic = lab.topic();
        Producer<byte[], byte[]> slow = transactional(lab, "tx", "transaction.timeout.ms", "4000");
        slow.beginTransaction();
        put(slow, topic, "late");
        lab.send(topic, "after");
        Check.equal("nothing yet", 0L, end(lab, topic, COMMITTED));
        settles(lab, topic, List.of("after"));
        Check.fails("committing what was aborted", Exception.class, slow::commitTransaction);
        Producer<byte[], byte[]> second = transactional(lab, "tx");
        second.beginTransaction();
        put(second, topic, "second");
        second.commitTransaction();
        settles(lab, topic, List.of("after", "second"));
    }

    private static Map<TopicPartition, OffsetAndMetadata> committed(Lab lab, String group) throws Exception {
        return lab.admin().listConsumerGroupOffsets(group).partitionsToOffsetAndMetadata().get();
    }

    private static void offsetsCommitted(Lab lab) throws Exception {
        String topic = lab.topic();
        String group = lab.name("group");
        TopicPartition only = Lab.at(topic, 0);
        try (Producer<byte[], byte[]> producer = transactional(lab, "tx"); Consumer<byte[], byte[]> member = lab.consumer("group.id", group)) {
            producer.beginTransaction();
            put(producer, topic, "v");
            producer.sendOffsetsToTransaction(Map.of(only, new OffsetAndMetadata(7, "mine")), member.groupMetadata());
            producer.flush();
            Check.equal("nothing is committed yet", Map.of(), committed(lab, group));
            producer.commitTransaction();
            Check.eventually("the offset is committed", () -> committed(lab, group).containsKey(only));
            Check.equal("offset", 7L, committed(lab, group).get(only).offset());
            Check.equal("metadata", "mine", committed(lab, group).get(only).metadata());
            member.assign(List.of(only));
            Check.equal("as a member sees it", 7L, member.committed(Set.of(only)).get(only).offset());
        }
    }

    private static void offsetsAborted(Lab lab) throws Exception {
        String topic = lab.topic();
        String group = lab.name("group");
        TopicPartition only = Lab.at(topic, 0);
        try (Producer<byte[], byte[]> producer = transactional(lab, "tx"); Consumer<byte[], byte[]> member = lab.consumer("group.id", group)) {
            member.assign(List.of(only));
            member.commitSync(Map.of(only, new OffsetAndMetadata(3)));
            producer.beginTransaction();
            producer.sendOffsetsToTransaction(Map.of(only, new OffsetAndMetadata(9)), member.groupMetadata());
            Check.equal("offset within", 3L, committed(lab, group).get(only).offset());
            producer.abortTransaction();
            Check.equal("offset after", 3L, committed(lab, group).get(only).offset());
            producer.beginTransaction();
            producer.sendOffsetsToTransaction(Map.of(only, new OffsetAndMetadata(5)), member.groupMetadata());
            producer.commitTransaction();
            Check.eventually("the offset is committed", () -> committed(lab, group).get(only).offset() == 5);
        }
    }

    private static void readProcessWrite(Lab lab) throws Exception {
        String from = lab.topic(2);
        String to = lab.topic(2);
        String group = lab.name("group");
        int count = 200;
        lab.send(from, Lab.numbered("v", count));
        // Each round is another process: it reads some, writes and commits, or gives up in the middle.
        int round = 0;
        long limit = System.currentTimeMillis() + 40_000;
        while (lab.read(to, COMMITTED).size() < count) {
            Check.that("it ends", System.currentTimeMillis() < limit);
            try (Producer<byte[], byte[]> producer = transactional(lab, "tx");
                 Consumer<byte[], byte[]> member = lab.consumer("group.id", group, "max.poll.records", "70",
                     "isolation.level", "read_committed", "session.timeout.ms", "6000")) {
                member.subscribe(List.of(from));
                List<ConsumerRecord<byte[], byte[]>> records = new ArrayList<>();
                for (int polls = 0; polls < 40 && records.isEmpty(); polls++) {
                    member.poll(java.time.Duration.ofMillis(100)).forEach(records::add);
                }
                producer.beginTransaction();
                for (ConsumerRecord<byte[], byte[]> record : records) {
                    producer.send(new ProducerRecord<>(to, record.value()));
                }
                Map<TopicPartition, OffsetAndMetadata> next = new java.util.HashMap<>();
                member.assignment().forEach(partition -> next.put(partition, new OffsetAndMetadata(member.position(partition))));
                producer.sendOffsetsToTransaction(next, member.groupMetadata());
                round += 1;
                if (round % 2 == 0) {
                    producer.commitTransaction();
                } else {
                    producer.abortTransaction();
                }
            }
        }
        List<String> found = lab.values(to, COMMITTED).stream().sorted().toList();
        Check.equal("each value once", java.util.Arrays.stream(Lab.numbered("v", count)).sorted().toList(), found);
    }

    private static void compressed(Lab lab) throws Exception {
        String topic = lab.topic();
        List<String> kept = new ArrayList<>();
        for (String codec : List.of("gzip", "snappy", "lz4", "zstd")) {
            try (Producer<byte[], byte[]> producer = transactional(lab, codec, "compression.type", codec, "linger.ms", "10")) {
                producer.beginTransaction();
                put(producer, topic, Lab.numbered(codec, 50));
                producer.commitTransaction();
                kept.addAll(List.of(Lab.numbered(codec, 50)));
                producer.beginTransaction();
                put(producer, topic, Lab.numbered("gone", 50));
                producer.abortTransaction();
            }
        }
        settles(lab, topic, kept);
    }
}
