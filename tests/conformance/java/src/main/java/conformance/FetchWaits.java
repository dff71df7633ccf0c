package conformance;

import static conformance.Expect.holds;
import static conformance.Expect.same;

import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.clients.consumer.ConsumerRecords;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.TopicPartition;

/** A fetch waits for records as long as its consumer allows, and not longer. */
@Area("fetch")
final class FetchWaits {
    private static final Duration LONG = Duration.ofSeconds(8);

    private FetchWaits() {}

    static void a_waiting_fetch_is_woken_by_a_record(Scope scope) throws Exception {
        String topic = scope.topic(1);
        TopicPartition place = Scope.at(topic, 0);
        scope.put(topic, 0, "before");
        KafkaConsumer<String, String> consumer =
                scope.reader(Set.of(place), "fetch.max.wait.ms", "7000", "fetch.min.bytes", "1");
        Scope.read(consumer, 1);
        consumer.poll(Duration.ofMillis(100));
        CompletableFuture<ConsumerRecords<String, String>> polled =
                CompletableFuture.supplyAsync(() -> consumer.poll(LONG));
        scope.put(topic, 0, "wake up");
        long start = System.nanoTime();
        ConsumerRecords<String, String> records = polled.get(LONG.toSeconds() + 1, TimeUnit.SECONDS);
        long millis = (System.nanoTime() - start) / 1_000_000;
        same("records", 1, records.count());
        holds("it came after " + millis + " ms, not at the end of the wait", millis < 3500);
    }

    @Waits
    static void a_fetch_waits_for_its_minimum_of_bytes(Scope scope) throws Exception {
        String topic = scope.topic(1);
        TopicPartition place = Scope.at(topic, 0);
        scope.put(topic, 0, "tiny");
        KafkaConsumer<String, String> patient =
                scope.reader(Set.of(place), "fetch.max.wait.ms", "1500", "fetch.min.bytes", "10000");
        same("position", 0L, patient.position(place));
        long start = System.nanoTime();
        same("records", List.of("tiny"), Scope.values(Scope.read(patient, 1)));
        long millis = (System.nanoTime() - start) / 1_000_000;
        holds("it came only after " + millis + " ms", millis >= 1000);
    }

    static void enough_bytes_end_the_wait(Scope scope) throws Exception {
        String topic = scope.topic(1);
        TopicPartition place = Scope.at(topic, 0);
        scope.put(topic, 0, "x".repeat(20_000));
        KafkaConsumer<String, String> patient =
                scope.reader(Set.of(place), "fetch.max.wait.ms", "7000", "fetch.min.bytes", "10000");
        long start = System.nanoTime();
        Scope.read(patient, 1);
        holds("the wait was cut short", (System.nanoTime() - start) / 1_000_000 < 3500);
    }
}
