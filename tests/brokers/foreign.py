#!/usr/bin/env python3
"""A foreign Kafka client for tests: the outside producer and observer (confluent-kafka).

    foreign.py --bootstrap B produce --topic T --key k --value v --header n=v --null-header n
    foreign.py --bootstrap B produce --topic T --stdin          (one JSON record per line)
    foreign.py --bootstrap B txn --topic T --count 3 --end commit|abort|open
    foreign.py --bootstrap B consume --topic T --count 1 [--isolation read_uncommitted]
    foreign.py --bootstrap B create-topic|delete-topic|delete-records|offsets --topic T ...
    foreign.py --bootstrap B committed --group G

Every command prints one JSON line. Exit codes: 0 done, 1 Kafka refused (the line is
`{"error": {"code", "message"}}`), 2 wrong usage.
"""

from __future__ import annotations

import argparse
import base64
import json
import os
import sys
import time
import uuid
from collections.abc import Callable, Iterable
from typing import Any

from confluent_kafka import (
    Consumer,
    ConsumerGroupTopicPartitions,
    KafkaError,
    KafkaException,
    Producer,
    TopicPartition,
)
from confluent_kafka.admin import AdminClient, NewTopic

SECONDS = 30.0


def produce(
    bootstrap: str, records: Iterable[dict[str, Any]], config: dict[str, Any] | None = None
) -> list[dict[str, Any]]:
    """Produces records in order and returns where each one landed.

    A record has `topic` and optionally `key`, `value`, `headers`, `partition`, `timestamp` (ms).
    """
    producer = Producer({"bootstrap.servers": bootstrap, "acks": "all", "linger.ms": 0, **(config or {})})
    return _produce_with(producer, records)


def transaction(
    bootstrap: str,
    records: Iterable[dict[str, Any]],
    end: str,
    transactional_id: str | None = None,
    timeout_ms: int = 60_000,
) -> tuple[list[dict[str, Any]], Producer]:
    """Produces records in one transaction; `end` is commit, abort or open.

    The producer comes back so that an open transaction lives as long as the caller wants.
    """
    identity = transactional_id or f"foreign-{uuid.uuid4()}"
    producer = Producer(
        {
            "bootstrap.servers": bootstrap,
            "transactional.id": identity,
            "transaction.timeout.ms": timeout_ms,
            # librdkafka: the time to deliver must not exceed the transaction's
            "message.timeout.ms": min(timeout_ms, 30_000),
            "linger.ms": 0,
        }
    )
    producer.init_transactions(SECONDS)
    producer.begin_transaction()
    places = _produce_with(producer, records)
    if end == "commit":
        producer.commit_transaction(SECONDS)
    elif end == "abort":
        producer.abort_transaction(SECONDS)
    return places, producer


def _produce_with(producer: Producer, records: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    places: list[dict[str, Any] | None] = []
    errors: list[KafkaError] = []

    def reporter(index: int) -> Callable[[Any, Any], None]:
        def report(error: KafkaError | None, message: Any) -> None:
            if error is not None:
                errors.append(error)
                return
            places[index] = {
                "topic": message.topic(),
                "partition": message.partition(),
                "offset": message.offset(),
                "timestamp": message.timestamp()[1],
            }

        return report

    for record in records:
        places.append(None)
        optional = {name: record[name] for name in ("partition", "timestamp") if record.get(name) is not None}
        producer.produce(
            record["topic"],
            key=record.get("key"),
            value=record.get("value"),
            headers=record.get("headers") or [],
            on_delivery=reporter(len(places) - 1),
            **optional,
        )
        producer.poll(0)
    left = producer.flush(SECONDS)
    if errors:
        raise KafkaException(errors[0])
    if left or None in places:
        raise KafkaException(KafkaError(KafkaError._MSG_TIMED_OUT, f"{left} records were not acknowledged"))
    return places  # type: ignore[return-value]


def consume(
    bootstrap: str,
    topic: str,
    count: int,
    start: int | None = None,
    isolation: str = "read_committed",
    within: float = SECONDS,
) -> list[dict[str, Any]]:
    """Returns up to `count` records from all partitions, without a group; fewer when time is up."""
    consumer = _consumer(bootstrap, isolation)
    try:
        first = -2 if start is None else start  # -2 is the beginning
        consumer.assign([TopicPartition(topic, p, first) for p in _partitions(consumer, topic)])
        end = time.monotonic() + within
        records = []
        while len(records) < count and time.monotonic() < end:
            message = consumer.poll(min(0.1, max(0.0, end - time.monotonic())))
            if message is None:
                continue
            if message.error():
                raise KafkaException(message.error())
            records.append(
                {
                    "topic": topic,
                    "partition": message.partition(),
                    "offset": message.offset(),
                    "timestamp": message.timestamp()[1],
                    "key": message.key(),
                    "value": message.value(),
                    "headers": message.headers() or [],
                }
            )
        return records
    finally:
        consumer.close()


def create_topic(
    bootstrap: str,
    topic: str,
    partitions: int = 1,
    replication_factor: int = -1,
    config: dict[str, str] | None = None,
) -> None:
    """Creates a topic and waits until each partition has a leader that clients can see."""
    admin = _admin(bootstrap)
    new = NewTopic(topic, partitions, replication_factor, config=config or {})
    admin.create_topics([new], operation_timeout=SECONDS)[topic].result(SECONDS)

    def led() -> bool:
        found = admin.list_topics(topic, timeout=SECONDS).topics[topic].partitions.values()
        return len(found) == partitions and all(one.leader >= 0 for one in found)

    _wait(led, f"topic `{topic}` got no leaders")


def delete_topic(bootstrap: str, topic: str) -> None:
    admin = _admin(bootstrap)
    admin.delete_topics([topic], operation_timeout=SECONDS)[topic].result(SECONDS)
    _wait(lambda: topic not in admin.list_topics(timeout=SECONDS).topics, f"topic `{topic}` did not go away")


def delete_records(bootstrap: str, topic: str, partition: int, before: int) -> int:
    """Deletes what lies before an offset (-1: everything) and returns the new first offset."""
    admin = _admin(bootstrap)  # a future never completes once its client is gone
    (future,) = admin.delete_records([TopicPartition(topic, partition, before)]).values()
    return future.result(SECONDS).low_watermark


def offsets(bootstrap: str, topic: str, isolation: str = "read_uncommitted") -> list[dict[str, int]]:
    """Returns the first and the end offset of each partition; read_committed ends at the last stable one."""
    consumer = _consumer(bootstrap, isolation)
    try:
        answer = []
        for partition in _partitions(consumer, topic):
            low, high = consumer.get_watermark_offsets(TopicPartition(topic, partition), timeout=SECONDS)
            answer.append({"partition": partition, "begin": low, "end": high})
        return answer
    finally:
        consumer.close()


def committed(bootstrap: str, group: str) -> list[dict[str, Any]]:
    """Returns what a group has committed; an unknown group has committed nothing."""
    return committed_by(_admin(bootstrap), group)


def committed_by(admin: AdminClient, group: str) -> list[dict[str, Any]]:
    """Does the same through a client that is there already, for those who look often."""
    (future,) = admin.list_consumer_group_offsets([ConsumerGroupTopicPartitions(group)]).values()
    try:
        found = future.result(SECONDS).topic_partitions
    except KafkaException as error:
        if error.args[0].code() == KafkaError.GROUP_ID_NOT_FOUND:
            return []
        raise
    return [{"topic": one.topic, "partition": one.partition, "offset": one.offset} for one in found]


def _admin(bootstrap: str) -> AdminClient:
    return AdminClient({"bootstrap.servers": bootstrap})


def _consumer(bootstrap: str, isolation: str) -> Consumer:
    return Consumer(
        {
            "bootstrap.servers": bootstrap,
            "group.id": f"foreign-{uuid.uuid4()}",  # librdkafka wants one; it is never joined
            "enable.auto.commit": False,
            "auto.offset.reset": "error",
            "isolation.level": isolation,
        }
    )


def _partitions(client: Consumer, topic: str) -> list[int]:
    found = client.list_topics(topic, timeout=SECONDS).topics[topic]
    if found.error is not None:
        raise KafkaException(found.error)
    return sorted(found.partitions)


def _wait(condition: Callable[[], bool], complaint: str) -> None:
    end = time.monotonic() + SECONDS
    while not condition():
        if time.monotonic() > end:
            raise KafkaException(KafkaError(KafkaError._TIMED_OUT, complaint))
        time.sleep(0.02)


# --- the command line


def _records(arguments: argparse.Namespace) -> list[dict[str, Any]]:
    if arguments.stdin:
        return [_record_from_json(arguments.topic, json.loads(line)) for line in sys.stdin if line.strip()]
    return [
        {
            "topic": arguments.topic,
            "key": _numbered(arguments.key, i),
            "value": _numbered(arguments.value, i),
            "headers": [(name, _bytes(value)) for name, value in arguments.headers],
            "partition": arguments.partition,
            "timestamp": arguments.timestamp,
        }
        for i in range(arguments.count)
    ]


def _record_from_json(topic: str | None, line: dict[str, Any]) -> dict[str, Any]:
    headers = [(name, _bytes(value)) for name, value in line.get("headers", [])]
    fields = {name: _bytes(line.get(name)) for name in ("key", "value")}
    for name in ("key", "value"):
        if f"{name}_base64" in line:
            fields[name] = base64.b64decode(line[f"{name}_base64"])
    return {"topic": topic, **line, **fields, "headers": headers}


def _bytes(value: Any) -> bytes | None:
    """Returns a text as it is, nothing as nothing, and any other JSON value as its text."""
    if value is None or isinstance(value, bytes):
        return value
    return (value if isinstance(value, str) else json.dumps(value)).encode()


def _numbered(text: str | None, i: int) -> bytes | None:
    return None if text is None else text.replace("{i}", str(i)).encode()


def _shown(value: bytes | None) -> str | dict[str, str] | None:
    if value is None:
        return None
    try:
        return value.decode()
    except UnicodeDecodeError:
        return {"base64": base64.b64encode(value).decode()}


def _show_record(record: dict[str, Any]) -> dict[str, Any]:
    headers = [[name, _shown(value)] for name, value in record["headers"]]
    return {**record, "key": _shown(record["key"]), "value": _shown(record["value"]), "headers": headers}


def _say(answer: dict[str, Any]) -> None:
    print(json.dumps(answer), flush=True)


def _txn(a: argparse.Namespace) -> dict[str, Any] | None:
    places, producer = transaction(a.bootstrap, _records(a), a.end, a.transactional_id, a.timeout_ms)
    answer = {"records": places, "end": a.end}
    if a.end != "open":
        return answer
    _say(answer)
    sys.stdin.read()
    if a.then == "commit":
        producer.commit_transaction(SECONDS)
    elif a.then == "abort":
        producer.abort_transaction(SECONDS)
    os._exit(0)  # `leave` is a crash: no goodbye to the coordinator


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description="A foreign Kafka client for tests.")
    parser.add_argument("--bootstrap", required=True)
    verbs = parser.add_subparsers(dest="verb", required=True)

    def verb(name: str, do: Callable[[argparse.Namespace], Any], topic: bool = True) -> argparse.ArgumentParser:
        one = verbs.add_parser(name)
        one.set_defaults(do=do)
        if topic:
            one.add_argument("--topic", required=True)
        return one

    def record_options(one: argparse.ArgumentParser) -> None:
        one.add_argument("--stdin", action="store_true", help="one JSON record per line instead of the options below")
        one.add_argument("--key", help="`{i}` becomes the record's number")
        one.add_argument("--value", help="`{i}` becomes the record's number; without it the value is null")
        one.add_argument("--header", dest="headers", action="append", type=_header, default=[], metavar="NAME=VALUE")
        one.add_argument("--null-header", dest="headers", action="append", type=lambda name: (name, None))
        one.add_argument("--partition", type=int)
        one.add_argument("--timestamp", type=int, help="milliseconds since 1970")
        one.add_argument("--count", type=int, default=1)

    record_options(verb("produce", lambda a: {"records": produce(a.bootstrap, _records(a))}))

    txn = verb("txn", _txn)
    record_options(txn)
    txn.add_argument("--end", choices=("commit", "abort", "open"), required=True)
    txn.add_argument(
        "--then", choices=("commit", "abort", "leave"), default="leave", help="after `open`, at stdin's end"
    )
    txn.add_argument("--transactional-id")
    txn.add_argument("--timeout-ms", type=int, default=60_000)

    one = verb("consume", _consume)
    one.add_argument("--count", type=int, default=1)
    one.add_argument("--start", type=int, help="offset in every partition; without it the beginning")
    one.add_argument("--isolation", choices=("read_committed", "read_uncommitted"), default="read_committed")
    one.add_argument("--within", type=float, default=SECONDS)

    one = verb("create-topic", _create)
    one.add_argument("--partitions", type=int, default=1)
    one.add_argument("--replication-factor", type=int, default=-1)
    one.add_argument("--config", action="append", type=lambda text: tuple(text.split("=", 1)), default=[])

    verb("delete-topic", lambda a: delete_topic(a.bootstrap, a.topic) or {"topic": a.topic})

    one = verb("delete-records", lambda a: {"begin": delete_records(a.bootstrap, a.topic, a.partition, a.before)})
    one.add_argument("--partition", type=int, default=0)
    one.add_argument("--before", type=int, required=True, help="-1 for everything")

    one = verb("offsets", lambda a: {"topic": a.topic, "partitions": offsets(a.bootstrap, a.topic, a.isolation)})
    one.add_argument("--isolation", choices=("read_committed", "read_uncommitted"), default="read_uncommitted")

    one = verb("committed", lambda a: {"group": a.group, "offsets": committed(a.bootstrap, a.group)}, topic=False)
    one.add_argument("--group", required=True)
    return parser


def _header(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals:
        raise argparse.ArgumentTypeError(f"`{text}` is not NAME=VALUE")
    return name, value


def _consume(a: argparse.Namespace) -> dict[str, Any]:
    records = consume(a.bootstrap, a.topic, a.count, a.start, a.isolation, a.within)
    return {"records": [_show_record(record) for record in records]}


def _create(a: argparse.Namespace) -> dict[str, Any]:
    create_topic(a.bootstrap, a.topic, a.partitions, a.replication_factor, dict(a.config))
    return {"topic": a.topic, "partitions": a.partitions}


def main() -> int:
    arguments = _parser().parse_args()
    try:
        _say(arguments.do(arguments))
    except KafkaException as exception:
        error = exception.args[0]
        _say({"error": {"code": error.name(), "message": error.str()}})
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
