"""What a probe is, however its verbs are run: configuration, clusters, the end of a process."""

from __future__ import annotations

import atexit
import json
import os
import warnings
import weakref
from collections.abc import Mapping
from datetime import timedelta
from typing import Any, TypeVar, Union

import test_probe

from . import _native, _verbs
from ._clusters import Cluster, EmbeddedCluster, EmbeddedRegistry
from ._convert import DirectivesInput, Within, dumps, millis
from ._wake import WakeUps
from .codes import ErrorCode
from .errors import UsageError, invalid_argument

ABI = 2
"""The shape of the native module that this package is written for."""

_FOUND = (getattr(_native, "__version__", "of no version"), getattr(_native, "ABI", "none"))
if (test_probe.__version__, ABI) != _FOUND:
    raise ImportError(
        f"test_probe {test_probe.__version__} (ABI {ABI}) found the native module "
        f"{_FOUND[0]} (ABI {_FOUND[1]}); "
        "install the distribution test-probe anew",
        name="test_probe._native",
    )

ConfigInput = Union[str, "os.PathLike[str]", Mapping[str, Any], None]
"""Configuration: the path of a file, YAML text (it has a newline), or a dict."""

P = TypeVar("P", bound="ProbeBase")


class Directives:
    """Topic directives, apart from a session."""

    @staticmethod
    def validate(directives: DirectivesInput) -> None:
        """Returns when they are valid, else raises every problem at once, before anything connects."""
        _native.validate(_verbs.opening(directives, None))


class Config:
    """Configuration, apart from a probe."""

    @staticmethod
    def validate(
        config: ConfigInput = None,
        *,
        bootstrap_servers: str | None = None,
        schema_registry_url: str | None = None,
        file: str | None = None,
        variables: Mapping[str, str] | None = None,
    ) -> dict[str, Any]:
        """Returns what a probe would be configured with, else raises every problem at once.

        Nothing is opened. The first three are those of `Probe`. `file` is a text in place of any file,
        `variables` are in place of the environment. In what is returned everything is written out, and
        what may hold a secret is `***`.
        """
        explicit, path = _layers(config, bootstrap_servers, schema_registry_url)
        given = None if variables is None else dumps(variables, "the variables")
        found: dict[str, Any] = json.loads(_native.validate_config(explicit, path, file, given))
        return found


class Engine:
    """The native probe of this process, shared by blocking and awaitable sessions."""

    def __init__(
        self, config: ConfigInput, bootstrap_servers: str | None, schema_registry_url: str | None
    ) -> None:
        explicit, file = _layers(config, bootstrap_servers, schema_registry_url)
        self.native = _native.Probe(explicit, file)
        self.wake_ups = WakeUps(self.native)
        self.closed = False
        self._pid = os.getpid()
        _alive.add(self)

    @property
    def usable(self) -> bool:
        """Whether there is anything to close: not after close, and not in a forked child."""
        return not self.closed and self._pid == os.getpid()

    def close(self, timeout: Within | None) -> None:
        """Wakes every waiter and stops everything, in bounded time; twice does nothing more."""
        timeout_ms = None if timeout is None else millis(timeout, "timeout")
        self.closed = True
        _alive.discard(self)
        self.native.close(timeout_ms)

    def ask_timeout(self) -> timedelta:
        """Returns how long a question may take, as configured."""
        return timedelta(milliseconds=self.info()["ask_timeout_ms"])

    def info(self) -> dict[str, Any]:
        """Returns what the engine knows of itself."""
        found: dict[str, Any] = json.loads(self.native.info())
        return found

    def cluster(self, name: str) -> Cluster:
        """Returns where a cluster is."""
        return Cluster(**self._about(name))

    def embedded_cluster(self, name: str) -> EmbeddedCluster:
        """Returns a cluster in this process, to make it fail on purpose."""
        about = self._about(name)
        if about["cluster_id"] is None:
            raise UsageError(
                ErrorCode.UNKNOWN_CLUSTER,
                f"cluster `{name}` was not embedded",
                hint="only clusters with `embedded:` in the configuration have faults and brokers to stop",
                context={"cluster": name},
            )
        return EmbeddedCluster(**about, _native=self.native)

    def embedded_registry(self, cluster: str) -> EmbeddedRegistry:
        """Returns the schema registry of a cluster, to make it fail on purpose."""
        # The engine knows whether it is one of this process.
        self.native.embedded_control(cluster, json.dumps({"do": "faults", "registry": {}}))
        return EmbeddedRegistry(cluster, self._about(cluster)["schema_registry_url"], self.native)

    def _about(self, name: str) -> dict[str, Any]:
        clusters = self.info()["clusters"]
        if name not in clusters:
            raise UsageError(
                ErrorCode.UNKNOWN_CLUSTER,
                f"cluster `{name}` was not in the configuration",
                hint=f"known clusters: {', '.join(f'`{known}`' for known in sorted(clusters))}",
                context={"cluster": name},
            )
        found = clusters[name]
        return {
            "name": name,
            "bootstrap_servers": found["bootstrap_servers"],
            "schema_registry_url": found["schema_registry_url"],
            "listeners": found.get("listeners", {}),
            "certificate_authority": found.get("certificate_authority"),
            "cluster_id": found.get("cluster_id"),
        }


class ProbeBase:
    """What blocking and awaitable probes have in common.

    `config` is the path of a configuration file, YAML text (it has a newline), or a dict; text and
    dict go over the environment, and the other two go over file and dict. With nothing given, the file
    `test-probe.yaml` and the environment say where Kafka is, else it is `localhost:9092`. Nothing
    connects before a session asks for it.
    """

    def __init__(
        self,
        config: ConfigInput = None,
        *,
        bootstrap_servers: str | None = None,
        schema_registry_url: str | None = None,
    ) -> None:
        self._engine = Engine(config, bootstrap_servers, schema_registry_url)

    @classmethod
    def embedded(cls: type[P], brokers: int = 1, **config: Any) -> P:
        """Starts a probe whose default cluster is a Kafka in this process, gone when the probe closes.

        `config` are sections of the configuration, as `dsl={"within": "2s"}`; more of the cluster itself
        goes into `kafka={"embedded": {...}}`, which is the section `embedded:` of a configuration file.
        """
        sections = {name.replace("_", "-"): section for name, section in config.items()}
        kafka = sections.get("kafka", {})
        embedded = {"brokers": brokers, **kafka.get("embedded", {})}
        return cls({**sections, "kafka": {**kafka, "embedded": embedded}})

    @property
    def bootstrap_servers(self) -> str:
        """Where a system under test connects: the default cluster's servers."""
        return self.cluster("default").bootstrap_servers

    @property
    def schema_registry_url(self) -> str | None:
        """The default cluster's schema registry."""
        return self.cluster("default").schema_registry_url

    def cluster(self, name: str) -> Cluster:
        """Returns where a named cluster is."""
        return self._engine.cluster(name)

    def info(self) -> dict[str, Any]:
        """Returns what the engine knows of itself, now; no secrets.

        `clusters` by name, with `schema_registry` once it was asked (its `circuit` is `closed`, `open` or
        `half-open`); `decode_errors` are `{cluster, topic, error_type, count, first}`: how many records
        sessions could not read, and what was wrong with the first of each kind; `sessions`, `topics`,
        `warnings`, `version`.
        """
        return self._engine.info()

    def embedded_cluster(self, name: str = "default") -> EmbeddedCluster:
        """Returns an embedded cluster, to inject faults, stop brokers, move leaders and see requests."""
        return self._engine.embedded_cluster(name)

    def embedded_registry(self, cluster: str = "default") -> EmbeddedRegistry:
        """Returns a cluster's schema registry in this process, to inject faults and see requests."""
        return self._engine.embedded_registry(cluster)

    def __del__(self) -> None:
        engine = getattr(self, "_engine", None)
        if engine is not None and not engine.closed and engine in _alive:
            warnings.warn(f"unclosed {self!r}", ResourceWarning, source=self, stacklevel=2)


class SessionBase:
    """What blocking and awaitable sessions have in common."""

    def __init__(self, engine: Engine, native: _native.Session) -> None:
        self._engine = engine
        self._native = native
        self._closed = False
        self._test_id = native.test_id

    @property
    def test_id(self) -> str:
        """The test id; a fresh one unless one was given."""
        return self._test_id

    def trace_headers(self) -> dict[str, str]:
        """Returns the headers of a trigger outside Kafka, as a REST call."""
        return dict(self._native.trace_headers())

    def __repr__(self) -> str:
        return f"<{type(self).__module__}.{type(self).__qualname__} {self._test_id}>"

    def __del__(self) -> None:
        engine = getattr(self, "_engine", None)
        if engine is not None and not self._closed and not engine.closed and engine in _alive:
            warnings.warn(f"unclosed {self!r}", ResourceWarning, source=self, stacklevel=2)


def _layers(
    config: ConfigInput, bootstrap_servers: str | None, schema_registry_url: str | None
) -> tuple[str | None, str | None]:
    """Returns the explicit document and the file, where there is one."""
    given = {"bootstrap-servers": bootstrap_servers, "schema-registry-url": schema_registry_url}
    kafka = {key: value for key, value in given.items() if value is not None}
    if isinstance(config, str) and "\n" in config:
        if kafka:
            raise invalid_argument("servers were given beside a configuration text", "say it in the text")
        return config, None
    if config is None or isinstance(config, (str, os.PathLike)):
        explicit: Mapping[str, Any] = {"kafka": kafka} if kafka else {}
        file = None if config is None else os.fspath(config)
        return (dumps(explicit, "the configuration") if explicit else None), file
    if kafka:
        content = config.get("test-probe", config)
        config = {**content, "kafka": {**content.get("kafka", {}), **kafka}}
    return dumps(config, "the configuration"), None


# --- the end of a process, and the beginning of a forked one ----------------------------------

_alive: weakref.WeakSet[Engine] = weakref.WeakSet()


def _at_exit() -> None:
    engines = list(_alive)
    _alive.clear()
    for engine in engines:
        engine.closed = True
    _native.shut_down([engine.native for engine in engines])


def _in_a_forked_child() -> None:
    _native.after_fork()
    for engine in list(_alive):
        engine.wake_ups.forget()
    _alive.clear()


atexit.register(_at_exit)
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_in_a_forked_child)
