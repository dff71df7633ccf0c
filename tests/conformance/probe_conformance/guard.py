#!/usr/bin/env python3
"""Runs a command and ends all that it started, however the suite itself ends.

    guard.py -- COMMAND...      until COMMAND ends, stdin is closed, or SIGTERM or SIGINT comes

Stdin belongs to the suite: the kernel closes it when the suite dies, by SIGKILL too. The exit code is the
command's, 128 + n for signal n.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import select
import signal
import subprocess
import sys

PR_SET_PDEATHSIG = 1
LOOK_SECONDS = 0.05
_LIBC = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None


def main() -> int:
    command = sys.argv[sys.argv.index("--") + 1 :]
    try:
        child = subprocess.Popen(command, stdin=subprocess.DEVNULL, start_new_session=True, preexec_fn=_die_with_us)
    except OSError as error:
        print(f"`{command[0]}` did not start: {error}", file=sys.stderr)
        return 127
    ended: list[int] = []
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, lambda number, _: ended.append(number))
    try:
        while child.poll() is None and not ended:
            if select.select([0], [], [], LOOK_SECONDS)[0] and not os.read(0, 4096):
                ended.append(signal.SIGTERM)
    finally:
        _end(child)
    if ended:
        return 128 + ended[0]
    return child.returncode if child.returncode >= 0 else 128 - child.returncode


def _die_with_us() -> None:
    """Runs between fork and exec. Should the guard be killed, the command at least goes with it."""
    if _LIBC is not None:
        _LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def _end(child: subprocess.Popen[bytes]) -> None:
    """Kills the whole group, also what a command that ended has left in it."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(child.pid, signal.SIGKILL)
    child.wait()


if __name__ == "__main__":
    sys.exit(main())
