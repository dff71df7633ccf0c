package io.testprobe;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.databind.node.TextNode;
import java.time.Duration;

/**
 * What an embedded cluster or an embedded schema registry does wrong on purpose, and to which requests: those that have
 * all of what is named. It strikes until it is cleared. Each method returns a copy.
 *
 * <p>It also strikes the probe's own requests unless {@link #clientId}, {@link #topic} or {@link #api} leave them out.
 */
public final class Fault {
  private final ObjectNode document;

  private Fault(ObjectNode document) {
    this.document = document;
  }

  private static Fault then(JsonNode action) {
    ObjectNode document = Json.object();
    document.set("then", action);
    return new Fault(document);
  }

  /** Closes the connection in the place of an answer; the request is not served. */
  public static Fault disconnect() {
    return then(new TextNode("disconnect"));
  }

  /** Serves the request and closes the connection in the place of its answer. */
  public static Fault disconnectAfter() {
    return then(new TextNode("disconnect-after"));
  }

  /** Never answers. */
  public static Fault silence() {
    return then(new TextNode("silence"));
  }

  /** Answers a fetch with a batch whose checksum is wrong. */
  public static Fault corruptBatch() {
    return then(new TextNode("corrupt-batch"));
  }

  /** Answers with an error of Kafka, as {@code NOT_LEADER_OR_FOLLOWER}; the request is not served. */
  public static Fault error(String name) {
    return then(Json.object().put("error", Errors.required(name, "name")));
  }

  /** Serves the request and answers with an error of Kafka. */
  public static Fault errorAfter(String name) {
    return then(Json.object().put("error-after", Errors.required(name, "name")));
  }

  /** Answers so much later. */
  public static Fault delay(Duration time) {
    return then(Json.object().put("delay-ms", Errors.required(time, "time").toMillis()));
  }

  /** Asks the client to send nothing for so long. */
  public static Fault throttle(Duration time) {
    return then(Json.object().put("throttle-ms", Errors.required(time, "time").toMillis()));
  }

  /** Answers with an HTTP status from 400 to 599; the request changes nothing. For a schema registry. */
  public static Fault status(int status) {
    return then(Json.object().put("status", status));
  }

  /** Strikes requests of this HTTP method, as {@code POST}. For a schema registry. */
  public Fault method(String method) {
    return with("method", new TextNode(Errors.required(method, "method")));
  }

  /** Strikes requests whose path begins so, as {@code /schemas/ids/}. For a schema registry. */
  public Fault path(String prefix) {
    return with("path", new TextNode(Errors.required(prefix, "prefix")));
  }

  /** Strikes requests of this API, as {@code Produce}. */
  public Fault api(String api) {
    return with("api", new TextNode(Errors.required(api, "api")));
  }

  /** Strikes requests about this topic. */
  public Fault topic(String topic) {
    return with("topic", new TextNode(Errors.required(topic, "topic")));
  }

  /** Strikes requests about this partition. */
  public Fault partition(int partition) {
    return with("partition", Json.of(partition, "partition"));
  }

  /** Strikes requests of clients with this id. */
  public Fault clientId(String clientId) {
    return with("client-id", new TextNode(Errors.required(clientId, "clientId")));
  }

  /** Strikes requests to this broker. */
  public Fault broker(int broker) {
    return with("broker", Json.of(broker, "broker"));
  }

  /** Strikes so often, and no more. */
  public Fault times(long times) {
    return with("times", Json.of(times, "times"));
  }

  /** Leaves out the first requests. */
  public Fault after(long requests) {
    return with("after", Json.of(requests, "after"));
  }

  /** Strikes with this probability, from 0 to 1, by the cluster's seed. */
  public Fault probability(double probability) {
    return with("probability", Json.of(probability, "probability"));
  }

  private Fault with(String key, JsonNode value) {
    ObjectNode copy = document.deepCopy();
    copy.set(key, value);
    return new Fault(copy);
  }

  JsonNode document() {
    return document;
  }

  @Override
  public String toString() {
    return "Fault" + document;
  }
}
