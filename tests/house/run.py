#!/usr/bin/env python3
"""Runs what `make` asks for: every check and test of every language, cheap ones first.

    run.py test [--only STEP]... [--keep-going]    run.py soak [--seeds N]    run.py fmt    run.py steps

Prints a heading and the duration of each step, each runner's own output, and at the end one line
`N passed, N failed` that is added up from what the runners counted. When a check fails, no test is started
unless --keep-going (or KEEP_GOING=1) is given. Processes that a step leaves behind are killed, also when
this one is interrupted.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from counts import Counts, count_behave, count_cargo, count_conformance, count_ctest, count_pytest, count_surefire

ROOT = Path(__file__).resolve().parents[2]
BUILD = ROOT / "build"
VENV = BUILD / ".venv"
REQUIREMENTS = ROOT / "tests" / "house" / "requirements.txt"
CONFORMANCE = ROOT / "tests" / "conformance" / "run.py"
PARITY = BUILD / "parity"
"""Where runners note what they ran; emptied before each run, so that an older one does not count."""
KAFKA = ROOT / "tests" / "brokers" / "kafka.py"
FEATURES = ["cargo", "run", "--locked", "--quiet", "-p", "test-probe-features"]
OLDEST_PYTHON = (3, 10)
ON_BOTH = ("sessions", "verdicts", "expectations", "librdkafka_broker")
"""The tests of the engine that need a Kafka and harm none; they run on an embedded one too."""
SEEDS = 10_000
"""How many schedules `make test` simulates."""
SIMULATED = "ten_thousand_schedules"
"""The tests that run schedules by the thousand; they have steps of their own."""


@dataclass
class Step:
    """One thing that is run. Without `count` it is one check, which passes or fails as a whole."""

    name: str
    title: str
    commands: Sequence[Sequence[str | Path]]
    count: Callable[[str], Counts] | None = None
    environment: dict[str, str] = field(default_factory=dict)
    minutes: float = 15
    cwd: Path = ROOT
    is_check: bool = False


def environment() -> dict[str, str]:
    """Returns the environment of every step: the tools of the venv first, no colours, no questions."""
    inherited = {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "PYTHONHOME")}
    return {
        **inherited,
        "PATH": f"{VENV / 'bin'}{os.pathsep}{os.environ.get('PATH', '')}",
        "VIRTUAL_ENV": str(VENV),
        "TEST_PROBE_PYTHON": str(VENV / "bin" / "python"),
        "TEST_PROBE_PARITY": str(PARITY),
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONUNBUFFERED": "1",
        "CARGO_TERM_COLOR": "never",
        "TERM": "dumb",
        "DEBIAN_FRONTEND": "noninteractive",
    }


class Running:
    """The child that runs now, so that a signal can end it and all that it started."""

    def __init__(self) -> None:
        self.child: subprocess.Popen[bytes] | None = None

    def run(self, command: Sequence[str | Path], step: Step) -> tuple[int, str]:
        """Runs a command in a process group of its own; shows and returns its output."""
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
            self.child = child
            late = threading.Timer(step.minutes * 60, self.end, args=[f"not done after {step.minutes:g} minutes"])
            late.daemon = True
            late.start()
            try:
                assert child.stdout
                while chunk := os.read(child.stdout.fileno(), 65536):
                    said.append(chunk)
                    sys.stdout.buffer.write(chunk)
                    sys.stdout.buffer.flush()
                code = child.wait()
            finally:
                late.cancel()
                self.end()
                self.child = None
        return code, b"".join(said).decode(errors="replace")

    def end(self, why: str | None = None) -> None:
        """Kills the group: first politely, so that brokers are put away, then for good."""
        child = self.child
        if child is None:
            return
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


def duration(seconds: float) -> str:
    return f"{seconds / 60:.0f} min {seconds % 60:.0f} s" if seconds >= 100 else f"{seconds:.1f} s"


def heading(title: str) -> None:
    print(f"\n== {title}", flush=True)


def run_step(step: Step) -> Counts:
    """Runs a step and returns what it counted; a step that failed without counting has failed once."""
    heading(f"{step.name}: {step.title}")
    begun, text, code = time.monotonic(), "", 0
    for command in step.commands:
        print(f"$ {' '.join(shown(word) for word in command)}", flush=True)
        try:
            code, said = RUNNING.run(command, step)
        except FileNotFoundError as error:
            code, said = 127, ""
            print(f"not found: {error.filename}", flush=True)
        text += said
        if code:
            break
    counts = step.count(text) if step.count else Counts(passed=0 if code else 1)
    if code and not counts.failed:
        counts += Counts(failed=1)
    if not code and not counts.passed:
        print("no test was run", flush=True)
        counts += Counts(failed=1)
    skipped = f", {counts.skipped} ignored" if counts.skipped else ""
    took = duration(time.monotonic() - begun)
    print(f"-- {step.name}: {counts.passed} passed, {counts.failed} failed{skipped} in {took}", flush=True)
    return counts


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


# The steps, in their order.

C_FOLDERS = ("include", "tests/c")


def c_files() -> list[Path]:
    """Returns the C and C++ files that people write; the header is generated."""
    found = (path for folder in C_FOLDERS for path in (ROOT / folder).rglob("*"))
    return sorted(path for path in found if path.suffix in {".c", ".h", ".hpp", ".cpp"} and path.name != "test_probe.h")


def house(script: str) -> list[str | Path]:
    return [VENV / "bin" / "python", ROOT / "tests" / "house" / script]


def steps() -> list[Step]:
    crates = ["test-probe", "test-probe-embedded", "test-probe-cli", "xtask"]
    tests = ["cargo", "test", "--locked", *(word for crate in crates for word in ("-p", crate)), "--all-features"]
    scripts = sorted((ROOT / "tests" / "house").glob("*.py"))
    engine = ["-p", "test-probe"]
    xtask = ["cargo", "run", "--locked", "--quiet", "-p", "xtask", "--"]
    maven: list[str | Path] = ["mvn", "-B", "-ntp", "-f", ROOT / "java", "-Pdev"]
    features = [
        *("-pl", "test-probe-cucumber", "-am", "-Dtest=FeaturesTest", "-Dsurefire.failIfNoSpecifiedTests=false"),
        "verify",
    ]
    return [
        Step("rustfmt", "Rust is formatted", [["cargo", "fmt", "--all", "--check"]], is_check=True),
        Step(
            "ruff",
            "Python is formatted and clean",
            [["ruff", "format", "--check", "."], ["ruff", "check", "."]],
            is_check=True,
        ),
        Step(
            "clang-format",
            "C and C++ are formatted",
            [["clang-format", "--dry-run", "-Werror", *c_files()]],
            is_check=True,
        ),
        Step("mypy", "Python is typed", [["mypy"], ["mypy", "--strict", *scripts]], cwd=ROOT / "python", is_check=True),
        Step("snippets", "documents quote what is tested", [house("readme_snippets.py")], is_check=True),
        Step("decisions", "decisions name tests that exist", [house("adr_checks.py")], is_check=True),
        Step("licences", "the tree has allowed licences only", [house("licences.py")], is_check=True),
        Step(
            "clippy",
            "Rust without warnings",
            [["cargo", "clippy", "--locked", "--workspace", "--all-targets", "--all-features", "--", "-D", "warnings"]],
            is_check=True,
        ),
        Step("tidy", "the arrows of the code map hold", [[*xtask, "tidy"]], is_check=True),
        Step("kafka", "the brokers' jars are there and right", [["python3", KAFKA, "fetch"]], is_check=True),
        # After `kafka`: the shapes of requests are generated from a jar of the brokers.
        Step("generated", "generated files are fresh", [[*xtask, "check"]], is_check=True),
        Step("build", "the tests build", [[*tests, "--no-run"]], is_check=True),
        Step(
            "rust",
            "unit, integration and doc tests, on a real Kafka",
            [["python3", KAFKA, "run", "--", *tests, "--no-fail-fast", "--", "--skip", SIMULATED]],
            count_cargo,
        ),
        Step(
            "embedded",
            "the engine on an embedded cluster, by the tests that pass on a real Kafka",
            [[*tests[:3], *engine, "--all-features", *(word for one in ON_BOTH for word in ("--test", one))]],
            count_cargo,
            {"TEST_PROBE_TEST_KAFKA": "embedded"},
        ),
        Step(
            "simulation",
            f"{SEEDS:,} seeded schedules in virtual time",
            [[*tests[:3], "-p", "test-probe", "--all-features", "--test", "simulation", "--", SIMULATED]],
            count_cargo,
            {"TEST_PROBE_SIM_SEEDS": str(SEEDS)},
        ),
        Step(
            "c",
            "the C package from outside, in C and C++",
            [[VENV / "bin" / "python", ROOT / "tests" / "c" / "run.py"]],
            count_ctest,
            {"TEST_PROBE_PYTHON": str(VENV / "bin/python")},
        ),
        Step(
            "wheel",
            "pip install ./python",
            [
                [
                    "pip",
                    "install",
                    "--quiet",
                    "--disable-pip-version-check",
                    "--force-reinstall",
                    "--no-deps",
                    "./python",
                ]
            ],
            # The profile of the tests, so that the Kafka client is built once.
            environment={"MATURIN_PEP517_ARGS": "--profile dev --locked"},
            is_check=True,
        ),
        Step(
            "python", "the Python package on a real Kafka", [["pytest", "-q", "-ra"]], count_pytest, cwd=ROOT / "python"
        ),
        *python_features(),
        Step(
            "conformance",
            "real clients cannot tell the embedded cluster from a real Kafka",
            [
                ["cargo", "build", "--locked", "--quiet", "-p", "test-probe-cli", "-p", "test-probe-conformance"],
                [VENV / "bin" / "python", CONFORMANCE, "--compare", "--tier", "test"],
            ],
            count_conformance,
        ),
        Step(
            "examples",
            "services in three languages, tested without Docker",
            [["pytest", "-q", "-ra", "-p", "no:asyncio", "tests/examples"]],
            count_pytest,
        ),
        Step(
            "security",
            "clients log in, and are refused, at the secured listeners of an embedded cluster",
            [
                ["cargo", "build", "--locked", "--quiet", "-p", "test-probe-cli"],
                ["pytest", "-q", "-ra", "-p", "no:asyncio", "-p", "no:test_probe", "tests/security"],
            ],
            count_pytest,
        ),
        Step(
            "java",
            "the Java modules on the embedded cluster, the features on a real Kafka too",
            # With the library as the tests of other languages build it, so that the Kafka client is built once.
            [
                [*maven, "verify"],
                [*maven, *features],
                ["python3", KAFKA, "run", "--", *maven, *features],
            ],
            count_surefire,
            # Where everything must be there, a version of Java that is not is a failure.
            {"TEST_PROBE_NEED_JDKS": "17,25"} if os.environ.get("CI") else {},
        ),
        Step(
            "brokers",
            "the test brokers are what they claim to be",
            [["pytest", "-q", "-ra", "-p", "no:asyncio", "-p", "no:test_probe", "tests/brokers"]],
            count_pytest,
        ),
        # The shared features, a step for each language; each runs them on both clusters.
        Step(
            "features-rust",
            "the shared features in Rust, on the embedded cluster and on a real Kafka",
            [FEATURES, ["python3", KAFKA, "run", "--", *FEATURES]],
            count_cargo,
            {"TEST_PROBE_TEST_KAFKA": "embedded"},
        ),
        # Behind every step that runs vectors or features.
        Step(
            "parity",
            "every language ran every vector and every scenario",
            [
                ["pytest", "-q", "-ra", "-p", "no:asyncio", "-p", "no:test_probe", "tests/house"],
                [*house("parity.py"), PARITY],
            ],
            count_pytest,
        ),
    ]


def python_features() -> list[Step]:
    """Returns the steps that run the features of every language in Python."""
    runners = {
        "pytest-bdd": (["pytest", "-q", "-ra", "-n", "3", "python/features"], count_pytest),
        "behave": (["behave", "-f", "progress", "python/features", "tests/features"], count_behave),
    }
    on_real: list[str | Path] = ["python3", KAFKA, "run", "--"]
    clusters = {"embedded": ("an embedded cluster", on_real[:0]), "real": ("a real Kafka", on_real)}
    return [
        Step(
            f"{runner}-{cluster}",
            f"the features of every language, by {runner} on {title}",
            [[*start, *command]],
            count,
            {"TEST_PROBE_TEST_KAFKA": "embedded", "TEST_PROBE_CONFIG": f"tests/features/{cluster}.yaml"},
        )
        for runner, (command, count) in runners.items()
        for cluster, (title, start) in clusters.items()
    ]


def command_test(only: Sequence[str], keep_going: bool) -> int:
    begun = time.monotonic()
    if prepare():
        print("0 passed, 1 failed", flush=True)
        return 1
    shutil.rmtree(PARITY, ignore_errors=True)
    PARITY.mkdir(parents=True)
    chosen = [step for step in steps() if not only or step.name in only]
    table: list[tuple[Step, Counts, float]] = []
    for step in chosen:
        at = time.monotonic()
        broken = [done.name for done, counts, _ in table if done.is_check and counts.failed]
        if broken and not step.is_check and not keep_going:
            print(f"\n{step.name} and what follows was not run: {', '.join(broken)} failed; KEEP_GOING=1 goes on")
            break
        table.append((step, run_step(step), time.monotonic() - at))
    total = sum((counts for _, counts, _ in table), Counts())
    heading("summary")
    for step, counts, seconds in table:
        print(f"{step.name:14} {counts.passed:6} passed {counts.failed:4} failed {duration(seconds):>14}")
    print(f"{total.passed} passed, {total.failed} failed in {duration(time.monotonic() - begun)}", flush=True)
    return 0 if table and not total.failed else 1


def command_soak(seeds: int) -> int:
    """Simulates many schedules, in an optimised build."""
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
    arguments = parser.parse_args()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, stop)
    if arguments.command == "steps":
        for step in steps():
            print(f"{step.name:14} {step.title}")
        return 0
    if arguments.command == "fmt":
        return command_fmt()
    if arguments.command == "soak":
        return command_soak(arguments.seeds)
    unknown = set(arguments.only) - {step.name for step in steps()}
    if unknown:
        parser.error(f"no such step: {', '.join(sorted(unknown))}; see `run.py steps`")
    return command_test(arguments.only, arguments.keep_going)


if __name__ == "__main__":
    sys.exit(main())
