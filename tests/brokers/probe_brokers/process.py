"""Child processes that never outlive us, and the one loop that waits."""

from __future__ import annotations

import ctypes
import fcntl
import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

POLL_SECONDS = 0.02
SIGNAL_SECONDS = 10.0
PR_SET_PDEATHSIG = 1
# Loaded before any fork: between fork and exec only the call itself may happen.
_LIBC = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None


class Failure(Exception):
    """What went wrong, in the words shown to the developer."""


class Ending(Exception):
    """The reason to live is gone: stdin closed, a signal came, or the parent died."""


class Deadline:
    """A point in time that every wait below one call shares."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self._end = time.monotonic() + seconds

    def left(self) -> float:
        return max(0.0, self._end - time.monotonic())

    def passed(self) -> bool:
        return self.left() == 0.0


class Life:
    """Tells every wait when to give up: raises `Ending` out of `pause`.

    The parent is watched as well as stdin, because a sibling process may have
    inherited the writing end of our stdin and so keep it open for ever.
    """

    def __init__(self, stdin: int | None = None) -> None:
        self._stdin = stdin
        self._parent = os.getppid()
        self._signal: int | None = None
        self._unread = b""

    def end_on_signals(self) -> None:
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(number, self._note_signal)

    def _note_signal(self, number: int, _frame: object) -> None:
        self._signal = number

    def pause(self, seconds: float = POLL_SECONDS) -> None:
        """Waits at most `seconds`; returns early when a command arrived."""
        if self._signal is not None:
            raise Ending(signal.Signals(self._signal).name)
        if os.getppid() != self._parent:
            raise Ending("the parent process died")
        if self._stdin is None:
            time.sleep(seconds)
            return
        if not select.select([self._stdin], [], [], seconds)[0]:
            return
        chunk = os.read(self._stdin, 65536)
        if not chunk:
            raise Ending("stdin reached its end")
        self._unread += chunk

    def next_command(self) -> str | None:
        line, newline, rest = self._unread.partition(b"\n")
        if not newline:
            return None
        self._unread = rest
        return line.decode("utf-8", "replace").strip()

    def wait_until(self, condition: Callable[[], bool], deadline: Deadline) -> bool:
        """Returns whether `condition` came true before the deadline."""
        while not condition():
            if deadline.passed():
                return False
            self.pause()
        return True


def spawn(argv: list[str], log: Path, environment: dict[str, str] | None = None) -> subprocess.Popen[bytes]:
    """Starts a child in its own group, with its output in `log`, that dies with us.

    `environment` is added to ours.

    Linux ties the death signal to the thread that forked, so the caller must be the
    main thread. Elsewhere a SIGKILL of this process leaves its children behind.
    """
    ourselves = os.getpid()

    def die_with_parent() -> None:
        if _LIBC is None:
            return
        _LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != ourselves:  # it died before the call above
            os._exit(1)

    with log.open("ab") as out:
        return subprocess.Popen(
            argv,
            env={**os.environ, **(environment or {})},
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            preexec_fn=die_with_parent,  # noqa: PLW1509 - this process has one thread
        )


def kill(process: subprocess.Popen[bytes]) -> None:
    """Ends the whole group with SIGKILL, the only signal a stopped process obeys."""
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def freeze(process: subprocess.Popen[bytes], what: str, life: Life) -> None:
    """Stops a whole group: its connections stay open and nothing answers."""
    os.killpg(process.pid, signal.SIGSTOP)
    look = os.WSTOPPED | os.WNOHANG | os.WNOWAIT
    if not life.wait_until(lambda: os.waitid(os.P_PID, process.pid, look) is not None, Deadline(SIGNAL_SECONDS)):
        raise Failure(f"{what} did not stop within {SIGNAL_SECONDS:.0f} s")


def thaw(process: subprocess.Popen[bytes]) -> None:
    os.killpg(process.pid, signal.SIGCONT)


def run(argv: list[str], log: Path, life: Life, deadline: Deadline) -> None:
    """Runs a child to its end, or fails with the tail of its output."""
    process = spawn(argv, log)
    try:
        if not life.wait_until(lambda: process.poll() is not None, deadline):
            raise Failure(f"`{argv[0]}` took longer than {deadline.seconds:.0f} s\n{tail(log)}")
    finally:
        kill(process)
    if process.returncode != 0:
        raise Failure(f"`{argv[0]}` ended with code {process.returncode}\n{tail(log)}")


def tail(log: Path, lines: int = 30) -> str:
    try:
        text = log.read_text("utf-8", "replace")
    except OSError as error:
        return f"(no log: {error})"
    return "\n".join(["--- end of its log:", *text.splitlines()[-lines:]])


@contextmanager
def locked(path: Path, life: Life, deadline: Deadline) -> Iterator[None]:
    """Holds an exclusive lock that the kernel gives back when we die."""
    with path.open("a") as file:

        def acquired() -> bool:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                return False
            return True

        if not life.wait_until(acquired, deadline):
            raise Failure(f"another process held `{path}` for longer than {deadline.seconds:.0f} s")
        yield
