from test_probe.steps.behave import *  # noqa: F403
