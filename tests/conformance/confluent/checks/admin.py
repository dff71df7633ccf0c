"""What the admin client does to records and asks of the cluster."""

from __future__ import annotations

from confluent_kafka import OFFSET_END, KafkaError, TopicPartition
from kit import (
    WAIT,
    Record,
    admin,
    answer,
    new_topic,
    offsets,
    only,
    read_to_end,
    refused,
    send,
    values,
    watermarks,
)
from probe_checks import check, same, true, unique


def low_watermark(topic: str, before: int, partition: int = 0) -> int:
    asked = [TopicPartition(topic, partition, before)]
    found: int = only(admin().delete_records(asked, request_timeout=WAIT)).low_watermark
    return found


@check("admin/delete_records_moves_the_low_watermark")
def delete_records() -> None:
    topic = new_topic()
    send(topic, values("v", 10))
    same("low watermark", low_watermark(topic, 4), 4)
    same("watermarks", watermarks(topic), (4, 10))
    same("offsets", offsets(read_to_end(topic)[0]), [4, 5, 6, 7, 8, 9])
    same("low watermark asked to go back", low_watermark(topic, 2), 4)


@check("admin/delete_records_to_the_end_empties_the_partition")
def delete_all_records() -> None:
    topic = new_topic()
    send(topic, values("v", 5))
    same("low watermark", low_watermark(topic, OFFSET_END), 5)
    same("watermarks", watermarks(topic), (5, 5))
    same("next offset", offsets(send(topic, [b"next"])), [5])


@check("admin/delete_records_beyond_the_end_is_refused")
def delete_too_many() -> None:
    topic = new_topic()
    send(topic, values("v", 5))
    refused("offset 6", KafkaError.OFFSET_OUT_OF_RANGE, lambda: low_watermark(topic, 6))
    same("watermarks", watermarks(topic), (0, 5))


@check("admin/delete_records_of_an_unknown_topic_is_refused")
def delete_of_unknown() -> None:
    # The client asks for the leader first, and that is where it ends.
    refused("unknown topic", KafkaError._NOENT, lambda: low_watermark(unique(), 1))


@check("admin/delete_records_touches_one_partition")
def delete_of_one_partition() -> None:
    topic = new_topic(partitions=2)
    send(topic, [Record(b"v", partition=p) for p in (0, 1) for _ in range(4)])
    same("low watermark", low_watermark(topic, 3, partition=1), 3)
    same("watermarks", [watermarks(topic, p) for p in (0, 1)], [(0, 4), (3, 4)])


@check("admin/describe_cluster_tells_what_one_may_do_when_asked")
def authorized_operations() -> None:
    same("not asked", answer(admin().describe_cluster(request_timeout=WAIT)).authorized_operations, None)
    found = answer(admin().describe_cluster(include_authorized_operations=True, request_timeout=WAIT))
    names = {operation.name for operation in found.authorized_operations}
    true(f"{sorted(names)} has create and alter", {"CREATE", "ALTER", "DESCRIBE"} <= names)
