#!/usr/bin/env python3
"""Real Apache Kafka for the tests of every language; see README.md.

    kafka.py up [--nodes 1|3] [--name NAME] [--set KEY=VALUE]...
    kafka.py run [--nodes 1|3] [--set KEY=VALUE]... -- COMMAND...
    kafka.py fetch [--write-sums]

Python tests use the same process through the class `Kafka` below.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import select
import signal
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent))

from probe_brokers import jars  # noqa: E402
from probe_brokers.cluster import START_SECONDS, Cluster  # noqa: E402
from probe_brokers.prepare import PREPARE_SECONDS, prepare  # noqa: E402
from probe_brokers.process import Ending, Failure, Life  # noqa: E402

ENVIRONMENT = "TEST_PROBE_TEST_KAFKA"
IDLE_SECONDS = 0.2
# A child of ours has its own deadlines; this one only catches a child that hangs.
ANSWER_SECONDS = START_SECONDS + 15
FIRST_ANSWER_SECONDS = ANSWER_SECONDS + PREPARE_SECONDS + jars.FETCH_SECONDS


class KafkaError(Exception):
    """The brokers did not start, or refused a command."""


class Kafka:
    """Brokers for the length of a `with` block, in a process of their own.

    The process is `kafka.py up`, the one every language uses, so that the brokers end
    with it whatever thread or signal ends the test run.
    """

    def __init__(self, nodes: int = 1, name: str = "kafka", settings: dict[str, str] | None = None) -> None:
        sets = [f"--set={key}={value}" for key, value in (settings or {}).items()]
        self._argv = [sys.executable, __file__, "up", f"--nodes={nodes}", f"--name={name}", *sets]
        self._lock = threading.Lock()
        self._unread = b""
        self.bootstrap_servers = ""
        self.nodes: list[dict[str, Any]] = []
        self.dir = ""

    def __enter__(self) -> Kafka:
        self._stderr = tempfile.TemporaryFile()
        self._process = subprocess.Popen(
            self._argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self._stderr, bufsize=0
        )
        try:
            ready = self._read_answer(FIRST_ANSWER_SECONDS)
        except BaseException:
            self.close()
            raise
        self.bootstrap_servers, self.nodes, self.dir = ready["bootstrap_servers"], ready["nodes"], ready["dir"]
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        assert self._process.stdin and self._process.stdout
        self._process.stdin.close()
        try:
            self._process.wait(ANSWER_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()  # its JVMs die with it
            self._process.wait()
        self._process.stdout.close()
        self._stderr.close()

    def stop(self, node: int) -> dict[str, Any]:
        """Freezes a node (SIGSTOP)."""
        return self._command("stop", node)

    def cont(self, node: int) -> dict[str, Any]:
        """Thaws a node (SIGCONT)."""
        return self._command("cont", node)

    def kill(self, node: int) -> dict[str, Any]:
        """Kills a node (SIGKILL); its data stays."""
        return self._command("kill", node)

    def restart(self, node: int) -> dict[str, Any]:
        """Starts a node again on the same port and data, and waits until it serves."""
        return self._command("restart", node)

    def _command(self, verb: str, node: int) -> dict[str, Any]:
        with self._lock:
            assert self._process.stdin
            self._process.stdin.write(f"{verb} {node}\n".encode())
            answer = self._read_answer(ANSWER_SECONDS)
        if not answer["ok"]:
            raise KafkaError(answer["error"])
        self.nodes = [answer["node"] if one["id"] == node else one for one in self.nodes]
        return answer["node"]

    def _read_answer(self, seconds: float) -> dict[str, Any]:
        assert self._process.stdout
        end = time.monotonic() + seconds
        while b"\n" not in self._unread:
            if not select.select([self._process.stdout], [], [], max(0.0, end - time.monotonic()))[0]:
                raise KafkaError(f"`kafka.py up` did not answer within {seconds:.0f} s")
            chunk = os.read(self._process.stdout.fileno(), 65536)
            if not chunk:
                self._stderr.seek(0)
                raise KafkaError(self._stderr.read().decode("utf-8", "replace").strip() or "`kafka.py up` ended")
            self._unread += chunk
        line, _, self._unread = self._unread.partition(b"\n")
        return json.loads(line)


def up(arguments: argparse.Namespace) -> int:
    life = Life(stdin=0)
    life.end_on_signals()
    cluster = None
    ready = False
    try:
        cluster = Cluster(prepare(life), life, arguments.nodes, arguments.name, arguments.settings)
        cluster.start()
        ready = True
        _say(cluster.describe())
        while True:
            _answer_commands(cluster, life)
            life.pause(IDLE_SECONDS)
    except Ending as reason:
        if ready:
            return 0
        raise Failure(f"ended before the brokers were ready: {reason}") from reason
    finally:
        if cluster is not None:
            cluster.close()


def _answer_commands(cluster: Cluster, life: Life) -> None:
    for node in cluster.unexpectedly_dead():
        print(f"broker {node.id} ended by itself, see `{node.log}`", file=sys.stderr)
    command = life.next_command()
    while command is not None:
        try:
            node = _obey(cluster, command)
            _say({"ok": True, "command": command, "node": node})
        except Failure as failure:
            _say({"ok": False, "command": command, "error": str(failure)})
        command = life.next_command()


def _obey(cluster: Cluster, command: str) -> dict[str, int | None]:
    verbs = {"stop": cluster.stop, "cont": cluster.cont, "kill": cluster.kill, "restart": cluster.restart}
    match = re.fullmatch(r"(\w+) (\d+)", command)
    if match is None or match[1] not in verbs:
        raise Failure(f"`{command}` is not one of stop N, cont N, kill N, restart N")
    return verbs[match[1]](int(match[2])).describe()


def _say(answer: dict[str, object]) -> None:
    try:
        print(json.dumps(answer), flush=True)
    except BrokenPipeError as error:
        raise Ending("nobody reads stdout") from error


def run(arguments: argparse.Namespace) -> int:
    life = Life()
    life.end_on_signals()
    cluster = None
    command = None
    try:
        cluster = Cluster(prepare(life), life, arguments.nodes, arguments.name, arguments.settings)
        cluster.start()
        environment = {**os.environ, ENVIRONMENT: cluster.bootstrap_servers}
        try:
            command = subprocess.Popen(arguments.command, env=environment)
        except OSError as error:
            raise Failure(f"`{arguments.command[0]}` did not start: {error}") from error
        while command.poll() is None:
            life.pause()
        return command.returncode if command.returncode >= 0 else 128 - command.returncode
    except Ending as reason:
        raise Failure(f"ended early: {reason}") from reason
    finally:
        if command is not None:
            _end(command)
        if cluster is not None:
            cluster.close()


def _end(command: subprocess.Popen[bytes]) -> None:
    if command.poll() is not None:
        return
    command.terminate()
    try:
        command.wait(5)
    except subprocess.TimeoutExpired:
        command.kill()
        command.wait()


def fetch(arguments: argparse.Namespace) -> int:
    life = Life()
    life.end_on_signals()
    try:
        if arguments.write_sums:
            print(f"wrote {jars.write_sums(life)} sums to `{jars.SUMS}`", file=sys.stderr)
        found = jars.fetch(life)
    except Ending as reason:
        raise Failure(f"ended early: {reason}") from reason
    _say({"cache": str(jars.cache()), "jars": str(jars.folder()), "count": len(found)})
    return 0


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Real Apache Kafka for the tests of every language.")
    verbs = parser.add_subparsers(dest="verb", required=True)
    for verb in ("up", "run"):
        one = verbs.add_parser(verb)
        one.add_argument("--nodes", type=int, choices=(1, 3), default=1)
        one.add_argument("--name", type=_name, default="kafka", help="begins the name of the data folder")
        one.add_argument("--set", type=_setting, action="append", default=[], metavar="KEY=VALUE", dest="settings")
        if verb == "run":
            one.add_argument("command", nargs="+")
    verbs.add_parser("fetch").add_argument("--write-sums", action="store_true", help="after a change of the pins")
    arguments = parser.parse_args()
    if arguments.verb != "fetch":
        arguments.settings = dict(arguments.settings)
    return arguments


def _name(text: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9_.-]{1,60}", text):
        raise argparse.ArgumentTypeError(f"`{text}` is not made of letters, digits, `_`, `.` and `-`")
    return text


def _setting(text: str) -> tuple[str, str]:
    key, equals, value = text.partition("=")
    if not equals:
        raise argparse.ArgumentTypeError(f"`{text}` is not KEY=VALUE")
    return key, value


def main() -> int:
    arguments = _parse()
    try:
        return {"up": up, "run": run, "fetch": fetch}[arguments.verb](arguments)
    except Failure as failure:
        print(f"kafka.py: {failure}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
