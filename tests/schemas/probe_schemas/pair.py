"""A Kafka and its registry, real or embedded, and our engine on them."""

from __future__ import annotations

import json
import os
import subprocess
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import foreign
from kafka import Kafka
from registry import Registry

from . import rest
from .confluent import Service
from .shapes import Shape

ROOT = Path(__file__).resolve().parents[3]
COMMAND = os.environ.get("TEST_PROBE_BIN", str(ROOT / "target/debug/test-probe"))
SECONDS = 20.0


@dataclass(frozen=True)
class Pair:
    """Where clients connect, and what the registry has."""

    bootstrap_servers: str
    registry_url: str
    registry: Registry | None = None
    """The real registry, to be stopped."""
    guids: bool = True
    """Whether schemas have a GUID."""
    serialized_descriptors: bool = True
    """Whether it answers `format=serialized`."""

    def topic(self, word: str = "orders") -> str:
        """Makes a topic of one partition; returns its name."""
        name = f"{word}-{uuid.uuid4()}"
        foreign.create_topic(self.bootstrap_servers, name)
        return name

    def register(self, subject: str, shape: Shape) -> int:
        """Registers the schema of a shape; returns its id."""
        return rest.register(self.registry_url, subject, shape.type, shape.text, shape.references)

    def service(self) -> Service:
        return Service(self.bootstrap_servers, self.registry_url, self.serialized_descriptors)


@contextmanager
def real() -> Iterator[Pair]:
    """A real Kafka and a real registry."""
    with Kafka() as kafka, Registry() as registry:
        yield Pair(
            kafka.bootstrap_servers,
            registry.url,
            registry,
            guids=False,
            serialized_descriptors=False,
        )


@contextmanager
def embedded() -> Iterator[Pair]:
    """The embedded Kafka with its registry, in a process of their own."""
    words = ["cluster", "up", "--format", "json", "--until-stdin-closes"]
    with subprocess.Popen([COMMAND, *words], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin and process.stdout
        said = json.loads(process.stdout.readline())
        try:
            yield Pair(said["bootstrap_servers"], said["schema_registry_url"])
        finally:
            process.stdin.close()
            assert process.wait(SECONDS) == 0
