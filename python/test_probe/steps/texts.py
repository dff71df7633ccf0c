"""The texts of the steps. Generated from `tests/features/steps.json` by
`cargo run -p xtask -- codegen`: do not edit.
"""

from __future__ import annotations

from typing import Final

PROBE_DURATION: Final = (
    r"\d+(?:\.\d+)? ?(?:milliseconds?|ms|seconds?|s|minutes?|min)",
    r"PT[0-9.HMS]+",
)
"""A time: `5 seconds`, `500 ms`, `PT5S`."""

PROBE_ON_EMBEDDED_CLUSTER: Final = "a probe on the embedded cluster"
PROBE_ON_CLUSTER: Final = "a probe on cluster {string}"
PROBE_FROM_CONFIGURATION: Final = "a probe from configuration {string}"
TOPIC: Final = "topic {string}"
TOPIC_WITH_PARTITIONS: Final = "topic {string} with {int} partition(s)"
TOPIC_ON_CLUSTER: Final = "topic {string} on cluster {string}"
TOPIC_DIRECTIVES: Final = "these topic directives:"
PRODUCE_TYPED_EVENT: Final = (
    "I produce/send/publish event/message {string} with id {string} to topic {string}:"
)
PRODUCE_EVENT: Final = "I produce/send/publish to topic {string} the event:/message:"
PRODUCE_EVENTS: Final = "I produce/send/publish to topic {string} the events:/messages:"
PRODUCE_TOMBSTONE: Final = "I produce/send/publish a tombstone with key {string} to topic {string}"
EVENT_IS_ACKNOWLEDGED: Final = "the event/message is acknowledged"
EVENT_IS_REFUSED: Final = "the event/message is refused with {string}"
MARK: Final = "I mark topic {string}"
EVENT_WITH_ID_ARRIVES: Final = "within {probeDuration} event/message {string} arrives on topic {string}"
EVENT_ARRIVES: Final = "within {probeDuration} a(n) {string} event/message arrives on topic {string}"
ANOTHER_EVENT_ARRIVES: Final = (
    "within {probeDuration} another {string} event/message arrives on topic {string}"
)
EVENT_WITH_KEY_ARRIVES: Final = (
    "within {probeDuration} a(n) event/message with key {string} arrives on topic {string}"
)
EVENT_ARRIVES_WHERE: Final = (
    "within {probeDuration} a(n) {string} event/message arrives on topic {string} where:"
)
ANOTHER_EVENT_ARRIVES_WHERE: Final = (
    "within {probeDuration} another {string} event/message arrives on topic {string} where:"
)
EVENTS_ARRIVE_EXACTLY: Final = (
    "within {probeDuration} exactly {int} {string} event(s)/message(s) arrive(s) on topic {string}"
)
EVENTS_ARRIVE_IN_ORDER: Final = (
    "within {probeDuration} these events/messages arrive on topic {string} in order:"
)
EVENTS_ARRIVE_IN_ANY_ORDER: Final = (
    "within {probeDuration} these events/messages arrive on topic {string} in any order:"
)
NO_EVENT_ARRIVES: Final = "no {string} event/message arrives on topic {string} within {probeDuration}"
NO_EVENT_ARRIVES_WHERE: Final = (
    "no {string} event/message arrives on topic {string} within {probeDuration} where:"
)
CONSUMED_EVENT_HAS_VALUE: Final = "the consumed event/message {string} on topic {string} has value:"
UNDECODABLE_EVENT_ARRIVES: Final = (
    "an undecodable event/message arrives on topic {string} within {probeDuration}"
)
EXPECTATION_IS_INCONCLUSIVE: Final = "the expectation is inconclusive"
GROUP_HAS_CAUGHT_UP: Final = (
    "the consumer group {string} has caught up with topic {string} within {probeDuration}"
)
DELIVERED_ONCE: Final = (
    "every event/message produced to {string} is delivered once and in order within {probeDuration}"
)
COMES_OUT_ONCE: Final = "each event/message on {string} comes out once on {string} within {probeDuration}"
