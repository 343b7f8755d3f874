import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.ConsumerGroupDescription;
import org.apache.kafka.clients.admin.GroupListing;
import org.apache.kafka.clients.admin.ListGroupsOptions;
import org.apache.kafka.clients.admin.MemberDescription;
import org.apache.kafka.clients.admin.MemberToRemove;
import org.apache.kafka.clients.admin.RemoveMembersFromConsumerGroupOptions;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.common.GroupState;
import org.apache.kafka.common.GroupType;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.GroupIdNotFoundException;
import org.apache.kafka.common.errors.GroupNotEmptyException;
import org.apache.kafka.common.errors.GroupSubscribedToTopicException;
import org.apache.kafka.common.errors.UnknownMemberIdException;

import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** What administrators see of groups, and do to them. */
final class GroupAdmin {
    private GroupAdmin() {
    }

    static void cases(Conformance all) {
        all.add("group-admin.list", GroupAdmin::list);
        all.add("group-admin.describe", GroupAdmin::describe);
        all.add("group-admin.describe-a-missing-one", GroupAdmin::describeMissing);
        all.add("group-admin.delete", GroupAdmin::delete);
        all.add("group-admin.list-offsets", GroupAdmin::listOffsets);
        all.add("group-admin.alter-offsets", GroupAdmin::alterOffsets);
        all.add("group-admin.delete-offsets", GroupAdmin::deleteOffsets);
        all.add("group-admin.remove-members", GroupAdmin::removeMembers);
        all.add("group-admin.remove-static-members", GroupAdmin::removeStaticMembers);
    }

    private static Groups.Member member(Lab lab, String topic, String... config) {
        String[] all = java.util.Arrays.copyOf(config, config.length + 2);
        all[config.length] = "group.id";
        all[config.length + 1] = lab.name("g");
        return new Groups.Member(lab, List.of(topic), all);
    }

    private static GroupListing listed(Lab lab, String group, ListGroupsOptions options) throws Exception {
        return lab.admin().listGroups(options).all().get().stream()
            .filter(one -> one.groupId().equals(group)).findFirst().orElse(null);
    }

    private static ConsumerGroupDescription described(Lab lab) throws Exception {
        String group = lab.name("g");
        return lab.admin().describeConsumerGroups(List.of(group)).describedGroups().get(group).get();
    }

    private static void list(Lab lab) throws Exception {
        String topic = lab.topic();
        String group = lab.name("g");
        String plain = lab.name("plain");
        try (Consumer<byte[], byte[]> consumer = lab.consumer("group.id", plain)) {
            consumer.assign(List.of(Lab.at(topic, 0)));
            consumer.commitSync(Map.of(Lab.at(topic, 0), new OffsetAndMetadata(1)));
        }
        Groups.Member one = member(lab, topic);
        Groups.settles("one", List.of(one), 1);
        GroupListing found = listed(lab, group, new ListGroupsOptions());
        Check.equal("protocol", "consumer", found.protocol());
        Check.equal("type", GroupType.CLASSIC, found.type().orElse(null));
        Check.equal("state", GroupState.STABLE, found.groupState().orElse(null));
        Check.equal("a group of offsets alone", GroupState.EMPTY, listed(lab, plain, new ListGroupsOptions()).groupState().orElse(null));
        Check.that("by state", listed(lab, group, new ListGroupsOptions().inGroupStates(Set.of(GroupState.STABLE))) != null);
        Check.that("by another state", listed(lab, group, new ListGroupsOptions().inGroupStates(Set.of(GroupState.EMPTY))) == null);
        Check.that("by type", listed(lab, group, new ListGroupsOptions().withTypes(Set.of(GroupType.CLASSIC))) != null);
        Check.that("by another type", listed(lab, group, new ListGroupsOptions().withTypes(Set.of(GroupType.SHARE))) == null);
        Check.that("by protocol", listed(lab, group, new ListGroupsOptions().withProtocolTypes(Set.of("consumer"))) != null);
        one.leave();
        Check.equal("when all have left", GroupState.EMPTY, listed(lab, group, new ListGroupsOptions()).groupState().orElse(null));
    }

    private static void describe(Lab lab) throws Exception {
        String topic = lab.topic(4);
        Groups.Member one = member(lab, topic, "client.id", lab.name("first"), "group.instance.id", "first");
        Groups.Member two = member(lab, topic, "client.id", lab.name("second"));
        Groups.settles("two", List.of(one, two), 2, 2);
        ConsumerGroupDescription found = described(lab);
        Check.equal("state", GroupState.STABLE, found.groupState());
        Check.equal("assignor", "range", found.partitionAssignor());
        Check.equal("simple", false, found.isSimpleConsumerGroup());
        Check.equal("coordinator's port", lab.bootstrap().split(":")[1], String.valueOf(found.coordinator().port()));
        Check.equal("members", 2, found.members().size());
        Set<TopicPartition> together = new HashSet<>();
        for (MemberDescription member : found.members()) {
            boolean first = member.clientId().equals(lab.name("first"));
            Check.that("client " + member.clientId(), first || member.clientId().equals(lab.name("second")));
            Check.equal("instance", first ? "first" : null, member.groupInstanceId().orElse(null));
            Check.equal("host", "/127.0.0.1", member.host());
            Check.equal("what it has", (first ? one : two).has, member.assignment().topicPartitions());
            together.addAll(member.assignment().topicPartitions());
        }
        Check.equal("together", 4, together.size());
        one.leave();
        two.leave();
        lab.admin().removeMembersFromConsumerGroup(lab.name("g"), new RemoveMembersFromConsumerGroupOptions()).all().get();
        Check.equal("when all have left", GroupState.EMPTY, described(lab).groupState());
        Check.equal("members", 0, described(lab).members().size());
    }

    private static void describeMissing(Lab lab) {
        Check.fails("a group nobody has heard of", GroupIdNotFoundException.class, () -> described(lab));
    }

    private static void delete(Lab lab) throws Exception {
        String topic = lab.topic();
        String group = lab.name("g");
        Groups.Member one = member(lab, topic);
        Groups.settles("one", List.of(one), 1);
        lab.send(topic, "v");
        Check.eventually("it has committed", () -> offsets(lab, group).containsKey(Lab.at(topic, 0)));
        Check.fails("while it has members", GroupNotEmptyException.class, () -> lab.admin().deleteConsumerGroups(List.of(group)).all().get());
        one.leave();
        lab.admin().deleteConsumerGroups(List.of(group)).all().get();
        Check.that("it is gone", listed(lab, group, new ListGroupsOptions()) == null);
        Check.equal("and its offsets", Map.of(), offsets(lab, group));
        Check.fails("again", GroupIdNotFoundException.class, () -> lab.admin().deleteConsumerGroups(List.of(group)).all().get());
        Groups.Member again = member(lab, topic);
        Check.eventually("a new one begins at the beginning", () -> again.values.contains("v"));
        again.leave();
    }

    private static Map<TopicPartition, OffsetAndMetadata> offsets(Lab lab, String group) throws Exception {
        return lab.admin().listConsumerGroupOffsets(group).partitionsToOffsetAndMetadata().get();
    }

    private static void listOffsets(Lab lab) throws Exception {
        String topic = lab.topic(3);
        String group = lab.name("g");
        Map<TopicPartition, OffsetAndMetadata> committed =
            Map.of(Lab.at(topic, 0), new OffsetAndMetadata(5, "five"), Lab.at(topic, 2), new OffsetAndMetadata(7));
        try (Consumer<byte[], byte[]> consumer = Offsets.alone(lab, "g", topic)) {
            consumer.commitSync(committed);
        }
        Check.equal("all", committed, offsets(lab, group));
        var some = new org.apache.kafka.clients.admin.ListConsumerGroupOffsetsSpec()
            .topicPartitions(List.of(Lab.at(topic, 1), Lab.at(topic, 2)));
        var found = lab.admin().listConsumerGroupOffsets(Map.of(group, some)).partitionsToOffsetAndMetadata(group).get();
        Check.equal("one that was named", 7L, found.get(Lab.at(topic, 2)).offset());
        Check.equal("one that has none", null, found.get(Lab.at(topic, 1)));
    }

    private static void alterOffsets(Lab lab) throws Exception {
        String topic = lab.topic(2);
        String group = lab.name("g");
        Admin admin = lab.admin();
        Map<TopicPartition, OffsetAndMetadata> wanted =
            Map.of(Lab.at(topic, 0), new OffsetAndMetadata(3), Lab.at(topic, 1), new OffsetAndMetadata(4, "by hand"));
        admin.alterConsumerGroupOffsets(group, wanted).all().get();
        Check.equal("of a group that did not exist", wanted, offsets(lab, group));
        Groups.Member one = member(lab, topic);
        Groups.settles("one", List.of(one), 2);
        Check.fails("while it has members", UnknownMemberIdException.class, () -> admin.alterConsumerGroupOffsets(group,
            Map.of(Lab.at(topic, 0), new OffsetAndMetadata(0))).all().get());
        one.leave();
        admin.alterConsumerGroupOffsets(group, Map.of(Lab.at(topic, 0), new OffsetAndMetadata(1))).all().get();
        Check.equal("of one", 1L, offsets(lab, group).get(Lab.at(topic, 0)).offset());
    }

    private static void deleteOffsets(Lab lab) throws Exception {
        String read = lab.topic();
        String other = lab.topic();
        String group = lab.name("g");
        TopicPartition busy = Lab.at(read, 0);
        TopicPartition idle = Lab.at(other, 0);
        lab.admin().alterConsumerGroupOffsets(group,
            Map.of(busy, new OffsetAndMetadata(0), idle, new OffsetAndMetadata(0))).all().get();
        Groups.Member one = member(lab, read);
        Groups.settles("one", List.of(one), 1);
        lab.admin().deleteConsumerGroupOffsets(group, Set.of(idle)).partitionResult(idle).get();
        Check.that("it is gone", !offsets(lab, group).containsKey(idle));
        Check.fails("of what it reads", GroupSubscribedToTopicException.class,
            () -> lab.admin().deleteConsumerGroupOffsets(group, Set.of(busy)).partitionResult(busy).get());
        one.leave();
        lab.admin().deleteConsumerGroupOffsets(group, Set.of(busy)).all().get();
        Check.that("it is gone when nobody reads", !offsets(lab, group).containsKey(busy));
        Check.fails("of a group nobody has heard of", GroupIdNotFoundException.class,
            () -> lab.admin().deleteConsumerGroupOffsets(lab.name("unknown"), Set.of(busy)).all().get());
    }

    private static void removeMembers(Lab lab) throws Exception {
        String topic = lab.topic(2);
        Groups.Member one = member(lab, topic);
        Groups.Member two = member(lab, topic);
        Groups.settles("two", List.of(one, two), 1, 1);
        int before = one.lost + two.lost + one.revocations + two.revocations;
        lab.admin().removeMembersFromConsumerGroup(lab.name("g"), new RemoveMembersFromConsumerGroupOptions()).all().get();
        // They notice with a heartbeat, and join again.
        Check.eventually("they have lost what they had", () -> one.lost + two.lost + one.revocations + two.revocations > before);
        Groups.settles("they are back", List.of(one, two), 1, 1);
        one.leave();
        two.leave();
    }

    private static void removeStaticMembers(Lab lab) throws Exception {
        String topic = lab.topic(2);
        Groups.Member one = member(lab, topic, "group.instance.id", "one");
        Groups.Member two = member(lab, topic, "group.instance.id", "two", "session.timeout.ms", "60000");
        Groups.settles("two", List.of(one, two), 1, 1);
        two.leave();
        var options = new RemoveMembersFromConsumerGroupOptions(List.of(new MemberToRemove("two")));
        lab.admin().removeMembersFromConsumerGroup(lab.name("g"), options).all().get();
        Groups.settles("the other takes over at once", List.of(one), 2);
        var unknown = new RemoveMembersFromConsumerGroupOptions(List.of(new MemberToRemove("three")));
        Check.fails("one that is not there", UnknownMemberIdException.class,
            () -> lab.admin().removeMembersFromConsumerGroup(lab.name("g"), unknown).all().get());
        one.leave();
    }
}
