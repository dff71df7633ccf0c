package io.testprobe;

import java.util.Locale;

/** How the events of {@code expectAllOf} follow one another. */
public enum Order {
  /**
   * In the order of the matches; others may lie between. Within a partition that is the order of the log, between
   * partitions and topics, for which Kafka has none, that in which they were read.
   */
  IN_ORDER,
  /** In any order; each event serves one match. */
  ANY_ORDER;

  /** Returns how the engine calls it. */
  String word() {
    return name().toLowerCase(Locale.ROOT);
  }
}
