"""Test systems that talk over Kafka: send an event in, and show what came out.

    from test_probe import Event, Probe

    with Probe(bootstrap_servers="localhost:9092") as probe, probe.session("topics.yaml") as session:
        session.produce_event("orders", Event(type="OrderCreated", id="evt-1", value={"total": 5}))
        session.expect_event("confirmations", type="OrderConfirmed", id="evt-1", within=5.0)

`test_probe.aio` has the same verbs, awaitable. The native module is loaded when a probe is first
asked for, so that the pytest plugin costs nothing where it is not used.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from . import errors
from ._events import (
    ConsumedAck,
    ConsumedNack,
    Event,
    Fish,
    Headers,
    Mark,
    Match,
    PartitionCoverage,
    Preflight,
    PreflightFinding,
    ProbeWarning,
    ProducedAck,
    ProducedNack,
    ReceivedEvent,
    Verdict,
    VerdictWarning,
)
from .codes import ErrorCode
from .errors import ProbeError

if TYPE_CHECKING:
    from ._clusters import Broker, Cluster, EmbeddedCluster, EmbeddedRegistry, RegistryRequest, RequestSeen
    from ._engine import Config, Directives
    from ._sync import Probe, Session

__all__ = [
    "Broker",
    "Cluster",
    "Config",
    "ConsumedAck",
    "ConsumedNack",
    "Directives",
    "EmbeddedCluster",
    "EmbeddedRegistry",
    "ErrorCode",
    "Event",
    "Fish",
    "Headers",
    "Mark",
    "Match",
    "PartitionCoverage",
    "Preflight",
    "PreflightFinding",
    "Probe",
    "ProbeError",
    "ProbeWarning",
    "ProducedAck",
    "ProducedNack",
    "ReceivedEvent",
    "RegistryRequest",
    "RequestSeen",
    "Session",
    "Verdict",
    "VerdictWarning",
    "errors",
]

__version__ = "0.1.0"

_NATIVE = {
    "Probe": "._sync",
    "Session": "._sync",
    "Config": "._engine",
    "Directives": "._engine",
    "Broker": "._clusters",
    "Cluster": "._clusters",
    "EmbeddedCluster": "._clusters",
    "EmbeddedRegistry": "._clusters",
    "RegistryRequest": "._clusters",
    "RequestSeen": "._clusters",
}


def __getattr__(name: str) -> Any:
    if name not in _NATIVE:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(importlib.import_module(_NATIVE[name], __name__), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
