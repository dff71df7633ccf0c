"""What a runner ran, for `tests/house/parity.py`: every shared scenario with its place and result."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path

from gherkin.parser import Parser
from vocabulary import FEATURES, ROOT


def places(feature: Path) -> dict[int, tuple[str, dict[str, str]]]:
    """Returns, by line, each scenario's name, or each example's with its values."""
    found: dict[int, tuple[str, dict[str, str]]] = {}
    for child in Parser().parse(feature.read_text("utf-8"))["feature"]["children"]:
        scenario = child.get("scenario")
        if scenario is None:
            continue
        if not scenario["examples"]:
            found[scenario["location"]["line"]] = (scenario["name"], {})
        for examples in scenario["examples"]:
            names = [cell["value"] for cell in examples["tableHeader"]["cells"]]
            for row in examples["tableBody"]:
                values = [cell["value"] for cell in row["cells"]]
                found[row["location"]["line"]] = (scenario["name"], dict(zip(names, values)))
    return found


class Parity:
    """The report of one run; `tests/features/README.md` says its form."""

    def __init__(self, language: str) -> None:
        cluster = "embedded" if os.environ.get("TEST_PROBE_TEST_KAFKA", "embedded") == "embedded" else "real"
        self.file = ROOT / "build" / "parity" / f"features-{language}-{cluster}.json"
        self.scenarios: list[dict[str, object]] = []

    def add(self, feature: str, line: int, example: Mapping[str, str], passed: bool) -> None:
        """Adds a scenario by its line, or by the line of its outline and the values of its row."""
        path = Path(feature).resolve()
        if path.parent != FEATURES:
            return
        known = places(path)
        if example:
            line = min(at for at, (_, values) in known.items() if at > line and values == example)
        result = "passed" if passed else "failed"
        entry = {"feature": path.name, "scenario": known[line][0], "line": line, "result": result}
        self.scenarios.append(entry)

    def write(self) -> None:
        """Writes the report, in the order of files and lines."""
        self.scenarios.sort(key=lambda one: (one["feature"], one["line"]))
        self.file.parent.mkdir(parents=True, exist_ok=True)
        self.file.write_text(json.dumps({"scenarios": self.scenarios}, indent=1) + "\n", "utf-8")
