"""What a type checker sees of the public names; checked by mypy, never run."""

from datetime import datetime, timedelta

from typing_extensions import assert_type

from test_probe import (
    ConsumedAck,
    ConsumedNack,
    Event,
    Match,
    Probe,
    ProducedAck,
    ProducedNack,
    ReceivedEvent,
    Verdict,
    words,
)
from test_probe.aio import Probe as AsyncProbe


def blocking() -> None:
    with Probe(bootstrap_servers="localhost:9092") as probe, probe.session("topics.yaml") as session:
        ack = session.produce_event("orders", Event(type="OrderCreated", headers={"h": "v"}))
        assert_type(ack, ProducedAck)
        assert_type((ack.timestamp, ack.latency), tuple[datetime, timedelta])
        assert_type(session.try_produce_event("orders", Event()), ProducedAck | ProducedNack)
        assert_type(session.fetch_consumed_event("orders", "evt-1"), ConsumedAck | ConsumedNack)
        event = session.expect_event("orders", id="evt-1", after=ack, within=5.0)
        assert_type(event, ReceivedEvent)
        assert_type(event.headers.get_all("h"), list[bytes | None])
        assert_type(session.expect_none("orders", after=session.mark(), within=timedelta(seconds=1)), Verdict)
        assert_type(session.receive_n("orders", 3), list[ReceivedEvent])
        session.expect_event("orders", typo="x")  # type: ignore[call-arg]
        session.expect_none("orders")  # type: ignore[call-arg]
        session.produce_event("orders", "text")  # type: ignore[arg-type]


def words_of_people() -> None:
    assert_type(Event.from_yaml("{type: A}"), Event)
    assert_type(words.duration("5 seconds"), timedelta)
    assert_type(words.events([["type"], ["A"]]), list[Event])
    assert_type(words.matches([["type", "key"], ["A", None]]), list[Match])
    words.events([[5]])  # type: ignore[list-item]


async def awaitable() -> None:
    async with AsyncProbe() as probe, probe.session([{"topic": "orders", "role": "both"}]) as session:
        assert_type(await session.produce_event("orders", Event()), ProducedAck)
        assert_type(await session.expect_event("orders", value=None), ReceivedEvent)
        await session.expect_event("orders", typo="x")  # type: ignore[call-arg]
