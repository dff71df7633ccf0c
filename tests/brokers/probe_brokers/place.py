"""What a server has for itself: a folder that goes away with it, and ports."""

from __future__ import annotations

import fcntl
import shutil
import socket
import tempfile
from pathlib import Path
from typing import TextIO

from . import jars
from .process import Deadline, Failure, Life, locked

PORT_CLASH = ("BindException", "Address already in use", "already bound", "seems to be in use")


class PortClash(Exception):
    """Somebody took a free port between our look and the server's bind."""


class Place:
    """A folder for data and logs; making one also removes those whose owner died by SIGKILL."""

    def __init__(self, name: str, life: Life, deadline: Deadline) -> None:
        parent = jars.cache() / "run"
        parent.mkdir(exist_ok=True)
        with locked(parent / "sweep.lock", life, deadline):
            _sweep(parent)
            self.folder = Path(tempfile.mkdtemp(prefix=f"{name}-", dir=parent))
            self._owner: TextIO = (self.folder / "owner.lock").open("w")
            fcntl.flock(self._owner, fcntl.LOCK_EX)

    def close(self) -> None:
        shutil.rmtree(self.folder, ignore_errors=True)
        self._owner.close()


def lost_its_port(log: Path, start: int) -> bool:
    """Returns whether a log tells, from byte `start` on, that a port was taken."""
    with log.open("rb") as file:
        file.seek(start)
        text = file.read().decode("utf-8", "replace")
    return any(word in text for word in PORT_CLASH)


def give_up_after(deadline: Deadline, clash: PortClash) -> None:
    if deadline.passed():
        raise Failure(str(clash)) from clash


def free_ports(count: int) -> list[int]:
    """Returns different ports that were free a moment ago."""
    sockets = [socket.socket() for _ in range(count)]
    try:
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        return [one.getsockname()[1] for one in sockets]
    finally:
        for one in sockets:
            one.close()


def _sweep(parent: Path) -> None:
    for lock in parent.glob("*/owner.lock"):
        with lock.open() as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                continue
            shutil.rmtree(lock.parent, ignore_errors=True)
