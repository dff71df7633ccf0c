package io.testprobe;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.testprobe.Completion.Outcome;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.Function;

/**
 * One call of a verb: what crosses to the engine, and how its outcome is read. Each verb is written once, here, for the
 * method that waits and for its twin.
 *
 * @param <T> what the verb returns
 * @param document the verb and its arguments
 * @param key the key of an event, as it is on the wire
 * @param value the value of an event, as it is on the wire, where the document has none
 * @param headers the headers of an event, as a frame
 * @param read reads the outcome
 * @param again makes the call that must follow, where the outcome is not the last word; null where it always is
 */
record Call<T>(
    byte[] document, byte[] key, byte[] value, byte[] headers, Function<Outcome, T> read,
    Function<Outcome, Call<T>> again) {
  private static <T> Call<T> of(ObjectNode document, Function<Outcome, T> read) {
    return of(document, read, null);
  }

  private static <T> Call<T> of(ObjectNode document, Function<Outcome, T> read, Function<Outcome, Call<T>> again) {
    return new Call<>(Json.bytes(document), null, null, null, read, again);
  }

  /** Returns the call that must follow; null when the outcome can be read. */
  Call<T> following(Outcome outcome) {
    return again == null ? null : again.apply(outcome);
  }

  private static ObjectNode verb(String verb) {
    return Json.object().put("verb", verb);
  }

  private static ObjectNode verb(String verb, String topic) {
    return verb(verb).put("topic", Errors.required(topic, "topic"));
  }

  static Call<ProducedAck> produceEvent(String topic, Event event, Duration timeout) {
    return produce("produce_event", topic, event, timeout, outcome -> ProducedAck.read(outcome.document()));
  }

  static Call<ProduceResult> tryProduceEvent(String topic, Event event, Duration timeout) {
    return produce("try_produce_event", topic, event, timeout, outcome -> {
      JsonNode ack = outcome.document().path("ack");
      return ack.isObject()
          ? ProducedAck.read(ack) : new ProducedNack(Errors.exception(outcome.document().path("error")));
    });
  }

  private static <T> Call<T> produce(
      String verb, String topic, Event event, Duration timeout, Function<Outcome, T> read) {
    Errors.required(event, "event");
    ObjectNode document = verb(verb, topic);
    document.put("id", event.id()).put("type", event.type()).put("version", event.version());
    document.put("partition", event.partition());
    document.put("timestamp", event.timestamp() == null ? null : (Long) event.timestamp().toEpochMilli());
    if (event.data() != null) {
      document.set("value", event.data());
    }
    if (timeout != null) {
      document.put("timeout_ms", millis(timeout));
    }
    return new Call<>(Json.bytes(document), event.rawKey(), event.rawValue(), event.frame(), read, null);
  }

  static Call<ConsumedResult> fetchConsumedEvent(String topic, String eventTestId) {
    ObjectNode document = verb("fetch_consumed_event", topic).put("id", Errors.required(eventTestId, "eventTestId"));
    return of(document, outcome -> {
      if (!outcome.events().isEmpty()) {
        return new ConsumedAck(outcome.events().get(0));
      }
      JsonNode error = outcome.document().path("error");
      return new ConsumedNack(Json.text(outcome.document(), "reason"),
          error.isObject() ? Errors.exception(error) : null);
    });
  }

  static Call<List<ReceivedEvent>> fetchConsumedEvents(String topic, String eventTestId) {
    ObjectNode document = verb("fetch_consumed_events", topic).put("id", Errors.required(eventTestId, "eventTestId"));
    return of(document, Outcome::events);
  }

  static Call<ReceivedEvent> expectEvent(String topic, Match match, Duration within) {
    return of(expectation("expect_event", topic, match, within), Call::firstEvent);
  }

  static Call<Verdict> expectNone(String topic, Match match, Duration within) {
    return of(expectation("expect_none", topic, match, within), Call::verdict);
  }

  static Call<Verdict> expectExactly(String topic, int n, Match match, Duration within) {
    return of(expectation("expect_exactly", topic, match, within).put("n", n), Call::verdict);
  }

  static Call<Verdict> expectAllOf(String topic, List<Match> matches, Order order, Duration within) {
    ObjectNode document = within(verb("expect_all_of", topic), within);
    document.put("order", Errors.required(order, "order").word());
    ArrayNode documents = document.putArray("matches");
    for (Match match : Errors.required(matches, "matches")) {
      documents.add(((Match.Spec) Errors.required(match, "match")).onTopic());
    }
    return of(document, Call::verdict);
  }

  static Call<ReceivedEvent> receiveEvent(String topic, Duration within) {
    return of(expectation("receive_event", topic, Match.any(), within), Call::firstEvent);
  }

  static Call<List<ReceivedEvent>> receiveN(String topic, int n, Duration within) {
    return of(expectation("receive_n", topic, Match.any(), within).put("n", n), outcome -> verdict(outcome).events());
  }

  static Call<ReceivedEvent> fishForEvent(
      String topic, Function<ReceivedEvent, Fish> function, Match match, Duration within) {
    Errors.required(function, "function");
    return fishing(expectation("fish_for_event", topic, match, within), function);
  }

  private static Call<ReceivedEvent> fishing(ObjectNode document, Function<ReceivedEvent, Fish> function) {
    return of(document, Call::lastEvent, outcome -> {
      JsonNode fishing = outcome.document().path("fishing");
      if (fishing.isMissingNode()) {
        return null;
      }
      ObjectNode next = verb("fish_for_event");
      next.set("fishing", fishing);
      ArrayNode answers = next.putArray("answers");
      for (ReceivedEvent event : outcome.events()) {
        Fish answer = Errors.required(function.apply(event), "the answer of the function");
        if (answer instanceof Fish.Failure failure) {
          answers.addObject().put("fail", failure.text());
          break;
        }
        answers.add(((Fish.Answer) answer).name().toLowerCase(Locale.ROOT));
        if (answer == Fish.COMPLETE) {
          break;
        }
      }
      return fishing(next, function);
    });
  }

  static Call<Void> expectGroupCaughtUp(String group, String topic, Duration within) {
    ObjectNode document = within(verb("expect_group_caught_up", topic), within);
    return of(document.put("group", Errors.required(group, "group")), outcome -> null);
  }

  static Call<Mark> mark() {
    return of(verb("mark"), outcome -> new Mark(outcome.document()));
  }

  static Call<List<ReceivedEvent>> journal(String topic) {
    return of(verb("journal", topic), Outcome::events);
  }

  static Call<Coverage> coverage(String topic) {
    return of(verb("coverage", topic), outcome -> Coverage.read(outcome.document()));
  }

  static Call<Preflight> preflight() {
    return of(verb("preflight"), outcome -> Preflight.read(outcome.document()));
  }

  static Call<Void> addTopics(Directives directives) {
    ObjectNode document = verb("add_topics");
    document.set("directives", Errors.required(directives, "directives").content());
    return of(document, outcome -> null);
  }

  static Call<Void> close() {
    return of(verb("close"), outcome -> null);
  }

  private static ObjectNode expectation(String verb, String topic, Match match, Duration within) {
    ObjectNode document = verb(verb, topic);
    document.set("match", ((Match.Spec) Errors.required(match, "match")).document());
    return within(document, within);
  }

  private static ObjectNode within(ObjectNode document, Duration within) {
    if (within != null) {
      document.put("within_ms", millis(within));
    }
    return document;
  }

  private static double millis(Duration time) {
    return time.getSeconds() * 1e3 + time.getNano() / 1e6;
  }

  private static Verdict verdict(Outcome outcome) {
    List<Verdict.Warning> warnings = new ArrayList<>();
    for (JsonNode warning : outcome.document().path("warnings")) {
      Verdict.Warning read = new Verdict.Warning(Json.text(warning, "code"), Json.text(warning, "message"));
      warnings.add(read);
      Leaks.LOG.log(System.Logger.Level.WARNING, () -> read.code() + ": " + read.message());
    }
    Coverage coverage = Coverage.read(outcome.document().path("coverage"));
    Map<String, Coverage> others = new LinkedHashMap<>();
    for (Map.Entry<String, JsonNode> topic : outcome.document().path("otherTopics").properties()) {
      others.put(topic.getKey(), Coverage.read(topic.getValue()));
    }
    return new Verdict(
        List.copyOf(outcome.events()), coverage, List.copyOf(warnings), Collections.unmodifiableMap(others));
  }

  private static ReceivedEvent firstEvent(Outcome outcome) {
    Verdict verdict = verdict(outcome);
    return verdict.events().get(0).of(verdict);
  }

  /** Reads the event that completed a fishing; what was collected before is in its verdict. */
  private static ReceivedEvent lastEvent(Outcome outcome) {
    Verdict verdict = verdict(outcome);
    return verdict.events().get(verdict.events().size() - 1).of(verdict);
  }
}
