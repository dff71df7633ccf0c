"""This project and Apicurio's serializers in Java read each other, in every format, through a real registry."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from test_probe import Event, Probe

from probe_schemas import java
from probe_schemas.ours import WITHIN, as_data, as_key, directive, headers
from probe_schemas.pair import Pair
from probe_schemas.shapes import SHAPES, Shape


@pytest.fixture
def probe(real: Pair, probes: Callable[[Pair], Probe]) -> Probe:
    return probes(real)


def test_what_java_wrote_is_read(real: Pair, probe: Probe, program: java.Service, shape: Shape) -> None:
    topic = real.topic()
    real.register(f"{topic}-value", shape)
    with probe.session(directive(topic, shape)) as session:
        sent = {name: value.decode() for name, value in headers(session)}
        program.write(topic, java.part(shape, shape.java), java.part(None, "o-1"), sent)
        event = session.expect_event(topic, type="Order", key="o-1", within=WITHIN)
        assert event.value == shape.ours


# A JSON Schema it only registers from its class path. Of Protobuf it registers dozens of files that none imports.
@pytest.mark.parametrize("known", ["avro", "protobuf"])
def test_what_java_registered_is_read(real: Pair, probe: Probe, program: java.Service, known: str) -> None:
    topic, shape = real.topic(), SHAPES[known]
    with probe.session({"topic": topic, "role": "consumer", "format": known}) as session:
        sent = {name: value.decode() for name, value in headers(session)}
        program.write(topic, java.part(shape, shape.java, register=True), java.part(None, "o-1"), sent)
        assert session.expect_event(topic, type="Order", within=WITHIN).value == shape.ours


def test_what_was_produced_is_read_by_java(real: Pair, probe: Probe, program: java.Service, shape: Shape) -> None:
    topic = real.topic()
    real.register(f"{topic}-value", shape)
    with probe.session(directive(topic, shape)) as session:
        ack = session.produce_event(topic, Event(type="Order", version="1", id="e", key="o-1", value=shape.ours))
        assert program.read(topic, ack.offset, java.part(shape), java.part(None)) == ("o-1", shape.java)


def test_keys_with_a_schema_go_both_ways(real: Pair, probe: Probe, program: java.Service, shape: Shape) -> None:
    topic = real.topic()
    for field in ("key", "value"):
        real.register(f"{topic}-{field}", shape)
    with probe.session(directive(topic, shape, key=shape)) as session:
        sent = {name: value.decode() for name, value in headers(session, id_="theirs")}
        program.write(topic, java.part(shape, shape.java), java.part(shape, shape.java), sent)
        theirs = session.expect_event(topic, id="theirs", within=WITHIN)
        assert (as_data(theirs.key), theirs.value) == (shape.ours, shape.ours)
        ours = Event(type="Order", version="1", id="ours", key=as_key(shape), value=shape.ours)
        ack = session.produce_event(topic, ours)
        assert program.read(topic, ack.offset, java.part(shape), java.part(shape)) == (shape.java, shape.java)
