"""A service in Python with confluent-kafka's serializers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from confluent_kafka import Consumer, Message, Producer, TopicPartition
from confluent_kafka.schema_registry import (
    Schema,
    SchemaReference,
    SchemaRegistryClient,
    header_schema_id_serializer,
    record_subject_name_strategy,
    topic_record_subject_name_strategy,
)
from confluent_kafka.schema_registry.avro import AvroDeserializer, AvroSerializer
from confluent_kafka.schema_registry.json_schema import JSONDeserializer, JSONSerializer
from confluent_kafka.schema_registry.protobuf import ProtobufDeserializer, ProtobufSerializer
from confluent_kafka.serialization import MessageField, SerializationContext
from google.protobuf import json_format

from .shapes import Shape

SECONDS = 20.0
ANSWER_SECONDS = 5
STRATEGIES: dict[str, Callable[..., Any]] = {
    "RecordNameStrategy": record_subject_name_strategy,
    "TopicRecordNameStrategy": topic_record_subject_name_strategy,
}
Headers = list[tuple[str, bytes]]


@dataclass(frozen=True)
class Part:
    """A key or a value, and how its serializer is set."""

    shape: Shape
    data: Any = None
    register: bool = False
    strategy: str = ""
    """The serializer's own default when empty."""
    id_in_header: bool = False
    reader: str | None = None
    """The schema to read with, in the sense of schema evolution."""


class Service:
    """Writes records and reads them back by their place."""

    def __init__(self, bootstrap_servers: str, registry_url: str, serialized_descriptors: bool) -> None:
        self._bootstrap_servers, self._url = bootstrap_servers, registry_url
        self._serialized_descriptors = serialized_descriptors
        self._producer = Producer({"bootstrap.servers": bootstrap_servers})

    def write(
        self, topic: str, value: Part | bytes | None, key: Part | str | None = None, headers: Sequence[Any] = ()
    ) -> Message:
        """Produces one record; returns it as the broker acknowledged it."""
        sent: Headers = list(headers)
        raw_key = self.encode(topic, key, MessageField.KEY, sent) if isinstance(key, Part) else key
        raw_value = self.encode(topic, value, MessageField.VALUE, sent) if isinstance(value, Part) else value
        done: list[Any] = []
        self._producer.produce(
            topic, raw_value, raw_key, partition=0, headers=sent, on_delivery=lambda *both: done.append(both)
        )
        assert self._producer.flush(SECONDS) == 0, "the record was not acknowledged in time"
        ((error, message),) = done
        assert error is None, error
        return message

    def _registry(self) -> SchemaRegistryClient:
        # A registry whose other clients went away in the middle of a call may lose an answer: then it is asked again.
        return SchemaRegistryClient({"url": self._url, "timeout": ANSWER_SECONDS})

    def encode(self, topic: str, part: Part, field: str, headers: Headers) -> bytes:
        """Returns the bytes of a part; may add to the headers."""
        client = self._registry()
        context = SerializationContext(topic, field, headers)
        settings: dict[str, Any] = {"auto.register.schemas": part.register}
        if part.strategy:
            settings["subject.name.strategy"] = STRATEGIES[part.strategy]
        if part.id_in_header:
            settings["schema.id.serializer"] = header_schema_id_serializer
        references = [SchemaReference(*one) for one in part.shape.references]
        schema = Schema(part.shape.text, part.shape.type, references)
        if part.shape.format == "avro":
            encoded = AvroSerializer(client, schema, conf=settings)(part.data, context)
        elif part.shape.format == "json-schema":
            encoded = JSONSerializer(schema, client, conf=settings)(part.data, context)
        else:
            kind = part.shape.message()
            encoded = ProtobufSerializer(kind, client, settings)(json_format.ParseDict(part.data, kind()), context)
        assert isinstance(encoded, bytes)
        return encoded

    def read(self, topic: str, offset: int, value: Part | None, key: Part | None = None) -> tuple[Any, Any, Message]:
        """Returns key and value of the record at an offset, and the record itself."""
        record = self.record(topic, offset)
        headers = record.headers() or []
        return (
            self.decode(topic, record.key(), key, MessageField.KEY, headers),
            self.decode(topic, record.value(), value, MessageField.VALUE, headers),
            record,
        )

    def record(self, topic: str, offset: int) -> Message:
        consumer = Consumer({"bootstrap.servers": self._bootstrap_servers, "group.id": "nobody"})
        try:
            consumer.assign([TopicPartition(topic, 0, offset)])
            record = consumer.poll(SECONDS)
        finally:
            consumer.close()
        assert record is not None, f"no record came from `{topic}`"
        assert record.error() is None, record.error()
        return record

    def decode(self, topic: str, data: bytes | None, part: Part | None, field: str, headers: Headers) -> Any:
        if part is None:
            return None if data is None else data.decode()
        client = self._registry()
        context = SerializationContext(topic, field, headers)
        if part.shape.format == "avro":
            return AvroDeserializer(client, part.reader)(data, context)
        if part.shape.format == "json-schema":
            return JSONDeserializer(part.reader, schema_registry_client=client)(data, context)
        # Where a registry does not serialize descriptors, its deserializer can only go without a registry.
        looked_up = client if self._serialized_descriptors else None
        message = ProtobufDeserializer(part.shape.message(), {}, looked_up)(data, context)
        return json_format.MessageToDict(message, preserving_proto_field_name=True)
