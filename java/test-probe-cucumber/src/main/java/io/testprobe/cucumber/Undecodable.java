package io.testprobe.cucumber;

import io.testprobe.ExpectationFailed;
import io.testprobe.ProbeSession;
import java.time.Duration;
import java.util.concurrent.locks.LockSupport;

/** Waits for what could not be decoded. */
final class Undecodable {
  private static final Duration BETWEEN_LOOKS = Duration.ofMillis(10);

  private Undecodable() {}

  /** Returns when a new record of the journal could not be decoded. An interrupt ends it, as it ends every verb. */
  static void await(ProbeSession session, Viewpoints viewpoints, String topic, Duration within) {
    long end = System.nanoTime() + within.toNanos();
    while (true) {
      if (session.journal(topic).stream().anyMatch(event -> event.error() != null && viewpoints.isNew(event))) {
        return;
      }
      if (System.nanoTime() >= end) {
        throw ExpectationFailed.timeout(
            "no undecodable event came on `" + topic + "` within " + within.toMillis() + " ms");
      }
      LockSupport.parkNanos(BETWEEN_LOOKS.toNanos());
    }
  }
}
