package io.testprobe;

import static io.testprobe.Support.LONG;
import static io.testprobe.Support.NEVER;
import static io.testprobe.Support.SHORT;
import static io.testprobe.Support.both;
import static io.testprobe.Support.until;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Futures, waiters, interrupts and closing. */
@Timeout(120)
class WaitingTest {
  private final String topic = Support.freshTopic();
  private Probe probe;
  private ProbeSession session;

  @BeforeEach
  void open() {
    probe = Probe.embedded();
    session = probe.openSession(both(topic));
  }

  @AfterEach
  void close() {
    session.close();
    probe.close();
  }

  private static ErrorCode codeOf(CompletableFuture<?> future) {
    ExecutionException error =
        assertThrows(ExecutionException.class, () -> future.get(LONG.toSeconds(), TimeUnit.SECONDS));
    return assertInstanceOf(ProbeFailure.class, error.getCause()).code();
  }

  private CompletableFuture<ReceivedEvent> waiter() {
    return session.expectEventAsync(topic, Match.type(NEVER), LONG);
  }

  @Test
  void every_verb_has_a_twin_that_returns_a_future() throws Exception {
    String more = Support.freshTopic();
    ProbeSession other = probe.openSessionAsync(both(more)).get();
    assertEquals("e", other.produceEventAsync(more, Event.of("T").id("e")).get().id());
    assertTrue(other.tryProduceEventAsync(more, Event.of("T")).get().acknowledged());
    assertEquals("e", other.expectEventAsync(more, Match.id("e").own(true)).get().id());
    Mark mark = other.markAsync().get();
    assertTrue(other.expectNoneAsync(more, Match.any().after(mark), SHORT).get().events().isEmpty());
    assertEquals("e", other.receiveEventAsync(more).get().id());
    assertEquals(1, other.receiveNAsync(more, 1).get().size());
    assertTrue(other.fetchConsumedEventAsync(more, "e").get().found());
    assertEquals(1, other.fetchConsumedEventsAsync(more, "e").get().size());
    assertEquals(2, other.journalAsync(more).get().size());
    assertEquals(2, other.coverageAsync(more).get().partitions().get(0).to());
    other.addTopicsAsync(both(Support.freshTopic())).get();
    assertEquals(1, other.expectExactlyAsync(more, 1, Match.id("e"), SHORT).get().events().size());
    assertEquals(1, other.expectAllOfAsync(more, List.of(Match.id("e")), Order.IN_ORDER).get().events().size());
    assertEquals("e", other.fishForEventAsync(more, event -> Fish.COMPLETE).get().id());
    assertSame(ErrorCode.EXPECTATION_TIMEOUT, codeOf(other.expectGroupCaughtUpAsync("billing", more, SHORT)));
    assertSame(ErrorCode.EXPECTATION_TIMEOUT, codeOf(other.expectEventAsync(more, Match.type(NEVER), SHORT)));
    other.closeAsync().get();
    assertSame(ErrorCode.SESSION_CLOSED, codeOf(other.markAsync()));
  }

  @Test
  void closing_a_probe_wakes_ten_thousand_waiters_exactly_once() {
    AtomicInteger completions = new AtomicInteger();
    List<CompletableFuture<ReceivedEvent>> waiters = new ArrayList<>();
    for (int number = 0; number < 10_000; number++) {
      CompletableFuture<ReceivedEvent> waiter = waiter();
      waiter.whenComplete((event, error) -> completions.incrementAndGet());
      waiters.add(waiter);
    }
    assertEquals(10_000, probe.completions().waiting());
    probe.close();
    for (CompletableFuture<ReceivedEvent> waiter : waiters) {
      assertSame(ErrorCode.SHUTTING_DOWN, codeOf(waiter));
    }
    until("a completion of each", () -> completions.get() == 10_000);
    assertEquals(0, probe.completions().waiting());
  }

  @Test
  void ten_thousand_waiters_get_their_events() {
    List<CompletableFuture<ReceivedEvent>> waiters = IntStream.range(0, 10_000)
        .mapToObj(n -> session.expectEventAsync(topic, Match.type("Last").own(true), LONG)).toList();
    session.produceEvent(topic, Event.of("Last").id("last"));
    for (CompletableFuture<ReceivedEvent> waiter : waiters) {
      assertEquals("last", waiter.join().id());
    }
  }

  @Test
  void closing_a_session_wakes_its_waiters_and_no_others() throws Exception {
    String theirs = Support.freshTopic();
    try (ProbeSession other = probe.openSession(both(theirs))) {
      List<CompletableFuture<ReceivedEvent>> waiters = IntStream.range(0, 10).mapToObj(n -> waiter()).toList();
      CompletableFuture<ReceivedEvent> stays = other.expectEventAsync(theirs, Match.id("e").own(true), LONG);
      session.close();
      for (CompletableFuture<ReceivedEvent> waiter : waiters) {
        assertSame(ErrorCode.SESSION_CLOSED, codeOf(waiter));
      }
      other.produceEvent(theirs, Event.of("T").id("e"));
      assertEquals("e", stays.get().id());
    }
  }

  @Test
  void cancelling_a_future_cancels_the_work() {
    CompletableFuture<ReceivedEvent> waiter = waiter();
    assertTrue(waiter.cancel(true));
    assertThrows(CancellationException.class, waiter::join);
    until("the end of the operation", () -> probe.completions().waiting() == 0);
    CompletableFuture<ReceivedEvent> late = waiter().orTimeout(10, TimeUnit.MILLISECONDS);
    assertInstanceOf(TimeoutException.class, assertThrows(CompletionException.class, late::join).getCause());
    until("the end of the operation", () -> probe.completions().waiting() == 0);
  }

  @Test
  void a_session_that_nobody_waits_for_any_more_is_closed() {
    String id = "cancelled-" + topic;
    for (int round = 0; round < 50; round++) {
      CompletableFuture<ProbeSession> opening = probe.openSessionAsync(both(topic), id);
      if (!opening.cancel(true) && !opening.isCompletedExceptionally()) {
        opening.join().close();
      }
      until("the end of the operation", () -> probe.completions().waiting() == 0);
    }
    // The id is free again once whatever was opened is closed.
    AtomicReference<ProbeSession> opened = new AtomicReference<>();
    until("a free test id", () -> {
      try {
        opened.set(probe.openSession(both(topic), id));
        return true;
      } catch (UsageException inUse) {
        return false;
      }
    });
    opened.get().close();
  }

  @Test
  void an_interrupt_ends_a_blocking_verb_within_200_ms() throws Exception {
    AtomicReference<Throwable> thrown = new AtomicReference<>();
    AtomicReference<Boolean> stays = new AtomicReference<>();
    Thread thread = new Thread(() -> {
      try {
        session.expectEvent(topic, Match.type(NEVER), LONG);
      } catch (ProbeException error) {
        thrown.set(error);
        stays.set(Thread.currentThread().isInterrupted());
      }
    });
    thread.start();
    until("a waiter", () -> probe.completions().waiting() == 1 && thread.getState() != Thread.State.RUNNABLE);
    long begin = System.nanoTime();
    thread.interrupt();
    thread.join();
    Duration took = Duration.ofNanos(System.nanoTime() - begin);
    assertSame(ErrorCode.CANCELLED, assertInstanceOf(LifecycleException.class, thrown.get()).code());
    assertTrue(stays.get(), "the interrupt was lost");
    // 200 ms where a processor is free at once; this machine may be busy.
    assertTrue(took.compareTo(Duration.ofSeconds(2)) < 0, took::toString);
    until("the end of the operation", () -> probe.completions().waiting() == 0);
  }

  @Test
  void an_interrupted_thread_still_closes_its_session() {
    Thread.currentThread().interrupt();
    try {
      session.close();
      assertTrue(Thread.currentThread().isInterrupted());
    } finally {
      Thread.interrupted();
    }
    assertSame(ErrorCode.SESSION_CLOSED, assertThrows(UsageException.class, session::mark).code());
  }

  @Test
  void a_continuation_may_block_and_call_verbs() {
    List<CompletableFuture<Integer>> chained = new ArrayList<>();
    for (int number = 0; number < 200; number++) {
      String id = "chained-" + number;
      chained.add(session.produceEventAsync(topic, Event.of("T").id(id)).thenApply(ack -> {
        // A verb that waits, and the future of another one: on whichever thread completed the first.
        session.expectEvent(topic, Match.id(id).own(true), LONG);
        return session.fetchConsumedEventsAsync(topic, id).join().size();
      }));
    }
    for (CompletableFuture<Integer> one : chained) {
      assertEquals(1, one.join());
    }
  }

  @Test
  void futures_are_completed_on_daemon_threads_and_never_on_the_draining_one() {
    AtomicReference<Thread> completing = new AtomicReference<>();
    waiter().whenComplete((event, error) -> completing.set(Thread.currentThread())).isDone();
    session.close();
    until("a completion", () -> completing.get() != null);
    assertTrue(completing.get().isDaemon());
    assertTrue(!completing.get().getName().equals("test-probe-completions"));
  }

  @Test
  void the_threads_of_a_probe_end_with_it() {
    Probe brief = Probe.embedded();
    brief.close();
    // Those of this class's own probe, and the shared one, stay.
    until("the end of its thread", () -> Thread.getAllStackTraces().keySet().stream()
        .filter(thread -> thread.getName().equals("test-probe-completions")).count() <= 2);
  }
}
