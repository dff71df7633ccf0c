"""Types, stubs and style."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

PACKAGE = Path(__file__).resolve().parents[1]


@pytest.mark.parametrize(
    "command",
    [
        ["mypy", "--strict", "-p", "test_probe"],
        ["mypy.stubtest", "test_probe._native"],
        ["mypy", "--strict", "tests/typed.py"],
        ["ruff", "check", "."],
        ["ruff", "format", "--check", "."],
    ],
    ids=lambda command: " ".join(command),
)
def test_the_checker_has_nothing_to_say(command: list[str], tmp_path: Path) -> None:
    # stubtest loads the module: it has to find the installed package, not the sources beside it.
    cwd = tmp_path if command[0] == "mypy.stubtest" else PACKAGE
    run = subprocess.run(
        [sys.executable, "-m", *command], cwd=cwd, capture_output=True, text=True, timeout=300
    )
    assert run.returncode == 0, run.stdout + run.stderr
