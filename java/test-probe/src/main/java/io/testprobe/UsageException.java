package io.testprobe;

/** 1xxx: the caller asked for something that cannot be. */
public class UsageException extends ProbeException {
  private static final long serialVersionUID = 1L;

  UsageException(Errors.Facts facts) {
    super(facts);
  }

  /** Returns an INVALID_ARGUMENT of a library on top of this one, as one for steps; the hint may be null. */
  public static UsageException invalidArgument(String message, String hint) {
    return Errors.usage(ErrorCode.INVALID_ARGUMENT, message, hint);
  }
}
