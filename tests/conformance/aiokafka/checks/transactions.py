"""Transactions."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from aiokafka import AIOKafkaProducer, TopicPartition
from aiokafka.errors import ProducerFenced
from kit import admin, member, new_topic, producer, read, reader, refused, send, values
from probe_checks import check, eventually_async, same, unique


@asynccontextmanager
async def transactional(name: str | None = None) -> AsyncIterator[AIOKafkaProducer]:
    async with producer(transactional_id=name or unique("txn")) as client:
        yield client


async def produce(client: AIOKafkaProducer, topic: str, sent: list[bytes]) -> None:
    for value in sent:
        await client.send_and_wait(topic, value, partition=0)


async def read_values(topic: str, count: int, isolation: str) -> list[tuple[int, bytes | None]]:
    async with reader(TopicPartition(topic, 0), isolation_level=isolation) as client:
        return [(record.offset, record.value) for record in await read(client, count)]


async def ended(topic: str, end: int) -> None:
    """Waits until the marker of a transaction is written: a commit is answered before that."""
    place = TopicPartition(topic, 0)
    async with reader(place, isolation_level="read_committed") as client:

        async def stable() -> int:
            return int((await client.end_offsets([place]))[place])

        await eventually_async(f"the last stable offset is {end}", stable, lambda seen: seen == end)


@check("txn/commit_is_seen_by_read_committed")
async def commit() -> None:
    topic = await new_topic()
    async with transactional() as client, client.transaction():
        await produce(client, topic, values("v", 3))
    await ended(topic, 4)
    await send(topic, [b"end"])
    wanted = [(0, b"v0"), (1, b"v1"), (2, b"v2"), (4, b"end")]
    for isolation in ("read_committed", "read_uncommitted"):
        same(isolation, await read_values(topic, 4, isolation), wanted)


@check("txn/abort_is_not_seen_by_read_committed")
async def abort() -> None:
    topic = await new_topic()
    async with transactional() as client:
        await client.begin_transaction()
        await produce(client, topic, [b"lost"])
        await client.abort_transaction()
        async with client.transaction():
            await produce(client, topic, [b"kept"])
    same("read_committed", await read_values(topic, 1, "read_committed"), [(2, b"kept")])
    same("read_uncommitted", await read_values(topic, 2, "read_uncommitted"), [(0, b"lost"), (2, b"kept")])


@check("txn/an_open_transaction_holds_back_what_follows")
async def open_transaction() -> None:
    topic = await new_topic()
    place = TopicPartition(topic, 0)
    async with transactional() as client, reader(place, isolation_level="read_committed") as waiting:
        await client.begin_transaction()
        await produce(client, topic, [b"open"])
        await send(topic, [b"after"])
        same("while open", await waiting.getmany(timeout_ms=500), {})
        same("last stable offset", waiting.last_stable_offset(place), 0)
        same("high watermark", waiting.highwater(place), 2)
        await client.commit_transaction()
        same("then", [record.value for record in await read(waiting, 2)], [b"open", b"after"])


@check("txn/a_second_producer_fences_the_first")
async def fencing() -> None:
    topic, name = await new_topic(), unique("txn")
    async with transactional(name) as first:
        await first.begin_transaction()
        await produce(first, topic, [b"first"])
        async with transactional(name) as second:
            await refused("commit of the first", ProducerFenced, first.commit_transaction)
            async with second.transaction():
                await produce(second, topic, [b"second"])
    same("read_committed", await read_values(topic, 1, "read_committed"), [(2, b"second")])


@check("txn/offsets_are_committed_with_the_transaction")
async def offsets() -> None:
    topic, group = await new_topic(), unique("group")
    place = TopicPartition(topic, 0)
    await send(topic, values("v", 5))
    async with transactional() as client, member(topic, group) as source, admin() as looker:

        async def committed() -> dict[Any, Any]:
            return dict(await looker.list_consumer_group_offsets(group))

        await read(source, 3)
        await client.begin_transaction()
        await client.send_offsets_to_transaction({place: 2}, group)
        await client.abort_transaction()
        same("after an abort", await committed(), {})
        await client.begin_transaction()
        await client.send_offsets_to_transaction({place: 3}, group)
        await client.commit_transaction()
        found = await eventually_async("the offset is committed", committed, bool, seconds=5)
        same("after a commit", {key: value.offset for key, value in found.items()}, {place: 3})
