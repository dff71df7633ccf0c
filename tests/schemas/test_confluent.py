"""This project and confluent-kafka's serializers read each other, in every format, on both pairs."""

from __future__ import annotations

import struct

import pytest
from test_probe import Event, Probe

from probe_schemas.confluent import Part, Service
from probe_schemas.ours import WITHIN, as_data, as_key, directive, headers
from probe_schemas.pair import Pair
from probe_schemas.shapes import Shape


def test_what_a_service_wrote_is_read(kafka: Pair, probe: Probe, service: Service, shape: Shape) -> None:
    topic = kafka.topic()
    # Without a schema: the writer's is enough.
    with probe.session({"topic": topic, "role": "consumer", "format": shape.format}) as session:
        service.write(topic, Part(shape, shape.python, register=True), "o-1", headers(session))
        event = session.expect_event(topic, type="Order", key="o-1", value=shape.ours, within=WITHIN)
        assert event.value == shape.ours


def test_what_was_produced_is_read_by_a_service(kafka: Pair, probe: Probe, service: Service, shape: Shape) -> None:
    topic = kafka.topic()
    id_ = kafka.register(f"{topic}-value", shape)
    with probe.session(directive(topic, shape)) as session:
        ack = session.produce_event(topic, Event(type="Order", version="1", id="e-1", key="o-1", value=shape.ours))
        key, value, record = service.read(topic, ack.offset, Part(shape))
        assert (key, value) == ("o-1", shape.python)
        assert record.value()[:5] == struct.pack(">bI", 0, id_)
        assert session.expect_event(topic, id="e-1", within=WITHIN).value == shape.ours


def test_it_registers_a_schema_when_it_may(kafka: Pair, probe: Probe, service: Service, shape: Shape) -> None:
    topic = kafka.topic()
    more = {"auto.register.schemas": True}
    with probe.session(directive(topic, shape, **more)) as session:
        ack = session.produce_event(topic, Event(type="Order", version="1", id="e-1", value=shape.ours))
        assert service.read(topic, ack.offset, Part(shape))[1] == shape.python


def test_it_takes_the_latest_schema_when_asked_to(kafka: Pair, probe: Probe, service: Service, shape: Shape) -> None:
    topic = kafka.topic()
    kafka.register(f"{topic}-value", shape)
    latest = {"topic": topic, "role": "both", "format": shape.format, "use.latest.version": True}
    with probe.session(latest) as session:
        ack = session.produce_event(topic, Event(type="Order", version="1", id="e-1", value=shape.ours))
        assert service.read(topic, ack.offset, Part(shape))[1] == shape.python


def test_keys_with_a_schema_go_both_ways(kafka: Pair, probe: Probe, service: Service, shape: Shape) -> None:
    topic = kafka.topic()
    for field in ("key", "value"):
        kafka.register(f"{topic}-{field}", shape)
    with probe.session(directive(topic, shape, key=shape)) as session:
        part = Part(shape, shape.python, register=True)
        service.write(topic, part, part, headers(session, id_="theirs"))
        theirs = session.expect_event(topic, id="theirs", within=WITHIN)
        assert (as_data(theirs.key), theirs.value) == (shape.ours, shape.ours)
        ours = Event(type="Order", version="1", id="ours", key=as_key(shape), value=shape.ours)
        ack = session.produce_event(topic, ours)
        assert service.read(topic, ack.offset, Part(shape), Part(shape))[:2] == (shape.python, shape.python)


@pytest.mark.parametrize("key", [False, True], ids=["value", "both"])
def test_the_id_of_a_schema_travels_in_a_header(embedded: Pair, shape: Shape, key: bool, probes: object) -> None:
    probe = probes(embedded)  # type: ignore[operator]
    topic, service = embedded.topic(), embedded.service()
    for field in ("key", "value"):
        embedded.register(f"{topic}-{field}", shape)
    said = directive(topic, shape, key=shape if key else None, schemaId="header")
    with probe.session(said) as session:
        part = Part(shape, shape.python, id_in_header=True, register=True)
        service.write(topic, part, part if key else "o-1", headers(session, id_="theirs"))
        assert session.expect_event(topic, id="theirs", within=WITHIN).value == shape.ours
        ours = Event(type="Order", version="1", id="ours", key=as_key(shape) if key else "o-1", value=shape.ours)
        ack = session.produce_event(topic, ours)
        _, value, record = service.read(topic, ack.offset, Part(shape), Part(shape) if key else None)
        assert value == shape.python
        assert {"__value_schema_id", "__key_schema_id"} & {name for name, _ in record.headers()}


def test_a_tombstone_needs_no_schema(kafka: Pair, probe: Probe, service: Service, shape: Shape) -> None:
    topic = kafka.topic()
    with probe.session(directive(topic, shape)) as session:
        ack = session.produce_event(topic, Event(type="Order", version="1", id="ours", key="o-1", value=None))
        assert service.record(topic, ack.offset).value() is None
        service.write(topic, None, "o-1", headers(session, id_="theirs"))
        assert session.expect_event(topic, id="theirs", within=WITHIN).value is None
