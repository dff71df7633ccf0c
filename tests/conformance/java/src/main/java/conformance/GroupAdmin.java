package conformance;

import static conformance.Expect.fails;
import static conformance.Expect.get;
import static conformance.Expect.holds;
import static conformance.Expect.same;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import org.apache.kafka.clients.admin.ConsumerGroupDescription;
import org.apache.kafka.clients.admin.ConsumerGroupListing;
import org.apache.kafka.clients.admin.ListConsumerGroupsOptions;
import org.apache.kafka.clients.admin.MemberDescription;
import org.apache.kafka.clients.admin.MemberToRemove;
import org.apache.kafka.clients.admin.RemoveMembersFromConsumerGroupOptions;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.consumer.RangeAssignor;
import org.apache.kafka.common.ConsumerGroupState;
import org.apache.kafka.common.GroupType;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.GroupIdNotFoundException;
import org.apache.kafka.common.errors.GroupNotEmptyException;
import org.apache.kafka.common.errors.GroupSubscribedToTopicException;
import org.apache.kafka.common.errors.UnknownMemberIdException;

/** What an administrator sees of classic groups, and may do to them. */
@Area("groups")
final class GroupAdmin {
    private GroupAdmin() {}

    static void a_description_of_a_stable_group_is_complete(Scope scope) throws Exception {
        String topic = scope.topic(2);
        String group = scope.name("group");
        String[] settings = {
            "client.id", "me",
            "group.instance.id", "one",
            "partition.assignment.strategy", RangeAssignor.class.getName()
        };
        Member member = scope.member(group, settings).on(topic);
        member.untilOwns(2);
        ConsumerGroupDescription description = describe(scope, group);
        same("id", group, description.groupId());
        same("state", ConsumerGroupState.STABLE, description.state());
        same("type", GroupType.CLASSIC, description.type());
        same("assignor", "range", description.partitionAssignor());
        same("simple", false, description.isSimpleConsumerGroup());
        var nodes = get(scope.admin().describeCluster().nodes());
        holds("the coordinator is a node", nodes.contains(description.coordinator()));
        MemberDescription one = Scope.only(description.members());
        same("member id", member.consumer.groupMetadata().memberId(), one.consumerId());
        same("client id", "me", one.clientId());
        same("instance id", Optional.of("one"), one.groupInstanceId());
        same("host", "/127.0.0.1", one.host());
        same("assignment", member.consumer.assignment(), one.assignment().topicPartitions());
    }

    static void states_follow_the_life_of_a_group(Scope scope) throws Exception {
        String topic = scope.topic(1);
        String group = scope.name("group");
        Member member = scope.member(group).on(topic);
        member.untilOwns(1);
        same("with a member", ConsumerGroupState.STABLE, describe(scope, group).state());
        member.consumer.commitSync();
        member.consumer.close();
        Expect.becomes("without a member", ConsumerGroupState.EMPTY, () -> describe(scope, group).state());
        same("members", 0, describe(scope, group).members().size());
    }

    static void an_unknown_group_is_dead_or_not_found(Scope scope) throws Exception {
        String group = scope.name("nobody");
        if (ClientVersion.before4()) {
            same("state", ConsumerGroupState.DEAD, describe(scope, group).state());
        } else {
            fails(GroupIdNotFoundException.class, () -> describe(scope, group));
        }
    }

    static void groups_are_listed_with_state_and_type(Scope scope) throws Exception {
        String topic = scope.topic(1);
        String active = scope.name("group");
        String simple = scope.name("group");
        scope.member(active).on(topic).untilOwns(1);
        scope.consumer("group.id", simple).commitSync(Map.of(Scope.at(topic, 0), new OffsetAndMetadata(1)));
        Map<String, ConsumerGroupListing> all = list(scope, new ListConsumerGroupsOptions());
        same("state", Optional.of(ConsumerGroupState.STABLE), all.get(active).state());
        same("type", Optional.of(GroupType.CLASSIC), all.get(active).type());
        same("a group with members is simple", false, all.get(active).isSimpleConsumerGroup());
        same("state", Optional.of(ConsumerGroupState.EMPTY), all.get(simple).state());
        same("a group of commits alone is simple", true, all.get(simple).isSimpleConsumerGroup());
    }

    static void groups_are_listed_by_state(Scope scope) throws Exception {
        String topic = scope.topic(1);
        String active = scope.name("group");
        String empty = scope.name("group");
        scope.member(active).on(topic).untilOwns(1);
        scope.consumer("group.id", empty).commitSync(Map.of(Scope.at(topic, 0), new OffsetAndMetadata(1)));
        var stable = list(scope, new ListConsumerGroupsOptions().inStates(Set.of(ConsumerGroupState.STABLE)));
        same("stable", List.of(true, false), List.of(stable.containsKey(active), stable.containsKey(empty)));
        var idle = list(scope, new ListConsumerGroupsOptions().inStates(Set.of(ConsumerGroupState.EMPTY)));
        same("empty", List.of(false, true), List.of(idle.containsKey(active), idle.containsKey(empty)));
        var consumer = list(scope, new ListConsumerGroupsOptions().withTypes(Set.of(GroupType.CONSUMER)));
        same("of the other type", false, consumer.containsKey(active) || consumer.containsKey(empty));
    }

    static void an_empty_group_is_deleted_with_its_offsets(Scope scope) throws Exception {
        String topic = scope.topic(1);
        String group = scope.name("group");
        scope.consumer("group.id", group).commitSync(Map.of(Scope.at(topic, 0), new OffsetAndMetadata(1)));
        get(scope.admin().deleteConsumerGroups(List.of(group)).all());
        same("committed", null, Groups.committed(scope, group, topic));
        holds("it is not listed", !list(scope, new ListConsumerGroupsOptions()).containsKey(group));
        fails(GroupIdNotFoundException.class, scope.admin().deleteConsumerGroups(List.of(group)).all());
    }

    static void a_group_with_members_is_not_deleted(Scope scope) throws Exception {
        String topic = scope.topic(1);
        String group = scope.name("group");
        scope.member(group).on(topic).untilOwns(1);
        fails(GroupNotEmptyException.class, scope.admin().deleteConsumerGroups(List.of(group)).all());
        same("members", 1, describe(scope, group).members().size());
    }

    static void offsets_of_an_empty_group_are_altered(Scope scope) throws Exception {
        String topic = scope.topic(1);
        String group = scope.name("group");
        scope.put(topic, 0, "a", "b", "c");
        var offsets = Map.of(Scope.at(topic, 0), new OffsetAndMetadata(2, "by hand"));
        get(scope.admin().alterConsumerGroupOffsets(group, offsets).all());
        same("committed", offsets.get(Scope.at(topic, 0)), Groups.committed(scope, group, topic));
        Member member = scope.member(group).on(topic);
        member.untilRead(1);
        same("records", List.of("c"), member.values());
    }

    static void offsets_of_an_active_group_are_not_altered(Scope scope) throws Exception {
        String topic = scope.topic(1);
        String group = scope.name("group");
        scope.member(group).on(topic).untilOwns(1);
        var offsets = Map.of(Scope.at(topic, 0), new OffsetAndMetadata(2));
        fails(UnknownMemberIdException.class, scope.admin().alterConsumerGroupOffsets(group, offsets).all());
    }

    static void offsets_are_deleted(Scope scope) throws Exception {
        String topic = scope.topic(2);
        String group = scope.name("group");
        TopicPartition zero = Scope.at(topic, 0);
        TopicPartition one = Scope.at(topic, 1);
        scope.consumer("group.id", group)
                .commitSync(Map.of(zero, new OffsetAndMetadata(1), one, new OffsetAndMetadata(2)));
        get(scope.admin().deleteConsumerGroupOffsets(group, Set.of(zero)).all());
        same(
                "what is left",
                Map.of(one, new OffsetAndMetadata(2)),
                get(scope.admin().listConsumerGroupOffsets(group).partitionsToOffsetAndMetadata()));
        String nobody = scope.name("nobody");
        fails(GroupIdNotFoundException.class, scope.admin().deleteConsumerGroupOffsets(nobody, Set.of(zero)).all());
    }

    static void offsets_of_a_subscribed_topic_are_not_deleted(Scope scope) throws Exception {
        String topic = scope.topic(1);
        String group = scope.name("group");
        Member member = scope.member(group).on(topic);
        member.untilOwns(1);
        member.consumer.commitSync(Map.of(Scope.at(topic, 0), new OffsetAndMetadata(1)));
        fails(
                GroupSubscribedToTopicException.class,
                scope.admin().deleteConsumerGroupOffsets(group, Set.of(Scope.at(topic, 0))).all());
        same("committed", 1L, Groups.committed(scope, group, topic).offset());
    }

    static void a_static_member_is_removed_by_name(Scope scope) throws Exception {
        String topic = scope.topic(1);
        String group = scope.name("group");
        scope.member(group, "group.instance.id", "one").on(topic).untilOwns(1);
        MemberToRemove stranger = new MemberToRemove("nobody");
        var wrong = new RemoveMembersFromConsumerGroupOptions(List.of(stranger));
        fails(
                UnknownMemberIdException.class,
                scope.admin().removeMembersFromConsumerGroup(group, wrong).memberResult(stranger));
        var right = new RemoveMembersFromConsumerGroupOptions(List.of(new MemberToRemove("one")));
        get(scope.admin().removeMembersFromConsumerGroup(group, right).all());
        same("state", ConsumerGroupState.EMPTY, describe(scope, group).state());
    }

    static void all_members_are_removed_and_may_join_again(Scope scope) throws Exception {
        String topic = scope.topic(1);
        String group = scope.name("group");
        Member member = scope.member(group).on(topic);
        member.untilOwns(1);
        String id = member.consumer.groupMetadata().memberId();
        get(scope.admin()
                .removeMembersFromConsumerGroup(group, new RemoveMembersFromConsumerGroupOptions())
                .all());
        Member.until("a new member id", () -> !member.consumer.groupMetadata().memberId().equals(id)
                && member.owns().size() == 1 && member.assigned.size() == 2, member);
        same("lost", List.of(Set.of(Scope.at(topic, 0))), member.lost);
    }

    static ConsumerGroupDescription describe(Scope scope, String group) throws Exception {
        return get(scope.admin().describeConsumerGroups(List.of(group)).all()).get(group);
    }

    static Map<String, ConsumerGroupListing> list(Scope scope, ListConsumerGroupsOptions options) throws Exception {
        return get(scope.admin().listConsumerGroups(options).all()).stream()
                .collect(Collectors.toMap(ConsumerGroupListing::groupId, listing -> listing));
    }
}
