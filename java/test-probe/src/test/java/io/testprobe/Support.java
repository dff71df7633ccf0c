package io.testprobe;

import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.time.Duration;
import java.util.UUID;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;

/** What the tests share: one probe on a Kafka in this process, fresh topics, waiting for a condition. */
final class Support {
  /** How long anything may take on a busy machine. */
  static final Duration LONG = Duration.ofSeconds(60);

  /** A window in which nothing should come. */
  static final Duration SHORT = Duration.ofMillis(200);

  /** A type that nobody sends. */
  static final String NEVER = "NobodySendsThis";

  /** The root of the repository. */
  static final Path ROOT =
      Path.of(System.getenv().getOrDefault("TEST_PROBE_ROOT", "../..")).toAbsolutePath().normalize();

  private Support() {}

  private static final class Shared {
    static final Probe PROBE = Probe.embedded();
  }

  /** Returns a probe that no test closes. */
  static Probe probe() {
    return Shared.PROBE;
  }

  static String freshTopic() {
    return "orders-" + UUID.randomUUID();
  }

  /** Returns directives for a round trip on a topic that is created. */
  static Directives both(String topic) {
    return Directives.of(TopicDirective.both(topic).create(1));
  }

  /** Returns what was produced, as it came back. */
  static ReceivedEvent sent(ProbeSession session, String topic, Event event) {
    ProducedAck ack = session.produceEvent(topic, event);
    return session.expectEvent(topic, Match.id(ack.id()).own(true), LONG);
  }

  static void until(String what, BooleanSupplier condition) {
    long end = System.nanoTime() + LONG.toNanos();
    while (!condition.getAsBoolean()) {
      assertTrue(System.nanoTime() < end, () -> what + " did not come to be");
      LockSupport.parkNanos(1_000_000);
    }
  }
}
