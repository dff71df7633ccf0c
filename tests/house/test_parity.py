"""The parity check: what is not run fails it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import parity

FEATURE = """
@slow
Feature: Orders
  Scenario: An order is confirmed
    Given a doc string
      \"\"\"
      Scenario: that is none
      \"\"\"

  Scenario Outline: <n> orders are committed
    Examples:
      | n  |
      | 25 |
"""


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """Files with two vectors and two scenarios, and notes of everybody who ran them all."""
    for folder in ("vectors", "features", "notes"):
        (tmp_path / folder).mkdir()
    vectors = {"about": ["how to read it"], "cases": [{"name": "one"}], "refused": [{"name": "one"}]}
    (tmp_path / "vectors" / "a.json").write_text(json.dumps(vectors))
    (tmp_path / "features" / "orders.feature").write_text(FEATURE)
    for language in parity.LANGUAGES:
        for name in ("cases/one", "refused/one"):
            note(
                tmp_path, f"{language} {name.replace('/', ' ')}", {"a.json": [name]}, kind="vectors", language=language
            )
    for runner in parity.RUNNERS:
        for cluster in parity.CLUSTERS:
            scenarios(tmp_path, f"features-{runner}-{cluster}", "passed")
    return tmp_path


def scenarios(checkout: Path, runner: str, of_the_last: str) -> None:
    ran = [(4, "An order is confirmed", "passed"), (13, "<n> orders are committed", of_the_last)]
    entries = [{"feature": "orders.feature", "line": a, "scenario": b, "result": c} for a, b, c in ran]
    (checkout / "notes" / f"{runner}.json").write_text(json.dumps({"scenarios": entries}))


def note(checkout: Path, name: str, ran: dict[str, list[str]], **fields: str) -> None:
    (checkout / "notes" / f"{name}.json").write_text(json.dumps({**fields, "ran": ran}))


def check(checkout: Path) -> int:
    folders = ["--vectors", str(checkout / "vectors"), "--features", str(checkout / "features")]
    return parity.main([str(checkout / "notes"), *folders])


def test_who_ran_everything_passes(checkout: Path) -> None:
    assert check(checkout) == 0


def test_a_vector_that_one_language_did_not_run_fails(checkout: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (checkout / "notes" / "cpp refused one.json").unlink()
    assert check(checkout) == 1
    assert "vectors-cpp: 1 of a.json not run: refused/one" in capsys.readouterr().out


def test_a_language_that_ran_nothing_fails(checkout: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for path in (checkout / "notes").glob("*java*"):
        path.unlink()
    assert check(checkout) == 1
    out = capsys.readouterr().out
    assert "vectors-java: nothing was run" in out
    assert "features-java-real: nothing was run" in out


def test_a_scenario_that_was_not_run_on_one_cluster_fails(checkout: Path, capsys: pytest.CaptureFixture[str]) -> None:
    scenarios(checkout, "features-rust-real", "failed")
    assert check(checkout) == 1
    said = "features-rust-real: 1 of orders.feature not run: 13: <n> orders are committed"
    assert said in capsys.readouterr().out


def test_a_new_file_and_a_new_name_fail_until_they_are_run(checkout: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (checkout / "vectors" / "b.json").write_text(json.dumps({"cases": [{"name": "new"}]}))
    note(checkout, "java gone", {"a.json": ["cases/gone"]}, kind="vectors", language="java")
    assert check(checkout) == 1
    out = capsys.readouterr().out
    assert "vectors-python: 1 of b.json not run: cases/new" in out
    assert "vectors-java: 1 of a.json run, and in no file: cases/gone" in out


def test_vectors_that_share_a_name_or_have_none_fail(checkout: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (checkout / "vectors" / "a.json").write_text(json.dumps({"cases": [{"name": "one"}, {"name": "one"}, {}]}))
    assert check(checkout) == 1
    assert "a.json: `cases/one` is the name of no vector or of several" in capsys.readouterr().out
