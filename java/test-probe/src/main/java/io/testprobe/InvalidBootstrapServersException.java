package io.testprobe;

/** Bootstrap servers were not a list of host:port. */
public final class InvalidBootstrapServersException extends UsageException {
  private static final long serialVersionUID = 1L;

  InvalidBootstrapServersException(Errors.Facts facts) {
    super(facts);
  }
}
