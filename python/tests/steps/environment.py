from test_probe.steps.behave import *
