import org.apache.kafka.clients.admin.NewPartitions;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.consumer.CloseOptions;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.clients.consumer.ConsumerRebalanceListener;
import org.apache.kafka.clients.producer.Producer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.FencedInstanceIdException;
import org.apache.kafka.common.errors.InvalidSessionTimeoutException;
import org.apache.kafka.common.errors.InconsistentGroupProtocolException;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.regex.Pattern;

/** Groups of consumers that share partitions by the classic protocol. */
final class Groups {
    static final String RANGE = "org.apache.kafka.clients.consumer.RangeAssignor";
    static final String ROUND_ROBIN = "org.apache.kafka.clients.consumer.RoundRobinAssignor";
    static final String COOPERATIVE = "org.apache.kafka.clients.consumer.CooperativeStickyAssignor";

    private Groups() {
    }

    static void cases(Conformance all) {
        all.add("groups.a-death-is-noticed", Groups::death);
        all.add("groups.a-member-that-does-not-poll", Groups::notPolling);
        all.add("groups.a-static-member-that-stays-away", Groups::staticMemberStaysAway);
        all.add("groups.one-member", Groups::oneMember);
        all.add("groups.range", lab -> share(lab, RANGE));
        all.add("groups.round-robin", lab -> share(lab, ROUND_ROBIN));
        all.add("groups.cooperative-sticky", lab -> share(lab, COOPERATIVE));
        all.add("groups.cooperative-members-keep-what-they-have", Groups::cooperativeKeeps);
        all.add("groups.more-members-than-partitions", Groups::moreMembersThanPartitions);
        all.add("groups.by-pattern", Groups::byPattern);
        all.add("groups.partitions-that-are-added", Groups::partitionsAdded);
        all.add("groups.a-static-member-comes-back", Groups::staticMemberComesBack);
        all.add("groups.a-static-member-is-replaced", Groups::staticMemberReplaced);
        all.add("groups.session-time-outs-that-cannot-be", Groups::impossibleTimeouts);
        all.add("groups.protocols-that-do-not-go-together", Groups::protocolsApart);
        all.add("groups.change-of-the-assignor", Groups::changeOfTheAssignor);
        all.add("groups.members-come-and-go", Groups::comeAndGo);
    }

    /** A member that polls in a thread of its own until it is told to stop. */
    static final class Member implements ConsumerRebalanceListener {
        final Consumer<byte[], byte[]> consumer;
        final ConcurrentLinkedQueue<String> values = new ConcurrentLinkedQueue<>();
        volatile Set<TopicPartition> has = Set.of();
        volatile int revocations;
        volatile int lost;
        volatile int assignments;
        volatile Exception failure;
        private final Thread thread;
        private volatile boolean ends;
        private volatile boolean stays;

        Member(Lab lab, Collection<String> topics, String... config) {
            List<String> all = new ArrayList<>(List.of("session.timeout.ms", "6000", "heartbeat.interval.ms", "300",
                "enable.auto.commit", "true", "auto.commit.interval.ms", "200"));
            all.addAll(Arrays.asList(config));
            consumer = lab.consumer(all.toArray(String[]::new));
            consumer.subscribe(topics, this);
            thread = new Thread(this::poll);
            thread.setDaemon(true);
            thread.start();
        }

        private void poll() {
            try {
                while (!ends) {
                    consumer.poll(Duration.ofMillis(50)).forEach(record -> values.add(Lab.text(record)));
                }
            } catch (Exception wrong) {
                failure = wrong;
            } finally {
                var how = stays ? CloseOptions.GroupMembershipOperation.REMAIN_IN_GROUP : CloseOptions.GroupMembershipOperation.DEFAULT;
                consumer.close(CloseOptions.timeout(Duration.ofSeconds(3)).withGroupMembershipOperation(how));
            }
        }

        /** Leaves the group (a static member does not say so). */
        void leave() throws InterruptedException {
            ends = true;
            thread.join();
        }

        /** Is gone without a word. */
        void die() throws InterruptedException {
            stays = true;
            leave();
        }

        @Override
        public void onPartitionsRevoked(Collection<TopicPartition> partitions) {
            revocations += partitions.size();
            has = without(partitions);
        }

        @Override
        public void onPartitionsLost(Collection<TopicPartition> partitions) {
            lost += partitions.size();
            has = without(partitions);
        }

        @Override
        public void onPartitionsAssigned(Collection<TopicPartition> partitions) {
            assignments += 1;
            Set<TopicPartition> now = new HashSet<>(has);
            now.addAll(partitions);
            has = now;
        }

        private Set<TopicPartition> without(Collection<TopicPartition> partitions) {
            Set<TopicPartition> now = new HashSet<>(has);
            now.removeAll(partitions);
            return now;
        }
    }

    /** Waits until the members have so many partitions each, and all of them together every one once. */
    static void settles(String what, List<Member> members, Integer... sizes) throws Exception {
        int all = Arrays.stream(sizes).mapToInt(Integer::intValue).sum();
        List<Integer> wanted = Arrays.stream(sizes).sorted().toList();
        try {
            Check.eventually(what, () -> {
                Set<TopicPartition> together = new HashSet<>();
                List<Integer> found = new ArrayList<>();
                for (Member member : members) {
                    Check.equal("failure of a member", null, member.failure);
                    together.addAll(member.has);
                    found.add(member.has.size());
                }
                Collections.sort(found);
                return together.size() == all && found.equals(wanted);
            });
        } catch (AssertionError failure) {
            throw new AssertionError(failure.getMessage() + ": " + members.stream().map(member -> member.has).toList());
        }
    }

    private static void oneMember(Lab lab) throws Exception {
        String topic = lab.topic(3);
        lab.send(topic, Lab.numbered("v", 30));
        Member member = new Member(lab, List.of(topic), "group.id", lab.name("g"));
        settles("it has all", List.of(member), 3);
        Check.eventually("it reads all", () -> member.values.size() == 30);
        Check.equal("values", new TreeSet<>(List.of(Lab.numbered("v", 30))), new TreeSet<>(member.values));
        member.leave();
        lab.send(topic, "later");
        Member next = new Member(lab, List.of(topic), "group.id", lab.name("g"));
        Check.eventually("the next goes on", () -> !next.values.isEmpty());
        Check.equal("with what is new", List.of("later"), new ArrayList<>(next.values));
        next.leave();
    }

    private static void share(Lab lab, String assignor) throws Exception {
        String topic = lab.topic(6);
        String[] config = {"group.id", lab.name("g"), "partition.assignment.strategy", assignor};
        Member one = new Member(lab, List.of(topic), config);
        settles("one", List.of(one), 6);
        Member two = new Member(lab, List.of(topic), config);
        settles("two", List.of(one, two), 3, 3);
        Member three = new Member(lab, List.of(topic), config);
        settles("three", List.of(one, two, three), 2, 2, 2);
        one.leave();
        settles("one has left", List.of(two, three), 3, 3);
        two.leave();
        settles("two have left", List.of(three), 6);
        three.leave();
    }

    private static void cooperativeKeeps(Lab lab) throws Exception {
        String topic = lab.topic(4);
        String[] config = {"group.id", lab.name("g"), "partition.assignment.strategy", COOPERATIVE};
        Member one = new Member(lab, List.of(topic), config);
        settles("one", List.of(one), 4);
        Set<TopicPartition> before = one.has;
        Member two = new Member(lab, List.of(topic), config);
        settles("two", List.of(one, two), 2, 2);
        Check.equal("only what has to move is revoked", 2, one.revocations);
        Check.that("what it has, it had", before.containsAll(one.has));
        Set<TopicPartition> kept = one.has;
        two.leave();
        settles("the second has left", List.of(one), 4);
        Check.equal("nothing more is revoked", 2, one.revocations);
        Check.that("it keeps what it had", one.has.containsAll(kept));
        one.leave();
    }

    private static void moreMembersThanPartitions(Lab lab) throws Exception {
        String topic = lab.topic(2);
        List<Member> members = new ArrayList<>();
        for (int number = 0; number < 4; number++) {
            members.add(new Member(lab, List.of(topic), "group.id", lab.name("g")));
        }
        settles("two have one each", members, 0, 0, 1, 1);
        for (Member member : members) {
            member.leave();
        }
    }

    private static void byPattern(Lab lab) throws Exception {
        String prefix = lab.name("pattern");
        lab.create(new NewTopic(prefix + ".one", 2, (short) 1));
        try (Consumer<byte[], byte[]> consumer = lab.consumer("group.id", lab.name("g"), "metadata.max.age.ms", "300")) {
            consumer.subscribe(Pattern.compile(Pattern.quote(prefix) + "\\..*"));
            Check.eventually("the one that is there", () -> polled(consumer).size() == 2);
            lab.create(new NewTopic(prefix + ".two", 3, (short) 1));
            Check.eventually("the one that comes", () -> polled(consumer).size() == 5);
            lab.admin().deleteTopics(List.of(prefix + ".one")).all().get();
            Check.eventually("the one that goes", () -> polled(consumer).size() == 3);
        }
    }

    private static Set<TopicPartition> polled(Consumer<byte[], byte[]> consumer) {
        consumer.poll(Duration.ofMillis(50));
        return consumer.assignment();
    }

    private static void partitionsAdded(Lab lab) throws Exception {
        String topic = lab.topic(1);
        Member member = new Member(lab, List.of(topic), "group.id", lab.name("g"), "metadata.max.age.ms", "300");
        settles("one partition", List.of(member), 1);
        lab.admin().createPartitions(Map.of(topic, NewPartitions.increaseTo(3))).all().get();
        settles("three", List.of(member), 3);
        lab.await(topic);
        try (Producer<byte[], byte[]> producer = lab.producer()) {
            producer.send(new ProducerRecord<>(topic, 2, null, Lab.bytes("v"))).get();
        }
        Check.eventually("it is read", () -> member.values.contains("v"));
        member.leave();
    }

    private static void death(Lab lab) throws Exception {
        String topic = lab.topic(4);
        String[] config = {"group.id", lab.name("g"), "session.timeout.ms", "3000"};
        Member one = new Member(lab, List.of(topic), config);
        Member two = new Member(lab, List.of(topic), config);
        settles("two", List.of(one, two), 2, 2);
        long start = System.currentTimeMillis();
        two.die();
        Check.equal("nobody says so", 2, one.has.size());
        settles("the first takes over", List.of(one), 4);
        long took = System.currentTimeMillis() - start;
        Check.that("after the session time-out, and not long after: " + took + " ms", took >= 2_000 && took < 12_000);
        one.leave();
    }

    private static void notPolling(Lab lab) throws Exception {
        String topic = lab.topic(2);
        try (Consumer<byte[], byte[]> busy = lab.consumer("group.id", lab.name("g"), "max.poll.interval.ms", "3000",
            "session.timeout.ms", "3000", "heartbeat.interval.ms", "300")) {
            busy.subscribe(List.of(topic));
            Check.eventually("it has all", () -> polled(busy).size() == 2);
            Member other = new Member(lab, List.of(topic), "group.id", lab.name("g"));
            // The first neither polls nor takes part.
            settles("the other takes over", List.of(other), 2);
            Check.eventually("the first comes back", () -> polled(busy).size() == 1 && other.has.size() == 1);
            other.leave();
        }
    }

    private static void staticMemberComesBack(Lab lab) throws Exception {
        String topic = lab.topic(4);
        String group = lab.name("g");
        Member one = new Member(lab, List.of(topic), "group.id", group, "group.instance.id", "one", "session.timeout.ms", "20000");
        Member two = new Member(lab, List.of(topic), "group.id", group, "group.instance.id", "two", "session.timeout.ms", "20000");
        settles("two", List.of(one, two), 2, 2);
        Set<TopicPartition> had = one.has;
        int assignments = two.assignments;
        one.leave();
        Thread.sleep(500);
        Check.equal("nobody takes over meanwhile", 2, two.has.size());
        Member again = new Member(lab, List.of(topic), "group.id", group, "group.instance.id", "one", "session.timeout.ms", "20000");
        settles("it is back", List.of(again, two), 2, 2);
        Check.equal("it has what it had", had, again.has);
        Thread.sleep(500);
        Check.equal("the other has not noticed", assignments, two.assignments);
        again.leave();
        two.leave();
    }

    private static void staticMemberStaysAway(Lab lab) throws Exception {
        String topic = lab.topic(4);
        String group = lab.name("g");
        Member one = new Member(lab, List.of(topic), "group.id", group, "group.instance.id", "one", "session.timeout.ms", "4000");
        Member two = new Member(lab, List.of(topic), "group.id", group);
        settles("two", List.of(one, two), 2, 2);
        one.leave();
        Check.equal("not at once", 2, two.has.size());
        settles("the other takes over", List.of(two), 4);
        two.leave();
    }

    private static void staticMemberReplaced(Lab lab) throws Exception {
        String topic = lab.topic(2);
        String group = lab.name("g");
        Member first = new Member(lab, List.of(topic), "group.id", group, "group.instance.id", "me");
        settles("the first", List.of(first), 2);
        Member second = new Member(lab, List.of(topic), "group.id", group, "group.instance.id", "me");
        settles("the second", List.of(second), 2);
        Check.eventually("the first is told", () -> first.failure != null);
        Check.that("how: " + first.failure, first.failure instanceof FencedInstanceIdException);
        Check.equal("the second goes on", null, second.failure);
        second.leave();
    }

    private static void impossibleTimeouts(Lab lab) throws Exception {
        String topic = lab.topic();
        for (String[] config : new String[][] {{"session.timeout.ms", "400"}, {"session.timeout.ms", "1800001"}}) {
            List<String> all = new ArrayList<>(List.of("group.id", lab.name("g"), "heartbeat.interval.ms", "100", "max.poll.interval.ms", "3600000"));
            all.addAll(List.of(config));
            try (Consumer<byte[], byte[]> consumer = lab.consumer(all.toArray(String[]::new))) {
                consumer.subscribe(List.of(topic));
                Check.fails(Arrays.toString(config), InvalidSessionTimeoutException.class, () -> Lab.poll(consumer, 1));
            }
        }
    }

    private static void protocolsApart(Lab lab) throws Exception {
        String topic = lab.topic(2);
        String group = lab.name("g");
        Member one = new Member(lab, List.of(topic), "group.id", group, "partition.assignment.strategy", RANGE);
        settles("one", List.of(one), 2);
        try (Consumer<byte[], byte[]> other = lab.consumer("group.id", group, "partition.assignment.strategy", COOPERATIVE)) {
            other.subscribe(List.of(topic));
            Check.fails("another assignor", InconsistentGroupProtocolException.class, () -> Lab.poll(other, 1));
        }
        Check.equal("the first goes on", 2, one.has.size());
        one.leave();
    }

    private static void changeOfTheAssignor(Lab lab) throws Exception {
        String topic = lab.topic(4);
        String group = lab.name("g");
        Member old = new Member(lab, List.of(topic), "group.id", group, "partition.assignment.strategy", RANGE);
        settles("old", List.of(old), 4);
        Member both = new Member(lab, List.of(topic), "group.id", group, "partition.assignment.strategy", ROUND_ROBIN + "," + RANGE);
        settles("both", List.of(old, both), 2, 2);
        old.leave();
        Member young = new Member(lab, List.of(topic), "group.id", group, "partition.assignment.strategy", ROUND_ROBIN);
        settles("new", List.of(both, young), 2, 2);
        both.leave();
        young.leave();
    }

    private static void comeAndGo(Lab lab) throws Exception {
        String topic = lab.topic(6);
        String[] config = {"group.id", lab.name("g"), "partition.assignment.strategy", COOPERATIVE};
        List<Member> members = new ArrayList<>(List.of(new Member(lab, List.of(topic), config)));
        int count = 600;
        try (Producer<byte[], byte[]> producer = lab.producer()) {
            for (int number = 0; number < count; number++) {
                producer.send(new ProducerRecord<>(topic, number % 6, null, Lab.bytes("v" + number))).get();
                if (number == 150 || number == 300) {
                    members.add(new Member(lab, List.of(topic), config));
                }
                if (number == 450) {
                    members.get(0).leave();
                }
            }
        }
        List<String> found = new ArrayList<>();
        Check.eventually("all is read", () -> {
            found.clear();
            members.forEach(member -> found.addAll(member.values));
            return new TreeSet<>(found).size() >= count;
        });
        Check.equal("all of them", new TreeSet<>(List.of(Lab.numbered("v", count))), new TreeSet<>(found));
        // A position that could not be committed before its partition moved is read from again.
        Check.that("read twice: " + (found.size() - count), found.size() <= count + 12);
        for (Member member : members) {
            member.leave();
        }
    }
}
