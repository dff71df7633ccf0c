"""The formats of the project, asked over a pipe, for tests that ask another implementation the same.

cargo build -p test-probe-formats --example driver
pytest tests/formats
"""

from __future__ import annotations

import json
import os
import random
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
DRIVER = os.environ.get("TEST_PROBE_DRIVER", str(ROOT / "target/debug/examples/driver"))


class Driver:
    """Answers questions; `formats/examples/driver.rs` says which."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process

    def ask(self, **question: Any) -> dict[str, Any]:
        """Returns the answer to a question, which may be a `fault`."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(json.dumps(question, allow_nan=False) + "\n")
        self.process.stdin.flush()
        answer: dict[str, Any] = json.loads(self.process.stdout.readline())
        return answer

    def right(self, **question: Any) -> Any:
        """Returns what was asked for, where a fault is none of the answers."""
        answer = self.ask(**question)
        assert "fault" not in answer, f"{answer} to {question}"
        return next(iter(answer.values()))


@pytest.fixture(scope="session")
def driver() -> Iterator[Driver]:
    with subprocess.Popen([DRIVER], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield Driver(process)
        finally:
            assert process.stdin is not None
            process.stdin.close()
            process.wait(20)


@pytest.fixture()
def seed() -> Iterator[random.Random]:
    """Chances that can be had again: TEST_PROBE_SEED is the seed, and a test that fails prints it."""
    number = int(os.environ.get("TEST_PROBE_SEED") or random.SystemRandom().randrange(1 << 32))
    print(f"to have the same again: TEST_PROBE_SEED={number}")
    yield random.Random(number)
