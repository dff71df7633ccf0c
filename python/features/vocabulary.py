"""The steps of our own features that are in no package, for both runners.

`tests/features/README.md` says what they do.
"""

from __future__ import annotations

import json
import os
import subprocess
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Optional

from test_probe import ConsumedNack
from test_probe.errors import ProbeError
from test_probe.steps.world import Kept, World

ROOT = Path(__file__).resolve().parents[2]
FEATURES = ROOT / "tests" / "features"
SECONDS = 60.0
"""How long an outside party may take."""

Table = Optional[Sequence[Sequence[str]]]


@dataclass(frozen=True)
class OwnStep:
    """A step of scope `tests`."""

    name: str
    text: str
    outside: bool


def own_steps() -> list[OwnStep]:
    steps = json.loads((FEATURES / "steps.json").read_text("utf-8"))["steps"]
    own = [step for step in steps if step.get("scope") == "tests"]
    return [OwnStep(step["name"], step["text"], step.get("outside", False)) for step in own]


OWN_STEPS = own_steps()
TAKERS = ("the step fails with ", "the expectation fails with ")
"""How the steps begin that take a failure."""


class Vocabulary:
    """What one scenario can do beside the steps of the package."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.outside: subprocess.Popen[str] | None = None
        self._begin = world.begin
        world.begin = self.begin  # type: ignore[method-assign]

    def begin(self, step: str) -> None:
        """Begins a step; one that takes a failure gets it."""
        if step.startswith(TAKERS):
            self.world._step = step
        else:
            self._begin(step)

    def run(self, step: OwnStep, arguments: Sequence[Any], doc_string: str | None, table: Table) -> None:
        try:
            if step.outside:
                self._ask_outside(step.name, arguments, doc_string)
            else:
                getattr(self, step.name)(*arguments, *([] if table is None else [table]))
        finally:
            self.world._step = None

    def failures_are_kept(self) -> None:
        run, world = self.world.run, self.world

        def keeping(*arguments: Any) -> None:
            said = world._step
            try:
                run(*arguments)
            except ProbeError as error:
                world._inconclusive = Kept(said or "", error)

        world.run = keeping  # type: ignore[method-assign]

    def step_fails(self, code: str) -> None:
        kept, self.world._inconclusive = self.world._inconclusive, None
        assert kept is not None, "the step before did not fail"
        self.world._taken = kept
        assert kept.error.code.name == code, f"the step before failed with {kept.error!r}"

    def session_is_closed(self) -> None:
        self.world.session.close()

    def fetch_says(self, event_id: str, topic: str, reason: str) -> None:
        answer = self.world.session.fetch_consumed_event(topic, event_id)
        assert isinstance(answer, ConsumedNack), answer
        assert answer.reason == reason

    def journal_holds(self, topic: str, table: Sequence[Sequence[str]]) -> None:
        columns, *rows = table
        found = []
        for event in self.world.session.journal(topic):
            cells = {
                "id": event.id,
                "type": event.type,
                "version": event.version,
                "error": event.error and event.error.code.name,
            }
            found.append([cells[column] or "" for column in columns])
        assert found == [list(row) for row in rows]

    def journal_holds_what_was_sent(self, topic: str, count: int) -> None:
        found = [event.id for event in self.world.session.journal(topic)]
        assert found == [f"sent-{n}" for n in range(1, count + 1)]

    def _ask_outside(self, step: str, arguments: Sequence[Any], doc_string: str | None) -> None:
        if self.outside is None:
            python = os.environ.get("TEST_PROBE_PYTHON", "python3")
            command = [python, str(FEATURES / "outside.py")]
            self.outside = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        world, pipes, taken = self.world, self.outside, self.world._taken
        assert pipes.stdin
        assert pipes.stdout
        request = {
            "step": step,
            "arguments": list(arguments),
            "docString": doc_string,
            "testId": world._session and world._session.test_id,
            "bootstrapServers": world.probe.cluster(world._cluster or "default").bootstrap_servers,
            "failure": taken and {"code": taken.error.code.name, "message": taken.error.message},
        }
        watchdog = threading.Timer(SECONDS, pipes.kill)
        watchdog.start()
        try:
            print(json.dumps(request), file=pipes.stdin, flush=True)
            answer = pipes.stdout.readline()
        finally:
            watchdog.cancel()
        assert answer, f"outside.py ended or took more than {SECONDS} s"
        error = json.loads(answer).get("error")
        assert error is None, error

    def close(self) -> None:
        """Ends the outside parties."""
        if self.outside is not None:
            with self.outside as outside:
                assert outside.stdin
                outside.stdin.close()
                try:
                    outside.wait(SECONDS)
                finally:
                    outside.kill()
