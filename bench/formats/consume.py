"""Reads a topic of Avro events once and finds one by a field of its value; prints the seconds that it took as JSON.

Its argument is a JSON object; `compare.py` runs this in a process of its own, so that CPU is counted for this alone.
"""

from __future__ import annotations

import io
import json
import resource
import sys
import time
from typing import Any

WITHIN_S = 120.0


def ours(given: dict[str, Any]) -> None:
    from test_probe import Probe

    with Probe(bootstrap_servers=given["servers"], schema_registry_url=given["registry"]) as probe:
        topic = {"topic": given["topic"], "role": "consumer", "format": "avro", "start": "earliest"}
        begun = Clock()
        with probe.session({"topics": [topic]}, test_id=given["test_id"]) as session:
            value = {"id": given["wanted"]}
            found = session.expect_event(given["topic"], value=value, within=WITHIN_S)
            begun.tell(found.value["id"] == given["wanted"])


def theirs(given: dict[str, Any], decoder: Any) -> None:
    from confluent_kafka import Consumer, TopicPartition

    settings = {"bootstrap.servers": given["servers"], "group.id": "bench", "enable.auto.commit": False}
    consumer = Consumer({**settings, "queued.min.messages": 1_000_000, "fetch.queue.backoff.ms": 0})
    begun = Clock()
    consumer.assign([TopicPartition(given["topic"], 0, 0)])
    until = time.monotonic() + WITHIN_S
    while time.monotonic() < until:
        for message in consumer.consume(1_000, 0.1):
            assert message.error() is None, message.error()
            if decoder(message)["id"] == given["wanted"]:
                begun.tell(True)
                consumer.close()
                return
    begun.tell(False)


def with_fastavro(given: dict[str, Any]) -> None:
    import fastavro

    schema = fastavro.parse_schema(given["schema"])

    def decoded(message: Any) -> Any:
        payload = io.BytesIO(message.value())
        payload.seek(5)
        return fastavro.schemaless_reader(payload, schema, None)

    theirs(given, decoded)


def with_confluent(given: dict[str, Any]) -> None:
    from confluent_kafka.schema_registry import SchemaRegistryClient
    from confluent_kafka.schema_registry.avro import AvroDeserializer
    from confluent_kafka.serialization import MessageField, SerializationContext

    deserializer = AvroDeserializer(SchemaRegistryClient({"url": given["registry"]}))
    context = SerializationContext(given["topic"], MessageField.VALUE)
    theirs(given, lambda message: deserializer(message.value(), context))


class Clock:
    """Wall time, and CPU time of all threads of this process."""

    def __init__(self) -> None:
        self._begun = self._now()

    @staticmethod
    def _now() -> tuple[float, float]:
        used = resource.getrusage(resource.RUSAGE_SELF)
        return time.perf_counter(), used.ru_utime + used.ru_stime

    def tell(self, found: bool) -> None:
        wall, cpu = (now - begun for now, begun in zip(self._now(), self._begun))
        print(json.dumps({"found": found, "wall": wall, "cpu": cpu}), flush=True)


if __name__ == "__main__":
    GIVEN = json.loads(sys.argv[1])
    {"ours": ours, "fastavro": with_fastavro, "confluent": with_confluent}[GIVEN["with"]](GIVEN)
