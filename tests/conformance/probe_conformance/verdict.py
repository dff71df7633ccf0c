"""What the reports of one or two targets add up to."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path

from .clients import Report

FLOOR = 150
"""How many checks the whole suite has at the least."""


@dataclass
class Verdict:
    """Counts each check of each client once, however many targets it ran on."""

    passed: int = 0
    failures: list[str] = field(default_factory=list)


class Limits:
    """The checks that the embedded cluster is known and said not to pass.

    The file maps `check`, or `client version: check` for one client alone, to the reason.
    """

    def __init__(self, file: Path) -> None:
        self._reasons: dict[str, str] = json.loads(file.read_text(encoding="utf-8"))
        self._used: set[str] = set()

    def name(self, client: str, check: str) -> bool:
        found = [key for key in (check, f"{client}: {check}") if key in self._reasons]
        self._used.update(found)
        return bool(found)

    def unused(self) -> list[str]:
        return sorted(set(self._reasons) - self._used)


def judged(runs: dict[str, list[Report]], limits: Limits, whole: bool) -> Verdict:
    """Judges the reports of each target; `whole` says that all clients ran, so that the floor counts."""
    verdict = Verdict()
    for target, reports in runs.items():
        for report in reports:
            verdict.failures += [f"{report.client.label} on {target}: {each}" for each in report.complaints]
    for label, checks in _by_client(runs).items():
        for check, details in sorted(checks.items()):
            _judge(verdict, label, check, details, list(runs), limits)
    if "embedded" in runs and whole:
        verdict.failures += [f"`{key}` is a limit that nothing runs into" for key in limits.unused()]
    count = sum(len(checks) for checks in _by_client(runs).values())
    if whole and count < FLOOR:
        verdict.failures.append(f"the suite has {count} checks, fewer than the {FLOOR} it must have")
    return verdict


def _by_client(runs: dict[str, list[Report]]) -> dict[str, dict[str, dict[str, str | None]]]:
    """Returns client, check, target and what went wrong there, None if nothing did."""
    table: dict[str, dict[str, dict[str, str | None]]] = {}
    for target, reports in runs.items():
        for report in reports:
            checks = table.setdefault(report.client.label, {})
            for check, outcome in report.outcomes.items():
                checks.setdefault(check, {})[target] = outcome.detail
    return table


def _judge(
    verdict: Verdict, label: str, check: str, details: dict[str, str | None], targets: list[str], limits: Limits
) -> None:
    wrong = {target: details.get(target, "it was not run") for target in targets}
    wrong = {target: detail for target, detail in wrong.items() if detail is not None}
    if not wrong:
        if "embedded" in targets and limits.name(label, check):
            verdict.failures.append(f"{label}: {check} passed, though it is named as a limit")
        else:
            verdict.passed += 1
    elif list(wrong) == ["embedded"] and limits.name(label, check):
        verdict.passed += 1
    else:
        for target, detail in wrong.items():
            passed = [other for other in targets if other not in wrong]
            contrast = f", though it passed on {passed[0]}" if passed else ""
            verdict.failures.append(f"{label}: {check} failed on {target}{contrast}\n    {detail}")
