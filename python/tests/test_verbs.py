"""What crosses the boundary, and that it comes back as it went."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from conftest import Kafka, both

from test_probe import (
    Directives,
    ErrorCode,
    Event,
    Headers,
    Probe,
    ProbeWarning,
    ProducedAck,
    ProducedNack,
    Session,
    dsl,
)
from test_probe.errors import (
    ActorNotRegisteredError,
    DslNotInitializedError,
    DuplicateTopicError,
    ExpectationFailed,
    Inconclusive,
    InvalidBootstrapServersError,
    KafkaError,
    UsageError,
)

VALUES = [
    {"total": 5, "lines": [{"sku": "a"}, None], "ok": True},
    [1, 2.5, "x"],
    {"min": -(2**63), "max": 2**64 - 1},
    "text",
    "ünïcode \U0001f600",
    3,
    False,
    {},
]


def sent(session: Session, topic: str, event: Event) -> Any:
    session.produce_event(topic, event)
    return session.expect_event(topic, id=event.id, own=True)


@pytest.mark.parametrize("value", VALUES, ids=str)
def test_a_json_value_comes_back_as_it_went(session: Session, topic: str, value: Any) -> None:
    assert sent(session, topic, Event(id="e", value=value)).value == value


def test_a_string_is_the_json_string_under_format_json_and_its_text_under_format_string(
    engine: Probe, topic: str
) -> None:
    with engine.session([both(topic, format="json"), both(f"{topic}-text", format="string")]) as session:
        assert sent(session, topic, Event(id="e", value="x")).raw_value == b'"x"'
        text = sent(session, f"{topic}-text", Event(id="e", value="x"))
        assert (text.raw_value, text.value) == (b"x", "x")


def test_bytes_go_to_the_wire_as_they_are_and_come_back_as_bytes(engine: Probe, topic: str) -> None:
    with engine.session(both(topic, format="bytes")) as session:
        event = sent(session, topic, Event(id="e", value=b"\x00\xff"))
        assert (event.raw_value, event.value) == (b"\x00\xff", b"\x00\xff")


def test_none_is_a_tombstone(session: Session, topic: str) -> None:
    event = sent(session, topic, Event(id="e", key="k", value=None))
    assert (event.value, event.raw_value, event.error) == (None, None, None)


def test_a_match_on_none_is_not_a_match_on_nothing(session: Session, topic: str) -> None:
    session.produce_event(topic, Event(id="full", value={"a": 1}))
    session.produce_event(topic, Event(id="empty", value=None))
    assert session.expect_event(topic, own=True).id == "full"
    assert session.expect_event(topic, own=True, value=None).id == "empty"


def test_an_undecodable_event_has_no_value_and_an_error(engine: Probe, session: Session, topic: str) -> None:
    session.produce_event(topic, Event(id="e", value=b"{not json"))
    with pytest.raises(Inconclusive) as caught:
        session.expect_event(topic, value={"a": 1}, within=2.0)
    assert caught.value.code is ErrorCode.UNDECODABLE
    (received,) = session.journal(topic)
    assert received.value is None
    assert received.raw_value == b"{not json"
    assert received.error is not None
    assert received.error.code is ErrorCode.DECODE_FAILED
    nack = session.fetch_consumed_event(topic, "e")
    assert (nack.found, nack.reason) == (False, "seen but undecodable")
    (counted,) = (one for one in engine.info()["decode_errors"] if one["topic"] == topic)
    assert (counted["cluster"], counted["error_type"], counted["count"]) == (
        "default",
        "serialization_error",
        1,
    )
    assert counted["first"] in str(received.error)


def test_headers_repeat_are_null_and_keep_their_order(session: Session, topic: str) -> None:
    pairs = [("h", "1"), ("h", b"\xff"), ("empty", b""), ("null", None), ("H", "other")]
    headers = sent(session, topic, Event(id="e", value=1, headers=pairs)).headers
    assert [pair for pair in headers if pair[0] in ("h", "H", "empty", "null")] == [
        ("h", b"1"),
        ("h", b"\xff"),
        ("empty", b""),
        ("null", None),
        ("H", b"other"),
    ]
    assert headers.get("h") == b"1"
    assert headers.get_all("h") == [b"1", b"\xff"]
    assert headers.get("absent") is None
    assert "null" in headers
    session.expect_event(topic, headers={"h": b"\xff", "null": None}, own=True)


def test_received_headers_can_be_sent_on(session: Session, topic: str) -> None:
    again = Headers([("a", b"1"), ("a", None)])
    assert sent(session, topic, Event(id="e", headers=again)).headers.get_all("a") == [b"1", None]


def test_keys_are_text_or_bytes(session: Session, topic: str) -> None:
    text = sent(session, topic, Event(id="t", key="ö"))
    assert (text.key, text.raw_key) == ("ö", "ö".encode())
    raw = sent(session, topic, Event(id="b", key=b"\xff"))
    assert (raw.key, raw.raw_key) == (None, b"\xff")
    assert session.expect_event(topic, key=b"\xff", own=True).id == "b"


def test_partition_and_timestamp_are_chosen(engine: Probe, topic: str) -> None:
    moment = datetime(2026, 1, 2, 3, 4, 5, 678000, tzinfo=timezone(timedelta(hours=2)))
    with engine.session(both(topic, create={"partitions": 3})) as session:
        ack = session.produce_event(topic, Event(id="e", partition=2, timestamp=moment))
        assert (ack.partition, ack.timestamp, ack.timestamp.tzinfo) == (2, moment, timezone.utc)
        assert timedelta(0) < ack.latency < timedelta(minutes=1)
        event = session.expect_event(topic, id="e", own=True)
        assert (event.partition, event.timestamp) == (2, moment)
        assert sorted(session.coverage(topic)) == [0, 1, 2]


def test_a_mark_an_acknowledgement_and_an_event_are_points_to_look_behind(
    session: Session, topic: str
) -> None:
    first = session.produce_event(topic, Event(type="A", id="1"))
    received = session.expect_event(topic, id="1", own=True)
    mark = session.mark()
    session.produce_event(topic, Event(type="A", id="2"))
    for point in (mark, first, received):
        assert session.expect_event(topic, type="A", after=point, own=True).id == "2"
    last = session.produce_event(topic, Event(type="A", id="3"))
    assert session.expect_none(topic, type="A", after=last, within=timedelta(milliseconds=100)).events == []


def test_events_are_received_in_order_each_once(session: Session, topic: str) -> None:
    for number in range(5):
        session.produce_event(topic, Event(id=str(number)))
    assert session.receive_event(topic).id == "0"
    assert [event.id for event in session.receive_n(topic, 3)] == ["1", "2", "3"]
    # An acknowledged event is in the log; that it was read as well is for a verb that waits to say.
    session.expect_event(topic, id="4", own=True)
    assert [event.id for event in session.fetch_consumed_events(topic, "4")] == ["4"]
    assert session.receive_event(topic).id == "4"
    from_, to, end = session.coverage(topic)[0]
    assert (from_, to) == (0, 5)
    assert end is None or end == 5


def test_a_failed_expectation_explains_itself_and_has_its_facts(session: Session, topic: str) -> None:
    sent(session, topic, Event(type="Other", id="e"))
    with pytest.raises(ExpectationFailed) as caught:
        session.expect_event(topic, type="Wanted", hint="the order was paid", within=0.2)
    error = caught.value
    assert error.code is ErrorCode.EXPECTATION_TIMEOUT
    assert "Wanted" in str(error)
    assert "the order was paid" in str(error)
    assert error.context["topic"] == topic
    with pytest.raises(AssertionError):
        session.expect_none(topic, type="Other", within=0.2)


def test_a_pass_on_an_own_event_warns_at_the_line_of_the_test(session: Session, topic: str) -> None:
    session.produce_event(topic, Event(id="e"))
    with pytest.warns(ProbeWarning, match="SELF_MATCH") as caught:
        event = session.expect_event(topic, id="e")
    assert caught[0].filename == __file__
    assert event.verdict is not None
    assert [warning.code for warning in event.verdict.warnings] == ["SELF_MATCH"]


def test_topics_are_added_to_an_open_session(session: Session, topic: str) -> None:
    session.add_topics(both(f"{topic}-more"))
    assert sent(session, f"{topic}-more", Event(id="e")).id == "e"
    with pytest.raises(DuplicateTopicError):
        session.add_topics(both(topic))


def test_try_produce_event_answers_instead_of_raising(session: Session, topic: str) -> None:
    assert isinstance(session.try_produce_event(topic, Event()), ProducedAck)
    nack = session.try_produce_event(topic, Event(partition=99))
    assert isinstance(nack, ProducedNack)
    assert nack.error.code.name
    with pytest.raises(type(nack.error)):
        session.produce_event(topic, Event(partition=99))


def test_directives_are_a_path_yaml_text_a_dict_or_a_list(
    engine: Probe, topic: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = f"topics:\n  - {{topic: {topic}, role: both, create: {{partitions: 1}}}}\n"
    (tmp_path / "topics.yaml").write_text(text)
    monkeypatch.chdir(tmp_path)
    forms = [
        text,
        "topics.yaml",
        tmp_path / "topics.yaml",
        both(topic),
        {"topics": [both(topic)]},
        [both(topic)],
    ]
    for form in forms:
        with engine.session(form) as session:
            assert session.journal(topic) == []
    with pytest.raises(UsageError, match="absent\\.yaml"):
        engine.session("absent.yaml")


def test_a_test_id_is_chosen_and_travels(engine: Probe, topic: str) -> None:
    with engine.session(both(topic), test_id="my-test") as session:
        assert session.test_id == "my-test"
        assert session.trace_headers()["ce_testid"] == "my-test"
        assert sent(session, topic, Event(id="e")).test_id == "my-test"


def test_a_missing_topic_is_an_error_at_once(engine: Probe, topic: str) -> None:
    with pytest.raises(KafkaError) as caught:
        engine.session({"topic": topic, "role": "consumer"})
    assert caught.value.code is ErrorCode.UNKNOWN_TOPIC


def test_the_static_dsl_finds_a_session_by_its_test_id(engine: Probe, topic: str) -> None:
    dsl.register_system(engine)
    with engine.session(both(topic)) as session:
        assert isinstance(dsl.produce_event(session.test_id, topic, Event(id="e", value=1)), ProducedAck)
        session.expect_event(topic, id="e", own=True)
        fetched = dsl.fetch_consumed_event(session.test_id, topic, "e")
        assert fetched.found
        assert dsl.fetch_consumed_event(session.test_id, topic, "other").reason == "not seen yet"
        with pytest.raises(ActorNotRegisteredError) as caught:
            dsl.produce_event("no-such-test", topic, Event())
        assert topic in str(caught.value)
    engine.close()
    with pytest.raises(DslNotInitializedError):
        dsl.produce_event(session.test_id, topic, Event())


@pytest.mark.parametrize(
    "event",
    [
        Event(value=2**64),
        Event(value={"deep": [{"x": -(2**63) - 1}]}),
        Event(value=float("nan")),
        Event(value={"a": object()}),
        Event(value={1, 2}),
        Event(key=5),  # type: ignore[arg-type]
        Event(headers={"h": 5}),  # type: ignore[dict-item]
        Event(headers=["h"]),  # type: ignore[list-item]
        Event(timestamp=datetime(2026, 1, 1)),
        Event(type=5),  # type: ignore[arg-type]
        Event(partition=2**40),
    ],
    ids=repr,
)
def test_an_event_that_cannot_be_sent_is_refused_clearly(session: Session, topic: str, event: Event) -> None:
    with pytest.raises(UsageError) as caught:
        session.produce_event(topic, event)
    assert caught.value.code is ErrorCode.INVALID_ARGUMENT
    assert str(caught.value)


@pytest.mark.parametrize("within", ["5", True, -1.0, float("nan"), float("inf")])
def test_a_time_that_is_none_is_refused(session: Session, topic: str, within: Any) -> None:
    with pytest.raises(UsageError):
        session.expect_event(topic, within=within)


def test_expect_none_needs_its_window(session: Session, topic: str) -> None:
    with pytest.raises(TypeError):
        session.expect_none(topic, type="A")  # type: ignore[call-arg]


def test_every_problem_of_directives_is_told_at_once_with_its_place() -> None:
    text = (
        "topics:\n"
        "  - {topic: orders, role: reader}\n"
        "  - {topic: payments, role: both, formatt: json}\n"
        "  - {role: consumer}\n"
        "  - {topic: x, role: both, bootstrapServers: 'h:0'}\n"
    )
    with pytest.raises(UsageError) as caught:
        Directives.validate(text)
    error = caught.value
    assert error.code is ErrorCode.INVALID_DIRECTIVE
    assert {problem["line"] for problem in error.context["problems"]} == {2, 3, 4, 5}
    assert all(problem["column"] for problem in error.context["problems"])
    assert "formatt" in str(error)
    Directives.validate("topics: []\n")


def test_duplicates_and_bootstrap_servers_have_their_own_errors_and_texts() -> None:
    twice = [{"topic": name, "role": "both"} for name in ("b", "a", "b", "a", "c")]
    with pytest.raises(DuplicateTopicError, match="Topics must be unique. Duplicates found: a, b"):
        Directives.validate(twice)
    expected = (
        'Bootstrap servers "invalid-format" has invalid format. Expected: host:port or comma-separated list'
    )
    with pytest.raises(InvalidBootstrapServersError) as caught:
        Directives.validate([{"topic": "a", "role": "both", "bootstrapServers": "invalid-format"}])
    assert expected in str(caught.value)
    with pytest.raises(InvalidBootstrapServersError):
        Probe(bootstrap_servers="invalid-format")


def test_configuration_is_a_file_or_a_dict_and_arguments_go_over_it(
    kafka: Kafka, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KAFKA_BOOTSTRAP_SERVERS", "from-environment:9092")
    config = {
        "test-probe": {
            "kafka": {"bootstrap-servers": "from-dict:9092"},
            "clusters": {"region2": {"bootstrap-servers": "second:9092"}},
        }
    }
    with Probe(config=config) as probe:
        assert probe.bootstrap_servers == "from-dict:9092"
        assert probe.cluster("region2").bootstrap_servers == "second:9092"
        with pytest.raises(UsageError) as caught:
            probe.cluster("region3")
        assert caught.value.code is ErrorCode.UNKNOWN_CLUSTER
    with Probe(
        config=config, bootstrap_servers="over:9092", schema_registry_url="http://registry:8081"
    ) as probe:
        assert probe.bootstrap_servers == "over:9092"
        assert probe.schema_registry_url == "http://registry:8081"
        assert probe.cluster("region2").bootstrap_servers == "second:9092"
    with Probe() as probe:
        assert probe.bootstrap_servers == "from-environment:9092"
        assert probe.schema_registry_url is None
    file = tmp_path / "my-probe.yaml"
    file.write_text("test-probe:\n  clusters:\n    region2: {bootstrap-servers: 'file:9092'}\n")
    with Probe(config=file, bootstrap_servers=kafka.bootstrap_servers) as probe:
        assert probe.cluster("region2").bootstrap_servers == "file:9092"
        assert probe.bootstrap_servers == kafka.bootstrap_servers
    with pytest.raises(UsageError) as caught:
        Probe(config={"test-probe": {"kafkaa": {}}})
    assert caught.value.code is ErrorCode.INVALID_CONFIG
