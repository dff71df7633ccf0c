package io.testprobe;

/** What became of a produced event: {@link ProducedAck} or {@link ProducedNack}. */
public sealed interface ProduceResult permits ProducedAck, ProducedNack {
  /** Returns whether the broker acknowledged it. */
  boolean acknowledged();
}
