package conformance;

import static conformance.Expect.fails;
import static conformance.Expect.get;
import static conformance.Expect.holds;
import static conformance.Expect.same;

import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.Set;
import java.util.stream.Collectors;
import org.apache.kafka.clients.admin.AbortTransactionSpec;
import org.apache.kafka.clients.admin.ListTransactionsOptions;
import org.apache.kafka.clients.admin.ProducerState;
import org.apache.kafka.clients.admin.TransactionDescription;
import org.apache.kafka.clients.admin.TransactionListing;
import org.apache.kafka.clients.admin.TransactionState;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.ProducerFencedException;
import org.apache.kafka.common.errors.TransactionalIdNotFoundException;

/** What an administrator sees of transactions, and may do to them. */
@Area("txn")
final class TransactionAdmin {
    private TransactionAdmin() {}

    static void producers_of_a_partition_are_described(Scope scope) throws Exception {
        String topic = scope.topic(1);
        scope.put(topic, 0, "a", "b", "c");
        ProducerState plain = Scope.only(producers(scope, topic));
        same("last sequence", 2, plain.lastSequence());
        same("epoch", 0, plain.producerEpoch());
        same("open transaction", OptionalLong.empty(), plain.currentTransactionStartOffset());
        KafkaProducer<String, String> producer = scope.transactional(scope.name("tx"));
        producer.beginTransaction();
        Scope.put(producer, topic, 0, "d", "e");
        ProducerState open = Scope.only(producers(scope, topic).stream()
                .filter(state -> state.producerId() != plain.producerId())
                .toList());
        same("open transaction", OptionalLong.of(3), open.currentTransactionStartOffset());
        same("last sequence", 1, open.lastSequence());
        producer.commitTransaction();
        Expect.becomes("no open transaction", true, () -> producers(scope, topic).stream()
                .allMatch(state -> state.currentTransactionStartOffset().isEmpty()));
    }

    static void producers_of_a_missing_partition_are_not_described(Scope scope) throws Exception {
        String topic = scope.topic(1);
        scope.put(topic, 0, "a");
        same("producers", 1, producers(scope, topic).size());
        String other = scope.topic(1);
        same("producers of an empty partition", List.of(), producers(scope, other));
    }

    static void a_transaction_is_described(Scope scope) throws Exception {
        String topic = scope.topic(2);
        String id = scope.name("tx");
        KafkaProducer<String, String> producer = scope.transactional(id, "transaction.timeout.ms", "54321");
        same("at first", TransactionState.EMPTY, describe(scope, id).state());
        producer.beginTransaction();
        Scope.put(producer, topic, 1, "a");
        TransactionDescription open = describe(scope, id);
        same("state", TransactionState.ONGOING, open.state());
        same("partitions", Set.of(Scope.at(topic, 1)), open.topicPartitions());
        same("timeout", 54321L, open.transactionTimeoutMs());
        long start = Scope.present("start", open.transactionStartTimeMs().stream().boxed().findAny());
        holds("it began now", Math.abs(System.currentTimeMillis() - start) < 60_000);
        ProducerState state = Scope.only(get(scope.admin()
                        .describeProducers(List.of(Scope.at(topic, 1)))
                        .partitionResult(Scope.at(topic, 1)))
                .activeProducers());
        same("producer id", open.producerId(), state.producerId());
        same("producer epoch", open.producerEpoch(), state.producerEpoch());
        producer.commitTransaction();
        Expect.becomes("state", TransactionState.COMPLETE_COMMIT, () -> describe(scope, id).state());
        same("partitions afterwards", Set.of(), describe(scope, id).topicPartitions());
        producer.beginTransaction();
        Scope.put(producer, topic, 0, "b");
        producer.abortTransaction();
        Expect.becomes("state", TransactionState.COMPLETE_ABORT, () -> describe(scope, id).state());
    }

    static void an_unknown_transactional_id_is_not_found(Scope scope) {
        fails(TransactionalIdNotFoundException.class, () -> describe(scope, scope.name("nobody")));
    }

    static void transactions_are_listed_by_state_and_producer(Scope scope) throws Exception {
        String topic = scope.topic(1);
        String open = scope.name("tx");
        String idle = scope.name("tx");
        KafkaProducer<String, String> producer = scope.transactional(open);
        scope.transactional(idle);
        producer.beginTransaction();
        Scope.put(producer, topic, 0, "a");
        Map<String, TransactionListing> all = list(scope, new ListTransactionsOptions());
        same("state", TransactionState.ONGOING, all.get(open).state());
        same("state", TransactionState.EMPTY, all.get(idle).state());
        var ongoing = list(scope, new ListTransactionsOptions().filterStates(Set.of(TransactionState.ONGOING)));
        same("by state", List.of(true, false), List.of(ongoing.containsKey(open), ongoing.containsKey(idle)));
        long producerId = all.get(idle).producerId();
        var mine = list(scope, new ListTransactionsOptions().filterProducerIds(Set.of(producerId)));
        same("by producer", Set.of(idle), mine.keySet());
        var old = list(scope, new ListTransactionsOptions().filterOnDuration(600_000));
        holds("by duration", !old.containsKey(open));
    }

    static void producers_are_fenced_by_an_administrator(Scope scope) throws Exception {
        String topic = scope.topic(1);
        String id = scope.name("tx");
        KafkaProducer<String, String> producer = scope.transactional(id);
        long producerId = describe(scope, id).producerId();
        producer.beginTransaction();
        Scope.put(producer, topic, 0, "gone");
        int epoch = describe(scope, id).producerEpoch();
        var fenced = scope.admin().fenceProducers(List.of(id));
        same("producer id", producerId, get(fenced.producerId(id)));
        holds("the epoch grew", get(fenced.epochId(id)) > epoch);
        fails(ProducerFencedException.class, producer::commitTransaction);
        Transactions.awaitEnd(scope, topic, 0, 2);
        same("records", List.of(), scope.all(topic, 0, "read_committed"));
    }

    static void a_hanging_transaction_is_aborted_by_an_administrator(Scope scope) throws Exception {
        String topic = scope.topic(1);
        KafkaProducer<String, String> producer = scope.transactional(scope.name("tx"));
        producer.beginTransaction();
        Scope.put(producer, topic, 0, "gone");
        scope.put(topic, 0, "after");
        ProducerState open = Scope.only(producers(scope, topic).stream()
                .filter(state -> state.currentTransactionStartOffset().isPresent())
                .toList());
        get(scope.admin()
                .abortTransaction(new AbortTransactionSpec(
                        Scope.at(topic, 0),
                        open.producerId(),
                        (short) open.producerEpoch(),
                        open.coordinatorEpoch().orElse(0)))
                .all());
        Transactions.awaitEnd(scope, topic, 0, 3);
        same("records", List.of("after"), scope.all(topic, 0, "read_committed"));
    }

    private static List<ProducerState> producers(Scope scope, String topic) throws Exception {
        TopicPartition place = Scope.at(topic, 0);
        return get(scope.admin().describeProducers(List.of(place)).partitionResult(place)).activeProducers();
    }

    private static TransactionDescription describe(Scope scope, String id) throws Exception {
        return get(scope.admin().describeTransactions(List.of(id)).description(id));
    }

    private static Map<String, TransactionListing> list(Scope scope, ListTransactionsOptions options)
            throws Exception {
        return get(scope.admin().listTransactions(options).all()).stream()
                .collect(Collectors.toMap(TransactionListing::transactionalId, listing -> listing));
    }
}
