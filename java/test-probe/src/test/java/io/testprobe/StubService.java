package io.testprobe;

import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.CountDownLatch;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.PartitionInfo;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;

/** The system under test: confirms each order with the Java client of Kafka, which knows nothing of test-probe. */
final class StubService implements AutoCloseable {
  private final Map<String, Object> servers;
  private final Thread thread = new Thread(this::serve, "stub-service");
  private final CountDownLatch ready = new CountDownLatch(1);
  private volatile boolean stopped;
  private volatile RuntimeException failure;

  StubService(String bootstrapServers) throws InterruptedException {
    this.servers = Map.of("bootstrap.servers", bootstrapServers);
    thread.setDaemon(true);
    thread.start();
    ready.await();
  }

  private void serve() {
    try (KafkaConsumer<byte[], byte[]> consumer =
            new KafkaConsumer<>(servers, new ByteArrayDeserializer(), new ByteArrayDeserializer());
        KafkaProducer<byte[], byte[]> producer =
            new KafkaProducer<>(servers, new ByteArraySerializer(), new ByteArraySerializer())) {
      List<TopicPartition> partitions = consumer.partitionsFor("orders").stream()
          .map((PartitionInfo info) -> new TopicPartition(info.topic(), info.partition())).toList();
      consumer.assign(partitions);
      consumer.seekToEnd(partitions);
      partitions.forEach(consumer::position);
      ready.countDown();
      while (!stopped) {
        for (ConsumerRecord<byte[], byte[]> order : consumer.poll(Duration.ofMillis(20))) {
          producer.send(confirmation(order));
          producer.flush();
        }
      }
    } catch (RuntimeException error) {
      failure = error;
    } finally {
      ready.countDown();
    }
  }

  private static ProducerRecord<byte[], byte[]> confirmation(ConsumerRecord<byte[], byte[]> order) {
    byte[] value = "{\"orderId\": \"o-1\", \"status\": \"CONFIRMED\"}".getBytes(StandardCharsets.UTF_8);
    ProducerRecord<byte[], byte[]> answer = new ProducerRecord<>("confirmations", order.key(), value);
    for (String copied : List.of("ce_testid", "ce_correlationid")) {
      Header header = order.headers().lastHeader(copied);
      answer.headers().add(copied, header.value());
    }
    answer.headers().add("ce_type", "OrderConfirmed".getBytes(StandardCharsets.UTF_8));
    answer.headers().add("ce_id", UUID.randomUUID().toString().getBytes(StandardCharsets.UTF_8));
    return answer;
  }

  @Override
  public void close() throws InterruptedException {
    stopped = true;
    thread.join(Support.LONG.toMillis());
    if (failure != null) {
      throw failure;
    }
  }
}
