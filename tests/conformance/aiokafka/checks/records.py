"""Producing, reading and looking up offsets."""

from __future__ import annotations

import asyncio
import time
from functools import partial

from aiokafka import TopicPartition
from aiokafka.errors import InvalidTimestampError, MessageSizeTooLargeError, OffsetOutOfRangeError
from aiokafka.structs import OffsetAndTimestamp
from kit import member, new_topic, producer, read, reader, refused, send, values
from probe_checks import check, same, true, unique

BASE = 1_700_000_000_000
"""A time in the past, in milliseconds, from which the checks count."""


@check("topics/produce_creates_a_missing_topic")
async def auto_create() -> None:
    topic = unique("auto")
    same("offsets", await send(topic, [b"first"]), [0])
    async with reader(TopicPartition(topic, 0)) as client:
        same("values", [record.value for record in await read(client, 1)], [b"first"])


@check("produce/records_come_back_in_order")
async def order() -> None:
    topic = await new_topic()
    sent = values("v", 1_000)
    same("offsets", await send(topic, sent, linger_ms=5), list(range(1_000)))
    async with reader(TopicPartition(topic, 0)) as client:
        found = await read(client, 1_000)
    same("values", [record.value for record in found], sent)
    same("offsets read", [record.offset for record in found], list(range(1_000)))


@check("produce/acks_0_stores_the_records")
async def acks_0() -> None:
    topic = await new_topic()
    async with producer(acks=0) as client:
        for value in values("v", 5):
            await client.send_and_wait(topic, value, partition=0)
    async with reader(TopicPartition(topic, 0)) as client:
        same("values", [record.value for record in await read(client, 5)], values("v", 5))


@check("produce/headers_keep_order_and_duplicates")
async def headers() -> None:
    topic = await new_topic()
    sent = [("b", b"1"), ("a", b"2"), ("b", b"3"), ("empty", b"")]
    async with producer() as client:
        await client.send_and_wait(topic, b"v", headers=sent)
    async with reader(TopicPartition(topic, 0)) as client:
        (found,) = await read(client, 1)
    same("headers", list(found.headers), sent)


@check("produce/null_empty_and_set_keys_and_values_differ")
async def nulls() -> None:
    topic = await new_topic()
    sent = [(None, b"v"), (b"", b"v"), (b"k", None), (b"k", b"")]
    async with producer() as client:
        for key, value in sent:
            await client.send_and_wait(topic, value, key=key, partition=0)
    async with reader(TopicPartition(topic, 0)) as client:
        same("keys and values", [(record.key, record.value) for record in await read(client, 4)], sent)


@check("produce/timestamps_are_kept")
async def timestamps() -> None:
    topic = await new_topic()
    async with producer() as client:
        answered = await client.send_and_wait(topic, b"v", timestamp_ms=BASE)
        same("in the answer", (answered.offset, answered.timestamp, answered.timestamp_type), (0, BASE, 0))
    async with reader(TopicPartition(topic, 0)) as client:
        (found,) = await read(client, 1)
    same("read", (found.timestamp, found.timestamp_type), (BASE, 0))


@check("produce/log_append_time_is_the_time_of_the_server")
async def log_append_time() -> None:
    topic = await new_topic(config={"message.timestamp.type": "LogAppendTime"})
    before = int(time.time() * 1000) - 1
    async with producer() as client:
        answered = await client.send_and_wait(topic, b"v", timestamp_ms=BASE)
    after = int(time.time() * 1000) + 1
    true(f"{answered.timestamp} is between {before} and {after}", before <= (answered.timestamp or 0) <= after)
    async with reader(TopicPartition(topic, 0)) as client:
        (found,) = await read(client, 1)
    same("read", (found.timestamp, found.timestamp_type), (answered.timestamp, 1))


async def codec_is_kept(codec: str) -> None:
    topic = await new_topic()
    sent = values(f"{codec} " * 20, 100)
    await send(topic, sent, compression_type=codec, linger_ms=50)
    async with reader(TopicPartition(topic, 0)) as client:
        same("values", [record.value for record in await read(client, 100)], sent)


for _codec in ("gzip", "snappy", "lz4", "zstd"):
    check(f"produce/{_codec}_records_come_back")(partial(codec_is_kept, _codec))


@check("produce/idempotent_records_come_once_and_in_order")
async def idempotent() -> None:
    topic = await new_topic()
    sent = values("v", 300)
    same("offsets", await send(topic, sent, enable_idempotence=True, max_batch_size=200), list(range(300)))
    async with reader(TopicPartition(topic, 0)) as client:
        same("values", [record.value for record in await read(client, 300)], sent)


@check("produce/records_beyond_max_message_bytes_are_refused")
async def too_large() -> None:
    topic = await new_topic(config={"max.message.bytes": "1000"})
    await refused("5 kB", MessageSizeTooLargeError, lambda: send(topic, [bytes(5_000)]))
    same("offset of a small one", await send(topic, [b"small"]), [0])


@check("produce/timestamp_in_the_far_future_is_refused")
async def future_timestamp() -> None:
    topic = await new_topic()
    async with producer() as client:
        ahead = int(time.time() * 1000) + 3 * 3_600_000
        await refused("3 h ahead", InvalidTimestampError, lambda: client.send_and_wait(topic, b"v", timestamp_ms=ahead))


@check("fetch/seek_goes_to_offsets_beginning_and_end")
async def seek() -> None:
    topic = await new_topic()
    await send(topic, values("v", 10))
    place = TopicPartition(topic, 0)
    async with reader(place) as client:
        client.seek(place, 6)
        same("after seek", [record.offset for record in await read(client, 2)], [6, 7])
        await client.seek_to_beginning(place)
        same("at the beginning", [record.offset for record in await read(client, 2)], [0, 1])
        await client.seek_to_end(place)
        same("position at the end", await client.position(place), 10)
        await send(topic, [b"new"])
        same("behind the end", [record.value for record in await read(client, 1)], [b"new"])


@check("fetch/offset_out_of_range_is_an_error")
async def out_of_range() -> None:
    topic = await new_topic()
    await send(topic, values("v", 3))
    place = TopicPartition(topic, 0)
    async with reader(place, auto_offset_reset="none") as client:
        client.seek(place, 17)
        await refused("offset 17", OffsetOutOfRangeError, lambda: asyncio.wait_for(client.getone(), 10))


@check("fetch/a_waiting_fetch_wakes_up_at_once")
async def wake_up() -> None:
    topic = await new_topic()
    async with reader(TopicPartition(topic, 0), fetch_max_wait_ms=8_000) as client, producer() as source:
        await source.send_and_wait(topic, b"first")
        await read(client, 1)
        for number in range(5):
            waiting = asyncio.ensure_future(read(client, 1))
            await asyncio.sleep(0.1)  # lets the next fetch reach the server and wait there
            begun = time.monotonic()
            await source.send_and_wait(topic, b"next")
            await waiting
            took = time.monotonic() - begun
            true(f"round {number} took {took:.3f} s, not the 8 s a fetch may wait", took < 1.0)


@check("fetch/a_record_larger_than_the_limit_still_comes")
async def larger_than_the_limit() -> None:
    topic = await new_topic()
    sent = [bytes([n]) * 200_000 for n in range(3)]
    await send(topic, sent, max_request_size=500_000)
    async with reader(TopicPartition(topic, 0), max_partition_fetch_bytes=1_000, fetch_max_bytes=1_000) as client:
        true("all values are the same", [record.value for record in await read(client, 3)] == sent)


@check("offsets/beginning_and_end_are_known")
async def beginning_and_end() -> None:
    topic = await new_topic(partitions=2)
    await send(topic, values("v", 4))
    full, empty = TopicPartition(topic, 0), TopicPartition(topic, 1)
    async with member(topic, unique("group")) as client:
        same("beginning", await client.beginning_offsets([full, empty]), {full: 0, empty: 0})
        same("end", await client.end_offsets([full, empty]), {full: 4, empty: 0})


@check("offsets/times_find_the_first_record_not_older")
async def times() -> None:
    topic = await new_topic()
    async with producer() as source:
        for age in (100, 200, 300):
            await source.send_and_wait(topic, b"v", timestamp_ms=BASE + age)
    place = TopicPartition(topic, 0)
    async with reader(place) as client:
        for what, age, expected in (
            ("before all", 0, OffsetAndTimestamp(0, BASE + 100)),
            ("exactly", 200, OffsetAndTimestamp(1, BASE + 200)),
            ("between", 201, OffsetAndTimestamp(2, BASE + 300)),
            ("after all", 301, None),
        ):
            found = await client.offsets_for_times({place: BASE + age})
            same(what, found, {place: expected})
