"""What the checks of this client share. Every client is closed by the `with` block it lives in."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
from contextlib import asynccontextmanager
from typing import Any

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, ConsumerRecord, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import for_code
from probe_checks import Mismatch, bootstrap, eventually_async, same, unique

WAIT = 12.0
"""How long one answer of the server may take."""

QUICK: dict[str, Any] = {"retry_backoff_ms": 50}


@asynccontextmanager
async def admin() -> AsyncIterator[AIOKafkaAdminClient]:
    client = AIOKafkaAdminClient(bootstrap_servers=bootstrap(), **QUICK)
    await client.start()
    try:
        yield client
    finally:
        await client.close()


@asynccontextmanager
async def producer(**settings: Any) -> AsyncIterator[AIOKafkaProducer]:
    client = AIOKafkaProducer(bootstrap_servers=bootstrap(), **{**QUICK, **settings})
    await client.start()
    try:
        yield client
    finally:
        await client.stop()


@asynccontextmanager
async def consumer(topics: Sequence[str] = (), **settings: Any) -> AsyncIterator[AIOKafkaConsumer]:
    """Starts a consumer of whole topics, or of what it is assigned to later."""
    own = {"enable_auto_commit": False, "auto_offset_reset": "earliest", "fetch_max_wait_ms": 100, **QUICK}
    client = AIOKafkaConsumer(*topics, bootstrap_servers=bootstrap(), **{**own, **settings})
    await client.start()
    try:
        yield client
    finally:
        await client.stop()


@asynccontextmanager
async def reader(place: TopicPartition, **settings: Any) -> AsyncIterator[AIOKafkaConsumer]:
    """Starts a consumer that is assigned to one partition."""
    async with consumer(**settings) as client:
        client.assign([place])
        yield client


@asynccontextmanager
async def member(topic: str, group: str, **settings: Any) -> AsyncIterator[AIOKafkaConsumer]:
    """Starts a member of a group that rebalances quickly."""
    own = {"session_timeout_ms": 6_000, "heartbeat_interval_ms": 200, "metadata_max_age_ms": 500}
    async with consumer([topic], group_id=group, **{**own, **settings}) as client:
        yield client


async def new_topic(partitions: int = 1, config: dict[str, str] | None = None) -> str:
    """Makes a topic and returns its name when every partition can be used."""
    topic = unique("topic")
    async with admin() as client:
        same("error", await create(client, NewTopic(topic, partitions, 1, topic_configs=config or {})), "NO_ERROR")
        await settled(client, topic, partitions)
    return topic


async def create(client: AIOKafkaAdminClient, new: NewTopic, validate_only: bool = False) -> str:
    """Returns the name of Kafka's answer to a creation."""
    response = await client.create_topics([new], validate_only=validate_only)
    ((_, code, *_),) = response.topic_errors
    return error_name(code)


def error_name(code: int) -> str:
    error = for_code(code)
    return "NO_ERROR" if code == 0 else str(getattr(error, "message", error.__name__))


async def described(client: AIOKafkaAdminClient, topic: str) -> dict[str, Any]:
    (found,) = await client.describe_topics([topic])
    return dict(found)


async def settled(client: AIOKafkaAdminClient, topic: str, partitions: int) -> None:
    """Waits until a topic is known with all its partitions and their leaders."""

    def complete(found: dict[str, Any]) -> bool:
        known = [one for one in found["partitions"] if one["error_code"] == 0 and one["leader"] >= 0]
        return found["error_code"] == 0 and len(known) == partitions

    await eventually_async(f"`{topic}` has {partitions} partitions", lambda: described(client, topic), complete)


async def send(topic: str, values: Iterable[bytes], partition: int = 0, **settings: Any) -> list[int]:
    """Produces values in their order and returns their offsets."""
    async with producer(**settings) as client:
        sent = [await client.send(topic, value, partition=partition) for value in values]
        return [record.offset for record in await asyncio.gather(*sent)]


async def read(client: AIOKafkaConsumer, count: int) -> list[ConsumerRecord[bytes, bytes]]:
    """Returns the next records, exactly so many."""
    found: list[ConsumerRecord[bytes, bytes]] = []
    while len(found) < count:
        try:
            found.append(await asyncio.wait_for(client.getone(), WAIT))
        except asyncio.TimeoutError:
            raise Mismatch(f"expected {count} records within {WAIT:g} s, came {len(found)}") from None
    return found


async def refused(what: str, error: type[Exception], call: Callable[[], Awaitable[object]]) -> None:
    """Expects a call to be refused with the error of this class."""
    try:
        came = await call()
    except Exception as refusal:
        same(what, type(refusal).__name__, error.__name__)
        return
    raise Mismatch(f"{what}: expected {error.__name__}, came no error but {came!r}")


def values(prefix: str, count: int) -> list[bytes]:
    return [f"{prefix}{number}".encode() for number in range(count)]
