"""The blocking probe."""

from __future__ import annotations

import functools
from collections.abc import Callable
from types import TracebackType
from typing import TYPE_CHECKING, TypeVar

from . import _verbs
from ._convert import DirectivesInput, Within
from ._engine import ProbeBase, SessionBase

if TYPE_CHECKING:
    from typing_extensions import Concatenate, ParamSpec, Self

    P = ParamSpec("P")

T = TypeVar("T")


def _blocking(verb: Callable[P, _verbs.Call[T]]) -> Callable[Concatenate[Session, P], T]:
    @functools.wraps(verb)
    def method(self: Session, /, *args: P.args, **kwargs: P.kwargs) -> T:
        return self._run(verb(*args, **kwargs))

    return method


class Session(SessionBase):
    """One test: its topics, its journal, its verbs. Every verb waits, and is awake for Ctrl-C."""

    produce_event = _blocking(_verbs.produce_event)
    try_produce_event = _blocking(_verbs.try_produce_event)
    fetch_consumed_event = _blocking(_verbs.fetch_consumed_event)
    fetch_consumed_events = _blocking(_verbs.fetch_consumed_events)
    expect_event = _blocking(_verbs.expect_event)
    expect_none = _blocking(_verbs.expect_none)
    expect_exactly = _blocking(_verbs.expect_exactly)
    expect_all_of = _blocking(_verbs.expect_all_of)
    receive_event = _blocking(_verbs.receive_event)
    receive_n = _blocking(_verbs.receive_n)
    fish_for_event = _blocking(_verbs.fish_for_event)
    expect_group_caught_up = _blocking(_verbs.expect_group_caught_up)
    mark = _blocking(_verbs.mark)
    journal = _blocking(_verbs.journal)
    coverage = _blocking(_verbs.coverage)
    preflight = _blocking(_verbs.preflight)
    add_topics = _blocking(_verbs.add_topics)
    _close = _blocking(_verbs.close)

    def _run(self, call: _verbs.Call[T]) -> T:
        while True:
            outcome = self._native.run(call.document, call.key, call.value, call.headers)
            following = call.following(outcome)
            if following is None:
                return call.read(outcome)
            call = following

    def close(self) -> None:
        """Closes the session, and raises when a produced event failed unseen. Twice does nothing."""
        if not self._closed:
            self._closed = True
            if self._engine.usable:
                self._close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


class Probe(ProbeBase):
    """The engine of this process, blocking. Closed explicitly, or by `with`."""

    def session(self, directives: DirectivesInput, test_id: str | None = None) -> Session:
        """Opens a session. Once this returns, every event that anybody produces is seen.

        `directives` are a path relative to the working directory, YAML text (it has a newline), a
        dict, or a list of dicts.
        """
        return Session(self._engine, self._engine.native.open(_verbs.opening(directives, test_id)))

    def close(self, timeout: Within | None = None) -> None:
        """Wakes every waiter and stops everything in bounded time. Twice does nothing."""
        self._engine.close(timeout)
        self._engine.wake_ups.end()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
