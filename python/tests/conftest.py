"""Real Kafka, the stub service, and scripts in interpreters of their own."""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
import textwrap
import threading
import time
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Callable

import pytest

ROOT = Path(__file__).resolve().parents[2]
BROKERS = ROOT / "tests" / "brokers"
MAIN_JOB = ROOT / "tests" / "main_job" / "topics.yaml"
SECONDS = 60.0
"""How long anything may take on a busy machine."""

sys.path.insert(0, str(BROKERS))

from kafka import Kafka  # noqa: E402

from test_probe import Probe, Session  # noqa: E402

pytest_plugins = ["pytester"]


@pytest.fixture(scope="session")
def kafka() -> Iterator[Kafka]:
    """A Kafka that nobody stops."""
    with Kafka() as kafka:
        yield kafka


@pytest.fixture
def own_kafka() -> Iterator[Kafka]:
    """A Kafka that a test may stop and kill."""
    with Kafka() as kafka:
        yield kafka


@pytest.fixture
def engine(kafka: Kafka) -> Iterator[Probe]:
    with Probe(bootstrap_servers=kafka.bootstrap_servers) as probe:
        yield probe


@pytest.fixture
def topic() -> str:
    return f"orders-{uuid.uuid4()}"


def both(topic: str, **more: Any) -> dict[str, Any]:
    """A directive for a round trip on a topic that is created."""
    return {"topic": topic, "role": "both", "create": {"partitions": 1}, **more}


@pytest.fixture
def session(engine: Probe, topic: str) -> Iterator[Session]:
    with engine.session(both(topic)) as session:
        yield session


@contextlib.contextmanager
def stub_service(bootstrap_servers: str) -> Iterator[None]:
    """The system under test, a foreign client in a process of its own."""
    command = [sys.executable, str(BROKERS / "stub_service.py"), "--bootstrap", bootstrap_servers]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdin
        assert process.stdout
        try:
            assert json.loads(process.stdout.readline()) == {"ready": True}
            yield
        finally:
            process.stdin.close()
            process.wait(SECONDS)


class Script:
    """A program in an interpreter of its own; what it `say`s is `expect`ed here, and it `hear`s `tell`."""

    PRELUDE = """
        import sys, time
        BOOTSTRAP, TOPIC = sys.argv[1:3]
        DIRECTIVE = {"topic": TOPIC, "role": "both", "create": {"partitions": 1}}
        def say(text): print(text, flush=True)
        def hear(): return sys.stdin.readline()
    """

    def __init__(self, path: Path, text: str, arguments: list[str], options: list[str]) -> None:
        path.write_text(textwrap.dedent(self.PRELUDE) + textwrap.dedent(text))
        self.process = subprocess.Popen(
            [sys.executable, *options, str(path), *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self._watchdog = threading.Timer(SECONDS, self.process.kill)
        self._watchdog.daemon = True
        self._watchdog.start()

    def expect(self, line: str) -> None:
        assert self.process.stdout
        said = self.process.stdout.readline()
        if said != f"{line}\n":
            self.process.kill()
            raise AssertionError(f"said {said!r}, not {line!r}; {self.process.communicate()}")

    def tell(self) -> None:
        assert self.process.stdin
        self.process.stdin.write("go\n")
        self.process.stdin.flush()

    def ends(self, code: int, within: float = SECONDS) -> None:
        """Ends by itself, with this code, in time, and with nothing more to say."""
        begin = time.monotonic()
        out, err = self.process.communicate(timeout=SECONDS + 5)
        took = time.monotonic() - begin
        self._watchdog.cancel()
        assert (self.process.returncode, out, err) == (code, "", "")
        assert took < within, f"took {took:.1f} s"


@pytest.fixture
def script(tmp_path: Path, topic: str) -> Iterator[Callable[..., Script]]:
    scripts: list[Script] = []

    def start(bootstrap: str, text: str, *options: str) -> Script:
        path = tmp_path / f"script_{len(scripts)}.py"
        scripts.append(Script(path, text, [bootstrap, topic], list(options)))
        return scripts[-1]

    yield start
    for one in scripts:
        one._watchdog.cancel()
        one.process.kill()
        one.process.communicate()
