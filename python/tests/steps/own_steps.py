"""Steps as a user has them, for both runners."""

from __future__ import annotations

from confluent_kafka import Producer

from test_probe.steps.world import World


def session_is_seen(world: World) -> None:
    assert [event.id for event in world.session.journal("orders")] == ["evt-1"]


def found_last(world: World, event_id: str) -> None:
    assert world._found["orders"].id == event_id


def stranger_produces(world: World, event_type: str, topic: str) -> None:
    producer = Producer({"bootstrap.servers": world.probe.bootstrap_servers})
    producer.produce(topic, value=b"{}", headers={"ce_type": event_type})
    assert producer.flush(30) == 0


def nothing(world: World) -> None:
    assert world._probe is None


def must_not_run(world: World) -> None:
    raise AssertionError("it was run")


OWN = {
    "the session is seen by a step of the user's": session_is_seen,
    "the event found last was {string}": found_last,
    "a stranger produces an {string} event to topic {string}": stranger_produces,
    "a step of the user's does nothing": nothing,
    "a step of the user's must not run": must_not_run,
}
