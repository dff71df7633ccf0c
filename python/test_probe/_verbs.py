"""The verbs of a session: each once, for the blocking and for the awaitable session alike.

A verb is a function that returns a `Call`: the document for the engine, and how its outcome is
read. `_sync` and `aio` make methods of these functions; they differ in how they run a call only.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic, Optional, TypeVar, Union

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
    ProducedAck,
    ProducedNack,
    ReceivedEvent,
    Verdict,
)
from .errors import invalid_argument, unsupported

if TYPE_CHECKING:
    from typing import NoReturn


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
    fields["match"] = _convert.match_document(match)
    if within is not None:
        fields["within_ms"] = millis(within, "within")
    return Call(_convert.dumps({"verb": verb, "topic": topic, **fields}, "the match"), read)


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


def add_topics(directives: DirectivesInput) -> Call[None]:
    """Adds topics to the session and returns when they are ready."""
    return _call("add_topics", _convert.nothing, directives=_convert.directives_data(directives))


def close() -> Call[None]:
    """Closes the session. Closing twice does nothing."""
    return _call("close", _convert.nothing)


def expect_exactly(topic: str, n: int, *, within: Within, **match: Any) -> Call[Verdict]:
    """Expects exactly n events. Not in this version: UNSUPPORTED."""
    _later("expect_exactly")


def expect_all_of(
    topic: str, matches: Sequence[Match], *, order: str = "in_order", within: Within | None = None
) -> Call[Verdict]:
    """Expects an event for each match. Not in this version: UNSUPPORTED."""
    _later("expect_all_of")


def fish_for_event(
    topic: str, function: Callable[[ReceivedEvent], Fish | FishFailure], *, within: Within | None = None
) -> Call[ReceivedEvent]:
    """Fishes with a function of the test. Not in this version: UNSUPPORTED."""
    _later("fish_for_event")


def expect_group_caught_up(group: str, topic: str, *, within: Within | None = None) -> Call[None]:
    """Expects that a consumer group has read a topic. Not in this version: UNSUPPORTED."""
    _later("expect_group_caught_up")


def _later(verb: str) -> NoReturn:
    raise unsupported(f"`{verb}`", "the expectations are expect_event, expect_none, receive_event, receive_n")


def opening(directives: DirectivesInput, test_id: str | None) -> str:
    """Returns the document that opens a session."""
    document = {"directives": _convert.directives_data(directives), "testId": test_id}
    return _convert.dumps(document, "the directives")
