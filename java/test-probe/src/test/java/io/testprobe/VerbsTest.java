package io.testprobe;

import static io.testprobe.Support.LONG;
import static io.testprobe.Support.SHORT;
import static io.testprobe.Support.both;
import static io.testprobe.Support.sent;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.math.BigInteger;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What crosses the boundary, and that it comes back as it went. */
class VerbsTest {
  private String topic;
  private ProbeSession session;

  @BeforeEach
  void open() {
    topic = Support.freshTopic();
    session = Support.probe().openSession(both(topic));
  }

  @AfterEach
  void close() {
    session.close();
  }

  @ParameterizedTest
  @ValueSource(strings = {
    "{\"total\":5,\"lines\":[{\"sku\":\"a\"},null],\"ok\":true}",
    "[1,2.5,\"x\"]", "\"text\"", "3", "false", "{}", "null",
    "{\"min\":-9223372036854775808,\"max\":18446744073709551615}", "\"\u00fcn\u00efcode \ud83d\ude00 \\u0000\""})
  void a_json_value_comes_back_as_it_went(String json) {
    String back = sent(session, topic, Event.of("T").json(json)).valueAsJson();
    assertEquals(Json.parse(json, "what went"), Json.parse(back, "what came"));
  }

  record Purchase(String orderId, int total) {}

  @Test
  void records_maps_and_beans_are_written_and_read() {
    ReceivedEvent event = sent(session, topic, Event.of("T").value(new Purchase("o-1", 5)));
    assertEquals(new Purchase("o-1", 5), event.valueAs(Purchase.class));
    assertEquals(Map.of("orderId", "o-1", "total", 5), event.value());
    assertEquals(Map.of("a", List.of(1)), sent(session, topic, Event.of("T").value(Map.of("a", List.of(1)))).value());
    UsageException error = assertThrows(UsageException.class, () -> event.valueAs(Integer.class));
    assertSame(ErrorCode.INVALID_ARGUMENT, error.code());
  }

  @Test
  void bytes_go_to_the_wire_as_they_are_and_come_back_as_bytes() {
    String raw = Support.freshTopic();
    session.addTopics(Directives.of(TopicDirective.both(raw).create(1).format("bytes")));
    byte[] bytes = {0, -1, 7};
    ReceivedEvent event = sent(session, raw, Event.of("T").value(bytes).key(bytes));
    assertArrayEquals(bytes, event.rawValue());
    assertArrayEquals(bytes, (byte[]) event.value());
    assertArrayEquals(bytes, event.valueAs(byte[].class));
    assertArrayEquals(bytes, event.rawKey());
    assertNull(event.key());
    session.expectEvent(raw, Match.any().key(bytes).own(true), LONG);
  }

  @Test
  void null_is_a_tombstone_and_a_match_on_null_is_not_a_match_on_nothing() {
    session.produceEvent(topic, Event.of("T").id("full").json("{\"a\": 1}"));
    ReceivedEvent tombstone = sent(session, topic, Event.of("T").id("empty").value(null));
    assertNull(tombstone.value());
    assertNull(tombstone.rawValue());
    assertNull(tombstone.error());
    assertEquals("empty", session.expectEvent(topic, Match.value(null).own(true), LONG).id());
  }

  @Test
  void an_undecodable_event_has_no_value_and_an_error() {
    session.produceEvent(topic, Event.of("T").id("e").value("{not json".getBytes(StandardCharsets.UTF_8)));
    InconclusiveException doubt = assertThrows(
        InconclusiveException.class, () -> session.expectEvent(topic, Match.json("{\"a\": 1}"), SHORT));
    assertSame(ErrorCode.UNDECODABLE, doubt.code());
    ReceivedEvent received = session.journal(topic).get(0);
    assertNull(received.value());
    assertSame(ErrorCode.DECODE_FAILED, received.error().code());
    assertSame(received.error(), assertThrows(SchemaException.class, received::valueAsJson));
    ConsumedNack nack = assertInstanceOf(ConsumedNack.class, session.fetchConsumedEvent(topic, "e"));
    assertEquals("seen but undecodable", nack.reason());
    assertSame(ErrorCode.DECODE_FAILED, nack.error().code());
    List<?> counted = (List<?>) Support.probe().info().get("decode_errors");
    Map<?, ?> here = counted.stream().map(one -> (Map<?, ?>) one).filter(one -> topic.equals(one.get("topic")))
        .findFirst().orElseThrow();
    assertEquals(List.of("default", "serialization_error", 1),
        List.of(here.get("cluster"), here.get("error_type"), here.get("count")));
    assertTrue(received.error().getMessage().contains((String) here.get("first")));
  }

  @Test
  void headers_repeat_are_null_and_keep_their_order() {
    byte[] binary = {-1};
    Event event = Event.of("T").json("1").header("h", "1").header("h", binary).header("empty", "")
        .header("null", (byte[]) null).header("H", "other");
    Headers headers = sent(session, topic, event).headers();
    List<Headers.Header> ours =
        headers.asList().stream().filter(header -> !header.name().matches("ce_.*|content-type|traceparent")).toList();
    assertEquals(
        List.of(new Headers.Header("h", "1".getBytes(StandardCharsets.UTF_8)), new Headers.Header("h", binary),
            new Headers.Header("empty", new byte[0]), new Headers.Header("null", null),
            new Headers.Header("H", "other".getBytes(StandardCharsets.UTF_8))),
        ours);
    assertEquals("1", headers.text("h"));
    assertEquals(2, headers.getAll("h").size());
    assertNull(headers.get("null"));
    assertTrue(headers.contains("null") && !headers.contains("absent"));
    session.expectEvent(topic, Match.any().header("h", binary).header("null", (String) null).own(true), LONG);
  }

  @Test
  void partition_and_timestamp_are_chosen() {
    String wide = Support.freshTopic();
    session.addTopics(Directives.of(TopicDirective.both(wide).create(3)));
    Instant moment = Instant.parse("2026-01-02T03:04:05.678Z");
    ProducedAck ack = session.produceEvent(wide, Event.of("T").id("e").partition(2).timestamp(moment));
    assertEquals(2, ack.partition());
    assertEquals(moment, ack.timestamp());
    assertTrue(ack.latency().compareTo(Duration.ZERO) > 0);
    ReceivedEvent event = session.expectEvent(wide, Match.id("e").own(true), LONG);
    assertEquals(moment, event.timestamp());
    assertEquals(List.of(0, 1, 2), List.copyOf(session.coverage(wide).partitions().keySet()));
  }

  @Test
  void a_mark_an_acknowledgement_and_an_event_are_points_to_look_behind() {
    ProducedAck first = session.produceEvent(topic, Event.of("A").id("1"));
    ReceivedEvent received = session.expectEvent(topic, Match.id("1").own(true), LONG);
    Mark mark = session.mark();
    session.produceEvent(topic, Event.of("A").id("2"));
    for (Match.Spec match : List.of(
        Match.type("A").after(mark), Match.type("A").after(first), Match.type("A").after(received))) {
      assertEquals("2", session.expectEvent(topic, match.own(true), LONG).id());
    }
    ProducedAck last = session.produceEvent(topic, Event.of("A").id("3"));
    assertTrue(session.expectNone(topic, Match.type("A").after(last), SHORT).events().isEmpty());
  }

  @Test
  void events_are_received_in_order_each_once() {
    for (int number = 0; number < 5; number++) {
      session.produceEvent(topic, Event.of("T").id("" + number));
    }
    assertEquals("0", session.receiveEvent(topic).id());
    assertEquals(List.of("1", "2", "3"),
        session.receiveN(topic, 3, LONG).stream().map(ReceivedEvent::id).toList());
    session.expectEvent(topic, Match.id("4").own(true));
    assertEquals(1, session.fetchConsumedEvents(topic, "4").size());
    assertEquals("4", session.receiveEvent(topic, LONG).id());
    assertEquals(5, session.coverage(topic).partitions().get(0).to());
    assertEquals(5, session.journal(topic).size());
  }

  @Test
  void a_failed_expectation_explains_itself_and_has_its_facts() {
    sent(session, topic, Event.of("Other"));
    ExpectationFailed error = assertThrows(ExpectationFailed.class,
        () -> session.expectEvent(topic, Match.type("Wanted").hint("the order was paid"), SHORT));
    assertSame(ErrorCode.EXPECTATION_TIMEOUT, error.code());
    assertTrue(error.getMessage().contains("Wanted") && error.getMessage().contains("the order was paid"));
    assertEquals(topic, error.context().get("topic"));
    assertTrue(Arrays.stream(error.getStackTrace()).anyMatch(frame -> frame.getClassName().contains("VerbsTest")));
    AssertionError forbidden = assertThrows(
        AssertionError.class, () -> session.expectNone(topic, Match.type("Other"), SHORT));
    assertSame(ErrorCode.UNEXPECTED_EVENT, ((ExpectationFailed) forbidden).code());
  }

  @Test
  void topics_are_added_to_an_open_session() {
    String more = Support.freshTopic();
    session.addTopics(both(more));
    sent(session, more, Event.of("T"));
    assertThrows(DuplicateTopicException.class, () -> session.addTopics(both(topic)));
  }

  @Test
  void try_produce_event_answers_instead_of_throwing() {
    assertTrue(session.tryProduceEvent(topic, Event.of("T")).acknowledged());
    ProduceResult refused = session.tryProduceEvent(topic, Event.of("T").partition(99));
    ProducedNack nack = assertInstanceOf(ProducedNack.class, refused);
    assertThrows(nack.error().getClass(), () -> session.produceEvent(topic, Event.of("T").partition(99)));
  }

  @Test
  void a_test_id_is_chosen_and_travels() {
    String other = Support.freshTopic();
    try (ProbeSession mine = Support.probe().openSession(both(other), "my-test-" + other)) {
      assertEquals("my-test-" + other, mine.testId());
      assertEquals(mine.testId(), mine.traceHeaders().get("ce_testid"));
      assertEquals(mine.testId(), sent(mine, other, Event.of("T")).testId());
    }
  }

  @Test
  void a_missing_topic_and_a_verb_against_the_role_are_errors_at_once() {
    KafkaException missing = assertThrows(KafkaException.class,
        () -> Support.probe().openSession(Directives.of(TopicDirective.consumer("absent-" + topic))));
    assertSame(ErrorCode.UNKNOWN_TOPIC, missing.code());
    String other = Support.freshTopic();
    session.addTopics(Directives.of(TopicDirective.consumer(other).create(1)));
    ActorNotRegisteredException error =
        assertThrows(ActorNotRegisteredException.class, () -> session.produceEvent(other, Event.of("T")));
    assertTrue(error.getMessage().contains(other) && error.getMessage().contains(session.testId()));
  }

  @Test
  void an_event_that_cannot_be_sent_is_refused_clearly() {
    BigInteger tooSmall = BigInteger.valueOf(Long.MIN_VALUE).subtract(BigInteger.ONE);
    List<Supplier<Event>> events = List.of(
        () -> Event.of("T").value(BigInteger.ONE.shiftLeft(64)),
        () -> Event.of("T").value(Map.of("deep", List.of(tooSmall))),
        () -> Event.of("T").value(Double.NaN),
        () -> Event.of("T").value(new Object()),
        () -> Event.of("T").json("{\"a\": "),
        () -> Event.of("T").json("1 2"),
        () -> Event.of("T").json(""));
    for (Supplier<Event> event : events) {
      UsageException error = assertThrows(UsageException.class, () -> session.produceEvent(topic, event.get()));
      assertSame(ErrorCode.INVALID_ARGUMENT, error.code());
    }
    assertSame(ErrorCode.INVALID_ARGUMENT,
        assertThrows(UsageException.class, () -> session.expectEvent(topic, Match.id(null), SHORT)).code());
    assertSame(ErrorCode.INVALID_ARGUMENT,
        assertThrows(UsageException.class, () -> session.receiveEvent(topic, Duration.ofSeconds(-1))).code());
  }

  @Test
  void a_pass_on_an_own_event_alone_is_warned_of() {
    session.produceEvent(topic, Event.of("T").id("e"));
    Call<ReceivedEvent> call = Call.expectEvent(topic, Match.id("e"), LONG);
    Completion.Outcome outcome =
        Support.probe().completions().await(session.start(call), Completion::outcome);
    assertEquals("SELF_MATCH", Json.text(outcome.document().path("warnings").path(0), "code"));
    assertEquals("e", call.read().apply(outcome).id());
  }
}
