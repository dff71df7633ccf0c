package io.testprobe;

/** What the function of {@code fishForEvent} answers. */
public sealed interface Fish {
  /** Ends the fishing with this event. */
  Fish COMPLETE = Answer.COMPLETE;

  /** Keeps this event and goes on. */
  Fish COLLECT = Answer.COLLECT;

  /** Goes on. */
  Fish IGNORE = Answer.IGNORE;

  /** Ends the fishing as a failure. */
  static Fish fail(String text) {
    return new Failure(text);
  }

  /** The answers without a text. */
  enum Answer implements Fish {
    /** See {@link Fish#COMPLETE}. */
    COMPLETE,
    /** See {@link Fish#COLLECT}. */
    COLLECT,
    /** See {@link Fish#IGNORE}. */
    IGNORE
  }

  /**
   * The answer that ends the fishing as a failure.
   *
   * @param text why
   */
  record Failure(String text) implements Fish {}
}
