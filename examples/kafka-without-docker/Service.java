import java.time.Duration;
import java.util.List;
import java.util.Properties;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.apache.kafka.common.serialization.StringSerializer;

/** A service under test: it confirms orders. It knows Kafka, and nothing of test-probe. */
public class Service {
  public static void main(String[] arguments) throws Exception {
    Properties config = new Properties();
    config.put("bootstrap.servers", System.getenv("KAFKA_BOOTSTRAP_SERVERS"));
    config.put("group.id", "billing");
    config.put("auto.offset.reset", "earliest");
    try (KafkaConsumer<String, String> consumer =
            new KafkaConsumer<>(config, new StringDeserializer(), new StringDeserializer());
        KafkaProducer<String, String> producer =
            new KafkaProducer<>(config, new StringSerializer(), new StringSerializer())) {
      consumer.subscribe(List.of("orders"));
      while (true) {
        for (ConsumerRecord<String, String> order : consumer.poll(Duration.ofSeconds(1))) {
          ProducerRecord<String, String> confirmation = new ProducerRecord<>("confirmations", order.value());
          order.headers().forEach(header -> confirmation.headers().add(header));
          confirmation.headers().remove("ce_type").add("ce_type", "OrderConfirmed".getBytes());
          producer.send(confirmation).get();
        }
      }
    }
  }
}
