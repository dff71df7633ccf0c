package io.testprobe;

/** The static DSL was used before a probe was registered, or after it was closed. */
public final class DslNotInitializedException extends UsageException {
  private static final long serialVersionUID = 1L;

  DslNotInitializedException(Errors.Facts facts) {
    super(facts);
  }
}
