"""The system under test of the quick start, in a process of its own."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from vocabulary import ROOT, SECONDS


@contextmanager
def running(bootstrap_servers: str) -> Iterator[None]:
    """Runs the service until the end of the block."""
    command = [sys.executable, str(ROOT / "tests/brokers/stub_service.py"), "--bootstrap", bootstrap_servers]
    command += ["--from", "quick.orders", "--to", "quick.confirmations"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdin
        assert process.stdout
        try:
            assert process.stdout.readline(), "the service did not start"
            yield
        finally:
            process.stdin.close()
            process.wait(SECONDS)
