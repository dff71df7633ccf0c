#!/usr/bin/env python3
"""A real token server for the tests of every language; see README.md.

    oauth.py up [--token-seconds 60] [--name NAME]
    oauth.py run [--token-seconds 60] -- COMMAND...
    oauth.py fetch [--write-sums]

Python tests use the same process through the class `Tokens` below.
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
from probe_brokers.remote import Remote
from probe_brokers.token_server import TOKEN_SECONDS, TokenServer

# A child of ours has its own deadlines; this one only catches a child that hangs.
ANSWER_SECONDS = START_SECONDS + 15
FIRST_ANSWER_SECONDS = ANSWER_SECONDS + jars.FETCH_SECONDS


@final
class Tokens(Remote):
    """A token server for the length of a `with` block, in a process of its own."""

    def __init__(self, token_seconds: int = TOKEN_SECONDS, name: str = "oauth") -> None:
        words = [str(Path(__file__).resolve()), "up", f"--name={name}", f"--token-seconds={token_seconds}"]
        super().__init__(words, FIRST_ANSWER_SECONDS, ANSWER_SECONDS)
        self.server: dict[str, Any] = {}

    def __enter__(self) -> Tokens:
        self.server = self.open()
        return self


def _options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--token-seconds", type=int, default=TOKEN_SECONDS, help="how long a token is good")


def main() -> int:
    arguments = commands.parse("A real token server for the tests of every language.", "oauth", _options)

    def make(life: Life) -> TokenServer:
        return TokenServer(life, arguments.name, arguments.token_seconds)

    return commands.main("oauth.py", arguments, make, jars.TOKENS, jars.TOKENS.fetch)


if __name__ == "__main__":
    sys.exit(main())
