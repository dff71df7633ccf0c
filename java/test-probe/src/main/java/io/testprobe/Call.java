package io.testprobe;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.testprobe.Completion.Outcome;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
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
 */
record Call<T>(byte[] document, byte[] key, byte[] value, byte[] headers, Function<Outcome, T> read) {
  private static <T> Call<T> of(ObjectNode document, Function<Outcome, T> read) {
    return new Call<>(Json.bytes(document), null, null, null, read);
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
    return new Call<>(Json.bytes(document), event.rawKey(), event.rawValue(), event.frame(), read);
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
    return of(expectation("expect_event", topic, match, within), outcome -> verdict(outcome).events().get(0));
  }

  static Call<Verdict> expectNone(String topic, Match match, Duration within) {
    return of(expectation("expect_none", topic, match, within), Call::verdict);
  }

  static Call<Verdict> expectExactly(String topic, int n, Match match, Duration within) {
    return of(expectation("expect_exactly", topic, match, within).put("n", n), Call::verdict);
  }

  /** The engine of this version refuses the verb; what it will take of it is decided with it. */
  static Call<Verdict> expectAllOf(String topic, List<Match> matches, Order order, Duration within) {
    Errors.required(matches, "matches");
    Errors.required(order, "order");
    return of(expectation("expect_all_of", topic, Match.any(), within), Call::verdict);
  }

  static Call<ReceivedEvent> receiveEvent(String topic, Duration within) {
    return of(expectation("receive_event", topic, Match.any(), within), outcome -> verdict(outcome).events().get(0));
  }

  static Call<List<ReceivedEvent>> receiveN(String topic, int n, Duration within) {
    return of(expectation("receive_n", topic, Match.any(), within).put("n", n), outcome -> verdict(outcome).events());
  }

  /** The engine of this version refuses the verb. */
  static Call<ReceivedEvent> fishForEvent(String topic, Function<ReceivedEvent, Fish> function, Duration within) {
    Errors.required(function, "function");
    return of(expectation("fish_for_event", topic, Match.any(), within), outcome -> verdict(outcome).events().get(0));
  }

  /** The engine of this version refuses the verb. */
  static Call<Void> expectGroupCaughtUp(String group, String topic, Duration within) {
    Errors.required(group, "group");
    return of(expectation("expect_group_caught_up", topic, Match.any(), within), outcome -> null);
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
    return new Verdict(List.copyOf(outcome.events()), coverage, List.copyOf(warnings));
  }
}
