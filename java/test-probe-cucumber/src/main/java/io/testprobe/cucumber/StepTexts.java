package io.testprobe.cucumber;

/**
 * The texts of the steps.
 *
 * <p>Generated from {@code tests/features/steps.json} by {@code cargo run -p xtask -- codegen}: do not edit.
 */
final class StepTexts {
  /** A time: "5 seconds", "500 ms", "PT5S". */
  static final String PROBE_DURATION = "\\d+(?:\\.\\d+)? ?(?:milliseconds?|ms|seconds?|s|minutes?|min)|PT[0-9.HMS]+";

  /** Takes a probe whose default cluster is a Kafka in this process, shared by all scenarios that ask for it. */
  static final String PROBE_ON_EMBEDDED_CLUSTER =
      "a probe on the embedded cluster";

  /** Takes the default probe; topic steps that name no cluster mean this one from here on. */
  static final String PROBE_ON_CLUSTER =
      "a probe on cluster {string}";

  /** Takes a probe of this configuration file, relative to the working directory; one per file, shared by all scenarios. */
  static final String PROBE_FROM_CONFIGURATION =
      "a probe from configuration {string}";

  /** Adds the topic to the session, in both roles, and creates it where it is missing; returns when it is ready. */
  static final String TOPIC =
      "topic {string}";

  /** The same, created with so many partitions where it is missing. */
  static final String TOPIC_WITH_PARTITIONS =
      "topic {string} with {int} partition(s)";

  /** The same, on a named cluster. */
  static final String TOPIC_ON_CLUSTER =
      "topic {string} on cluster {string}";

  /** Adds topics as YAML directives say. */
  static final String TOPIC_DIRECTIVES =
      "these topic directives:";

  /** Produces an event of a type under an id; the doc string is its JSON value. */
  static final String PRODUCE_TYPED_EVENT =
      "I produce/send/publish event/message {string} with id {string} to topic {string}:";

  /** Produces an event as its YAML says: type, version, id, key, headers, value or raw, partition, timestamp. */
  static final String PRODUCE_EVENT =
      "I produce/send/publish to topic {string} the event:/message:";

  /** Produces the event of each row: type, version, id, key, value, partition, timestamp, header:NAME. */
  static final String PRODUCE_EVENTS =
      "I produce/send/publish to topic {string} the events:/messages:";

  /** Produces a record of this test with a key and a null value. */
  static final String PRODUCE_TOMBSTONE =
      "I produce/send/publish a tombstone with key {string} to topic {string}";

  /** Fails unless every event of the last produce step was acknowledged by the broker. */
  static final String EVENT_IS_ACKNOWLEDGED =
      "the event/message is acknowledged";

  /** Fails unless an event of the last produce step was refused with this error code. */
  static final String EVENT_IS_REFUSED =
      "the event/message is refused with {string}";

  /** From here on expectations on this topic look at what comes after this moment. */
  static final String MARK =
      "I mark topic {string}";

  /** Expects an event of this id. */
  static final String EVENT_WITH_ID_ARRIVES =
      "within {probeDuration} event/message {string} arrives on topic {string}";

  /** Expects an event of this type. */
  static final String EVENT_ARRIVES =
      "within {probeDuration} a(n) {string} event/message arrives on topic {string}";

  /** Expects an event of this type behind the one that an expectation found last on this topic. */
  static final String ANOTHER_EVENT_ARRIVES =
      "within {probeDuration} another {string} event/message arrives on topic {string}";

  /** Expects an event of this key. */
  static final String EVENT_WITH_KEY_ARRIVES =
      "within {probeDuration} a(n) event/message with key {string} arrives on topic {string}";

  /** Expects an event of this type that meets every row: path, matcher, value. */
  static final String EVENT_ARRIVES_WHERE =
      "within {probeDuration} a(n) {string} event/message arrives on topic {string} where:";

  /** The same, behind the one that an expectation found last on this topic. */
  static final String ANOTHER_EVENT_ARRIVES_WHERE =
      "within {probeDuration} another {string} event/message arrives on topic {string} where:";

  /** Waits the whole time and expects exactly so many events of this type. */
  static final String EVENTS_ARRIVE_EXACTLY =
      "within {probeDuration} exactly {int} {string} event(s)/message(s) arrive(s) on topic {string}";

  /** Expects an event for each row, in this order; others may lie between: type, version, id, key, header:NAME, path, matcher, value. */
  static final String EVENTS_ARRIVE_IN_ORDER =
      "within {probeDuration} these events/messages arrive on topic {string} in order:";

  /** Expects an event of its own for each row, in any order. */
  static final String EVENTS_ARRIVE_IN_ANY_ORDER =
      "within {probeDuration} these events/messages arrive on topic {string} in any order:";

  /** Proves that no event of this type comes. */
  static final String NO_EVENT_ARRIVES =
      "no {string} event/message arrives on topic {string} within {probeDuration}";

  /** Proves that no event of this type comes that meets every row. */
  static final String NO_EVENT_ARRIVES_WHERE =
      "no {string} event/message arrives on topic {string} within {probeDuration} where:";

  /** Waits up to the ask timeout for the event of this id, and compares its whole value with the JSON. */
  static final String CONSUMED_EVENT_HAS_VALUE =
      "the consumed event/message {string} on topic {string} has value:";

  /** Waits until a record of this test that could not be decoded is in the journal. */
  static final String UNDECODABLE_EVENT_ARRIVES =
      "an undecodable event/message arrives on topic {string} within {probeDuration}";

  /** Takes the inconclusive verdict of the expectation before; without this step an inconclusive verdict ends the scenario. */
  static final String EXPECTATION_IS_INCONCLUSIVE =
      "the expectation is inconclusive";

  /** Expects that a consumer group has committed up to the end of the topic. */
  static final String GROUP_HAS_CAUGHT_UP =
      "the consumer group {string} has caught up with topic {string} within {probeDuration}";

  /** Verifies that what the session produced to the topic, and was acknowledged, is in its log once and in order, and nothing else is. */
  static final String DELIVERED_ONCE =
      "every event/message produced to {string} is delivered once and in order within {probeDuration}";

  /** Verifies that each event of the first topic comes out once on the second one, by its id and in order per key, and nothing else does. */
  static final String COMES_OUT_ONCE =
      "each event/message on {string} comes out once on {string} within {probeDuration}";

  private StepTexts() {}
}
