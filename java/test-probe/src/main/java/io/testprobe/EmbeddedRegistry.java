package io.testprobe;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;

/** A schema registry in this process, which fails on purpose when it is asked to. Any method from any thread. */
public final class EmbeddedRegistry {
  private final Probe probe;
  private final String cluster;

  EmbeddedRegistry(Probe probe, String cluster) {
    this.probe = probe;
    this.cluster = cluster;
  }

  /**
   * One request as the registry saw it.
   *
   * @param at when it came
   * @param method its method, as {@code GET}
   * @param path its path with the query
   * @param client what the client calls itself
   * @param status the HTTP status of the answer, or null while there is none, or when a fault kept it back
   * @param faulted whether a fault struck it
   */
  public record RequestSeen(Instant at, String method, String path, String client, Integer status, boolean faulted) {
    private static RequestSeen of(JsonNode seen) {
      JsonNode status = seen.path("status");
      return new RequestSeen(Instant.ofEpochMilli(seen.path("at-ms").longValue()), Json.text(seen, "method"),
          Json.text(seen, "path"), Json.text(seen, "client"), status.isNumber() ? status.intValue() : null,
          seen.path("faulted").booleanValue());
    }
  }

  /** Returns its URL, as clients take it in {@code schema.registry.url}. */
  public String url() {
    return probe.cluster(cluster).schemaRegistryUrl();
  }

  /** Makes requests fail; returns the id of the fault. INVALID_ARGUMENT names the place of what cannot be. */
  public long inject(Fault fault) {
    return control("inject", Errors.required(fault, "fault").document()).path("id").longValue();
  }

  /** Ends a fault; returns whether it could still strike. */
  public boolean clear(long fault) {
    return control("clear", Json.object().put("id", fault)).path("cleared").booleanValue();
  }

  /** Ends every fault. */
  public void clear() {
    control("clear", Json.object());
  }

  /** Returns what the registry was asked, in its order. */
  public List<RequestSeen> requests() {
    return requests(Json.object());
  }

  /** Returns the requests of a method whose path begins so, in their order. */
  public List<RequestSeen> requests(String method, String path) {
    return requests(
        Json.object().put("method", Errors.required(method, "method")).put("path", Errors.required(path, "path")));
  }

  private List<RequestSeen> requests(ObjectNode filters) {
    List<RequestSeen> requests = new ArrayList<>();
    control("requests", filters).path("requests").forEach(seen -> requests.add(RequestSeen.of(seen)));
    return List.copyOf(requests);
  }

  /** Forgets what the registry was asked. */
  public void forgetRequests() {
    control("forget-requests", Json.object());
  }

  /** Fails unless it is one of this process. */
  EmbeddedRegistry checked() {
    control("faults", Json.object());
    return this;
  }

  private JsonNode control(String what, JsonNode more) {
    ObjectNode command = Json.object().put("do", what);
    command.set("registry", more);
    return Json.read(Native.embeddedControl(probe.handle(), Json.utf8(cluster), Json.bytes(command)));
  }

  @Override
  public String toString() {
    return "EmbeddedRegistry[" + cluster + "]";
  }
}
