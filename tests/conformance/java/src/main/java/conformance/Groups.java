package conformance;

import static conformance.Expect.fails;
import static conformance.Expect.get;
import static conformance.Expect.holds;
import static conformance.Expect.same;

import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.atomic.AtomicReference;
import org.apache.kafka.clients.consumer.CommitFailedException;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.consumer.OffsetCommitCallback;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.OffsetMetadataTooLarge;

/** Offsets of classic groups are kept, and only for those who may write them. */
@Area("groups")
final class Groups {
    private Groups() {}

    static void a_member_reads_all_and_its_commit_is_kept(Scope scope) throws Exception {
        String topic = scope.topic(3);
        String group = scope.name("group");
        for (int i = 0; i < 3; i++) {
            scope.put(topic, i, "a" + i, "b" + i);
        }
        Member member = scope.member(group).on(topic);
        member.untilRead(6);
        same("partitions", Set.of(0, 1, 2), member.owns());
        member.consumer.commitSync();
        Map<TopicPartition, Long> kept = new HashMap<>();
        member.consumer.committed(member.consumer.assignment()).forEach((p, o) -> kept.put(p, o.offset()));
        same("committed", Map.of(Scope.at(topic, 0), 2L, Scope.at(topic, 1), 2L, Scope.at(topic, 2), 2L), kept);
    }

    static void the_next_member_goes_on_after_the_commit(Scope scope) throws Exception {
        String topic = scope.topic(1);
        String group = scope.name("group");
        scope.put(topic, 0, "a", "b", "c");
        Member first = scope.member(group).on(topic);
        first.untilRead(3);
        first.consumer.commitSync(Map.of(Scope.at(topic, 0), new OffsetAndMetadata(2)));
        first.consumer.close();
        Member second = scope.member(group).on(topic);
        second.untilRead(1);
        same("records", List.of("c"), second.values());
    }

    static void automatic_commits_happen_at_close(Scope scope) throws Exception {
        String topic = scope.topic(1);
        String group = scope.name("group");
        scope.put(topic, 0, "a", "b");
        Member member = scope.member(group, "enable.auto.commit", "true", "auto.commit.interval.ms", "60000").on(topic);
        member.untilRead(2);
        member.consumer.close();
        same("committed", 2L, committed(scope, group, topic).offset());
    }

    static void metadata_and_leader_epoch_of_a_commit_are_kept(Scope scope) throws Exception {
        String topic = scope.topic(1);
        String group = scope.name("group");
        TopicPartition place = Scope.at(topic, 0);
        OffsetAndMetadata offset = new OffsetAndMetadata(5, java.util.Optional.of(0), "note ü");
        KafkaConsumer<String, String> consumer = scope.consumer("group.id", group);
        consumer.commitSync(Map.of(place, offset));
        same("committed", Map.of(place, offset), consumer.committed(Set.of(place)));
        same("as an administrator sees it", offset, committed(scope, group, topic));
    }

    static void too_much_metadata_is_refused(Scope scope) throws Exception {
        TopicPartition place = Scope.at(scope.topic(1), 0);
        KafkaConsumer<String, String> consumer = scope.consumer("group.id", scope.name("group"));
        var offset = Map.of(place, new OffsetAndMetadata(1, "x".repeat(5000)));
        fails(OffsetMetadataTooLarge.class, () -> consumer.commitSync(offset));
        same("committed", null, consumer.committed(Set.of(place)).get(place));
    }

    static void an_asynchronous_commit_calls_back(Scope scope) throws Exception {
        TopicPartition place = Scope.at(scope.topic(1), 0);
        KafkaConsumer<String, String> consumer = scope.consumer("group.id", scope.name("group"));
        var offsets = Map.of(place, new OffsetAndMetadata(3));
        AtomicReference<Object> called = new AtomicReference<>();
        OffsetCommitCallback callback = (done, error) -> called.set(error == null ? done : error);
        consumer.assign(Set.of(place));
        consumer.commitAsync(offsets, callback);
        Expect.becomes("the call back", offsets, () -> {
            consumer.poll(Duration.ofMillis(10));
            return called.get();
        });
        same("committed", offsets, consumer.committed(Set.of(place)));
    }

    static void nothing_is_committed_at_first(Scope scope) throws Exception {
        TopicPartition place = Scope.at(scope.topic(1), 0);
        KafkaConsumer<String, String> consumer = scope.consumer("group.id", scope.name("group"));
        same("committed", null, consumer.committed(Set.of(place)).get(place));
    }

    static void a_stranger_must_not_commit_for_an_active_group(Scope scope) throws Exception {
        String topic = scope.topic(1);
        String group = scope.name("group");
        Member member = scope.member(group).on(topic);
        member.untilOwns(1);
        KafkaConsumer<String, String> stranger = scope.consumer("group.id", group);
        var offsets = Map.of(Scope.at(topic, 0), new OffsetAndMetadata(1));
        fails(CommitFailedException.class, () -> stranger.commitSync(offsets));
        same("committed", null, committed(scope, group, topic));
    }

    @Waits
    static void who_polls_too_seldom_is_replaced_and_must_not_commit(Scope scope) throws Exception {
        String topic = scope.topic(2);
        String group = scope.name("group");
        Member slow = scope.member(group, "max.poll.interval.ms", "1000").on(topic);
        slow.untilOwns(2);
        Member quick = scope.member(group).on(topic);
        quick.untilOwns(2);
        var offsets = Map.of(Scope.at(topic, 0), new OffsetAndMetadata(1));
        fails(CommitFailedException.class, () -> slow.consumer.commitSync(offsets));
        Member.until("both own one", () -> slow.owns().size() == 1 && quick.owns().size() == 1, slow, quick);
        same("lost", List.of(Set.of(Scope.at(topic, 0), Scope.at(topic, 1))), slow.lost);
    }

    static void a_member_tells_its_identity(Scope scope) throws Exception {
        String topic = scope.topic(1);
        String group = scope.name("group");
        Member member = scope.member(group).on(topic);
        member.untilOwns(1);
        var identity = member.consumer.groupMetadata();
        same("group", group, identity.groupId());
        same("generation", 1, identity.generationId());
        holds("it has a member id", !identity.memberId().isEmpty());
        member.consumer.enforceRebalance();
        Member.until("the next generation", () -> member.consumer.groupMetadata().generationId() == 2, member);
    }

    static void two_groups_do_not_disturb_each_other(Scope scope) throws Exception {
        String topic = scope.topic(1);
        scope.put(topic, 0, "a", "b");
        Member one = scope.member(scope.name("group")).on(topic);
        one.untilRead(2);
        one.consumer.commitSync();
        Member other = scope.member(scope.name("group")).on(topic);
        other.untilRead(2);
        same("records", one.values(), other.values());
    }

    static void offsets_of_many_groups_are_listed_at_once(Scope scope) throws Exception {
        String topic = scope.topic(2);
        String first = scope.name("group");
        String second = scope.name("group");
        TopicPartition zero = Scope.at(topic, 0);
        TopicPartition one = Scope.at(topic, 1);
        scope.consumer("group.id", first).commitSync(Map.of(zero, new OffsetAndMetadata(1)));
        scope.consumer("group.id", second)
                .commitSync(Map.of(zero, new OffsetAndMetadata(2), one, new OffsetAndMetadata(3)));
        var spec = new org.apache.kafka.clients.admin.ListConsumerGroupOffsetsSpec();
        var only = new org.apache.kafka.clients.admin.ListConsumerGroupOffsetsSpec().topicPartitions(List.of(one));
        var all = get(scope.admin().listConsumerGroupOffsets(Map.of(first, spec, second, only)).all());
        same("of the first", Map.of(zero, new OffsetAndMetadata(1)), all.get(first));
        same("of the second", Map.of(one, new OffsetAndMetadata(3)), all.get(second));
    }

    static void lag_is_what_lies_between_commit_and_end(Scope scope) throws Exception {
        String topic = scope.topic(1);
        String group = scope.name("group");
        TopicPartition place = Scope.at(topic, 0);
        scope.put(topic, 0, Scope.numbered("v", 10));
        scope.consumer("group.id", group).commitSync(Map.of(place, new OffsetAndMetadata(4)));
        var latest = Map.of(place, org.apache.kafka.clients.admin.OffsetSpec.latest());
        long end = get(scope.admin().listOffsets(latest).all()).get(place).offset();
        same("lag", 6L, end - committed(scope, group, topic).offset());
    }

    /** Returns the offset of partition 0 as an administrator sees it, or null. */
    static OffsetAndMetadata committed(Scope scope, String group, String topic) throws Exception {
        return get(scope.admin().listConsumerGroupOffsets(group).partitionsToOffsetAndMetadata())
                .get(Scope.at(topic, 0));
    }
}
