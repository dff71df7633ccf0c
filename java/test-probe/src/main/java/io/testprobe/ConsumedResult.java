package io.testprobe;

/** What became of a consumed event that was asked for by its id: {@link ConsumedAck} or {@link ConsumedNack}. */
public sealed interface ConsumedResult permits ConsumedAck, ConsumedNack {
  /** Returns whether there is one. */
  boolean found();
}
