package io.testprobe;

import com.fasterxml.jackson.databind.JsonNode;
import java.lang.ref.Reference;
import java.time.Duration;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.function.Function;
import java.util.function.Supplier;

/**
 * One test as the engine knows it: its test id, its topics, its journal, its verbs. Any method from any thread.
 *
 * <p>A verb waits in Java, and an interrupt ends it with CANCELLED. Its twin {@code ...Async} returns a future that is
 * completed on a pool of daemon threads; cancelling the future cancels the work. A verb whose time is left out takes
 * the configured one.
 */
public final class ProbeSession implements AutoCloseable {
  private final Probe probe;
  private final long handle;
  private final String testId;
  private final Map<String, String> traceHeaders;
  private final Leaks.Watch watch;

  ProbeSession(Probe probe, Completion.Opened opened) {
    this.probe = probe;
    this.handle = opened.handle();
    this.testId = Json.text(opened.about(), "testId");
    Map<String, String> headers = new LinkedHashMap<>();
    for (Map.Entry<String, JsonNode> header : opened.about().path("traceHeaders").properties()) {
      headers.put(header.getKey(), header.getValue().textValue());
    }
    this.traceHeaders = Collections.unmodifiableMap(headers);
    Leaks.Watch ofProbe = probe.watch();
    this.watch = Leaks.watch(this, "session `" + testId + "`", handle, ofProbe::isClosed);
  }

  /** Returns the test id. */
  public String testId() {
    return testId;
  }

  /** Returns the probe. */
  public Probe probe() {
    return probe;
  }

  /** Returns the headers of a trigger outside Kafka, as a REST call, by which a service can carry the test on. */
  public Map<String, String> traceHeaders() {
    return traceHeaders;
  }

  /**
   * Produces an event and returns the broker's acknowledgement, or throws the typed error. Order per topic is the
   * order of the calls.
   */
  public ProducedAck produceEvent(String topic, Event event) {
    return run(Call.produceEvent(topic, event, null));
  }

  /** Does what {@link #produceEvent(String, Event)} does, bounded by a time. */
  public ProducedAck produceEvent(String topic, Event event, Duration timeout) {
    return run(Call.produceEvent(topic, event, timeout));
  }

  /** Does what {@link #produceEvent(String, Event)} does. */
  public CompletableFuture<ProducedAck> produceEventAsync(String topic, Event event) {
    return submit(() -> Call.produceEvent(topic, event, null));
  }

  /** Does what {@link #produceEvent(String, Event, Duration)} does. */
  public CompletableFuture<ProducedAck> produceEventAsync(String topic, Event event, Duration timeout) {
    return submit(() -> Call.produceEvent(topic, event, timeout));
  }

  /**
   * Produces an event and returns the acknowledgement, or a {@link ProducedNack} with what Kafka, the schema or the
   * clock said.
   */
  public ProduceResult tryProduceEvent(String topic, Event event) {
    return run(Call.tryProduceEvent(topic, event, null));
  }

  /** Does what {@link #tryProduceEvent(String, Event)} does, bounded by a time. */
  public ProduceResult tryProduceEvent(String topic, Event event, Duration timeout) {
    return run(Call.tryProduceEvent(topic, event, timeout));
  }

  /** Does what {@link #tryProduceEvent(String, Event)} does. */
  public CompletableFuture<ProduceResult> tryProduceEventAsync(String topic, Event event) {
    return submit(() -> Call.tryProduceEvent(topic, event, null));
  }

  /** Does what {@link #tryProduceEvent(String, Event, Duration)} does. */
  public CompletableFuture<ProduceResult> tryProduceEventAsync(String topic, Event event, Duration timeout) {
    return submit(() -> Call.tryProduceEvent(topic, event, timeout));
  }

  /** Returns the first consumed event of an id, or why there is none: at once, repeatable, never destructive. */
  public ConsumedResult fetchConsumedEvent(String topic, String eventTestId) {
    return run(Call.fetchConsumedEvent(topic, eventTestId));
  }

  /** Does what {@link #fetchConsumedEvent(String, String)} does. */
  public CompletableFuture<ConsumedResult> fetchConsumedEventAsync(String topic, String eventTestId) {
    return submit(() -> Call.fetchConsumedEvent(topic, eventTestId));
  }

  /** Returns every consumed event of an id in the order of the journal, at once. */
  public List<ReceivedEvent> fetchConsumedEvents(String topic, String eventTestId) {
    return run(Call.fetchConsumedEvents(topic, eventTestId));
  }

  /** Does what {@link #fetchConsumedEvents(String, String)} does. */
  public CompletableFuture<List<ReceivedEvent>> fetchConsumedEventsAsync(String topic, String eventTestId) {
    return submit(() -> Call.fetchConsumedEvents(topic, eventTestId));
  }

  /**
   * Waits for one event that matches, and returns it. Throws {@link ExpectationFailed} when it provably did not come,
   * {@link InconclusiveException} when that is not known.
   */
  public ReceivedEvent expectEvent(String topic, Match match) {
    return run(Call.expectEvent(topic, match, null));
  }

  /** Does what {@link #expectEvent(String, Match)} does, within a time. */
  public ReceivedEvent expectEvent(String topic, Match match, Duration within) {
    return run(Call.expectEvent(topic, match, within));
  }

  /** Does what {@link #expectEvent(String, Match)} does. */
  public CompletableFuture<ReceivedEvent> expectEventAsync(String topic, Match match) {
    return submit(() -> Call.expectEvent(topic, match, null));
  }

  /** Does what {@link #expectEvent(String, Match, Duration)} does. */
  public CompletableFuture<ReceivedEvent> expectEventAsync(String topic, Match match, Duration within) {
    return submit(() -> Call.expectEvent(topic, match, within));
  }

  /**
   * Proves that no event matches, and returns the proof. Looks at every record of the test, also at those that
   * eventFilters hide, to the end of the log as it is when the time is over.
   */
  public Verdict expectNone(String topic, Match match, Duration within) {
    return run(Call.expectNone(topic, match, within));
  }

  /** Does what {@link #expectNone(String, Match, Duration)} does. */
  public CompletableFuture<Verdict> expectNoneAsync(String topic, Match match, Duration within) {
    return submit(() -> Call.expectNone(topic, match, within));
  }

  /**
   * Proves that n events match and not one more, and returns the proof. Fails at once with the first one too many, and
   * passes only when the time is over. Looks, as {@link #expectNone} does, also at what eventFilters hide.
   */
  public Verdict expectExactly(String topic, int n, Match match, Duration within) {
    return run(Call.expectExactly(topic, n, match, within));
  }

  /** Does what {@link #expectExactly(String, int, Match, Duration)} does. */
  public CompletableFuture<Verdict> expectExactlyAsync(String topic, int n, Match match, Duration within) {
    return submit(() -> Call.expectExactly(topic, n, match, within));
  }

  /**
   * Waits for an event of its own for each match, on the topic or on the one that the match names. The events of the
   * verdict are in the order of the matches.
   */
  public Verdict expectAllOf(String topic, List<Match> matches, Order order) {
    return run(Call.expectAllOf(topic, matches, order, null));
  }

  /** Does what {@link #expectAllOf(String, List, Order)} does, within a time. */
  public Verdict expectAllOf(String topic, List<Match> matches, Order order, Duration within) {
    return run(Call.expectAllOf(topic, matches, order, within));
  }

  /** Does what {@link #expectAllOf(String, List, Order)} does. */
  public CompletableFuture<Verdict> expectAllOfAsync(String topic, List<Match> matches, Order order) {
    return submit(() -> Call.expectAllOf(topic, matches, order, null));
  }

  /** Does what {@link #expectAllOf(String, List, Order, Duration)} does. */
  public CompletableFuture<Verdict> expectAllOfAsync(String topic, List<Match> matches, Order order, Duration within) {
    return submit(() -> Call.expectAllOf(topic, matches, order, within));
  }

  /** Returns the next event of the journal; each is handed out once. */
  public ReceivedEvent receiveEvent(String topic) {
    return run(Call.receiveEvent(topic, null));
  }

  /** Does what {@link #receiveEvent(String)} does, within a time. */
  public ReceivedEvent receiveEvent(String topic, Duration within) {
    return run(Call.receiveEvent(topic, within));
  }

  /** Does what {@link #receiveEvent(String)} does. */
  public CompletableFuture<ReceivedEvent> receiveEventAsync(String topic) {
    return submit(() -> Call.receiveEvent(topic, null));
  }

  /** Does what {@link #receiveEvent(String, Duration)} does. */
  public CompletableFuture<ReceivedEvent> receiveEventAsync(String topic, Duration within) {
    return submit(() -> Call.receiveEvent(topic, within));
  }

  /** Returns the next n events of the journal, all or none; each is handed out once. */
  public List<ReceivedEvent> receiveN(String topic, int n) {
    return run(Call.receiveN(topic, n, null));
  }

  /** Does what {@link #receiveN(String, int)} does, within a time. */
  public List<ReceivedEvent> receiveN(String topic, int n, Duration within) {
    return run(Call.receiveN(topic, n, within));
  }

  /** Does what {@link #receiveN(String, int)} does. */
  public CompletableFuture<List<ReceivedEvent>> receiveNAsync(String topic, int n) {
    return submit(() -> Call.receiveN(topic, n, null));
  }

  /** Does what {@link #receiveN(String, int, Duration)} does. */
  public CompletableFuture<List<ReceivedEvent>> receiveNAsync(String topic, int n, Duration within) {
    return submit(() -> Call.receiveN(topic, n, within));
  }

  /**
   * Shows one event after the other to a function until it completes with one, and returns that one; what it collected
   * before is in {@link ReceivedEvent#verdict}. The function runs in the thread that waits, and what it throws is
   * thrown; that of a twin runs on the pool that completes futures.
   */
  public ReceivedEvent fishForEvent(String topic, Function<ReceivedEvent, Fish> function) {
    return run(Call.fishForEvent(topic, function, Match.any(), null));
  }

  /** Does what {@link #fishForEvent(String, Function)} does, within a time. */
  public ReceivedEvent fishForEvent(String topic, Function<ReceivedEvent, Fish> function, Duration within) {
    return run(Call.fishForEvent(topic, function, Match.any(), within));
  }

  /** Does what {@link #fishForEvent(String, Function)} does, within a time and of the events that match alone. */
  public ReceivedEvent fishForEvent(
      String topic, Function<ReceivedEvent, Fish> function, Match match, Duration within) {
    return run(Call.fishForEvent(topic, function, match, within));
  }

  /** Does what {@link #fishForEvent(String, Function)} does. */
  public CompletableFuture<ReceivedEvent> fishForEventAsync(String topic, Function<ReceivedEvent, Fish> function) {
    return submit(() -> Call.fishForEvent(topic, function, Match.any(), null));
  }

  /** Does what {@link #fishForEvent(String, Function, Duration)} does. */
  public CompletableFuture<ReceivedEvent> fishForEventAsync(
      String topic, Function<ReceivedEvent, Fish> function, Duration within) {
    return submit(() -> Call.fishForEvent(topic, function, Match.any(), within));
  }

  /** Does what {@link #fishForEvent(String, Function, Match, Duration)} does. */
  public CompletableFuture<ReceivedEvent> fishForEventAsync(
      String topic, Function<ReceivedEvent, Fish> function, Match match, Duration within) {
    return submit(() -> Call.fishForEvent(topic, function, match, within));
  }

  /**
   * Waits until a consumer group has committed, for every partition, the end that it has now, or more. The end is the
   * high watermark, from which tools compute lag; a partition without a commit must hold no record.
   */
  public void expectGroupCaughtUp(String group, String topic) {
    run(Call.expectGroupCaughtUp(group, topic, null));
  }

  /** Does what {@link #expectGroupCaughtUp(String, String)} does, within a time. */
  public void expectGroupCaughtUp(String group, String topic, Duration within) {
    run(Call.expectGroupCaughtUp(group, topic, within));
  }

  /** Does what {@link #expectGroupCaughtUp(String, String)} does. */
  public CompletableFuture<Void> expectGroupCaughtUpAsync(String group, String topic) {
    return submit(() -> Call.expectGroupCaughtUp(group, topic, null));
  }

  /** Does what {@link #expectGroupCaughtUp(String, String, Duration)} does. */
  public CompletableFuture<Void> expectGroupCaughtUpAsync(String group, String topic, Duration within) {
    return submit(() -> Call.expectGroupCaughtUp(group, topic, within));
  }

  /** Returns a point in the log of every topic that the session consumes, for {@code Match.after}. */
  public Mark mark() {
    return run(Call.mark());
  }

  /** Does what {@link #mark()} does. */
  public CompletableFuture<Mark> markAsync() {
    return submit(() -> Call.mark());
  }

  /** Returns all that was kept of a topic, in order; what could not be decoded too, with its error. */
  public List<ReceivedEvent> journal(String topic) {
    return run(Call.journal(topic));
  }

  /** Does what {@link #journal(String)} does. */
  public CompletableFuture<List<ReceivedEvent>> journalAsync(String topic) {
    return submit(() -> Call.journal(topic));
  }

  /** Returns how far a topic was read. */
  public Coverage coverage(String topic) {
    return run(Call.coverage(topic));
  }

  /** Does what {@link #coverage(String)} does. */
  public CompletableFuture<Coverage> coverageAsync(String topic) {
    return submit(() -> Call.coverage(topic));
  }

  /** Looks at what the schemas of the session need before its first event. What fails is a finding. */
  public Preflight preflight() {
    return run(Call.preflight());
  }

  /** Does what {@link #preflight()} does. */
  public CompletableFuture<Preflight> preflightAsync() {
    return submit(() -> Call.preflight());
  }

  /** Adds topics to the session and returns when they are ready. */
  public void addTopics(Directives directives) {
    run(Call.addTopics(directives));
  }

  /** Does what {@link #addTopics(Directives)} does. */
  public CompletableFuture<Void> addTopicsAsync(Directives directives) {
    return submit(() -> Call.addTopics(directives));
  }

  /** Closes the session. Throws PRODUCE_FAILED when a produced event failed unseen. Twice does nothing. */
  @Override
  public void close() {
    if (watch.close() && !probe.isClosed()) {
      Call<Void> call = Call.close();
      probe.completions().awaitClose(start(call), reading(call));
      Reference.reachabilityFence(this);
    }
  }

  /** Does what {@link #close()} does. */
  public CompletableFuture<Void> closeAsync() {
    if (watch.close() && !probe.isClosed()) {
      return submit(Call::close);
    }
    return CompletableFuture.completedFuture(null);
  }

  /** Closes a session that nobody got. */
  void closeQuietly() {
    closeAsync().exceptionally(error -> null);
  }

  private <T> T run(Call<T> call) {
    Step<T> step = new Step<>(null, call);
    while (step.next() != null) {
      step = probe.completions().await(start(step.next()), stepping(step.next()));
    }
    // A session that is used is not gone.
    Reference.reachabilityFence(this);
    return step.result();
  }

  /** What a call came to: a result, or the call that must follow. */
  private record Step<T>(T result, Call<T> next) {}

  private static <T> Function<Completion, Step<T>> stepping(Call<T> call) {
    return completion -> {
      Completion.Outcome outcome = completion.outcome();
      Call<T> next = call.following(outcome);
      return next == null ? new Step<>(call.read().apply(outcome), null) : new Step<>(null, next);
    };
  }

  private <T> CompletableFuture<T> submit(Supplier<Call<T>> verb) {
    Call<T> call;
    try {
      call = verb.get();
    } catch (ProbeException refused) {
      return CompletableFuture.failedFuture(refused);
    }
    if (call.again() == null) {
      return probe.completions().submit(start(call), reading(call));
    }
    CompletableFuture<T> future = new CompletableFuture<>();
    step(call, future);
    return future;
  }

  /** Makes one call of several; whoever completes the future earlier, by cancelling it too, cancels the work. */
  private <T> void step(Call<T> call, CompletableFuture<T> future) {
    CompletableFuture<Step<T>> running = probe.completions().submit(start(call), stepping(call));
    future.whenComplete((result, error) -> running.cancel(false));
    running.whenComplete((step, error) -> {
      if (error != null) {
        future.completeExceptionally(error);
      } else if (step.next() == null) {
        future.complete(step.result());
      } else if (!future.isDone()) {
        step(step.next(), future);
      }
    });
  }

  long handle() {
    return handle;
  }

  Completions.Start start(Call<?> call) {
    return () -> Native.run(probe.handle(), handle, call.document(), call.key(), call.value(), call.headers());
  }

  private static <T> Function<Completion, T> reading(Call<T> call) {
    return completion -> call.read().apply(completion.outcome());
  }

  @Override
  public String toString() {
    return "ProbeSession[" + testId + "]";
  }
}
