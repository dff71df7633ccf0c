"""One server that answers over HTTP, in a JVM, and what may be done to it."""

from __future__ import annotations

import abc
import subprocess
import urllib.error
import urllib.request
from pathlib import Path

from .place import Place, PortClash, free_ports, give_up_after, lost_its_port
from .process import Deadline, Failure, Life, freeze, kill, spawn, tail, thaw

START_SECONDS = 60.0
ASK_SECONDS = 2.0
SMALL_JVM = ["-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-XX:-UsePerfData", "-XX:+ExitOnOutOfMemoryError"]


class HttpServer(abc.ABC):
    """A process with a folder and ports of its own; `close` leaves none of them behind."""

    title: str
    """What it is called in failures."""
    port_count = 1

    def __init__(self, life: Life, name: str) -> None:
        self._life, self._name = life, name
        self._place: Place | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self._log_start = 0
        self.ports: list[int] = []

    @abc.abstractmethod
    def argv(self) -> list[str]:
        """Returns the command for the ports and the folder that were chosen."""

    @abc.abstractmethod
    def variables(self) -> dict[str, str]:
        """Returns what is added to the environment of the process."""

    @abc.abstractmethod
    def probe_url(self) -> str:
        """Returns what is asked to see whether it serves; any answer below 500 will do."""

    @abc.abstractmethod
    def details(self) -> dict[str, object]:
        """Returns what `up` says of it beside the process."""

    def ready(self) -> None:
        """Does what is left to do once it answers; raises OSError."""
        return

    @property
    def folder(self) -> Path:
        assert self._place is not None
        return self._place.folder

    @property
    def base(self) -> str:
        return f"http://127.0.0.1:{self.ports[0]}"

    @property
    def _log(self) -> Path:
        return self.folder / "server.log"

    def start(self) -> None:
        """Returns when it serves."""
        deadline = Deadline(START_SECONDS)
        self._place = Place(self._name, self._life, deadline)
        while True:
            self.ports = free_ports(self.port_count)
            try:
                self._launch_until_serving(deadline)
                return
            except PortClash as clash:
                self._end()
                give_up_after(deadline, clash)

    def close(self) -> None:
        self._end()
        if self._place is not None:
            self._place.close()

    def describe(self) -> dict[str, object]:
        pid = self._process.pid if self._process and self._alive() else None
        return {**self.details(), "pid": pid, "port": self.ports[0], "dir": str(self.folder)}

    def obey(self, command: str) -> dict[str, object]:
        """Does what a line of `up` asks for; returns what its answer holds."""
        verbs = {"stop": self.stop, "cont": self.cont, "kill": self.kill, "restart": self.restart}
        if command not in verbs:
            raise Failure(f"`{command}` is not one of stop, cont, kill, restart")
        verbs[command]()
        return {"server": self.describe()}

    def complaints(self) -> list[str]:
        """Returns its end if nobody here ended it, once."""
        if self._process and self._process.returncode is None and not self._alive():
            return [f"{self.title} ended by itself\n{tail(self._log)}"]
        return []

    def stop(self) -> None:
        """Freezes it: its connections stay open and nothing answers."""
        freeze(self._running(), self.title, self._life)

    def cont(self) -> None:
        thaw(self._running())

    def kill(self) -> None:
        self._end()

    def restart(self) -> None:
        """Starts it again on its ports; returns when it serves."""
        self._end()
        deadline = Deadline(START_SECONDS)
        while True:
            try:
                self._launch_until_serving(deadline)
                return
            except PortClash as clash:  # clients know this port, so wait for it
                give_up_after(deadline, clash)
                self._life.pause(0.2)

    def _running(self) -> subprocess.Popen[bytes]:
        if self._process is None or not self._alive():
            raise Failure(f"{self.title} does not run")
        return self._process

    def _alive(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def _end(self) -> None:
        if self._process is not None:
            kill(self._process)

    def _launch_until_serving(self, deadline: Deadline) -> None:
        self._log_start = self._log.stat().st_size if self._log.exists() else 0
        self._process = spawn(self.argv(), self._log, self.variables())
        if not self._life.wait_until(self._serving, deadline):
            raise Failure(f"{self.title} did not serve within {deadline.seconds:.0f} s\n{tail(self._log)}")
        try:
            self.ready()
        except OSError as error:
            raise Failure(f"{self.title} served, and then failed: {error}\n{tail(self._log)}") from error

    def _serving(self) -> bool:
        answered = _answers(self.probe_url())
        # Looked at after the answer, which may be that of a stranger who took the port.
        if not self._alive():
            if lost_its_port(self._log, self._log_start):
                raise PortClash(f"{self.title} found a port taken\n{tail(self._log)}")
            code = self._process.returncode if self._process else None
            raise Failure(f"{self.title} ended with code {code}\n{tail(self._log)}")
        return answered


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=ASK_SECONDS):
            return True
    except urllib.error.HTTPError as error:
        with error:
            return error.code < 500
    except OSError:
        return False
