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
 * @param otherTopics the proof of the other topics that the matches of {@code expectAllOf} name, or of the output that
 *     {@code verifyDelivery} looked at
 * @param delivery what {@code verifyDelivery} counted; null for other verbs
 */
public record Verdict(
    List<ReceivedEvent> events,
    Coverage coverage,
    List<Warning> warnings,
    Map<String, Coverage> otherTopics,
    Delivery delivery) {
  /**
   * Something that passed and yet deserves a look.
   *
   * @param code a stable word: {@code SELF_MATCH}, {@code VACUOUS_MATCH}, {@code FOREIGN_MATCH} or {@code STALE_MATCH}
   * @param message what it is
   */
  public record Warning(String code, String message) {}

  /**
   * What {@code verifyDelivery} counted. What went wrong is in the context of what is thrown, under {@code delivery}.
   *
   * @param sent events that went in
   * @param acknowledged those that the broker acknowledged, or that were read from its log
   * @param unknown those that may or may not be in the log: neither is wrong
   * @param refused those that were provably not written
   * @param seen records that came out
   * @param ambiguous events whose id came out less often than it went in
   */
  public record Delivery(long sent, long acknowledged, long unknown, long refused, long seen, long ambiguous) {}
}
