from behave import step, use_step_matcher
from vocabulary import OWN_STEPS, Vocabulary

from test_probe.steps.behave import world_of

use_step_matcher("cucumber_expressions")


def vocabulary_of(context):
    if "vocabulary" not in context:
        made = Vocabulary(world_of(context))
        context.add_cleanup(made.close, layer="scenario")
        context.vocabulary = made
    return context.vocabulary


def bind(own):
    def run(context, *arguments):
        table = context.table and [context.table.headings, *(row.cells for row in context.table)]
        vocabulary_of(context).run(own, arguments, context.text, table)

    return run


for own in OWN_STEPS:
    step(own.text)(bind(own))
