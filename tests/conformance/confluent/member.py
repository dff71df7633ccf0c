"""A member of a group that polls in a thread of its own, so that a check can look at several at once."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from types import TracebackType
from typing import Any, TypeVar

from confluent_kafka import Consumer, KafkaError, Message, TopicPartition
from kit import WAIT, Settings, consumer
from probe_checks import eventually

Places = frozenset[tuple[str, int]]
_T = TypeVar("_T")

CONSUMER_PROTOCOL: Settings = {"group.protocol": "consumer"}


class Member:
    """Polls from the start of a `with` block to its end, and keeps what happened.

    Nothing but its own thread touches the consumer: its methods may hold the interpreter's lock while a
    callback waits for it.
    """

    def __init__(self, group: str, topics: Sequence[str], settings: Settings | None = None) -> None:
        own = {"group.id": group, "auto.offset.reset": "earliest", **(settings or {})}
        if own.get("group.protocol") != "consumer":
            own = {"session.timeout.ms": 6_000, "heartbeat.interval.ms": 200, **own}
        self.client: Consumer = consumer(own)
        self.events: list[tuple[str, Places]] = []
        self.records: list[Message] = []
        self.errors: list[KafkaError] = []
        self._topics = list(topics)
        self._places: Places = frozenset()
        self._calls: queue.SimpleQueue[Callable[[], None]] = queue.SimpleQueue()
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._poll, daemon=True)

    def __enter__(self) -> Member:
        self.client.subscribe(
            self._topics,
            on_assign=lambda _, places: self._note("assigned", places),
            on_revoke=lambda _, places: self._note("revoked", places),
            on_lost=lambda _, places: self._note("lost", places),
        )
        self._thread.start()
        return self

    def __exit__(self, _: type[BaseException] | None, __: BaseException | None, ___: TracebackType | None) -> None:
        self.leave()

    def leave(self) -> None:
        """Closes the consumer, once."""
        if not self._over.is_set():
            self._over.set()
            self._thread.join()

    def has(self, count: int) -> Places:
        """Waits until so many partitions are assigned."""
        return eventually(f"a member has {count} partitions", self.places, lambda places: len(places) == count)

    def places(self) -> Places:
        return self._places

    def do(self, call: Callable[[Consumer], _T]) -> _T:
        """Calls with the consumer between two polls, and returns what came of it."""
        done: Future[_T] = Future()

        def perform() -> None:
            try:
                done.set_result(call(self.client))
            except Exception as error:  # it belongs to the caller
                done.set_exception(error)

        self._calls.put(perform)
        return done.result(WAIT)

    def received(self, count: int) -> list[Message]:
        return eventually(f"{count} records came", lambda: list(self.records), lambda found: len(found) >= count)

    def _note(self, what: str, places: list[Any]) -> None:
        self.events.append((what, as_places(places)))

    def _poll(self) -> None:
        while not self._over.is_set():
            message = self.client.poll(0.02)
            self._places = as_places(self.client.assignment())
            while not self._calls.empty():
                self._calls.get()()
            if message is not None:
                self._keep(message)
        self.client.close()
        self._places = frozenset()

    def _keep(self, message: Message) -> None:
        error = message.error()
        if error is None:
            self.records.append(message)
        else:
            self.errors.append(error)


def as_places(places: Sequence[TopicPartition]) -> Places:
    return frozenset((place.topic, place.partition) for place in places)


def split(members: Sequence[Member], counts: Sequence[int]) -> list[Places]:
    """Waits until the members hold so many partitions each, in any order, and none twice."""

    def even(found: list[Places]) -> bool:
        different = len(frozenset().union(*found)) == sum(counts)
        return different and sorted(map(len, found)) == sorted(counts)

    return eventually(f"partitions are split {list(counts)}", lambda: [one.places() for one in members], even)
