package conformance;

import static conformance.Expect.fails;
import static conformance.Expect.get;
import static conformance.Expect.holds;
import static conformance.Expect.same;

import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Consumer;
import java.util.regex.Pattern;
import org.apache.kafka.clients.admin.NewPartitions;
import org.apache.kafka.clients.consumer.CooperativeStickyAssignor;
import org.apache.kafka.clients.consumer.RangeAssignor;
import org.apache.kafka.clients.consumer.RoundRobinAssignor;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.FencedInstanceIdException;
import org.apache.kafka.common.errors.InconsistentGroupProtocolException;
import org.apache.kafka.common.errors.InvalidSessionTimeoutException;

/** Members of classic groups come, go, die and share. */
@Area("groups")
final class GroupMembers {
    private static final String ASSIGNOR = "partition.assignment.strategy";
    private static final String RANGE = RangeAssignor.class.getName();

    private GroupMembers() {}

    static void two_members_split_the_partitions_by_range(Scope scope) throws Exception {
        String topic = scope.topic(4);
        String group = scope.name("group");
        Member first = scope.member(group, ASSIGNOR, RANGE).on(topic);
        first.untilOwns(4);
        Member second = scope.member(group, ASSIGNOR, RANGE).on(topic);
        split(2, 2, first, second);
        holds("neighbours stay together", first.owns().equals(Set.of(0, 1)) || first.owns().equals(Set.of(2, 3)));
        for (int i = 0; i < 4; i++) {
            scope.put(topic, i, "v" + i);
        }
        Member.until("all are read", () -> first.records.size() + second.records.size() == 4, first, second);
        same("records of the first", 2, first.records.size());
    }

    static void round_robin_takes_turns(Scope scope) throws Exception {
        String topic = scope.topic(4);
        String group = scope.name("group");
        String[] settings = {ASSIGNOR, RoundRobinAssignor.class.getName()};
        Member first = scope.member(group, settings).on(topic);
        Member second = scope.member(group, settings).on(topic);
        split(2, 2, first, second);
        holds("they take turns", first.owns().equals(Set.of(0, 2)) || first.owns().equals(Set.of(1, 3)));
    }

    static void an_eager_member_gives_up_everything_first(Scope scope) throws Exception {
        String topic = scope.topic(4);
        String group = scope.name("group");
        Member first = scope.member(group, ASSIGNOR, RANGE).on(topic);
        first.untilOwns(4);
        Member second = scope.member(group, ASSIGNOR, RANGE).on(topic);
        split(2, 2, first, second);
        same("revoked", List.of(places(topic, 0, 1, 2, 3)), first.revoked);
    }

    static void a_cooperative_member_gives_up_only_what_moves(Scope scope) throws Exception {
        String topic = scope.topic(4);
        String group = scope.name("group");
        String[] settings = {ASSIGNOR, CooperativeStickyAssignor.class.getName()};
        Member first = scope.member(group, settings).on(topic);
        first.untilOwns(4);
        Member second = scope.member(group, settings).on(topic);
        split(2, 2, first, second);
        same("revoked", List.of(second.consumer.assignment()), first.revoked);
        same("lost", List.of(), first.lost);
    }

    static void partitions_of_a_member_that_left_go_to_the_others(Scope scope) throws Exception {
        String topic = scope.topic(4);
        String group = scope.name("group");
        Member first = scope.member(group).on(topic);
        Member second = scope.member(group).on(topic);
        split(2, 2, first, second);
        second.consumer.close();
        first.untilOwns(4);
    }

    static void who_unsubscribes_leaves(Scope scope) throws Exception {
        String topic = scope.topic(2);
        String group = scope.name("group");
        Member first = scope.member(group).on(topic);
        Member second = scope.member(group).on(topic);
        split(1, 1, first, second);
        second.consumer.unsubscribe();
        first.untilOwns(2);
        same("members", 1, GroupAdmin.describe(scope, group).members().size());
    }

    static void a_different_subscription_gets_its_own_topics(Scope scope) throws Exception {
        String one = scope.topic(2);
        String other = scope.topic(2);
        String group = scope.name("group");
        Member first = scope.member(group).on(one);
        Member second = scope.member(group).on(other);
        split(2, 2, first, second);
        same("of the first", places(one, 0, 1), first.consumer.assignment());
        same("of the second", places(other, 0, 1), second.consumer.assignment());
    }

    static void a_static_member_comes_back_without_a_rebalance(Scope scope) throws Exception {
        String topic = scope.topic(4);
        String group = scope.name("group");
        Member stays = scope.member(group, "group.instance.id", "stays").on(topic);
        Member leaves = scope.member(group, "group.instance.id", "leaves").on(topic);
        split(2, 2, stays, leaves);
        Set<Integer> before = leaves.owns();
        String oldId = leaves.consumer.groupMetadata().memberId();
        int generation = stays.consumer.groupMetadata().generationId();
        leaves.consumer.close();
        Member back = scope.member(group, "group.instance.id", "leaves").on(topic);
        Member.until("it is back", () -> !back.owns().isEmpty(), stays, back);
        same("partitions", before, back.owns());
        same("generation", generation, stays.consumer.groupMetadata().generationId());
        same("generation of who came back", generation, back.consumer.groupMetadata().generationId());
        holds("the member id is new", !oldId.equals(back.consumer.groupMetadata().memberId()));
    }

    static void an_instance_id_belongs_to_the_last_who_took_it(Scope scope) throws Exception {
        String topic = scope.topic(1);
        String group = scope.name("group");
        Member first = scope.member(group, "group.instance.id", "twin").on(topic);
        first.untilOwns(1);
        Member second = scope.member(group, "group.instance.id", "twin").on(topic);
        second.untilOwns(1);
        fails(FencedInstanceIdException.class, () -> Member.until("it is fenced", () -> false, first, second));
        same("partitions of the second", Set.of(0), second.owns());
    }

    static void members_must_have_an_assignor_in_common(Scope scope) throws Exception {
        String topic = scope.topic(1);
        String group = scope.name("group");
        scope.member(group, ASSIGNOR, RANGE).on(topic).untilOwns(1);
        Member other = scope.member(group, ASSIGNOR, RoundRobinAssignor.class.getName()).on(topic);
        fails(InconsistentGroupProtocolException.class, () -> other.untilOwns(1));
    }

    static void the_assignor_all_members_know_is_taken(Scope scope) throws Exception {
        String topic = scope.topic(2);
        String group = scope.name("group");
        String roundRobin = RoundRobinAssignor.class.getName();
        Member first = scope.member(group, ASSIGNOR, RANGE + "," + roundRobin).on(topic);
        first.untilOwns(2);
        same("assignor of one", "range", GroupAdmin.describe(scope, group).partitionAssignor());
        Member second = scope.member(group, ASSIGNOR, roundRobin).on(topic);
        split(1, 1, first, second);
        same("assignor of both", "roundrobin", GroupAdmin.describe(scope, group).partitionAssignor());
    }

    static void a_session_timeout_outside_the_limits_is_refused(Scope scope) throws Exception {
        String topic = scope.topic(1);
        String group = scope.name("group");
        Member shortest = scope.member(group, "session.timeout.ms", "10", "heartbeat.interval.ms", "3").on(topic);
        fails(InvalidSessionTimeoutException.class, () -> shortest.untilOwns(1));
        Member longest = scope.member(group, "session.timeout.ms", "9999999", "max.poll.interval.ms", "9999999");
        fails(InvalidSessionTimeoutException.class, () -> longest.on(topic).untilOwns(1));
    }

    static void a_pattern_follows_topics_that_appear(Scope scope) throws Exception {
        String prefix = scope.name("pattern");
        String first = scope.topic(prefix + "-a", 1);
        Member member = scope.member(scope.name("group"), "metadata.max.age.ms", "200")
                .onAll(Pattern.compile(prefix + "-[ab]"));
        member.untilOwns(1);
        String second = scope.topic(prefix + "-b", 1);
        scope.topic(prefix + "-c", 1);
        member.untilOwns(2);
        same("topics", Set.of(Scope.at(first, 0), Scope.at(second, 0)), member.consumer.assignment());
    }

    static void partitions_that_appear_are_assigned(Scope scope) throws Exception {
        String topic = scope.topic(1);
        Member member = scope.member(scope.name("group"), "metadata.max.age.ms", "200").on(topic);
        member.untilOwns(1);
        get(scope.admin().createPartitions(Map.of(topic, NewPartitions.increaseTo(3))).all());
        member.untilOwns(3);
    }

    /** A member that ended without a word is replaced, but not before its session, the shortest by default, is over. */
    static void replaceTheDead(Scope scope, Consumer<Member> die, String... settings) throws Exception {
        String topic = scope.topic(2);
        String group = scope.name("group");
        Map<String, String> all = Scope.pairs(settings);
        all.put("session.timeout.ms", "6000");
        Member dead = scope.member(group, Scope.flat(all)).on(topic);
        dead.untilOwns(2);
        die.accept(dead);
        long start = System.nanoTime();
        Member heir = scope.member(group).on(topic);
        heir.untilOwns(2);
        long millis = (System.nanoTime() - start) / 1_000_000;
        holds("the session of the dead lasted, it was " + millis + " ms", millis > 4000);
        same("members", 1, GroupAdmin.describe(scope, group).members().size());
    }

    private static void split(int ofFirst, int ofSecond, Member first, Member second) {
        Member.until(
                "a split of " + ofFirst + " and " + ofSecond,
                () -> first.consumer.assignment().size() == ofFirst && second.consumer.assignment().size() == ofSecond,
                first,
                second);
        holds(
                "nothing is owned twice",
                first.consumer.assignment().stream().noneMatch(second.consumer.assignment()::contains));
    }

    private static Set<TopicPartition> places(String topic, int... partitions) {
        Set<TopicPartition> places = new java.util.HashSet<>();
        for (int partition : partitions) {
            places.add(Scope.at(topic, partition));
        }
        return places;
    }
}
