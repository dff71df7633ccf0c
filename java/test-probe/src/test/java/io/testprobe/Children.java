package io.testprobe;

import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.stream.IntStream;

/** What virtual machines of their own run; see {@link ProcessesTest}. */
final class Children {
  /** The line before a program ends. */
  static final String ENDING = "ending";

  private Children() {}

  /** Runs a program by its name. */
  public static void main(String[] arguments) throws Exception {
    switch (arguments[0]) {
      case "return" -> {
        work(waiting());
        System.out.println(ENDING);
      }
      case "exit" -> {
        work(waiting());
        System.out.println(ENDING);
        System.exit(3);
      }
      case "throw" -> {
        work(waiting());
        System.out.println(ENDING);
        throw new IllegalStateException("on purpose");
      }
      case "work" -> {
        try (Probe probe = Probe.embedded()) {
          for (int round = 0; round < 3; round++) {
            work(probe);
          }
        }
        System.out.println(ENDING);
      }
      case "first-ack" -> firstAck(Long.parseLong(arguments[1]));
      default -> throw new IllegalArgumentException(arguments[0]);
    }
  }

  /** Returns an open probe that has waiters nobody wakes. */
  private static Probe waiting() {
    Probe probe = Probe.embedded();
    String topic = Support.freshTopic();
    ProbeSession session = probe.openSession(Support.both(topic));
    for (int number = 0; number < 100; number++) {
      session.expectEventAsync(topic, Match.type(Support.NEVER), Support.LONG);
    }
    Thread blocked = new Thread(() -> session.expectEvent(topic, Match.type(Support.NEVER), Support.LONG));
    blocked.setDaemon(true);
    blocked.start();
    return probe;
  }

  /** Crosses the boundary in every way there is. */
  private static void work(Probe probe) throws Exception {
    String topic = Support.freshTopic();
    try (ProbeSession session = probe.openSession(Support.both(topic))) {
      Event event = Event.of("T").json("{\"a\": [1, 2]}").key("k").header("h", "1").header("n", (byte[]) null);
      List<CompletableFuture<ProducedAck>> acks =
          IntStream.range(0, 200).mapToObj(n -> session.produceEventAsync(topic, event.id("e" + n))).toList();
      for (CompletableFuture<ProducedAck> ack : acks) {
        ack.join();
      }
      ReceivedEvent last = session.expectEvent(topic, Match.id("e199").own(true).header("h", "1"));
      session.expectNone(topic, Match.any().after(last), Support.SHORT);
      check(session.journal(topic).size() == 200);
      check(session.fetchConsumedEvent(topic, "e7").found());
      session.expectEventAsync(topic, Match.type(Support.NEVER), Support.LONG).cancel(true);
      try {
        session.journal("absent");
        check(false);
      } catch (ActorNotRegisteredException expected) {
        check(expected.code() == ErrorCode.ACTOR_NOT_REGISTERED);
      }
      for (int number = 0; number < 100; number++) {
        Thread thread = new Thread(session::mark);
        thread.start();
        thread.join();
      }
      ProbeJavaDsl.registerSystem(probe);
      check(ProbeJavaDsl.produceEventBlocking(session.testId(), topic, event).acknowledged());
    }
    System.gc();
  }

  private static void check(boolean holds) {
    if (!holds) {
      throw new AssertionError();
    }
  }

  private static void firstAck(long startedMillis) {
    String topic = Support.freshTopic();
    try (Probe probe = Probe.embedded(); ProbeSession session = probe.openSession(Support.both(topic))) {
      session.produceEvent(topic, Event.of("T").json("{}"));
      System.out.println("first ack after " + (System.currentTimeMillis() - startedMillis) + " ms");
    }
    System.out.println(ENDING);
  }
}
