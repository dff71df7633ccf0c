"""How completions reach event loops: one wake-up per batch, and no thread of ours in between.

Each event loop has a queue of its own in the engine. The engine writes a byte to a socket when
the queue fills; the loop reads it, drains the queue and completes futures. So several loops in
several threads share a probe, and none waits for another.
"""

from __future__ import annotations

import asyncio
import os
import socket
import threading
import weakref
from collections.abc import Callable
from typing import TYPE_CHECKING, Union

from . import _native
from ._convert import NativeOutcome

if TYPE_CHECKING:
    Result = Union[_native.Session, NativeOutcome, None]

BATCH = 256
"""Completions per turn of the loop, so that others get theirs."""


class WakeUp:
    """The operations of one event loop."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        # Weak: the loop keeps this alive by its reader, not the other way round.
        self._loop = weakref.ref(loop)
        self._futures: dict[int, asyncio.Future[Result]] = {}
        self._task: asyncio.Task[None] | None = None
        ours, theirs = socket.socketpair()
        ours.setblocking(False)
        theirs.setblocking(False)
        self._descriptors = (ours.detach(), theirs.detach())
        self.operations = _native.Operations(*self._descriptors)
        try:
            loop.add_reader(self._descriptors[0], self.drain)
        except NotImplementedError:  # the Proactor loop
            self._task = loop.create_task(self._read(socket.socket(fileno=os.dup(self._descriptors[0]))))

    def submit(self, start: Callable[[_native.Operations], int]) -> asyncio.Future[Result]:
        """Starts an operation and returns the future that it completes."""
        loop = self._loop()
        assert loop is not None, "a running loop is alive"
        future: asyncio.Future[Result] = loop.create_future()
        operation = start(self.operations)
        self._futures[operation] = future

        def cancel(future: asyncio.Future[Result]) -> None:
            if future.cancelled() and operation in self._futures:
                self.operations.cancel(operation)

        future.add_done_callback(cancel)
        return future

    def drain(self) -> None:
        """Completes the futures of what ended."""
        completions = self.operations.drain(BATCH)
        for operation, error, result in completions:
            future = self._futures.pop(operation, None)
            if future is None or future.done():
                continue
            if error is None:
                future.set_result(result)
            else:
                future.set_exception(error)
        loop = self._loop()
        if len(completions) == BATCH and loop is not None and not loop.is_closed():
            loop.call_soon(self.drain)

    async def _read(self, wakes: socket.socket) -> None:
        loop = asyncio.get_running_loop()
        with wakes:
            wakes.setblocking(False)
            # The byte is taken here, and the rest by the drain.
            while await loop.sock_recv(wakes, 64):
                self.drain()

    def end(self) -> None:
        """Ends what still runs; called on the loop's thread, or when the loop is closed."""
        loop = self._loop()
        self.operations.close()
        if loop is not None and not loop.is_closed():
            self.drain()
            if self._task is None:
                loop.remove_reader(self._descriptors[0])
            else:
                self._task.cancel()
        self._futures.clear()

    @property
    def idle(self) -> bool:
        """Whether nobody waits."""
        return not self._futures

    def forget(self) -> None:
        """Closes, in a forked child, its copies of the sockets; the loop is the parent's."""
        for descriptor in self._descriptors:
            os.close(descriptor)


class WakeUps:
    """The event loops that use one probe."""

    def __init__(self, native: _native.Probe) -> None:
        self._native = native
        self._lock = threading.Lock()
        self._of: weakref.WeakKeyDictionary[asyncio.AbstractEventLoop, WakeUp] = weakref.WeakKeyDictionary()

    def of(self, loop: asyncio.AbstractEventLoop) -> WakeUp:
        """Returns the wake-up of a running loop; made at the loop's first call."""
        with self._lock:
            wake_up = self._of.get(loop)
            if wake_up is not None:
                return wake_up
            for other in [other for other in self._of if other.is_closed()]:
                self._of.pop(other).end()
            wake_up = WakeUp(loop)
            self._native.attach(wake_up.operations)
            self._of[loop] = wake_up
            return wake_up

    def end(self) -> None:
        """Ends every wake-up of a closed probe, each on its own loop's thread."""
        with self._lock:
            remaining = list(self._of.items())
            self._of.clear()
        for loop, wake_up in remaining:
            try:
                loop.call_soon_threadsafe(_end_when_idle, loop, wake_up)
            except RuntimeError:  # that loop is closed
                wake_up.end()

    def forget(self) -> None:
        """Closes, in a forked child, its copies of every socket."""
        self._lock = threading.Lock()
        wake_ups = list(self._of.values())
        self._of.clear()
        for wake_up in wake_ups:
            wake_up.forget()


def _end_when_idle(loop: asyncio.AbstractEventLoop, wake_up: WakeUp) -> None:
    wake_up.drain()
    if wake_up.idle:
        wake_up.end()
    else:
        loop.call_soon(_end_when_idle, loop, wake_up)
