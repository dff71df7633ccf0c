#!/usr/bin/env python3
"""Fails when a snippet of a document is not what it says it is from.

A fenced block after a line `<!-- from: path -->` must occur in that file, line by line and verbatim,
but for an indentation that all of its lines share; a line that is only `...`, or a comment of that, stands
for any number of lines. With `<!-- from: path#case -->` the file is a
vector file, and the block must be the lines of the `text` of the case with that name.
"""

from __future__ import annotations

import json
import re
import sys
import textwrap
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
DOCUMENTS = ["README.md", "CONTRIBUTING.md", *sorted(f"docs/{page.name}" for page in (ROOT / "docs").glob("*.md"))]
LANGUAGES = {"python", "c", "cpp", "rust", "yaml", "java", "js"}

MARK = re.compile(r"^<!-- from: (?P<path>[^#>]+?)(?:#(?P<case>[^>]+?))? -->$")
ELISION = re.compile(r"^\s*(?:(?:#|//) ?\.\.\.|/\* \.\.\. \*/|\.\.\.)$")
FENCE = re.compile(r"^```(?P<language>\w*)$")


def occurs(snippet: list[str], lines: list[str]) -> bool:
    """Returns whether each run of the snippet occurs, one after the other."""
    runs: list[list[str]] = [[]]
    for line in snippet:
        if ELISION.match(line):
            runs.append([])
        else:
            runs[-1].append(line)
    at = 0
    for run in filter(any, runs):
        wanted = dedented(run)
        places = range(at, len(lines) - len(wanted) + 1)
        found = next((place for place in places if dedented(lines[place : place + len(wanted)]) == wanted), None)
        if found is None:
            return False
        at = found + len(wanted)
    return True


def dedented(lines: list[str]) -> list[str]:
    return textwrap.dedent("\n".join(lines)).split("\n")


def source_lines(path: str, case: str | None) -> list[str]:
    text = (ROOT / path).read_text(encoding="utf-8")
    if case is None:
        return [line.rstrip() for line in text.split("\n")]
    for entry in json.loads(text)["cases"]:
        if entry["name"] == case:
            return list(entry["text"])
    return []


def problems(document: str) -> tuple[int, list[str]]:
    """Returns how many snippets were compared, and what is wrong with them."""
    lines = (ROOT / document).read_text(encoding="utf-8").split("\n")
    compared, found = 0, []
    mark: re.Match[str] | None = None
    at = 0
    while at < len(lines):
        here, line = at + 1, lines[at]
        at += 1
        fence = FENCE.match(line)
        if not fence:
            mark = MARK.match(line) or (mark if not line.strip() else None)
            continue
        end = lines.index("```", at)
        snippet, at = lines[at:end], end + 1
        if mark is None:
            if fence["language"] in LANGUAGES:
                found.append(f"{document}:{here}: code without a `<!-- from: path -->` line before it")
            continue
        compared += 1
        name = mark["path"] + (f"#{mark['case']}" if mark["case"] else "")
        if not (ROOT / mark["path"]).is_file():
            found.append(f"{document}:{here}: `{name}` does not exist")
        elif not occurs(snippet, source_lines(mark["path"], mark["case"])):
            found.append(f"{document}:{here}: this snippet does not occur in `{name}`; copy it from there again")
        mark = None
    return compared, found


def main() -> int:
    compared, found = 0, []
    for document in DOCUMENTS:
        count, wrong = problems(document)
        compared += count
        found += wrong
    for line in found:
        print(line, file=sys.stderr)
    print(f"snippets: {compared} compared, {len(found)} wrong")
    return 1 if found or not compared else 0


if __name__ == "__main__":
    sys.exit(main())
