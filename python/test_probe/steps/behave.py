"""The steps for behave. In features/environment.py:

    from test_probe.steps.behave import *

registers the steps and brings the hooks `before_step` and `after_scenario`; an environment with hooks of
its own imports the module and calls them there. The default probe is that of `-D probe_config=FILE`, or of
the environment. Steps of users take `world_of(context)`: its `session` is the one of the scenario.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

from behave import step
from behave.api.step_matchers import use_default_step_matcher
from behave.cucumber_expression import define_parameter_type, use_step_matcher_for_cucumber_expressions
from behave.model import Scenario, Step
from behave.runner import Context

from .._default import open_default
from .._sync import Probe
from ..errors import ProbeError
from . import world
from ._expressions import probe_duration
from .probes import Probes
from .world import World

__all__ = ["after_scenario", "before_step", "world_of"]

_PROBES = Probes()


def world_of(context: Context) -> World:
    """Returns what the steps of the running scenario share; `session` is its session."""
    if "probe_world" not in context:
        made = World(lambda: _PROBES.once("default", lambda: _default(context)), _PROBES)
        # Also without the hooks nothing that a step kept passes, and every probe is closed.
        context.add_cleanup(made.end, layer="scenario")
        context.add_cleanup(_PROBES.close, layer="testrun")
        context.probe_world = made
    used: World = context.probe_world
    return used


def before_step(context: Context, step: Step) -> None:
    """Begins a step, also one of the user's."""
    if "probe_world" in context:
        world_of(context).begin(step.name)


def after_scenario(context: Context, scenario: Scenario) -> None:
    """Ends the scenario's world; what a step kept fails the scenario."""
    if "probe_world" not in context:
        return
    if not scenario.status.has_failed():
        world_of(context).end()
        return
    try:  # the scenario failed already: the first failure stays the one that is told
        world_of(context).end()
    except ProbeError as error:
        print(f"test-probe: {error}")


def _default(context: Context) -> Probe:
    probe, said = open_default(context.config.userdata.get("probe_config"))
    if said is not None:
        print(said, file=sys.__stderr__)  # behave captures the other one
    return probe


def _bind(bound: world.Step) -> Callable[..., None]:
    def run(context: Context, *arguments: Any) -> None:
        table = context.table
        rows = None if table is None else [table.headings, *(row.cells for row in table.rows)]
        doc_string = None if context.text is None else str(context.text)
        world_of(context).run(bound, arguments, doc_string, rows)

    return run


def _register() -> None:
    use_step_matcher_for_cucumber_expressions()
    try:
        for bound in world.STEPS:
            step(bound.text)(_bind(bound))
    finally:
        use_default_step_matcher()


define_parameter_type(probe_duration())
_register()
