"""Cucumber Expressions, with the parameter types of the steps."""

from __future__ import annotations

from cucumber_expressions.parameter_type import ParameterType

from .. import words
from . import texts


def probe_duration() -> ParameterType:
    """Returns the type `{probeDuration}`, a timedelta that the engine reads."""
    return ParameterType("probeDuration", list(texts.PROBE_DURATION), str, words.duration)
