"""Exactly, all of, fishing and catching up, on the Kafka in this process."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest
from confluent_kafka import Consumer, TopicPartition
from conftest import SECONDS, both

from test_probe import Event, Fish, Match, Probe, ReceivedEvent, Session
from test_probe.aio import Probe as AsyncProbe
from test_probe.errors import (
    ErrorCode,
    ExpectationFailed,
    Inconclusive,
    LifecycleError,
    ProbeError,
    UsageError,
)

pytestmark = pytest.mark.filterwarnings("ignore::test_probe.ProbeWarning")


@pytest.fixture(scope="module")
def embedded() -> Iterator[Probe]:
    with Probe.embedded() as probe:
        yield probe


@pytest.fixture
def other(topic: str) -> str:
    return f"{topic}-other"


@pytest.fixture
def session(embedded: Probe, topic: str, other: str) -> Iterator[Session]:
    with embedded.session([both(topic), both(other)]) as session:
        yield session


def produce(session: Session, topic: str, *types: str) -> None:
    for number, type in enumerate(types):
        session.produce_event(topic, Event(type=type, value={"n": number}))


def failure(code: ErrorCode, call: Any) -> str:
    with pytest.raises(ProbeError) as caught:
        call()
    assert caught.value.code is code, caught.value
    return str(caught.value)


def test_exactly_so_many_pass_and_one_more_or_fewer_fail(session: Session, topic: str) -> None:
    produce(session, topic, "A", "B", "A")
    verdict = session.expect_exactly(topic, 2, type="A", own=True, within=0.2)
    assert [event.value["n"] for event in verdict.events] == [0, 2]
    assert all(read.to == read.end for read in verdict.coverage.values())
    begin = time.monotonic()
    text = failure(ErrorCode.WRONG_COUNT, lambda: session.expect_exactly(topic, 1, type="A", within=SECONDS))
    assert time.monotonic() - begin < SECONDS / 2
    assert "one too many" in text
    more = failure(
        ErrorCode.WRONG_COUNT,
        lambda: session.expect_exactly(topic, 3, type="A", hint="three parcels", within=0.2),
    )
    assert "the test says: three parcels" in more
    mark = session.mark()
    session.expect_exactly(topic, 0, type="A", after=mark, within=0.2)
    with pytest.raises(TypeError):
        session.expect_exactly(topic, 1, type="A")  # type: ignore[call-arg]


def test_an_event_for_each_match_in_order_or_not_across_topics(
    session: Session, topic: str, other: str
) -> None:
    produce(session, topic, "B", "A")
    produce(session, other, "C")
    matches = [Match(type="A"), Match(type="B"), Match(type="C", topic=other)]
    verdict = session.expect_all_of(topic, matches, order="any_order", within=SECONDS)
    assert [event.type for event in verdict.events] == ["A", "B", "C"]
    assert list(verdict.other_topics) == [other]
    session.expect_all_of(topic, [Match(type="B"), Match(type="A")], within=SECONDS)
    text = failure(
        ErrorCode.WRONG_ORDER,
        lambda: session.expect_all_of(
            topic, [Match(type="A"), Match(type="B")], order="in_order", within=0.2
        ),
    )
    assert "but not in this order" in text
    missing = [Match(type="A"), Match(type="A", hint="sold once more")]
    text = failure(
        ErrorCode.EXPECTATION_TIMEOUT,
        lambda: session.expect_all_of(topic, missing, order="any_order", within=0.2),
    )
    assert "sold once more" in text
    mark = session.mark()
    failure(
        ErrorCode.EXPECTATION_TIMEOUT,
        lambda: session.expect_all_of(topic, [Match(type="A")], after=mark, within=0.2),
    )


@pytest.mark.parametrize(
    "call",
    [
        lambda s, t: s.expect_all_of(t, [], within=0.1),
        lambda s, t: s.expect_all_of(t, ["A"], within=0.1),
        lambda s, t: s.expect_all_of(t, [Match(type="A")], order="sorted", within=0.1),
        lambda s, t: s.expect_exactly(t, -1, within=0.1),
        lambda s, t: s.expect_exactly(t, True, within=0.1),
        lambda s, t: s.expect_group_caught_up("", t, within=0.1),
    ],
)
def test_what_makes_no_sense_is_refused(session: Session, topic: str, call: Any) -> None:
    with pytest.raises(UsageError) as caught:
        call(session, topic)
    assert caught.value.code is ErrorCode.INVALID_ARGUMENT


def test_a_function_fishes_in_the_thread_of_the_caller(session: Session, topic: str) -> None:
    produce(session, topic, "A", "B", "A", "C", "D")
    here = threading.get_ident()
    seen: list[str | None] = []

    def function(event: ReceivedEvent) -> Fish:
        assert threading.get_ident() == here
        seen.append(event.type)
        return {"A": Fish.COLLECT, "C": Fish.COMPLETE}.get(event.type or "", Fish.IGNORE)

    caught = session.fish_for_event(topic, function, within=SECONDS)
    assert (caught.type, caught.offset, caught.own) == ("C", 3, True)
    assert caught.verdict is not None
    assert [event.type for event in caught.verdict.events] == ["A", "A", "C"]
    assert seen == ["A", "B", "A", "C"]
    assert session.receive_event(topic, within=SECONDS).type == "A", "the journal is untouched"
    assert session.fish_for_event(topic, lambda _: Fish.COMPLETE, after=caught, within=SECONDS).type == "D"


def test_a_function_fails_raises_and_answers_nonsense(session: Session, topic: str) -> None:
    produce(session, topic, "A", "B")

    def fish(function: Any, **more: Any) -> Any:
        return session.fish_for_event(topic, function, within=0.2, **more)

    refused = lambda: fish(lambda _: Fish.fail("sold twice"), type="B", hint="one sale")  # noqa: E731
    text = failure(ErrorCode.UNEXPECTED_EVENT, refused)
    assert "sold twice" in text
    assert "one sale" in text
    text = failure(ErrorCode.EXPECTATION_TIMEOUT, lambda: fish(lambda _: Fish.COLLECT))
    assert "none of 2 events" in text
    assert "collected: 2 events" in text
    with pytest.raises(ZeroDivisionError):
        fish(lambda event: event.value["n"] / 0)
    with pytest.raises(UsageError, match="answered `True`"):
        fish(lambda _: True)
    assert fish(lambda _: Fish.COMPLETE).type == "A", "the session is as usable as before"


def commit(probe: Probe, group: str, topic: str, offset: int) -> None:
    consumer = Consumer({"bootstrap.servers": probe.bootstrap_servers, "group.id": group})
    consumer.commit(offsets=[TopicPartition(topic, 0, offset)], asynchronous=False)
    consumer.close()


def test_a_group_has_caught_up_when_it_committed_the_end(
    embedded: Probe, session: Session, topic: str, other: str
) -> None:
    assert session.expect_group_caught_up(topic, other, within=SECONDS) is None, "it is empty"  # type: ignore[func-returns-value]
    produce(session, topic, "A", "B")
    commit(embedded, topic, topic, 1)
    text = failure(
        ErrorCode.EXPECTATION_TIMEOUT,
        lambda: session.expect_group_caught_up(topic, topic, hint="billing reads all", within=0.2),
    )
    assert "lag 1: partition 0 committed 1 of 2" in text
    assert "billing reads all" in text
    commit(embedded, topic, topic, 2)
    session.expect_group_caught_up(topic, topic, within=SECONDS)


def test_without_an_answer_no_verb_passes_or_fails(topic: str) -> None:
    with Probe.embedded() as probe, probe.session(both(topic)) as session:
        produce(session, topic, "A")
        session.expect_event(topic, type="A", own=True, within=SECONDS)
        probe.embedded_cluster().stop_broker(1)
        for verb in (
            lambda: session.expect_exactly(topic, 1, type="A", within=0.1),
            lambda: session.expect_all_of(topic, [Match(type="A"), Match(type="B")], within=0.1),
            lambda: session.fish_for_event(topic, lambda _: Fish.IGNORE, within=0.1),
            lambda: session.expect_group_caught_up("billing", topic, within=0.1),
        ):
            with pytest.raises(Inconclusive) as caught:
                verb()
            assert caught.value.code is ErrorCode.NOT_COVERED
        probe.embedded_cluster().start_broker(1)


def test_the_same_verbs_are_awaited_and_cancelled(topic: str) -> None:
    async def main() -> None:
        async with AsyncProbe.embedded() as probe, probe.session(both(topic)) as session:
            await session.produce_event(topic, Event(type="A"))
            assert len((await session.expect_exactly(topic, 1, type="A", within=0.1)).events) == 1
            both_matches = [Match(type="A"), Match(type="B")]
            waiting = asyncio.create_task(session.expect_all_of(topic, both_matches, within=SECONDS))
            shown: list[ReceivedEvent] = []

            def function(event: ReceivedEvent) -> Fish:
                shown.append(event)
                return Fish.COMPLETE if event.type == "B" else Fish.IGNORE

            fishing = asyncio.create_task(session.fish_for_event(topic, function, within=SECONDS))
            while not shown:
                await asyncio.sleep(0)
            await session.produce_event(topic, Event(type="B"))
            assert [event.type for event in (await waiting).events] == ["A", "B"]
            assert (await fishing).type == "B"
            for endless in (
                session.expect_exactly(topic, 1, type="A", within=SECONDS),
                session.expect_all_of(topic, [Match(type="C")], within=SECONDS),
                session.fish_for_event(topic, lambda _: Fish.IGNORE, within=SECONDS),
                session.expect_group_caught_up("billing", topic, within=SECONDS),
            ):
                task = asyncio.create_task(endless)
                await asyncio.sleep(0)
                task.cancel()
                with pytest.raises(asyncio.CancelledError):
                    await task
            with pytest.raises(ExpectationFailed):
                await session.fish_for_event(topic, lambda _: Fish.fail("no"), within=SECONDS)
            with pytest.raises(ZeroDivisionError):
                await session.fish_for_event(topic, lambda _: 1 / 0, within=SECONDS)  # type: ignore[arg-type, return-value]
            left = asyncio.create_task(session.fish_for_event(topic, lambda _: Fish.IGNORE, within=SECONDS))
            await asyncio.sleep(0)
            await session.close()
            with pytest.raises((LifecycleError, UsageError)):
                await left

    asyncio.run(main())
