"""The pairs of Kafka and registry on which everything runs, and the services beside them."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent))

from probe_schemas import java, pair
from probe_schemas.confluent import Service
from probe_schemas.pair import Pair


@pytest.fixture(scope="session")
def real() -> Iterator[Pair]:
    with pair.real() as one:
        yield one


@pytest.fixture(scope="session")
def service(real: Pair) -> Service:
    """A service in Python on the real pair."""
    return real.service()


@pytest.fixture(scope="session")
def program(real: Pair) -> Iterator[java.Service]:
    """A service in Java on the real pair."""
    with java.Service(real.bootstrap_servers, real.native_url) as one:
        yield one
