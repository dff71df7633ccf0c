"""Which schema counts: subjects by name, several types on one topic, references, evolution."""

from __future__ import annotations

import json

import pytest
from test_probe import Event, Probe
from test_probe.errors import SchemaError

from probe_schemas import rest
from probe_schemas.confluent import Part, Service
from probe_schemas.ours import WITHIN, directive, headers
from probe_schemas.pair import Pair
from probe_schemas.shapes import Shape, avro

CREATED = avro("OrderCreated", {"orderId": "string", "total": "int"}, {"orderId": "o-1", "total": 5})
CANCELLED = avro("OrderCancelled", {"orderId": "string", "why": "string"}, {"orderId": "o-1", "why": "late"})


@pytest.mark.parametrize("strategy", ["RecordNameStrategy", "TopicRecordNameStrategy"])
def test_several_types_share_a_topic(kafka: Pair, probe: Probe, service: Service, strategy: str) -> None:
    topic = kafka.topic()
    shapes = {"OrderCreated": CREATED, "OrderCancelled": CANCELLED}
    for shape in shapes.values():
        kafka.register(shape.record if strategy == "RecordNameStrategy" else f"{topic}-{shape.record}", shape)
    said = {"topic": topic, "role": "both", "format": "avro", "subject": {"strategy": strategy}}
    with probe.session({**said, "schema": [shape.text for shape in shapes.values()]}) as session:
        for name, shape in shapes.items():
            ack = session.produce_event(topic, Event(type=name, version="1", id=f"our-{name}", value=shape.ours))
            assert service.read(topic, ack.offset, Part(shape))[1] == shape.python
            service.write(topic, Part(shape, shape.python, strategy=strategy), None, headers(session, name, name))
            assert session.expect_event(topic, id=name, type=name, within=WITHIN).value == shape.ours


def test_a_subject_and_a_version_may_be_named(kafka: Pair, probe: Probe, service: Service) -> None:
    topic = kafka.topic()
    subject = f"{topic}-by-hand"
    first = avro("Named", {"orderId": "string"}, {"orderId": "o-1"})
    second = avro("Named", {"orderId": "string", "note": ("string", "")}, {"orderId": "o-1", "note": ""})
    ids = [kafka.register(subject, shape) for shape in (first, second)]
    assert len(set(ids)) == 2
    for version, id_ in enumerate(ids, start=1):
        said = {"topic": topic, "role": "both", "format": "avro", "subject": {"name": subject, "version": version}}
        with probe.session(said) as session:
            ack = session.produce_event(topic, Event(type="Named", version="1", id="e", value={"orderId": "o-1"}))
            assert int.from_bytes(service.record(topic, ack.offset).value()[1:5], "big") == id_


def test_a_schema_refers_to_another_in_avro(kafka: Pair, probe: Probe, service: Service) -> None:
    topic = kafka.topic()
    kafka.register(f"{topic}-address", avro("Address", {"city": "string"}))
    value = {"orderId": "o-1", "to": {"city": "Bern"}}
    references = (("ex.Address", f"{topic}-address", 1),)
    there_and_back(kafka, probe, service, avro("Parcel", {"orderId": "string", "to": "ex.Address"}, value, references))


def test_a_schema_refers_to_another_in_json(kafka: Pair, probe: Probe, service: Service) -> None:
    draft = {"$schema": "http://json-schema.org/draft-07/schema#"}
    address = json.dumps({**draft, "type": "object", "properties": {"city": {"type": "string"}}})
    parcel = json.dumps({**draft, "title": "Parcel", "type": "object", "properties": {"to": {"$ref": "address.json"}}})
    topic = kafka.topic()
    rest.register(kafka.registry_url, f"{topic}-address", "JSON", address)
    value = {"to": {"city": "Bern"}}
    references = (("address.json", f"{topic}-address", 1),)
    there_and_back(
        kafka, probe, service, Shape("json-schema", "JSON", parcel, "Parcel", value, value, value, references)
    )


def there_and_back(kafka: Pair, probe: Probe, service: Service, shape: Shape) -> None:
    topic = kafka.topic()
    kafka.register(f"{topic}-value", shape)
    with probe.session(directive(topic, shape)) as session:
        service.write(topic, Part(shape, shape.python), None, headers(session, "Parcel", "theirs"))
        assert session.expect_event(topic, id="theirs", within=WITHIN).value == shape.ours
        ack = session.produce_event(topic, Event(type="Parcel", version="1", id="ours", value=shape.ours))
        assert service.read(topic, ack.offset, Part(shape))[1] == shape.python


def test_a_reader_of_a_later_version_sees_its_defaults(kafka: Pair, probe: Probe, service: Service) -> None:
    topic = kafka.topic()
    old = avro("Grown", {"orderId": "string", "gone": "int"}, {"orderId": "o-1", "gone": 7})
    new = avro("Grown", {"orderId": "string", "note": ("string", "none")}, {"orderId": "o-1", "note": "none"})
    for shape in (old, new):
        kafka.register(f"{topic}-value", shape)
    with probe.session(directive(topic, new)) as session:
        service.write(topic, Part(old, old.python), None, headers(session, "Grown", "theirs"))
        assert session.expect_event(topic, id="theirs", within=WITHIN).value == new.ours
    with probe.session(directive(topic, old)) as session:
        ack = session.produce_event(topic, Event(type="Grown", version="1", id="ours", value=old.ours))
        assert service.read(topic, ack.offset, Part(old, reader=new.text))[1] == new.python


def test_a_schema_that_breaks_its_readers_is_refused(kafka: Pair, probe: Probe) -> None:
    topic = kafka.topic()
    before = avro("Broken", {"orderId": "string"})
    after = avro("Broken", {"orderId": "string", "needed": "int"}, {"orderId": "o-1", "needed": 1})
    kafka.register(f"{topic}-value", before)
    with probe.session(directive(topic, after, **{"auto.register.schemas": True})) as session:
        with pytest.raises(SchemaError) as refused:
            session.produce_event(topic, Event(type="Broken", version="1", id="e", value=after.ours))
        assert refused.value.code.name == "SCHEMA_INCOMPATIBLE"
    assert rest.ask(f"{kafka.registry_url}/subjects/{topic}-value/versions") == [1]
