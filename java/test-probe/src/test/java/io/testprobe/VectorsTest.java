package io.testprobe;

import static io.testprobe.Support.LONG;
import static io.testprobe.Support.SHORT;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.NullNode;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * What is true for every language, as data, through the Java door.
 *
 * <p>Not here, since nothing of Java takes part in it: envelopes on the wire and explanations of given evidence. Rust
 * runs those.
 */
@Timeout(300)
class VectorsTest {
  private static JsonNode vectors(String name) throws Exception {
    return Json.read(Files.readAllBytes(Support.ROOT.resolve("tests/vectors/" + name + ".json")));
  }

  /** Returns how the problems of an error differ from those that a vector states, or null. */
  private static String difference(ProbeException error, JsonNode vector) {
    JsonNode found = Json.of(error.context().getOrDefault("problems", List.of()), "problems");
    JsonNode wanted = vector.path("errors");
    boolean same = found.size() == wanted.size();
    for (int index = 0; same && index < wanted.size(); index++) {
      for (Map.Entry<String, JsonNode> field : wanted.get(index).properties()) {
        same &= found.get(index).path(field.getKey()).equals(field.getValue());
      }
    }
    return same ? null : vector.path("name").asText() + ": expected " + wanted + ", found " + found;
  }

  @Test
  void every_error_code_is_that_of_the_vector() throws Exception {
    JsonNode codes = vectors("error_codes").path("codes");
    assertEquals(codes.size(), ErrorCode.values().length);
    for (JsonNode code : codes) {
      ErrorCode ours = ErrorCode.valueOf(code.path("name").asText());
      assertEquals(code.path("code").asInt(), ours.number());
      assertEquals(code.path("category").asText(), ours.category().name().toLowerCase(Locale.ROOT));
      assertEquals(code.path("retriable").asBoolean(), ours.retriable());
    }
  }

  @Test
  void every_vector_gives_the_directives_or_the_problems_it_states() throws Exception {
    List<String> wrong = new ArrayList<>();
    JsonNode all = vectors("directives").path("cases");
    assertTrue(all.size() >= 50);
    for (JsonNode vector : all) {
      String name = vector.path("name").asText();
      try {
        JsonNode found = Directives.fromString(vector.path("yaml").asText()).normalised();
        if (!vector.path("valid").asBoolean()) {
          wrong.add(name + ": passed");
        } else if (vector.has("directives") && !vector.path("directives").equals(found)) {
          wrong.add(name + ": " + found);
        }
      } catch (ProbeException error) {
        String difference = vector.path("valid").asBoolean() ? name + ": " + error : difference(error, vector);
        if (difference != null) {
          wrong.add(difference);
        }
      }
    }
    assertEquals(List.of(), wrong);
  }

  @Test
  void every_vector_gives_the_configuration_or_the_problems_it_states() throws Exception {
    List<String> wrong = new ArrayList<>();
    JsonNode all = vectors("config").path("cases");
    assertTrue(all.size() >= 90);
    for (JsonNode vector : all) {
      String name = vector.path("name").asText();
      Config config = vector.has("explicit")
          ? Config.fromString(vector.path("explicit").asText()) : Config.fromEnvironment();
      try {
        JsonNode found = config.validated(vector.path("file").asText(""), vector.path("env").isObject()
            ? vector.path("env") : Json.object());
        if (!vector.path("valid").asBoolean()) {
          wrong.add(name + ": passed");
        }
        vector.path("config").properties().stream()
            .filter(field -> !field.getValue().equals(orNull(found.at(field.getKey()))))
            .forEach(field -> wrong.add(name + ": " + field + " is not in " + found));
        vector.path("secrets").properties().stream()
            .filter(field -> !isHidden(found.at(field.getKey())))
            .forEach(field -> wrong.add(name + ": " + field.getKey() + " is not hidden in " + found));
      } catch (ProbeException error) {
        String difference = vector.path("valid").asBoolean() ? name + ": " + error : difference(error, vector);
        if (difference != null) {
          wrong.add(difference);
        }
        if (vector.has("never")) {
          String never = vector.path("never").asText();
          assertFalse((error + " " + error.context()).contains(never), name);
        }
      }
    }
    assertEquals(List.of(), wrong);
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

  private static byte[] bytes(JsonNode node) {
    return node.isNull() ? null
        : node.isTextual() ? node.asText().getBytes(StandardCharsets.UTF_8)
        : Base64.getDecoder().decode(node.path("base64").asText());
  }

  private static Event event(JsonNode fields, JsonNode topic) {
    Event event = fields.has("version")
        ? Event.of(Json.text(fields, "type"), Json.text(fields, "version")) : Event.of(Json.text(fields, "type"));
    if (fields.has("id")) {
      event = event.id(Json.text(fields, "id"));
    }
    if (fields.has("key")) {
      event = event.key(bytes(fields.path("key")));
    }
    for (JsonNode header : fields.path("headers")) {
      event = event.header(header.get(0).asText(), bytes(header.get(1)));
    }
    if (fields.has("value")) {
      return event.json(fields.path("value").toString());
    }
    if (fields.has("text")) {
      String text = fields.path("text").asText();
      return topic.path("format").asText().equals("string") ? event.value(text) : event.json(text);
    }
    return fields.has("raw") ? event.value(bytes(fields.path("raw"))) : event;
  }

  private static Match.Spec match(JsonNode document) {
    Match.Spec match = Match.any();
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
      // A cell of a table comes from steps, not from Java.
      if (matcher.has("text")) {
        return Match.fromJson(Json.object().set("matchers", matchers).toString());
      }
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
      for (JsonNode vector : vectors("matches").path("cases")) {
        String topic = Support.freshTopic();
        Directives directives = directives(topic, vector.path("topic"));
        ProbeSession session = here.openSession(directives);
        ProbeSession other = there.openSession(directives, session.testId());
        sessions.add(session);
        sessions.add(other);
        ProbeSession producing = vector.path("own").asBoolean() ? session : other;
        producing.produceEvent(topic, event(vector.path("event"), vector.path("topic")));
        // What does not match is seen to be there, and then not waited for.
        boolean matches = vector.path("result").asText().equals("matches");
        verdicts.put(vector.path("name").asText() + " -> " + vector.path("result").asText(),
            session.expectEventAsync(topic, match(vector.path("match")), matches ? LONG : SHORT)
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

  @Test
  void every_refused_match_is_refused_in_the_same_words_and_every_match_is_put_in_words() throws Exception {
    String topic = Support.freshTopic();
    Probe probe = Support.probe();
    JsonNode vectors = vectors("matches");
    try (ProbeSession session = probe.openSession(Support.both(topic))) {
      for (JsonNode vector : vectors.path("refused")) {
        byte[] call = Json.bytes(Json.object().put("verb", "expect_event").put("topic", topic)
            .set("match", vector.path("match")));
        UsageException error = assertThrows(UsageException.class,
            () -> Native.run(probe.handle(), session.handle(), call, null, null, null), vector.toString());
        assertEquals(List.of(vector.path("code").asText(), vector.path("message").asText()),
            List.of(error.code().name(), error.explanation()));
        assertEquals(Json.text(vector, "hint"), error.hint());
      }
      Map<String, CompletableFuture<ReceivedEvent>> expected = new LinkedHashMap<>();
      for (JsonNode vector : vectors.path("words")) {
        if (!vector.path("match").has("after")) {
          expected.put("expected: " + vector.path("words").asText(),
              session.expectEventAsync(topic, match(vector.path("match")), SHORT));
        }
      }
      assertTrue(!expected.isEmpty());
      for (Map.Entry<String, CompletableFuture<ReceivedEvent>> words : expected.entrySet()) {
        Throwable error = words.getValue().handle((event, failed) -> failed).join();
        assertTrue(String.valueOf(error).contains(words.getKey()), () -> words.getKey() + "\n" + error);
      }
    }
  }
}
