"""A registry for all tests, and a subject of its own for each."""

from __future__ import annotations

import itertools
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from confluent_kafka.schema_registry import SchemaRegistryClient

sys.path.insert(0, str(Path(__file__).resolve().parent))

import servers

COUNTER = itertools.count(1)


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line(
        "markers", "fact(name): what the test shows of Confluent's registry, as servers.py calls it"
    )


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    differences = servers.DIFFERENCES.get(servers.kind(), {})
    for item in items:
        for mark in item.iter_markers("fact"):
            if mark.args[0] in differences:
                item.add_marker(pytest.mark.xfail(reason=differences[mark.args[0]], strict=True))


@pytest.fixture(scope="session")
def server() -> Iterator[servers.Server]:
    with servers.started() as server:
        yield server


@pytest.fixture
def client(server: servers.Server) -> SchemaRegistryClient:
    return SchemaRegistryClient({"url": server.url})


@pytest.fixture
def subject(request: pytest.FixtureRequest) -> str:
    """A name that no other test has."""
    name = re.sub(r"[^a-z0-9]+", "-", request.node.name.lower())
    return f"{name}-{next(COUNTER)}"
