package io.testprobe;

import com.fasterxml.jackson.databind.JsonNode;

/** A point in the log of every topic that a session consumes, for {@code Match.after}. */
public final class Mark {
  private final JsonNode document;

  Mark(JsonNode document) {
    this.document = document;
  }

  JsonNode document() {
    return document;
  }

  @Override
  public String toString() {
    return "Mark" + document;
  }
}
