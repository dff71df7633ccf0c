"""The services that are not ours understand each other; without that, what they say of us would prove nothing."""

from __future__ import annotations

import struct

import pytest
from probe_schemas import java
from probe_schemas.confluent import Part, Service
from probe_schemas.pair import Pair
from probe_schemas.shapes import SHAPES, Shape


@pytest.fixture(params=SHAPES)
def shape(request: pytest.FixtureRequest) -> Shape:
    return SHAPES[request.param]


# Protobuf is left out: confluent-kafka registers a serialized descriptor, which Apicurio's deserializer cannot read.
@pytest.mark.parametrize("known", ["avro", "json-schema"])
def test_java_reads_what_python_wrote(real: Pair, service: Service, program: java.Service, known: str) -> None:
    topic, shape = real.topic(), SHAPES[known]
    written = service.write(topic, Part(shape, shape.python, register=True), "o-1")
    assert program.read(topic, written.offset(), java.part(shape), java.part(None)) == ("o-1", shape.java)


def test_python_reads_what_java_wrote(real: Pair, service: Service, program: java.Service, shape: Shape) -> None:
    topic = real.topic()
    id_ = real.register(f"{topic}-value", shape)
    offset = program.write(topic, java.part(shape, shape.java), java.part(None, "o-1"))
    key, value, record = service.read(topic, offset, Part(shape))
    assert (key, value) == ("o-1", shape.python)
    assert record.value()[:5] == struct.pack(">bI", 0, id_)


@pytest.mark.parametrize("known", ["avro", "protobuf"])  # a JSON Schema it only registers from its class path
def test_python_reads_what_java_registered(real: Pair, service: Service, program: java.Service, known: str) -> None:
    topic, shape = real.topic(), SHAPES[known]
    offset = program.write(topic, java.part(shape, shape.java, register=True), java.part(None, "o-1"))
    assert service.read(topic, offset, Part(shape))[1] == shape.python


def test_keys_have_schemas_too(real: Pair, service: Service, program: java.Service, shape: Shape) -> None:
    topic = real.topic()
    for field in ("key", "value"):
        real.register(f"{topic}-{field}", shape)
    offset = program.write(topic, java.part(shape, shape.java), java.part(shape, shape.java))
    assert service.read(topic, offset, Part(shape), Part(shape))[:2] == (shape.python, shape.python)
