package io.testprobe.cucumber;

import io.testprobe.ProbeSession;
import io.testprobe.ReceivedEvent;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.locks.LockSupport;

/** Waits for what could not be decoded. */
final class Undecodable {
  private static final Duration BETWEEN_LOOKS = Duration.ofMillis(10);

  private Undecodable() {}

  /** Returns when a new record of the journal could not be decoded. An interrupt ends it, as it ends every verb. */
  static void await(ProbeSession session, Viewpoints viewpoints, String topic, Duration within) {
    long end = System.nanoTime() + within.toNanos();
    while (true) {
      List<ReceivedEvent> journal = session.journal(topic);
      if (journal.stream().anyMatch(event -> event.error() != null && viewpoints.isNew(event))) {
        return;
      }
      if (System.nanoTime() >= end) {
        throw new AssertionError("no undecodable event arrived on `" + topic + "` within " + within.toMillis()
            + " ms; the journal holds " + journal.size() + " events");
      }
      LockSupport.parkNanos(BETWEEN_LOOKS.toNanos());
    }
  }
}
