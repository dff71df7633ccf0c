"""The steps for pytest-bdd. In the conftest.py beside the configuration of pytest:

    pytest_plugins = ["test_probe.steps.pytest_bdd"]

The default probe is the fixture `probe`. Steps of users take the fixture `probe_world`: its `session` is
the one of the scenario. `expression` makes a Cucumber Expression of a step's text.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import pytest
from cucumber_expressions.expression import CucumberExpression
from cucumber_expressions.parameter_type_registry import ParameterTypeRegistry
from pytest_bdd import step
from pytest_bdd.parser import Step
from pytest_bdd.parsers import StepParser

from ..errors import ProbeError
from . import world
from ._expressions import probe_duration
from .probes import Probes
from .world import World

_TYPES = ParameterTypeRegistry()
_TYPES.define_parameter_type(probe_duration())

_WORLD = pytest.StashKey[World]()
"""The world of a scenario that used one."""


class expression(StepParser):
    """A Cucumber Expression; the step function gets the values of its parameters as `arguments`."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self._expression = CucumberExpression(name, _TYPES)

    def is_matching(self, name: str) -> bool:
        """Returns whether a step has this text."""
        return self._expression.match(name) is not None

    def parse_arguments(self, name: str) -> dict[str, Any] | None:
        """Returns the values of the parameters."""
        found = self._expression.match(name)
        return None if found is None else {"arguments": tuple(argument.value for argument in found)}


@pytest.fixture(scope="session")
def probes_of_steps() -> Iterator[Probes]:
    """The probes that steps name."""
    probes = Probes()
    yield probes
    probes.close()


@pytest.fixture
def probe_world(request: pytest.FixtureRequest, probes_of_steps: Probes) -> Iterator[World]:
    """What the steps of a scenario share; `probe_world.session` is its session."""
    made = World(lambda: request.getfixturevalue("probe"), probes_of_steps)
    request.node.stash[_WORLD] = made
    yield made
    made.end()


def pytest_bdd_before_step_call(request: pytest.FixtureRequest, step: Step) -> None:
    """Begins a step, also one of the user's."""
    if (used := request.node.stash.get(_WORLD, None)) is not None:
        used.begin(step.name)


def pytest_bdd_after_scenario(request: pytest.FixtureRequest) -> None:
    """Ends the scenario's world; what a step kept fails the scenario."""
    if (used := request.node.stash.get(_WORLD, None)) is None:
        return
    if sys.exc_info()[0] is None:
        used.end()
        return
    try:  # the scenario failed already: the first failure stays the one that is told
        used.end()
    except ProbeError as error:
        request.node.add_report_section("call", "test-probe", str(error))


def _bind(bound: world.Step) -> Callable[..., None]:
    def run(
        probe_world: World,
        arguments: Sequence[Any],
        docstring: str | None = None,
        datatable: Sequence[Sequence[str]] | None = None,
    ) -> None:
        probe_world.run(bound, arguments, docstring, datatable)

    return run


for _step in world.STEPS:
    step(expression(_step.text))(_bind(_step))
