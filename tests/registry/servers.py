"""Which registry the tests run on, and in what a registry differs from Confluent's.

`TEST_PROBE_TEST_REGISTRY` is its URL, as `brokers/registry.py run -- pytest tests/registry` sets it; `embedded`, and
nothing, is the one that `test-probe cluster up` starts.
"""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

VARIABLE = "TEST_PROBE_TEST_REGISTRY"
ROOT = Path(__file__).resolve().parents[2]
COMMAND = os.environ.get("TEST_PROBE_BIN", str(ROOT / "target/debug/test-probe"))
SECONDS = 20.0

DIFFERENCES: dict[str, dict[str, str]] = {
    "embedded": {},
    "apicurio": {
        "content type": "it answers with application/json",
        "conflict": "the body of a 409 has error code 409 and another text",
        "verbose": "it tells no messages",
        "guid": "schemas have no GUID",
        "contexts": "`:.context:` is a part of the name",
        "import": "an id that is given is ignored",
        "metadata": "they are accepted and dropped",
        "documentation": "a schema with documentation is the same schema",
        "default to global": "it does not know the parameter for a subject that it does not know",
        "serialized": "`format=serialized` is broken",
        "mode": "subjects have no modes of their own",
        "not deleted first": "a version is deleted for good at once",
        "invalid version": "it has another code",
    },
}
"""By server and fact, and why. A test that names the fact has to fail there: a difference that is gone is noticed."""


@dataclass(frozen=True)
class Server:
    kind: str
    url: str


@contextmanager
def started() -> Iterator[Server]:
    """The registry for the length of a `with` block."""
    named = os.environ.get(VARIABLE, "embedded")
    if named != "embedded":
        yield Server("apicurio" if "ccompat" in named else "confluent", named)
        return
    process = subprocess.Popen(
        [COMMAND, "cluster", "up", "--format", "json", "--until-stdin-closes"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdin is not None and process.stdout is not None
    try:
        yield Server("embedded", json.loads(process.stdout.readline())["schema_registry_url"])
    finally:
        process.stdin.close()
        assert process.wait(SECONDS) == 0


def kind() -> str:
    """The kind of the registry that is asked for, before it is started."""
    named = os.environ.get(VARIABLE, "embedded")
    return named if named == "embedded" else "apicurio" if "ccompat" in named else "confluent"
