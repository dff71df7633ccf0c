package io.testprobe;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.Collections;
import java.util.Map;
import java.util.OptionalLong;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * How far a topic was read for a session: the proof behind a verdict.
 *
 * @param topicId the id that Kafka gave the topic, or null where it gives none
 * @param partitions by their number
 */
public record Coverage(String topicId, SortedMap<Integer, Partition> partitions) {
  /**
   * How far one partition was read.
   *
   * @param from the first offset that the session looks at
   * @param to everything below was delivered, or is proven invisible
   * @param end the end that was asked for after the deadline and answered; empty before that
   */
  public record Partition(long from, long to, OptionalLong end) {}

  static Coverage read(JsonNode document) {
    SortedMap<Integer, Partition> partitions = new TreeMap<>();
    for (Map.Entry<String, JsonNode> entry : document.path("partitions").properties()) {
      JsonNode read = entry.getValue();
      JsonNode end = read.path("end");
      partitions.put(Integer.valueOf(entry.getKey()), new Partition(
          read.path("from").longValue(),
          read.path("next").longValue(),
          end.isNumber() ? OptionalLong.of(end.longValue()) : OptionalLong.empty()));
    }
    return new Coverage(Json.text(document, "topicId"), Collections.unmodifiableSortedMap(partitions));
  }
}
