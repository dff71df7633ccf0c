"""A service in Java with Apicurio's serializers: compiles the program beside it, and speaks to it."""

from __future__ import annotations

import json
import os
import select
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from probe_brokers import jars
from probe_brokers.java import find_java
from probe_brokers.process import Life

from .shapes import Shape

HERE = Path(__file__).resolve().parent.parent / "java"
PINNED = jars.Jars("serde", HERE / "pom.xml", HERE / "jars.sha256")
LINTS = "-Xlint:all,-classfile,-processing,-path,-removal"
"""All but those about the jars of others."""
SECONDS = 60.0


def part(shape: Shape | None, data: Any = None, register: bool = False) -> dict[str, Any]:
    """Returns how the program is told of a key or a value; text without a shape."""
    if shape is None:
        return {"format": "string", "data": data}
    return {"format": shape.format, "schema": shape.text, "message": shape.record, "data": data, "register": register}


class Service:
    """The program for the length of a `with` block."""

    def __init__(self, bootstrap_servers: str, native_url: str) -> None:
        self._arguments = [bootstrap_servers, native_url]
        self._folder = tempfile.TemporaryDirectory()
        self._unread = b""

    def __enter__(self) -> Service:
        found = os.pathsep.join(str(jar) for jar in PINNED.fetch(Life()))
        java, _ = find_java()
        classes = Path(self._folder.name, "classes")
        sources = sorted(str(source) for source in (HERE / "src").glob("*.java"))
        compiler = [str(Path(java).resolve().with_name("javac")), "--release", "17", LINTS, "-Werror"]
        subprocess.run([*compiler, "-cp", found, "-d", str(classes), *sources], check=True, timeout=SECONDS)
        command = [java, "-Xmx128m", "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC"]
        self._log = Path(self._folder.name, "log").open("wb")  # noqa: SIM115 - `__exit__` closes it
        self._process = subprocess.Popen(
            [*command, "-cp", f"{classes}{os.pathsep}{found}", "Serde", *self._arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._log,
            bufsize=0,
        )
        return self

    def __exit__(self, *_: object) -> None:
        assert self._process.stdin and self._process.stdout
        self._process.stdin.close()
        try:
            self._process.wait(5)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process.stdout.close()
        self._log.close()
        self._folder.cleanup()

    def write(self, topic: str, value: Any, key: Any, headers: dict[str, str] | None = None) -> int:
        """Produces one record; returns its offset."""
        offset: int = self._tell(do="write", topic=topic, value=value, key=key, headers=headers or {})["offset"]
        return offset

    def read(self, topic: str, offset: int, value: Any, key: Any) -> tuple[Any, Any]:
        """Returns key and value of the record at an offset."""
        answer = self._tell(do="read", topic=topic, offset=offset, value=value, key=key)
        return answer["key"], answer["value"]

    def _tell(self, **command: Any) -> dict[str, Any]:
        assert self._process.stdin and self._process.stdout
        self._process.stdin.write(json.dumps(command).encode() + b"\n")
        end = time.monotonic() + SECONDS
        while b"\n" not in self._unread:
            ready = select.select([self._process.stdout], [], [], max(0.0, end - time.monotonic()))[0]
            chunk = os.read(self._process.stdout.fileno(), 65536) if ready else b""
            assert chunk, f"the program in Java did not answer: {Path(self._log.name).read_text()[-2000:]}"
            self._unread += chunk
        line, _, self._unread = self._unread.partition(b"\n")
        answer: dict[str, Any] = json.loads(line)
        assert "error" not in answer, answer["error"]
        return answer


def main(arguments: list[str]) -> int:
    """`python -m probe_schemas.java fetch|sums`, in `tests/schemas`."""
    if arguments == ["sums"]:
        PINNED.write_sums(Life())
    elif arguments != ["fetch"]:
        print(main.__doc__, file=sys.stderr)
        return 2
    print(json.dumps({"jars": str(PINNED.folder()), "count": len(PINNED.fetch(Life()))}))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
