#!/usr/bin/env python3
"""A real Schema Registry for the tests of every language; see README.md.

    registry.py up [--auth] [--issuer URL] [--certificate FILE --key FILE] [--name NAME]
    registry.py run [the same] -- COMMAND...
    registry.py fetch [--write-sums]

With a Kafka: `kafka.py run -- registry.py run -- COMMAND`.
Python tests use the same process through the class `Registry` below.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any, final

sys.path.insert(0, str(Path(__file__).resolve().parent))

from probe_brokers import commands, jars
from probe_brokers.http_server import START_SECONDS
from probe_brokers.process import Life
from probe_brokers.registry_server import UNPACK_SECONDS, USERS, Guard, RegistryServer, unpacked
from probe_brokers.remote import Remote, ServerError

# A child of ours has its own deadlines; this one only catches a child that hangs.
ANSWER_SECONDS = START_SECONDS + 15
FIRST_ANSWER_SECONDS = ANSWER_SECONDS + UNPACK_SECONDS + jars.FETCH_SECONDS


class RegistryError(ServerError):
    """The registry did not start, or refused a command."""


@final
class Registry(Remote):
    """A registry for the length of a `with` block, in a process of its own."""

    error = RegistryError

    def __init__(
        self, auth: bool = False, name: str = "registry", issuer: str = "", certificate: str = "", key: str = ""
    ) -> None:
        words = [str(Path(__file__).resolve()), "up", f"--name={name}", *(["--auth"] if auth else [])]
        given = {"issuer": issuer, "certificate": certificate, "key": key}
        words += [f"--{word}={value}" for word, value in given.items() if value]
        super().__init__(words, FIRST_ANSWER_SECONDS, ANSWER_SECONDS)
        self.url = ""
        self.secure_url = ""
        self.native_url = ""
        self.users: list[dict[str, str]] = []
        self.server: dict[str, Any] = {}

    def __enter__(self) -> Registry:
        self.server = self.open()
        self.url, self.native_url, self.users = (self.server[name] for name in ("url", "native_url", "users"))
        self.secure_url = self.server["secure_url"] or ""
        return self

    def stop(self) -> None:
        """Freezes it (SIGSTOP): connections stay open and nothing answers."""
        self.server = self.tell("stop")["server"]

    def cont(self) -> None:
        """Thaws it (SIGCONT)."""
        self.server = self.tell("cont")["server"]

    def kill(self) -> None:
        """Kills it (SIGKILL); what was registered stays, and connections are refused."""
        self.server = self.tell("kill")["server"]

    def restart(self) -> None:
        """Starts it again on the same port and data, and waits until it serves."""
        self.server = self.tell("restart")["server"]


def _options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--auth", action="store_true", help="asks for a user's name and password")
    parser.add_argument("--issuer", default="", help="as --auth, and takes the tokens of this issuer too")
    parser.add_argument("--certificate", default="", help="listens over TLS too, and shows this (PEM)")
    parser.add_argument("--key", default="", help="the key of the certificate (PEM)")


def main() -> int:
    arguments = commands.parse("A real Schema Registry for the tests of every language.", "registry", _options)

    def make(life: Life) -> RegistryServer:
        users = USERS if arguments.auth or arguments.issuer else ()
        guard = Guard(users, arguments.issuer, arguments.certificate, arguments.key)
        return RegistryServer(life, arguments.name, guard)

    def get(life: Life) -> list[Path]:
        return [unpacked(life)]

    return commands.main("registry.py", arguments, make, jars.REGISTRY, get)


if __name__ == "__main__":
    sys.exit(main())
