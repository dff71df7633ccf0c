package io.testprobe;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.databind.node.TextNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** Topic directives: what topics a test uses, and how. */
public final class Directives {
  private final JsonNode content;

  Directives(JsonNode content) {
    this.content = content;
  }

  /** Reads a YAML file, relative to the working directory. INVALID_ARGUMENT when it cannot be read. */
  public static Directives fromYaml(Path file) {
    try {
      return fromString(Files.readString(file));
    } catch (IOException error) {
      UsageException unreadable =
          Errors.invalidArgument("directives were not read from `" + file + "`: " + error.getMessage());
      unreadable.initCause(error);
      throw unreadable;
    }
  }

  /** Returns the directives of a YAML text. */
  public static Directives fromString(String yaml) {
    return new Directives(new TextNode(Errors.required(yaml, "yaml")));
  }

  /** Returns these directives. */
  public static Directives of(TopicDirective... topics) {
    ObjectNode document = Json.object();
    ArrayNode all = document.putArray("topics");
    for (TopicDirective topic : topics) {
      all.add(Errors.required(topic, "topics").document());
    }
    return new Directives(document);
  }

  /** Returns when they are valid, else throws every problem at once, with line, column and hint; nothing connects. */
  public void validate() {
    normalised();
  }

  /** Returns the directives with all that they leave out. */
  JsonNode normalised() {
    NativeLibrary.load();
    return Json.read(Native.validate(opening(null)));
  }

  JsonNode content() {
    return content;
  }

  /** Returns the document that opens a session. */
  byte[] opening(String testId) {
    ObjectNode document = Json.object();
    document.set("directives", content);
    if (testId != null) {
      document.put("testId", testId);
    }
    return Json.bytes(document);
  }
}
