package io.testprobe;

/** Two directives of a session had the same name. */
public final class DuplicateTopicException extends UsageException {
  private static final long serialVersionUID = 1L;

  DuplicateTopicException(Errors.Facts facts) {
    super(facts);
  }
}
