import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.AuthenticationException;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.apache.kafka.common.serialization.StringSerializer;

/**
 * Produces and consumes one record with the properties in a file; prints `ok`, or the class and message of the
 * authentication error.
 */
public final class RoundTrip {
    private RoundTrip() {}

    public static void main(String[] arguments) throws Exception {
        Properties settings = new Properties();
        try (var reader = Files.newBufferedReader(Path.of(arguments[0]))) {
            settings.load(reader);
        }
        settings.putAll(Map.of("max.block.ms", "20000", "auto.offset.reset", "earliest"));
        try (var producer = new KafkaProducer<>(settings, new StringSerializer(), new StringSerializer());
                var consumer = new KafkaConsumer<>(settings, new StringDeserializer(), new StringDeserializer())) {
            producer.send(new ProducerRecord<>("java", "value")).get(20, TimeUnit.SECONDS);
            var partition = new TopicPartition("java", 0);
            consumer.assign(List.of(partition));
            consumer.seekToBeginning(List.of(partition));
            var records = consumer.poll(Duration.ofSeconds(20));
            System.out.println(records.iterator().next().value().equals("value") ? "ok" : "another value");
        } catch (ExecutionException failure) {
            if (!(failure.getCause() instanceof AuthenticationException refused)) {
                throw failure;
            }
            System.out.println(refused.getClass().getSimpleName() + ": " + refused.getMessage());
        }
    }
}
