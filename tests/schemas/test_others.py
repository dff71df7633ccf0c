"""The services that are not ours understand each other; without that, what they say of us would prove nothing."""

from __future__ import annotations

import struct

import pytest

from probe_schemas import java, rest
from probe_schemas.confluent import Part, Service
from probe_schemas.pair import Pair
from probe_schemas.shapes import SHAPES, Shape


def test_python_reads_what_python_wrote(kafka: Pair, service: Service, shape: Shape) -> None:
    topic = kafka.topic()
    part = Part(shape, shape.python, register=True)
    written = service.write(topic, part, part)
    assert service.read(topic, written.offset(), part, part)[:2] == (shape.python, shape.python)


def test_python_reads_the_id_of_a_schema_in_a_header(embedded: Pair, shape: Shape) -> None:
    topic, service = embedded.topic(), embedded.service()
    part = Part(shape, shape.python, register=True, id_in_header=True)
    written = service.write(topic, part, part)
    key, value, record = service.read(topic, written.offset(), part, part)
    assert (key, value) == (shape.python, shape.python)
    assert {name for name, _ in record.headers()} == {"__key_schema_id", "__value_schema_id"}
    assert record.value()[:5] != b"\0" * 5


@pytest.mark.parametrize("strategy", ["RecordNameStrategy", "TopicRecordNameStrategy"])
def test_python_names_subjects_after_records(kafka: Pair, service: Service, shape: Shape, strategy: str) -> None:
    topic = kafka.topic()
    part = Part(shape, shape.python, register=True, strategy=strategy)
    written = service.write(topic, part)
    assert service.read(topic, written.offset(), part)[1] == shape.python
    expected = shape.record if strategy == "RecordNameStrategy" else f"{topic}-{shape.record}"
    assert expected in rest.subjects(kafka.registry_url)


# Protobuf is left out: confluent-kafka registers a serialized descriptor, which Apicurio's deserializer cannot read.
@pytest.mark.parametrize("known", ["avro", "json-schema"])
def test_java_reads_what_python_wrote(real: Pair, program: java.Service, known: str) -> None:
    topic, shape = real.topic(), SHAPES[known]
    written = real.service().write(topic, Part(shape, shape.python, register=True), "o-1")
    assert program.read(topic, written.offset(), java.part(shape), java.part(None)) == ("o-1", shape.java)


def test_python_reads_what_java_wrote(real: Pair, program: java.Service, shape: Shape) -> None:
    topic = real.topic()
    id_ = real.register(f"{topic}-value", shape)
    offset = program.write(topic, java.part(shape, shape.java), java.part(None, "o-1"))
    key, value, record = real.service().read(topic, offset, Part(shape))
    assert (key, value) == ("o-1", shape.python)
    assert record.value()[:5] == struct.pack(">bI", 0, id_)


@pytest.mark.parametrize("known", ["avro", "protobuf"])  # a JSON Schema it only registers from its class path
def test_python_reads_what_java_registered(real: Pair, program: java.Service, known: str) -> None:
    topic, shape = real.topic(), SHAPES[known]
    offset = program.write(topic, java.part(shape, shape.java, register=True), java.part(None, "o-1"))
    assert real.service().read(topic, offset, Part(shape))[1] == shape.python


def test_keys_have_schemas_too(real: Pair, program: java.Service, shape: Shape) -> None:
    topic = real.topic()
    for field in ("key", "value"):
        real.register(f"{topic}-{field}", shape)
    offset = program.write(topic, java.part(shape, shape.java), java.part(shape, shape.java))
    assert real.service().read(topic, offset, Part(shape), Part(shape))[:2] == (shape.python, shape.python)
