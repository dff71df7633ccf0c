#!/usr/bin/env python3
"""Runs what `make` asks for: every check and test of every language, cheap ones first.

    run.py test [--only STEP]... [--keep-going]    run.py soak [--seeds N]    run.py fmt    run.py steps

Prints a heading and the duration of each step, and at the end one line `N passed, N failed` that is added up
from what the runners counted. What a step said is shown when it failed, or while it runs if it is the only one;
it is always in build/logs. When a check fails, no test is started unless --keep-going (or KEEP_GOING=1) is
given. Processes that a step leaves behind are killed, also when this one is interrupted.
"""

from __future__ import annotations

import argparse
import concurrent.futures
import itertools
import os
import re
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from counts import Counts, blamed, count_cargo
from steps import BUILD, KAFKA, PARITY, ROOT, ROUNDS, SEEDS, SIMULATED, TARGET, VENV, Step, c_files, steps

REQUIREMENTS = ROOT / "tests" / "house" / "requirements.txt"
OLDEST_PYTHON = (3, 10)


def environment() -> dict[str, str]:
    """Returns the environment of every step: the tools of the venv first, no colours, no questions."""
    inherited = {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "PYTHONHOME")}
    return {
        **inherited,
        "PATH": f"{VENV / 'bin'}{os.pathsep}{os.environ.get('PATH', '')}",
        "VIRTUAL_ENV": str(VENV),
        "TEST_PROBE_PYTHON": str(VENV / "bin" / "python"),
        "TEST_PROBE_PARITY": str(PARITY),
        "TEST_PROBE_BIN": str(TARGET / "test-probe"),
        "TEST_PROBE_DRIVER": str(TARGET / "examples" / "driver"),
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONUNBUFFERED": "1",
        "CARGO_TERM_COLOR": "never",
        "TERM": "dumb",
        "DEBIAN_FRONTEND": "noninteractive",
    }


def show(chunk: bytes) -> None:
    sys.stdout.buffer.write(chunk)
    sys.stdout.buffer.flush()


Say = Callable[[bytes], object]
"""Takes the output of a step: `show`, or what keeps it until the step is done."""


class Running:
    """The children that run now, so that a signal can end them and all that they started."""

    def __init__(self) -> None:
        self.children: set[subprocess.Popen[bytes]] = set()

    def run(self, command: Sequence[str | Path], step: Step, say: Say = show) -> tuple[int, str]:
        """Runs a command in a process group of its own; says and returns its output."""
        said: list[bytes] = []
        with subprocess.Popen(
            [str(word) for word in command],
            cwd=step.cwd,
            env={**environment(), **step.environment},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        ) as child:
            self.children.add(child)
            late = threading.Timer(step.minutes * 60, end, args=[child, f"not done after {step.minutes:g} minutes"])
            late.daemon = True
            late.start()
            try:
                assert child.stdout
                while chunk := os.read(child.stdout.fileno(), 65536):
                    said.append(chunk)
                    say(chunk)
                code = child.wait()
            finally:
                late.cancel()
                end(child)
                self.children.discard(child)
        return code, b"".join(said).decode(errors="replace")

    def end(self, why: str) -> None:
        """Ends every child."""
        for child in list(self.children):
            end(child, why)


def end(child: subprocess.Popen[bytes], why: str | None = None) -> None:
    """Kills a group: first politely, so that brokers are put away, then for good."""
    if why:
        print(f"\n{why}: ended", flush=True)
    for number, patience in ((signal.SIGTERM, 10.0), (signal.SIGKILL, 0.0)):
        try:
            os.killpg(child.pid, number)
        except (ProcessLookupError, PermissionError):
            return
        until = time.monotonic() + patience
        while time.monotonic() < until and alive(child.pid):
            child.poll()
            time.sleep(0.05)


def alive(group: int) -> bool:
    try:
        os.killpg(group, 0)
    except (ProcessLookupError, PermissionError):
        return False
    return True


RUNNING = Running()


LOGS = BUILD / "logs"
"""What each step said, a file each."""


def duration(seconds: float) -> str:
    return f"{seconds / 60:.0f} min {seconds % 60:.0f} s" if seconds >= 100 else f"{seconds:.1f} s"


def heading(title: str) -> None:
    print(f"\n== {title}", flush=True)


def run_step(step: Step, say: Say = show) -> Counts:
    """Runs a step and returns what it counted; a step that failed without counting has failed once."""
    begun, text, code = time.monotonic(), "", 0
    heading(f"{step.name}: {step.title}")

    def line(words: str) -> None:
        say(f"{words}\n".encode())

    for command in step.commands:
        line(f"$ {' '.join(shown(word) for word in command)}")
        try:
            code, said = RUNNING.run(command, step, say)
        except FileNotFoundError as error:
            code, said = 127, ""
            line(f"not found: {error.filename}")
        text += said
        if code:
            break
    counts = step.count(text) if step.count else Counts(passed=0 if code else 1)
    if code and not counts.failed:
        counts += Counts(failed=1)
    if not code and not counts.passed:
        line("no test was run")
        counts += Counts(failed=1)
    skipped = f", {counts.skipped} ignored" if counts.skipped else ""
    took = duration(time.monotonic() - begun)
    line(f"-- {step.name}: {counts.passed} passed, {counts.failed} failed{skipped} in {took}")
    return counts


def run_beside(steps: Sequence[Step], live: bool) -> list[tuple[Step, Counts, float]]:
    """Runs steps at once, which mostly wait; keeps what they said, and shows it of those that failed."""

    def timed(step: Step) -> tuple[Counts, float, list[bytes]]:
        said: list[bytes] = []

        def say(chunk: bytes) -> None:
            said.append(chunk)
            if live:
                show(chunk)

        begun = time.monotonic()
        return run_step(step, say), time.monotonic() - begun, said

    with concurrent.futures.ThreadPoolExecutor(len(steps)) as pool:
        done = []
        for step, (counts, seconds, said) in zip(steps, pool.map(timed, steps)):
            (LOGS / f"{step.name}.log").write_bytes(b"".join(said))
            if not live:
                show(b"".join(said if counts.failed else said[-1:]))
            done.append((step, counts, seconds))
    return done


def shown(word: str | Path) -> str:
    text = str(word)
    return text.replace(f"{ROOT}{os.sep}", "") or text


# What must be there before anything runs.

TOOLS = {
    "cargo": ("cargo", "https://rustup.rs"),
    "cc": ("gcc", "gcc"),
    "c++": ("g++", "g++"),
    "make": ("make", "make"),
    "cmake": ("cmake", "cmake"),
    "pkg-config": ("pkg-config", "pkg-config"),
    "git": ("git", "git"),
    "javac": ("default-jdk-headless", "default-jdk-headless (17 or later)"),
    "mvn": ("maven", "maven"),
    "node": ("nodejs", "nodejs (20 or later)"),
    "npm": ("npm", "npm"),
}
WELCOME = {"valgrind": "valgrind"}
"""Used where it is there; only root gets it installed."""


def has_gtest() -> bool:
    folders = ("/usr/include", "/usr/local/include", *os.environ.get("CPLUS_INCLUDE_PATH", "").split(os.pathsep))
    if any(Path(folder, "gtest", "gtest.h").is_file() for folder in folders if folder):
        return True
    return any(
        Path(prefix, "include", "gtest").is_dir() for prefix in os.environ.get("CMAKE_PREFIX_PATH", "").split(":")
    )


def missing_packages() -> tuple[list[str], list[str]]:
    """Returns what apt can install, and what it cannot."""
    apt = [package for tool, (package, _) in TOOLS.items() if tool != "cargo" and not shutil.which(tool)]
    apt += [] if has_gtest() else ["libgtest-dev"]
    by_hand = [] if shutil.which("cargo") else [f"cargo ({TOOLS['cargo'][1]})"]
    return apt, by_hand


def prepare_tools() -> str | None:
    """Sees to the tools; returns what is missing, with what to do about it."""
    if sys.version_info < OLDEST_PYTHON:
        return f"python {'.'.join(map(str, OLDEST_PYTHON))} or later is needed"
    apt, by_hand = missing_packages()
    can_install = os.geteuid() == 0 and shutil.which("apt-get") is not None
    if can_install and (wanted := apt + [package for tool, package in WELCOME.items() if not shutil.which(tool)]):
        step = Step("apt", "", [])
        if RUNNING.run(["apt-get", "update", "-qq"], step)[0] == 0:
            RUNNING.run(["apt-get", "install", "-y", "-qq", "--no-install-recommends", *wanted], step)
        apt, by_hand = missing_packages()
    if by_hand:
        return f"install {', '.join(by_hand)}"
    if apt:
        return f"install what is missing: apt-get install {' '.join(apt)}"
    return None


def prepare_venv() -> str | None:
    """Makes build/.venv as the requirements say; returns why it could not."""
    files = [
        REQUIREMENTS,
        *(REQUIREMENTS.parent / name for name in re.findall(r"^-r (\S+)", REQUIREMENTS.read_text(), re.M)),
    ]
    wanted = f"{sys.version}\n{VENV}\n" + "".join(file.read_text(encoding="utf-8") for file in files)
    stamp = VENV / "requirements.stamp"
    if stamp.is_file() and stamp.read_text(encoding="utf-8") == wanted:
        return None
    shutil.rmtree(VENV, ignore_errors=True)
    step = Step("venv", "", [])
    python = getattr(sys, "_base_executable", sys.executable)
    if RUNNING.run([python, "-m", "venv", VENV], step)[0] != 0:
        return "no virtual environment could be made; on Debian: apt-get install python3-venv"
    install: list[str | Path] = [
        VENV / "bin" / "python",
        "-m",
        "pip",
        "install",
        "--quiet",
        "--disable-pip-version-check",
    ]
    if RUNNING.run([*install, "-r", REQUIREMENTS], step)[0] != 0:
        return "the pinned requirements could not be installed"
    stamp.write_text(wanted, encoding="utf-8")
    return None


def prepare() -> str | None:
    heading("prepare: tools, build/.venv")
    begun = time.monotonic()
    BUILD.mkdir(exist_ok=True)
    problem = prepare_tools() or prepare_venv()
    print(f"-- prepare: {problem or 'ready'} in {duration(time.monotonic() - begun)}", flush=True)
    return problem


def command_test(only: Sequence[str], keep_going: bool) -> int:
    begun = time.monotonic()
    if prepare():
        print("0 passed, 1 failed", flush=True)
        return 1
    shutil.rmtree(PARITY, ignore_errors=True)
    PARITY.mkdir(parents=True)
    LOGS.mkdir(exist_ok=True)
    chosen = [step for step in steps() if not only or step.name in only]
    table: list[tuple[Step, Counts, float]] = []
    for _, group in itertools.groupby(chosen, key=lambda step: step.beside or step.name):
        beside = list(group)
        broken = [done.name for done, counts, _ in table if done.is_check and counts.failed]
        if broken and not beside[0].is_check and not keep_going:
            print(f"\n{beside[0].name} and what follows was not run: {', '.join(broken)} failed; KEEP_GOING=1 goes on")
            break
        table += run_beside(beside, live=len(chosen) == 1)
    total = sum((counts for _, counts, _ in table), Counts())
    heading("summary")
    for step, counts, seconds in table:
        print(f"{step.name:14} {counts.passed:6} passed {counts.failed:4} failed {duration(seconds):>14}")
        if counts.failed:
            said = (LOGS / f"{step.name}.log").read_text(encoding="utf-8", errors="replace")
            print("".join(f"    {line}\n" for line in blamed(said)), end="")
    print(f"{total.passed} passed, {total.failed} failed in {duration(time.monotonic() - begun)}", flush=True)
    return 0 if table and not total.failed else 1


def command_venv() -> int:
    """Makes build/.venv, in which figures are taken that need the clients of others."""
    BUILD.mkdir(exist_ok=True)
    if problem := prepare_venv():
        print(problem)
    return 1 if problem else 0


def command_soak(seeds: int) -> int:
    """Simulates many schedules, and plays many rounds on a real Kafka, in an optimised build."""
    problem = prepare_tools()
    if problem:
        print(problem)
        return 1
    simulate = ["cargo", "test", "--locked", "--release", "-p", "test-probe", "--all-features"]
    soaks = [
        Step(
            "workers",
            f"{seeds:,} schedules of workers and verdicts",
            [[*simulate, "--test", "simulation", "--", SIMULATED]],
            count_cargo,
            {"TEST_PROBE_SIM_SEEDS": str(seeds)},
            minutes=24 * 60,
        ),
        Step(
            "rounds",
            f"{ROUNDS:,} randomised rounds on a real Kafka",
            [["python3", KAFKA, "run", "--", *simulate, "--test", "rounds"]],
            count_cargo,
            {"TEST_PROBE_ROUNDS": str(ROUNDS)},
            minutes=24 * 60,
        ),
        Step(
            "seam",
            "schedules of the simulated brokers",
            [[*simulate, "--lib", "--", "--ignored", SIMULATED]],
            count_cargo,
            minutes=60,
        ),
    ]
    total = sum((run_step(step) for step in soaks), Counts())
    print(f"{total.passed} passed, {total.failed} failed", flush=True)
    return 1 if total.failed else 0


def command_fmt() -> int:
    if prepare():
        return 1
    formatters: list[list[str | Path]] = [
        ["cargo", "fmt", "--all"],
        ["ruff", "format", "."],
        ["ruff", "check", "--fix", "."],
    ]
    if files := c_files():
        formatters.append(["clang-format", "-i", *files])
    return 1 if run_step(Step("fmt", "formats everything that people write", formatters)).failed else 0


def stop(number: int, _: object) -> None:
    RUNNING.end(f"signal {number}")
    os._exit(128 + number)


def main() -> int:
    parser = argparse.ArgumentParser(description="Checks and tests of every language.")
    commands = parser.add_subparsers(dest="command", required=True)
    test = commands.add_parser("test")
    test.add_argument(
        "--only", action="append", default=[], metavar="STEP", help="run this step alone; may be repeated"
    )
    test.add_argument("--keep-going", action="store_true", default=os.environ.get("KEEP_GOING", "") not in ("", "0"))
    soak = commands.add_parser("soak")
    soak.add_argument("--seeds", type=int, default=100 * SEEDS)
    commands.add_parser("fmt")
    commands.add_parser("steps")
    commands.add_parser("venv")
    arguments = parser.parse_args()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, stop)
    if arguments.command == "steps":
        for step in steps():
            print(f"{step.name:14} {step.title}")
        return 0
    if arguments.command == "fmt":
        return command_fmt()
    if arguments.command == "venv":
        return command_venv()
    if arguments.command == "soak":
        return command_soak(arguments.seeds)
    unknown = set(arguments.only) - {step.name for step in steps()}
    if unknown:
        parser.error(f"no such step: {', '.join(sorted(unknown))}; see `run.py steps`")
    return command_test(arguments.only, arguments.keep_going)


if __name__ == "__main__":
    sys.exit(main())
