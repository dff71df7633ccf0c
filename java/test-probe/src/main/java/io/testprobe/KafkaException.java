package io.testprobe;

/** 3xxx: Kafka said no, or did not answer. */
public final class KafkaException extends ProbeException {
  private static final long serialVersionUID = 1L;

  KafkaException(Errors.Facts facts) {
    super(facts);
  }
}
