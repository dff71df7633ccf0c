"""The verbs `up`, `run` and `fetch` that the scripts of all servers have."""

from __future__ import annotations

import argparse
import json
import os
import re
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Protocol

from . import jars
from .process import Ending, Failure, Life

IDLE_SECONDS = 0.2


class Server(Protocol):
    """What can be brought up, told what to do, and ended."""

    def start(self) -> None:
        """Returns when it serves; raises Failure with the reason."""

    def close(self) -> None:
        """Leaves no process and no data behind, also after a failed start."""

    def describe(self) -> dict[str, object]:
        """Returns what `up` says when it is ready."""

    def environment(self) -> dict[str, str]:
        """Returns the variables by which a command finds it."""

    def obey(self, command: str) -> dict[str, object]:
        """Does what a line on stdin asks for, or raises Failure."""

    def complaints(self) -> list[str]:
        """Returns what went wrong since the last time."""


Make = Callable[[Life], Server]
"""Makes a server that `start` has yet to start; may download."""


def up(make: Make) -> int:
    """Serves until the reason to live is gone, and obeys the lines on stdin."""
    life = Life(stdin=0)
    life.end_on_signals()
    server = None
    ready = False
    try:
        server = make(life)
        server.start()
        ready = True
        say(server.describe())
        while True:
            _answer_commands(server, life)
            life.pause(IDLE_SECONDS)
    except Ending as reason:
        if ready:
            return 0
        raise Failure(f"ended before it was ready: {reason}") from reason
    finally:
        if server is not None:
            server.close()


def _answer_commands(server: Server, life: Life) -> None:
    for complaint in server.complaints():
        print(complaint, file=sys.stderr)
    command = life.next_command()
    while command is not None:
        try:
            say({"ok": True, "command": command, **server.obey(command)})
        except Failure as failure:
            say({"ok": False, "command": command, "error": str(failure)})
        command = life.next_command()


def say(answer: Mapping[str, object]) -> None:
    try:
        print(json.dumps(answer), flush=True)
    except BrokenPipeError as error:
        raise Ending("nobody reads stdout") from error


def run(make: Make, argv: list[str]) -> int:
    """Runs a command beside the server; returns its exit code, 128 + n for signal n."""
    life = Life()
    life.end_on_signals()
    server = None
    command = None
    try:
        server = make(life)
        server.start()
        try:
            command = subprocess.Popen(argv, env={**os.environ, **server.environment()})
        except OSError as error:
            raise Failure(f"`{argv[0]}` did not start: {error}") from error
        while command.poll() is None:
            life.pause()
        return command.returncode if command.returncode >= 0 else 128 - command.returncode
    except Ending as reason:
        raise Failure(f"ended early: {reason}") from reason
    finally:
        if command is not None:
            _end(command)
        if server is not None:
            server.close()


def _end(command: subprocess.Popen[bytes]) -> None:
    if command.poll() is not None:
        return
    command.terminate()
    try:
        command.wait(5)
    except subprocess.TimeoutExpired:
        command.kill()
        command.wait()


def fetch(pinned: jars.Jars, get: Callable[[Life], list[Path]], write_sums: bool) -> int:
    """Downloads and checks what a server needs."""
    life = Life()
    life.end_on_signals()
    try:
        if write_sums:
            print(f"wrote {pinned.write_sums(life)} sums to `{pinned.sums}`", file=sys.stderr)
        found = get(life)
    except Ending as reason:
        raise Failure(f"ended early: {reason}") from reason
    say({"cache": str(jars.cache()), "jars": str(pinned.folder()), "count": len(found)})
    return 0


def parse(description: str, name: str, add: Callable[[argparse.ArgumentParser], None]) -> argparse.Namespace:
    """Reads a command line; `add` gives `up` and `run` what is special to one server."""
    parser = argparse.ArgumentParser(description=description)
    verbs = parser.add_subparsers(dest="verb", required=True)
    for verb in ("up", "run"):
        one = verbs.add_parser(verb)
        one.add_argument("--name", type=_name, default=name, help="begins the name of the data folder")
        add(one)
        if verb == "run":
            one.add_argument("command", nargs="+")
    verbs.add_parser("fetch").add_argument("--write-sums", action="store_true", help="after a change of the pins")
    return parser.parse_args()


def _name(text: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9_.-]{1,60}", text):
        raise argparse.ArgumentTypeError(f"`{text}` is not made of letters, digits, `_`, `.` and `-`")
    return text


def main(
    script: str, arguments: argparse.Namespace, make: Make, pinned: jars.Jars, get: Callable[[Life], list[Path]]
) -> int:
    """Does what was parsed; a failure is told on stderr and is exit code 1."""
    try:
        if arguments.verb == "up":
            return up(make)
        if arguments.verb == "run":
            return run(make, arguments.command)
        return fetch(pinned, get, arguments.write_sums)
    except Failure as failure:
        print(f"{script}: {failure}", file=sys.stderr)
        return 1
