#!/usr/bin/env python3
"""Fails when a language did not run a vector of tests/vectors or a scenario of tests/features.

    parity.py FOLDER    compares what the runners noted in FOLDER with what the files hold

A runner of a language notes what it ran as JSON files in build/parity, which `run.py` empties before each run, so that
an older run does not count, and names as TEST_PROBE_PARITY:

    vectors-*.json              {"kind": "vectors", "language": "java", "ran": {"matches.json": ["cases/..."]}}
    features-RUNNER-CLUSTER.json  {"scenarios": [{"feature", "scenario", "line", "result"}]}

There may be several notes of vectors for a language. A vector is named by its list and its name, a scenario by its line
and its name, each row of an outline by its own line. What did not pass was not run.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
VECTORS = ROOT / "tests" / "vectors"
FEATURES = ROOT / "tests" / "features"
CLUSTERS = ("embedded", "real")
WITH_STEPS = ("rust", "java", "python")
"""The languages that have a step library."""
RUNNERS = (*WITH_STEPS, "behave")
"""Who runs the features; Python has two runners."""
LANGUAGES = (*WITH_STEPS, "cpp")
OF_STEPS = ("words.json",)
"""Vectors of what people write in steps: for the languages that have them."""
SHOWN = 5


@dataclass
class Parity:
    """What has to be run by whom, what was, and what is wrong."""

    wanted: dict[str, dict[str, set[str]]] = field(default_factory=dict)
    """By runner, as `vectors-java` or `features-java-kafka`: by file, the names."""
    ran: dict[str, dict[str, set[str]]] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)

    def want(self, runner: str, file: str, names: Iterable[str]) -> None:
        self.wanted.setdefault(runner, {}).setdefault(file, set()).update(names)

    def compare(self) -> None:
        for runner, files in sorted(self.wanted.items()):
            noted = self.ran.get(runner, {})
            if not noted:
                self.problems.append(f"{runner}: nothing was run")
                continue
            for file, names in sorted(files.items()):
                self.missing(runner, file, names - noted.get(file, set()), "not run")
            for file, names in sorted(noted.items()):
                self.missing(runner, file, names - files.get(file, set()), "run, and in no file")
        for runner in sorted(self.ran.keys() - self.wanted.keys()):
            self.problems.append(f"{runner}: nobody asked for it")

    def missing(self, runner: str, file: str, names: set[str], what: str) -> None:
        if names:
            some = "; ".join(sorted(names)[:SHOWN])
            more = f"; and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
            self.problems.append(f"{runner}: {len(names)} of {file} {what}: {some}{more}")


def vectors(path: Path, problems: list[str]) -> list[str]:
    """Returns the names of a file's vectors, `list/name`."""
    document = json.loads(path.read_text(encoding="utf-8"))
    names = [
        f"{key}/{vector.get('name', '')}"
        for key, entries in document.items()
        if isinstance(entries, list)
        for vector in entries
        if isinstance(vector, dict)
    ]
    for name in sorted({name for name in names if names.count(name) > 1 or name.endswith("/")}):
        problems.append(f"{path.name}: `{name}` is the name of no vector or of several")
    if not names:
        problems.append(f"{path.name}: no vectors")
    return names


def scenarios(path: Path, problems: list[str]) -> list[str]:
    """Returns a feature's scenarios, and the rows of its outlines, as `line: name`."""
    found: list[str] = []
    name, outline, quoted = "", False, False
    rows = -1
    """How many rows of a table of examples were seen, the header too; -1 outside of one."""
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        text = line.strip()
        if text.startswith(('"""', "```")):
            quoted = not quoted
        elif quoted:
            continue
        elif scenario := re.match(r"(?:Scenario|Example)( Outline| Template)?:\s*(.*)", text):
            name, outline = scenario.group(2), bool(scenario.group(1))
            found += [] if outline else [f"{number}: {name}"]
            rows = -1
        elif outline and re.match(r"(Examples|Scenarios):", text):
            rows = 0
        elif rows >= 0 and text.startswith("|"):
            found += [f"{number}: {name}"] if rows else []
            rows += 1
    if not found:
        problems.append(f"{path.name}: no scenarios")
    return found


def wanted(vector_folder: Path, feature_folder: Path) -> Parity:
    """Returns what the files hold."""
    parity = Parity()
    for path in sorted(vector_folder.glob("*.json")):
        names = vectors(path, parity.problems)
        for language in WITH_STEPS if path.name in OF_STEPS else LANGUAGES:
            parity.want(f"vectors-{language}", path.name, names)
    for path in sorted(feature_folder.glob("**/*.feature")):
        names = scenarios(path, parity.problems)
        for runner in (f"features-{name}-{cluster}" for name in RUNNERS for cluster in CLUSTERS):
            parity.want(runner, path.name, names)
    if not parity.wanted:
        parity.problems.append("there is nothing to run")
    return parity


def read(folder: Path, parity: Parity) -> None:
    """Adds what was noted in a folder."""
    for path in sorted(folder.glob("*.json")):
        note = json.loads(path.read_text(encoding="utf-8"))
        for one in note.get("scenarios", []):
            if one["result"] == "passed":
                name = f"{one['line']}: {one['scenario']}"
                parity.ran.setdefault(path.stem, {}).setdefault(one["feature"], set()).add(name)
        for file, names in note.get("ran", {}).items():
            parity.ran.setdefault(f"vectors-{note['language']}", {}).setdefault(file, set()).update(names)


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(description="What was run beside what there is to run.")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--vectors", type=Path, default=VECTORS)
    parser.add_argument("--features", type=Path, default=FEATURES)
    options = parser.parse_args(arguments)
    parity = wanted(options.vectors, options.features)
    read(options.folder, parity)
    parity.compare()
    for problem in parity.problems:
        print(problem)
    for runner, files in sorted(parity.ran.items()):
        print(f"{runner}: {sum(map(len, files.values()))} in {len(files)} files")
    return 1 if parity.problems else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
