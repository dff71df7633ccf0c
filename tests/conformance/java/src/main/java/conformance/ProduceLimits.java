package conformance;

import static conformance.Expect.fails;
import static conformance.Expect.same;

import java.util.List;
import java.util.Set;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.InvalidRecordException;
import org.apache.kafka.common.errors.InvalidTimestampException;
import org.apache.kafka.common.errors.InvalidTopicException;
import org.apache.kafka.common.errors.RecordTooLargeException;

/** What a broker does not take, and what it takes just so. */
@Area("produce")
final class ProduceLimits {
    private ProduceLimits() {}

    static void a_record_above_the_limit_of_its_topic_is_refused(Scope scope) throws Exception {
        String topic = scope.topic(1, "max.message.bytes", "1000");
        KafkaProducer<String, String> producer = scope.producer();
        fails(RecordTooLargeException.class, () -> Scope.put(producer, topic, 0, "x".repeat(5000)));
        same("the next offset", 0L, Scope.put(producer, topic, 0, "small").get(0).offset());
        same("records", List.of("small"), scope.all(topic, 0, "read_uncommitted"));
    }

    static void more_than_a_megabyte_passes_where_it_is_allowed(Scope scope) throws Exception {
        String topic = scope.topic(1, "max.message.bytes", "3000000");
        KafkaProducer<String, String> producer = scope.producer("max.request.size", "3000000");
        String value = "0123456789".repeat(200_000);
        Scope.put(producer, topic, 0, value);
        var record = Scope.read(scope.reader(Set.of(Scope.at(topic, 0))), 1).get(0);
        same("size", value.length(), record.serializedValueSize());
        same("value is the same", true, value.equals(record.value()));
    }

    static void more_than_the_limit_of_the_broker_is_refused(Scope scope) throws Exception {
        String topic = scope.topic(1);
        KafkaProducer<String, String> producer = scope.producer("max.request.size", "3000000");
        fails(RecordTooLargeException.class, () -> Scope.put(producer, topic, 0, "x".repeat(1_048_588)));
        Scope.put(producer, topic, 0, "x".repeat(1_048_000));
    }

    static void an_invalid_topic_is_refused(Scope scope) {
        KafkaProducer<String, String> producer = scope.producer();
        fails(InvalidTopicException.class, () -> Scope.send(producer, new ProducerRecord<>("a/b", "k", "v")));
    }

    static void a_compacted_topic_wants_keys(Scope scope) throws Exception {
        String topic = scope.topic(1, "cleanup.policy", "compact");
        KafkaProducer<String, String> producer = scope.producer();
        fails(InvalidRecordException.class, () -> Scope.put(producer, topic, 0, "no key"));
        same("offset", 0L, Scope.send(producer, new ProducerRecord<>(topic, 0, "k", "v")).offset());
    }

    static void a_timestamp_too_far_in_the_past_is_refused(Scope scope) throws Exception {
        String topic = scope.topic(1, "message.timestamp.before.max.ms", "60000");
        KafkaProducer<String, String> producer = scope.producer();
        long now = System.currentTimeMillis();
        fails(
                InvalidTimestampException.class,
                () -> Scope.send(producer, new ProducerRecord<>(topic, 0, now - 600_000, "k", "v")));
        same("offset", 0L, Scope.send(producer, new ProducerRecord<>(topic, 0, now, "k", "v")).offset());
    }

    static void a_timestamp_too_far_in_the_future_is_refused(Scope scope) throws Exception {
        String topic = scope.topic(1, "message.timestamp.after.max.ms", "60000");
        long later = System.currentTimeMillis() + 600_000;
        fails(
                InvalidTimestampException.class,
                () -> Scope.send(scope.producer(), new ProducerRecord<>(topic, 0, later, "k", "v")));
    }

    static void more_replicas_than_there_are_are_not_waited_for(Scope scope) throws Exception {
        // Since KIP-966 the minimum of replicas in sync is never more than the number of replicas.
        String topic = scope.topic(1, "min.insync.replicas", "2");
        KafkaProducer<String, String> all =
                scope.producer("acks", "all", "enable.idempotence", "false", "retries", "0");
        same("offset", 0L, Scope.put(all, topic, 0, "taken").get(0).offset());
    }
}
