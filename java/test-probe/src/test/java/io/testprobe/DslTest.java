package io.testprobe;

import static io.testprobe.Support.both;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.UUID;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The static DSL, configuration and directives. */
class DslTest {
  @Test
  void the_static_dsl_finds_a_session_by_its_test_id() throws Exception {
    String topic = Support.freshTopic();
    UUID testId = UUID.randomUUID();
    Probe probe = Probe.embedded();
    try (probe; ProbeSession session = probe.openSession(both(topic), testId.toString())) {
      ProbeJavaDsl.registerSystem(probe);
      assertTrue(ProbeJavaDsl.produceEvent(testId, topic, Event.of("T").id("a")).get().acknowledged());
      assertInstanceOf(ProducedAck.class, ProbeJavaDsl.produceEventBlocking(testId, topic, Event.of("T").id("b")));
      assertInstanceOf(ProducedNack.class,
          ProbeJavaDsl.produceEventBlocking(testId, topic, Event.of("T").partition(99)));
      session.expectEvent(topic, Match.id("b").own(true));
      assertTrue(ProbeJavaDsl.fetchConsumedEvent(testId, topic, "a").get().found());
      ConsumedResult absent = ProbeJavaDsl.fetchConsumedEventBlocking(testId, topic, "absent");
      assertEquals("not seen yet", assertInstanceOf(ConsumedNack.class, absent).reason());
      ActorNotRegisteredException unknown = assertThrows(ActorNotRegisteredException.class,
          () -> ProbeJavaDsl.produceEvent("no-such-test", topic, Event.of("T")));
      assertTrue(unknown.getMessage().contains(topic) && unknown.getMessage().contains("no-such-test"));
    }
    assertThrows(DslNotInitializedException.class,
        () -> ProbeJavaDsl.produceEventBlocking(testId, topic, Event.of("T")));
    assertThrows(DslNotInitializedException.class, () -> ProbeJavaDsl.fetchConsumedEvent(testId, topic, "a"));
  }

  @Test
  void configuration_is_a_file_a_text_or_a_map_and_setters_go_over_it(@TempDir Path folder) throws Exception {
    Path file = Files.writeString(folder.resolve("my-probe.yaml"),
        "test-probe:\n  clusters:\n    region2: {bootstrap-servers: 'file:9092'}\n");
    Config over = Config.fromFile(file).bootstrapServers("over:9092").schemaRegistryUrl("http://r:1");
    try (Probe probe = Probe.open(over)) {
      assertEquals("over:9092", probe.bootstrapServers());
      assertEquals("http://r:1", probe.schemaRegistryUrl());
      assertEquals("file:9092", probe.cluster("region2").bootstrapServers());
      UsageException unknown = assertThrows(UsageException.class, () -> probe.cluster("region3"));
      assertSame(ErrorCode.UNKNOWN_CLUSTER, unknown.code());
    }
    try (Probe probe = Probe.open(Config.fromString("kafka: {bootstrap-servers: 'text:9092'}"))) {
      assertEquals("text:9092", probe.bootstrapServers());
    }
    Map<String, ?> sections = Map.of("clusters", Map.of("b", Map.of("embedded", Map.of("brokers", 2))));
    try (Probe probe = Probe.open(Config.fromMap(sections))) {
      assertEquals(2, probe.cluster("b").bootstrapServers().split(",").length);
    }
    try (Probe probe = Probe.embedded(3)) {
      assertEquals(3, probe.bootstrapServers().split(",").length);
    }
    UsageException wrong =
        assertThrows(UsageException.class, () -> Probe.open(Config.fromMap(Map.of("kafkaa", Map.of()))));
    assertSame(ErrorCode.INVALID_CONFIG, wrong.code());
    assertThrows(InvalidBootstrapServersException.class,
        () -> Probe.open(Config.fromEnvironment().bootstrapServers("invalid-format")));
  }

  @Test
  void directives_are_a_file_a_text_or_built_and_every_problem_is_told(@TempDir Path folder) throws Exception {
    Directives built = Directives.of(TopicDirective.both("orders").as("o").create(3, 1).filter("EventType", "A")
        .filter("EventType", "B").start("earliest").format("string").with("unattributed", "ignore"));
    String text = "topics:\n  - {topic: orders, role: both, as: o, create: {partitions: 3, replicationFactor: 1}, "
        + "eventFilters: [{key: EventType, value: A}, {key: EventType, value: B}], start: earliest, format: string, "
        + "unattributed: ignore}\n";
    Path file = Files.writeString(folder.resolve("topics.yaml"), text);
    assertEquals(Directives.fromString(text).normalised(), built.normalised());
    assertEquals(Directives.fromYaml(file).normalised(), built.normalised());
    assertThrows(UsageException.class, () -> Directives.fromYaml(folder.resolve("absent.yaml")));
    String wrong = "topics:\n  - {topic: a, role: reader}\n  - {topic: b, role: both, formatt: x}\n";
    UsageException error = assertThrows(UsageException.class, () -> Directives.fromString(wrong).validate());
    assertSame(ErrorCode.INVALID_DIRECTIVE, error.code());
    assertTrue(error.getMessage().contains("reader") && error.getMessage().contains("formatt"));
  }
}
