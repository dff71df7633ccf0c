"""The same verbs, awaitable.

    from test_probe.aio import Probe

    async with Probe(bootstrap_servers="localhost:9092") as probe:
        async with probe.session("topics.yaml") as session:
            await session.expect_event("confirmations", type="OrderConfirmed", within=5.0)

For asyncio. A probe and its sessions may be used from several event loops in several threads:
a call belongs to the loop that runs when it is made. Cancelling it cancels the engine's work.
"""

from __future__ import annotations

import asyncio
import functools
from collections.abc import Callable, Coroutine, Generator
from types import TracebackType
from typing import TYPE_CHECKING, Any, TypeVar, cast

from . import _convert, _native, _verbs
from ._convert import DirectivesInput, Within
from ._engine import Engine, ProbeBase, SessionBase

if TYPE_CHECKING:
    from typing_extensions import Concatenate, ParamSpec, Self

    P = ParamSpec("P")

__all__ = ["Probe", "Session"]

T = TypeVar("T")


def _awaitable(
    verb: Callable[P, _verbs.Call[T]],
) -> Callable[Concatenate[Session, P], Coroutine[Any, Any, T]]:
    @functools.wraps(verb)
    async def method(self: Session, /, *args: P.args, **kwargs: P.kwargs) -> T:
        call = verb(*args, **kwargs)
        while True:
            outcome = await self._run(call)
            following = call.following(outcome)
            if following is None:
                return call.read(outcome)
            call = following

    return method


class Session(SessionBase):
    """One test: its topics, its journal, its verbs."""

    produce_event = _awaitable(_verbs.produce_event)
    try_produce_event = _awaitable(_verbs.try_produce_event)
    fetch_consumed_event = _awaitable(_verbs.fetch_consumed_event)
    fetch_consumed_events = _awaitable(_verbs.fetch_consumed_events)
    expect_event = _awaitable(_verbs.expect_event)
    expect_none = _awaitable(_verbs.expect_none)
    expect_exactly = _awaitable(_verbs.expect_exactly)
    expect_all_of = _awaitable(_verbs.expect_all_of)
    receive_event = _awaitable(_verbs.receive_event)
    receive_n = _awaitable(_verbs.receive_n)
    fish_for_event = _awaitable(_verbs.fish_for_event)
    expect_group_caught_up = _awaitable(_verbs.expect_group_caught_up)
    mark = _awaitable(_verbs.mark)
    journal = _awaitable(_verbs.journal)
    coverage = _awaitable(_verbs.coverage)
    preflight = _awaitable(_verbs.preflight)
    add_topics = _awaitable(_verbs.add_topics)
    _close = _awaitable(_verbs.close)

    async def _run(self, call: _verbs.Call[Any]) -> _convert.NativeOutcome:
        wake_up = self._engine.wake_ups.of(asyncio.get_running_loop())
        outcome = await wake_up.submit(
            lambda operations: self._native.submit(
                operations, call.document, call.key, call.value, call.headers
            )
        )
        return cast("_convert.NativeOutcome", outcome)

    async def close(self) -> None:
        """Closes the session, and raises when a produced event failed unseen. Twice does nothing."""
        if not self._closed:
            self._closed = True
            if self._engine.usable:
                await self._close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()


class Opening:
    """A session that is being opened: `await` it, or enter it with `async with`."""

    def __init__(self, engine: Engine, document: str) -> None:
        self._engine = engine
        self._document = document
        self._session: Session | None = None

    async def _open(self) -> Session:
        wake_up = self._engine.wake_ups.of(asyncio.get_running_loop())
        native = await wake_up.submit(
            lambda operations: self._engine.native.submit_open(operations, self._document)
        )
        return Session(self._engine, cast("_native.Session", native))

    def __await__(self) -> Generator[Any, Any, Session]:
        return self._open().__await__()

    async def __aenter__(self) -> Session:
        self._session = await self._open()
        return self._session

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._session is not None:
            await self._session.close()


class Probe(ProbeBase):
    """The engine of this process, awaitable. Closed explicitly, or by `async with`."""

    def session(self, directives: DirectivesInput, test_id: str | None = None) -> Opening:
        """Opens a session. Once it is ready, every event that anybody produces is seen.

        `directives` are a path relative to the working directory, YAML text (it has a newline), a
        dict, or a list of dicts.
        """
        return Opening(self._engine, _verbs.opening(directives, test_id))

    async def close(self, timeout: Within | None = None) -> None:
        """Wakes every waiter and stops everything in bounded time. Twice does nothing."""
        # In a thread: closing waits for clients, and the loop has futures to complete meanwhile.
        await asyncio.get_running_loop().run_in_executor(None, self._engine.close, timeout)
        self._engine.wake_ups.end()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()
