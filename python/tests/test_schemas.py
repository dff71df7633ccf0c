"""Events with a schema, through the Python door, on a Kafka and a schema registry in this process."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime, timezone
from decimal import Decimal
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

import pytest

from test_probe import Config, Event, Probe, ProducedNack
from test_probe.errors import SchemaError, UsageError

pytestmark = pytest.mark.filterwarnings("ignore:SELF_MATCH")
"""An own event is expected on purpose: its way through the schema is what is tested."""

ORDER = {
    "type": "record",
    "name": "Order",
    "fields": [
        {"name": "number", "type": "long"},
        {"name": "total", "type": {"type": "bytes", "logicalType": "decimal", "precision": 30, "scale": 2}},
        {"name": "seal", "type": "bytes"},
        {"name": "placed", "type": {"type": "long", "logicalType": "timestamp-millis"}},
    ],
}


@pytest.fixture(scope="module")
def engine() -> Iterator[Probe]:
    with Probe.embedded() as probe:
        yield probe


def orders(topic: str, **more: Any) -> dict[str, Any]:
    return {"topic": topic, "role": "both", "create": {"partitions": 1}, "as": "orders", **more}


def test_an_event_is_written_and_read_with_its_schema(engine: Probe, topic: str) -> None:
    directive = {
        "topic": topic,
        "as": "orders",
        "role": "both",
        "create": {"partitions": 1},
        "format": "avro",
        "schema": ORDER,
        "auto.register.schemas": True,
    }
    with engine.session(directive) as session:
        placed = datetime(2026, 1, 2, 3, 4, 5, 678000, tzinfo=timezone.utc)
        value = {
            "number": 2**53 + 1,
            "total": Decimal("123456789012345678.90"),
            "seal": b"\x00\xff",
            "placed": placed,
        }
        session.produce_event("orders", Event(type="Order", id="o-1", value=value))
        event = session.expect_event("orders", id="o-1", where="value.number > 5")
        assert event.value == {
            "number": 9007199254740993,
            "total": "123456789012345678.90",
            "seal": "AP8=",
            "placed": 1767323045678,
        }
        assert event.raw_value is not None
        assert event.raw_value[0] == 0


def test_what_breaks_its_schema_is_refused_with_the_place(engine: Probe, topic: str) -> None:
    directive = orders(topic, format="avro", schema=ORDER, **{"auto.register.schemas": True})
    with engine.session(directive) as session:
        value = {"number": "7", "total": "1.00", "seal": "", "placed": 0}
        result = session.try_produce_event("orders", Event(type="Order", value=value))
        assert isinstance(result, ProducedNack)
        assert isinstance(result.error, SchemaError)
        assert result.error.context["path"] == "/number"
        assert not result.error.retriable


def test_a_missing_subject_is_refused_at_once(engine: Probe, topic: str) -> None:
    with engine.session(orders(topic, format="protobuf")) as session:
        with pytest.raises(SchemaError) as caught:
            session.produce_event("orders", Event(type="Order", value={}))
        assert caught.value.code.name == "SCHEMA_NOT_FOUND"
        assert f"{topic}-value" in str(caught.value)


def test_a_schema_in_a_file_is_read_from_there(
    engine: Probe, topic: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "order.proto").write_text('syntax = "proto3"; message Order { int64 number = 1; }')
    directive = orders(
        topic, format="protobuf", schema={"file": "order.proto"}, **{"auto.register.schemas": True}
    )
    with engine.session(directive) as session:
        session.produce_event("orders", Event(type="Order", id="o-1", value={"number": 7}))
        assert session.expect_event("orders", id="o-1").value == {"number": 7}
    with pytest.raises(UsageError, match=r"absent\.proto"):
        engine.session(orders(topic, format="protobuf", schema={"file": "absent.proto"}))


def registered(probe: Probe, subject: str, schema: Any) -> int:
    body = json.dumps({"schema": json.dumps(schema)}).encode()
    assert probe.schema_registry_url
    request = Request(
        f"{probe.schema_registry_url}/subjects/{subject}/versions",
        data=body,
        headers={"Content-Type": "application/vnd.schemaregistry.v1+json"},
    )
    with urlopen(request, timeout=10) as answer:
        identifier: int = json.load(answer)["id"]
        return identifier


def test_a_subject_that_somebody_else_registered_is_written_with(engine: Probe, topic: str) -> None:
    registered(engine, f"{topic}-value", ORDER)
    with engine.session(orders(topic, format="avro")) as session:
        value = {"number": 1, "total": "0.50", "seal": "", "placed": 0}
        session.produce_event("orders", Event(id="o-1", value=value))
        assert session.expect_event("orders", id="o-1").value == value


def test_a_registry_is_configured_without_showing_who_is_let_in() -> None:
    configuration = """
kafka:
  bootstrap-servers: "localhost:9092"
  schema-registry:
    url: "https://registry-a:8081, https://registry-b:8081"
    auth: {basic.auth.user.info: "${env:REGISTRY_USER_INFO}"}
"""
    found = Config.validate(configuration, variables={"REGISTRY_USER_INFO": "me:hunter2"})
    assert "hunter2" not in str(found)
    assert found["clusters"]["default"]["schema-registry"]["max-retries"] == 3


def test_the_preflight_says_what_is_missing_before_the_first_event(engine: Probe, topic: str) -> None:
    with engine.session(orders(topic, format="avro")) as session:
        report = session.preflight()
        assert not report.passed
        failed = [finding for finding in report.findings if finding.status == "failed"]
        assert [finding.check for finding in failed] == ["subject"]
        assert isinstance(failed[0].error, SchemaError)
    directive = orders(topic, format="avro", schema=ORDER, **{"auto.register.schemas": True})
    with engine.session(directive) as session:
        assert session.preflight().passed
