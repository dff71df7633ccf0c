"""A Kafka and its registry, real or embedded, and our engine on them."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import foreign
from kafka import Kafka
from registry import Registry

from . import rest
from .confluent import Service
from .shapes import Shape


@dataclass(frozen=True)
class Pair:
    """Where clients connect, and what the registry has."""

    bootstrap_servers: str
    registry_url: str
    native_url: str = ""
    """Apicurio's own interface; empty where there is none."""
    guids: bool = True
    """Whether schemas have a GUID."""
    serialized_descriptors: bool = True
    """Whether it answers `format=serialized`."""

    def topic(self, word: str = "orders") -> str:
        """Makes a topic of one partition; returns its name."""
        name = f"{word}-{uuid.uuid4()}"
        foreign.create_topic(self.bootstrap_servers, name)
        return name

    def register(self, subject: str, shape: Shape, references: Any = ()) -> int:
        return rest.register(self.registry_url, subject, shape.type, shape.text, references)

    def service(self) -> Service:
        return Service(self.bootstrap_servers, self.registry_url, self.serialized_descriptors)


@contextmanager
def real() -> Iterator[Pair]:
    """A real Kafka and a real registry."""
    with Kafka() as kafka, Registry() as registry:
        yield Pair(
            kafka.bootstrap_servers,
            registry.url,
            registry.native_url,
            guids=False,
            serialized_descriptors=False,
        )
