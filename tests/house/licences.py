#!/usr/bin/env python3
"""Fails when a crate of the tree has a licence that deny.toml does not allow (adr/0002)."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def allowed() -> frozenset[str]:
    """Returns the licences of deny.toml's `allow` list (read by hand: tomllib came with Python 3.11)."""
    text = (ROOT / "deny.toml").read_text(encoding="utf-8")
    listed = re.search(r"^allow = \[(.*?)^\]", text, re.MULTILINE | re.DOTALL)
    return frozenset(re.findall(r'"([^"]+)"', listed.group(1))) if listed else frozenset()


def permits(expression: str, licences: frozenset[str]) -> bool:
    """Returns whether an SPDX expression can be met: one side of each OR, both sides of each AND."""
    words = re.findall(r"[()]|[^\s()]+", expression.replace("/", " OR "))

    def either() -> bool:
        met = both()
        while words and words[0] == "OR":
            words.pop(0)
            met = both() or met
        return met

    def both() -> bool:
        met = one()
        while words and words[0] == "AND":
            words.pop(0)
            met = one() and met
        return met

    def one() -> bool:
        name = words.pop(0)
        if name == "(":
            met = either()
            words.pop(0)
            return met
        if words and words[0] == "WITH":
            words.pop(0)
            name = f"{name} WITH {words.pop(0)}"
        return name in licences

    return either() and not words


def packages() -> list[dict[str, str]]:
    """Returns the packages that are built on this platform."""
    version = subprocess.run(["rustc", "-vV"], check=True, capture_output=True, text=True).stdout
    platform = version.split("host: ")[1].split("\n")[0]
    command = ["cargo", "metadata", "--locked", "--format-version", "1", "--all-features"]
    done = subprocess.run([*command, "--filter-platform", platform], cwd=ROOT, check=True, capture_output=True)
    found: list[dict[str, str]] = json.loads(done.stdout)["packages"]
    return found


def main() -> int:
    licences = allowed()
    refused = []
    crates = packages()
    for crate in crates:
        licence = crate.get("license") or ""
        if not licence or not permits(licence, licences):
            refused.append(f"{crate['name']} {crate['version']}: {licence or 'names no licence'}")
    for line in refused:
        print(f"licence not allowed by deny.toml: {line}", file=sys.stderr)
    print(f"licences: {len(crates) - len(refused)} crates allowed, {len(refused)} refused")
    return 1 if refused or not licences else 0


if __name__ == "__main__":
    sys.exit(main())
