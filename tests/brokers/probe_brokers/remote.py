"""A server for the length of a `with` block, in a process of its own.

The process is `... up` of a script, the one every language uses, so that the server ends
with it whatever thread or signal ends the test run.
"""

from __future__ import annotations

import contextlib
import json
import os
import select
import subprocess
import sys
import tempfile
import threading
import time
from typing import Any


class ServerError(Exception):
    """A server did not start, or refused a command."""


class Remote:
    """Starts a script with `up`, reads what it says, and gives it commands."""

    error: type[ServerError] = ServerError

    def __init__(self, argv: list[str], first_answer_seconds: float, answer_seconds: float) -> None:
        self._argv = [sys.executable, *argv]
        self._first_answer_seconds = first_answer_seconds
        self._answer_seconds = answer_seconds
        self._lock = threading.Lock()
        self._unread = b""
        self._complaints_read = 0

    def open(self) -> dict[str, Any]:
        """Returns what the script says when its server is ready."""
        self._stderr = tempfile.TemporaryFile()  # noqa: SIM115 - `close` closes it
        self._process = subprocess.Popen(
            self._argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self._stderr, bufsize=0
        )
        try:
            return self._read_answer(self._first_answer_seconds)
        except BaseException:
            self.close()
            raise

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        assert self._process.stdin and self._process.stdout
        self._process.stdin.close()
        try:
            self._process.wait(self._answer_seconds)
        except subprocess.TimeoutExpired:
            self._process.kill()  # its JVMs die with it
            self._process.wait()
        print(self._new_complaints(), end="", file=sys.stderr)
        self._process.stdout.close()
        self._stderr.close()

    def tell(self, command: str) -> dict[str, Any]:
        """Gives a command; returns the answer, or raises the error that it tells."""
        with self._lock:
            assert self._process.stdin
            with contextlib.suppress(BrokenPipeError):  # reading tells why
                self._process.stdin.write(f"{command}\n".encode())
            answer = self._read_answer(self._answer_seconds)
        if not answer["ok"]:
            raise self.error(answer["error"])
        return answer

    def _new_complaints(self) -> str:
        # By position: the child writes through the same file offset.
        text = os.pread(self._stderr.fileno(), 1 << 20, self._complaints_read)
        self._complaints_read += len(text)
        return text.decode("utf-8", "replace")

    def _read_answer(self, seconds: float) -> dict[str, Any]:
        assert self._process.stdout
        end = time.monotonic() + seconds
        what = " ".join(os.path.basename(word) for word in self._argv[1:3])
        while b"\n" not in self._unread:
            if not select.select([self._process.stdout], [], [], max(0.0, end - time.monotonic()))[0]:
                raise self.error(f"`{what}` did not answer within {seconds:.0f} s")
            chunk = os.read(self._process.stdout.fileno(), 65536)
            if not chunk:
                raise self.error(self._new_complaints().strip() or f"`{what}` ended")
            self._unread += chunk
        line, _, self._unread = self._unread.partition(b"\n")
        answer: dict[str, Any] = json.loads(line)
        return answer
