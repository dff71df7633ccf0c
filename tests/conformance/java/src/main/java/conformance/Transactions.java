package conformance;

import static conformance.Expect.fails;
import static conformance.Expect.holds;
import static conformance.Expect.same;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.InvalidProducerEpochException;
import org.apache.kafka.common.errors.InvalidTxnStateException;
import org.apache.kafka.common.errors.ProducerFencedException;

/** Records of transactions are seen when they should be. */
@Area("txn")
final class Transactions {
    private static final String COMMITTED = "read_committed";
    private static final String UNCOMMITTED = "read_uncommitted";

    private Transactions() {}

    static void a_commit_is_seen_by_read_committed(Scope scope) throws Exception {
        String topic = scope.topic(1);
        KafkaProducer<String, String> producer = scope.transactional(scope.name("tx"));
        producer.beginTransaction();
        Scope.put(producer, topic, 0, "a", "b");
        producer.commitTransaction();
        awaitEnd(scope, topic, 0, 3);
        same("records", List.of("a", "b"), scope.all(topic, 0, COMMITTED));
    }

    static void an_abort_is_seen_only_by_read_uncommitted(Scope scope) throws Exception {
        String topic = scope.topic(1);
        KafkaProducer<String, String> producer = scope.transactional(scope.name("tx"));
        producer.beginTransaction();
        Scope.put(producer, topic, 0, "a", "b");
        producer.abortTransaction();
        awaitEnd(scope, topic, 0, 3);
        same("read_committed", List.of(), scope.all(topic, 0, COMMITTED));
        same("read_uncommitted", List.of("a", "b"), scope.all(topic, 0, UNCOMMITTED));
    }

    static void a_marker_takes_an_offset(Scope scope) throws Exception {
        String topic = scope.topic(1);
        KafkaProducer<String, String> producer = scope.transactional(scope.name("tx"));
        List<Long> offsets = new ArrayList<>();
        for (String value : List.of("a", "b", "c")) {
            producer.beginTransaction();
            offsets.add(Scope.put(producer, topic, 0, value).get(0).offset());
            producer.commitTransaction();
        }
        same("offsets", List.of(0L, 2L, 4L), offsets);
        awaitEnd(scope, topic, 0, 6);
        KafkaConsumer<String, String> reader = scope.reader(Set.of(Scope.at(topic, 0)), "isolation.level", COMMITTED);
        same("offsets read", offsets, Scope.read(reader, 3).stream().map(ConsumerRecord::offset).toList());
        Expect.becomes("the position after the last marker", 6L, () -> {
            reader.poll(Scope.POLL);
            return reader.position(Scope.at(topic, 0));
        });
    }

    static void an_open_transaction_holds_back_all_that_follows(Scope scope) throws Exception {
        String topic = scope.topic(1);
        TopicPartition place = Scope.at(topic, 0);
        scope.put(topic, 0, "before");
        KafkaProducer<String, String> producer = scope.transactional(scope.name("tx"));
        producer.beginTransaction();
        Scope.put(producer, topic, 0, "inside");
        scope.put(topic, 0, "after");
        KafkaConsumer<String, String> committed = scope.reader(Set.of(place), "isolation.level", COMMITTED);
        same("read_committed", List.of("before"), Scope.values(Scope.read(committed, 1)));
        for (int i = 0; i < 5; i++) {
            holds("nothing came", committed.poll(Scope.POLL).isEmpty());
        }
        same("position", 1L, committed.position(place));
        same("end for read_committed", 1L, committed.endOffsets(Set.of(place)).get(place));
        same("read_uncommitted", List.of("before", "inside", "after"), scope.all(topic, 0, UNCOMMITTED));
        producer.commitTransaction();
        same("after the commit", List.of("inside", "after"), Scope.values(Scope.read(committed, 2)));
    }

    static void a_producer_goes_on_after_an_abort(Scope scope) throws Exception {
        String topic = scope.topic(1);
        KafkaProducer<String, String> producer = scope.transactional(scope.name("tx"));
        List<String> expected = new ArrayList<>();
        for (int i = 0; i < 10; i++) {
            producer.beginTransaction();
            Scope.put(producer, topic, 0, "v" + i, "w" + i);
            if (i % 2 == 0) {
                producer.commitTransaction();
                expected.addAll(List.of("v" + i, "w" + i));
            } else {
                producer.abortTransaction();
            }
        }
        awaitEnd(scope, topic, 0, 30);
        same("read_committed", expected, scope.all(topic, 0, COMMITTED));
        same("read_uncommitted", 20, scope.all(topic, 0, UNCOMMITTED).size());
    }

    static void one_transaction_covers_many_partitions_and_topics(Scope scope) throws Exception {
        String one = scope.topic(2);
        String other = scope.topic(1);
        KafkaProducer<String, String> producer = scope.transactional(scope.name("tx"));
        producer.beginTransaction();
        Scope.put(producer, one, 0, "a");
        Scope.put(producer, one, 1, "b");
        Scope.put(producer, other, 0, "c");
        for (var place : List.of(Scope.at(one, 0), Scope.at(one, 1), Scope.at(other, 0))) {
            same("before the commit", List.of(), scope.all(place.topic(), place.partition(), COMMITTED));
        }
        producer.commitTransaction();
        awaitEnd(scope, one, 0, 2);
        awaitEnd(scope, one, 1, 2);
        awaitEnd(scope, other, 0, 2);
        same("of the first", List.of("a"), scope.all(one, 0, COMMITTED));
        same("of the second", List.of("b"), scope.all(one, 1, COMMITTED));
        same("of the third", List.of("c"), scope.all(other, 0, COMMITTED));
    }

    static void interleaved_transactions_are_told_apart(Scope scope) throws Exception {
        String topic = scope.topic(1);
        KafkaProducer<String, String> good = scope.transactional(scope.name("tx"));
        KafkaProducer<String, String> bad = scope.transactional(scope.name("tx"));
        good.beginTransaction();
        bad.beginTransaction();
        Scope.put(good, topic, 0, "g1");
        Scope.put(bad, topic, 0, "b1");
        scope.put(topic, 0, "plain");
        Scope.put(good, topic, 0, "g2");
        Scope.put(bad, topic, 0, "b2");
        good.commitTransaction();
        awaitEnd(scope, topic, 0, 1);
        same("while one is open", List.of("g1"), scope.all(topic, 0, COMMITTED));
        bad.abortTransaction();
        awaitEnd(scope, topic, 0, 7);
        same("read_committed", List.of("g1", "plain", "g2"), scope.all(topic, 0, COMMITTED));
        same("read_uncommitted", List.of("g1", "b1", "plain", "g2", "b2"), scope.all(topic, 0, UNCOMMITTED));
    }

    static void a_reader_that_starts_inside_an_aborted_transaction_skips_it(Scope scope) throws Exception {
        String topic = scope.topic(1);
        KafkaProducer<String, String> producer = scope.transactional(scope.name("tx"), "batch.size", "1");
        producer.beginTransaction();
        Scope.put(producer, topic, 0, Scope.numbered("gone", 10));
        producer.abortTransaction();
        Scope.put(scope.producer(), topic, 0, "kept");
        KafkaConsumer<String, String> reader = scope.reader(Set.of(Scope.at(topic, 0)), "isolation.level", COMMITTED);
        reader.seek(Scope.at(topic, 0), 5);
        same("records", List.of("kept"), Scope.values(Scope.read(reader, 1)));
    }

    static void a_transaction_without_records_leaves_no_trace(Scope scope) throws Exception {
        String topic = scope.topic(1);
        KafkaProducer<String, String> producer = scope.transactional(scope.name("tx"));
        producer.beginTransaction();
        producer.commitTransaction();
        producer.beginTransaction();
        producer.abortTransaction();
        RecordMetadata next = scope.put(topic, 0, "a").get(0);
        same("offset", 0L, next.offset());
    }

    static void a_successor_fences_its_predecessor(Scope scope) throws Exception {
        String topic = scope.topic(1);
        String id = scope.name("tx");
        KafkaProducer<String, String> old = scope.transactional(id);
        old.beginTransaction();
        Scope.put(old, topic, 0, "old");
        KafkaProducer<String, String> successor = scope.transactional(id);
        fails(ProducerFencedException.class, old::commitTransaction);
        successor.beginTransaction();
        Scope.put(successor, topic, 0, "new");
        successor.commitTransaction();
        awaitEnd(scope, topic, 0, 4);
        same("records", List.of("new"), scope.all(topic, 0, COMMITTED));
    }

    static void a_fenced_producer_must_not_send(Scope scope) throws Exception {
        String topic = scope.topic(1);
        String id = scope.name("tx");
        KafkaProducer<String, String> old = scope.transactional(id);
        old.beginTransaction();
        Scope.put(old, topic, 0, "old");
        scope.transactional(id);
        awaitEnd(scope, topic, 0, 2);
        fails(InvalidProducerEpochException.class, () -> Scope.put(old, topic, 0, "late"));
        same("records", List.of("old"), scope.all(topic, 0, UNCOMMITTED));
    }

    static void a_fenced_producer_must_not_begin(Scope scope) throws Exception {
        String topic = scope.topic(1);
        String id = scope.name("tx");
        KafkaProducer<String, String> old = scope.transactional(id);
        scope.transactional(id);
        old.beginTransaction();
        // Older clients announce the partition first and are refused there; newer ones are refused when they write.
        fails(
                ClientVersion.kind(ProducerFencedException.class, InvalidProducerEpochException.class),
                () -> Scope.put(old, topic, 0, "late"));
        same("records", List.of(), scope.all(topic, 0, UNCOMMITTED));
    }

    @Waits
    static void a_transaction_that_lasts_too_long_is_aborted(Scope scope) throws Exception {
        String topic = scope.topic(1);
        KafkaProducer<String, String> producer =
                scope.transactional(scope.name("tx"), "transaction.timeout.ms", "1000");
        producer.beginTransaction();
        Scope.put(producer, topic, 0, "late");
        scope.put(topic, 0, "after");
        KafkaConsumer<String, String> reader = scope.reader(Set.of(Scope.at(topic, 0)), "isolation.level", COMMITTED);
        same("records", List.of("after"), Scope.values(Scope.read(reader, 1)));
        fails(
                ClientVersion.kind(ProducerFencedException.class, InvalidTxnStateException.class),
                producer::commitTransaction);
    }

    static void a_timeout_above_the_limit_of_the_broker_is_refused(Scope scope) {
        // The client wraps the error that it got; its text is the only trace.
        KafkaException refused = fails(
                KafkaException.class,
                () -> scope.transactional(scope.name("tx"), "transaction.timeout.ms", "900001"));
        String reason = refused.getMessage();
        holds("`" + reason + "` names the limit", reason.contains("transaction.max.timeout.ms"));
    }

    static void compressed_batches_of_transactions_are_read_back(Scope scope) throws Exception {
        String topic = scope.topic(1);
        KafkaProducer<String, String> producer =
                scope.transactional(scope.name("tx"), "compression.type", "zstd", "linger.ms", "20");
        producer.beginTransaction();
        Scope.put(producer, topic, 0, Scope.numbered("kept", 200));
        producer.commitTransaction();
        producer.beginTransaction();
        Scope.put(producer, topic, 0, Scope.numbered("gone", 200));
        producer.abortTransaction();
        awaitEnd(scope, topic, 0, 402);
        same("records", java.util.Arrays.asList(Scope.numbered("kept", 200)), scope.all(topic, 0, COMMITTED));
    }

    /** Markers are written after the coordinator answered, so the end is awaited. */
    static void awaitEnd(Scope scope, String topic, int partition, long end) throws Exception {
        TopicPartition place = Scope.at(topic, partition);
        KafkaConsumer<String, String> committed = scope.consumer("isolation.level", COMMITTED);
        Expect.becomes("the end of " + place, end, () -> committed.endOffsets(Set.of(place)).get(place));
    }
}
