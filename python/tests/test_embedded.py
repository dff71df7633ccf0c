"""A Kafka in this process, with the probe that started it."""

from __future__ import annotations

import socket
import urllib.error
import urllib.request
from typing import Any, Callable

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


def send(servers: str, topic: str, test_id: str, event_id: str, **settings: Any) -> None:
    """Produces as a service of another kind would, and fails unless it is told of the delivery."""
    failures: list[Any] = []
    producer = Producer({"bootstrap.servers": servers, "client.id": "foreign", **settings})
    headers = {"ce_testid": test_id, "ce_type": "OrderConfirmed", "ce_correlationid": event_id}
    producer.produce(topic, value=b"{}", headers=headers, on_delivery=lambda error, _: failures.append(error))
    assert producer.flush(30) == 0
    assert failures == [None]


def test_secured_listeners_stand_beside_the_one_of_the_probe(topic: str) -> None:
    security = {"listeners": ["SASL_SSL"], "users": {"alice": "wonder"}}
    with Probe.embedded(kafka={"embedded": {"security": security}}) as probe:
        cluster = probe.cluster("default")
        assert list(cluster.listeners) == ["PLAINTEXT", "SASL_SSL"]
        assert cluster.listeners["PLAINTEXT"] == probe.bootstrap_servers
        assert cluster.cluster_id
        settings = {
            "security.protocol": "SASL_SSL",
            "sasl.mechanism": "SCRAM-SHA-512",
            "sasl.username": "alice",
            "sasl.password": "wonder",
            "ssl.ca.pem": cluster.certificate_authority,
        }
        with probe.session(both(topic)) as session:
            send(cluster.listeners["SASL_SSL"], topic, session.test_id, "evt-1", **settings)
            session.expect_event(topic, id="evt-1", own=False)
        assert "wonder" not in repr(cluster)


def test_a_service_meets_faults_and_the_verdict_stays_true(topic: str) -> None:
    with Probe.embedded() as probe, probe.session(both(topic, unattributed="ignore")) as session:
        cluster = probe.embedded_cluster()
        servers = probe.bootstrap_servers
        cluster.inject("disconnect", api="Produce", client_id="foreign", times=1)
        cluster.inject({"error": "NOT_LEADER_OR_FOLLOWER"}, api="Produce", client_id="foreign", times=1)
        send(servers, topic, session.test_id, "evt-1")
        session.expect_event(topic, id="evt-1")
        assert len(session.fetch_consumed_events(topic, "evt-1")) == 1
        seen = [request.outcome for request in cluster.requests("Produce", client_id="foreign")]
        assert seen == ["faulted", "answered"], "both faults struck the first request"
        everlasting = cluster.inject("disconnect", topic="another")
        assert cluster.clear(everlasting)
        assert not cluster.clear(everlasting)


def test_brokers_and_leaders_come_and_go_under_a_service(topic: str) -> None:
    directive = both(topic, unattributed="ignore", create={"partitions": 1, "replicationFactor": 2})
    with Probe.embedded(brokers=2) as probe, probe.session(directive) as session:
        cluster = probe.embedded_cluster()
        assert [(broker.id, broker.up) for broker in cluster.brokers()] == [(1, True), (2, True)]
        for broker in (1, 2):
            cluster.move_leader(topic, 0, broker)
            send(probe.bootstrap_servers, topic, session.test_id, f"led-by-{broker}")
            session.expect_event(topic, id=f"led-by-{broker}", within=20)
        cluster.stop_broker(2)
        assert [broker.up for broker in cluster.brokers()] == [True, False]
        send(probe.bootstrap_servers, topic, session.test_id, "without-2")
        session.expect_event(topic, id="without-2", within=20)
        cluster.start_broker(2)
        assert all(broker.up for broker in cluster.brokers())


def test_a_command_that_cannot_be_is_refused_with_its_place() -> None:
    with Probe.embedded(clusters={"far": {"bootstrap-servers": "h:1"}}) as probe:
        with pytest.raises(UsageError, match="fault") as caught:
            probe.embedded_cluster().inject("silence", api="Prodcue")
        assert caught.value.code is ErrorCode.INVALID_ARGUMENT
        with pytest.raises(UsageError, match="there was no broker `9`"):
            probe.embedded_cluster().stop_broker(9)
        for name in ("far", "nowhere"):
            with pytest.raises(UsageError, match=name) as caught:
                probe.embedded_cluster(name)
            assert caught.value.code is ErrorCode.UNKNOWN_CLUSTER


def ask(url: str | None) -> int:
    """Asks a registry for its subjects, as any client does; returns the status."""
    try:
        with urllib.request.urlopen(f"{url}/subjects", timeout=20) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        with error:
            return error.code


def test_a_schema_registry_comes_along_and_fails_on_purpose() -> None:
    with Probe.embedded(clusters={"far": {"bootstrap-servers": "h:1"}}) as probe:
        registry = probe.embedded_registry()
        assert registry.url == probe.schema_registry_url == probe.cluster("default").schema_registry_url
        fault = registry.inject({"status": 503}, method="GET", path="/subjects", times=1)
        assert [ask(registry.url), ask(registry.url)] == [503, 200]
        assert not registry.clear(fault)
        seen = [(one.path, one.status, one.faulted) for one in registry.requests("GET", "/subjects")]
        assert seen == [("/subjects", 503, True), ("/subjects", 200, False)]
        registry.forget_requests()
        assert registry.requests() == []
        with pytest.raises(UsageError, match=r"registry\.then\.status") as caught:
            registry.inject({"status": 200})
        assert caught.value.code is ErrorCode.INVALID_ARGUMENT
        for name in ("far", "nowhere"):
            with pytest.raises(UsageError, match=name) as caught:
                probe.embedded_registry(name)
            assert caught.value.code is ErrorCode.UNKNOWN_CLUSTER


def test_probes_of_one_scope_share_a_registry() -> None:
    kafka = {"bootstrap-servers": "h:1", "schema-registry": {"url": "mock://shared"}}
    with Probe(config={"kafka": kafka}) as one, Probe(config={"kafka": kafka}) as other:
        assert one.schema_registry_url is not None
        assert one.schema_registry_url == other.schema_registry_url
        assert ask(one.schema_registry_url) == 200


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
