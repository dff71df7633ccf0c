"""The main job on real Kafka: an event in, the answer of a foreign service out, and nothing else."""

from __future__ import annotations

import pytest
from conftest import MAIN_JOB, Kafka, stub_service

from test_probe import ErrorCode, Event, Probe
from test_probe.aio import Probe as AsyncProbe
from test_probe.errors import Inconclusive

ORDER = Event(type="OrderCreated", version="1", id="evt-1", key="o-1", value={"orderId": "o-1", "total": 5})


def test_an_order_is_confirmed_and_not_rejected(kafka: Kafka) -> None:
    with Probe(bootstrap_servers=kafka.bootstrap_servers) as probe, probe.session(MAIN_JOB) as session:
        with stub_service(kafka.bootstrap_servers):
            ack = session.produce_event("orders", ORDER)
            assert (ack.topic, ack.id) == ("orders", "evt-1")

            own = session.expect_event("orders", id="evt-1", own=True)
            fetched = session.fetch_consumed_event("orders", "evt-1")
            assert fetched.found
            assert fetched.event == own
            assert own.value == {"orderId": "o-1", "total": 5}

            answer = session.expect_event(
                "confirmations", type="OrderConfirmed", id="evt-1", value={"status": "CONFIRMED"}, within=10.0
            )
            assert not answer.own
            assert answer.test_id == session.test_id

            verdict = session.expect_none("rejections", after=ack, within=0.5)
            assert verdict.events == []
            assert all(partition.to == partition.end for partition in verdict.coverage.values())


@pytest.mark.asyncio
async def test_an_order_is_confirmed_and_not_rejected_in_asyncio(kafka: Kafka) -> None:
    async with (
        AsyncProbe(bootstrap_servers=kafka.bootstrap_servers) as probe,
        probe.session(MAIN_JOB) as session,
    ):
        with stub_service(kafka.bootstrap_servers):
            mark = await session.mark()
            await session.produce_event("orders", ORDER)
            own = await session.expect_event("orders", id="evt-1", own=True)
            fetched = await session.fetch_consumed_event("orders", "evt-1")
            assert fetched.event == own
            answer = await session.expect_event(
                "confirmations", type="OrderConfirmed", id="evt-1", within=10.0
            )
            assert answer.value == {"orderId": "o-1", "status": "CONFIRMED"}
            verdict = await session.expect_none("rejections", after=mark, within=0.5)
            assert verdict.events == []


def test_that_nothing_came_is_not_known_while_the_broker_is_stopped(own_kafka: Kafka) -> None:
    with Probe(bootstrap_servers=own_kafka.bootstrap_servers) as probe, probe.session(MAIN_JOB) as session:
        own_kafka.stop(1)
        with pytest.raises(Inconclusive) as caught:
            session.expect_none("rejections", within=0.5)
        assert caught.value.code is ErrorCode.NOT_COVERED
        assert not isinstance(caught.value, AssertionError)
        own_kafka.cont(1)
