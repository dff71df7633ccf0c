#!/usr/bin/env python3
"""Real Apache Kafka for the tests of every language; see README.md.

    kafka.py up [--nodes 1|3] [--name NAME] [--set KEY=VALUE]...
    kafka.py run [--nodes 1|3] [--set KEY=VALUE]... -- COMMAND...
    kafka.py fetch [--write-sums]

Python tests use the same process through the class `Kafka` below.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any, final

sys.path.insert(0, str(Path(__file__).resolve().parent))

from probe_brokers import commands, jars
from probe_brokers.cluster import START_SECONDS, Cluster
from probe_brokers.prepare import PREPARE_SECONDS, prepare
from probe_brokers.process import Life
from probe_brokers.remote import Remote, ServerError

# A child of ours has its own deadlines; this one only catches a child that hangs.
ANSWER_SECONDS = START_SECONDS + 15
FIRST_ANSWER_SECONDS = ANSWER_SECONDS + PREPARE_SECONDS + jars.FETCH_SECONDS


class KafkaError(ServerError):
    """The brokers did not start, or refused a command."""


@final
class Kafka(Remote):
    """Brokers for the length of a `with` block, in a process of their own."""

    error = KafkaError

    def __init__(self, nodes: int = 1, name: str = "kafka", settings: dict[str, str] | None = None) -> None:
        sets = [f"--set={key}={value}" for key, value in (settings or {}).items()]
        words = [__file__, "up", f"--nodes={nodes}", f"--name={name}", *sets]
        super().__init__(words, FIRST_ANSWER_SECONDS, ANSWER_SECONDS)
        self.bootstrap_servers = ""
        self.nodes: list[dict[str, Any]] = []
        self.dir = ""

    def __enter__(self) -> Kafka:
        ready = self.open()
        self.bootstrap_servers, self.nodes, self.dir = ready["bootstrap_servers"], ready["nodes"], ready["dir"]
        return self

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
        changed: dict[str, Any] = self.tell(f"{verb} {node}")["node"]
        self.nodes = [changed if one["id"] == node else one for one in self.nodes]
        return changed


def _options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--nodes", type=int, choices=(1, 3), default=1)
    parser.add_argument("--set", type=_setting, action="append", default=[], metavar="KEY=VALUE", dest="settings")


def _setting(text: str) -> tuple[str, str]:
    key, equals, value = text.partition("=")
    if not equals:
        raise argparse.ArgumentTypeError(f"`{text}` is not KEY=VALUE")
    return key, value


def main() -> int:
    arguments = commands.parse("Real Apache Kafka for the tests of every language.", "kafka", _options)

    def make(life: Life) -> Cluster:
        return Cluster(prepare(life), life, arguments.nodes, arguments.name, dict(arguments.settings))

    return commands.main("kafka.py", arguments, make, jars.BROKER, jars.BROKER.fetch)


if __name__ == "__main__":
    sys.exit(main())
