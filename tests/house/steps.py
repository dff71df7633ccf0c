"""What `make test` runs: every check and test of every language, in its order, cheap ones first."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from counts import Counts, count_behave, count_cargo, count_conformance, count_ctest, count_pytest, count_surefire

ROOT = Path(__file__).resolve().parents[2]
BUILD = ROOT / "build"
VENV = BUILD / ".venv"
CONFORMANCE = ROOT / "tests" / "conformance" / "run.py"
PARITY = BUILD / "parity"
"""Where runners note what they ran; emptied before each run, so that an older one does not count."""
SERVERS = ROOT / "tests" / "brokers"
KAFKA = SERVERS / "kafka.py"
TARGET = Path(os.environ.get("CARGO_TARGET_DIR") or ROOT / "target").resolve() / "debug"
ON_REAL: list[str | Path] = ["python3", KAFKA, "run", "--", "python3", SERVERS / "registry.py", "run", "--"]
"""Before a command that is to run on a real Kafka with a real Schema Registry."""
FEATURES = ["cargo", "run", "--locked", "--quiet", "-p", "test-probe-features"]
ON_BOTH = ("sessions", "verdicts", "expectations", "mistakes", "deceptions", "librdkafka_broker")
"""The tests of the engine that need a Kafka and harm none; they run on an embedded one too."""
SEEDS = 10_000
"""How many schedules `make test` simulates."""
ROUNDS = 10_000
"""How many randomised rounds `make soak` plays on a real Kafka; `make test` plays 300."""
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
    minutes: float = 30
    """After which it is taken for hanging: many times what it takes, for machines that are slow or build first."""
    cwd: Path = ROOT
    is_check: bool = False
    beside: str = ""
    """Steps in a row that have the same word here run at once."""


C_FOLDERS = ("include", "tests/c")


def c_files() -> list[Path]:
    """Returns the C and C++ files that people write; the header is generated."""
    found = (path for folder in C_FOLDERS for path in (ROOT / folder).rglob("*"))
    return sorted(path for path in found if path.suffix in {".c", ".h", ".hpp", ".cpp"} and path.name != "test_probe.h")


def house(script: str) -> list[str | Path]:
    return [VENV / "bin" / "python", ROOT / "tests" / "house" / script]


def steps() -> list[Step]:
    # Two builds serve all (adr/0040): one of everything that is tested in Rust, one of what is delivered.
    tests = ["cargo", "test", "--locked", "--workspace", "--all-features"]
    examples = ["cargo", "build", "--locked", "--quiet", "--workspace", "--all-features", "--examples"]
    command = ["cargo", "build", "--locked", "--quiet", "-p", "test-probe-cli"]
    scripts = sorted((ROOT / "tests" / "house").glob("*.py"))
    house_rules = [[*tests, "--test", "house"]]
    maven: list[str | Path] = ["mvn", "-B", "-ntp", "-f", ROOT / "java", "-Pdev"]
    features = [
        *("-pl", "test-probe-cucumber", "-am", "-Dtest=FeaturesTest", "-Dsurefire.failIfNoSpecifiedTests=false"),
        "verify",
    ]
    plain = ["-p", "no:asyncio", "-p", "no:test_probe"]
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
        Step(
            "kafka",
            "the jars of brokers, registry and token server are there and right",
            [["python3", SERVERS / script, "fetch"] for script in ("kafka.py", "registry.py", "oauth.py")],
            is_check=True,
        ),
        Step(
            "serializers",
            "the jars of the serializers in Java are there and right",
            [[VENV / "bin" / "python", "-m", "probe_schemas.java", "fetch"]],
            cwd=ROOT / "tests" / "schemas",
            is_check=True,
        ),
        Step("features", "two builds serve every step", [house("feature_sets.py")], is_check=True),
        Step("build", "the tests build", [[*tests, "--no-run"]], is_check=True),
        # After `kafka`: the shapes of requests are generated from a jar of the brokers.
        Step("house", "the arrows of the code map hold, and generated files are fresh", house_rules, is_check=True),
        Step(
            "rust",
            "unit, integration and doc tests, on a real Kafka",
            [["python3", KAFKA, "run", "--", *tests, "--no-fail-fast", "--", "--skip", SIMULATED]],
            count_cargo,
        ),
        Step(
            "formats-python",
            "Avro, Protobuf and JSON Schema beside other implementations in Python",
            [
                examples,
                ["pytest", "-q", "-ra", "-p", "no:asyncio", "-p", "no:test_probe", "tests/formats"],
            ],
            count_pytest,
        ),
        Step(
            "embedded",
            "the engine on an embedded cluster, by the tests that pass on a real Kafka",
            [[*tests, *(word for one in ON_BOTH for word in ("--test", one))]],
            count_cargo,
            {"TEST_PROBE_TEST_KAFKA": "embedded"},
        ),
        Step(
            "simulation",
            f"{SEEDS:,} seeded schedules in virtual time",
            [[*tests, "--test", "simulation", "--", SIMULATED]],
            count_cargo,
            {"TEST_PROBE_SIM_SEEDS": str(SEEDS)},
        ),
        Step(
            "c",
            "the C package from outside, in C and C++",
            # With the chores as the tests were built with them.
            [
                [*tests, "--no-run", "--test", "house"],
                [VENV / "bin" / "python", ROOT / "tests" / "c" / "run.py", "--xtask", TARGET / "xtask"],
            ],
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
                [*command, "-p", "test-probe-conformance"],
                [VENV / "bin" / "python", CONFORMANCE, "--compare", "--tier", "test"],
            ],
            count_conformance,
        ),
        # Side by side, since most of it is waiting for servers.
        Step(
            "examples",
            "services in three languages, tested without Docker",
            [["pytest", "-q", "-ra", "-p", "no:asyncio", "tests/examples"]],
            count_pytest,
            beside="servers",
        ),
        Step(
            "security",
            "clients log in, and are refused, at the secured listeners of an embedded cluster",
            [
                command,
                ["pytest", "-q", "-ra", "-p", "no:asyncio", "-p", "no:test_probe", "tests/security"],
            ],
            count_pytest,
            beside="servers",
        ),
        Step(
            "registry",
            "the embedded schema registry is what Confluent's client takes it for",
            [
                command,
                ["pytest", "-q", "-ra", *plain, "tests/registry"],
            ],
            count_pytest,
            {"TEST_PROBE_TEST_REGISTRY": "embedded"},
            beside="servers",
        ),
        Step(
            "registry-real",
            "a real schema registry is so too, but for the differences that servers.py names",
            [["python3", SERVERS / "registry.py", "run", "--", "pytest", "-q", "-ra", *plain, "tests/registry"]],
            count_pytest,
            beside="servers",
        ),
        Step(
            "brokers",
            "the test servers are what they claim to be",
            # Side by side by file, since most of it is waiting for servers.
            [["pytest", "-q", "-ra", "-n2", "--dist=loadfile", *plain, "tests/brokers"]],
            count_pytest,
            beside="servers",
        ),
        Step(
            "schemas",
            "serializers of others and ours read each other, on both clusters with their registries",
            [
                command,
                ["pytest", "-q", "-ra", "-n2", "--dist=loadfile", *plain, "tests/schemas"],
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
                [*ON_REAL, *maven, *features],
            ],
            count_surefire,
            # Where everything must be there, a version of Java that is not is a failure.
            {"TEST_PROBE_NEED_JDKS": "17,25"} if os.environ.get("CI") else {},
        ),
        # The shared features, a step for each language; each runs them on both clusters.
        Step(
            "features-rust",
            "the shared features in Rust, on the embedded cluster and on a real Kafka",
            [FEATURES, [*ON_REAL, *FEATURES]],
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
    clusters = {"embedded": ("an embedded cluster", ON_REAL[:0]), "real": ("a real Kafka", ON_REAL)}
    return [
        Step(
            f"{runner}-{cluster}",
            f"the features of every language, by {runner} on {title}",
            [[*start, *command]],
            count,
            {"TEST_PROBE_TEST_KAFKA": "embedded", "TEST_PROBE_CONFIG": f"tests/features/{cluster}.yaml"},
            beside=runner,
        )
        for runner, (command, count) in runners.items()
        for cluster, (title, start) in clusters.items()
    ]
