package io.testprobe;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.NullNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** One scenario, one failure: what Java throws is what the vectors say, text and facts, but for times and ids. */
@Timeout(120)
class FailuresTest {
  /** Returns all that an exception of the engine holds, as the document of an error. */
  private static ObjectNode facts(Throwable error) {
    ProbeFailure failure = (ProbeFailure) error;
    ObjectNode facts = Json.object().put("code", failure.code().number()).put("name", failure.code().name())
        .put("category", failure.code().category().name().toLowerCase(Locale.ROOT))
        .put("message", failure.explanation()).put("hint", failure.hint()).put("retriable", failure.retriable());
    facts.set("context", Json.of(failure.context(), "the context"));
    facts.set("source", error.getCause() == null ? NullNode.getInstance() : facts(error.getCause()));
    return facts;
  }

  private static JsonNode normalised(ObjectNode facts) throws Exception {
    String text = new String(Json.bytes(facts), StandardCharsets.UTF_8);
    for (JsonNode rule : Vectors.file("failures").path("normalise")) {
      text = text.replaceAll(rule.get(0).asText(), rule.get(1).asText());
    }
    ObjectNode found = (ObjectNode) Json.parse(text, "the failure");
    ArrayNode lines = Json.object().putArray("message");
    found.path("message").asText().lines().forEach(lines::add);
    return found.set("message", lines);
  }

  private static Directives directives(String topic, TopicDirective base, JsonNode keys) {
    TopicDirective directive = base.with("as", "orders");
    for (Map.Entry<String, JsonNode> key : keys.properties()) {
      directive = directive.with(key.getKey(), Json.plain(key.getValue()));
    }
    return Directives.of(directive);
  }

  @Test
  void every_failure_is_that_of_its_vector() throws Exception {
    AtomicInteger number = new AtomicInteger();
    try (Probe probe = Probe.embedded();
        Probe outside = Probe.open(Config.fromEnvironment().bootstrapServers(probe.bootstrapServers()))) {
      Vectors.each("failures", "cases", vector -> {
        String topic = "orders-" + number.incrementAndGet();
        TopicDirective plain = TopicDirective.producer(topic);
        try (
            ProbeSession session =
                probe.openSession(directives(topic, TopicDirective.both(topic).create(1), vector.path("topic")));
            ProbeSession other = outside.openSession(directives(topic, plain, Json.object()));
            ProbeSession nobody =
                outside.openSession(directives(topic, plain, Json.object().put("envelope", "none")))) {
          Map<String, ProbeSession> by = Map.of("self", session, "other", other, "nobody", nobody);
          for (JsonNode given : vector.path("given")) {
            by.get(given.path("by").asText()).produceEvent("orders", Vectors.event(given.path("event")));
          }
          Match match = Vectors.match(vector.path("match"));
          Duration within = Duration.ofMillis(vector.path("within_ms").asLong());
          Throwable error = assertThrows(Throwable.class, () -> {
            if (vector.path("verb").asText().equals("expect_none")) {
              session.expectNone("orders", match, within);
            } else {
              session.expectEvent("orders", match, within);
            }
          });
          boolean isFailure = vector.path("failure").path("category").asText().equals("expectation");
          assertEquals(isFailure ? ExpectationFailed.class : InconclusiveException.class, error.getClass());
          assertEquals(List.of(error.getMessage()), List.of(((ProbeFailure) error).explanation()));
          return Vectors.difference(vector.path("failure"), normalised(facts(error)));
        }
      });
    }
  }
}
