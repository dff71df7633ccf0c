package io.testprobe;

import static io.testprobe.Support.LONG;
import static io.testprobe.Support.SHORT;
import static io.testprobe.Vectors.difference;
import static io.testprobe.Vectors.each;
import static io.testprobe.Vectors.trial;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.NullNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What is true for every language, as data, through the Java door. */
@Timeout(300)
class VectorsTest {
  /** Returns how the problems of an error differ from those that a vector states, or null. */
  private static String problems(ProbeException error, JsonNode vector) {
    if (vector.path("valid").asBoolean()) {
      return error.toString();
    }
    String never = vector.path("never").asText("?");
    assertFalse((error + " " + error.context()).contains(vector.has("never") ? never : "\u0000"), never);
    JsonNode found = Json.of(error.context().getOrDefault("problems", List.of()), "problems");
    JsonNode wanted = vector.path("errors");
    boolean same = found.size() == wanted.size();
    for (int index = 0; same && index < wanted.size(); index++) {
      for (Map.Entry<String, JsonNode> field : wanted.get(index).properties()) {
        same &= found.get(index).path(field.getKey()).equals(field.getValue());
      }
    }
    return same ? null : "expected " + wanted + ", found " + found;
  }

  @Test
  void every_error_code_is_that_of_the_vector() throws Exception {
    each("error_codes", "codes", code -> {
      ErrorCode ours = ErrorCode.valueOf(code.path("name").asText());
      ObjectNode found = Json.object().put("category", ours.category().name().toLowerCase(Locale.ROOT))
          .put("code", ours.number()).put("name", ours.name()).put("retriable", ours.retriable());
      return difference(((ObjectNode) code).without("summary"), found);
    });
    assertEquals(Vectors.file("error_codes").path("codes").size(), ErrorCode.values().length);
  }

  @Test
  void every_vector_gives_the_directives_or_the_problems_it_states() throws Exception {
    each("directives", "cases", vector -> {
      try {
        JsonNode found = Directives.fromString(vector.path("yaml").asText()).normalised();
        return !vector.path("valid").asBoolean() ? "passed"
            : vector.has("directives") ? difference(vector.path("directives"), found) : null;
      } catch (ProbeException error) {
        return problems(error, vector);
      }
    });
  }

  @Test
  void every_vector_gives_the_configuration_or_the_problems_it_states() throws Exception {
    each("config", "cases", vector -> {
      Config config = vector.has("explicit")
          ? Config.fromString(vector.path("explicit").asText()) : Config.fromEnvironment();
      JsonNode found;
      try {
        found = config.validated(vector.path("file").asText(""), vector.path("env").isObject()
            ? vector.path("env") : Json.object());
      } catch (ProbeException error) {
        return problems(error, vector);
      }
      for (Map.Entry<String, JsonNode> field : vector.path("config").properties()) {
        if (!field.getValue().equals(orNull(found.at(field.getKey())))) {
          return field + " is not in " + found;
        }
      }
      for (Map.Entry<String, JsonNode> field : vector.path("secrets").properties()) {
        if (!isHidden(found.at(field.getKey()))) {
          return field.getKey() + " is not hidden in " + found;
        }
      }
      return vector.path("valid").asBoolean() ? null : "passed";
    });
  }

  private static JsonNode orNull(JsonNode found) {
    return found.isMissingNode() ? NullNode.getInstance() : found;
  }

  private static boolean isHidden(JsonNode found) {
    return found.isObject()
        ? found.properties().stream().allMatch(field -> isHidden(field.getValue())) : found.asText().equals("***");
  }

  @Test
  void a_configuration_is_validated_without_a_probe_and_shows_no_secret() {
    Config config = Config.fromString("{dsl: {within: 2s}, principals: {me: {protocol: SASL_SSL, mechanism: PLAIN, "
        + "username: u, password: '${env:SECRET}'}}}");
    Map<String, Object> found = config.validate(Map.of("SECRET", "hunter2"));
    assertEquals("2000ms", ((Map<?, ?>) found.get("dsl")).get("within"));
    assertTrue(found.toString().contains("***") && !found.toString().contains("hunter2"), found::toString);
    UsageException missing = assertThrows(UsageException.class, () -> config.validate(Map.of()));
    assertTrue(missing.explanation().contains("environment variable `SECRET` was not set"), missing::toString);
    assertThrows(UsageException.class, () -> Config.fromFile(Path.of("absent.yaml")).validate());
    assertTrue(Config.fromEnvironment().validate().containsKey("clusters"));
  }

  /** Runs a part of both files about events: those without a schema, and those with one. */
  private static void eachEvent(String part, Vectors.Check check) throws Exception {
    each("envelopes", part, check);
    each("schemas", part, check);
  }

  @Test
  void every_event_is_written_as_its_vector_says() throws Exception {
    eachEvent("writes", vector -> {
      ObjectNode found = (ObjectNode) trial("write", vector.path("event"), Map.of("topic", vector.path("topic"))).document();
      return difference(((ObjectNode) vector).deepCopy().retain("record", "id", "ceId"), found);
    });
  }

  @Test
  void every_event_that_does_not_fit_is_refused_as_its_vector_says() throws Exception {
    eachEvent("fails", vector -> {
      ProbeException error = assertThrows(ProbeException.class,
          () -> trial("write", vector.path("event"), Map.of("topic", vector.path("topic"))));
      return difference(((ObjectNode) vector).deepCopy().retain("code", "message", "hint"), refusal(error));
    });
  }

  private static ObjectNode refusal(ProbeException error) {
    return Json.object().put("code", error.code().name()).put("message", error.explanation()).put("hint", error.hint());
  }

  @Test
  void every_record_is_read_as_its_vector_says() throws Exception {
    eachEvent("reads", vector -> {
      JsonNode record = vector.path("record");
      ReceivedEvent event =
          trial("read", null, Map.of("topic", vector.path("topic"), "record", record)).events().get(0);
      ObjectNode envelope = Json.object().put("testId", event.testId()).put("id", event.id())
          .put("type", event.type()).put("version", event.version());
      assertEquals(vector.path("envelope"), envelope, () -> vector.path("name").asText());
      assertEquals(Json.text(vector, "keyText"), event.key());
      assertArrayEquals(Vectors.bytes(record.path("key")), event.rawKey());
      if (!vector.path("topic").path("envelope").asText().equals("ce-structured")) { // there it is the data's
        assertArrayEquals(Vectors.bytes(record.path("value")), event.rawValue());
      }
      int index = 0;
      for (Headers.Header header : event.headers()) {
        assertEquals(record.path("headers").path(index).get(0).asText(), header.name());
        assertArrayEquals(Vectors.bytes(record.path("headers").path(index++).get(1)), header.value());
      }
      assertEquals(record.path("headers").size(), index);
      if (vector.has("error")) {
        return difference(vector.path("error"), refusal(event.error()));
      }
      if (vector.path("valueKind").asText().equals("bytes")) {
        assertArrayEquals(Vectors.bytes(vector.path("value")), (byte[]) event.value());
        return null;
      }
      return difference(vector.path("value"), Json.parse(event.valueAsJson(), "the value"));
    });
  }

  @Test
  void every_match_judges_as_its_vector_says() throws Exception {
    each("matches", "cases", vector -> {
      ObjectNode found = (ObjectNode) trial("compare", vector.path("event"), Map.of(
          "topic", vector.path("topic"), "match", Vectors.matchDocument(vector.path("match")),
          "own", vector.path("own"))).document();
      if (!vector.has("hints")) {
        found.remove("hints");
      }
      return difference(((ObjectNode) vector).deepCopy().retain("result", "paths", "hints"), found);
    });
  }

  @Test
  void every_refused_match_is_refused_in_the_same_words() throws Exception {
    each("matches", "refused", vector -> {
      UsageException error = assertThrows(UsageException.class,
          () -> trial("compare", null, Map.of("match", vector.path("match"))), vector::toString);
      return difference(((ObjectNode) vector).deepCopy().retain("code", "message", "hint"), refusal(error));
    });
  }

  @Test
  void every_match_is_put_in_the_same_words() throws Exception {
    each("matches", "words", vector -> {
      JsonNode found = trial("words", null, Map.of("match", Vectors.matchDocument(vector.path("match")))).document();
      return difference(((ObjectNode) vector).deepCopy().retain("words", "match"), found);
    });
  }

  @Test
  void every_explanation_crosses_whole_as_the_error_of_its_code() throws Exception {
    each("explanations", "cases", vector -> {
      Throwable error = assertThrows(Throwable.class,
          () -> trial("explain", null, Map.of("evidence", vector.path("evidence"))));
      ProbeFailure failure = (ProbeFailure) error;
      boolean isFailure = failure.code().category() == ErrorCode.Category.EXPECTATION;
      assertSame(isFailure ? ExpectationFailed.class : InconclusiveException.class, error.getClass());
      assertEquals(error.getMessage(), failure.explanation());
      ObjectNode found = Json.object().put("code", failure.code().name());
      failure.explanation().lines().forEach(found.putArray("text")::add);
      JsonNode context = Json.of(failure.context(), "the context");
      for (String key : List.of("topic", "funnel", "coverage")) {
        assertEquals(vector.path("evidence").path(key), context.path(key), key);
      }
      return difference(((ObjectNode) vector).deepCopy().retain("code", "text"), found);
    });
  }

  @Test
  void all_words_are_read_as_their_vectors_say() throws Exception {
    each("words", "cases", vector -> {
      NativeLibrary.load();
      JsonNode found;
      try {
        found = Json.read(Native.words(Json.bytes(vector.path("words"))));
      } catch (ProbeException error) {
        JsonNode several = Json.of(error.context().getOrDefault("problems", List.of()), "problems");
        ObjectNode told = Json.object();
        ArrayNode errors = told.putArray("errors");
        several.forEach(problem -> errors.add(problem.path("message")));
        found = several.isEmpty() ? told.set("errors", errors.add(error.explanation())) : told;
      }
      return difference(vector.path("gives"), found);
    });
  }

  private static Directives directives(String name, JsonNode more) {
    TopicDirective directive = TopicDirective.both(name).create(1);
    for (Map.Entry<String, JsonNode> key : more.properties()) {
      directive = directive.with(key.getKey(), Json.plain(key.getValue()));
    }
    return Directives.of(directive);
  }

  @Test
  void every_match_vector_holds_on_an_event_that_went_through_a_cluster() throws Exception {
    List<String> wrong = new ArrayList<>();
    List<ProbeSession> sessions = new ArrayList<>();
    Map<String, CompletableFuture<String>> verdicts = new LinkedHashMap<>();
    try (Probe here = Probe.embedded();
        Probe there = Probe.open(Config.fromEnvironment().bootstrapServers(here.bootstrapServers()))) {
      for (JsonNode vector : Vectors.file("matches").path("cases")) {
        String topic = Support.freshTopic();
        Directives directives = directives(topic, vector.path("topic"));
        ProbeSession session = here.openSession(directives);
        ProbeSession other = there.openSession(directives, session.testId());
        sessions.add(session);
        sessions.add(other);
        ProbeSession producing = vector.path("own").asBoolean() ? session : other;
        producing.produceEvent(topic, event(vector));
        // What does not match is seen to be there, and then not waited for.
        boolean matches = vector.path("result").asText().equals("matches");
        verdicts.put(vector.path("name").asText() + " -> " + vector.path("result").asText(),
            session.expectEventAsync(topic, Vectors.match(vector.path("match")), matches ? LONG : SHORT)
                .handle((event, error) -> result(error)));
      }
      assertTrue(verdicts.size() >= 90, "only " + verdicts.size());
      for (Map.Entry<String, CompletableFuture<String>> verdict : verdicts.entrySet()) {
        if (!verdict.getKey().endsWith(" -> " + verdict.getValue().join())) {
          wrong.add(verdict.getKey() + ", was " + verdict.getValue().join());
        }
      }
      sessions.forEach(ProbeSession::close);
    }
    assertEquals(List.of(), wrong);
  }

  private static String result(Throwable error) {
    if (error == null) {
      return "matches";
    }
    Throwable cause = error instanceof CompletionException wrapped ? wrapped.getCause() : error;
    ErrorCode code = ((ProbeFailure) cause).code();
    return switch (code) {
      case EXPECTATION_TIMEOUT -> "differs";
      case UNDECODABLE -> "undecided";
      default -> code.name();
    };
  }

  /** As Java writes it: JSON text under the format that it is written in. */
  private static Event event(JsonNode vector) {
    JsonNode fields = vector.path("event");
    Event event = Vectors.event(fields);
    return !fields.has("text") ? event
        : vector.path("topic").path("format").asText().equals("string") ? event.value(fields.path("text").asText())
        : event.json(fields.path("text").asText());
  }
}
