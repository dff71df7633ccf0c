"""A Kafka in this process, with the probe that started it."""

from __future__ import annotations

import socket
from typing import Callable

import pytest
from confluent_kafka import Producer
from conftest import Script, both

from test_probe import Event, Probe
from test_probe.errors import ErrorCode, ExpectationFailed, UsageError


def test_the_main_job_needs_no_server(topic: str) -> None:
    with Probe.embedded() as probe, probe.session(both(topic)) as session:
        session.produce_event(topic, Event(type="OrderCreated", id="evt-1", value={"total": 5}))
        event = session.expect_event(topic, id="evt-1", value={"total": 5}, own=True)
        assert (event.type, event.offset) == ("OrderCreated", 0)
        session.expect_none(topic, type="OrderRejected", within=0.2)
        with pytest.raises(ExpectationFailed, match="OrderConfirmed"):
            session.expect_event(topic, type="OrderConfirmed", within=0.2)


def test_a_system_under_test_connects_by_its_own_client(topic: str) -> None:
    with Probe.embedded(brokers=3) as probe, probe.session(both(topic, unattributed="ignore")) as session:
        assert probe.bootstrap_servers.count(",") == 2
        producer = Producer({"bootstrap.servers": probe.bootstrap_servers})
        headers = {"ce_testid": session.test_id, "ce_type": "OrderConfirmed", "ce_correlationid": "evt-1"}
        producer.produce(topic, value=b'{"total": 5}', headers=headers)
        assert producer.flush(30) == 0
        assert session.expect_event(topic, id="evt-1", own=False).value == {"total": 5}


def test_named_clusters_may_be_embedded_beside_the_default(topic: str) -> None:
    clusters = {"region2": {"embedded": {"brokers": 2}}}
    with Probe.embedded(clusters=clusters) as probe:
        here, there = probe.bootstrap_servers, probe.cluster("region2").bootstrap_servers
        assert (here.count(","), there.count(",")) == (0, 1)
        directives = [both(topic, **{"as": "here"}), both(topic, cluster="region2", **{"as": "there"})]
        with probe.session(directives) as session:
            session.produce_event("there", Event(id="evt-1"))
            session.expect_event("there", id="evt-1", own=True)
            session.expect_none("here", id="evt-1", within=0.2)


def test_an_option_that_no_cluster_can_have_is_refused() -> None:
    with pytest.raises(UsageError) as caught:
        Probe.embedded(brokers=0)
    assert caught.value.code is ErrorCode.INVALID_CONFIG


def test_the_cluster_ends_with_its_probe() -> None:
    with Probe.embedded() as probe:
        host, port = probe.bootstrap_servers.split(":")
        socket.create_connection((host, int(port)), 10).close()
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection((host, int(port)), 10)


def test_a_process_ends_with_an_open_embedded_cluster(script: Callable[..., Script]) -> None:
    script(
        "",
        """
        from test_probe import Probe
        probe = Probe.embedded()
        session = probe.session(DIRECTIVE)
        """,
    ).ends(0)


def test_a_forked_child_ends_though_the_cluster_is_its_parents(script: Callable[..., Script]) -> None:
    script(
        "",
        """
        import os
        from test_probe import Event, Probe
        with Probe.embedded() as probe:
            session = probe.session(DIRECTIVE)
            child = os.fork()
            if child == 0:
                sys.exit(0)
            assert os.waitpid(child, 0)[1] == 0
            session.produce_event(TOPIC, Event(id="e"))
            session.expect_event(TOPIC, id="e", own=True)
        """,
    ).ends(0)
