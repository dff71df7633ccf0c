"""Finding the clients and running one: prepare, run, and read what it says line by line."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

PREPARE_SECONDS = 900.0
RUN_SECONDS = 420.0
AREAS = (
    "connect",
    "topics",
    "produce",
    "fetch",
    "offsets",
    "groups",
    "consumer_groups",
    "txn",
    "admin",
    "configs",
    "acls",
    "security",
    "nodes",
)
NAME = re.compile(rf"({'|'.join(AREAS)})/[a-z0-9_]+")
GUARD = Path(__file__).with_name("guard.py")


class Broken(Exception):
    """A client that cannot be run as its `client.json` says."""


@dataclass(frozen=True)
class Client:
    """One version of a client, as its `client.json` describes it."""

    name: str
    version: str
    prepare: list[str]
    run: list[str]
    tier: str
    folder: Path

    @property
    def label(self) -> str:
        return f"{self.name} {self.version}"


@dataclass
class Outcome:
    """What became of one check: `detail` is None when it passed."""

    detail: str | None
    seconds: float = 0.0


@dataclass
class Report:
    """What a client said. `complaints` are about the client itself, not about a check."""

    client: Client
    outcomes: dict[str, Outcome] = field(default_factory=dict)
    complaints: list[str] = field(default_factory=list)
    seconds: float = 0.0


def found(root: Path) -> list[Client]:
    """Returns all clients below `root`, in the order of their folders."""
    return [client for file in sorted(root.glob("*/client.json")) for client in _described(file)]


def _described(file: Path) -> list[Client]:
    try:
        read = json.loads(file.read_text(encoding="utf-8"))
        one_or_more: list[dict[str, Any]] = read if isinstance(read, list) else [read]
        clients = [
            Client(each["name"], each["version"], each["prepare"], each["run"], each["tier"], file.parent)
            for each in one_or_more
        ]
    except (ValueError, KeyError, TypeError) as error:
        raise Broken(f"`{file}` is not understood: {error!r}") from error
    for client in clients:
        if client.tier not in ("test", "conformance"):
            raise Broken(f"`{file}` has the unknown tier `{client.tier}`")
    return clients


class Guarded:
    """A command under the guard; the commands that run now can all be ended at once."""

    _lock = threading.Lock()
    _running: set[subprocess.Popen[bytes]] = set()
    _over = False

    def __init__(self, command: list[str], folder: Path, environment: dict[str, str]) -> None:
        self._log = tempfile.TemporaryFile()  # noqa: SIM115 - closed by `complaints`
        with self._lock:
            if Guarded._over:
                raise Broken("the suite ends")
            self.process = subprocess.Popen(
                [sys.executable, str(GUARD), "--", *command],
                cwd=folder,
                env={**os.environ, **environment},
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=self._log,
            )
            self._running.add(self.process)

    def finish(self, seconds: float) -> tuple[int, bytes, float]:
        """Returns exit code, stdout and duration; a command over its time is ended and has no code but -1."""
        begun = time.monotonic()
        assert self.process.stdin and self.process.stdout
        # Ends the guard, not the reading: what was said until then counts.
        over = threading.Timer(seconds, self.process.terminate)
        over.daemon = True
        over.start()
        said = self.process.stdout.read()
        code = self.process.wait()
        took = time.monotonic() - begun
        over.cancel()
        self.process.stdin.close()
        self.process.stdout.close()
        with self._lock:
            self._running.discard(self.process)
        return (-1 if took >= seconds else code), said, took

    def complaints(self, lines: int = 12) -> str:
        """Returns the end of what was written to stderr."""
        text = os.pread(self._log.fileno(), 1 << 20, 0).decode("utf-8", "replace")
        self._log.close()
        return "\n".join(text.strip().splitlines()[-lines:])

    @classmethod
    def end_all(cls) -> None:
        with cls._lock:
            cls._over = True
            for process in cls._running:
                process.terminate()


def prepared(client: Client, environment: dict[str, str]) -> str | None:
    """Prepares a client; returns why it could not be."""
    try:
        command = Guarded(client.prepare, client.folder, environment)
    except OSError as error:
        return f"prepare did not start: {error}"
    code, _, took = command.finish(PREPARE_SECONDS)
    complaints = command.complaints()
    return None if code == 0 else f"prepare {_ended(code, took)}\n{complaints}".rstrip()


def run(client: Client, environment: dict[str, str]) -> Report:
    """Runs a client against the target that the environment names."""
    report = Report(client)
    command = Guarded(client.run, client.folder, environment)
    code, said, report.seconds = command.finish(RUN_SECONDS)
    complaints = command.complaints()
    _read(said.decode("utf-8", "replace").splitlines(), report)
    if code != 0:
        report.complaints.append(f"it {_ended(code, report.seconds)}\n{complaints}".rstrip())
    return report


def _ended(code: int, took: float) -> str:
    return f"was not done within {took:.0f} s" if code == -1 else f"ended with code {code}"


def _read(lines: list[str], report: Report) -> None:
    done: dict[str, Any] | None = None
    for line in lines:
        try:
            said = json.loads(line)
            if said.get("done") is True:
                done = said
            else:
                _note(said["check"], said["ok"], said, report)
        except (ValueError, KeyError, AttributeError):
            report.complaints.append(f"it printed `{line[:200]}`, which is no line of the contract")
    if done is None:
        report.complaints.append("it did not come to its end: no line `done`")
        return
    whole = {"client": report.client.name, "version": report.client.version, "checks": len(report.outcomes)}
    for what, expected in whole.items():
        if done.get(what) != expected:
            report.complaints.append(f"its last line says {what} `{done.get(what)}`, expected `{expected}`")


def _note(name: str, ok: bool, said: dict[str, Any], report: Report) -> None:
    if not NAME.fullmatch(name):
        report.complaints.append(f"`{name}` is no name of a check")
    if name in report.outcomes:
        report.complaints.append(f"`{name}` came twice")
    detail = None if ok is True else str(said.get("detail") or "it gave no detail")
    report.outcomes[name] = Outcome(detail, float(said.get("seconds") or 0.0))
