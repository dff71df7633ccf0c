package io.testprobe;

import java.util.UUID;
import java.util.concurrent.CompletableFuture;

/**
 * The static DSL: verbs by test id, for step libraries that have nothing else.
 *
 * <p>Every method throws {@link DslNotInitializedException} before a probe is registered and after it was closed, and
 * {@link ActorNotRegisteredException} for a test id, topic and role that no open session has: at once, also those that
 * return a future.
 */
public final class ProbeJavaDsl {
  /** Guards the probe together with what the engine has registered. */
  private static final Object LOCK = new Object();

  private static Probe registered;

  private ProbeJavaDsl() {}

  /** Registers the probe that the DSL means; it replaces another one. */
  public static void registerSystem(Probe probe) {
    Errors.required(probe, "probe");
    synchronized (LOCK) {
      Native.registerSystem(probe.handle());
      registered = probe;
    }
  }

  /** Produces an event as a test. */
  public static CompletableFuture<ProduceResult> produceEvent(String testId, String topic, Event event) {
    return submit(testId, topic, true, Call.tryProduceEvent(topic, event, null));
  }

  /** Produces an event as a test. */
  public static CompletableFuture<ProduceResult> produceEvent(UUID testId, String topic, Event event) {
    return produceEvent(testId.toString(), topic, event);
  }

  /** Produces an event as a test, and waits for what becomes of it. */
  public static ProduceResult produceEventBlocking(String testId, String topic, Event event) {
    return await(testId, topic, true, Call.tryProduceEvent(topic, event, null));
  }

  /** Produces an event as a test, and waits for what becomes of it. */
  public static ProduceResult produceEventBlocking(UUID testId, String topic, Event event) {
    return produceEventBlocking(testId.toString(), topic, event);
  }

  /** Returns a test's first consumed event of an id, or why there is none, at once. */
  public static CompletableFuture<ConsumedResult> fetchConsumedEvent(
      String testId, String topic, String eventTestId) {
    return submit(testId, topic, false, Call.fetchConsumedEvent(topic, eventTestId));
  }

  /** Returns a test's first consumed event of an id, or why there is none, at once. */
  public static CompletableFuture<ConsumedResult> fetchConsumedEvent(UUID testId, String topic, String eventTestId) {
    return fetchConsumedEvent(testId.toString(), topic, eventTestId);
  }

  /** Returns a test's first consumed event of an id, or why there is none, at once. */
  public static ConsumedResult fetchConsumedEventBlocking(String testId, String topic, String eventTestId) {
    return await(testId, topic, false, Call.fetchConsumedEvent(topic, eventTestId));
  }

  /** Returns a test's first consumed event of an id, or why there is none, at once. */
  public static ConsumedResult fetchConsumedEventBlocking(UUID testId, String topic, String eventTestId) {
    return fetchConsumedEventBlocking(testId.toString(), topic, eventTestId);
  }

  /** A session that was found, for one call. */
  private record Found(Probe probe, long session) implements AutoCloseable {
    <T> Completions.Start start(Call<T> call) {
      return () -> Native.run(
          probe.handle(), session, call.document(), call.key(), call.value(), call.headers());
    }

    @Override
    public void close() {
      Native.release(session);
    }
  }

  private static Found find(String testId, String topic, boolean producing) {
    NativeLibrary.load();
    byte[] id = Json.utf8(Errors.required(testId, "testId"));
    synchronized (LOCK) {
      return new Found(registered, Native.findSession(id, Json.utf8(topic), producing));
    }
  }

  private static <T> T await(String testId, String topic, boolean producing, Call<T> call) {
    try (Found found = find(testId, topic, producing)) {
      return found.probe.completions().await(found.start(call), completion -> call.read().apply(completion.outcome()));
    }
  }

  private static <T> CompletableFuture<T> submit(String testId, String topic, boolean producing, Call<T> call) {
    try (Found found = find(testId, topic, producing)) {
      return found.probe.completions().submit(found.start(call), completion -> call.read().apply(completion.outcome()));
    }
  }
}
