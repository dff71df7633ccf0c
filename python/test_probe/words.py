"""What people write in steps, tables and on command lines, read by the engine as for every language.

words.duration("5 seconds")
words.events([["type", "id", "value"], ["OrderCreated", "evt-1", '{"total": 5}']])

A table is a list of rows, the first of them the names of the columns; an empty cell counts as none.
What is wrong is raised all at once, as a UsageError.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any, Optional

from . import _native
from ._convert import dumps
from ._events import Event, Match

__all__ = ["Table", "duration", "events", "match", "matches", "read", "topic"]

Table = Sequence[Sequence[Optional[str]]]
"""Rows of cells under a row of names."""


def read(what: str, **words: Any) -> Any:
    """Returns the document that the engine reads words as: the way to everything below.

    `what` is `duration`, `events`, `match`, `matches` or `topic`; see `test_probe::words` in the Rust
    documentation for what goes with each.
    """
    return json.loads(_native.words(dumps({"read": what, **words}, "the words")))


def duration(text: str) -> timedelta:
    """Reads a time: `5 seconds`, `500 ms`, `PT5S`."""
    return timedelta(milliseconds=read("duration", text=text)["ms"])


def events(source: str | Table) -> list[Event]:
    """Reads events: YAML of one or of a list, or a table.

    The keys are those of `Event`, and `raw` in the place of `value` for bytes as they go to the wire;
    the columns are `type, version, id, key, value, partition, timestamp, header:NAME`.
    """
    given = {"yaml": source} if isinstance(source, str) else {"table": source}
    return [_event(document) for document in read("events", **given)["events"]]


def match(table: Table, **conditions: Any) -> Match:
    """Reads a match from a table of `path, matcher, value`; `conditions` are fields that hold besides.

    A matcher left out is `equals`. `session.expect_all_of("orders", [words.match(table, type="A")])`.
    """
    return Match.from_json(json.dumps(read("match", table=table, **conditions)))


def matches(table: Table) -> list[Match]:
    """Reads a match from each row, for `expect_all_of`.

    The columns are `type, version, id, key, topic, header:NAME, path, matcher, value`.
    """
    return [Match.from_json(json.dumps(found)) for found in read("matches", table=table)["matches"]]


def topic(name: str, *, partitions: int | None = None, cluster: str | None = None) -> dict[str, Any]:
    """Returns the directives of a topic in both roles, created where it is missing."""
    given = {"topic": name, "partitions": partitions, "cluster": cluster}
    document: dict[str, Any] = read(
        "topic", **{key: value for key, value in given.items() if value is not None}
    )
    return document


def _event(document: Mapping[str, Any]) -> Event:
    return Event(
        type=document.get("type"),
        version=document.get("version"),
        id=document.get("id"),
        key=_wire(document.get("key")),
        value=_value(document),
        headers=tuple((name, _wire(value)) for name, value in document.get("headers", ())),
        partition=document.get("partition"),
        timestamp=document.get("timestamp"),
    )


def _value(document: Mapping[str, Any]) -> Any:
    if "raw" in document:
        raw = _wire(document["raw"])
        return raw.encode("utf-8") if isinstance(raw, str) else raw
    if "value" in document and document["value"] is None:
        return b"null"  # None is a tombstone
    return document.get("value")


def _wire(written: Any) -> str | bytes | None:
    if isinstance(written, Mapping):
        return base64.b64decode(written["base64"])
    return written if written is None else str(written)
