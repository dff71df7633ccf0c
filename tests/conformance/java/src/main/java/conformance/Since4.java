package conformance;

import static conformance.Expect.fails;
import static conformance.Expect.get;
import static conformance.Expect.holds;
import static conformance.Expect.same;

import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import org.apache.kafka.clients.admin.ConsumerGroupDescription;
import org.apache.kafka.clients.admin.GroupListing;
import org.apache.kafka.clients.admin.ListGroupsOptions;
import org.apache.kafka.clients.admin.ListTransactionsOptions;
import org.apache.kafka.clients.admin.TransactionListing;
import org.apache.kafka.clients.consumer.CloseOptions;
import org.apache.kafka.clients.consumer.CloseOptions.GroupMembershipOperation;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.SubscriptionPattern;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.GroupState;
import org.apache.kafka.common.GroupType;
import org.apache.kafka.common.errors.InvalidRegularExpression;

/** What only clients since 4.0 can ask for; not compiled for older ones. */
final class Since4 {
    private static final CloseOptions REMAIN =
            CloseOptions.groupMembershipOperation(GroupMembershipOperation.REMAIN_IN_GROUP);
    private static final CloseOptions LEAVE =
            CloseOptions.groupMembershipOperation(GroupMembershipOperation.LEAVE_GROUP);

    private Since4() {}

    @Area("consumer_groups")
    static final class ByTheBroker {
        private ByTheBroker() {}

        static void the_broker_resolves_a_pattern(Scope scope) throws Exception {
            String prefix = scope.name("pattern");
            String first = scope.topic(prefix + "-a", 1);
            String second = scope.topic(prefix + "-b", 1);
            scope.topic(prefix + "-c", 1);
            Member member = ConsumerGroups.member(scope, scope.name("group"));
            member.consumer.subscribe(new SubscriptionPattern(prefix + "-[ab]"), member);
            member.untilOwns(2);
            same("topics", Set.of(Scope.at(first, 0), Scope.at(second, 0)), member.consumer.assignment());
        }

        static void the_broker_refuses_a_broken_pattern(Scope scope) {
            Member member = ConsumerGroups.member(scope, scope.name("group"));
            member.consumer.subscribe(new SubscriptionPattern("broken("), member);
            fails(InvalidRegularExpression.class, () -> member.untilOwns(1));
        }

        static void epochs_of_group_and_member_agree(Scope scope) throws Exception {
            String topic = scope.topic(2);
            String group = scope.name("group");
            ConsumerGroups.member(scope, group).on(topic).untilOwns(2);
            ConsumerGroupDescription description = Expect.eventually(
                    "a stable group",
                    () -> GroupAdmin.describe(scope, group),
                    one -> one.groupState() == GroupState.STABLE);
            Integer epoch = Scope.present("the epoch", description.groupEpoch());
            holds("the epoch grew", epoch >= 1);
            same("of the target", Optional.of(epoch), description.targetAssignmentEpoch());
            var member = Scope.only(description.members());
            same("of the member", Optional.of(epoch), member.memberEpoch());
            same("upgraded", Optional.of(true), member.upgraded());
        }

        static void a_static_member_may_leave_for_good(Scope scope) throws Exception {
            String topic = scope.topic(2);
            String group = scope.name("group");
            Member member = ConsumerGroups.member(scope, group, "group.instance.id", "one").on(topic);
            member.untilOwns(2);
            member.consumer.close(LEAVE);
            ConsumerGroups.member(scope, group).on(topic).untilOwns(2);
            same("members", 1, GroupAdmin.describe(scope, group).members().size());
        }
    }

    @Area("groups")
    static final class Classic {
        private Classic() {}

        @Waits
        static void a_dead_member_is_replaced_after_its_session(Scope scope) throws Exception {
            GroupMembers.replaceTheDead(scope, member -> member.consumer.close(REMAIN));
        }

        static void a_static_member_may_leave_for_good(Scope scope) throws Exception {
            String topic = scope.topic(2);
            String group = scope.name("group");
            Member member = scope.member(group, "group.instance.id", "one").on(topic);
            member.untilOwns(2);
            member.consumer.close(LEAVE);
            scope.member(group).on(topic).untilOwns(2);
            same("members", 1, GroupAdmin.describe(scope, group).members().size());
        }

        static void groups_of_every_type_are_listed(Scope scope) throws Exception {
            String topic = scope.topic(1);
            String classic = scope.name("group");
            String modern = scope.name("group");
            scope.member(classic).on(topic).untilOwns(1);
            ConsumerGroups.member(scope, modern).on(topic).untilOwns(1);
            var all = get(scope.admin().listGroups().all()).stream()
                    .collect(Collectors.toMap(GroupListing::groupId, listing -> listing));
            same("type", Optional.of(GroupType.CLASSIC), all.get(classic).type());
            same("type", Optional.of(GroupType.CONSUMER), all.get(modern).type());
            same("protocol", "consumer", all.get(classic).protocol());
            same("protocol", "consumer", all.get(modern).protocol());
            same("state", Optional.of(GroupState.STABLE), all.get(classic).groupState());
            var other = get(scope.admin()
                    .listGroups(new ListGroupsOptions().withProtocolTypes(Set.of("connect")))
                    .all());
            holds("none of another protocol", other.stream().noneMatch(one -> one.groupId().equals(classic)));
        }
    }

    @Area("txn")
    static final class Txn {
        private Txn() {}

        static void transactions_are_listed_by_pattern(Scope scope) throws Exception {
            String wanted = scope.name("wanted");
            String other = scope.name("other");
            scope.transactional(wanted);
            scope.transactional(other);
            var options = new ListTransactionsOptions().filterOnTransactionalIdPattern(wanted.substring(0, 8) + ".*");
            var ids = get(scope.admin().listTransactions(options).all()).stream()
                    .map(TransactionListing::transactionalId)
                    .collect(Collectors.toSet());
            holds("the wanted is listed", ids.contains(wanted));
            holds("the other is not", !ids.contains(other));
        }
    }

    @Area("fetch")
    static final class Reset {
        private Reset() {}

        static void a_reset_by_duration_starts_that_long_ago(Scope scope) throws Exception {
            String topic = scope.topic(1);
            long now = System.currentTimeMillis();
            var producer = scope.producer();
            long hour = Duration.ofHours(1).toMillis();
            Scope.send(producer, new ProducerRecord<>(topic, 0, now - 3 * hour, null, "old"));
            Scope.send(producer, new ProducerRecord<>(topic, 0, now - hour, null, "recent"));
            Scope.send(producer, new ProducerRecord<>(topic, 0, now, null, "now"));
            KafkaConsumer<String, String> consumer =
                    scope.reader(Set.of(Scope.at(topic, 0)), "auto.offset.reset", "by_duration:PT2H");
            same("records", List.of("recent", "now"), Scope.values(Scope.read(consumer, 2)));
        }
    }

    @Area("produce")
    static final class Split {
        private Split() {}

        // Clients before 4.0 split a batch into pieces of `batch.size`, which may be as large as before.
        static void a_batch_above_the_limit_is_split_and_kept_in_order(Scope scope) throws Exception {
            String topic = scope.topic(1, "max.message.bytes", "2000");
            KafkaProducer<String, String> producer = scope.producer("linger.ms", "200", "batch.size", "60000");
            String[] values = Scope.numbered("y".repeat(200), 50);
            Scope.put(producer, topic, 0, values);
            same("records", Arrays.asList(values), scope.all(topic, 0, "read_uncommitted"));
        }
    }
}
