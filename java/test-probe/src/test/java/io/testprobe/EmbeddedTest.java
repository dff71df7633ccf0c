package io.testprobe;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerConfig;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** A Kafka in this process that fails on purpose, under a client of somebody else. */
@Timeout(120)
class EmbeddedTest {
  private static final Duration PATIENT = Duration.ofSeconds(20);

  private static Directives shared(String topic, int replicas) {
    return Directives.fromString("topics: [{topic: " + topic + ", role: both, unattributed: ignore, "
        + "create: {partitions: 1, replicationFactor: " + replicas + "}}]");
  }

  /** Sends an event of a test as a service would, and waits for its acknowledgement. */
  private static void send(String servers, String topic, String testId, String id) throws Exception {
    Map<String, Object> config = Map.of(ProducerConfig.BOOTSTRAP_SERVERS_CONFIG, servers,
        ProducerConfig.CLIENT_ID_CONFIG, "foreign", ProducerConfig.LINGER_MS_CONFIG, 0);
    try (KafkaProducer<byte[], byte[]> producer =
        new KafkaProducer<>(config, new ByteArraySerializer(), new ByteArraySerializer())) {
      ProducerRecord<byte[], byte[]> record =
          new ProducerRecord<>(topic, "{}".getBytes(StandardCharsets.UTF_8));
      record.headers().add("ce_testid", testId.getBytes(StandardCharsets.UTF_8));
      record.headers().add("ce_correlationid", id.getBytes(StandardCharsets.UTF_8));
      producer.send(record).get();
    }
  }

  @Test
  void a_service_meets_faults_and_the_verdict_stays_true() throws Exception {
    String topic = Support.freshTopic();
    try (Probe probe = Probe.embedded(); ProbeSession session = probe.openSession(shared(topic, 1))) {
      EmbeddedCluster cluster = probe.embeddedCluster();
      cluster.inject(Fault.disconnect().api("Produce").clientId("foreign").times(1));
      cluster.inject(Fault.error("NOT_LEADER_OR_FOLLOWER").api("Produce").clientId("foreign").times(1));
      send(probe.bootstrapServers(), topic, session.testId(), "evt-1");
      session.expectEvent(topic, Match.id("evt-1"), PATIENT);
      assertEquals(1, session.fetchConsumedEvents(topic, "evt-1").size());
      List<String> outcomes = cluster.requests("Produce").stream()
          .filter(seen -> seen.clientId().equals("foreign")).map(EmbeddedCluster.RequestSeen::outcome).toList();
      assertEquals("faulted", outcomes.get(0));
      assertEquals("answered", outcomes.get(outcomes.size() - 1));
      long everlasting = cluster.inject(Fault.delay(Duration.ofMillis(5)).topic("another"));
      assertTrue(cluster.clear(everlasting));
      assertFalse(cluster.clear(everlasting));
    }
  }

  private static int ask(String url) throws Exception {
    HttpRequest request = HttpRequest.newBuilder(URI.create(url + "/subjects")).timeout(PATIENT).build();
    return HttpClient.newHttpClient().send(request, HttpResponse.BodyHandlers.discarding()).statusCode();
  }

  @Test
  void a_schema_registry_comes_along_and_fails_on_purpose() throws Exception {
    try (Probe probe = Probe.embedded()) {
      EmbeddedRegistry registry = probe.embeddedRegistry();
      assertEquals(probe.schemaRegistryUrl(), registry.url());
      long fault = registry.inject(Fault.status(503).method("GET").path("/subjects").times(1));
      assertEquals(List.of(503, 200), List.of(ask(registry.url()), ask(registry.url())));
      assertFalse(registry.clear(fault));
      List<Integer> statuses =
          registry.requests("GET", "/subjects").stream().map(EmbeddedRegistry.RequestSeen::status).toList();
      assertEquals(List.of(503, 200), statuses);
      registry.forgetRequests();
      assertEquals(List.of(), registry.requests());
      UsageException refused = assertThrows(UsageException.class, () -> registry.inject(Fault.status(200)));
      assertSame(ErrorCode.INVALID_ARGUMENT, refused.code());
    }
    Config elsewhere = Config.fromString("kafka: {embedded: {}, schema-registry-url: 'http://r:1'}");
    try (Probe probe = Probe.open(elsewhere)) {
      UsageException refused = assertThrows(UsageException.class, probe::embeddedRegistry);
      assertSame(ErrorCode.UNKNOWN_CLUSTER, refused.code());
    }
  }

  @Test
  void brokers_and_leaders_come_and_go_under_a_service() throws Exception {
    String topic = Support.freshTopic();
    try (Probe probe = Probe.embedded(2); ProbeSession session = probe.openSession(shared(topic, 2))) {
      EmbeddedCluster cluster = probe.embeddedCluster();
      assertEquals(List.of(1, 2), cluster.brokers().stream().map(EmbeddedCluster.Broker::id).toList());
      for (int broker = 1; broker <= 2; broker++) {
        cluster.moveLeader(topic, 0, broker);
        send(probe.bootstrapServers(), topic, session.testId(), "led-by-" + broker);
        session.expectEvent(topic, Match.id("led-by-" + broker), PATIENT);
      }
      cluster.stopBroker(2);
      assertEquals(List.of(true, false), cluster.brokers().stream().map(EmbeddedCluster.Broker::up).toList());
      send(probe.bootstrapServers(), topic, session.testId(), "without-2");
      session.expectEvent(topic, Match.id("without-2"), PATIENT);
      cluster.startBroker(2);
      assertTrue(cluster.brokers().stream().allMatch(EmbeddedCluster.Broker::up));
    }
  }

  @Test
  void a_command_that_cannot_be_is_refused_with_its_place() {
    try (Probe probe = Probe.embedded()) {
      EmbeddedCluster cluster = probe.embeddedCluster();
      UsageException unknown =
          assertThrows(UsageException.class, () -> cluster.inject(Fault.silence().api("Prodcue")));
      assertEquals(ErrorCode.INVALID_ARGUMENT, unknown.code());
      assertTrue(unknown.getMessage().contains("fault"), unknown.getMessage());
      UsageException absent = assertThrows(UsageException.class, () -> cluster.stopBroker(9));
      assertTrue(absent.getMessage().contains("there was no broker `9`"), absent.getMessage());
      UsageException nowhere = assertThrows(UsageException.class, () -> probe.embeddedCluster("nowhere"));
      assertEquals(ErrorCode.UNKNOWN_CLUSTER, nowhere.code());
    }
  }

  @Test
  void listeners_for_the_system_under_test_come_with_what_it_has_to_trust() {
    Config secured = Config.fromMap(Map.of("kafka", Map.of("embedded",
        Map.of("security", Map.of("listeners", List.of("SASL_SSL"), "users", Map.of("alice", "hunter2"))))));
    try (Probe probe = Probe.open(secured)) {
      Cluster cluster = probe.cluster("default");
      assertTrue(cluster.listeners().get("SASL_SSL").startsWith("127.0.0.1:"), cluster.toString());
      assertEquals(cluster.bootstrapServers(), cluster.listeners().get("PLAINTEXT"));
      assertTrue(cluster.certificateAuthority().startsWith("-----BEGIN CERTIFICATE-----"));
      assertFalse(cluster.toString().contains("hunter2"));
    }
    try (Probe probe = Probe.open(Config.fromEnvironment().bootstrapServers("127.0.0.1:9"))) {
      assertTrue(probe.cluster("default").listeners().isEmpty());
      assertNull(probe.cluster("default").certificateAuthority());
    }
  }
}
