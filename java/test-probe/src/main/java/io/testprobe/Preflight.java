package io.testprobe;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.List;

/**
 * What was looked at before the first event of a session.
 *
 * @param passed whether nothing failed
 * @param findings one for each thing that was looked at
 */
public record Preflight(boolean passed, List<Finding> findings) {
  /**
   * What came of looking at one thing.
   *
   * @param topic the name of the topic
   * @param side {@code key} or {@code value}
   * @param check {@code registry}, {@code subject}, {@code compatibility} or {@code sample}
   * @param status {@code passed}, {@code failed} or {@code skipped}
   * @param text the same as a sentence
   * @param error why it failed; null when it did not
   */
  public record Finding(
      String topic, String side, String check, String status, String text, ProbeException error) {}

  static Preflight read(JsonNode document) {
    List<Finding> findings = new ArrayList<>();
    for (JsonNode finding : document.path("findings")) {
      JsonNode error = finding.path("error");
      findings.add(new Finding(
          Json.text(finding, "topic"), Json.text(finding, "side"), Json.text(finding, "check"),
          Json.text(finding, "status"), Json.text(finding, "text"), error.isObject() ? Errors.exception(error) : null));
    }
    return new Preflight(document.path("passed").asBoolean(), List.copyOf(findings));
  }
}
