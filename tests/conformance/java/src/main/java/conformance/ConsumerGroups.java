package conformance;

import static conformance.Expect.fails;
import static conformance.Expect.get;
import static conformance.Expect.holds;
import static conformance.Expect.same;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;
import org.apache.kafka.clients.admin.ConsumerGroupDescription;
import org.apache.kafka.clients.admin.ListConsumerGroupsOptions;
import org.apache.kafka.clients.admin.MemberDescription;
import org.apache.kafka.clients.admin.NewPartitions;
import org.apache.kafka.clients.consumer.CommitFailedException;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.common.ConsumerGroupState;
import org.apache.kafka.common.GroupType;
import org.apache.kafka.common.errors.GroupNotEmptyException;
import org.apache.kafka.common.errors.GroupSubscribedToTopicException;
import org.apache.kafka.common.errors.UnknownMemberIdException;
import org.apache.kafka.common.errors.UnreleasedInstanceIdException;
import org.apache.kafka.common.errors.UnsupportedAssignorException;

/** Groups of the protocol of KIP-848, whose partitions the broker assigns. */
@Area("consumer_groups")
final class ConsumerGroups {
    private ConsumerGroups() {}

    static void a_member_reads_all_and_the_next_goes_on(Scope scope) throws Exception {
        String topic = scope.topic(2);
        String group = scope.name("group");
        scope.put(topic, 0, "a", "b");
        scope.put(topic, 1, "c");
        Member first = member(scope, group).on(topic);
        first.untilRead(3);
        same("partitions", Set.of(0, 1), first.owns());
        first.consumer.commitSync();
        first.consumer.close();
        scope.put(topic, 0, "d");
        Member second = member(scope, group).on(topic);
        second.untilRead(1);
        same("records", List.of("d"), second.values());
    }

    static void two_members_split_the_partitions(Scope scope) throws Exception {
        String topic = scope.topic(4);
        String group = scope.name("group");
        Member first = member(scope, group).on(topic);
        first.untilOwns(4);
        Member second = member(scope, group).on(topic);
        split(2, first, second);
        for (int i = 0; i < 4; i++) {
            scope.put(topic, i, "v" + i);
        }
        Member.until("all are read", () -> first.records.size() + second.records.size() == 4, first, second);
        same("records of the first", 2, first.records.size());
    }

    static void only_what_moves_is_given_up(Scope scope) throws Exception {
        String topic = scope.topic(4);
        String group = scope.name("group");
        Member first = member(scope, group).on(topic);
        first.untilOwns(4);
        Member second = member(scope, group).on(topic);
        split(2, first, second);
        same("revoked", List.of(second.consumer.assignment()), first.revoked);
        same("lost", List.of(), first.lost);
    }

    static void partitions_of_a_member_that_left_go_to_the_others(Scope scope) throws Exception {
        String topic = scope.topic(4);
        String group = scope.name("group");
        Member first = member(scope, group).on(topic);
        Member second = member(scope, group).on(topic);
        split(2, first, second);
        second.consumer.close();
        first.untilOwns(4);
        same("members", 1, GroupAdmin.describe(scope, group).members().size());
    }

    static void who_unsubscribes_leaves_an_empty_group(Scope scope) throws Exception {
        String topic = scope.topic(1);
        String group = scope.name("group");
        Member member = member(scope, group).on(topic);
        member.untilOwns(1);
        member.consumer.unsubscribe();
        Expect.becomes("state", ConsumerGroupState.EMPTY, () -> GroupAdmin.describe(scope, group).state());
        same("members", 0, GroupAdmin.describe(scope, group).members().size());
    }

    static void the_range_assignor_of_the_broker_keeps_neighbours_together(Scope scope) throws Exception {
        String topic = scope.topic(4);
        String group = scope.name("group");
        Member first = member(scope, group, "group.remote.assignor", "range").on(topic);
        Member second = member(scope, group, "group.remote.assignor", "range").on(topic);
        split(2, first, second);
        holds("neighbours stay together", first.owns().equals(Set.of(0, 1)) || first.owns().equals(Set.of(2, 3)));
        same("assignor", "range", GroupAdmin.describe(scope, group).partitionAssignor());
    }

    static void an_unknown_assignor_is_refused(Scope scope) throws Exception {
        String topic = scope.topic(1);
        Member member = member(scope, scope.name("group"), "group.remote.assignor", "nobody").on(topic);
        fails(UnsupportedAssignorException.class, () -> member.untilOwns(1));
    }

    static void a_static_member_comes_back_to_its_partitions(Scope scope) throws Exception {
        String topic = scope.topic(4);
        String group = scope.name("group");
        Member stays = member(scope, group, "group.instance.id", "stays").on(topic);
        Member leaves = member(scope, group, "group.instance.id", "leaves").on(topic);
        split(2, stays, leaves);
        Set<Integer> before = leaves.owns();
        Set<Integer> kept = stays.owns();
        int revoked = stays.revoked.size();
        leaves.consumer.close();
        Member back = member(scope, group, "group.instance.id", "leaves").on(topic);
        Member.until("it is back", () -> !back.owns().isEmpty(), stays, back);
        same("partitions", before, back.owns());
        same("partitions of who stayed", kept, stays.owns());
        same("how often it gave up some", revoked, stays.revoked.size());
        same("members", 2, GroupAdmin.describe(scope, group).members().size());
    }

    @Waits
    static void a_static_member_that_stays_away_is_replaced_after_its_session(Scope scope) throws Exception {
        String topic = scope.topic(2);
        String group = scope.name("group");
        Member away = member(scope, group, "group.instance.id", "away").on(topic);
        away.untilOwns(2);
        away.consumer.close();
        long start = System.nanoTime();
        Member heir = member(scope, group).on(topic);
        heir.untilOwns(2);
        long millis = (System.nanoTime() - start) / 1_000_000;
        holds("the session lasted, it was " + millis + " ms", millis > 1500);
        same("members", 1, GroupAdmin.describe(scope, group).members().size());
    }

    static void an_instance_id_in_use_is_not_given_away(Scope scope) throws Exception {
        String topic = scope.topic(1);
        String group = scope.name("group");
        Member first = member(scope, group, "group.instance.id", "twin").on(topic);
        first.untilOwns(1);
        Member second = member(scope, group, "group.instance.id", "twin").on(topic);
        fails(UnreleasedInstanceIdException.class, () -> second.untilOwns(1));
        same("partitions of the first", Set.of(0), first.owns());
    }

    static void a_description_is_complete(Scope scope) throws Exception {
        String topic = scope.topic(2);
        String group = scope.name("group");
        Member member = member(scope, group, "client.id", "me", "group.instance.id", "one").on(topic);
        member.untilOwns(2);
        ConsumerGroupDescription description = Expect.eventually(
                "a stable group",
                () -> GroupAdmin.describe(scope, group),
                one -> one.state() == ConsumerGroupState.STABLE);
        same("type", GroupType.CONSUMER, description.type());
        same("assignor", "uniform", description.partitionAssignor());
        same("simple", false, description.isSimpleConsumerGroup());
        var nodes = get(scope.admin().describeCluster().nodes());
        holds("the coordinator is a node", nodes.contains(description.coordinator()));
        MemberDescription one = Scope.only(description.members());
        same("member id", member.consumer.groupMetadata().memberId(), one.consumerId());
        same("client id", "me", one.clientId());
        same("instance id", Optional.of("one"), one.groupInstanceId());
        same("host", "/127.0.0.1", one.host());
        same("assignment", member.consumer.assignment(), one.assignment().topicPartitions());
        var target = Scope.present("the target assignment", one.targetAssignment());
        same("target assignment", member.consumer.assignment(), target.topicPartitions());
    }

    static void groups_are_listed_by_type(Scope scope) throws Exception {
        String topic = scope.topic(1);
        String group = scope.name("group");
        String classic = scope.name("group");
        member(scope, group).on(topic).untilOwns(1);
        scope.member(classic).on(topic).untilOwns(1);
        var listed = GroupAdmin.list(scope, new ListConsumerGroupsOptions().withTypes(Set.of(GroupType.CONSUMER)));
        same("type", Optional.of(GroupType.CONSUMER), listed.get(group).type());
        same("state", Optional.of(ConsumerGroupState.STABLE), listed.get(group).state());
        holds("the classic group is not listed", !listed.containsKey(classic));
    }

    static void a_group_with_members_is_protected(Scope scope) throws Exception {
        String topic = scope.topic(1);
        String group = scope.name("group");
        Member member = member(scope, group).on(topic);
        member.untilOwns(1);
        var offsets = Map.of(Scope.at(topic, 0), new OffsetAndMetadata(1));
        member.consumer.commitSync(offsets);
        fails(GroupNotEmptyException.class, scope.admin().deleteConsumerGroups(List.of(group)).all());
        fails(UnknownMemberIdException.class, scope.admin().alterConsumerGroupOffsets(group, offsets).all());
        fails(
                GroupSubscribedToTopicException.class,
                scope.admin().deleteConsumerGroupOffsets(group, offsets.keySet()).all());
        member.consumer.close();
        get(scope.admin().deleteConsumerGroups(List.of(group)).all());
        same("committed", null, Groups.committed(scope, group, topic));
    }

    static void a_stranger_must_not_commit_for_an_active_group(Scope scope) throws Exception {
        String topic = scope.topic(1);
        String group = scope.name("group");
        member(scope, group).on(topic).untilOwns(1);
        var stranger = scope.consumer("group.id", group);
        var offsets = Map.of(Scope.at(topic, 0), new OffsetAndMetadata(1));
        fails(CommitFailedException.class, () -> stranger.commitSync(offsets));
    }

    @Waits
    static void who_polls_too_seldom_is_replaced_and_must_not_commit(Scope scope) throws Exception {
        String topic = scope.topic(1);
        String group = scope.name("group");
        Member slow = member(scope, group, "max.poll.interval.ms", "1000").on(topic);
        slow.untilOwns(1);
        Member quick = member(scope, group).on(topic);
        quick.untilOwns(1);
        var offsets = Map.of(Scope.at(topic, 0), new OffsetAndMetadata(1));
        fails(CommitFailedException.class, () -> slow.consumer.commitSync(offsets));
        same("partitions of the quick one", Set.of(0), quick.owns());
    }

    static void automatic_commits_happen_at_close(Scope scope) throws Exception {
        String topic = scope.topic(1);
        String group = scope.name("group");
        scope.put(topic, 0, "a", "b");
        Member member = member(scope, group, "enable.auto.commit", "true", "auto.commit.interval.ms", "60000");
        member.on(topic);
        member.untilRead(2);
        member.consumer.close();
        same("committed", 2L, Groups.committed(scope, group, topic).offset());
    }

    static void a_pattern_follows_topics_that_appear(Scope scope) throws Exception {
        String prefix = scope.name("pattern");
        String first = scope.topic(prefix + "-a", 1);
        Member member = member(scope, scope.name("group"), "metadata.max.age.ms", "200")
                .onAll(Pattern.compile(prefix + "-[ab]"));
        member.untilOwns(1);
        String second = scope.topic(prefix + "-b", 1);
        scope.topic(prefix + "-c", 1);
        member.untilOwns(2);
        same("topics", Set.of(Scope.at(first, 0), Scope.at(second, 0)), member.consumer.assignment());
    }

    static void partitions_that_appear_are_assigned(Scope scope) throws Exception {
        String topic = scope.topic(1);
        Member member = member(scope, scope.name("group"), "metadata.max.age.ms", "200").on(topic);
        member.untilOwns(1);
        get(scope.admin().createPartitions(Map.of(topic, NewPartitions.increaseTo(3))).all());
        member.untilOwns(3);
    }

    static void a_topic_that_appears_later_is_assigned(Scope scope) throws Exception {
        String topic = scope.name("later");
        Member member = member(scope, scope.name("group"), "metadata.max.age.ms", "200").on(topic);
        for (int i = 0; i < 10; i++) {
            member.poll();
        }
        same("partitions", Set.of(), member.owns());
        scope.topic(topic, 2);
        member.untilOwns(2);
    }

    static void an_empty_classic_group_becomes_one_and_keeps_its_offsets(Scope scope) throws Exception {
        String topic = scope.topic(1);
        String group = scope.name("group");
        scope.put(topic, 0, "a", "b");
        Member classic = scope.member(group).on(topic);
        classic.untilRead(2);
        classic.consumer.commitSync(Map.of(Scope.at(topic, 0), new OffsetAndMetadata(1)));
        classic.consumer.close();
        Member modern = member(scope, group).on(topic);
        modern.untilRead(1);
        same("records", List.of("b"), modern.values());
        same("type", GroupType.CONSUMER, GroupAdmin.describe(scope, group).type());
    }

    static void an_empty_one_becomes_a_classic_group_and_keeps_its_offsets(Scope scope) throws Exception {
        String topic = scope.topic(1);
        String group = scope.name("group");
        scope.put(topic, 0, "a", "b");
        Member modern = member(scope, group).on(topic);
        modern.untilRead(2);
        modern.consumer.commitSync(Map.of(Scope.at(topic, 0), new OffsetAndMetadata(1)));
        modern.consumer.close();
        Member classic = scope.member(group).on(topic);
        classic.untilRead(1);
        same("records", List.of("b"), classic.values());
        same("type", GroupType.CLASSIC, GroupAdmin.describe(scope, group).type());
    }

    static void a_classic_member_and_a_new_one_share_a_group(Scope scope) throws Exception {
        String topic = scope.topic(2);
        String group = scope.name("group");
        Member classic = scope.member(group).on(topic);
        classic.untilOwns(2);
        Member modern = member(scope, group).on(topic);
        split(1, classic, modern);
        same("type", GroupType.CONSUMER, GroupAdmin.describe(scope, group).type());
    }

    static Member member(Scope scope, String group, String... settings) {
        Map<String, String> all = Scope.pairs(settings);
        all.put("group.protocol", "consumer");
        return scope.member(group, Scope.flat(all));
    }

    private static void split(int each, Member first, Member second) {
        Member.until(
                "a split of " + each + " each",
                () -> first.consumer.assignment().size() == each && second.consumer.assignment().size() == each,
                first,
                second);
        holds(
                "nothing is owned twice",
                first.consumer.assignment().stream().noneMatch(second.consumer.assignment()::contains));
    }
}
