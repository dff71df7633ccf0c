#!/usr/bin/env python3
"""Fails when a decision names a check that does not exist, or does not read as decisions do here.

In the `## Check` section of a decision each `name_of_a_test` and each `path/of/a/file` must exist.
"""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "adr"
SECTIONS = ["Question", "Options", "Decision", "Consequences", "Check", "Log"]
MOST_LINES = 120
BUILT = {".git", ".venv", "build", "target", "__pycache__"}
SOURCES = {".rs", ".py", ".c", ".cpp", ".h", ".hpp", ".java", ".json", ".txt"}


def tracked() -> list[Path]:
    """Returns the files of the checkout, without what was built."""
    found = []
    for folder, folders, names in os.walk(ROOT):
        folders[:] = [name for name in folders if name not in BUILT and not name.endswith(".egg-info")]
        found += [Path(folder, name) for name in names]
    return found


def declared(files: list[Path]) -> set[str]:
    """Returns every name that the sources declare as a function or a test."""
    names: set[str] = set()
    pattern = re.compile(
        r"\b(?:fn|def) (\w+)|\bTEST(?:_F|_P)?\(\s*\w+,\s*(\w+)\s*\)"
        r"|^(?:static )?\w+ (test_\w+)\(|^  (?:static )?void (\w+)\(",
        re.M,
    )
    for path in files:
        if path.suffix in SOURCES and FOLDER not in path.parents:
            for match in pattern.finditer(path.read_text(encoding="utf-8", errors="replace")):
                names.update(filter(None, match.groups()))
    return names


def problems(path: Path, names: set[str], paths: set[str]) -> list[str]:
    text = path.read_text(encoding="utf-8")
    found = []
    if re.findall(r"^## (\w+)$", text, re.MULTILINE) != SECTIONS:
        found.append(f"sections are not {', '.join(SECTIONS)}")
    if len(text.splitlines()) > MOST_LINES:
        found.append(f"longer than {MOST_LINES} lines")
    title = re.match(r"# (\d{4}) (.+)\n", text)
    if not title or title.group(1) != path.name[:4]:
        found.append("the title does not begin with the number of the file")
    elif f"]({path.name})" not in (FOLDER / "README.md").read_text(encoding="utf-8"):
        found.append("adr/README.md does not list it")
    check = text.partition("\n## Check\n")[2].partition("\n## ")[0]
    for word in re.findall(r"`([^`\s]+)`", check):
        if "/" in word:
            if word.rstrip("/") not in paths:
                found.append(f"`{word}` does not exist")
        elif word.count("_") >= 2 and word.islower() and word not in names:
            found.append(f"no test is called `{word}`")
    if not re.search(r"`[^`\s]+`", check):
        found.append("its check names nothing")
    return [f"{path.relative_to(ROOT)}: {problem}" for problem in found]


def main() -> int:
    files = tracked()
    names = declared(files)
    paths = {str(parent) for file in files for parent in (file.relative_to(ROOT), *file.relative_to(ROOT).parents)}
    decisions = sorted(FOLDER.glob("[0-9]*.md"))
    found = [problem for path in decisions for problem in problems(path, names, paths)]
    for line in found:
        print(line, file=sys.stderr)
    print(f"decisions: {len(decisions)} read, {len(found)} problems")
    return 1 if found or not decisions else 0


if __name__ == "__main__":
    sys.exit(main())
