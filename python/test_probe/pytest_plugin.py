"""Fixtures for pytest; loaded by itself, off by `-p no:test_probe`.

    @pytest.mark.probe_topics("topics.yaml")
    def test_an_order_is_confirmed(probe_session):
        ...

`probe` lives as long as the test run (each xdist worker has its own), `probe_session` and
`async_probe_session` as long as a test. The native module is loaded by the fixtures.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from ._default import open_default

if TYPE_CHECKING:
    from . import aio
    from ._sync import Probe, Session


def pytest_addoption(parser: pytest.Parser) -> None:
    """Adds the options."""
    group = parser.getgroup("test-probe")
    group.addoption("--probe-config", metavar="FILE", help="configuration file of the fixture `probe`")
    group.addoption("--probe-embedded", action="store_true", help="a Kafka in this process for `probe`")
    parser.addini("test_probe_config", "configuration file of the fixture `probe`")


def pytest_configure(config: pytest.Config) -> None:
    """Registers the marker."""
    config.addinivalue_line(
        "markers",
        "probe_topics(directives, test_id=None): what `probe_session` and `async_probe_session` open; "
        "a path is relative to the test file",
    )


@pytest.fixture(scope="session")
def probe(pytestconfig: pytest.Config) -> Iterator[Probe]:
    """The probe of the test run."""
    file = pytestconfig.getoption("--probe-config")
    if file is None and (named := pytestconfig.getini("test_probe_config")):
        file = str(pytestconfig.rootpath / named)
    opened, said = open_default(file, embedded=pytestconfig.getoption("--probe-embedded"))
    if said is not None:
        _say(pytestconfig, said)
    with opened:
        yield opened


@pytest.fixture
def probe_session(probe: Probe, request: pytest.FixtureRequest) -> Iterator[Session]:
    """A session of this test, with the topics of its marker `probe_topics`."""
    directives, test_id = _topics(request)
    with probe.session(directives, test_id) as session:
        yield session


@pytest.fixture
def async_probe_session(probe: Probe, request: pytest.FixtureRequest) -> Iterator[aio.Session]:
    """A session of this test whose verbs are awaitable, on whichever event loop runs the test."""
    from . import aio

    directives, test_id = _topics(request)
    with probe.session(directives, test_id) as session:
        twin = aio.Session(session._engine, session._native)
        twin._closed = True  # the blocking one closes it
        yield twin


SAID = "test_probe"
"""Under this name a worker of xdist tells the main process what it has to say."""


def _say(config: pytest.Config, line: str) -> None:
    """Keeps a line for the end of the run, also in a worker of xdist."""
    output = getattr(config, "workeroutput", None)
    if output is None:
        config.stash.setdefault(_LINES, []).append(line)
    else:
        output.setdefault(SAID, []).append(line)


_LINES = pytest.StashKey[list[str]]()


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    """Takes over what a worker of xdist said."""
    lines = getattr(node, "workeroutput", {}).get(SAID, [])
    node.config.stash.setdefault(_LINES, []).extend(lines)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Says what a reader of the results should know."""
    for line in config.stash.get(_LINES, []):
        terminalreporter.write_line(line)


def _topics(request: pytest.FixtureRequest) -> tuple[Any, str | None]:
    marker = request.node.get_closest_marker("probe_topics")
    if marker is None:
        return [], None
    return _of_marker(request.path, *marker.args, **marker.kwargs)


def _of_marker(test_file: Path, directives: Any, test_id: str | None = None) -> tuple[Any, str | None]:
    is_path = isinstance(directives, os.PathLike) or (isinstance(directives, str) and "\n" not in directives)
    return (test_file.parent / directives if is_path else directives), test_id
