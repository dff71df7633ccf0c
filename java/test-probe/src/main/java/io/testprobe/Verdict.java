package io.testprobe;

import java.util.List;

/**
 * A verdict that passed; one that did not is thrown.
 *
 * @param events those that satisfied the expectation, in the order of the journal
 * @param coverage the proof
 * @param warnings what passed and yet deserves a look; also logged
 */
public record Verdict(List<ReceivedEvent> events, Coverage coverage, List<Warning> warnings) {
  /**
   * Something that passed and yet deserves a look.
   *
   * @param code a stable word, as {@code SELF_MATCH}
   * @param message what it is
   */
  public record Warning(String code, String message) {}
}
