"""A registry that asks who is there lets in whom it knows, and says no in words."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from test_probe import Event, Probe
from test_probe.errors import ProbeError

from kafka import Kafka
from probe_schemas.ours import directive
from probe_schemas.pair import Pair
from probe_schemas.shapes import avro
from registry import Registry

SHAPE = avro("Guarded", {"orderId": "string"}, {"orderId": "o-1"})
EVENT = Event(type="Guarded", version="1", id="e", value=SHAPE.ours)
MAY_REGISTER = {"auto.register.schemas": True}


@pytest.fixture(scope="module")
def guarded() -> Iterator[Registry]:
    with Registry(auth=True) as registry:
        yield registry


@pytest.fixture(scope="module")
def kafka() -> Iterator[Kafka]:
    with Kafka() as kafka:
        yield kafka


def refusal(kafka: Kafka, registry: Registry, user: str) -> str:
    """Returns the error of producing with a schema to be registered, as nobody where no user is given."""
    auth = {"auth": {"basic.auth.user.info": user}} if user else {}
    cluster = {"bootstrap-servers": kafka.bootstrap_servers, "schema-registry": {"url": registry.url, **auth}}
    topic = Pair(kafka.bootstrap_servers, registry.url).topic()
    with Probe({"kafka": cluster}) as probe, probe.session(directive(topic, SHAPE, **MAY_REGISTER)) as session:
        try:
            session.produce_event(topic, EVENT)
        except ProbeError as error:
            assert user.partition(":")[2] not in str(error) or not user
            return error.code.name
    return ""


def test_who_may_write_registers_and_who_may_not_is_told_so(kafka: Kafka, guarded: Registry) -> None:
    users = {user["role"]: f"{user['name']}:{user['password']}" for user in guarded.users}
    assert refusal(kafka, guarded, users["sr-admin"]) == ""
    assert refusal(kafka, guarded, users["sr-readonly"]) == "NOT_AUTHORIZED"
    assert refusal(kafka, guarded, "alice:wrong-pw") == "AUTHENTICATION_FAILED"
    assert refusal(kafka, guarded, "") == "AUTHENTICATION_FAILED"
