package io.testprobe;

/** 1xxx: the caller asked for something that cannot be. */
public class UsageException extends ProbeException {
  private static final long serialVersionUID = 1L;

  UsageException(Errors.Facts facts) {
    super(facts);
  }
}
