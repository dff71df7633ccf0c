"""The two servers the suite runs against: real Kafka, and the embedded cluster."""

from __future__ import annotations

import contextlib
import json
import os
import select
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
TARGETS = ("kafka", "embedded")
START_SECONDS = 20.0
STOP_SECONDS = 5.0

sys.path.insert(0, str(ROOT / "tests" / "brokers"))

from kafka import Kafka, KafkaError  # noqa: E402

CONSUMER_SESSION_SECONDS = 4
"""How long a member of the new protocol may be silent, on both targets: 45 s are too long for a check."""

SETTINGS = {
    # The suite makes some of its topics by producing to them.
    "auto.create.topics.enable": "true",
    # The server tells a member of the new protocol how often to come; the default of 5 s is two rounds too slow.
    "group.consumer.min.heartbeat.interval.ms": "100",
    "group.consumer.heartbeat.interval.ms": "300",
    # Some checks wait until a member is given up.
    "group.min.session.timeout.ms": "1000",
    "group.consumer.min.session.timeout.ms": "1000",
    "group.consumer.session.timeout.ms": f"{CONSUMER_SESSION_SECONDS * 1000}",
}
"""What real Kafka is told beyond the defaults of `tests/brokers`. The embedded cluster has to be like that by
itself: automatic topics with one partition, members of the new protocol asked often, abandoned transactions,
retention and compaction seen to within a second or two, no delay before the first rebalance."""


UP = ("cluster", "up", "--format", "json", "--until-stdin-closes")
UP += ("--consumer-session-timeout", f"{CONSUMER_SESSION_SECONDS}")
"""How the embedded cluster is started."""


class NoTarget(Exception):
    """The server did not start."""


@dataclass
class Target:
    """A server that listens, and what a client is told of it."""

    kind: str
    bootstrap: str
    listeners: dict[str, str] = field(default_factory=dict)

    def environment(self) -> dict[str, str]:
        listeners = self.listeners or {"PLAINTEXT": self.bootstrap}
        return {
            "PROBE_TARGET": self.kind,
            "PROBE_BOOTSTRAP": self.bootstrap,
            "PROBE_LISTENERS": json.dumps(listeners),
        }


@contextlib.contextmanager
def started(kind: str) -> Iterator[Target]:
    """Runs a server for the length of a `with` block."""
    if kind == "kafka":
        brokers = Kafka(name="conformance", settings=SETTINGS)
        try:
            brokers.__enter__()
        except KafkaError as error:
            raise NoTarget(str(error)) from error
        with contextlib.closing(brokers):
            yield Target(kind, brokers.bootstrap_servers)
    else:
        with _embedded() as target:
            yield target


def binary() -> Path:
    """Returns the command that is the embedded cluster; `TEST_PROBE_BIN` names another than the debug build."""
    named = os.environ.get("TEST_PROBE_BIN")
    if named:
        return Path(named)
    folder = Path(os.environ.get("CARGO_TARGET_DIR") or ROOT / "target")
    return folder / "debug" / "test-probe"


@contextlib.contextmanager
def _embedded() -> Iterator[Target]:
    command = binary()
    if not command.is_file():
        raise NoTarget(f"`{command}` is not there\nbuild it: cargo build -p test-probe-cli")
    with tempfile.TemporaryFile() as log:
        process = subprocess.Popen(
            [str(command), *UP],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
        )
        try:
            yield Target("embedded", _first_line(process, log.fileno()))
            if process.poll() is not None:
                raise NoTarget(f"the embedded cluster ended by itself, {_ending(process, log.fileno())}")
        finally:
            _stop(process)


def _first_line(process: subprocess.Popen[bytes], log: int) -> str:
    assert process.stdout
    read = b""
    end = time.monotonic() + START_SECONDS
    while b"\n" not in read:
        if not select.select([process.stdout], [], [], max(0.0, end - time.monotonic()))[0]:
            raise NoTarget(f"the embedded cluster said nothing within {START_SECONDS:g} s")
        chunk = os.read(process.stdout.fileno(), 65536)
        if not chunk:
            process.wait(STOP_SECONDS)
            raise NoTarget(f"the embedded cluster did not start, {_ending(process, log)}")
        read += chunk
    try:
        return str(json.loads(read.partition(b"\n")[0])["bootstrap_servers"])
    except (ValueError, KeyError, TypeError) as error:
        raise NoTarget(f"the embedded cluster said `{read[:200]!r}`, no line of JSON with its address") from error


def _ending(process: subprocess.Popen[bytes], log: int) -> str:
    text = os.pread(log, 1 << 20, 0).decode("utf-8", "replace").strip()
    return f"with code {process.returncode}\n{text[-2_000:]}".rstrip()


def _stop(process: subprocess.Popen[bytes]) -> None:
    assert process.stdin and process.stdout
    process.stdin.close()
    try:
        process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    process.stdout.close()
