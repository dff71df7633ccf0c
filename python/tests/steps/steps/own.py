from behave import step, use_step_matcher
from own_steps import OWN

from test_probe.steps.behave import world_of

use_step_matcher("cucumber_expressions")


def bind(act):
    def run(context, *arguments):
        act(world_of(context), *arguments)

    return run


for text, act in OWN.items():
    step(text)(bind(act))
