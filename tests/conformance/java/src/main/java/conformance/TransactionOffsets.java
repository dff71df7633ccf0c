package conformance;

import static conformance.Expect.fails;
import static conformance.Expect.get;
import static conformance.Expect.same;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.apache.kafka.clients.admin.ListConsumerGroupOffsetsOptions;
import org.apache.kafka.clients.consumer.CommitFailedException;
import org.apache.kafka.clients.consumer.ConsumerGroupMetadata;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;

/** Offsets of groups that are committed within transactions. */
@Area("txn")
final class TransactionOffsets {
    private TransactionOffsets() {}

    static void offsets_are_committed_with_the_transaction(Scope scope) throws Exception {
        String topic = scope.topic(1);
        String group = scope.name("group");
        KafkaProducer<String, String> producer = scope.transactional(scope.name("tx"));
        producer.beginTransaction();
        producer.sendOffsetsToTransaction(offsets(topic, 7), new ConsumerGroupMetadata(group));
        same("before the commit", null, Groups.committed(scope, group, topic));
        producer.commitTransaction();
        Expect.becomes("the offset", new OffsetAndMetadata(7, "in tx"), () -> Groups.committed(scope, group, topic));
    }

    static void offsets_of_an_aborted_transaction_are_forgotten(Scope scope) throws Exception {
        String topic = scope.topic(1);
        String group = scope.name("group");
        get(scope.admin().alterConsumerGroupOffsets(group, offsets(topic, 3)).all());
        KafkaProducer<String, String> producer = scope.transactional(scope.name("tx"));
        producer.beginTransaction();
        producer.sendOffsetsToTransaction(offsets(topic, 9), new ConsumerGroupMetadata(group));
        producer.abortTransaction();
        // The marker comes after the answer; until then the offset is not stable.
        Expect.becomes("committed", offsets(topic, 3), () -> stable(scope, group));
    }

    static void pending_offsets_are_not_stable(Scope scope) throws Exception {
        String topic = scope.topic(1);
        String group = scope.name("group");
        get(scope.admin().alterConsumerGroupOffsets(group, offsets(topic, 3)).all());
        KafkaProducer<String, String> producer = scope.transactional(scope.name("tx"));
        producer.beginTransaction();
        producer.sendOffsetsToTransaction(offsets(topic, 4), new ConsumerGroupMetadata(group));
        same("stable", Map.of(), stable(scope, group));
        same("unstable", 3L, Groups.committed(scope, group, topic).offset());
        producer.commitTransaction();
        Expect.becomes("committed", offsets(topic, 4), () -> stable(scope, group));
    }

    static void offsets_of_a_stale_member_are_refused(Scope scope) throws Exception {
        String topic = scope.topic(1);
        String group = scope.name("group");
        Member member = scope.member(group).on(topic);
        member.untilOwns(1);
        String id = member.consumer.groupMetadata().memberId();
        KafkaProducer<String, String> producer = scope.transactional(scope.name("tx"));
        for (var stale : List.of(
                new ConsumerGroupMetadata(group, 99, id, Optional.empty()),
                new ConsumerGroupMetadata(group, 1, "somebody", Optional.empty()))) {
            producer.beginTransaction();
            fails(CommitFailedException.class, () -> {
                producer.sendOffsetsToTransaction(offsets(topic, 1), stale);
                producer.commitTransaction();
            });
            producer.abortTransaction();
        }
        same("committed", null, Groups.committed(scope, group, topic));
    }

    static void records_are_read_transformed_and_written_exactly_once(Scope scope) throws Exception {
        readTransformWrite(scope, "classic");
    }

    static void a_member_of_the_new_protocol_writes_exactly_once(Scope scope) throws Exception {
        readTransformWrite(scope, "consumer");
    }

    private static void readTransformWrite(Scope scope, String protocol) throws Exception {
        String input = scope.topic(1);
        String output = scope.topic(1);
        String group = scope.name("group");
        scope.put(input, 0, Scope.numbered("v", 20));
        KafkaProducer<String, String> producer = scope.transactional(scope.name("tx"));
        // Every second try is aborted, and its records are read again by the next member.
        for (int round = 0; round < 8; round++) {
            Member member = scope.member(
                    group, "isolation.level", "read_committed", "max.poll.records", "5", "group.protocol", protocol);
            member.on(input);
            Member.until("five records", () -> member.records.size() >= 5, member);
            producer.beginTransaction();
            long next = 0;
            for (ConsumerRecord<String, String> record : member.records.subList(0, 5)) {
                producer.send(new ProducerRecord<>(output, 0, null, record.value() + "!"));
                next = record.offset() + 1;
            }
            producer.sendOffsetsToTransaction(offsets(input, next), member.consumer.groupMetadata());
            // What was not sent yet would not be written at all by an abort.
            producer.flush();
            if (round % 2 == 0) {
                producer.abortTransaction();
            } else {
                producer.commitTransaction();
            }
            member.consumer.close();
        }
        List<String> expected = new ArrayList<>();
        for (int i = 0; i < 20; i++) {
            expected.add("v" + i + "!");
        }
        Transactions.awaitEnd(scope, output, 0, 48);
        same("output", expected, scope.all(output, 0, "read_committed"));
        Expect.becomes("the offset", 20L, () -> Groups.committed(scope, group, input).offset());
    }

    /** Returns the offsets that no open transaction is about to change; the client leaves the others out. */
    private static Map<TopicPartition, OffsetAndMetadata> stable(Scope scope, String group) throws Exception {
        var options = new ListConsumerGroupOffsetsOptions().requireStable(true);
        return get(scope.admin().listConsumerGroupOffsets(group, options).partitionsToOffsetAndMetadata());
    }

    private static Map<TopicPartition, OffsetAndMetadata> offsets(String topic, long offset) {
        return Map.of(Scope.at(topic, 0), new OffsetAndMetadata(offset, "in tx"));
    }
}
