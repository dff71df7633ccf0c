"""The exceptions of test_probe: one class per category of codes.

A failed expectation is an `AssertionError`, so that a test counts as failed. What the engine
cannot know is `Inconclusive` and no assertion, so that a test counts as in error, never as passed.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from .codes import Category, ErrorCode

__all__ = [
    "ActorNotRegisteredError",
    "DslNotInitializedError",
    "DuplicateTopicError",
    "ExpectationFailed",
    "Inconclusive",
    "InternalError",
    "InvalidBootstrapServersError",
    "KafkaError",
    "LifecycleError",
    "ProbeError",
    "SchemaError",
    "UsageError",
]


class ProbeError(Exception):
    """What every error of the engine is.

    `str(error)` is the whole explanation with its hint; `message` is it without the hint.
    """

    code: ErrorCode
    """What happened, for programs."""
    message: str
    hint: str | None
    """What to do about it."""
    context: Mapping[str, Any]
    """Facts under stable keys."""
    retriable: bool
    """Whether the same call may succeed later."""
    source: ProbeError | None
    """The error that led to this one; also the exception's `__cause__`."""

    def __init__(
        self,
        code: ErrorCode,
        message: str,
        *,
        hint: str | None = None,
        context: Mapping[str, Any] | None = None,
        retriable: bool = False,
        source: ProbeError | None = None,
    ) -> None:
        super().__init__(message if hint is None else f"{message}\nhint: {hint}")
        self.code = code
        self.message = message
        self.hint = hint
        self.context = MappingProxyType(dict(context or {}))
        self.retriable = retriable
        self.source = source
        self.__cause__ = source

    def __reduce__(self) -> tuple[Any, ...]:
        # pytest-xdist and multiprocessing send exceptions to another process.
        fields = (self.code, self.message, self.hint, dict(self.context), self.retriable, self.source)
        return _rebuild, (type(self), *fields)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.code.name}, {self.message!r})"


class UsageError(ProbeError, ValueError):
    """1xxx: the caller asked for something that cannot be."""


class DuplicateTopicError(UsageError):
    """Two directives of a session had the same name."""


class InvalidBootstrapServersError(UsageError):
    """Bootstrap servers were not a list of host:port."""


class ActorNotRegisteredError(UsageError):
    """No worker was registered for this test id, topic and role."""


class DslNotInitializedError(UsageError):
    """The static DSL was used before a probe was registered, or after it was closed."""


class ExpectationFailed(ProbeError, AssertionError):
    """2xxx: the system under test provably did not do what was expected."""


class Inconclusive(ProbeError):
    """25xx: the engine cannot know. Never a pass, and no failure of the system under test."""


class KafkaError(ProbeError):
    """3xxx: Kafka said no, or did not answer."""


class SchemaError(ProbeError):
    """4xxx: a schema, its registry or a payload that breaks it."""


class LifecycleError(ProbeError):
    """5xxx: the call ended because something was closed, cancelled, full or late."""


class InternalError(ProbeError):
    """9xxx: ours. Please report."""


_BY_CATEGORY: dict[Category, type[ProbeError]] = {
    Category.USAGE: UsageError,
    Category.EXPECTATION: ExpectationFailed,
    Category.INCONCLUSIVE: Inconclusive,
    Category.KAFKA: KafkaError,
    Category.SCHEMA: SchemaError,
    Category.LIFECYCLE: LifecycleError,
    Category.INTERNAL: InternalError,
}

_BY_CODE: dict[ErrorCode, type[ProbeError]] = {
    ErrorCode.DUPLICATE_TOPIC: DuplicateTopicError,
    ErrorCode.INVALID_BOOTSTRAP_SERVERS: InvalidBootstrapServersError,
    ErrorCode.ACTOR_NOT_REGISTERED: ActorNotRegisteredError,
    ErrorCode.DSL_NOT_INITIALIZED: DslNotInitializedError,
}


def from_document(document: str | Mapping[str, Any]) -> ProbeError:
    """Returns the exception of an error's document, as the engine writes it."""
    fields = json.loads(document) if isinstance(document, str) else document
    code = ErrorCode(fields["code"])
    source = fields.get("source")
    return _BY_CODE.get(code, _BY_CATEGORY[code.category])(
        code,
        fields["message"],
        hint=fields.get("hint"),
        context=fields.get("context"),
        retriable=fields["retriable"],
        source=None if source is None else from_document(source),
    )


def invalid_argument(message: str, hint: str | None = None) -> UsageError:
    """Returns the error of an argument that cannot cross to the engine."""
    return UsageError(ErrorCode.INVALID_ARGUMENT, message, hint=hint)


def unsupported(what: str, hint: str | None = None) -> UsageError:
    """Returns the error of something that this version lacks."""
    return UsageError(ErrorCode.UNSUPPORTED, f"{what} is not in this version", hint=hint)


def _rebuild(
    kind: type[ProbeError],
    code: ErrorCode,
    message: str,
    hint: str | None,
    context: dict[str, Any],
    retriable: bool,
    source: ProbeError | None,
) -> ProbeError:
    return kind(code, message, hint=hint, context=context, retriable=retriable, source=source)
