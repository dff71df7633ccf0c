package io.testprobe;

/** How the events of {@code expectAllOf} follow one another. */
public enum Order {
  /** In the order of the matches; others may lie between. */
  IN_ORDER,
  /** In any order; each event serves one match. */
  ANY_ORDER
}
