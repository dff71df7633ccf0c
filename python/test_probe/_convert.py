"""Documents and bytes, in both directions: the one place that knows how Python data crosses.

Structured things are JSON documents that the engine reads and writes. Key, value and header
values are bytes, exactly as on the wire.
"""

from __future__ import annotations

import base64
import json
import math
import os
import re
import warnings
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import fields, is_dataclass
from datetime import date, datetime, timedelta, timezone
from datetime import time as clock_time
from decimal import Decimal
from pathlib import Path
from typing import Any, Union
from uuid import UUID

from ._events import (
    ABSENT,
    After,
    ConsumedAck,
    ConsumedNack,
    Event,
    Fish,
    FishFailure,
    Headers,
    Mark,
    Match,
    PartitionCoverage,
    Preflight,
    PreflightFinding,
    ProbeWarning,
    ProducedAck,
    ProducedNack,
    ReceivedEvent,
    Verdict,
    VerdictWarning,
)
from .errors import from_document, invalid_argument

NativeEvent = tuple[str, Union[bytes, None], Union[bytes, None], list[tuple[str, Union[bytes, None]]]]
"""How an event crosses: its document, key, value and headers."""

NativeOutcome = tuple[str, list[NativeEvent]]
"""How the outcome of a verb crosses: its document, and events."""

DirectivesInput = Union[str, "os.PathLike[str]", Mapping[str, Any], Sequence[Mapping[str, Any]]]
"""Directives: a path, YAML text (it has a newline), a dict, or a list of dicts."""

Within = Union[float, timedelta]
"""A time: seconds, or a timedelta."""

EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
_LONG_INTEGER = re.compile(r"\d{19}")


# --- to the engine ---------------------------------------------------------------------------


def dumps(document: Any, what: str = "the value") -> str:
    """Returns data as JSON. What JSON or the engine's 64-bit integers cannot hold is refused."""
    try:
        text = json.dumps(document, allow_nan=False, ensure_ascii=False, default=_plain)
    except (TypeError, ValueError, RecursionError) as error:
        raise invalid_argument(f"{what} was not JSON-like data: {error}") from error
    if _LONG_INTEGER.search(text):
        _check_integers(document, what)
    return text


def _plain(value: Any) -> Any:
    """Returns what is no type of JSON as the text that a schema, or a reader, takes for the same."""
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, Decimal):
        return _decimal(value)
    if isinstance(value, (bytes, bytearray, memoryview)):
        return base64.b64encode(value).decode("ascii")
    if isinstance(value, datetime):
        return value.isoformat().replace("+00:00", "Z")
    if isinstance(value, (date, clock_time)):
        return value.isoformat()
    if isinstance(value, UUID):
        return str(value)
    if is_dataclass(value) and not isinstance(value, type):
        return {field.name: getattr(value, field.name) for field in fields(value)}
    raise TypeError(f"`{type(value).__name__}` is not a type of JSON")


def _decimal(value: Decimal) -> float | str:
    """Returns a number where a float has every digit, else text."""
    number = float(value)
    return number if math.isfinite(number) and Decimal(repr(number)) == value else str(value)


def _check_integers(value: Any, what: str) -> None:
    if isinstance(value, Mapping):
        value = value.values()
    elif isinstance(value, int):
        if not -(2**63) <= value < 2**64:
            raise invalid_argument(
                f"{what} had the integer `{value}`, which 64 bits do not hold",
                "send it as a string, or write the bytes yourself",
            )
        return
    elif isinstance(value, str) or not isinstance(value, Iterable):
        return
    for part in value:
        _check_integers(part, what)


def millis(time: Within, what: str) -> float:
    """Returns a time in milliseconds."""
    if isinstance(time, timedelta):
        return time.total_seconds() * 1e3
    if isinstance(time, bool) or not isinstance(time, (int, float)):
        raise invalid_argument(f"`{what}` was `{time!r}`, neither seconds nor a timedelta")
    return time * 1e3


def directives_data(directives: DirectivesInput) -> Any:
    """Returns YAML text or data, as the engine takes directives."""
    if isinstance(directives, str) and "\n" in directives:
        return directives
    if isinstance(directives, (str, os.PathLike)):
        path = Path(directives)
        try:
            return path.read_text("utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise invalid_argument(
                f"directives were not read from `{path}`: {error}",
                "YAML text is told from a path by its newline",
            ) from error
    if isinstance(directives, Mapping):
        return {"topics": [directives]} if "topic" in directives else directives
    return {"topics": list(directives)}


def event_document(topic: str, event: Event) -> tuple[dict[str, Any], bytes | None]:
    """Returns the fields of an event, and its value where that is bytes."""
    document: dict[str, Any] = {
        "topic": topic,
        "id": event.id,
        "type": event.type,
        "version": event.version,
        "partition": event.partition,
        "timestamp": _timestamp_millis(event.timestamp),
    }
    if isinstance(event.value, (bytes, bytearray, memoryview)):
        return document, bytes(event.value)
    if event.value is not None:
        document["value"] = event.value
    return document, None


def _timestamp_millis(timestamp: datetime | int | None) -> int | None:
    if not isinstance(timestamp, datetime):
        return timestamp
    if timestamp.tzinfo is None:
        raise invalid_argument(
            f"`timestamp` was the naive datetime `{timestamp.isoformat()}`", "give it a timezone"
        )
    return (timestamp - EPOCH) // timedelta(milliseconds=1)


def key_bytes(key: str | bytes | None) -> bytes | None:
    """Returns a key as it is on the wire."""
    return _wire(key, "`key`")


def header_pairs(headers: Any) -> list[tuple[str, bytes | None]]:
    """Returns headers, given as a dict or as pairs, as they are on the wire."""
    try:
        pairs = [
            (name, value) for name, value in (headers.items() if isinstance(headers, Mapping) else headers)
        ]
    except (TypeError, ValueError) as error:
        raise invalid_argument(f"`headers` were neither a dict nor pairs: {error}") from error
    return [(_name(name), _wire(value, f"header `{name}`")) for name, value in pairs]


def _name(name: Any) -> str:
    if not isinstance(name, str):
        raise invalid_argument(f"the name of a header was `{name!r}`, not a str")
    return name


def _wire(value: Any, what: str) -> bytes | None:
    if value is None or isinstance(value, bytes):
        return value
    if isinstance(value, str):
        return value.encode("utf-8")
    raise invalid_argument(f"{what} was `{value!r}`, neither str nor bytes")


def match_document(match: Match) -> dict[str, Any]:
    """Returns a match as its document. What was not given is not there; None is refused by the type."""
    document = _parsed(match.document) if match.document is not None else {}
    document.update(
        {
            name: given
            for name in ("id", "type", "version", "where", "mode", "own", "hint")
            if (given := getattr(match, name)) is not None
        }
    )
    if match.key is not None:
        document["key"] = _text_or_base64(key_bytes(match.key))
    if match.headers is not None:
        pairs = header_pairs(match.headers)
        document["headers"] = [[name, _text_or_base64(value)] for name, value in pairs]
    if match.value is not ABSENT:
        document["value"] = match.value
    if match.matchers is not None:
        document["matchers"] = [_matcher_document(matcher) for matcher in match.matchers]
    if match.after is not None:
        document["after"] = after_document(match.after)
    return document


def match_on_topic(match: Match) -> dict[str, Any]:
    """Returns a match of several as its document, with the topic that it names."""
    if not isinstance(match, Match):
        raise invalid_argument(f"`matches` had `{match!r}`, not a Match")
    document = match_document(match)
    return document if match.topic is None else {**document, "topic": match.topic}


def _parsed(document: Any) -> dict[str, Any]:
    try:
        parsed = json.loads(document)
    except (TypeError, ValueError) as error:
        raise invalid_argument(f"the document of a match was not JSON: {error}") from error
    if not isinstance(parsed, dict):
        raise invalid_argument("the document of a match was not a JSON object")
    return parsed


def _matcher_document(matcher: Any) -> dict[str, Any]:
    if isinstance(matcher, Mapping):
        return dict(matcher)
    if isinstance(matcher, (tuple, list)) and len(matcher) in (2, 3):
        return dict(zip(("path", "matcher", "value"), matcher))
    raise invalid_argument(
        f"a matcher was `{matcher!r}`", "give (path, matcher) or (path, matcher, value), or its document"
    )


def after_document(after: After) -> dict[str, Any]:
    """Returns the point from which to look as its document."""
    if isinstance(after, Mark):
        return {"mark": json.loads(after.document)}
    if isinstance(after, (ProducedAck, ReceivedEvent)):
        return {"topic": after.topic, "partition": after.partition, "offset": after.offset}
    raise invalid_argument(f"`after` was `{after!r}`", "give a mark, an acknowledgement or a received event")


def _text_or_base64(value: bytes | None) -> Any:
    if value is None:
        return None
    try:
        return value.decode("utf-8")
    except UnicodeDecodeError:
        return {"base64": base64.b64encode(value).decode("ascii")}


# --- from the engine -------------------------------------------------------------------------


def nothing(outcome: NativeOutcome) -> None:
    """Reads an outcome with nothing to say."""


def produced(outcome: NativeOutcome) -> ProducedAck:
    """Reads an acknowledgement."""
    return _ack(json.loads(outcome[0]))


def tried(outcome: NativeOutcome) -> ProducedAck | ProducedNack:
    """Reads an acknowledgement, or why there is none."""
    document = json.loads(outcome[0])
    if "ack" in document:
        return _ack(document["ack"])
    return ProducedNack(from_document(document["error"]))


def _ack(document: Mapping[str, Any]) -> ProducedAck:
    return ProducedAck(
        topic=document["topic"],
        partition=document["partition"],
        offset=document["offset"],
        timestamp=_time(document["timestamp"]),
        latency=timedelta(milliseconds=document["latencyMs"]),
        id=document["id"],
    )


def consumed(outcome: NativeOutcome) -> ConsumedAck | ConsumedNack:
    """Reads an event, or why there is none."""
    document, found = json.loads(outcome[0]), outcome[1]
    if found:
        return ConsumedAck(_event(found[0]))
    error = document.get("error")
    return ConsumedNack(document["reason"], None if error is None else from_document(error))


def events(outcome: NativeOutcome) -> list[ReceivedEvent]:
    """Reads events of the journal."""
    return [_event(event) for event in outcome[1]]


def verdict(outcome: NativeOutcome) -> Verdict:
    """Reads a verdict that passed; its warnings also go to `warnings.warn`."""
    document = json.loads(outcome[0])
    found: list[ReceivedEvent] = []
    read = Verdict(
        events=found,
        coverage=_coverage(document["coverage"]),
        other_topics={topic: _coverage(read) for topic, read in document["otherTopics"].items()},
        warnings=[VerdictWarning(warning["code"], warning["message"]) for warning in document["warnings"]],
    )
    found.extend(_event(event, read) for event in outcome[1])
    for warning in read.warnings:
        warnings.warn(
            f"{warning.code}: {warning.message}", ProbeWarning, stacklevel=_frames_of_this_package()
        )
    return read


def first_event(outcome: NativeOutcome) -> ReceivedEvent:
    """Reads the event of a verdict on one."""
    return verdict(outcome).events[0]


def last_event(outcome: NativeOutcome) -> ReceivedEvent:
    """Reads the event that completed a verdict on several."""
    return verdict(outcome).events[-1]


def fishing(outcome: NativeOutcome) -> Any:
    """Reads what a fishing goes on with; None when it is at its end."""
    return json.loads(outcome[0]).get("fishing")


def answers(
    outcome: NativeOutcome, function: Callable[[ReceivedEvent], Fish | FishFailure]
) -> list[str | dict[str, str]]:
    """Shows the events of a batch to a function, up to one that ends the fishing."""
    given: list[str | dict[str, str]] = []
    for event in outcome[1]:
        answer = function(_event(event))
        if isinstance(answer, FishFailure):
            given.append({"fail": str(answer.text)})
            break
        if not isinstance(answer, Fish):
            raise invalid_argument(
                f"the function of `fish_for_event` answered `{answer!r}`",
                "answer Fish.COMPLETE, Fish.COLLECT, Fish.IGNORE or Fish.fail(text)",
            )
        given.append(answer.value)
        if answer is Fish.COMPLETE:
            break
    return given


def verdict_events(outcome: NativeOutcome) -> list[ReceivedEvent]:
    """Reads the events of a verdict."""
    return verdict(outcome).events


def mark(outcome: NativeOutcome) -> Mark:
    """Reads a mark."""
    return Mark(outcome[0])


def coverage(outcome: NativeOutcome) -> dict[int, PartitionCoverage]:
    """Reads how far each partition was read."""
    return _coverage(json.loads(outcome[0]))


def preflight(outcome: NativeOutcome) -> Preflight:
    """Reads what was looked at before the first event."""
    document = json.loads(outcome[0])
    return Preflight(
        document["passed"],
        [
            PreflightFinding(**{**finding, "error": finding["error"] and from_document(finding["error"])})
            for finding in document["findings"]
        ],
    )


def _coverage(document: Mapping[str, Any]) -> dict[int, PartitionCoverage]:
    return {
        int(partition): PartitionCoverage(read["from"], read["next"], read["end"])
        for partition, read in document["partitions"].items()
    }


def _event(native: NativeEvent, of: Verdict | None = None) -> ReceivedEvent:
    text, raw_key, raw_value, headers = native
    document = json.loads(text)
    error = document["error"]
    return ReceivedEvent(
        topic=document["topic"],
        partition=document["partition"],
        offset=document["offset"],
        timestamp=None if document["timestamp"] is None else _time(document["timestamp"]),
        id=document["id"],
        type=document["type"],
        version=document["version"],
        test_id=document["testId"],
        key=document["key"],
        value=_value(document, raw_value),
        headers=Headers(headers),
        raw_key=raw_key,
        raw_value=raw_value,
        own=document["own"],
        error=None if error is None else from_document(error),
        verdict=of,
    )


def _value(document: Mapping[str, Any], raw: bytes | None) -> Any:
    kind = document["valueKind"]
    if kind == "json":
        return document["value"]
    if kind == "text":
        return document["valueText"]
    return raw if kind == "bytes" else None


def _time(epoch_millis: int) -> datetime:
    return EPOCH + timedelta(milliseconds=epoch_millis)


def _frames_of_this_package() -> int:
    """Returns how far up the stack the test is, so that a warning points at its line."""
    import sys

    here = os.path.dirname(__file__) + os.sep
    level, frame = 1, sys._getframe(1)
    while frame.f_back is not None and frame.f_code.co_filename.startswith(here):
        level, frame = level + 1, frame.f_back
    return level
