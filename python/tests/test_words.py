"""Words of people as Python data."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from conftest import ROOT

from test_probe import Event, Probe, ProbeWarning, words
from test_probe.errors import ErrorCode, ExpectationFailed, ProbeError, UsageError

CASES = json.loads((ROOT / "tests/vectors/words.json").read_text("utf-8"))["cases"]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_words_are_read_as_their_vector_says(case: dict) -> None:
    asked = dict(case["words"])
    try:
        read = words.read(asked.pop("read"), **asked)
    except ProbeError as error:
        problems = error.context.get("problems", [{"message": error.message}])
        read = {"errors": [problem["message"] for problem in problems]}
    assert read == case["gives"]


def test_a_duration_is_a_timedelta() -> None:
    assert words.duration("1.5 s") == timedelta(seconds=1.5)
    with pytest.raises(UsageError, match="`soon` was no duration"):
        words.duration("soon")


def test_an_event_is_read_from_yaml() -> None:
    event = Event.from_yaml(
        "{type: A, version: 1, id: e, key: {base64: AAH/}, headers: {h: [a, null]}, value: {n: [1, 2.5]}, "
        "partition: 2, timestamp: 2026-01-02T03:04:05.678Z}"
    )
    assert event == Event(
        type="A",
        version="1",
        id="e",
        key=b"\x00\x01\xff",
        headers=(("h", "a"), ("h", None)),
        value={"n": [1, 2.5]},
        partition=2,
        timestamp=1767323045678,
    )


@pytest.mark.parametrize(
    ("yaml", "value"),
    [
        ("{type: A}", None),
        ("{value: null}", None),
        ("{value: text}", "text"),
        ("{raw: text}", b"text"),
        ("{raw: {base64: AAH/}}", b"\x00\x01\xff"),
    ],
)
def test_a_tombstone_a_null_and_the_wire_are_told_apart(yaml: str, value: object) -> None:
    assert Event.from_yaml(yaml).value == value


def test_a_cell_of_null_is_a_json_null() -> None:
    assert [event.value for event in words.events([["value"], ["null"], [""]])] == [b"null", None]


def test_events_are_read_from_a_list_or_a_table() -> None:
    two = [Event(type="A", value=1), Event(type="B", value="b", headers=(("region", "eu"),))]
    assert words.events("- {type: A, value: 1}\n- {type: B, value: b, headers: {region: eu}}") == two
    assert words.events([["type", "value", "header:region"], ["A", "1", None], ["B", "b", "eu"]]) == two


def test_everything_that_is_wrong_with_an_event_is_told_at_once() -> None:
    with pytest.raises(UsageError) as caught:
        Event.from_yaml("typ: A\npartition: -1\n")
    assert caught.value.code is ErrorCode.INVALID_ARGUMENT
    assert "line 1, column 1: unknown key `typ` in an event" in caught.value.message
    assert "line 2, column 12: `partition` was `-1`" in caught.value.message


def test_several_events_are_not_one() -> None:
    with pytest.raises(UsageError, match="the text had 2 events, not one"):
        Event.from_yaml("[{type: A}, {type: B}]")


def test_matches_of_a_table_are_expected() -> None:
    conditions = words.match([["path", "matcher", "value"], ["$.n", "between", "[1, 5]"]], type="A")
    rows = words.matches([["type", "path", "value"], ["A", "$.n", "1"], ["B", None, None]])
    with Probe.embedded() as probe, probe.session(words.topic("orders", partitions=1)) as session:
        for event in words.events([["type", "value"], ["A", '{"n": 1}'], ["B", "{}"]]):
            session.produce_event("orders", event)
        with pytest.warns(ProbeWarning, match="SELF_MATCH"):
            verdict = session.expect_all_of("orders", rows)
            session.expect_all_of("orders", [conditions])
        assert [event.type for event in verdict.events] == ["A", "B"]
        wrong = words.match([["path", "matcher", "value"], ["$.n", "between", "[2, 5]"]], type="A")
        with pytest.raises(ExpectationFailed, match="expected between 2 and 5, was 1"):
            session.expect_all_of("orders", [wrong], within=0.1)


def test_a_topic_is_a_directive() -> None:
    directive = {"topic": "orders", "role": "both", "create": {"partitions": 3}, "cluster": "region2"}
    assert words.topic("orders", partitions=3, cluster="region2") == {"topics": [directive]}
