"""What is wrong is said at once, costs nobody else a record, and mends itself where it can."""

from __future__ import annotations

import struct
from collections.abc import Callable
from typing import Any

import pytest
from test_probe import Event, Probe, ProducedNack
from test_probe.errors import Inconclusive, SchemaError

from probe_schemas.confluent import Part, Service
from probe_schemas.ours import WITHIN, directive, headers, until
from probe_schemas.pair import Pair
from probe_schemas.shapes import SHAPES, Shape, avro

UNKNOWN = struct.pack(">bI", 0, 987_654)
BROKEN = {
    "unknown id": UNKNOWN + b"\x02",
    "not framed": b'{"id": 1}',
    "cut off": None,  # the good record without its last byte
    "empty": b"",
}


@pytest.mark.parametrize("what", BROKEN)
def test_later_records_come_when_one_cannot_be_read(
    kafka: Pair, probe: Probe, service: Service, shape: Shape, what: str
) -> None:
    topic = kafka.topic()
    good = service.encode(topic, Part(shape, shape.python, register=True), "value", [])
    broken = BROKEN[what]
    with probe.session(directive(topic, shape)) as session:
        service.write(topic, good[:-1] if broken is None else broken, None, headers(session, id_="bad"))
        service.write(topic, good, None, headers(session, id_="good"))
        assert session.expect_event(topic, id="good", within=WITHIN).value == shape.ours
        # The verdict waits for the registry's answer about the id; only then is the error the last one.
        with pytest.raises(Inconclusive, match="undecodable"):
            session.expect_none(topic, value={"id": 0}, within=0.2)
        bad, read = session.journal(topic)
        assert bad.id == "bad" and bad.error is not None and read.error is None
        assert bad.error.code.name == ("SCHEMA_NOT_FOUND" if what == "unknown id" else "DECODE_FAILED")


def test_a_subject_that_is_not_there_is_said_at_once(kafka: Pair, probe: Probe, shape: Shape) -> None:
    topic = kafka.topic()
    with probe.session(directive(topic, shape)) as session, pytest.raises(SchemaError) as missing:
        session.produce_event(topic, Event(type="Order", version="1", id="e", value=shape.ours))
    assert missing.value.code.name == "SCHEMA_NOT_FOUND"
    assert f"{topic}-value" in str(missing.value)


def test_a_value_that_breaks_its_schema_is_told_by_field(kafka: Pair, probe: Probe, shape: Shape) -> None:
    topic = kafka.topic()
    kafka.register(f"{topic}-value", shape)
    wrong = {**shape.ours, "place": {"city": 5}}
    with probe.session(directive(topic, shape)) as session, pytest.raises(SchemaError, match="city") as broken:
        session.produce_event(topic, Event(type="Order", version="1", id="e", value=wrong))
    assert broken.value.code.name == "ENCODE_FAILED" and not broken.value.retriable


@pytest.mark.parametrize("fault", ["stopped", "killed"])
def test_a_record_that_came_while_the_registry_was_down_is_read_when_it_is_back(
    real: Pair, probes: Callable[[Pair], Probe], fault: str
) -> None:
    assert real.registry
    topic, probe, service = real.topic(), probes(real), real.service()
    name = f"Down{fault.title()}"
    shape = avro(name, {"orderId": "string"}, {"orderId": "o-1"})
    value = service.encode(topic, Part(shape, shape.python, register=True), "value", [])
    with probe.session({"topic": topic, "role": "both", "format": "avro"}) as session:
        (real.registry.stop if fault == "stopped" else real.registry.kill)()
        try:
            service.write(topic, value, None, headers(session, name, "early"))
            with pytest.raises(Inconclusive):
                session.expect_event(topic, id="early", value=shape.ours, within=1.0)
            with pytest.raises(SchemaError) as unreachable:
                session.produce_event(topic, Event(type=name, version="1", id="ours", value=shape.ours))
            assert unreachable.value.code.name in ("REGISTRY_UNREACHABLE", "CIRCUIT_OPEN")
            assert unreachable.value.retriable
        finally:
            (real.registry.cont if fault == "stopped" else real.registry.restart)()
        assert session.expect_event(topic, id="early", within=2 * WITHIN).value == shape.ours


def test_ids_that_nobody_knows_are_told_once_and_counted(kafka: Pair, probe: Probe, service: Service) -> None:
    topic, shape = kafka.topic(), SHAPES["avro"]

    def counted() -> list[dict[str, Any]]:
        return [one for one in probe.info()["decode_errors"] if one["topic"] == topic]

    with probe.session(directive(topic, shape)) as session:
        for number in range(3):
            service.write(topic, UNKNOWN + b"\x02", None, headers(session, id_=f"bad-{number}"))
        (one,) = until(lambda: [one for one in counted() if one["count"] == 3], "three were counted")
        assert (one["cluster"], one["error_type"]) == ("default", "schema_not_found")
        assert "987654" in one["first"] and kafka.registry_url in one["first"]
        assert {event.error.code.name for event in session.journal(topic) if event.error} == {"SCHEMA_NOT_FOUND"}
        service.write(topic, b"{}", None, headers(session, id_="worse"))
        kinds = until(lambda: [one["error_type"] for one in counted()][1:], "another kind was counted")
        assert kinds == ["serialization_error"]


def test_a_registry_that_does_not_answer_holds_up_nobody_else(real: Pair, probes: Callable[[Pair], Probe]) -> None:
    assert real.registry
    topic, probe, service, shape = real.topic(), probes(real), real.service(), SHAPES["avro"]
    known = service.encode(topic, Part(shape, shape.python, register=True), "value", [])
    late = avro("Late", {"orderId": "string"}, {"orderId": "o-1"})
    unseen = service.encode(real.topic(), Part(late, late.python, register=True), "value", [])
    with probe.session(directive(topic, shape)) as waiting, probe.session(directive(topic, shape)) as other:
        service.write(topic, known, None, headers(other, id_="before"))
        other.expect_event(topic, id="before", value=shape.ours, within=WITHIN)
        real.registry.stop()
        try:
            service.write(topic, unseen, None, headers(waiting, id_="late"))
            service.write(topic, known, None, headers(other, id_="known"))
            service.write(topic, None, None, headers(other, id_="tombstone"))
            assert other.expect_event(topic, id="known", within=WITHIN).value == shape.ours
            assert other.expect_event(topic, id="tombstone", within=WITHIN).value is None
            (event,) = waiting.journal(topic)
            assert event.error is not None and event.error.retriable, "nobody knows yet what it is"
            assert probe.info()["clusters"]["default"]["schema_registry"]["awaited_schemas"] == 1
        finally:
            real.registry.cont()
        until(lambda: not (error := waiting.journal(topic)[0].error) or not error.retriable, "it was settled")


def test_calls_are_suspended_when_nobody_answers_and_go_on_when_somebody_does(real: Pair) -> None:
    assert real.registry
    registry = {"url": real.registry_url, "request-timeout": "300ms", "max-retries": 0}
    shape, topic = avro("Suspended", {"orderId": "string"}, {"orderId": "o-1"}), real.topic()
    event = Event(type="Suspended", version="1", value=shape.ours)
    config = {"bootstrap-servers": real.bootstrap_servers, "schema-registry": registry}
    named = directive(topic, shape, **{"auto.register.schemas": True})
    with Probe({"kafka": config}) as probe, probe.session(named) as session:

        def refused() -> SchemaError | None:
            nack = session.try_produce_event(topic, event)
            return nack.error if isinstance(nack, ProducedNack) else None

        def circuit() -> str:
            return str(probe.info()["clusters"]["default"]["schema_registry"]["circuit"])

        real.registry.stop()
        try:
            first = refused()
            assert first is not None and first.code.name == "REGISTRY_UNREACHABLE" and circuit() == "closed"

            def suspended() -> SchemaError | None:
                error = refused()
                return error if error is not None and error.code.name == "CIRCUIT_OPEN" else None

            error = until(suspended, "calls were suspended")
            assert error.retriable and error.context["state"] in ("open", "half-open")
            assert error.context["failures"] >= 5 and "circuit" in str(error)
            assert circuit() in ("open", "half-open")
        finally:
            real.registry.cont()
        until(lambda: refused() is None, "calls went on", 3 * WITHIN)
        assert circuit() == "closed"


def test_another_format_in_the_same_wire_format_is_told(kafka: Pair, probe: Probe, service: Service) -> None:
    topic, shape = kafka.topic(), SHAPES["json-schema"]
    with probe.session({"topic": topic, "role": "consumer", "format": "avro"}) as session:
        service.write(topic, Part(shape, shape.python, register=True), None, headers(session, id_="json"))
        with pytest.raises(Inconclusive):
            session.expect_event(topic, id="json", value={"id": 1}, within=1.0)
        (bad,) = session.journal(topic)
        assert bad.error is not None and bad.error.code.name == "DECODE_FAILED"
