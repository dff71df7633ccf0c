"""One scenario, one failure: what Python raises is what the vectors say, but for times and ids."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path
from typing import Any

import pytest
from test_vectors import VECTORS, produced, vectors

from test_probe import Probe, Session
from test_probe.errors import ExpectationFailed, Inconclusive, ProbeError

RULES: list[list[str]] = json.loads((VECTORS / "failures.json").read_text("utf-8"))["normalise"]


def normalised(text: str) -> str:
    for pattern, instead in RULES:
        text = re.sub(pattern, instead, text)
    return text


def facts(error: ProbeError) -> dict[str, Any]:
    """Returns all that an exception holds, as the document of an error."""
    return {
        "code": error.code.value,
        "name": error.code.name,
        "category": error.code.category.value,
        "message": error.message,
        "hint": error.hint,
        "retriable": error.retriable,
        "context": dict(error.context),
        "source": None if error.source is None else facts(error.source),
    }


def failure(session: Session, topic: str, vector: dict[str, Any]) -> ProbeError:
    expect = session.expect_none if vector["verb"] == "expect_none" else session.expect_event
    with pytest.raises((ExpectationFailed, Inconclusive)) as caught:
        expect(topic, **vector["match"], within=vector["within_ms"] / 1000)
    return caught.value


def test_every_failure_is_that_of_its_vector() -> None:
    written = []
    with Probe.embedded() as probe, Probe(bootstrap_servers=probe.bootstrap_servers) as outside:
        for number, vector in enumerate(vectors("failures")):
            topic = f"orders-{number}"
            own = {
                "topic": topic,
                "as": "orders",
                "role": "both",
                "create": {"partitions": 1},
                **vector["topic"],
            }
            plain = {"topic": topic, "as": "orders", "role": "producer"}
            nobody = {**plain, "envelope": "none"}
            with (
                probe.session(own) as session,
                outside.session(plain) as other,
                outside.session(nobody) as foreign,
            ):
                by = {"self": session, "other": other, "nobody": foreign}
                for given in vector["given"]:
                    call, _ = produced(given["event"])
                    fields = {**json.loads(call.document), "topic": "orders"}
                    by[given["by"]]._native.run(json.dumps(fields), call.key, call.value, call.headers)
                error = failure(session, "orders", vector)
            found = json.loads(
                normalised(json.dumps(facts(error), ensure_ascii=False, separators=(",", ":")))
            )
            written.append({**vector, "failure": {**found, "message": found["message"].splitlines()}})
            if "TEST_PROBE_WRITE_FAILURES" not in os.environ:
                wanted = {**vector["failure"], "message": "\n".join(vector["failure"]["message"])}
                assert found == wanted, vector["name"]
                assert str(error) == (
                    error.message if error.hint is None else f"{error.message}\nhint: {error.hint}"
                )
    if path := os.environ.get("TEST_PROBE_WRITE_FAILURES"):
        document = json.loads((VECTORS / "failures.json").read_text("utf-8"))
        Path(path).write_text(
            json.dumps({**document, "cases": written}, indent=1, ensure_ascii=False) + "\n", "utf-8"
        )
