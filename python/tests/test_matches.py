"""What a match can say, through the Python door, on a Kafka in this process."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from conftest import both

from test_probe import ErrorCode, Event, Match, Probe, ProbeWarning, Session
from test_probe.errors import ExpectationFailed, UsageError

ORDER = {"id": "inner", "total": 5, "items": [{"sku": "a"}, {"sku": "b"}]}


@pytest.fixture(scope="module")
def engine() -> Iterator[Probe]:
    with Probe.embedded() as probe:
        yield probe


@pytest.fixture
def session(engine: Probe, topic: str) -> Iterator[Session]:
    with engine.session(both(topic, **{"as": "orders"})) as session:
        yield session


def order(session: Session) -> None:
    headers = [("region", "eu"), ("tag", "a"), ("tag", "b")]
    session.produce_event("orders", Event(type="OrderCreated", id="evt-1", headers=headers, value=ORDER))


@pytest.mark.filterwarnings("ignore:SELF_MATCH")
def test_values_places_and_expressions_are_matched(session: Session) -> None:
    order(session)
    session.expect_event("orders", value={"items": [{"sku": "b"}, {"sku": "a"}]}, mode="any_order")
    session.expect_event("orders", matchers=[("$.total", "between", [1, 5]), ("header:tag", "equals", "b")])
    session.expect_event("orders", where="value.total > 3 && headers.region == 'eu'")
    session.expect_event("orders", value={"id": "${json-unit.any-string}", "total": 5})
    session.expect_event("orders", matchers=[{"path": "$.id", "matcher": "equals", "text": "inner"}])
    session.expect_none("orders", where="value.total > 5", within=0.1)
    session.expect_none("orders", matchers=[("$.coupon", "present")], within=0.1)
    session.expect_none("orders", value={"total": 5}, mode="exact", within=0.1)


def test_a_failure_names_the_matcher_and_the_part_of_the_expression(session: Session) -> None:
    order(session)
    with pytest.raises(ExpectationFailed) as caught:
        session.expect_event(
            "orders",
            matchers=[("id", "present"), ("$.total", "between", [6, 9])],
            where="type == 'OrderCreated' && value.total > 5",
            within=0.2,
        )
    text = str(caught.value)
    assert "matchers[1] $.total: expected between 6 and 9, was 5" in text
    assert "where: expected value.total > 5, was false (value.total was 5)" in text


@pytest.mark.filterwarnings("ignore:SELF_MATCH")
def test_an_expectation_that_any_event_satisfies_warns(session: Session) -> None:
    order(session)
    with pytest.warns(ProbeWarning, match="VACUOUS_MATCH"):
        event = session.expect_event("orders")
    assert event.verdict is not None
    assert [warning.code for warning in event.verdict.warnings] == ["SELF_MATCH", "VACUOUS_MATCH"]


@pytest.mark.parametrize(
    ("conditions", "said"),
    [
        ({"where": "valeu.total > 3"}, "at line 1, column 1: unknown variable `valeu`"),
        ({"where": "value.total >"}, "at line 1, column 14"),
        ({"value": 1, "mode": "anyorder"}, "`mode` of a match was `anyorder`"),
        ({"matchers": [("$.a[", "present")]}, "path `$.a[` at column 5"),
        ({"matchers": [("a", "no-such")]}, "unknown matcher `no-such`"),
        ({"matchers": ["a"]}, "a matcher was `'a'`"),
        ({"matchers": [("a",)]}, "a matcher was `('a',)`"),
    ],
)
def test_what_is_not_understood_is_refused_at_the_call(
    session: Session, conditions: dict[str, Any], said: str
) -> None:
    with pytest.raises(UsageError) as caught:
        session.expect_event("orders", within=60, **conditions)
    assert caught.value.code is ErrorCode.INVALID_ARGUMENT
    assert said in str(caught.value)


def test_a_match_is_read_from_json() -> None:
    from test_probe import _convert

    match = Match.from_json(
        '{"type": "T", "where": "value.total > 3", "matchers": [{"path": "a", "matcher": "null"}]}'
    )
    assert _convert.match_document(match) == {
        "type": "T",
        "where": "value.total > 3",
        "matchers": [{"path": "a", "matcher": "null"}],
    }
    for broken in ["{", "[]", "1"]:
        with pytest.raises(UsageError):
            _convert.match_document(Match.from_json(broken))
