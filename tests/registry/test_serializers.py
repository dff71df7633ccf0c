"""What Confluent's serializers for Python write with the registry, its deserializers read."""

from __future__ import annotations

import json
from typing import Any

import pytest
from confluent_kafka.schema_registry import (
    Schema,
    SchemaRegistryClient,
    header_schema_id_serializer,
)
from confluent_kafka.schema_registry.avro import AvroDeserializer, AvroSerializer
from confluent_kafka.schema_registry.error import SchemaRegistryError
from confluent_kafka.schema_registry.json_schema import JSONDeserializer, JSONSerializer
from confluent_kafka.schema_registry.protobuf import ProtobufDeserializer, ProtobufSerializer
from confluent_kafka.serialization import MessageField, SerializationContext
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
from servers import Server

AVRO = json.dumps(
    {
        "type": "record",
        "name": "Order",
        "namespace": "ex",
        "fields": [
            {"name": "id", "type": "string"},
            {"name": "total", "type": {"type": "bytes", "logicalType": "decimal", "precision": 9, "scale": 2}},
            {"name": "kind", "type": {"type": "enum", "name": "Kind", "symbols": ["A", "B"]}},
        ],
    }
)
JSON_SCHEMA = json.dumps({"title": "Order", "type": "object", "properties": {"id": {"type": "string"}}})


def value_of(topic: str) -> SerializationContext:
    return SerializationContext(topic, MessageField.VALUE, headers=[])


def order_message() -> Any:
    """A message class of a file that nobody else has."""
    file = descriptor_pb2.FileDescriptorProto(name="order.proto", package="ex", syntax="proto3")
    file.dependency.append("google/protobuf/timestamp.proto")
    message = file.message_type.add(name="Order")
    string, message_type = (
        descriptor_pb2.FieldDescriptorProto.TYPE_STRING,
        descriptor_pb2.FieldDescriptorProto.TYPE_MESSAGE,
    )
    message.field.add(name="id", number=1, type=string, label=1)
    message.field.add(name="at", number=2, type=message_type, type_name=".google.protobuf.Timestamp", label=1)
    pool = descriptor_pool.Default()
    pool.Add(file)
    return message_factory.GetMessageClass(pool.FindMessageTypeByName("ex.Order"))


ORDER = order_message()


def test_avro_comes_back(client: SchemaRegistryClient, server: Server, subject: str) -> None:
    from decimal import Decimal

    order = {"id": "o-1", "total": Decimal("12.50"), "kind": "B"}
    payload = AvroSerializer(client, AVRO)(order, value_of(subject))
    assert payload is not None and payload[0] == 0
    reader = AvroDeserializer(SchemaRegistryClient({"url": server.url}))
    assert reader(payload, value_of(subject)) == order
    assert client.get_latest_version(f"{subject}-value").schema_id == int.from_bytes(payload[1:5], "big")


def test_json_comes_back(client: SchemaRegistryClient, server: Server, subject: str) -> None:
    payload = JSONSerializer(JSON_SCHEMA, client)({"id": "o-1"}, value_of(subject))
    reader = JSONDeserializer(None, schema_registry_client=SchemaRegistryClient({"url": server.url}))
    assert reader(payload, value_of(subject)) == {"id": "o-1"}


@pytest.mark.fact("serialized")
def test_protobuf_comes_back(client: SchemaRegistryClient, server: Server, subject: str) -> None:
    order = ORDER(id="o-1")
    order.at.seconds = 7
    payload = ProtobufSerializer(ORDER, client)(order, value_of(subject))
    reader = ProtobufDeserializer(ORDER, {}, SchemaRegistryClient({"url": server.url}))
    assert reader(payload, value_of(subject)) == order


@pytest.mark.fact("serialized")
def test_protobuf_is_written_with_a_file_that_was_registered_as_text(
    client: SchemaRegistryClient, subject: str
) -> None:
    text = 'syntax = "proto3";\npackage ex;\nimport "google/protobuf/timestamp.proto";\n'
    text += "message Order {\n  string id = 1;\n  google.protobuf.Timestamp at = 2;\n}\n"
    registered = client.register_schema(f"{subject}-value", Schema(text, "PROTOBUF"))
    settings = {"auto.register.schemas": False, "use.latest.version": True}
    payload = ProtobufSerializer(ORDER, client, settings)(ORDER(id="o-1"), value_of(subject))
    assert payload is not None and int.from_bytes(payload[1:5], "big") == registered


@pytest.mark.fact("guid")
def test_an_id_in_the_header_comes_back(client: SchemaRegistryClient, server: Server, subject: str) -> None:
    settings = {"schema.id.serializer": header_schema_id_serializer}
    where = SerializationContext(subject, MessageField.VALUE, headers={})
    payload = AvroSerializer(client, '"string"', conf=settings)("hello", where)
    assert where.headers is not None and where.headers["__value_schema_id"][0] == 1
    reader = AvroDeserializer(SchemaRegistryClient({"url": server.url}))
    assert reader(payload, where) == "hello"


def test_what_was_not_registered_is_not_written(client: SchemaRegistryClient, subject: str) -> None:
    writer = AvroSerializer(client, AVRO, conf={"auto.register.schemas": False})
    with pytest.raises(SchemaRegistryError) as error:
        writer({"id": "o-1", "total": 1, "kind": "A"}, value_of(subject))
    assert error.value.http_status_code == 404


def test_an_older_reader_reads_a_newer_writer(client: SchemaRegistryClient, server: Server, subject: str) -> None:
    def record(*fields: dict[str, Any]) -> str:
        return json.dumps({"type": "record", "name": "E", "fields": [{"name": "id", "type": "string"}, *fields]})

    old, new = record(), record({"name": "more", "type": "string", "default": "x"})
    AvroSerializer(client, old)({"id": "1"}, value_of(subject))
    payload = AvroSerializer(client, new)({"id": "2", "more": "y"}, value_of(subject))
    reader = AvroDeserializer(SchemaRegistryClient({"url": server.url}), old)
    assert reader(payload, value_of(subject)) == {"id": "2"}
