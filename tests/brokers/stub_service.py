#!/usr/bin/env python3
"""The system under test of our end-to-end tests: a foreign service that confirms orders.

    stub_service.py --bootstrap B --from orders --to confirmations [--request OrderCreated] [--type OrderConfirmed]

Answers each record whose header `ce_type` is the request by one confirmation. Prints one
line, `{"ready": true}`, when it is positioned at the end of its topic: what is produced
after that line is answered. Both topics must exist. Ends when stdin does.
"""

from __future__ import annotations

import argparse
import json
import sys
import threading
import uuid

from confluent_kafka import Consumer, KafkaError, KafkaException, Message, Producer, TopicPartition

COPIED_HEADERS = ("ce_testid", "ce_correlationid")
SECONDS = 30.0


def positioned_at_the_end(bootstrap: str, topic: str) -> Consumer:
    """Returns a consumer of all partitions, from the offsets that were the ends just now."""
    consumer = Consumer(
        {
            "bootstrap.servers": bootstrap,
            "group.id": f"stub-service-{uuid.uuid4()}",  # librdkafka wants one; it is never joined
            "enable.auto.commit": False,
            "auto.offset.reset": "error",
        }
    )
    found = consumer.list_topics(topic, timeout=SECONDS).topics[topic]
    if found.error is not None:
        raise KafkaException(found.error)
    places = [TopicPartition(topic, partition) for partition in found.partitions]
    for place in places:
        _, place.offset = consumer.get_watermark_offsets(place, timeout=SECONDS)
    consumer.assign(places)
    return consumer


def confirmation_headers(request: Message, response_type: str) -> list[tuple[str, bytes | None]]:
    received = request.headers() or []
    copied = [(name, value) for name, value in received if name in COPIED_HEADERS]
    version = next((value for name, value in received if name == "ce_payloadversion"), b"1")
    own = {"ce_type": response_type.encode(), "ce_payloadversion": version, "ce_id": str(uuid.uuid4()).encode()}
    return [*own.items(), *copied]


def order_id(request: Message) -> str | None:
    """Returns the value's `orderId`, or the key where the value has none."""
    try:
        value = json.loads(request.value() or b"null")
    except ValueError:
        value = None
    if isinstance(value, dict) and "orderId" in value:
        return value["orderId"]
    key = request.key()
    return key.decode("utf-8", "replace") if key is not None else None


def serve(
    bootstrap: str, source: str, target: str, request_type: str, response_type: str, end: threading.Event
) -> None:
    producer = Producer({"bootstrap.servers": bootstrap, "linger.ms": 0})
    consumer = positioned_at_the_end(bootstrap, source)
    print(json.dumps({"ready": True}), flush=True)
    failed: list[KafkaError] = []
    while not end.is_set():
        request = consumer.poll(0.05)
        producer.poll(0)
        if failed:
            raise KafkaException(failed[0])
        if request is None:
            continue
        if request.error():
            raise KafkaException(request.error())
        if ("ce_type", request_type.encode()) not in (request.headers() or []):
            continue
        producer.produce(
            target,
            key=request.key(),
            value=json.dumps({"orderId": order_id(request), "status": "CONFIRMED"}),
            headers=confirmation_headers(request, response_type),
            on_delivery=lambda error, _: failed.append(error) if error else None,
        )
        producer.poll(0)
    producer.flush(SECONDS)
    consumer.close()


def main() -> int:
    parser = argparse.ArgumentParser(description="Confirms orders.")
    parser.add_argument("--bootstrap", required=True)
    parser.add_argument("--from", dest="source", default="orders")
    parser.add_argument("--to", dest="target", default="confirmations")
    parser.add_argument("--request", default="OrderCreated")
    parser.add_argument("--type", default="OrderConfirmed")
    arguments = parser.parse_args()
    end = threading.Event()

    def wait_for_the_end_of_stdin() -> None:
        while sys.stdin.buffer.read(4096):
            pass
        end.set()

    threading.Thread(target=wait_for_the_end_of_stdin, daemon=True).start()
    try:
        serve(arguments.bootstrap, arguments.source, arguments.target, arguments.request, arguments.type, end)
    except KafkaException as exception:
        print(f"stub_service.py: {exception.args[0].str()}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
