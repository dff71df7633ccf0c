"""The frame that the checks of both Python clients stand in.

A check is a function, plain or `async`, with a name:

    @check("topics/create_existing_is_refused")
    def create_existing() -> None: ...

It passes by returning. It fails by raising, or by not being done within `SECONDS`; either way the others go
on. Checks run beside each other, each in a thread of its own, so none may use a name that is not `unique`.
"""

from __future__ import annotations

import asyncio
import fnmatch
import inspect
import itertools
import json
import os
import queue
import sys
import threading
import time
import traceback
import uuid
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any, TypeVar, cast

SECONDS = 15.0
"""How long one check may take."""
WIDTH = 8
"""How many checks run beside each other: they mostly wait."""

_T = TypeVar("_T")
_RUN = uuid.uuid4().hex[:8]
_NUMBERS = itertools.count(1)


@dataclass(frozen=True)
class Check:
    name: str
    run: Callable[[], None]


_CHECKS: dict[str, Check] = {}


class Mismatch(Exception):
    """What was expected and what came."""


def check(name: str) -> Callable[[Callable[[], None | Coroutine[Any, Any, None]]], None]:
    """Registers a check by its name, `area/what_is_true`."""

    def register(body: Callable[[], None | Coroutine[Any, Any, None]]) -> None:
        assert name not in _CHECKS, f"two checks are named {name}"

        def run() -> None:
            if inspect.iscoroutinefunction(body):
                asyncio.run(body())
            else:
                body()

        _CHECKS[name] = Check(name, run)

    return register


def bootstrap() -> str:
    return os.environ["PROBE_BOOTSTRAP"]


def unique(what: str = "t") -> str:
    """Returns a name for a topic, group or transaction that nobody else uses."""
    return f"{what}-{_RUN}-{next(_NUMBERS)}"


def same(what: str, came: object, expected: object) -> None:
    if came != expected:
        raise Mismatch(f"{what}: expected {expected!r}, came {came!r}")


def true(what: str, holds: object) -> None:
    if not holds:
        raise Mismatch(f"not so: {what}")


def eventually(what: str, look: Callable[[], _T], good: Callable[[_T], object] = bool, seconds: float = 12.0) -> _T:
    """Looks until what is seen is good, and returns it."""
    end = time.monotonic() + seconds
    while not good(seen := look()):
        if time.monotonic() > end:
            raise Mismatch(f"{what}: not within {seconds:g} s, last seen {seen!r}")
        time.sleep(0.02)
    return seen


async def eventually_async(
    what: str, look: Callable[[], Coroutine[Any, Any, _T]], good: Callable[[_T], object] = bool, seconds: float = 12.0
) -> _T:
    """Does what `eventually` does, for a coroutine."""
    end = time.monotonic() + seconds
    while not good(seen := await look()):
        if time.monotonic() > end:
            raise Mismatch(f"{what}: not within {seconds:g} s, last seen {seen!r}")
        await asyncio.sleep(0.02)
    return seen


@dataclass(frozen=True)
class _Outcome:
    name: str
    failure: str | None
    seconds: float


class _Round:
    """One run over all checks; the main thread alone writes."""

    def __init__(self) -> None:
        self._outcomes: queue.Queue[_Outcome] = queue.Queue()
        self._running: dict[str, tuple[threading.Thread, float]] = {}

    def go(self, checks: list[Check]) -> None:
        waiting = list(reversed(checks))
        while waiting or self._running:
            while waiting and len(self._running) < WIDTH:
                self._start(waiting.pop())
            self._collect()

    def _start(self, one: Check) -> None:
        thread = threading.Thread(target=self._perform, args=[one], name=one.name, daemon=True)
        self._running[one.name] = (thread, time.monotonic())
        thread.start()

    def _perform(self, one: Check) -> None:
        begun = time.monotonic()
        failure = None
        try:
            one.run()
        except BaseException as error:  # whatever it is, it belongs to this check
            failure = f"{_in_words(error)} ({_place(traceback.extract_tb(error.__traceback__))})"
        self._outcomes.put(_Outcome(one.name, failure, time.monotonic() - begun))

    def _collect(self) -> None:
        oldest = min(begun for _, begun in self._running.values())
        try:
            outcome = self._outcomes.get(timeout=max(0.0, oldest + SECONDS - time.monotonic()))
        except queue.Empty:
            self._give_up()
            return
        if self._running.pop(outcome.name, None):  # else it was given up before
            _report(outcome)

    def _give_up(self) -> None:
        """Fails what is over its time; its thread is left to itself."""
        now = time.monotonic()
        for name, (thread, begun) in list(self._running.items()):
            if now - begun >= SECONDS:
                del self._running[name]
                frame = sys._current_frames().get(cast(int, thread.ident))
                where = _place(traceback.extract_stack(frame)) if frame else "nowhere"
                _report(_Outcome(name, f"not done within {SECONDS:g} s, waiting at {where}", now - begun))


def _in_words(error: BaseException) -> str:
    text = str(error)
    return text if isinstance(error, Mismatch) else f"{type(error).__name__}: {text}" if text else repr(error)


def _place(stack: traceback.StackSummary) -> str:
    """Returns the innermost line that a check wrote."""
    ours = [frame for frame in stack if f"{os.sep}checks{os.sep}" in frame.filename] or list(stack)
    return f"{os.path.basename(ours[-1].filename)}:{ours[-1].lineno}" if ours else "unknown line"


def _report(outcome: _Outcome) -> None:
    line: dict[str, object] = {"check": outcome.name, "ok": outcome.failure is None}
    if outcome.failure is not None:
        line["detail"] = outcome.failure
    _say({**line, "seconds": round(outcome.seconds, 3)})


def _say(line: dict[str, object]) -> None:
    sys.__stdout__.write(json.dumps(line) + "\n")  # type: ignore[union-attr]
    sys.__stdout__.flush()  # type: ignore[union-attr]


def main(client: str, version: str) -> None:
    """Runs the checks whose names match the first argument, all without one, and ends the process."""
    sys.stdout = sys.stderr  # nothing but our lines may come there
    pattern = sys.argv[1] if len(sys.argv) > 1 else "*"
    chosen = [one for name, one in _CHECKS.items() if fnmatch.fnmatch(name, pattern)]
    _Round().go(chosen)
    _say({"done": True, "client": client, "version": version, "checks": len(chosen)})
    # A check that hangs must not hold the end of the process.
    os._exit(0)
