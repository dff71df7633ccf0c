"""What the checks of this client share: clients that close themselves, records, and the answers of the admin."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any, TypeVar

from confluent_kafka import (
    OFFSET_BEGINNING,
    Consumer,
    ConsumerGroupTopicPartitions,
    IsolationLevel,
    KafkaError,
    KafkaException,
    Message,
    Producer,
    TopicCollection,
    TopicPartition,
)
from confluent_kafka.admin import AdminClient, ConsumerGroupDescription, NewTopic, OffsetSpec, TopicDescription
from probe_checks import Mismatch, bootstrap, eventually, same, unique

WAIT = 12.0
"""How long one answer of the server may take."""

_T = TypeVar("_T")
Settings = dict[str, Any]
Headers = list[tuple[str, "str | bytes | None"]]


@dataclass(frozen=True)
class Record:
    """What one record is made of; the fields not given are left to the client."""

    value: bytes | None
    key: bytes | None = None
    partition: int = 0
    timestamp: int = 0
    headers: Headers | None = None


_LOCAL = threading.local()


def admin() -> AdminClient:
    """Returns the admin client of this check: each has a thread and a connection of its own.

    A server that closes the connection over one check's call does not disturb the others.
    """
    if not hasattr(_LOCAL, "admin"):
        _LOCAL.admin = AdminClient({"bootstrap.servers": bootstrap()})
    found: AdminClient = _LOCAL.admin
    return found


def answer(future: Future[Any]) -> Any:
    return future.result(WAIT)


def only(futures: dict[Any, Future[Any]]) -> Any:
    """Returns the answer of the one thing that was asked for."""
    (future,) = futures.values()
    return answer(future)


def refused(what: str, code: int, call: Callable[[], object]) -> KafkaError:
    """Expects a call to be refused with a code of Kafka's, and returns the error."""
    try:
        came = call()
    except KafkaException as refusal:
        error: KafkaError = refusal.args[0]
        same(what, error.name(), KafkaError(code).name())
        return error
    raise Mismatch(f"{what}: expected {KafkaError(code).name()}, came no error but {came!r}")


def new_topic(partitions: int = 1, config: dict[str, str] | None = None, name: str | None = None) -> str:
    """Makes a topic and returns its name when every partition can be used."""
    topic = name or unique("topic")
    only(admin().create_topics([NewTopic(topic, partitions, 1, config=config or {})]))
    settled(topic, partitions)
    serving(topic, partitions)
    return topic


def serving(topic: str, partitions: int) -> None:
    """Waits until the leaders answer for their partitions: they may be named a moment before they do."""
    asked = {TopicPartition(topic, partition): OffsetSpec.latest() for partition in range(partitions)}

    def first_error() -> object:
        errors = [future.exception(WAIT) for future in admin().list_offsets(asked).values()]
        return next((error for error in errors if error is not None), None)

    eventually(f"`{topic}` is served", first_error, lambda error: error is None)


def settled(topic: str, partitions: int) -> TopicDescription:
    """Waits until the topic is known with all its partitions and their leaders."""

    def complete(found: TopicDescription | None) -> bool:
        return found is not None and len(found.partitions) == partitions and all(p.leader for p in found.partitions)

    found = eventually(f"`{topic}` has {partitions} partitions", lambda: described(topic), complete)
    assert found is not None
    return found


def described(topic: str) -> TopicDescription | None:
    """Returns the topic as the server describes it, None if there is none. Creates nothing."""
    try:
        found: TopicDescription = only(admin().describe_topics(TopicCollection([topic])))
    except KafkaException as refusal:
        if refusal.args[0].code() == KafkaError.UNKNOWN_TOPIC_OR_PART:
            return None
        raise
    return found


def producer(settings: Settings | None = None) -> Producer:
    return Producer({"bootstrap.servers": bootstrap(), "linger.ms": 0, **(settings or {})})


def send(topic: str, records: Iterable[Record | bytes], through: Producer | None = None) -> list[Message]:
    """Produces records and returns them as they were delivered, in the order of their delivery."""
    client = through or producer()
    delivered: list[Message] = []
    failures: list[KafkaError] = []

    def on_delivery(error: KafkaError | None, message: Message) -> None:
        if error is None:
            delivered.append(message)
        else:
            failures.append(error)

    for one in records:
        record = one if isinstance(one, Record) else Record(one)
        client.produce(
            topic,
            value=record.value,
            key=record.key,
            partition=record.partition,
            timestamp=record.timestamp,
            headers=record.headers,
            on_delivery=on_delivery,
        )
    same("records not delivered in time", client.flush(WAIT), 0)
    if failures:
        raise KafkaException(failures[0])
    return delivered


def values(prefix: str, count: int, start: int = 0) -> list[bytes]:
    return [f"{prefix}{number}".encode() for number in range(start, start + count)]


def consumer(settings: Settings | None = None) -> Consumer:
    """Returns a consumer that neither commits by itself nor hides a lost position."""
    return Consumer(
        {
            "bootstrap.servers": bootstrap(),
            "group.id": unique("group"),
            "enable.auto.commit": False,
            "auto.offset.reset": "error",
            "fetch.wait.max.ms": 100,
            **(settings or {}),
        }
    )


def reader(
    topic: str, offset: int = OFFSET_BEGINNING, partition: int = 0, settings: Settings | None = None
) -> Consumer:
    """Returns a consumer that is assigned to one partition."""
    client = consumer(settings)
    client.assign([TopicPartition(topic, partition, offset)])
    return client


def read(client: Consumer, count: int, seconds: float = WAIT) -> list[Message]:
    """Returns the next records, exactly so many or more if they came in one go."""
    found: list[Message] = []
    end = time.monotonic() + seconds
    while len(found) < count:
        message = client.poll(max(0.0, end - time.monotonic()))
        if message is None:
            raise Mismatch(f"expected {count} records within {seconds:g} s, came {len(found)}")
        error = message.error()
        if error is not None:
            raise KafkaException(error)
        found.append(message)
    return found


def read_to_end(topic: str, partition: int = 0, settings: Settings | None = None) -> tuple[list[Message], int | None]:
    """Returns all records of a partition and the offset at which its end was reported."""
    found: list[Message] = []
    with reader(topic, partition=partition, settings={"enable.partition.eof": True, **(settings or {})}) as client:
        while True:
            message = client.poll(WAIT)
            if message is None:
                raise Mismatch(f"expected the end of the partition, came {len(found)} records and nothing more")
            error = message.error()
            if error is None:
                found.append(message)
            elif error.code() == KafkaError._PARTITION_EOF:
                return found, message.offset()
            else:
                raise KafkaException(error)


def error_of(client: Consumer, seconds: float = WAIT) -> KafkaError:
    """Returns the error that a consumer reports next."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        message = client.poll(max(0.0, end - time.monotonic()))
        error = message.error() if message is not None else None
        if error is not None:
            return error
        if message is not None:
            raise Mismatch(f"expected an error, came the record at offset {message.offset()}")
    raise Mismatch(f"expected an error within {seconds:g} s, came nothing")


def payloads(messages: Iterable[Message]) -> list[bytes | None]:
    return [message.value() for message in messages]


def offsets(messages: Iterable[Message]) -> list[int | None]:
    return [message.offset() for message in messages]


def watermarks(topic: str, partition: int = 0) -> tuple[int, int]:
    with consumer() as client:
        return client.get_watermark_offsets(TopicPartition(topic, partition), timeout=WAIT)


def listed(
    topic: str,
    spec: OffsetSpec,
    isolation: IsolationLevel = IsolationLevel.READ_UNCOMMITTED,
    partition: int = 0,
) -> tuple[int, int]:
    """Returns offset and timestamp as the admin's look-up of offsets answers."""
    asked = {TopicPartition(topic, partition): spec}
    found = only(admin().list_offsets(asked, isolation_level=isolation, request_timeout=WAIT))
    return found.offset, found.timestamp


def ended(topic: str, end: int, partition: int = 0) -> None:
    """Waits until the markers of all transactions are written: a commit is answered before that."""
    eventually(
        f"the last stable offset of `{topic}` is {end}", lambda: stable_end(topic, partition), lambda seen: seen == end
    )


def stable_end(topic: str, partition: int = 0) -> int:
    """Returns the last stable offset."""
    return listed(topic, OffsetSpec.latest(), IsolationLevel.READ_COMMITTED, partition)[0]


def group(name: str) -> ConsumerGroupDescription:
    found: ConsumerGroupDescription = only(admin().describe_consumer_groups([name], request_timeout=WAIT))
    return found


def group_offsets(name: str, places: list[TopicPartition] | None = None) -> dict[tuple[str, int], int]:
    """Returns the committed offsets of a group by topic and partition."""
    asked = [ConsumerGroupTopicPartitions(name, places)]
    found = only(admin().list_consumer_group_offsets(asked, request_timeout=WAIT))
    return {(place.topic, place.partition): place.offset for place in found.topic_partitions}
