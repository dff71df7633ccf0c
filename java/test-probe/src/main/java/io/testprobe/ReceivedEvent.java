package io.testprobe;

import com.fasterxml.jackson.databind.JsonNode;
import java.time.Instant;

/** A record of the log, with what was read from it. */
public final class ReceivedEvent {
  private final JsonNode document;
  private final byte[] rawKey;
  private final byte[] rawValue;
  private final Headers headers;
  private final ProbeException error;
  private final Verdict verdict;

  ReceivedEvent(JsonNode document, byte[] rawKey, byte[] rawValue, Headers headers) {
    this(document, rawKey, rawValue, headers, null);
  }

  private ReceivedEvent(JsonNode document, byte[] rawKey, byte[] rawValue, Headers headers, Verdict verdict) {
    this.document = document;
    this.rawKey = rawKey;
    this.rawValue = rawValue;
    this.headers = headers;
    this.verdict = verdict;
    JsonNode failed = document.path("error");
    this.error = failed.isObject() ? Errors.exception(failed) : null;
  }

  /** Returns the event as one that a verdict handed out. */
  ReceivedEvent of(Verdict verdict) {
    return new ReceivedEvent(document, rawKey, rawValue, headers, verdict);
  }

  /**
   * Returns the verdict of an expectation of one event, with what {@code fishForEvent} collected before; null for
   * events that came in another way.
   */
  public Verdict verdict() {
    return verdict;
  }

  /** Returns the name of the topic in the session's directives. */
  public String topic() {
    return Json.text(document, "topic");
  }

  /** Returns the partition. */
  public int partition() {
    return document.path("partition").intValue();
  }

  /** Returns the offset. */
  public long offset() {
    return document.path("offset").longValue();
  }

  /** Returns the record's timestamp, or null. */
  public Instant timestamp() {
    JsonNode millis = document.path("timestamp");
    return millis.isNumber() ? Instant.ofEpochMilli(millis.longValue()) : null;
  }

  /** Returns the id by which a test calls it, or null. */
  public String id() {
    return Json.text(document, "id");
  }

  /** Returns the type, or null. */
  public String type() {
    return Json.text(document, "type");
  }

  /** Returns the version of the payload, or null. */
  public String version() {
    return Json.text(document, "version");
  }

  /** Returns the test id, or null. */
  public String testId() {
    return Json.text(document, "testId");
  }

  /** Returns the key as text when it is UTF-8, else null. */
  public String key() {
    return Json.text(document, "key");
  }

  /** Returns the key as it is on the wire, or null. */
  public byte[] rawKey() {
    return rawKey == null ? null : rawKey.clone();
  }

  /**
   * Returns the value: a map, list, number, text, boolean or {@code byte[]} as the topic's format has it; null for a
   * tombstone and for what could not be decoded.
   */
  public Object value() {
    return switch (document.path("valueKind").asText()) {
      case "json" -> Json.plain(document.path("value"));
      case "text" -> Json.text(document, "valueText");
      case "bytes" -> rawValue();
      default -> null;
    };
  }

  /**
   * Returns the value as a type of the caller: a record, a bean, a map. Members that the type does not have are left
   * out. Null for a tombstone. Throws the {@link #error()} of what could not be decoded, INVALID_ARGUMENT for a value
   * that the type cannot hold.
   */
  public <T> T valueAs(Class<T> type) {
    if (error != null) {
      throw error;
    }
    Object value = value();
    if (value == null || type.isInstance(value)) {
      return type.cast(value);
    }
    return Json.to(node(), type);
  }

  /** Returns the value as JSON text: {@code null} for a tombstone. Throws as {@link #valueAs}. */
  public String valueAsJson() {
    if (error != null) {
      throw error;
    }
    return node().toString();
  }

  private JsonNode node() {
    return document.path("valueKind").asText().equals("text") ? document.path("valueText")
        : document.path("valueKind").asText().equals("bytes") ? Json.of(rawValue, "the value")
        : document.path("value");
  }

  /** Returns the value as it is on the wire, or null. */
  public byte[] rawValue() {
    return rawValue == null ? null : rawValue.clone();
  }

  /** Returns the headers. */
  public Headers headers() {
    return headers;
  }

  /** Returns whether this session produced it. */
  public boolean own() {
    return document.path("own").booleanValue();
  }

  /** Returns why the value could not be decoded, or null. */
  public ProbeException error() {
    return error;
  }

  @Override
  public String toString() {
    return "ReceivedEvent[" + topic() + "-" + partition() + "@" + offset() + ", id=" + id() + ", type=" + type() + "]";
  }
}
