package io.testprobe;

import java.util.Locale;

/** One thing that {@code verifyDelivery} checks; Jepsen's terms in brackets. */
public enum DeliveryCheck {
  /** What was acknowledged came out (lost write). */
  LOSS,
  /** Nothing came out twice (duplicate). */
  DUPLICATES,
  /** What has the same key came out in the order in which it went in, within a partition (nonmonotonic send). */
  ORDER_PER_KEY,
  /** The same of any two events of a partition. */
  ORDER_PER_PARTITION,
  /** Nothing came out that did not go in (phantom, aborted read). */
  UNEXPECTED;

  /** Returns how the engine calls it. */
  String word() {
    return name().toLowerCase(Locale.ROOT);
  }
}
