package io.testprobe;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Map;

/** The documents of {@code tests/vectors} as values of Java, and what was run of them. */
final class Vectors {
  private Vectors() {}

  /** What is done with one vector; returns what is wrong, or null. */
  interface Check {
    String wrong(JsonNode vector) throws Exception;
  }

  static JsonNode file(String file) throws Exception {
    return Json.read(Files.readAllBytes(Support.ROOT.resolve("tests/vectors/" + file + ".json")));
  }

  /** Goes through a list of vectors, fails with all that is wrong, and notes for tests/house/parity.py what was run. */
  static void each(String file, String list, Check check) throws Exception {
    List<String> wrong = new ArrayList<>();
    ObjectNode report = Json.object().put("kind", "vectors").put("language", "java");
    ArrayNode ran = report.putObject("ran").putArray(file + ".json");
    for (JsonNode vector : file(file).path(list)) {
      String name = vector.path("name").asText();
      String problem = check.wrong(vector);
      if (problem != null) {
        wrong.add(name + ": " + problem);
      }
      ran.add(list + "/" + name);
    }
    assertTrue(!ran.isEmpty(), "no vectors");
    assertEquals(List.of(), wrong);
    String folder = System.getenv("TEST_PROBE_PARITY");
    if (folder != null) {
      Files.write(Path.of(folder, "vectors-java-" + file + "-" + list + ".json"), Json.bytes(report));
    }
  }

  /** Returns how two documents differ, or null. */
  static String difference(JsonNode wanted, JsonNode found) {
    return wanted.equals(found) ? null : "expected " + wanted + ", found " + found;
  }

  /** Returns a text or {@code {base64}} as bytes; null for null. */
  static byte[] bytes(JsonNode node) {
    return node.isNull() || node.isMissingNode() ? null
        : node.isTextual() ? node.asText().getBytes(StandardCharsets.UTF_8)
        : Base64.getDecoder().decode(node.path("base64").asText());
  }

  static Event event(JsonNode fields) {
    Event event = fields.has("version")
        ? Event.of(Json.text(fields, "type"), Json.text(fields, "version")) : Event.of(Json.text(fields, "type"));
    if (fields.has("id")) {
      event = event.id(Json.text(fields, "id"));
    }
    if (fields.has("key")) {
      event = event.key(bytes(fields.path("key")));
    }
    if (fields.has("timestamp")) {
      event = event.timestamp(java.time.Instant.ofEpochMilli(fields.path("timestamp").asLong()));
    }
    for (JsonNode header : fields.path("headers")) {
      event = event.header(header.get(0).asText(), bytes(header.get(1)));
    }
    if (fields.has("value")) {
      return event.json(fields.path("value").toString());
    }
    return fields.has("raw") ? event.value(bytes(fields.path("raw"))) : event;
  }

  static Match.Spec match(JsonNode document) {
    Match.Spec match = Match.any();
    if (document.path("matchers").findValue("text") != null) {
      // A cell of a table comes from steps, which write the document.
      return Match.fromJson(document.toString());
    }
    for (Map.Entry<String, JsonNode> entry : document.properties()) {
      JsonNode value = entry.getValue();
      match = switch (entry.getKey()) {
        case "id" -> match.id(value.asText());
        case "type" -> match.type(value.asText());
        case "version" -> match.version(value.asText());
        case "key" -> match.key(bytes(value));
        case "value" -> match.json(value.toString());
        case "own" -> match.own(value.asBoolean());
        case "hint" -> match.hint(value.asText());
        case "mode" -> match.mode(value.asText());
        case "where" -> match.where(value.asText());
        case "matchers" -> matchers(match, value);
        case "after" -> match;
        case "headers" -> headers(match, value);
        default -> throw new AssertionError("a vector has the new key " + entry.getKey());
      };
    }
    return match;
  }

  private static Match.Spec matchers(Match.Spec match, JsonNode matchers) {
    Match.Spec with = match;
    for (JsonNode matcher : matchers) {
      String path = matcher.path("path").asText();
      String name = matcher.path("matcher").asText();
      with = matcher.has("value")
          ? with.matcher(path, name, Json.plain(matcher.path("value"))) : with.matcher(path, name);
    }
    return with;
  }

  private static Match.Spec headers(Match.Spec match, JsonNode headers) {
    Match.Spec with = match;
    if (headers.isArray()) {
      for (JsonNode pair : headers) {
        with = with.header(pair.get(0).asText(), bytes(pair.get(1)));
      }
      return with;
    }
    for (Map.Entry<String, JsonNode> header : headers.properties()) {
      for (JsonNode value : header.getValue().isArray() ? header.getValue() : List.of(header.getValue())) {
        with = with.header(header.getKey(), bytes(value));
      }
    }
    return with;
  }

  /** Returns a match's document, made by Java; a point to look from stays as the vector has it. */
  static ObjectNode matchDocument(JsonNode match) {
    ObjectNode document = match(match).document().deepCopy();
    if (match.has("after")) {
      document.set("after", match.path("after"));
    }
    return document;
  }

  /** Has the engine judge given data; {@code more} are the fields of the trial. */
  static Completion.Outcome trial(String trial, JsonNode event, Map<String, JsonNode> more) {
    NativeLibrary.load();
    ObjectNode document = Json.object();
    Call<ProducedAck> call = null;
    if (event != null) {
      call = Call.produceEvent("orders", event(event), null);
      document = (ObjectNode) Json.read(call.document());
      if (event.has("text")) {
        document.set("text", event.path("text")); // as it is spelled, which Java has no word for
      }
    }
    document.put("trial", trial).setAll(more);
    byte[] answer = call == null ? Native.trial(Json.bytes(document), null, null, null)
        : Native.trial(Json.bytes(document), call.key(), call.value(), call.headers());
    return Completion.outcome(ByteBuffer.wrap(answer));
  }
}
