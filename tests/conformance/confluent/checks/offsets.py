"""Looking up offsets by place and by time."""

from __future__ import annotations

from functools import partial

from confluent_kafka import OFFSET_END, IsolationLevel, KafkaError, TopicPartition
from confluent_kafka.admin import OffsetSpec
from kit import WAIT, Record, admin, consumer, listed, new_topic, only, producer, refused, send
from probe_checks import check, same, unique

BASE = 1_700_000_000_000
"""A time in the past, in milliseconds, from which the checks count."""
BOTH = (IsolationLevel.READ_UNCOMMITTED, IsolationLevel.READ_COMMITTED)


def timed(*ages: int, settings: dict[str, object] | None = None) -> str:
    """Makes a topic of one partition with a record for each time after `BASE`."""
    topic = new_topic()
    send(topic, [Record(b"v%d" % age, timestamp=BASE + age) for age in ages], producer(settings))
    return topic


def at(topic: str, age: int) -> tuple[int, int]:
    offset, timestamp = listed(topic, OffsetSpec.for_timestamp(BASE + age))
    return offset, timestamp - BASE if timestamp >= 0 else timestamp


@check("offsets/earliest_and_latest_are_listed")
def earliest_and_latest() -> None:
    topic = timed(0, 100, 200)
    for isolation in BOTH:
        same(f"earliest, {isolation.name}", listed(topic, OffsetSpec.earliest(), isolation), (0, -1))
        same(f"latest, {isolation.name}", listed(topic, OffsetSpec.latest(), isolation), (3, -1))


@check("offsets/max_timestamp_is_the_youngest_record")
def max_timestamp() -> None:
    topic = timed(0, 500, 200)
    for isolation in BOTH:
        same(isolation.name, listed(topic, OffsetSpec.max_timestamp(), isolation), (1, BASE + 500))


@check("offsets/timestamp_finds_the_first_record_not_older")
def by_timestamp() -> None:
    topic = timed(100, 200, 300)
    same("before all", at(topic, 0), (0, 100))
    same("exactly the first", at(topic, 100), (0, 100))
    same("between", at(topic, 101), (1, 200))
    same("exactly the last", at(topic, 300), (2, 300))
    same("after all", at(topic, 301), (-1, -1))


@check("offsets/timestamp_zero_finds_the_first_record")
def timestamp_zero() -> None:
    topic = timed(100, 200)
    same("answer", listed(topic, OffsetSpec.for_timestamp(0)), (0, BASE + 100))


@check("offsets/timestamps_out_of_order_find_the_first_in_the_log")
def out_of_order() -> None:
    topic = timed(100, 400, 200, 300)
    same("150", at(topic, 150), (1, 400))
    same("250", at(topic, 250), (1, 400))
    same("400", at(topic, 400), (1, 400))
    same("401", at(topic, 401), (-1, -1))


@check("offsets/empty_partition_has_no_timestamps")
def empty() -> None:
    topic = new_topic()
    for isolation in BOTH:
        same("earliest", listed(topic, OffsetSpec.earliest(), isolation), (0, -1))
        same("latest", listed(topic, OffsetSpec.latest(), isolation), (0, -1))
        same("max timestamp", listed(topic, OffsetSpec.max_timestamp(), isolation), (-1, -1))
        same("timestamp", listed(topic, OffsetSpec.for_timestamp(BASE), isolation), (-1, -1))


def inside_a_batch(codec: str) -> None:
    ages = list(range(0, 1_000, 10))
    topic = timed(*ages, settings={"compression.type": codec, "linger.ms": 100})
    same("exactly", at(topic, 500), (50, 500))
    same("between", at(topic, 501), (51, 510))
    same("max timestamp", listed(topic, OffsetSpec.max_timestamp()), (99, BASE + 990))


for _codec in ("none", "gzip", "snappy", "lz4", "zstd"):
    check(f"offsets/timestamp_inside_a_batch_of_codec_{_codec}_is_exact")(partial(inside_a_batch, _codec))


@check("offsets/earliest_moves_when_records_are_deleted")
def after_delete() -> None:
    topic = timed(100, 200, 300, 400)
    only(admin().delete_records([TopicPartition(topic, 0, 2)]))
    same("earliest", listed(topic, OffsetSpec.earliest()), (2, -1))
    same("latest", listed(topic, OffsetSpec.latest()), (4, -1))
    same("time of a deleted record", at(topic, 100), (2, 300))


@check("offsets/log_append_time_can_be_looked_up")
def log_append_time() -> None:
    topic = new_topic(config={"message.timestamp.type": "LogAppendTime"})
    stamps = [send(topic, [b"v"])[0].timestamp()[1] for _ in range(2)]
    same("first", listed(topic, OffsetSpec.for_timestamp(stamps[0] - 5)), (0, stamps[0]))
    same("after", listed(topic, OffsetSpec.for_timestamp(stamps[1] + 60_000)), (-1, -1))


@check("offsets/unknown_topic_and_partition_are_refused")
def unknown() -> None:
    topic, missing = new_topic(), unique("missing")
    # The client asks for the leader first, and that is where it ends.
    refused("unknown partition", KafkaError._NOENT, lambda: listed(topic, OffsetSpec.latest(), partition=7))
    refused("unknown topic", KafkaError._NOENT, lambda: listed(missing, OffsetSpec.latest()))


@check("offsets/a_consumer_looks_up_times")
def offsets_for_times() -> None:
    topic = timed(100, 200, 300)
    with consumer() as client:

        def at_time(age: int) -> int:
            (found,) = client.offsets_for_times([TopicPartition(topic, 0, BASE + age)], timeout=WAIT)
            same("error", found.error, None)
            return int(found.offset)

        same("before all", at_time(0), 0)
        same("exactly", at_time(200), 1)
        same("between", at_time(201), 2)
        same("after all", at_time(301), OFFSET_END)


@check("offsets/a_consumer_looks_up_several_partitions")
def several_partitions() -> None:
    topic = new_topic(partitions=3)
    send(topic, [Record(b"v", partition=p, timestamp=BASE + 100 * n) for p in (0, 1) for n in range(p + 2)])
    with consumer() as client:
        asked = [TopicPartition(topic, partition, BASE + 150) for partition in range(3)]
        found = client.offsets_for_times(asked, timeout=WAIT)
    same("offsets", {place.partition: place.offset for place in found}, {0: OFFSET_END, 1: 2, 2: OFFSET_END})
