package io.testprobe;

import java.util.Map;

/** What a {@link ProbeException} and an {@link ExpectationFailed} have in common. */
public sealed interface ProbeFailure permits ProbeException, ExpectationFailed {
  /** Returns what happened, for programs. */
  ErrorCode code();

  /** Returns what happened, for people; {@code getMessage()} is this with the hint. */
  String explanation();

  /** Returns what to do about it, or null. */
  String hint();

  /** Returns facts under stable keys; cannot be changed. */
  Map<String, Object> context();

  /** Returns whether the same call may succeed later. */
  default boolean retriable() {
    return code().retriable();
  }

  /**
   * Returns all of it as JSON, for reports: {@code {"code", "name", "category", "message", "hint", "retriable",
   * "context", "source"}}, as every language writes it.
   */
  default String toJson() {
    return Errors.document(this).toString();
  }
}
