"""How records are read."""

from __future__ import annotations

import time

from confluent_kafka import OFFSET_BEGINNING, OFFSET_END, KafkaError, TopicPartition
from kit import (
    WAIT,
    Record,
    admin,
    consumer,
    error_of,
    new_topic,
    offsets,
    only,
    payloads,
    producer,
    read,
    read_to_end,
    reader,
    refused,
    send,
    values,
    watermarks,
)
from probe_checks import check, same, true

TAIL_BASE = -2000
"""librdkafka's OFFSET_TAIL(n) is this minus n."""


@check("fetch/starts_at_the_offset_assigned")
def from_offset() -> None:
    topic = new_topic()
    send(topic, values("v", 10))
    with reader(topic, 6) as client:
        found = read(client, 4)
    same("offsets", offsets(found), [6, 7, 8, 9])
    same("records", payloads(found), values("v", 4, start=6))


@check("fetch/starts_inside_a_batch")
def inside_a_batch() -> None:
    topic = new_topic()
    send(topic, values("v", 100), producer({"linger.ms": 100, "compression.type": "lz4"}))
    with reader(topic, 57) as client:
        same("first offset", offsets(read(client, 1)), [57])


@check("fetch/earliest_starts_at_the_first_record")
def earliest() -> None:
    topic = new_topic()
    send(topic, values("v", 3))
    with reader(topic, OFFSET_BEGINNING) as client:
        same("records", payloads(read(client, 3)), values("v", 3))


@check("fetch/latest_starts_behind_the_last_record")
def latest() -> None:
    topic = new_topic()
    send(topic, values("old", 3))
    with reader(topic, OFFSET_END, settings={"enable.partition.eof": True}) as client:
        at_end = error_of(client)
        same("first event", at_end.code(), KafkaError._PARTITION_EOF)
        send(topic, [b"new"])
        same("records", [(m.offset(), m.value()) for m in read(client, 1)], [(3, b"new")])


@check("fetch/tail_starts_before_the_end")
def tail() -> None:
    topic = new_topic()
    send(topic, values("v", 10))
    with reader(topic, TAIL_BASE - 3) as client:
        same("offsets", offsets(read(client, 3)), [7, 8, 9])


@check("fetch/empty_partition_ends_at_zero")
def empty() -> None:
    found, end = read_to_end(new_topic())
    same("records", found, [])
    same("end", end, 0)


@check("fetch/end_is_behind_the_last_record")
def end_of_partition() -> None:
    topic = new_topic()
    send(topic, values("v", 5))
    found, end = read_to_end(topic)
    same("records", len(found), 5)
    same("end", end, 5)


@check("fetch/offset_out_of_range_is_an_error")
def out_of_range() -> None:
    topic = new_topic()
    send(topic, values("v", 5))
    with reader(topic, 17) as client:
        error = error_of(client)
        same("error", error.name(), "_AUTO_OFFSET_RESET")
        true(f"`{error.str()}` names the broker's reason", "Offset out of range" in error.str())


@check("fetch/offset_out_of_range_can_reset_to_the_beginning")
def out_of_range_reset() -> None:
    topic = new_topic()
    send(topic, values("v", 5))
    with reader(topic, 17, settings={"auto.offset.reset": "earliest"}) as client:
        same("records", payloads(read(client, 5)), values("v", 5))


@check("fetch/watermarks_follow_the_records")
def watermarks_follow() -> None:
    topic = new_topic(partitions=2)
    same("of an empty partition", watermarks(topic), (0, 0))
    send(topic, values("v", 4))
    same("after four records", watermarks(topic), (0, 4))
    same("of the other partition", watermarks(topic, 1), (0, 0))


@check("fetch/a_waiting_fetch_wakes_up_at_once")
def wake_up() -> None:
    topic = new_topic()
    client = producer()
    send(topic, [b"first"], client)
    with reader(topic, settings={"fetch.wait.max.ms": 8_000}) as waiting:
        read(waiting, 1)
        for number in range(5):
            time.sleep(0.1)  # lets the next fetch reach the server and wait there
            begun = time.monotonic()
            send(topic, [b"next"], client)
            read(waiting, 1)
            took = time.monotonic() - begun
            true(f"round {number} took {took:.3f} s, not the 8 s a fetch may wait", took < 1.0)


@check("fetch/a_fetch_waits_for_its_minimum_of_bytes")
def minimum_of_bytes() -> None:
    topic = new_topic()
    send(topic, [b"small"])
    begun = time.monotonic()
    with reader(topic, 0, settings={"fetch.min.bytes": 100_000, "fetch.wait.max.ms": 1_500}) as client:
        same("records", payloads(read(client, 1)), [b"small"])
    took = time.monotonic() - begun
    true(f"took {took:.3f} s, not less than the wait", took >= 1.4)


@check("fetch/a_fetch_ends_when_its_minimum_is_there")
def minimum_reached() -> None:
    topic = new_topic()
    send(topic, [b"small"])
    begun = time.monotonic()
    with reader(topic, 0, settings={"fetch.min.bytes": 50_000, "fetch.wait.max.ms": 10_000}) as client:
        client.poll(0.3)
        send(topic, [bytes(60_000)])
        same("lengths", [len(v or b"") for v in payloads(read(client, 2))], [5, 60_000])
    took = time.monotonic() - begun
    true(f"took {took:.3f} s, less than the wait", took < 8)


@check("fetch/a_record_larger_than_the_limits_still_comes")
def larger_than_the_limit() -> None:
    topic = new_topic()
    sent = [bytes([n]) * 300_000 for n in range(4)]
    send(topic, sent)
    small = {"message.max.bytes": 1_000, "fetch.max.bytes": 1_000, "fetch.message.max.bytes": 1_000}
    with reader(topic, settings=small) as client:
        true("all four values are the same", payloads(read(client, 4)) == sent)


@check("fetch/no_partition_starves_under_a_small_limit")
def no_starvation() -> None:
    topic = new_topic(partitions=4)
    send(topic, [Record(bytes(50_000), partition=p) for p in range(4) for _ in range(5)])
    small = {"message.max.bytes": 60_000, "fetch.max.bytes": 60_000, "fetch.message.max.bytes": 60_000}
    with consumer(small) as client:
        client.assign([TopicPartition(topic, p, 0) for p in range(4)])
        found = read(client, 20)
    for partition in range(4):
        mine = [message.offset() for message in found if message.partition() == partition]
        same(f"offsets of partition {partition}", mine, [0, 1, 2, 3, 4])


@check("fetch/deleted_records_are_out_of_range")
def deleted() -> None:
    topic = new_topic()
    send(topic, values("v", 10))
    only(admin().delete_records([TopicPartition(topic, 0, 6)]))
    same("watermarks", watermarks(topic), (6, 10))
    with reader(topic, 2) as client:
        true("the reason is named", "Offset out of range" in error_of(client).str())
    with reader(topic, 2, settings={"auto.offset.reset": "earliest"}) as client:
        same("offsets after the reset", offsets(read(client, 4)), [6, 7, 8, 9])
    with reader(topic, OFFSET_BEGINNING) as client:
        same("first offset", offsets(read(client, 1)), [6])


@check("fetch/seek_goes_back_and_forth")
def seek() -> None:
    topic = new_topic()
    send(topic, values("v", 10))
    with reader(topic) as client:
        same("at first", offsets(read(client, 2)), [0, 1])
        for target in (8, 3, 0):
            client.seek(TopicPartition(topic, 0, target))
            same(f"after a seek to {target}", offsets(read(client, 2)), [target, target + 1])


@check("fetch/paused_partitions_give_nothing")
def pause() -> None:
    topic = new_topic(partitions=2)
    with consumer() as client:
        client.assign([TopicPartition(topic, p, 0) for p in range(2)])
        client.pause([TopicPartition(topic, 1)])
        send(topic, [Record(b"paused", partition=1), Record(b"open", partition=0)])
        same("while paused", payloads(read(client, 1)), [b"open"])
        same("still paused", client.poll(0.3), None)
        client.resume([TopicPartition(topic, 1)])
        same("after that", payloads(read(client, 1)), [b"paused"])


@check("fetch/many_topics_are_read_by_one_consumer")
def many_topics() -> None:
    topics = [new_topic() for _ in range(8)]
    client = producer()
    for topic in topics:
        send(topic, [topic.encode()], client)
    with consumer() as many:
        many.assign([TopicPartition(topic, 0, 0) for topic in topics])
        same("records", sorted(str(m.topic()) for m in read(many, 8)), sorted(topics))


@check("fetch/position_follows_what_was_read")
def position() -> None:
    topic = new_topic()
    send(topic, values("v", 3))
    with reader(topic) as client:
        read(client, 3)
        same("position", client.position([TopicPartition(topic, 0)])[0].offset, 3)


@check("fetch/a_recreated_topic_is_not_read_from_old_positions")
def recreated() -> None:
    topic = new_topic()
    send(topic, values("old", 5))
    only(admin().delete_topics([topic]))
    refused(
        "watermarks of a deleted topic",
        KafkaError._UNKNOWN_PARTITION,
        lambda: consumer().get_watermark_offsets(TopicPartition(topic, 0), timeout=WAIT),
    )
    new_topic(name=topic)
    send(topic, [b"new"])
    with reader(topic, 3) as client:
        true("the reason is named", "Offset out of range" in error_of(client).str())
