package io.testprobe;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.stream.Collectors;
import java.util.stream.StreamSupport;

/**
 * The engine: clusters, workers, sessions. Opened by {@link #embedded()}, {@link #open} or {@link #fromEnvironment},
 * and closed explicitly. Any method from any thread.
 *
 * <p>A probe that is not closed keeps no virtual machine from ending.
 */
public final class Probe implements AutoCloseable {
  private final long handle;
  private final Completions completions;
  private final Leaks.Watch watch;

  private Probe(Config config) {
    NativeLibrary.load();
    this.handle = Native.open(config.explicit(), config.file());
    this.completions = Completions.start(handle);
    this.watch = Leaks.watch(this, "a probe", handle, () -> false);
  }

  /** Starts a probe with a Kafka in this process, gone when the probe closes. */
  public static Probe embedded() {
    return new Probe(Config.embedded(null));
  }

  /** Starts a probe with a Kafka of several brokers in this process. */
  public static Probe embedded(int brokers) {
    return new Probe(Config.embedded(brokers));
  }

  /** Starts a probe. Nothing connects before a session asks for it. INVALID_CONFIG says all that is wrong. */
  public static Probe open(Config config) {
    return new Probe(Errors.required(config, "config"));
  }

  /**
   * Starts a probe as the file {@code test-probe.yaml} and the environment say; where neither does, at
   * {@code localhost:9092}.
   */
  public static Probe fromEnvironment() {
    return new Probe(Config.fromEnvironment());
  }

  /**
   * Starts the probe of a test run that names none, as libraries for test frameworks do: as the file says that the
   * system property {@link Config#FILE_PROPERTY} names; else as {@link #fromEnvironment()}, where a file or a variable
   * says anything; else on a Kafka in this process, which is logged.
   */
  public static Probe forTestRun() {
    String file = System.getProperty(Config.FILE_PROPERTY, "");
    if (!file.isEmpty()) {
      return open(Config.fromFile(Path.of(file)));
    }
    NativeLibrary.load();
    if (Native.isConfigured()) {
      return fromEnvironment();
    }
    Probe probe = embedded();
    Leaks.LOG.log(System.Logger.Level.INFO, "nothing was configured: this test run is on an embedded Kafka at "
        + probe.bootstrapServers());
    return probe;
  }

  /**
   * Opens a session under a fresh test id. Once this returns, every event that anybody produces is seen. Throws the
   * errors of the directives, of their clusters and topics; nothing stays open then.
   */
  public ProbeSession openSession(Directives directives) {
    return openSession(directives, null);
  }

  /** Opens a session under a test id that no other open session has: 1 to 128 visible ASCII characters. */
  public ProbeSession openSession(Directives directives, String testId) {
    byte[] opening = Errors.required(directives, "directives").opening(testId);
    return completions.await(() -> Native.openSession(handle, opening), this::session);
  }

  /** Does what {@link #openSession(Directives)} does. */
  public CompletableFuture<ProbeSession> openSessionAsync(Directives directives) {
    return openSessionAsync(directives, null);
  }

  /** Does what {@link #openSession(Directives, String)} does. */
  public CompletableFuture<ProbeSession> openSessionAsync(Directives directives, String testId) {
    byte[] opening = Errors.required(directives, "directives").opening(testId);
    return completions.submit(() -> Native.openSession(handle, opening), this::session);
  }

  private ProbeSession session(Completion completion) {
    return new ProbeSession(this, completion.opened());
  }

  /** Returns where a system under test connects: the default cluster's servers. */
  public String bootstrapServers() {
    return cluster("default").bootstrapServers();
  }

  /** Returns the default cluster's schema registry, or null. */
  public String schemaRegistryUrl() {
    return cluster("default").schemaRegistryUrl();
  }

  /**
   * Returns what the engine knows of itself, now; no secrets. {@code clusters} by name, with {@code schema_registry} once
   * it was asked ({@code circuit} is {@code closed}, {@code open} or {@code half-open}); {@code decode_errors} are
   * {@code {cluster, topic, error_type, count, first}}: how many records sessions could not read, and what was wrong with
   * the first of each kind; {@code sessions}, {@code topics}, {@code warnings}, {@code version}.
   */
  public Map<String, Object> info() {
    return Json.plainMap(about());
  }

  private JsonNode about() {
    return Json.read(Native.info(handle));
  }

  /** Returns where a named cluster is. UNKNOWN_CLUSTER when the configuration has none of this name. */
  public Cluster cluster(String name) {
    JsonNode clusters = about().path("clusters");
    JsonNode found = clusters.path(Errors.required(name, "name"));
    if (!found.isObject()) {
      Iterable<String> names = clusters::fieldNames;
      String known = StreamSupport.stream(names.spliterator(), false)
          .sorted().map(cluster -> "`" + cluster + "`").collect(Collectors.joining(", "));
      throw Errors.usage(ErrorCode.UNKNOWN_CLUSTER, "cluster `" + name + "` was not in the configuration",
          "known clusters: " + known);
    }
    return Cluster.of(name, found);
  }

  /** Returns the default cluster, to have it fail on purpose. UNKNOWN_CLUSTER unless it is one in this process. */
  public EmbeddedCluster embeddedCluster() {
    return embeddedCluster("default");
  }

  /** Returns a named cluster of this process, to have it fail on purpose. UNKNOWN_CLUSTER for any other. */
  public EmbeddedCluster embeddedCluster(String name) {
    EmbeddedCluster cluster = new EmbeddedCluster(this, Errors.required(name, "name"));
    cluster.brokers();
    return cluster;
  }

  /** Returns the default cluster's schema registry, to have it fail on purpose. UNKNOWN_CLUSTER for one elsewhere. */
  public EmbeddedRegistry embeddedRegistry() {
    return embeddedRegistry("default");
  }

  /** Returns a named cluster's schema registry, to have it fail on purpose. UNKNOWN_CLUSTER for one elsewhere. */
  public EmbeddedRegistry embeddedRegistry(String cluster) {
    return new EmbeddedRegistry(this, Errors.required(cluster, "cluster")).checked();
  }

  /** Returns the configured {@code dsl.ask-timeout}: how long a step waits for what it asks for without a time. */
  public Duration askTimeout() {
    return Words.time(about().path("ask_timeout_ms"));
  }

  /** Wakes every waiter with SHUTTING_DOWN and stops everything, in bounded time. Twice does nothing. */
  @Override
  public void close() {
    closeWithin(Double.NaN);
  }

  /** Does what {@link #close()} does, within a time. */
  public void close(Duration timeout) {
    closeWithin(Errors.required(timeout, "timeout").toNanos() / 1e6);
  }

  private void closeWithin(double millis) {
    if (watch.close()) {
      Native.close(handle, millis);
    }
  }

  boolean isClosed() {
    return watch.isClosed();
  }

  /** What sessions watch without keeping this alive. */
  Leaks.Watch watch() {
    return watch;
  }

  long handle() {
    return handle;
  }

  Completions completions() {
    return completions;
  }

  @Override
  public String toString() {
    return "Probe[" + (isClosed() ? "closed" : "open") + "]";
  }
}
