"""The features that every language runs, under pytest-bdd."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import pytest
from parity import Parity
from pytest_bdd import given, step
from pytest_bdd.parser import Scenario
from service import running
from vocabulary import OWN_STEPS, OwnStep, Vocabulary

from test_probe.steps.pytest_bdd import expression
from test_probe.steps.world import World

pytest_plugins = ["test_probe.steps.pytest_bdd"]


@given("the service is running")
def service_is_running(probe_world: World) -> Iterator[None]:
    with running(probe_world.probe.bootstrap_servers):
        yield


@pytest.fixture
def vocabulary(probe_world: World) -> Iterator[Vocabulary]:
    made = Vocabulary(probe_world)
    yield made
    made.close()


def bind(own: OwnStep) -> Callable[..., None]:
    def run(
        vocabulary: Vocabulary,
        arguments: Sequence[Any],
        docstring: str | None = None,
        datatable: Sequence[Sequence[str]] | None = None,
    ) -> None:
        vocabulary.run(own, arguments, docstring, datatable)

    return run


for own in OWN_STEPS:
    step(expression(own.text))(bind(own))


def pytest_bdd_before_scenario(request: pytest.FixtureRequest, scenario: Scenario) -> None:
    example = request.getfixturevalue("_pytest_bdd_example")
    request.node.user_properties.append(("place", (scenario.feature.filename, scenario.line_number, example)))


PARITY = Parity("python")


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    place = dict(report.user_properties).get("place")
    if report.when == "call" and place:
        PARITY.add(*place, passed=report.passed)


def pytest_sessionfinish(session: pytest.Session) -> None:
    if not hasattr(session.config, "workerinput"):
        PARITY.write()
