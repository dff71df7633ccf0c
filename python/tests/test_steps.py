"""The steps under pytest-bdd and behave: what passes, what fails, and what is said."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import xml.etree.ElementTree as ElementTree
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest
from conftest import ROOT, SECONDS

from test_probe.steps.world import STEPS

FOLDER = Path(__file__).parent / "steps"
PASS = (
    "an order arrives",
    "any keyword will do",
    "another is behind the one found last, and a mark forgets",
    "a refusal that is taken passes",
    "a doubt that is taken passes",
    "a scenario without the probe costs nothing",
)
DOUBT = 'inconclusive was the step `within 200 ms an "A" event arrives on topic "orders"`, and no step took'
REFUSAL = 'an event was refused in the step `I produce to topic "orders" the event:`, and no step took that: '
FAIL = {
    "a doubt that nobody takes fails at the end": DOUBT,
    "a doubt that nobody takes fails at the next step": DOUBT,
    "a refusal that nobody takes fails at the end": REFUSAL,
    "a refusal that nobody takes fails at the next event": REFUSAL,
    "a refusal is told beside the failure that came first": "no matching event came on `orders` within",
    "a refusal for another reason fails": "no event was refused with `SCHEMA_NOT_FOUND`, but UNKNOWN",
    "a refused event is not acknowledged": "producing to `orders` failed",
    "an expectation that fails says why": 'type: expected "B", was "A"',
    "a typo in a table is named": "the table had a column `kee`\nhint: did you mean `key`?",
    "directives tell every problem": "line 2, column 5: `role` was missing in a topic directive\n"
    "line 3, column 5: unknown key `rolle` in a topic directive\n"
    "line 5, column 11: `role` was `sometimes`, not one of `producer`, `consumer`, `both`",
    "a value that is no JSON fails at once": "the doc string was no JSON: ",
    "a topic without a directive fails at once": "no producer was registered",
    "a step before any topic says what to do": "no topic step came before\nhint: begin with `Given topic",
    "a table that is missing is named": "the step had no table below it",
    "an acknowledgement of nothing fails": "no step produced an event before",
    "an expectation that was certain is not inconclusive": "no expectation before was inconclusive",
    "a probe step after a topic step fails": "a probe step came after a topic step",
    "a cluster that is not configured fails": "cluster `region2` was not in the configuration",
    "a code that is none fails": "`SCHEMA_NOTFOUND` was no error code",
    "a step that nobody defined fails": "I wish for an event on topic",
}


@dataclass(frozen=True)
class Run:
    """What came of the features in the folder `steps`."""

    code: int
    said: str
    scenarios: dict[str, str | None]
    """By name, why a scenario failed; None where it passed."""


class PytestBdd:
    CONFIG = "--probe-config="

    @staticmethod
    def run(report: Path, *options: str, environment: Mapping[str, str] | None = None) -> Run:
        report.mkdir()
        quiet = ["-p", "no:cacheprovider", "-q"]
        return ran(
            "pytest", *quiet, f"--junitxml={report}/r.xml", *options, "features.py", environment=environment
        )


class Behave:
    CONFIG = "-Dprobe_config="

    @staticmethod
    def run(report: Path, *options: str, environment: Mapping[str, str] | None = None) -> Run:
        return ran("behave", "--junit", f"--junit-directory={report}", *options, ".", environment=environment)


def ran(
    module: str, *arguments: str, environment: Mapping[str, str] | None = None, folder: Path = FOLDER
) -> Run:
    quiet = {
        name: value for name, value in os.environ.items() if not name.startswith(("TEST_PROBE_", "KAFKA_"))
    }
    run = subprocess.run(
        [sys.executable, "-m", module, *arguments],
        cwd=folder,
        env={**quiet, **(environment or {})},
        capture_output=True,
        text=True,
        timeout=SECONDS,
    )
    report = next(
        Path(one.partition("=")[2]) for one in arguments if one.startswith("--junit") and "=" in one
    )
    files = [report] if report.suffix else list(report.glob("*.xml"))
    cases = [case for file in files for case in ElementTree.parse(file).iter("testcase")]
    return Run(
        run.returncode,
        run.stdout + run.stderr,
        {plain(case.get("name", "")): failure(case) for case in cases},
    )


def plain(name: str) -> str:
    """Returns a scenario's name as pytest-bdd makes a function's of it."""
    return re.sub(r"\W", "", name.removeprefix("test_").replace(" ", "_")).lower()


def failure(case: ElementTree.Element) -> str | None:
    found = [part for part in case if part.tag in ("failure", "error")]
    return "\n".join(f"{part.get('message')}\n{part.text}" for part in found) if found else None


@pytest.fixture(scope="module", params=[PytestBdd, Behave], ids=lambda runner: runner.__name__)
def runner(request: pytest.FixtureRequest) -> type[PytestBdd] | type[Behave]:
    return request.param


@pytest.fixture(scope="module")
def run(runner: type[PytestBdd] | type[Behave], tmp_path_factory: pytest.TempPathFactory) -> Run:
    return runner.run(tmp_path_factory.mktemp("run") / "report")


@pytest.mark.parametrize("scenario", PASS)
def test_a_scenario_passes(run: Run, scenario: str) -> None:
    assert run.scenarios[plain(scenario)] is None


@pytest.mark.parametrize("scenario", FAIL)
def test_a_scenario_fails_and_says_why(run: Run, scenario: str) -> None:
    failed = run.scenarios[plain(scenario)]
    assert failed is not None
    assert FAIL[scenario] in failed
    assert "it was run" not in failed


def test_every_scenario_was_run_and_the_run_failed(run: Run) -> None:
    assert set(run.scenarios) == {plain(name) for name in [*PASS, *FAIL]}
    assert run.code == 1


def test_a_refusal_is_told_beside_the_failure_that_came_first(run: Run) -> None:
    heading = r"(-+ Captured test-probe call -+\n|\btest-probe: )"
    assert len(re.findall(heading + re.escape(REFUSAL), run.said)) == 1


def test_an_embedded_cluster_is_said_once(run: Run) -> None:
    assert len(re.findall(r"test-probe: `probe` is on an embedded Kafka at 127\.0\.0\.1:\d+", run.said)) == 1


@pytest.mark.parametrize("way", ["option", "environment"])
def test_the_default_probe_is_that_of_the_configuration(
    runner: type[PytestBdd] | type[Behave], tmp_path: Path, way: str
) -> None:
    file = tmp_path / "probe.yaml"
    file.write_text("test-probe: {kafka: {embedded: {}}, clusters: {region2: {embedded: {}}}}\n")
    option = [f"{runner.CONFIG}{file}"] if way == "option" else []
    environment = {"TEST_PROBE_CONFIG": str(file)} if way == "environment" else {}
    one = ["-k", "not_configured"] if runner is PytestBdd else ["-n", "not configured"]
    run = runner.run(tmp_path / "report", *option, *one, environment=environment)
    assert (run.code, run.scenarios[plain("a cluster that is not configured fails")]) == (0, None)
    assert "embedded Kafka" not in run.said


def test_behave_lets_nothing_pass_without_the_hooks(tmp_path: Path) -> None:
    for name in ("own_steps.py", "steps/own.py", "shown.feature"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text((FOLDER / name).read_text("utf-8"), "utf-8")
    run = ran("behave", "--junit", f"--junit-directory={tmp_path}/report", ".", folder=tmp_path)
    assert {name for name, failed in run.scenarios.items() if failed is None} == {
        plain(name) for name in PASS
    }
    assert run.code == 1
    assert "an event was refused in the step" in run.said
    assert "inconclusive was the step" in run.said


def test_scenarios_run_in_several_processes(tmp_path: Path) -> None:
    run = PytestBdd.run(tmp_path / "report", "-n", "2")
    assert {name for name, failed in run.scenarios.items() if failed is None} == {
        plain(name) for name in PASS
    }
    assert len(run.scenarios) == len(PASS) + len(FAIL)


def stated() -> dict[str, str | None]:
    """Returns the texts of `steps.json` that packages have, with what stands below each."""
    below = {None: None, "docString": "doc_string", "table": "table"}
    steps = json.loads((ROOT / "tests/features/steps.json").read_text("utf-8"))["steps"]
    return {step["text"]: below[step.get("argument")] for step in steps if step.get("scope") != "tests"}


def test_every_step_that_is_stated_has_a_meaning() -> None:
    assert {step.text: step.argument for step in STEPS} == stated()


def test_pytest_bdd_knows_every_step_under_any_keyword() -> None:
    from test_probe.steps import pytest_bdd

    begin = "pytestbdd_stepdef_*_"
    found = {name.removeprefix(begin) for name in vars(pytest_bdd) if name.startswith(begin)}
    assert found == set(stated())


def test_behave_knows_every_step_under_any_keyword() -> None:
    from behave.step_registry import registry

    import test_probe.steps.behave

    assert test_probe.steps.behave
    assert {matcher.pattern for matcher in registry.steps["step"]} == set(stated())


def test_a_text_is_one_step_alone() -> None:
    from test_probe.steps.pytest_bdd import expression

    expressions = [expression(step.text) for step in STEPS]
    for step in STEPS:
        said = example(step.text)
        assert [one.name for one in expressions if one.is_matching(said)] == [step.text]


def example(text: str) -> str:
    """Returns what a feature may say for an expression: its first alternatives, without its options."""
    for parameter, value in {"{string}": '"x"', "{int}": "3", "{probeDuration}": "5 seconds"}.items():
        text = text.replace(parameter, value)
    return re.sub(r"(\S+?)/\S+", r"\1", re.sub(r"\(\w+\)", "", text))


def test_runners_are_imported_by_their_steps_alone() -> None:
    script = "import sys, test_probe, test_probe.pytest_plugin, test_probe.steps; print(*sys.modules)"
    run = subprocess.run([sys.executable, "-c", script], cwd="/", capture_output=True, text=True, check=True)
    assert not {"pytest_bdd", "behave", "cucumber_expressions", "test_probe._native"} & set(
        run.stdout.split()
    )
