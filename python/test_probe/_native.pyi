"""The native module. Nothing here is public."""

from collections.abc import Sequence
from os import PathLike
from typing import Final, final

from ._convert import NativeOutcome

__all__ = [
    "ABI",
    "Operations",
    "Probe",
    "Session",
    "__version__",
    "after_fork",
    "dsl_register",
    "dsl_session",
    "error_codes",
    "is_configured",
    "panic_for_tests",
    "shut_down",
    "trial",
    "validate",
    "validate_config",
    "words",
]

ABI: Final[int]
__version__: Final[str]

@final
class Operations:
    def __new__(cls, read: int, write: int) -> Operations: ...
    def drain(
        self, /, limit: int
    ) -> list[tuple[int, BaseException | None, Session | NativeOutcome | None]]: ...
    def cancel(self, /, operation: int) -> bool: ...
    def close(self, /) -> None: ...

@final
class Session:
    @property
    def test_id(self) -> str: ...
    def trace_headers(self, /) -> list[tuple[str, str]]: ...
    def run(
        self,
        /,
        document: str,
        key: bytes | None = None,
        value: bytes | None = None,
        headers: Sequence[tuple[str, bytes | None]] = ...,
    ) -> NativeOutcome: ...
    def submit(
        self,
        /,
        operations: Operations,
        document: str,
        key: bytes | None = None,
        value: bytes | None = None,
        headers: Sequence[tuple[str, bytes | None]] = ...,
    ) -> int: ...

@final
class Probe:
    def __new__(cls, explicit: str | None = None, file: str | PathLike[str] | None = None) -> Probe: ...
    def info(self, /) -> str: ...
    def embedded_control(self, /, cluster: str, command: str) -> str: ...
    def open(self, /, document: str) -> Session: ...
    def submit_open(self, /, operations: Operations, document: str) -> int: ...
    def attach(self, /, operations: Operations) -> None: ...
    def close(self, /, timeout_ms: float | None = None) -> None: ...
    def inject_panic(self, /, topic: str) -> None: ...

def after_fork() -> None: ...
def dsl_register(probe: Probe) -> None: ...
def dsl_session(test_id: str, topic: str, producing: bool) -> Session: ...
def error_codes() -> list[tuple[str, int]]: ...
def panic_for_tests() -> None: ...
def shut_down(probes: Sequence[Probe]) -> None: ...
def trial(
    document: str,
    key: bytes | None = None,
    value: bytes | None = None,
    headers: Sequence[tuple[str, bytes | None]] = ...,
) -> NativeOutcome: ...
def validate(document: str) -> str: ...
def validate_config(
    explicit: str | None = None,
    path: str | PathLike[str] | None = None,
    file: str | None = None,
    variables: str | None = None,
) -> str: ...
def words(document: str) -> str: ...
def is_configured() -> bool: ...
