"""The test: its Kafka is in this process, the service is a process of its own in any language."""

import os
import shlex
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from test_probe import Event, Probe

SERVICE = shlex.split(os.environ.get("SERVICE", "python service.py"))
TOPICS = Path(__file__).with_name("topics.yaml")


@pytest.fixture
def kafka() -> Iterator[Probe]:
    with Probe.embedded() as probe:
        yield probe


@pytest.fixture
def service(kafka: Probe) -> Iterator[None]:
    environment = {**os.environ, "KAFKA_BOOTSTRAP_SERVERS": kafka.bootstrap_servers}
    with subprocess.Popen(SERVICE, env=environment, cwd=Path(__file__).parent) as process:
        yield
        process.kill()


def test_an_order_is_confirmed(kafka: Probe, service: None) -> None:
    with kafka.session(TOPICS) as session:
        session.produce_event("orders", Event(type="OrderCreated", id="o-1", value={"total": 5}))
        session.expect_event("confirmations", type="OrderConfirmed", id="o-1", value={"total": 5}, within=30.0)
        session.expect_none("confirmations", type="OrderRejected", within=0.5)
