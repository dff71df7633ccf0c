"""Directives and headers for the sessions of these tests."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable
from typing import Any, TypeVar

from test_probe import Session

from .shapes import Shape

WITHIN = 15.0
"""How long an event may take on a busy machine."""
T = TypeVar("T")


def until(found: Callable[[], T], what: str, seconds: float = WITHIN) -> T:
    """Returns what a question comes to once that is something."""
    end, pace = time.monotonic() + seconds, threading.Event()
    while not (answer := found()):
        assert time.monotonic() < end, f"{what}: not within {seconds} s"
        pace.wait(0.05)
    return answer


def directive(topic: str, shape: Shape, key: Shape | None = None, **more: Any) -> dict[str, Any]:
    """Returns a directive for both roles, whose schemas come along."""
    keys = {"keyFormat": key.format, "keySchema": schema(key)} if key else {}
    return {"topic": topic, "role": "both", "format": shape.format, "schema": schema(shape), **keys, **more}


def as_key(shape: Shape) -> str:
    """Returns a value as a key is given, the text of its JSON."""
    return json.dumps(shape.ours)


def as_data(key: str | bytes | None) -> Any:
    """Returns what a key says."""
    assert isinstance(key, str)
    return json.loads(key)


def schema(shape: Shape) -> Any:
    """Returns a schema as directives have it."""
    refers = [{"name": name, "subject": subject, "version": version} for name, subject, version in shape.references]
    return {"text": shape.text, "references": refers} if refers else shape.text


def headers(session: Session, type_: str = "Order", id_: str = "") -> list[tuple[str, bytes]]:
    """Returns the headers by which a service answers a test."""
    found = {"ce_testid": session.test_id, "ce_type": type_, "ce_payloadversion": "1", "ce_correlationid": id_}
    return [(name, value.encode()) for name, value in found.items() if value]
