"""Errors: one class per category, whole across processes."""

from __future__ import annotations

import pickle

import pytest

from test_probe import Code, ProbeError, _native, errors

CLASSES = {
    errors.UsageError: (ProbeError, ValueError),
    errors.DuplicateTopicError: (errors.UsageError,),
    errors.InvalidBootstrapServersError: (errors.UsageError,),
    errors.ActorNotRegisteredError: (errors.UsageError,),
    errors.DslNotInitializedError: (errors.UsageError,),
    errors.ExpectationFailed: (ProbeError, AssertionError),
    errors.Inconclusive: (ProbeError,),
    errors.KafkaError: (ProbeError,),
    errors.SchemaError: (ProbeError,),
    errors.LifecycleError: (ProbeError,),
    errors.InternalError: (ProbeError,),
}

SAMPLES = {
    Code.INVALID_ARGUMENT: errors.UsageError,
    Code.DUPLICATE_TOPIC: errors.DuplicateTopicError,
    Code.INVALID_BOOTSTRAP_SERVERS: errors.InvalidBootstrapServersError,
    Code.ACTOR_NOT_REGISTERED: errors.ActorNotRegisteredError,
    Code.DSL_NOT_INITIALIZED: errors.DslNotInitializedError,
    Code.EXPECTATION_TIMEOUT: errors.ExpectationFailed,
    Code.NOT_COVERED: errors.Inconclusive,
    Code.UNKNOWN_TOPIC: errors.KafkaError,
    Code.DECODE_FAILED: errors.SchemaError,
    Code.CANCELLED: errors.LifecycleError,
    Code.PANIC: errors.InternalError,
}

CATEGORIES = {1: "usage", 2: "expectation", 3: "kafka", 4: "schema", 5: "lifecycle", 9: "internal"}


def document(code: Code, **more: object) -> dict[str, object]:
    category = "inconclusive" if 2500 <= code < 3000 else CATEGORIES[code // 1000]
    return {"code": int(code), "category": category, "message": "it broke", "retriable": True, **more}


def test_the_codes_are_those_of_the_engine() -> None:
    assert [(code.name, int(code)) for code in Code] == _native.error_codes()
    assert str(Code.FORKED) == f"{Code.FORKED}" == "FORKED"


@pytest.mark.parametrize("kind", CLASSES)
def test_every_class_has_its_bases(kind: type[ProbeError]) -> None:
    for base in CLASSES[kind]:
        assert issubclass(kind, base)
    if kind is not errors.ExpectationFailed:
        assert not issubclass(kind, AssertionError)


@pytest.mark.parametrize("code", Code)
def test_every_code_has_a_class(code: Code) -> None:
    error = errors.from_document(document(code))
    assert error.code is code
    assert type(error) in CLASSES
    assert SAMPLES.get(code, type(error)) is type(error)


@pytest.mark.parametrize("code", SAMPLES)
def test_every_class_is_whole_after_pickling(code: Code) -> None:
    source = document(Code.BROKER_UNREACHABLE, hint="look at the broker")
    fields = document(code, hint="try again", context={"topic": "orders", "n": [1]}, source=source)
    error = pickle.loads(pickle.dumps(errors.from_document(fields)))
    assert type(error) is SAMPLES[code]
    assert error.code is code
    assert str(error) == "it broke\nhint: try again"
    assert (error.message, error.hint, error.retriable) == ("it broke", "try again", True)
    assert error.context == {"topic": "orders", "n": [1]}
    assert isinstance(error.source, errors.KafkaError)
    assert error.__cause__ is error.source
    assert error.source.hint == "look at the broker"
