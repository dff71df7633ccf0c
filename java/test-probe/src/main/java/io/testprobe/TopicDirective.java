package io.testprobe;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.Map;

/**
 * One entry of the directives, as an entry under {@code topics:} in YAML. Each method returns a copy; the engine
 * checks what they hold.
 */
public final class TopicDirective {
  private final ObjectNode document;

  private TopicDirective(ObjectNode document) {
    this.document = document;
  }

  /** Returns the directive of a topic that the test produces to. */
  public static TopicDirective producer(String topic) {
    return in(topic, "producer");
  }

  /** Returns the directive of a topic that the test consumes. */
  public static TopicDirective consumer(String topic) {
    return in(topic, "consumer");
  }

  /** Returns the directive of a topic that the test both produces to and consumes. */
  public static TopicDirective both(String topic) {
    return in(topic, "both");
  }

  private static TopicDirective in(String topic, String role) {
    return new TopicDirective(Json.object().put("topic", Errors.required(topic, "topic")).put("role", role));
  }

  /** Sets the name for verbs; the topic's own when absent. */
  public TopicDirective as(String name) {
    return with("as", name);
  }

  /** Sets the principal to connect as. */
  public TopicDirective clientPrincipal(String principal) {
    return with("clientPrincipal", principal);
  }

  /** Sets the cluster, by its name. */
  public TopicDirective cluster(String name) {
    return with("cluster", name);
  }

  /** Sets the servers, in place of a cluster's name. */
  public TopicDirective bootstrapServers(String servers) {
    return with("bootstrapServers", servers);
  }

  /** Adds a filter; several values of one key are alternatives, different keys must all hold. */
  public TopicDirective filter(String key, String value) {
    ObjectNode copy = document.deepCopy();
    copy.withArrayProperty("eventFilters").addObject().put("key", key).put("value", value);
    return new TopicDirective(copy);
  }

  /** Creates the topic when it is missing. */
  public TopicDirective create(int partitions) {
    return with("create", Map.of("partitions", partitions));
  }

  /** Creates the topic when it is missing. */
  public TopicDirective create(int partitions, int replicationFactor) {
    return with("create", Map.of("partitions", partitions, "replicationFactor", replicationFactor));
  }

  /** Sets where the session begins to look: {@code latest} or {@code earliest}. */
  public TopicDirective start(String start) {
    return with("start", start);
  }

  /** Sets the format of values: {@code json}, {@code string}, {@code bytes}. */
  public TopicDirective format(String format) {
    return with("format", format);
  }

  /** Sets any key of a directive, as {@code missing}, {@code isolation}, {@code envelope}, {@code correlation}. */
  public TopicDirective with(String key, Object value) {
    ObjectNode copy = document.deepCopy();
    JsonNode node = Json.of(value, "`" + key + "`");
    copy.set(Errors.required(key, "key"), node);
    return new TopicDirective(copy);
  }

  ObjectNode document() {
    return document;
  }
}
