"""Errors: one class per category, whole across processes."""

from __future__ import annotations

import pickle

import pytest

from test_probe import ErrorCode, ProbeError, _native, errors

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
    ErrorCode.INVALID_ARGUMENT: errors.UsageError,
    ErrorCode.DUPLICATE_TOPIC: errors.DuplicateTopicError,
    ErrorCode.INVALID_BOOTSTRAP_SERVERS: errors.InvalidBootstrapServersError,
    ErrorCode.ACTOR_NOT_REGISTERED: errors.ActorNotRegisteredError,
    ErrorCode.DSL_NOT_INITIALIZED: errors.DslNotInitializedError,
    ErrorCode.EXPECTATION_TIMEOUT: errors.ExpectationFailed,
    ErrorCode.NOT_COVERED: errors.Inconclusive,
    ErrorCode.UNKNOWN_TOPIC: errors.KafkaError,
    ErrorCode.DECODE_FAILED: errors.SchemaError,
    ErrorCode.CANCELLED: errors.LifecycleError,
    ErrorCode.PANIC: errors.InternalError,
}


def document(code: ErrorCode, **more: object) -> dict[str, object]:
    return {"code": int(code), "message": "it broke", "retriable": True, **more}


def test_the_codes_are_those_of_the_engine() -> None:
    assert [(code.name, int(code)) for code in ErrorCode] == _native.error_codes()


@pytest.mark.parametrize("kind", CLASSES)
def test_every_class_has_its_bases(kind: type[ProbeError]) -> None:
    for base in CLASSES[kind]:
        assert issubclass(kind, base)
    if kind is not errors.ExpectationFailed:
        assert not issubclass(kind, AssertionError)


@pytest.mark.parametrize("code", ErrorCode)
def test_every_code_has_a_class(code: ErrorCode) -> None:
    error = errors.from_document(document(code))
    assert error.code is code
    assert type(error) in CLASSES
    assert SAMPLES.get(code, type(error)) is type(error)


@pytest.mark.parametrize("code", SAMPLES)
def test_every_class_is_whole_after_pickling(code: ErrorCode) -> None:
    source = document(ErrorCode.BROKER_UNREACHABLE, hint="look at the broker")
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
