"""What becomes of a record on its way in."""

from __future__ import annotations

import threading
import time
from functools import partial

from confluent_kafka import TIMESTAMP_CREATE_TIME, TIMESTAMP_LOG_APPEND_TIME, KafkaError
from kit import (
    Headers,
    Record,
    new_topic,
    offsets,
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

HOUR = 3_600_000


def now() -> int:
    return int(time.time() * 1000)


@check("produce/acks_0_stores_the_records")
def acks_0() -> None:
    topic = new_topic()
    sent = values("v", 20)
    send(topic, sent, producer({"acks": 0}))
    with reader(topic) as client:
        same("records", payloads(read(client, 20)), sent)


@check("produce/acks_1_answers_with_offsets")
def acks_1() -> None:
    topic = new_topic()
    same("offsets", offsets(send(topic, values("v", 20), producer({"acks": 1}))), list(range(20)))


@check("produce/acks_all_answers_with_offsets")
def acks_all() -> None:
    topic = new_topic()
    client = producer({"acks": "all"})
    same("first offsets", offsets(send(topic, values("v", 3), client)), [0, 1, 2])
    same("next offsets", offsets(send(topic, values("w", 2), client)), [3, 4])
    same("records", payloads(read_to_end(topic)[0]), [*values("v", 3), *values("w", 2)])


@check("produce/headers_keep_order_duplicates_and_nulls")
def headers() -> None:
    topic = new_topic()
    sent: Headers = [
        ("b", b"1"),
        ("a", b"2"),
        ("b", b"3"),
        ("null", None),
        ("empty", b""),
        ("ä", b"\x00\xff"),
        ("", b"n"),
    ]
    send(topic, [Record(b"v", headers=sent), Record(b"w")])
    found, _ = read_to_end(topic)
    same("headers", found[0].headers(), sent)
    same("headers of a record without any", found[1].headers(), None)


@check("produce/keys_may_be_null_empty_and_binary")
def keys() -> None:
    topic = new_topic()
    sent = [None, b"", b"k", bytes(range(256))]
    send(topic, [Record(b"v", key=key) for key in sent])
    same("keys", [message.key() for message in read_to_end(topic)[0]], sent)


@check("produce/tombstones_differ_from_empty_values")
def tombstones() -> None:
    topic = new_topic()
    sent = [None, b"", b"v"]
    send(topic, [Record(value, key=b"k") for value in sent])
    same("values", payloads(read_to_end(topic)[0]), sent)


@check("produce/create_time_is_kept")
def create_time() -> None:
    topic = new_topic()
    given = [1_600_000_000_123, 1_500_000_000_000, now()]
    send(topic, [Record(b"v", timestamp=one) for one in given])
    found = [message.timestamp() for message in read_to_end(topic)[0]]
    same("timestamps", found, [(TIMESTAMP_CREATE_TIME, one) for one in given])


@check("produce/log_append_time_is_the_time_of_the_server")
def log_append_time() -> None:
    topic = new_topic(config={"message.timestamp.type": "LogAppendTime"})
    before = now()
    answered = send(topic, [Record(b"v", timestamp=1_600_000_000_000)])[0].timestamp()
    (found,), _ = read_to_end(topic)
    kind, stamp = found.timestamp()
    same("type", kind, TIMESTAMP_LOG_APPEND_TIME)
    true(f"{stamp} is between {before} and now", before - 1 <= stamp <= now() + 1)
    same("timestamp in the answer", answered[1], stamp)


@check("produce/timestamp_in_the_far_future_is_refused")
def future_timestamp() -> None:
    topic = new_topic()
    ahead = Record(b"v", timestamp=now() + 3 * HOUR)
    refused("3 h ahead", KafkaError.INVALID_TIMESTAMP, lambda: send(topic, [ahead]))
    same("watermarks", watermarks(topic), (0, 0))


@check("produce/timestamp_older_than_the_topic_allows_is_refused")
def old_timestamp() -> None:
    topic = new_topic(config={"message.timestamp.before.max.ms": str(HOUR)})
    old = Record(b"v", timestamp=now() - 2 * HOUR)
    refused("2 h old", KafkaError.INVALID_TIMESTAMP, lambda: send(topic, [old]))
    send(topic, [Record(b"v", timestamp=now() - HOUR // 2)])
    same("watermarks", watermarks(topic), (0, 1))


@check("produce/idempotent_records_come_once_and_in_order")
def idempotent() -> None:
    topic = new_topic()
    sent = values("v", 2_000)
    client = producer({"enable.idempotence": True, "batch.num.messages": 7})
    same("offsets", offsets(send(topic, sent, client)), list(range(2_000)))
    same("records", payloads(read_to_end(topic)[0]), sent)


def codec_is_kept(codec: str) -> None:
    topic = new_topic()
    sent = values(f"{codec} " * 20, 300)
    send(topic, sent, producer({"compression.type": codec, "linger.ms": 50}))
    found, end = read_to_end(topic)
    same("records", payloads(found), sent)
    same("offsets", offsets(found), list(range(300)))
    same("end", end, 300)


for _codec in ("gzip", "snappy", "lz4", "zstd"):
    check(f"produce/{_codec}_records_come_back")(partial(codec_is_kept, _codec))


@check("produce/codecs_can_be_mixed_in_a_partition")
def mixed_codecs() -> None:
    topic = new_topic()
    sent: list[bytes | None] = []
    for codec in ("none", "gzip", "snappy", "lz4", "zstd"):
        part = values(f"{codec}-", 30)
        send(topic, part, producer({"compression.type": codec, "linger.ms": 20}))
        sent += part
    same("records", payloads(read_to_end(topic)[0]), sent)


@check("produce/one_megabyte_is_accepted")
def one_megabyte() -> None:
    topic = new_topic()
    value = bytes(range(256)) * 4_000  # 1,024,000 bytes; the limit of the server is 1,048,588
    send(topic, [value, b"after"], producer({"message.max.bytes": 2_000_000}))
    found, _ = read_to_end(topic)
    true("the large value is the same", found[0].value() == value)
    same("the next value", found[1].value(), b"after")


@check("produce/records_beyond_the_default_limit_are_refused")
def beyond_default() -> None:
    topic = new_topic()
    client = producer({"message.max.bytes": 3_000_000})
    refused("2 MB", KafkaError.MSG_SIZE_TOO_LARGE, lambda: send(topic, [bytes(2_000_000)], client))
    same("watermarks", watermarks(topic), (0, 0))


@check("produce/records_beyond_max_message_bytes_are_refused")
def too_large() -> None:
    topic = new_topic(config={"max.message.bytes": "1000"})
    refused("5 kB", KafkaError.MSG_SIZE_TOO_LARGE, lambda: send(topic, [bytes(5_000)]))
    same("offset of a small one", offsets(send(topic, [b"small"])), [0])


@check("produce/a_topic_may_allow_more_than_the_default_limit")
def larger_allowed() -> None:
    topic = new_topic(config={"max.message.bytes": "4000000"})
    send(topic, [bytes(3_000_000)], producer({"message.max.bytes": 4_000_000}))
    found, _ = read_to_end(topic)
    same("length", len(found[0].value() or b""), 3_000_000)


@check("produce/keys_choose_the_partition")
def partition_by_key() -> None:
    topic = new_topic(partitions=6)
    keys = values("key", 30) * 2
    places: dict[bytes | None, set[int | None]] = {}
    for message in send(topic, [Record(b"v", key=key, partition=-1) for key in keys]):
        places.setdefault(message.key(), set()).add(message.partition())
    same("keys in more than one partition", [key for key, found in places.items() if len(found) > 1], [])
    true("more than one partition is used", len(set.union(*places.values())) > 1)


@check("produce/unknown_partition_is_refused")
def unknown_partition() -> None:
    topic = new_topic(partitions=2)
    send(topic, [b"known"])
    refused("partition 7", KafkaError._UNKNOWN_PARTITION, lambda: send(topic, [Record(b"v", partition=7)]))


@check("produce/ten_thousand_records_keep_their_order")
def order() -> None:
    topic = new_topic()
    sent = values("", 10_000)
    same("offsets", offsets(send(topic, sent, producer({"linger.ms": 5}))), list(range(10_000)))
    same("records", payloads(read_to_end(topic)[0]), sent)


@check("produce/one_request_fills_many_partitions")
def many_partitions() -> None:
    topic = new_topic(partitions=16)
    records = [Record(f"{p}-{n}".encode(), partition=p) for n in range(100) for p in range(16)]
    send(topic, records, producer({"linger.ms": 50}))
    for partition in range(16):
        same(f"watermarks of {partition}", watermarks(topic, partition), (0, 100))
    found, _ = read_to_end(topic, 11)
    same("records of partition 11", payloads(found), values("11-", 100))


@check("produce/two_producers_each_keep_their_order")
def two_producers() -> None:
    topic = new_topic()
    threads = [threading.Thread(target=send, args=[topic, values(name, 1_000)]) for name in ("a", "b")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    found, end = read_to_end(topic)
    same("end", end, 2_000)
    same("offsets", offsets(found), list(range(2_000)))
    for name in ("a", "b"):
        mine = [value for value in payloads(found) if value and value.startswith(name.encode())]
        same(f"records of {name}", mine, values(name, 1_000))


@check("produce/compacted_topic_refuses_a_record_without_key")
def compacted_without_key() -> None:
    topic = new_topic(config={"cleanup.policy": "compact"})
    refused("no key", KafkaError.INVALID_RECORD, lambda: send(topic, [b"v"]))
    same("offset with a key", offsets(send(topic, [Record(b"v", key=b"k")])), [0])


@check("produce/invalid_topic_name_is_refused")
def invalid_topic() -> None:
    refused("`a b`", KafkaError.TOPIC_EXCEPTION, lambda: send("a b", [b"v"]))
