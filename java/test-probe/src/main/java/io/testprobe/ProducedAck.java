package io.testprobe;

import com.fasterxml.jackson.databind.JsonNode;
import java.time.Duration;
import java.time.Instant;

/**
 * A broker's acknowledgement of one event.
 *
 * @param topic the name of the topic in the session's directives
 * @param partition where it went
 * @param offset where it lies there
 * @param timestamp the record's
 * @param latency from the call to the acknowledgement
 * @param id the id the event went out with
 */
public record ProducedAck(
    String topic, int partition, long offset, Instant timestamp, Duration latency, String id)
    implements ProduceResult {
  static ProducedAck read(JsonNode document) {
    return new ProducedAck(
        document.path("topic").textValue(),
        document.path("partition").intValue(),
        document.path("offset").longValue(),
        Instant.ofEpochMilli(document.path("timestamp").longValue()),
        Duration.ofNanos((long) (document.path("latencyMs").doubleValue() * 1e6)),
        document.path("id").textValue());
  }

  @Override
  public boolean acknowledged() {
    return true;
  }
}
