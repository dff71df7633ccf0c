"""The pairs of Kafka and registry on which everything runs, and the services beside them."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent))

from test_probe import Probe

from probe_schemas import java, pair
from probe_schemas.confluent import Service
from probe_schemas.pair import Pair
from probe_schemas.shapes import SHAPES, Shape


@pytest.fixture(scope="session")
def real() -> Iterator[Pair]:
    with pair.real() as one:
        yield one


@pytest.fixture(scope="session")
def embedded() -> Iterator[Pair]:
    with pair.embedded() as one:
        yield one


@pytest.fixture(params=["embedded", "real"])
def kafka(request: pytest.FixtureRequest) -> Pair:
    """Both pairs, one after the other."""
    one: Pair = request.getfixturevalue(request.param)
    return one


@pytest.fixture
def service(kafka: Pair) -> Service:
    """A service in Python on whichever pair it is."""
    return kafka.service()


@pytest.fixture(scope="session")
def probes() -> Iterator[Callable[[Pair], Probe]]:
    """Our engine on a pair, one for all tests on it."""
    with ExitStack() as stack:
        opened: dict[str, Probe] = {}

        def open_(one: Pair) -> Probe:
            if one.bootstrap_servers not in opened:
                probe = Probe(bootstrap_servers=one.bootstrap_servers, schema_registry_url=one.registry_url)
                opened[one.bootstrap_servers] = stack.enter_context(probe)
            return opened[one.bootstrap_servers]

        yield open_


@pytest.fixture
def probe(kafka: Pair, probes: Callable[[Pair], Probe]) -> Probe:
    """Our engine on whichever pair it is."""
    return probes(kafka)


@pytest.fixture(params=SHAPES)
def shape(request: pytest.FixtureRequest) -> Shape:
    return SHAPES[request.param]


@pytest.fixture(scope="session")
def program(real: Pair) -> Iterator[java.Service]:
    """A service in Java on the real pair."""
    assert real.registry
    with java.Service(real.bootstrap_servers, real.registry.native_url) as one:
        yield one
