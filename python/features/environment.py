"""The features that every language runs, under behave."""

from __future__ import annotations

from behave.model import Scenario, Step
from behave.runner import Context
from parity import Parity

from test_probe.steps import behave as probe_steps

PARITY = Parity("behave")


def before_step(context: Context, step: Step) -> None:
    probe_steps.before_step(context, step)


def after_scenario(context: Context, scenario: Scenario) -> None:
    probe_steps.after_scenario(context, scenario)


def after_feature(context: Context, feature: object) -> None:
    for scenario in feature.walk_scenarios():
        PARITY.add(scenario.filename, scenario.line, {}, passed=scenario.status.name == "passed")


def after_all(context: Context) -> None:
    PARITY.write()
