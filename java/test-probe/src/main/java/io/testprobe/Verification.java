package io.testprobe;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;

/** What {@code verifyDelivery} looks at. Immutable: each method returns another one. */
public final class Verification {
  private final ObjectNode document;

  private Verification(ObjectNode document) {
    this.document = document;
  }

  /** Everything, on the topic of the sending. */
  public static Verification all() {
    return new Verification(Json.object());
  }

  /**
   * Looks at what came out on another topic of the session, paired by id. Then the order per partition, which a system
   * that works on several keys at once may change, is checked only when it is asked for.
   */
  public Verification output(String topic) {
    ObjectNode document = document();
    document.put("output", Errors.required(topic, "topic"));
    return new Verification(document);
  }

  /** Checks only these. */
  public Verification only(DeliveryCheck... checks) {
    ObjectNode document = document();
    ArrayNode words = document.putArray("checks");
    for (DeliveryCheck check : Errors.required(checks, "checks")) {
      words.add(Errors.required(check, "check").word());
    }
    return new Verification(document);
  }

  /**
   * Says which events of the output are meant. {@code after} and {@code hint} of the match are those of the whole
   * verification, also where it asks nothing else: {@code Match.any().after(mark)}.
   */
  public Verification matching(Match match) {
    ObjectNode document = document();
    document.set("match", ((Match.Spec) Errors.required(match, "match")).document());
    return new Verification(document);
  }

  ObjectNode document() {
    return document.deepCopy();
  }
}
