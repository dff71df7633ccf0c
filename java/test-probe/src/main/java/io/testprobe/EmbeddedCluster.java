package io.testprobe;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;

/** A Kafka in this process, which fails on purpose when it is asked to. Any method from any thread. */
public final class EmbeddedCluster {
  private final Probe probe;
  private final String name;

  EmbeddedCluster(Probe probe, String name) {
    this.probe = probe;
    this.name = name;
  }

  /**
   * One broker.
   *
   * @param id its id
   * @param address host and port of its first listener
   * @param up whether it runs
   */
  public record Broker(int id, String address, boolean up) {}

  /**
   * One request as a broker saw it.
   *
   * @param at when it came
   * @param broker the id of the broker
   * @param api the API, as {@code Produce}
   * @param version its version
   * @param clientId the client's id
   * @param peer the client's address
   * @param topics the topics that it is about
   * @param outcome {@code waiting}, {@code answered}, {@code faulted}, {@code closed}, or the name of the error
   * @param took from its arrival to its answer, or null while it waits
   */
  public record RequestSeen(Instant at, int broker, String api, int version, String clientId, String peer,
      List<String> topics, String outcome, Duration took) {
    private static RequestSeen of(JsonNode seen) {
      List<String> topics = new ArrayList<>();
      seen.path("topics").forEach(topic -> topics.add(topic.textValue()));
      JsonNode outcome = seen.path("outcome");
      JsonNode took = seen.path("took-us");
      return new RequestSeen(Instant.ofEpochMilli(seen.path("at-ms").longValue()), seen.path("broker").intValue(),
          Json.text(seen, "api"), seen.path("version").intValue(), Json.text(seen, "client-id"),
          Json.text(seen, "peer"), List.copyOf(topics),
          outcome.isTextual() ? outcome.textValue() : Json.text(outcome, "error"),
          took.isNumber() ? Duration.ofNanos(took.longValue() * 1000) : null);
    }
  }

  /** Makes requests fail; returns the id of the fault. INVALID_ARGUMENT names the place of what cannot be. */
  public long inject(Fault fault) {
    ObjectNode command = command("inject");
    command.set("fault", Errors.required(fault, "fault").document());
    return control(command).path("id").longValue();
  }

  /** Ends a fault; returns whether it could still strike. */
  public boolean clear(long fault) {
    return control(command("clear").put("id", fault)).path("cleared").booleanValue();
  }

  /** Ends every fault; returns whether one could still strike. */
  public boolean clear() {
    return control(command("clear")).path("cleared").booleanValue();
  }

  /** Returns what the brokers were asked, in its order. */
  public List<RequestSeen> requests() {
    return requests(command("requests"));
  }

  /** Returns the requests of one API, as {@code Produce}, in their order. */
  public List<RequestSeen> requests(String api) {
    return requests(command("requests").put("api", Errors.required(api, "api")));
  }

  private List<RequestSeen> requests(ObjectNode command) {
    List<RequestSeen> requests = new ArrayList<>();
    control(command).path("requests").forEach(seen -> requests.add(RequestSeen.of(seen)));
    return List.copyOf(requests);
  }

  /** Stops a broker as if it had died; what it led is led by others, if there are replicas. */
  public void stopBroker(int broker) {
    control(command("stop-broker").put("broker", broker));
  }

  /** Starts a broker that was stopped, where it was. */
  public void startBroker(int broker) {
    control(command("start-broker").put("broker", broker));
  }

  /** Makes another replica the leader of a partition, in a new leader epoch. */
  public void moveLeader(String topic, int partition, int broker) {
    control(command("move-leader").put("topic", Errors.required(topic, "topic")).put("partition", partition)
        .put("broker", broker));
  }

  /** Returns the brokers, in the order of their ids. */
  public List<Broker> brokers() {
    List<Broker> brokers = new ArrayList<>();
    for (JsonNode broker : control(command("brokers")).path("brokers")) {
      brokers.add(
          new Broker(broker.path("id").intValue(), Json.text(broker, "address"), broker.path("up").booleanValue()));
    }
    return List.copyOf(brokers);
  }

  private static ObjectNode command(String what) {
    return Json.object().put("do", what);
  }

  private JsonNode control(ObjectNode command) {
    return Json.read(Native.embeddedControl(probe.handle(), Json.utf8(name), Json.bytes(command)));
  }

  @Override
  public String toString() {
    return "EmbeddedCluster[" + name + "]";
  }
}
