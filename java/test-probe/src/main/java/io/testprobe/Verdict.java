package io.testprobe;

import java.util.List;
import java.util.Map;

/**
 * A verdict that passed; one that did not is thrown.
 *
 * @param events those that satisfied the expectation, in the order of the journal; those of {@code expectAllOf} in the
 *     order of the matches, those of {@code fishForEvent} with the one it completed with last
 * @param coverage the proof
 * @param warnings what passed and yet deserves a look; also logged
 * @param otherTopics the proof of the other topics that the matches of {@code expectAllOf} name
 */
public record Verdict(
    List<ReceivedEvent> events, Coverage coverage, List<Warning> warnings, Map<String, Coverage> otherTopics) {
  /**
   * Something that passed and yet deserves a look.
   *
   * @param code a stable word: {@code SELF_MATCH}, {@code VACUOUS_MATCH}, {@code FOREIGN_MATCH} or {@code STALE_MATCH}
   * @param message what it is
   */
  public record Warning(String code, String message) {}
}
