package io.testprobe;

import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import org.apache.kafka.clients.consumer.ConsumerRecords;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;

/** Figures of the boundary, printed; run as CONTRIBUTING.md says, with a release build of the library. */
final class Figures {
  private static final int OPERATIONS = 100_000;
  private static final int WINDOW = 1_000;
  private static final int ROUND_TRIPS = 1_000;

  private Figures() {}

  /** Prints every figure. */
  public static void main(String[] arguments) throws Exception {
    try (Probe probe = Probe.embedded()) {
      String topic = Support.freshTopic();
      try (ProbeSession session = probe.openSession(Support.both(topic))) {
        for (int round = 0; round < 3; round++) {
          calls(probe);
          futures(session, topic);
          blocking(session, topic);
          System.out.println();
        }
        roundTrips(session, topic);
        roundTripsOfKafkaClients(probe.bootstrapServers(), topic);
      }
    }
  }

  private static void calls(Probe probe) {
    int count = 50 * OPERATIONS;
    long begin = System.nanoTime();
    for (int call = 0; call < count; call++) {
      Native.cancel(probe.handle(), 0);
    }
    print("one JNI call (a look-up of a handle and a lock)", begin, count);
  }

  private static void futures(ProbeSession session, String topic) {
    long begin = System.nanoTime();
    List<CompletableFuture<ConsumedResult>> window = new ArrayList<>();
    for (int operation = 0; operation < OPERATIONS; operation++) {
      window.add(session.fetchConsumedEventAsync(topic, "absent"));
      if (window.size() == WINDOW) {
        window.forEach(CompletableFuture::join);
        window.clear();
      }
    }
    print("one completed future (fetchConsumedEventAsync, window 1,000)", begin, OPERATIONS);
  }

  private static void blocking(ProbeSession session, String topic) {
    int count = OPERATIONS / 10;
    long begin = System.nanoTime();
    for (int operation = 0; operation < count; operation++) {
      session.fetchConsumedEvent(topic, "absent");
    }
    print("one blocking verb (fetchConsumedEvent)", begin, count);
  }

  private static void roundTrips(ProbeSession session, String topic) {
    Duration within = Duration.ofSeconds(5);
    long[] nanos = new long[ROUND_TRIPS];
    for (int round = 0; round < ROUND_TRIPS; round++) {
      Event event = Event.of("T").id("r" + round).json("{\"total\": 5}");
      long begin = System.nanoTime();
      session.produceEvent(topic, event);
      session.expectEvent(topic, Match.id("r" + round).own(true), within);
      nanos[round] = System.nanoTime() - begin;
    }
    print("produceEvent to expectEvent", nanos);
  }

  private static void roundTripsOfKafkaClients(String servers, String topic) throws Exception {
    Map<String, Object> config = Map.of("bootstrap.servers", servers);
    byte[] value = "{\"total\": 5}".getBytes(StandardCharsets.UTF_8);
    try (KafkaProducer<byte[], byte[]> producer =
            new KafkaProducer<>(config, new ByteArraySerializer(), new ByteArraySerializer());
        KafkaConsumer<byte[], byte[]> consumer =
            new KafkaConsumer<>(config, new ByteArrayDeserializer(), new ByteArrayDeserializer())) {
      List<TopicPartition> partitions = List.of(new TopicPartition(topic, 0));
      consumer.assign(partitions);
      consumer.seekToEnd(partitions);
      consumer.position(partitions.get(0));
      long[] nanos = new long[ROUND_TRIPS];
      for (int round = 0; round < ROUND_TRIPS; round++) {
        long begin = System.nanoTime();
        producer.send(new ProducerRecord<>(topic, value)).get();
        ConsumerRecords<byte[], byte[]> records;
        do {
          records = consumer.poll(Duration.ofSeconds(1));
        } while (records.isEmpty());
        nanos[round] = System.nanoTime() - begin;
      }
      print("kafka-clients: send, then poll", nanos);
    }
  }

  private static void print(String what, long begin, int count) {
    System.out.printf("%-62s %10.2f us%n", what, (System.nanoTime() - begin) / 1e3 / count);
  }

  private static void print(String what, long[] nanos) {
    Arrays.sort(nanos);
    System.out.printf("%-62s p50 %8.2f ms, p99 %8.2f ms%n",
        what, nanos[nanos.length / 2] / 1e6, nanos[nanos.length * 99 / 100] / 1e6);
  }
}
