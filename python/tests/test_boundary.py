"""The rules of the boundary inside one interpreter: closing, cancelling, panics, threads, loops."""

from __future__ import annotations

import asyncio
import gc
import threading
import time
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import pytest_asyncio
from conftest import SECONDS, Kafka, both

from test_probe import ErrorCode, Event, Probe, ProbeError, Session, _native, aio
from test_probe.errors import InternalError, LifecycleError, UsageError

NEVER = "NobodySendsThis"


@pytest_asyncio.fixture
async def async_engine(kafka: Kafka) -> AsyncIterator[aio.Probe]:
    async with aio.Probe(bootstrap_servers=kafka.bootstrap_servers) as probe:
        yield probe


async def until(condition: Any) -> None:
    """Lets the loop turn until a condition holds."""
    end = time.monotonic() + SECONDS
    while not condition():
        assert time.monotonic() < end, "the condition did not come to hold"
        await asyncio.sleep(0)


async def codes(tasks: list[Any]) -> list[ErrorCode]:
    ended = await asyncio.wait_for(asyncio.gather(*tasks, return_exceptions=True), SECONDS)
    return [error.code for error in ended]


# --- closing ---------------------------------------------------------------------------------


def test_a_closed_session_refuses_every_verb(session: Session, topic: str) -> None:
    session.close()
    calls = [
        lambda: session.produce_event(topic, Event()),
        lambda: session.try_produce_event(topic, Event()),
        lambda: session.fetch_consumed_event(topic, "e"),
        lambda: session.fetch_consumed_events(topic, "e"),
        lambda: session.expect_event(topic, within=1),
        lambda: session.expect_none(topic, within=1),
        lambda: session.receive_event(topic),
        lambda: session.receive_n(topic, 2),
        lambda: session.mark(),
        lambda: session.journal(topic),
        lambda: session.coverage(topic),
        lambda: session.add_topics(both(f"{topic}-more")),
    ]
    for call in calls:
        with pytest.raises(UsageError) as caught:
            call()
        assert caught.value.code is ErrorCode.SESSION_CLOSED


def test_closing_twice_does_nothing(engine: Probe, session: Session) -> None:
    for _ in range(2):
        session.close()
    for _ in range(2):
        engine.close()
    session.close()


def test_a_closed_probe_refuses_sessions_and_verbs(engine: Probe, session: Session, topic: str) -> None:
    engine.close()
    for call in (lambda: engine.session(both(topic)), lambda: session.journal(topic)):
        with pytest.raises(LifecycleError) as caught:
            call()
        assert caught.value.code is ErrorCode.SHUTTING_DOWN


@pytest.mark.asyncio
async def test_closing_a_probe_wakes_a_thousand_futures(async_engine: aio.Probe, topic: str) -> None:
    session = await async_engine.session(both(topic))
    tasks = [
        asyncio.ensure_future(session.expect_event(topic, type=NEVER, within=SECONDS)) for _ in range(1000)
    ]
    await until(lambda: waiting(async_engine) == 1000)
    begin = time.monotonic()
    await async_engine.close()
    assert await codes(tasks) == [ErrorCode.SHUTTING_DOWN] * 1000
    assert time.monotonic() - begin < 10


@pytest.mark.asyncio
async def test_closing_a_session_wakes_its_waiters_and_no_others(async_engine: aio.Probe, topic: str) -> None:
    async with async_engine.session(both(topic)) as other:
        session = await async_engine.session(both(topic))
        tasks = [
            asyncio.ensure_future(session.expect_event(topic, type=NEVER, within=SECONDS)) for _ in range(10)
        ]
        stays = asyncio.ensure_future(other.expect_event(topic, id="e", own=True, within=SECONDS))
        await until(lambda: waiting(async_engine) == 11)
        await session.close()
        assert await codes(tasks) == [ErrorCode.SESSION_CLOSED] * 10
        await other.produce_event(topic, Event(id="e"))
        assert (await stays).id == "e"


def waiting(probe: aio.Probe) -> int:
    wake_ups = probe._engine.wake_ups._of.values()
    return sum(len(wake_up._futures) for wake_up in wake_ups)


def test_closing_a_probe_wakes_waiting_threads(engine: Probe, session: Session, topic: str) -> None:
    begun = threading.Barrier(65)

    def wait() -> ErrorCode:
        begun.wait(SECONDS)
        with pytest.raises(ProbeError) as caught:
            session.expect_event(topic, type=NEVER, within=SECONDS)
        return caught.value.code

    with ThreadPoolExecutor(64) as pool:
        waiters = [pool.submit(wait) for _ in range(64)]
        begun.wait(SECONDS)
        begin = time.monotonic()
        engine.close()
        assert {waiter.result(SECONDS) for waiter in waiters} == {ErrorCode.SHUTTING_DOWN}
    assert time.monotonic() - begin < 10


def test_a_leaked_probe_or_session_is_a_resource_warning(kafka: Kafka, topic: str) -> None:
    probe = Probe(bootstrap_servers=kafka.bootstrap_servers)
    session = probe.session(both(topic))
    with pytest.warns(ResourceWarning, match="unclosed <test_probe._sync.Session"):
        del session
        gc.collect()
    with pytest.warns(ResourceWarning, match="unclosed <test_probe._sync.Probe"):
        del probe
        gc.collect()


# --- cancelling ------------------------------------------------------------------------------


@pytest.mark.asyncio
async def test_a_cancelled_future_is_cancelled_in_the_engine(async_engine: aio.Probe, topic: str) -> None:
    async with async_engine.session(both(topic)) as session:
        wake_up = async_engine._engine.wake_ups.of(asyncio.get_running_loop())
        task = asyncio.ensure_future(session.expect_event(topic, type=NEVER, within=SECONDS))
        await until(lambda: waiting(async_engine) == 1)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await until(lambda: wake_up.idle)
        with pytest.raises(asyncio.TimeoutError):
            await asyncio.wait_for(session.expect_event(topic, type=NEVER, within=SECONDS), 0.05)
        await until(lambda: wake_up.idle)
        await session.produce_event(topic, Event(id="e"))
        assert (await session.expect_event(topic, id="e", own=True)).id == "e"


@pytest.mark.asyncio
async def test_a_cancelled_opening_leaves_no_session(async_engine: aio.Probe, topic: str) -> None:
    opening = asyncio.ensure_future(_opened(async_engine, topic))
    await until(lambda: waiting(async_engine) == 1)
    opening.cancel()
    with pytest.raises(asyncio.CancelledError):
        await opening
    import json

    await until(lambda: json.loads(async_engine._engine.native.info())["sessions"] == 0)


async def _opened(probe: aio.Probe, topic: str) -> aio.Session:
    return await probe.session(both(topic))


# --- panics ----------------------------------------------------------------------------------


def test_a_panic_at_an_entry_point_is_an_internal_error() -> None:
    with pytest.raises(InternalError, match="on purpose") as caught:
        _native.panic_for_tests()
    assert caught.value.code is ErrorCode.PANIC


@pytest.mark.asyncio
async def test_a_panic_in_a_worker_leaves_no_future_behind(async_engine: aio.Probe, topic: str) -> None:
    async with async_engine.session(both(topic)) as session:
        await session.produce_event(topic, Event(id="before"))
        await session.expect_event(topic, id="before", own=True)
        tasks = [
            asyncio.ensure_future(session.expect_event(topic, id="after", own=True, within=20))
            for _ in range(50)
        ]
        await until(lambda: waiting(async_engine) == 50)
        async_engine._engine.native.inject_panic(topic)  # the worker is restarted once
        await session.produce_event(topic, Event(id="after"))
        found = await asyncio.wait_for(asyncio.gather(*tasks), SECONDS)
        assert {event.id for event in found} == {"after"}
        tasks = [asyncio.ensure_future(session.expect_event(topic, type=NEVER, within=20)) for _ in range(50)]
        await until(lambda: waiting(async_engine) == 50)
        async_engine._engine.native.inject_panic(topic)
        assert set(await codes(tasks)) == {ErrorCode.PANIC}


# --- threads, loops, probes ------------------------------------------------------------------


def test_sixty_four_threads_share_a_session(session: Session, topic: str) -> None:
    def round_trips(thread: int) -> list[str | None]:
        ids = [f"{thread}-{number}" for number in range(10)]
        for id in ids:
            session.produce_event(topic, Event(id=id, value=id), timeout=SECONDS)
        return [session.expect_event(topic, id=id, own=True, within=SECONDS).id for id in ids]

    with ThreadPoolExecutor(64) as pool:
        results = list(pool.map(round_trips, range(64), timeout=SECONDS * 2))
    assert results == [[f"{thread}-{number}" for number in range(10)] for thread in range(64)]
    assert len(session.journal(topic)) == 640


def test_event_loops_in_several_threads_share_a_session(kafka: Kafka, topic: str) -> None:
    probe = aio.Probe(bootstrap_servers=kafka.bootstrap_servers)
    session = asyncio.run(_opened(probe, topic))
    begun = threading.Barrier(3)

    async def round_trips(loop: int) -> list[str | None]:
        begun.wait(SECONDS)
        ids = [f"{loop}-{number}" for number in range(100)]
        await asyncio.gather(*(session.produce_event(topic, Event(id=id), timeout=SECONDS) for id in ids))
        found = await asyncio.gather(
            *(session.expect_event(topic, id=id, own=True, within=SECONDS) for id in ids)
        )
        return [event.id for event in found]

    with ThreadPoolExecutor(3) as pool:
        results = list(pool.map(lambda loop: asyncio.run(round_trips(loop)), range(3)))
    assert results == [[f"{loop}-{number}" for number in range(100)] for loop in range(3)]
    asyncio.run(probe.close())
    assert asyncio.run(_code(session.journal(topic))) is ErrorCode.SHUTTING_DOWN


async def _code(call: Any) -> ErrorCode:
    with pytest.raises(ProbeError) as caught:
        await call
    return caught.value.code


def test_a_loop_that_is_blocked_holds_up_no_other(kafka: Kafka, topic: str) -> None:
    probe = aio.Probe(bootstrap_servers=kafka.bootstrap_servers)
    session = asyncio.run(_opened(probe, topic))
    blocked, release = threading.Event(), threading.Event()

    async def block() -> None:
        await session.mark()
        blocked.set()
        release.wait(SECONDS)

    async def work() -> None:
        await session.produce_event(topic, Event(id="e"))
        await session.expect_event(topic, id="e", own=True)

    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(asyncio.run, block())
        assert blocked.wait(SECONDS)
        asyncio.run(asyncio.wait_for(work(), SECONDS))
        release.set()
        waiting.result(SECONDS)
    asyncio.run(probe.close())


def test_a_loop_without_readers_is_woken_too(kafka: Kafka, topic: str) -> None:
    class Loop(asyncio.SelectorEventLoop):
        """Has no readers for others, as the Proactor loop of Windows."""

        own = False

        def add_reader(self, *args: Any) -> None:
            raise NotImplementedError

    async def work() -> None:
        async with (
            aio.Probe(bootstrap_servers=kafka.bootstrap_servers) as probe,
            probe.session(both(topic)) as session,
        ):
            await session.produce_event(topic, Event(id="e"))
            await session.expect_event(topic, id="e", own=True)

    loop = Loop()
    try:
        loop.run_until_complete(asyncio.wait_for(work(), SECONDS))
        loop.run_until_complete(asyncio.sleep(0))
    finally:
        loop.close()


def test_two_probes_live_in_one_process(kafka: Kafka, topic: str) -> None:
    with (
        Probe(bootstrap_servers=kafka.bootstrap_servers) as one,
        Probe(bootstrap_servers=kafka.bootstrap_servers) as two,
    ):
        with one.session(both(topic)) as first, two.session(both(topic)) as second:
            first.produce_event(topic, Event(id="a"))
            second.produce_event(topic, Event(id="b"))
            assert first.expect_event(topic, id="a", own=True).id == "a"
            one.close()
            assert second.expect_event(topic, id="b", own=True).id == "b"
            assert second.expect_none(topic, id="a", within=0.2).events == []


def test_waits_release_the_gil(session: Session, topic: str) -> None:
    counted = 0
    done = threading.Event()

    def count() -> None:
        nonlocal counted
        while not done.is_set():
            counted += 1

    with ThreadPoolExecutor(1) as pool:
        counting = pool.submit(count)
        session.expect_none(topic, within=0.3)
        done.set()
        counting.result(SECONDS)
    assert counted > 1000
