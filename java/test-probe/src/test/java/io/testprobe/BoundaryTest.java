package io.testprobe;

import static io.testprobe.Support.both;
import static io.testprobe.Support.until;
import static org.junit.jupiter.api.Assertions.assertDoesNotThrow;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.Closeable;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.logging.Handler;
import java.util.logging.LogRecord;
import java.util.logging.Logger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.function.Executable;

/** Handles, panics, threads, leaks: the rules of the boundary inside one virtual machine. */
@Timeout(120)
class BoundaryTest {
  private static final byte[] NOTHING = "{}".getBytes(java.nio.charset.StandardCharsets.UTF_8);

  /** Every native, called so that it does nothing. */
  private static Map<String, Executable> natives(long probe, long session) {
    Map<String, Executable> calls = new TreeMap<>();
    calls.put("about", Native::about);
    calls.put("open", () -> Native.open(NOTHING, Json.utf8("absent.yaml")));
    calls.put("info", () -> Native.info(probe));
    calls.put("close", () -> Native.close(probe, -1));
    calls.put("release", () -> Native.release(7));
    calls.put("openSession", () -> Native.openSession(probe, NOTHING));
    calls.put("run", () -> Native.run(probe, session, NOTHING, null, null, null));
    calls.put("cancel", () -> Native.cancel(probe, 0));
    calls.put("drain", () -> Native.drain(0));
    calls.put("validate", () -> Native.validate(NOTHING));
    calls.put("validateConfig", () -> Native.validateConfig(NOTHING, null, NOTHING, NOTHING));
    calls.put("embeddedControl", () -> Native.embeddedControl(probe, Json.utf8("default"), NOTHING));
    calls.put("isConfigured", () -> Native.isConfigured());
    calls.put("words", () -> Native.words(NOTHING));
    calls.put("trial", () -> Native.trial(NOTHING, null, null, null));
    calls.put("registerSystem", () -> Native.registerSystem(0));
    calls.put("findSession", () -> Native.findSession(NOTHING, NOTHING, true));
    calls.put("injectPanic", () -> Native.injectPanic(Json.utf8("none")));
    return calls;
  }

  @Test
  void a_panic_at_each_entry_point_is_an_exception() {
    NativeLibrary.load();
    Map<String, Executable> natives = natives(0, 0);
    List<String> declared = Arrays.stream(Native.class.getDeclaredMethods())
        .filter(method -> Modifier.isNative(method.getModifiers())).map(Method::getName).sorted().toList();
    assertEquals(declared, List.copyOf(natives.keySet()), "a native is not tried");
    for (Map.Entry<String, Executable> entry : natives.entrySet()) {
      if (isRelease()) {
        assertSame(ErrorCode.UNSUPPORTED,
            assertThrows(UsageException.class, () -> Native.injectPanic(Json.utf8(entry.getKey()))).code());
        continue;
      }
      Native.injectPanic(Json.utf8(entry.getKey()));
      // Another thread of the library may take the panic of a native that it calls all the time.
      if (!entry.getKey().equals("drain")) {
        ProbeException error = assertThrows(ProbeException.class, entry.getValue(), entry.getKey());
        assertSame(ErrorCode.PANIC, error.code(), entry.getKey());
        assertTrue(error.getMessage().contains("on purpose") && error.getMessage().contains(entry.getKey()));
      }
    }
  }

  @Test
  void a_panic_while_draining_loses_no_completion_and_is_said_once() throws Exception {
    String topic = Support.freshTopic();
    List<String> said = new ArrayList<>();
    try (Closeable ignored = listening(said); Probe probe = Probe.embedded(); ProbeSession session = probe.openSession(both(topic))) {
      for (int round = 0; round < 20; round++) {
        if (!isRelease()) {
          Native.injectPanic(Json.utf8("drain"));
        }
        assertTrue(session.produceEvent(topic, Event.of("T")).offset() >= 0);
      }
    }
    // Drains of other tests' probes may take a panic, too, and each probe says its own.
    long late = said.stream().filter(line -> line.startsWith("completions were late")).count();
    assertTrue(late <= 3, late + " times");
  }

  private static boolean isRelease() {
    return !Json.read(Native.about()).path("debug").booleanValue();
  }

  @Test
  void stale_foreign_and_random_handles_are_errors() {
    Probe probe = Support.probe();
    String topic = Support.freshTopic();
    ProbeSession session = probe.openSession(both(topic));
    Random random = new Random(7);
    byte[] mark = Json.bytes(Json.object().put("verb", "mark"));
    for (int round = 0; round < 10_000; round++) {
      long handle = random.nextLong();
      assertSame(ErrorCode.INVALID_HANDLE,
          assertThrows(UsageException.class, () -> Native.run(probe.handle(), handle, mark, null, null, null)).code());
      assertSame(ErrorCode.INVALID_HANDLE,
          assertThrows(UsageException.class, () -> Native.info(handle)).code());
    }
    // A session is no probe.
    assertThrows(UsageException.class, () -> Native.info(session.handle()));
    session.close();
    Native.release(session.handle());
    assertSame(ErrorCode.INVALID_HANDLE, assertThrows(UsageException.class, session::mark).code());
    assertThrows(UsageException.class, () -> Native.release(session.handle()));
  }

  @Test
  void arguments_that_are_no_documents_are_errors() {
    Probe probe = Support.probe();
    String topic = Support.freshTopic();
    try (ProbeSession session = probe.openSession(both(topic))) {
      List<byte[]> wrong = new ArrayList<>(
          List.of(new byte[0], new byte[] {-1}, NOTHING, Json.utf8("[]"), Json.utf8("{\"verb\": 5}")));
      wrong.add(null);
      for (byte[] document : wrong) {
        assertThrows(ProbeException.class,
            () -> Native.run(probe.handle(), session.handle(), document, null, null, null));
      }
      byte[] produce = Json.bytes(Json.object().put("verb", "produce_event").put("topic", topic));
      for (byte[] headers : List.of(new byte[] {1}, new byte[] {0, 0, 0, 9, 1}, new byte[] {-1, -1, -1, -1})) {
        assertThrows(ProbeException.class,
            () -> Native.run(probe.handle(), session.handle(), produce, null, null, headers));
      }
    }
  }

  @Test
  void closing_twice_does_nothing_and_a_closed_probe_refuses() throws Exception {
    String topic = Support.freshTopic();
    Probe probe = Probe.embedded();
    ProbeSession closed = probe.openSession(both(topic));
    closed.close();
    closed.close();
    for (Executable verb : verbs(closed, topic)) {
      assertSame(ErrorCode.SESSION_CLOSED, assertThrows(UsageException.class, verb).code());
    }
    ProbeSession session = probe.openSession(both(topic));
    probe.close();
    probe.close();
    assertDoesNotThrow(session::close);
    for (Executable verb : verbs(probe.isClosed() ? session : null, topic)) {
      assertSame(ErrorCode.SHUTTING_DOWN, assertThrows(LifecycleException.class, verb).code());
    }
    assertSame(ErrorCode.SHUTTING_DOWN,
        assertThrows(LifecycleException.class, () -> probe.openSession(both(topic))).code());
    assertSame(ErrorCode.SHUTTING_DOWN, assertThrows(LifecycleException.class, probe::bootstrapServers).code());
  }

  private static List<Executable> verbs(ProbeSession session, String topic) {
    return List.of(
        () -> session.produceEvent(topic, Event.of("T")),
        () -> session.tryProduceEvent(topic, Event.of("T")),
        () -> session.fetchConsumedEvent(topic, "e"),
        () -> session.fetchConsumedEvents(topic, "e"),
        () -> session.expectEvent(topic, Match.any(), Support.SHORT),
        () -> session.expectNone(topic, Match.any(), Support.SHORT),
        () -> session.receiveEvent(topic),
        () -> session.receiveN(topic, 2),
        session::mark,
        () -> session.journal(topic),
        () -> session.coverage(topic),
        () -> session.addTopics(both(Support.freshTopic())));
  }

  @Test
  void ten_thousand_short_threads_call_in() throws Exception {
    String topic = Support.freshTopic();
    try (ProbeSession session = Support.probe().openSession(both(topic))) {
      AtomicInteger answered = new AtomicInteger();
      List<Thread> threads = new ArrayList<>();
      for (int number = 0; number < 10_000; number++) {
        Thread thread = new Thread(() -> {
          if (!session.fetchConsumedEvent(topic, "absent").found()) {
            answered.incrementAndGet();
          }
        });
        thread.start();
        threads.add(thread);
        if (threads.size() == 50) {
          for (Thread one : threads) {
            one.join();
          }
          threads.clear();
        }
      }
      for (Thread one : threads) {
        one.join();
      }
      assertEquals(10_000, answered.get());
    }
  }

  @Test
  void who_forgets_to_close_is_told() {
    List<String> said = new ArrayList<>();
    try (Closeable ignored = listening(said)) {
      forget();
      until("the warnings", () -> {
        System.gc();
        synchronized (said) {
          return said.stream().anyMatch(line -> line.startsWith("session `forgotten-"))
              && said.stream().anyMatch(line -> line.startsWith("a probe was never closed"));
        }
      });
    } catch (java.io.IOException impossible) {
      throw new AssertionError(impossible);
    }
  }

  private static void forget() {
    String topic = Support.freshTopic();
    Support.probe().openSession(both(topic), "forgotten-" + topic);
    Probe.embedded();
  }

  private static Closeable listening(List<String> said) {
    Logger logger = Logger.getLogger("io.testprobe");
    Handler handler = new Handler() {
      @Override
      public void publish(LogRecord record) {
        synchronized (said) {
          said.add(record.getMessage());
        }
      }

      @Override
      public void flush() {}

      @Override
      public void close() {}
    };
    logger.addHandler(handler);
    return () -> logger.removeHandler(handler);
  }
}
