"""What tests send and get back."""

from __future__ import annotations

import enum
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, ClassVar, Final, NamedTuple, Union

from .errors import ProbeError, invalid_argument

HeadersInput = Union[
    Mapping[str, Union[str, bytes, None]],
    Sequence[tuple[str, Union[str, bytes, None]]],
    "Headers",
]
"""Headers as a caller gives them: a dict, or pairs where a name repeats."""


MatchersInput = Sequence[Union[Mapping[str, Any], tuple[str, str], tuple[str, str, Any]]]
"""Matchers as a caller gives them."""


class Absent(enum.Enum):
    """The kind of an argument that was not given, where None means something."""

    ABSENT = enum.auto()

    def __repr__(self) -> str:
        return "<absent>"


ABSENT: Final = Absent.ABSENT


class ProbeWarning(UserWarning):
    """A verdict passed and yet deserves a look."""


@dataclass(frozen=True)
class Event:
    """An event to produce.

    `value` is JSON-like data, which the topic's format writes; bytes go to the wire as they are;
    None is a tombstone. `id` is the name by which the test calls the event, a fresh one when absent.
    `timestamp` is an aware datetime, or milliseconds since the epoch.
    """

    type: str | None = None
    version: str | None = None
    id: str | None = None
    key: str | bytes | None = None
    value: Any = None
    headers: HeadersInput = ()
    partition: int | None = None
    timestamp: datetime | int | None = None

    @staticmethod
    def from_yaml(text: str) -> Event:
        """Reads an event from YAML or JSON: `{type: OrderCreated, id: evt-1, value: {total: 5}}`.

        The keys are the fields, and `raw` in the place of `value` for bytes as they go to the wire;
        `key`, `raw` and the values of headers are text or `{base64: ...}`. Raises a UsageError with
        everything that is wrong at once, each with line, column and hint.
        """
        from .words import events

        found = events(text)
        if len(found) != 1:
            raise invalid_argument(
                f"the text had {len(found)} events, not one", "`words.events` reads several"
            )
        return found[0]


class Headers:
    """Headers in the order of the wire. A name may repeat, and a value may be None."""

    __slots__ = ("_pairs",)

    def __init__(self, pairs: Sequence[tuple[str, bytes | None]] = ()) -> None:
        self._pairs = tuple(pairs)

    def get(self, name: str, default: bytes | None = None) -> bytes | None:
        """Returns the first value under exactly this name."""
        return next((value for other, value in self._pairs if other == name), default)

    def get_all(self, name: str) -> list[bytes | None]:
        """Returns every value under exactly this name, in order."""
        return [value for other, value in self._pairs if other == name]

    def __iter__(self) -> Iterator[tuple[str, bytes | None]]:
        return iter(self._pairs)

    def __len__(self) -> int:
        return len(self._pairs)

    def __contains__(self, name: object) -> bool:
        return any(other == name for other, _ in self._pairs)

    def __eq__(self, other: object) -> bool:
        return self._pairs == other._pairs if isinstance(other, Headers) else NotImplemented

    def __hash__(self) -> int:
        return hash(self._pairs)

    def __repr__(self) -> str:
        return f"Headers({list(self._pairs)!r})"


@dataclass(frozen=True)
class ProducedAck:
    """A broker's acknowledgement of one event."""

    topic: str
    partition: int
    offset: int
    timestamp: datetime
    """Aware, UTC."""
    latency: timedelta
    """From the call to the acknowledgement."""
    id: str
    """The id the event went out with."""
    acknowledged: ClassVar[bool] = True


@dataclass(frozen=True)
class ProducedNack:
    """Why an event was not acknowledged."""

    error: ProbeError
    acknowledged: ClassVar[bool] = False


class VerdictWarning(NamedTuple):
    """Something that passed and yet deserves a look."""

    code: str
    """A stable word: `SELF_MATCH`, `VACUOUS_MATCH`, `FOREIGN_MATCH` or `STALE_MATCH`."""
    message: str


class PartitionCoverage(NamedTuple):
    """How far one partition was read for a session."""

    start: int
    """The first offset that the session looks at."""
    to: int
    """Everything below was delivered, or is proven invisible."""
    end: int | None
    """The end that was asked for after the deadline and answered; None before that."""


class DeliveryReport(NamedTuple):
    """What `verify_delivery` counted. What went wrong is in the context of the error, under `delivery`."""

    sent: int
    """Events that went in."""
    acknowledged: int
    """Those that the broker acknowledged, or that were read from its log."""
    unknown: int
    """Those that may or may not be in the log: neither is wrong."""
    refused: int
    """Those that were provably not written."""
    seen: int
    """Records that came out."""
    ambiguous: int
    """Events whose id came out less often than it went in."""


class PreflightFinding(NamedTuple):
    """What came of looking at one thing before the first event."""

    topic: str
    """The name of the topic."""
    side: str
    """`key` or `value`."""
    check: str
    """`registry`, `subject`, `compatibility` or `sample`."""
    status: str
    """`passed`, `failed` or `skipped`."""
    text: str
    """The same as a sentence."""
    error: ProbeError | None
    """Why it failed, with what to do about it."""


class Preflight(NamedTuple):
    """What was looked at before the first event of a session."""

    passed: bool
    """Whether nothing failed."""
    findings: list[PreflightFinding]
    """One for each thing that was looked at."""


@dataclass(frozen=True)
class ReceivedEvent:
    """A record of the log, with what was read from it."""

    topic: str
    """The name of the topic in the session's directives."""
    partition: int
    offset: int
    timestamp: datetime | None
    """Aware, UTC."""
    id: str | None
    type: str | None
    version: str | None
    test_id: str | None
    key: str | None
    """The key as text, when it is UTF-8."""
    value: Any
    """dict, list, number, str, bytes, or None for a tombstone and for what could not be decoded."""
    headers: Headers
    raw_key: bytes | None
    raw_value: bytes | None
    own: bool
    """Whether this session produced it."""
    error: ProbeError | None = None
    """Why the value could not be decoded."""
    verdict: Verdict | None = field(default=None, repr=False, compare=False)
    """The verdict that handed it out."""


@dataclass(frozen=True)
class Verdict:
    """A verdict that passed; one that did not is raised."""

    events: list[ReceivedEvent]
    """The events that satisfied the expectation, in journal order; those of `expect_all_of` in the order
    of the matches, those of `fish_for_event` with the one it completed with last."""
    coverage: dict[int, PartitionCoverage]
    """The proof: how far each partition was read."""
    warnings: list[VerdictWarning]
    other_topics: dict[str, dict[int, PartitionCoverage]] = field(default_factory=dict)
    """The proof of the other topics: those that the matches of `expect_all_of` name, or the output that
    `verify_delivery` looked at."""
    delivery: DeliveryReport | None = None
    """What `verify_delivery` counted."""


@dataclass(frozen=True)
class ConsumedAck:
    """A consumed event that was asked for by its id."""

    event: ReceivedEvent
    found: ClassVar[bool] = True
    reason: ClassVar[None] = None
    error: ClassVar[None] = None


@dataclass(frozen=True)
class ConsumedNack:
    """Why there is no consumed event to hand out."""

    reason: str
    """`not seen yet`, `seen but undecodable`, `seen but filtered out` or `worker failed`."""
    error: ProbeError | None = None
    found: ClassVar[bool] = False
    event: ClassVar[None] = None


@dataclass(frozen=True)
class Mark:
    """A point in the log of every topic of a session, for `after=`."""

    document: str = field(repr=False)


After = Union[Mark, ProducedAck, ReceivedEvent]
"""From where an expectation looks; everything behind it."""


@dataclass(frozen=True)
class Match:
    """Conditions on one event; all that are given must hold."""

    id: str | None = None
    type: str | None = None
    version: str | None = None
    key: str | bytes | None = None
    headers: HeadersInput | None = None
    value: Any = ABSENT
    """The value, compared as `mode` says; None asks for a tombstone or a JSON null."""
    where: str | None = None
    """A CEL expression over the event that must be true: `value.total > 3 && key == 'o-1'`."""
    after: After | None = None
    own: bool | None = None
    hint: str | None = None
    """A sentence of the test that failures repeat."""
    topic: str | None = None
    """Another topic of the session on which to look, for `expect_all_of`."""
    mode: str | None = None
    """`subset` (when absent), `exact` or `any_order`."""
    matchers: MatchersInput | None = None
    """What single places are asked: (path, matcher) or (path, matcher, value), or their documents."""
    document: str | None = None
    """What `from_json` was given; the other fields come on top of it."""

    @classmethod
    def from_json(cls, text: str) -> Match:
        """Returns the match that a JSON document says, as docs/matches.md describes it.

        The document is read where the match is used; what is not understood is a UsageError there.
        """
        return cls(document=text)


class Fish(enum.Enum):
    """What the function of `fish_for_event` answers."""

    COMPLETE = "complete"
    COLLECT = "collect"
    IGNORE = "ignore"

    @staticmethod
    def fail(text: str) -> FishFailure:
        """Returns the answer that ends the fishing as a failure."""
        return FishFailure(text)


class FishFailure(NamedTuple):
    """What `Fish.fail` returns."""

    text: str
