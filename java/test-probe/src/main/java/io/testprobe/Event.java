package io.testprobe;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;

/**
 * An event to produce. Each method returns a copy, so that a common part can be shared.
 *
 * <p>Without a value it is a tombstone, without an id it gets a fresh one.
 */
public final class Event {
  private static final Event EMPTY = new Event(null, null, null, null, null, null, List.of(), null, null);

  private final String type;
  private final String version;
  private final String id;
  private final byte[] key;
  private final JsonNode data;
  private final byte[] raw;
  private final List<Headers.Header> headers;
  private final Integer partition;
  private final Instant timestamp;

  private Event(String type, String version, String id, byte[] key, JsonNode data, byte[] raw,
      List<Headers.Header> headers, Integer partition, Instant timestamp) {
    this.type = type;
    this.version = version;
    this.id = id;
    this.key = key;
    this.data = data;
    this.raw = raw;
    this.headers = headers;
    this.partition = partition;
    this.timestamp = timestamp;
  }

  /** Returns an event of a type. */
  public static Event of(String type) {
    return of(type, null);
  }

  /** Returns an event of a type in a version of its payload. */
  public static Event of(String type, String version) {
    return new Event(type, version, null, null, null, null, List.of(), null, null);
  }

  /** Returns an event without a type. */
  public static Event untyped() {
    return EMPTY;
  }

  /**
   * Returns the event of a YAML or JSON text: {@code {type, version, id, key, headers, value, partition, timestamp}};
   * {@code raw} in the place of {@code value} is the value as it is on the wire, and bytes are text or {@code {base64:
   * ...}}. INVALID_ARGUMENT with all that is wrong, each with line, column and hint.
   */
  public static Event fromYaml(String yaml) {
    List<Event> events = Words.events(yaml);
    if (events.size() != 1) {
      throw Errors.invalidArgument("the text held " + events.size() + " events, not one");
    }
    return events.get(0);
  }

  /** Returns the event of a document of the engine. */
  static Event read(JsonNode document) {
    List<Headers.Header> headers = new ArrayList<>();
    for (JsonNode pair : document.path("headers")) {
      headers.add(new Headers.Header(pair.path(0).textValue(), Json.wire(pair.path(1))));
    }
    JsonNode partition = document.path("partition");
    JsonNode timestamp = document.path("timestamp");
    return new Event(
        Json.text(document, "type"),
        Json.text(document, "version"),
        Json.text(document, "id"),
        Json.wire(document.path("key")),
        document.get("value"),
        Json.wire(document.path("raw")),
        List.copyOf(headers),
        partition.isNumber() ? (Integer) partition.intValue() : null,
        timestamp.isNumber() ? Instant.ofEpochMilli(timestamp.longValue()) : null);
  }

  /** Sets the name by which the test calls the event; it travels as correlation id. */
  public Event id(String id) {
    return new Event(type, version, id, key, data, raw, headers, partition, timestamp);
  }

  /** Sets the key, as UTF-8. */
  public Event key(String key) {
    return key(Json.utf8(key));
  }

  /** Sets the key as it is on the wire. */
  public Event key(byte[] key) {
    byte[] copy = key == null ? null : key.clone();
    return new Event(type, version, id, copy, data, raw, headers, partition, timestamp);
  }

  /** Sets the value, as JSON. INVALID_ARGUMENT for what is none. */
  public Event json(String json) {
    JsonNode value = Json.parse(Errors.required(json, "json"), "the value");
    return new Event(type, version, id, key, value, null, headers, partition, timestamp);
  }

  /**
   * Sets the value as data, which the topic's format writes: maps, lists, texts, numbers, records and beans. Null is a
   * tombstone.
   */
  public Event value(Object value) {
    if (value instanceof byte[] bytes) {
      return value(bytes);
    }
    JsonNode node = value == null ? null : Json.of(value, "the value");
    return new Event(type, version, id, key, node, null, headers, partition, timestamp);
  }

  /** Sets the value as it is on the wire. Null is a tombstone. */
  public Event value(byte[] value) {
    byte[] copy = value == null ? null : value.clone();
    return new Event(type, version, id, key, null, copy, headers, partition, timestamp);
  }

  /** Adds a header, as UTF-8; a name may repeat. */
  public Event header(String name, String value) {
    return header(name, Json.utf8(value));
  }

  /** Adds a header as it is on the wire; its value may be null. */
  public Event header(String name, byte[] value) {
    List<Headers.Header> more = new ArrayList<>(headers);
    more.add(new Headers.Header(Errors.required(name, "name"), value == null ? null : value.clone()));
    return new Event(type, version, id, key, data, raw, List.copyOf(more), partition, timestamp);
  }

  /** Sets the partition; else the client chooses it by the key. */
  public Event partition(int partition) {
    return new Event(type, version, id, key, data, raw, headers, partition, timestamp);
  }

  /** Sets the record's timestamp, in milliseconds; else it is the time of the call. */
  public Event timestamp(Instant timestamp) {
    return new Event(type, version, id, key, data, raw, headers, partition, timestamp);
  }

  String type() {
    return type;
  }

  String version() {
    return version;
  }

  String id() {
    return id;
  }

  byte[] rawKey() {
    return key;
  }

  JsonNode data() {
    return data;
  }

  byte[] rawValue() {
    return raw;
  }

  /** Returns the headers as they cross. */
  byte[] frame() {
    if (headers.isEmpty()) {
      return null;
    }
    Frame.Writer frame = new Frame.Writer();
    for (Headers.Header header : headers) {
      frame.bytes(header.name().getBytes(StandardCharsets.UTF_8));
      frame.bytes(header.value());
    }
    return frame.finish();
  }

  Integer partition() {
    return partition;
  }

  Instant timestamp() {
    return timestamp;
  }

  @Override
  public String toString() {
    return "Event[type=" + type + ", version=" + version + ", id=" + id + "]";
  }
}
