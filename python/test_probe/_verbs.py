"""The verbs of a session: each once, for the blocking and for the awaitable session alike.

A verb is a function that returns a `Call`: the document for the engine, and how its outcome is
read. `_sync` and `aio` make methods of these functions; they differ in how they run a call only.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, Optional, TypeVar, Union

from . import _convert
from ._convert import DirectivesInput, NativeOutcome, Within, millis
from ._events import (
    ABSENT,
    After,
    ConsumedAck,
    ConsumedNack,
    Event,
    Fish,
    FishFailure,
    HeadersInput,
    Mark,
    Match,
    MatchersInput,
    PartitionCoverage,
    Preflight,
    ProducedAck,
    ProducedNack,
    ReceivedEvent,
    Verdict,
)
from .errors import invalid_argument

T = TypeVar("T")
Text = Optional[str]
Key = Union[str, bytes, None]


@dataclass(frozen=True)
class Call(Generic[T]):
    """One call of a verb, and how its outcome is read."""

    document: str
    read: Callable[[NativeOutcome], T]
    key: bytes | None = None
    value: bytes | None = None
    headers: Sequence[tuple[str, bytes | None]] = ()
    again: Callable[[NativeOutcome], Call[T] | None] | None = None
    """Returns the call that must follow, if the outcome is not the last word."""

    def following(self, outcome: NativeOutcome) -> Call[T] | None:
        """Returns the call that must follow; None when the outcome can be read."""
        return None if self.again is None else self.again(outcome)


def _call(verb: str, read: Callable[[NativeOutcome], T], **fields: Any) -> Call[T]:
    return Call(_convert.dumps({"verb": verb, **fields}, "an argument"), read)


def _produce(
    verb: str,
    read: Callable[[NativeOutcome], T],
    topic: str,
    event: Event,
    timeout: Within | None,
) -> Call[T]:
    if not isinstance(event, Event):
        raise invalid_argument(f"`event` was `{event!r}`, not an Event")
    document, value = _convert.event_document(topic, event)
    if timeout is not None:
        document["timeout_ms"] = millis(timeout, "timeout")
    return Call(
        _convert.dumps({"verb": verb, **document}),
        read,
        _convert.key_bytes(event.key),
        value,
        _convert.header_pairs(event.headers),
    )


def _expect(
    verb: str,
    read: Callable[[NativeOutcome], T],
    topic: str,
    match: Match,
    within: Within | None,
    **fields: Any,
) -> Call[T]:
    return _expectation(verb, read, topic, within, match=_convert.match_document(match), **fields)


def _expectation(
    verb: str,
    read: Callable[[NativeOutcome], T],
    topic: str,
    within: Within | None,
    again: Callable[[NativeOutcome], Call[T] | None] | None = None,
    **fields: Any,
) -> Call[T]:
    if within is not None:
        fields["within_ms"] = millis(within, "within")
    document = {"verb": verb, "topic": topic}
    document.update((name, given) for name, given in fields.items() if given is not None)
    return Call(_convert.dumps(document, "the match"), read, again=again)


def produce_event(topic: str, event: Event, *, timeout: Within | None = None) -> Call[ProducedAck]:
    """Produces an event and returns the broker's acknowledgement, or raises the typed error.

    `timeout` is the ask timeout; the configured one when absent.
    """
    return _produce("produce_event", _convert.produced, topic, event, timeout)


def try_produce_event(
    topic: str, event: Event, *, timeout: Within | None = None
) -> Call[ProducedAck | ProducedNack]:
    """Produces an event and returns the acknowledgement, or a ProducedNack with the error."""
    return _produce("try_produce_event", _convert.tried, topic, event, timeout)


def fetch_consumed_event(topic: str, event_test_id: str) -> Call[ConsumedAck | ConsumedNack]:
    """Returns the first consumed event of this id, or why there is none, at once."""
    return _call("fetch_consumed_event", _convert.consumed, topic=topic, id=event_test_id)


def fetch_consumed_events(topic: str, event_test_id: str) -> Call[list[ReceivedEvent]]:
    """Returns every consumed event of this id, in journal order, at once."""
    return _call("fetch_consumed_events", _convert.events, topic=topic, id=event_test_id)


def expect_event(
    topic: str,
    *,
    id: Text = None,
    type: Text = None,
    version: Text = None,
    key: Key = None,
    headers: HeadersInput | None = None,
    value: Any = ABSENT,
    where: Text = None,
    mode: Text = None,
    matchers: MatchersInput | None = None,
    after: After | None = None,
    own: bool | None = None,
    hint: Text = None,
    within: Within | None = None,
) -> Call[ReceivedEvent]:
    """Waits for one event that meets every condition given, and returns it.

    `value` is a subset of the event's value, unless `mode` says `exact` or `any_order`; None asks for
    a tombstone or a JSON null. `where` is a CEL expression that must be true, `matchers` ask single
    places, as `("$.total", "between", [1, 5])`; docs/matches.md lists them. `after` is a mark, an
    acknowledgement or a received event to look behind, else the session's start. `own` narrows to
    events of this session, or to those of others. `within` is in seconds, or a timedelta; the
    configured default when absent.

    Raises ExpectationFailed when it provably did not come, Inconclusive when that is not known.
    """
    match = Match(
        id, type, version, key, headers, value, where, after, own, hint, mode=mode, matchers=matchers
    )
    return _expect("expect_event", _convert.first_event, topic, match, within)


def expect_none(
    topic: str,
    *,
    id: Text = None,
    type: Text = None,
    version: Text = None,
    key: Key = None,
    headers: HeadersInput | None = None,
    value: Any = ABSENT,
    where: Text = None,
    mode: Text = None,
    matchers: MatchersInput | None = None,
    after: After | None = None,
    own: bool | None = None,
    hint: Text = None,
    within: Within,
) -> Call[Verdict]:
    """Proves that no event comes that meets every condition given, and returns the proof.

    Looks at every record of the test, also at those that eventFilters hide, to the end of the log
    as it is when `within` is over. The conditions are those of `expect_event`.
    """
    match = Match(
        id, type, version, key, headers, value, where, after, own, hint, mode=mode, matchers=matchers
    )
    return _expect("expect_none", _convert.verdict, topic, match, within)


def expect_exactly(
    topic: str,
    n: int,
    *,
    id: Text = None,
    type: Text = None,
    version: Text = None,
    key: Key = None,
    headers: HeadersInput | None = None,
    value: Any = ABSENT,
    where: Text = None,
    mode: Text = None,
    matchers: MatchersInput | None = None,
    after: After | None = None,
    own: bool | None = None,
    hint: Text = None,
    within: Within,
) -> Call[Verdict]:
    """Proves that n events come that meet every condition given, and not one more.

    Fails at once with the first one too many, and passes only at the end of `within`. Looks, as
    `expect_none` does, also at what eventFilters hide. The conditions are those of `expect_event`.
    """
    match = Match(
        id, type, version, key, headers, value, where, after, own, hint, mode=mode, matchers=matchers
    )
    return _expect("expect_exactly", _convert.verdict, topic, match, within, n=n)


def expect_all_of(
    topic: str,
    matches: Sequence[Match],
    *,
    order: Text = None,
    after: After | None = None,
    hint: Text = None,
    within: Within | None = None,
) -> Call[Verdict]:
    """Waits for an event of its own for each match; the events come in the order of the matches.

    A match may name another topic of the session. `order` is `in_order`, the default: a subsequence
    of the journal, which within a partition is the order of the log and between partitions that of
    reading; or `any_order`.
    """
    documents = [_convert.match_on_topic(match) for match in matches]
    looking = None if after is None else _convert.after_document(after)
    return _expectation(
        "expect_all_of",
        _convert.verdict,
        topic,
        within,
        matches=documents,
        order=order,
        after=looking,
        hint=hint,
    )


def fish_for_event(
    topic: str,
    function: Callable[[ReceivedEvent], Fish | FishFailure],
    *,
    id: Text = None,
    type: Text = None,
    version: Text = None,
    key: Key = None,
    headers: HeadersInput | None = None,
    value: Any = ABSENT,
    where: Text = None,
    mode: Text = None,
    matchers: MatchersInput | None = None,
    after: After | None = None,
    own: bool | None = None,
    hint: Text = None,
    within: Within | None = None,
) -> Call[ReceivedEvent]:
    """Shows events to a function until it completes with one, and returns that one.

    The function is called in the caller's thread with one event after the other, from the session's
    start or behind `after`, and answers `Fish.COMPLETE`, `Fish.COLLECT`, `Fish.IGNORE` or
    `Fish.fail(text)`. What it collected, and last the event it completed with, are the events of
    `.verdict`. What it raises is raised. With conditions, as `expect_event` has them, it sees only the
    events that meet them.
    """
    match = Match(
        id, type, version, key, headers, value, where, after, own, hint, mode=mode, matchers=matchers
    )

    def turn(outcome: NativeOutcome) -> Call[ReceivedEvent] | None:
        fishing = _convert.fishing(outcome)
        if fishing is None:
            return None
        answers = _convert.answers(outcome, function)
        document = {"verb": "fish_for_event", "fishing": fishing, "answers": answers}
        return Call(_convert.dumps(document, "an answer"), _convert.last_event, again=turn)

    return _expectation(
        "fish_for_event", _convert.last_event, topic, within, turn, match=_convert.match_document(match)
    )


def expect_group_caught_up(
    group: str, topic: str, *, hint: Text = None, within: Within | None = None
) -> Call[None]:
    """Waits until a consumer group has committed, for every partition, the end it has now, or more.

    The end is the high watermark, from which tools compute lag. A partition without a commit must
    hold no record.
    """
    return _expectation("expect_group_caught_up", _convert.nothing, topic, within, group=group, hint=hint)


def receive_event(topic: str, *, within: Within | None = None) -> Call[ReceivedEvent]:
    """Returns the next event of the journal; each is handed out once."""
    return _expect("receive_event", _convert.first_event, topic, Match(), within)


def receive_n(topic: str, n: int, *, within: Within | None = None) -> Call[list[ReceivedEvent]]:
    """Returns the next n events of the journal; each is handed out once."""
    return _expect("receive_n", _convert.verdict_events, topic, Match(), within, n=n)


def mark() -> Call[Mark]:
    """Returns a point in the log of every topic that the session consumes, for `after=`."""
    return _call("mark", _convert.mark)


def journal(topic: str) -> Call[list[ReceivedEvent]]:
    """Returns all that was kept, in order; undecodable records too, with their `error`."""
    return _call("journal", _convert.events, topic=topic)


def coverage(topic: str) -> Call[dict[int, PartitionCoverage]]:
    """Returns how far each partition was read, as {partition: (from, to, end)}."""
    return _call("coverage", _convert.coverage, topic=topic)


def preflight() -> Call[Preflight]:
    """Looks at what the schemas of the session need before its first event. What fails is a finding."""
    return _call("preflight", _convert.preflight)


def add_topics(directives: DirectivesInput) -> Call[None]:
    """Adds topics to the session and returns when they are ready."""
    return _call("add_topics", _convert.nothing, directives=_convert.directives_data(directives))


def close() -> Call[None]:
    """Closes the session. Closing twice does nothing."""
    return _call("close", _convert.nothing)


def opening(directives: DirectivesInput, test_id: str | None) -> str:
    """Returns the document that opens a session."""
    document = {"directives": _convert.directives_data(directives), "testId": test_id}
    return _convert.dumps(document, "the directives")
