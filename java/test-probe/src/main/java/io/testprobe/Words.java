package io.testprobe;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/**
 * Reads what people write in steps, for step libraries: times, events and matches in tables and in YAML, topics. The
 * engine reads them, so that they mean the same in every language.
 *
 * <p>A table is a list of rows, the first of them the names of the columns; a cell is text, an empty one or null counts
 * as none, and a value is JSON where it is JSON, else text. INVALID_ARGUMENT says all that is wrong at once.
 */
public final class Words {
  private Words() {}

  /** Reads a time: {@code 5 seconds}, {@code 500 ms}, {@code PT5S}. */
  public static Duration duration(String text) {
    return time(read(words("duration").put("text", Errors.required(text, "text"))).path("ms"));
  }

  /** Reads an event, or a list of events, as {@link Event#fromYaml} reads one. */
  public static List<Event> events(String yaml) {
    return events(words("events").put("yaml", Errors.required(yaml, "yaml")));
  }

  /**
   * Reads the event of each row; columns {@code type, version, id, key, value, partition, timestamp, header:NAME}.
   */
  public static List<Event> events(List<List<String>> table) {
    return events(with(words("events"), table));
  }

  /** Returns this match, narrowed by the condition of each row; columns {@code path, matcher, value}. */
  public static Match.Spec match(Match match, List<List<String>> table) {
    Match.Spec begun = (Match.Spec) Errors.required(match, "match");
    ObjectNode words = words("match");
    words.setAll(begun.document());
    return Match.Spec.read((ObjectNode) read(with(words, table))).topic(begun.topic());
  }

  /**
   * Reads the match of each row; columns {@code type, version, id, key, topic, header:NAME, path, matcher, value}.
   */
  public static List<Match.Spec> matches(List<List<String>> table) {
    List<Match.Spec> matches = new ArrayList<>();
    for (JsonNode match : read(with(words("matches"), table)).path("matches")) {
      matches.add(Match.Spec.read((ObjectNode) match));
    }
    return matches;
  }

  /**
   * Returns the directive of a topic as a step says it: in both roles, and created where it is missing.
   *
   * @param partitions how many it is created with, or null
   * @param cluster where it is, or null for the default cluster
   */
  public static Directives topic(String topic, Integer partitions, String cluster) {
    ObjectNode words = words("topic").put("topic", Errors.required(topic, "topic"));
    if (partitions != null) {
      words.put("partitions", partitions);
    }
    if (cluster != null) {
      words.put("cluster", cluster);
    }
    return new Directives(read(words));
  }

  /** Returns a time that a document of the engine states in milliseconds. */
  static Duration time(JsonNode millis) {
    return Duration.ofNanos(Math.round(millis.doubleValue() * 1e6));
  }

  private static ObjectNode words(String read) {
    return Json.object().put("read", read);
  }

  private static ObjectNode with(ObjectNode words, List<List<String>> table) {
    ArrayNode rows = words.putArray("table");
    for (List<String> row : Errors.required(table, "table")) {
      ArrayNode cells = rows.addArray();
      row.forEach(cells::add);
    }
    return words;
  }

  private static List<Event> events(ObjectNode words) {
    List<Event> events = new ArrayList<>();
    for (JsonNode event : read(words).path("events")) {
      events.add(Event.read(event));
    }
    return events;
  }

  /** Returns the document that the engine makes of words. */
  static JsonNode read(JsonNode words) {
    NativeLibrary.load();
    return Json.read(Native.words(Json.bytes(words)));
  }
}
