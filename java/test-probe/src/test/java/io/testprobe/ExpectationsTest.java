package io.testprobe;

import static io.testprobe.Support.LONG;
import static io.testprobe.Support.SHORT;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.function.Function;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;

/** Exactly, all of, fishing and catching up. */
class ExpectationsTest {
  private String topic;
  private String other;
  private ProbeSession session;

  @BeforeEach
  void open() {
    topic = Support.freshTopic();
    other = topic + "-other";
    session = Support.probe().openSession(
        Directives.of(TopicDirective.both(topic).create(1), TopicDirective.both(other).create(1)));
  }

  @AfterEach
  void close() {
    session.close();
  }

  private void produce(String... types) {
    for (String type : types) {
      session.produceEvent(topic, Event.of(type));
    }
  }

  private static List<String> types(Verdict verdict) {
    return verdict.events().stream().map(ReceivedEvent::type).toList();
  }

  private static String failure(ErrorCode code, Executable verb) {
    ExpectationFailed failed = assertThrows(ExpectationFailed.class, verb);
    assertSame(code, failed.code());
    return failed.getMessage();
  }

  @Test
  void exactly_so_many_pass_and_one_more_or_fewer_fail() {
    produce("A", "B", "A");
    Verdict verdict = session.expectExactly(topic, 2, Match.type("A"), SHORT);
    assertEquals(List.of("A", "A"), types(verdict));
    assertEquals("SELF_MATCH", verdict.warnings().get(0).code());
    String more = failure(ErrorCode.WRONG_COUNT,
        () -> session.expectExactly(topic, 1, Match.type("A").hint("one parcel"), LONG));
    assertTrue(more.contains("one too many") && more.contains("one parcel"), more);
    failure(ErrorCode.WRONG_COUNT, () -> session.expectExactly(topic, 3, Match.type("A"), SHORT));
    Mark mark = session.mark();
    session.expectExactly(topic, 0, Match.type("A").after(mark), SHORT);
  }

  @Test
  void an_event_for_each_match_in_order_or_not_across_topics() {
    produce("B", "A");
    session.produceEvent(other, Event.of("C"));
    List<Match> matches = List.of(Match.type("A"), Match.type("B"), Match.type("C").topic(other));
    Verdict verdict = session.expectAllOf(topic, matches, Order.ANY_ORDER, LONG);
    assertEquals(List.of("A", "B", "C"), types(verdict));
    assertEquals(Set.of(other), verdict.otherTopics().keySet());
    session.expectAllOf(topic, List.of(Match.type("B"), Match.type("A")), Order.IN_ORDER, LONG);
    List<Match> inOrder = List.of(Match.type("A"), Match.type("B"));
    failure(ErrorCode.WRONG_ORDER, () -> session.expectAllOf(topic, inOrder, Order.IN_ORDER, SHORT));
    List<Match> twice = List.of(Match.type("A"), Match.type("A"));
    failure(ErrorCode.EXPECTATION_TIMEOUT, () -> session.expectAllOf(topic, twice, Order.ANY_ORDER, SHORT));
    UsageException none = assertThrows(UsageException.class,
        () -> session.expectAllOf(topic, List.of(), Order.ANY_ORDER, SHORT));
    assertSame(ErrorCode.INVALID_ARGUMENT, none.code());
  }

  @Test
  void a_function_fishes_in_the_thread_that_waits() {
    produce("A", "B", "A", "C", "D");
    Thread here = Thread.currentThread();
    List<String> seen = new ArrayList<>();
    ReceivedEvent caught = session.fishForEvent(topic, event -> {
      assertSame(here, Thread.currentThread());
      seen.add(event.type());
      return switch (event.type()) {
        case "A" -> Fish.COLLECT;
        case "C" -> Fish.COMPLETE;
        default -> Fish.IGNORE;
      };
    }, LONG);
    assertEquals("C", caught.type());
    assertEquals(List.of("A", "A", "C"), types(caught.verdict()));
    assertEquals(List.of("A", "B", "A", "C"), seen);
    ReceivedEvent next = session.fishForEvent(topic, event -> Fish.COMPLETE, Match.any().after(caught), LONG);
    assertEquals("D", next.type());
    assertNull(session.journal(topic).get(0).verdict());
  }

  @Test
  void a_function_fails_throws_and_answers_nothing() {
    produce("A", "B");
    Function<ReceivedEvent, Fish> refuse = event -> Fish.fail("sold twice");
    String text = failure(ErrorCode.UNEXPECTED_EVENT,
        () -> session.fishForEvent(topic, refuse, Match.type("B").hint("one sale"), LONG));
    assertTrue(text.contains("sold twice") && text.contains("one sale"), text);
    text = failure(ErrorCode.EXPECTATION_TIMEOUT, () -> session.fishForEvent(topic, event -> Fish.COLLECT, SHORT));
    assertTrue(text.contains("none of 2 events") && text.contains("collected: 2 events"), text);
    assertThrows(ArithmeticException.class, () -> session.fishForEvent(topic, event -> {
      throw new ArithmeticException("a mistake of the test");
    }));
    UsageException nothing = assertThrows(UsageException.class, () -> session.fishForEvent(topic, event -> null));
    assertSame(ErrorCode.INVALID_ARGUMENT, nothing.code());
    assertEquals("A", session.fishForEvent(topic, event -> Fish.COMPLETE, LONG).type());
  }

  @Test
  void a_future_of_fishing_goes_on_fails_and_is_cancelled() throws Exception {
    produce("A");
    CompletableFuture<ReceivedEvent> fishing = session.fishForEventAsync(
        topic, event -> event.type().equals("B") ? Fish.COMPLETE : Fish.IGNORE, LONG);
    produce("B");
    assertEquals("B", fishing.get().type());
    CompletableFuture<ReceivedEvent> mistaken = session.fishForEventAsync(topic, event -> {
      throw new ArithmeticException("a mistake of the test");
    }, LONG);
    assertSame(ArithmeticException.class,
        assertThrows(ExecutionException.class, mistaken::get).getCause().getClass());
    CompletableFuture<ReceivedEvent> endless = session.fishForEventAsync(topic, event -> Fish.IGNORE, LONG);
    endless.cancel(true);
    assertThrows(CancellationException.class, endless::get);
    Support.until("nothing is left of it", () -> Support.probe().completions().waiting() == 0);
  }

  @Test
  void a_group_that_has_committed_nothing_lags_unless_there_is_nothing() {
    session.expectGroupCaughtUp("billing", topic, LONG);
    produce("A", "B");
    String text = failure(ErrorCode.EXPECTATION_TIMEOUT, () -> session.expectGroupCaughtUp("billing", topic, SHORT));
    assertTrue(text.contains("lag 2: partition 0 committed nothing of 2"), text);
  }
}
