package io.testprobe;

import com.fasterxml.jackson.databind.JsonNode;

/** A point in the log of every topic that a session consumes, for {@code Match.after}. */
public final class Mark {
  private final JsonNode document;

  Mark(JsonNode document) {
    this.document = document;
  }

  /** Returns whether an event came after the mark. */
  public boolean isBefore(ReceivedEvent event) {
    Errors.required(event, "event");
    JsonNode end = document.path("topics").path(event.topic()).path("ends").path(String.valueOf(event.partition()));
    return event.offset() >= end.longValue();
  }

  JsonNode document() {
    return document;
  }

  @Override
  public String toString() {
    return "Mark" + document;
  }
}
