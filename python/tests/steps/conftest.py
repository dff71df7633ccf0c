"""The steps of the package under pytest-bdd, and those of a user."""

from __future__ import annotations

from own_steps import OWN
from pytest_bdd import step

from test_probe.steps.pytest_bdd import expression
from test_probe.steps.world import World

pytest_plugins = ["test_probe.steps.pytest_bdd"]


def bind(act):
    def run(probe_world: World, arguments: tuple[str, ...]) -> None:
        act(probe_world, *arguments)

    return run


for text, act in OWN.items():
    step(expression(text))(bind(act))
