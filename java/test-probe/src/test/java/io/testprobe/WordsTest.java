package io.testprobe;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** What people write in steps, through the Java door. */
class WordsTest {
  @Test
  void an_event_in_yaml_has_every_part() {
    Event event = Event.fromYaml("""
        type: OrderCreated
        version: "3"
        id: evt-1
        key: {base64: "b+k="}
        headers: [[region, eu], [region, null], [trace, {base64: "/wA="}]]
        value: {total: 5}
        partition: 2
        timestamp: 1750000000000
        """);
    assertEquals(List.of("OrderCreated", "3", "evt-1"), List.of(event.type(), event.version(), event.id()));
    assertArrayEquals(new byte[] {'o', (byte) 0xe9}, event.rawKey());
    assertEquals("{\"total\":5}", event.data().toString());
    assertNull(event.rawValue());
    assertEquals(2, event.partition());
    assertEquals(Instant.ofEpochMilli(1_750_000_000_000L), event.timestamp());
    Event same = Event.untyped().header("region", "eu").header("region", (byte[]) null)
        .header("trace", new byte[] {(byte) 0xff, 0});
    assertArrayEquals(same.frame(), event.frame());
  }

  @Test
  void a_value_may_be_raw_null_or_absent() {
    assertArrayEquals("{broken".getBytes(StandardCharsets.UTF_8), Event.fromYaml("raw: '{broken'").rawValue());
    for (String tombstone : List.of("key: k", "value: null")) {
      assertNull(Event.fromYaml(tombstone).data());
      assertNull(Event.fromYaml(tombstone).rawValue());
    }
  }

  @Test
  void one_event_is_not_several() {
    assertEquals(2, Words.events("[{type: A}, {type: B}]").size());
    UsageException several = assertThrows(UsageException.class, () -> Event.fromYaml("[{type: A}, {type: B}]"));
    assertEquals("the text held 2 events, not one", several.explanation());
    assertThrows(UsageException.class, () -> Event.fromYaml("type: [A]"));
  }

  @Test
  void a_table_gives_an_event_for_each_row() {
    List<Event> events = Words.events(List.of(
        List.of("type", "id", "value", "header:region"),
        List.of("A", "a-1", "{\"n\": 1}", "eu"),
        Arrays.asList("B", null, "text", "")));
    assertEquals(2, events.size());
    assertEquals("{\"n\":1}", events.get(0).data().toString());
    assertNull(events.get(1).id());
    assertEquals("\"text\"", events.get(1).data().toString());
    assertNull(events.get(1).frame());
  }

  @Test
  void a_table_narrows_a_match() {
    Match.Spec match = Words.match(Match.type("A").topic("other"), List.of(
        List.of("path", "matcher", "value"), List.of("$.n", "between", "[1, 5]")));
    assertEquals("other", match.topic());
    assertEquals("A", match.document().path("type").asText());
    assertEquals("between", match.document().path("matchers").path(0).path("matcher").asText());
  }

  @Test
  void a_table_gives_a_match_for_each_row() {
    List<Match.Spec> matches = Words.matches(List.of(
        List.of("type", "topic", "header:region"), List.of("A", "other", "eu"), List.of("B", "", "")));
    assertEquals("other", matches.get(0).topic());
    assertEquals(Json.parse("{\"type\":\"A\",\"headers\":[[\"region\",\"eu\"]]}", "a match"),
        matches.get(0).document());
    assertNull(matches.get(1).topic());
    assertEquals("{\"type\":\"B\"}", matches.get(1).document().toString());
  }

  @Test
  void a_match_is_read_from_json() {
    Match.Spec match = Match.fromJson("{\"id\": \"evt-1\", \"value\": {\"total\": 5}, \"topic\": \"other\"}");
    assertEquals("{\"id\":\"evt-1\",\"value\":{\"total\":5}}", match.document().toString());
    assertEquals("other", match.topic());
    assertThrows(UsageException.class, () -> Match.fromJson("[]"));
    assertThrows(UsageException.class, () -> Match.fromJson("{"));
  }

  @Test
  void times_and_topics_are_read() {
    assertEquals(Duration.ofMillis(1500), Words.duration("1.5 s"));
    assertThrows(UsageException.class, () -> Words.duration("soon"));
    String topic = Words.topic("orders", 3, "region2").content().toString();
    assertTrue(topic.contains("\"partitions\":3") && topic.contains("\"cluster\":\"region2\""), topic);
    Words.topic("orders", null, null).validate();
  }

  @Test
  void an_error_is_told_as_json_in_full() {
    UsageException error = assertThrows(UsageException.class, () -> Words.duration("soon"));
    JsonNode json = Json.parse(error.toJson(), "an error");
    assertEquals(List.of("1001", "INVALID_ARGUMENT", "usage", "`soon` was no duration"),
        List.of(json.path("code").asText(), json.path("name").asText(), json.path("category").asText(),
            json.path("message").asText()));
    assertEquals(error.hint(), json.path("hint").asText());
    assertEquals(Map.copyOf(error.context()), Json.plainMap(json.path("context")));
    assertTrue(json.path("source").isNull());
  }

  @Test
  void the_ask_timeout_is_the_configured_one() {
    try (Probe probe = Probe.open(Config.fromString("{dsl: {ask-timeout: 1500ms}}"))) {
      assertEquals(Duration.ofMillis(1500), probe.askTimeout());
    }
  }
}
