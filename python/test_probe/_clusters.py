"""Clusters as a test sees them: where they are, and what may be done to those in this process."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any, Literal, TypedDict, Union

if TYPE_CHECKING:
    from . import _native

SimpleFault = Literal["disconnect", "disconnect-after", "silence", "corrupt-batch"]


class ErrorFault(TypedDict):
    error: str | int


ErrorAfterFault = TypedDict("ErrorAfterFault", {"error-after": Union[str, int]})
DelayFault = TypedDict("DelayFault", {"delay-ms": int})
ThrottleFault = TypedDict("ThrottleFault", {"throttle-ms": int})
FaultAction = Union[SimpleFault, ErrorFault, ErrorAfterFault, DelayFault, ThrottleFault]
"""What a fault does: `"disconnect"`, `{"error": "NOT_LEADER_OR_FOLLOWER"}`, `{"delay-ms": 50}`, ..."""


class StatusFault(TypedDict):
    status: int


RegistryFaultAction = Union[Literal["disconnect", "silence"], StatusFault, DelayFault]
"""What a fault of a schema registry does, as `{"status": 503}`."""


@dataclass(frozen=True)
class Cluster:
    """Where a system under test connects."""

    name: str
    bootstrap_servers: str
    schema_registry_url: str | None
    listeners: Mapping[str, str]
    """The servers by security protocol, as `{"SASL_SSL": "127.0.0.1:9093"}`; empty unless embedded."""
    certificate_authority: str | None
    """What clients of the TLS listeners trust (PEM); none without them."""
    cluster_id: str | None
    """The id that clients see; none unless embedded."""


@dataclass(frozen=True)
class Broker:
    """One broker of an embedded cluster."""

    id: int
    address: str
    up: bool


@dataclass(frozen=True)
class RequestSeen:
    """One request as a broker saw it."""

    at: datetime
    broker: int
    api: str
    version: int
    client_id: str
    peer: str
    topics: tuple[str, ...]
    outcome: str
    """`waiting`, `answered`, `faulted`, `closed`, or the name of the error that was answered."""
    took: timedelta | None


@dataclass(frozen=True)
class EmbeddedCluster(Cluster):
    """A Kafka in this process, which fails on purpose when it is asked to."""

    _native: _native.Probe = field(repr=False, compare=False)

    def inject(
        self,
        then: FaultAction,
        *,
        api: str | None = None,
        topic: str | None = None,
        partition: int | None = None,
        client_id: str | None = None,
        broker: int | None = None,
        times: int | None = None,
        after: int | None = None,
        probability: float | None = None,
    ) -> int:
        """Makes requests fail that have all of what is named; returns the fault's id.

        It strikes until it is cleared, or `times` times, the first `after` requests left out.
        """
        fault = {
            "api": api,
            "topic": topic,
            "partition": partition,
            "client-id": client_id,
            "broker": broker,
            "times": times,
            "after": after,
            "probability": probability,
            "then": then,
        }
        given = {key: value for key, value in fault.items() if value is not None}
        return int(self._do("inject", fault=given)["id"])

    def clear(self, fault: int | None = None) -> bool:
        """Ends a fault, or all; returns whether it could still strike."""
        return bool(self._do("clear", **({} if fault is None else {"id": fault}))["cleared"])

    def requests(
        self,
        api: str | None = None,
        *,
        topic: str | None = None,
        client_id: str | None = None,
        limit: int | None = None,
    ) -> list[RequestSeen]:
        """Returns what the brokers were asked, the latest requests in their order."""
        filters = {"api": api, "topic": topic, "client-id": client_id, "limit": limit}
        given = {key: value for key, value in filters.items() if value is not None}
        return [_request(seen) for seen in self._do("requests", **given)["requests"]]

    def stop_broker(self, broker: int) -> None:
        """Stops a broker as if it had died; what it led is led by others, if there are replicas."""
        self._do("stop-broker", broker=broker)

    def start_broker(self, broker: int) -> None:
        """Starts a broker that was stopped, where it was."""
        self._do("start-broker", broker=broker)

    def move_leader(self, topic: str, partition: int, broker: int) -> None:
        """Makes another replica the leader of a partition, in a new leader epoch."""
        self._do("move-leader", topic=topic, partition=partition, broker=broker)

    def brokers(self) -> list[Broker]:
        """Returns the brokers, in the order of their ids."""
        return [Broker(**broker) for broker in self._do("brokers")["brokers"]]

    def _do(self, what: str, **more: Any) -> Any:
        command = json.dumps({"do": what, **more})
        return json.loads(self._native.embedded_control(self.name, command))


@dataclass(frozen=True)
class RegistryRequest:
    """One request as an embedded schema registry saw it."""

    at: datetime
    method: str
    path: str
    """As it came, with the query."""
    client: str
    """What the client calls itself (`User-Agent`)."""
    status: int | None
    """The HTTP status of the answer; none while there is no answer, or when a fault kept it back."""
    faulted: bool


@dataclass(frozen=True)
class EmbeddedRegistry:
    """A schema registry in this process, which fails on purpose when it is asked to."""

    cluster: str
    url: str
    _native: _native.Probe = field(repr=False, compare=False)

    def inject(
        self,
        then: RegistryFaultAction,
        *,
        method: str | None = None,
        path: str | None = None,
        times: int | None = None,
        after: int | None = None,
    ) -> int:
        """Makes requests fail, those of a method and those whose path begins so; returns the fault's id.

        It strikes until it is cleared, or `times` times, the first `after` requests left out.
        """
        fault = {"method": method, "path": path, "times": times, "after": after, "then": then}
        return int(self._do("inject", fault)["id"])

    def clear(self, fault: int | None = None) -> bool:
        """Ends a fault, or all; returns whether it could still strike."""
        return bool(self._do("clear", {"id": fault})["cleared"])

    def requests(
        self, method: str | None = None, path: str | None = None, *, limit: int | None = None
    ) -> list[RegistryRequest]:
        """Returns what the registry was asked, the latest last; `path` is how theirs begins."""
        told = self._do("requests", {"method": method, "path": path, "limit": limit})["requests"]
        return [_registry_request(seen) for seen in told]

    def forget_requests(self) -> None:
        """Forgets what the registry was asked."""
        self._do("forget-requests", {})

    def _do(self, what: str, more: Mapping[str, Any]) -> Any:
        given = {key: value for key, value in more.items() if value is not None}
        command = json.dumps({"do": what, "registry": given})
        return json.loads(self._native.embedded_control(self.cluster, command))


def _registry_request(seen: Mapping[str, Any]) -> RegistryRequest:
    at = datetime.fromtimestamp(seen["at-ms"] / 1000, timezone.utc)
    more = {key: seen[key] for key in ("method", "path", "client", "status", "faulted")}
    return RegistryRequest(at=at, **more)


def _request(seen: Mapping[str, Any]) -> RequestSeen:
    outcome, took = seen["outcome"], seen["took-us"]
    return RequestSeen(
        at=datetime.fromtimestamp(seen["at-ms"] / 1000, timezone.utc),
        broker=seen["broker"],
        api=seen["api"],
        version=seen["version"],
        client_id=seen["client-id"],
        peer=seen["peer"],
        topics=tuple(seen["topics"]),
        outcome=outcome if isinstance(outcome, str) else outcome["error"],
        took=None if took is None else timedelta(microseconds=took),
    )
