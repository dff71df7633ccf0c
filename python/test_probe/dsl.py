"""The static DSL: verbs by test id, for step libraries that have nothing else.

dsl.register_system(probe)
dsl.produce_event(test_id, "orders", Event(type="OrderCreated", id="evt-1", value={}))
dsl.fetch_consumed_event(test_id, "orders", "evt-1")
"""

from __future__ import annotations

from . import _native, _verbs
from ._engine import ProbeBase
from ._events import ConsumedAck, ConsumedNack, Event, ProducedAck, ProducedNack
from .errors import invalid_argument

__all__ = ["fetch_consumed_event", "produce_event", "register_system"]


def register_system(probe: ProbeBase) -> None:
    """Registers the probe that the static DSL means, blocking or awaitable; it replaces another."""
    if not isinstance(probe, ProbeBase):
        raise invalid_argument(f"`probe` was `{probe!r}`, not a Probe")
    _native.dsl_register(probe._engine.native)


def produce_event(test_id: str, topic: str, event: Event) -> ProducedAck | ProducedNack:
    """Produces an event as a test, and returns the acknowledgement or a ProducedNack."""
    call = _verbs.try_produce_event(topic, event)
    session = _native.dsl_session(test_id, topic, True)
    return call.read(session.run(call.document, call.key, call.value, call.headers))


def fetch_consumed_event(test_id: str, topic: str, event_test_id: str) -> ConsumedAck | ConsumedNack:
    """Returns a test's first consumed event of this id, or why there is none, at once."""
    call = _verbs.fetch_consumed_event(topic, event_test_id)
    return call.read(_native.dsl_session(test_id, topic, False).run(call.document))
