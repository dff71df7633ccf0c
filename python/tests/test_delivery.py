"""What was sent against what came out, on the Kafka in this process."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest
from conftest import SECONDS, both

from test_probe import ErrorCode, Event, Match, Probe, Session
from test_probe.aio import Probe as AsyncProbe
from test_probe.errors import ExpectationFailed, UsageError

WINDOW = 0.3


@pytest.fixture(scope="module")
def embedded() -> Iterator[Probe]:
    with Probe.embedded() as probe:
        yield probe


@pytest.fixture
def output(topic: str) -> str:
    return f"{topic}-out"


@pytest.fixture
def session(embedded: Probe, topic: str, output: str) -> Iterator[Session]:
    with embedded.session([both(topic), both(output)]) as session:
        yield session


@pytest.fixture
def system(embedded: Probe, session: Session, topic: str, output: str) -> Iterator[Session]:
    """Somebody else of the same test: the system under test."""
    with (
        Probe(bootstrap_servers=embedded.bootstrap_servers) as probe,
        probe.session([both(topic), both(output)], test_id=session.test_id) as system,
    ):
        yield system


def produce(session: Session, topic: str, *ids: str) -> None:
    for id in ids:
        session.produce_event(topic, Event(type="T", id=id, key="k", value={}))


def test_what_was_sent_is_there_once(session: Session, topic: str) -> None:
    produce(session, topic, "a", "b")
    verdict = session.verify_delivery(topic, within=WINDOW)
    assert verdict.delivery is not None
    assert verdict.delivery._asdict() == {
        "sent": 2,
        "acknowledged": 2,
        "unknown": 0,
        "refused": 0,
        "seen": 2,
        "ambiguous": 0,
    }
    assert verdict.events == []
    assert session.verify_delivery(topic, checks=["loss", "order_per_key"]).delivery is not None


@pytest.mark.parametrize(
    ("out", "code"),
    [
        (["a", "c"], ErrorCode.ACKED_EVENT_LOST),
        (["a", "b", "b", "c"], ErrorCode.DUPLICATE_EVENT),
        (["b", "a", "c"], ErrorCode.WRONG_ORDER),
        (["a", "b", "c", "x"], ErrorCode.UNEXPECTED_EVENT),
    ],
)
def test_what_did_not_come_out_once_in_order_is_named(
    session: Session, system: Session, topic: str, output: str, out: list[str], code: ErrorCode
) -> None:
    produce(session, topic, "a", "b", "c")
    produce(system, output, *out)
    with pytest.raises(ExpectationFailed) as caught:
        session.verify_delivery(
            topic, output=output, match=Match(type="T"), hint="exactly once", within=WINDOW
        )
    assert caught.value.code is code, caught.value
    assert "the test says: exactly once" in str(caught.value)
    assert caught.value.context["delivery"]["sent"] == 3


def test_a_copy_in_the_log_is_a_duplicate(session: Session, system: Session, topic: str) -> None:
    produce(session, topic, "a")
    mark = session.mark()
    produce(session, topic, "b")
    produce(system, topic, "a")
    with pytest.raises(ExpectationFailed) as caught:
        session.verify_delivery(topic, after=mark, within=SECONDS)
    assert caught.value.code is ErrorCode.DUPLICATE_EVENT
    (example,) = caught.value.context["delivery"]["duplicated"]["examples"]
    assert (example["id"], example["term"]) == ("a", "duplicate")


def test_what_makes_no_sense_is_refused_and_what_verified_nothing_warns(session: Session, topic: str) -> None:
    with pytest.raises(UsageError):
        session.verify_delivery(topic)
    with pytest.raises(UsageError, match="not a check"):
        session.verify_delivery(topic, checks=["lost"], within=WINDOW)
    with pytest.warns(UserWarning, match="NOTHING_VERIFIED"):
        session.verify_delivery(topic, within=WINDOW)


def test_it_can_be_awaited(topic: str) -> None:
    async def run() -> int:
        async with AsyncProbe.embedded() as probe, probe.session([both(topic)]) as session:
            await session.produce_event(topic, Event(type="T", value={}))
            verdict = await session.verify_delivery(topic, within=WINDOW)
            assert verdict.delivery is not None
            return verdict.delivery.seen

    assert asyncio.run(run()) == 1
