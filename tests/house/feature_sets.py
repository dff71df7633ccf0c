#!/usr/bin/env python3
"""Fails when what is delivered would need more than one build of a dependency.

The command, the wheel, the libraries for C and the JVM and the runners of features and conformance are built
one after the other, behind the tests in Rust. Cargo builds a dependency again, and all that stands on it, for each
set of features that a choice of packages turns on; so all of these choices must turn on the same (adr/0040).
"""

from __future__ import annotations

import subprocess
import sys
from collections import defaultdict
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
CHOICES = {
    "command": ["-p", "test-probe-cli"],
    "conformance": ["-p", "test-probe-cli", "-p", "test-probe-conformance"],
    "wheel": ["-p", "bindings-python"],
    "JVM": ["-p", "test-probe-jvm"],
    "C": ["-p", "test-probe", "--features", "capi"],
    "features": ["-p", "test-probe-features"],
}
"""What the steps of `make test` choose, beside the tests in Rust."""
TESTS = ["--workspace", "--all-features"]
MAY_DIFFER = ("tokio", "rustix", "linux-raw-sys")
"""The tests turn on the clock of tokio that stands still, and count open files."""
OURS = "test-probe v"
"""The engine is built for C with the C ABI, and without it for the others."""


def features(choice: list[str], edges: str = "normal,build") -> dict[str, frozenset[str]]:
    """Returns each crate with the sets of features that it is built with: for the target, and for build scripts."""
    command = ["cargo", "tree", "--locked", "--edges", edges, "--prefix", "none", "--no-dedupe"]
    told = subprocess.run(
        [*command, "--format", "{p}|{f}|", *choice], cwd=ROOT, capture_output=True, text=True, check=True
    )
    found: dict[str, set[str]] = defaultdict(set)
    for line in filter(None, told.stdout.splitlines()):
        crate, turned_on, _ = line.split("|")
        found[crate.split(" (")[0]].add(turned_on)
    return {crate: frozenset(sets) for crate, sets in found.items() if not crate.startswith(OURS)}


def main() -> int:
    delivered = {name: features(choice) for name, choice in CHOICES.items()}
    by_crate: dict[str, dict[frozenset[str], list[str]]] = defaultdict(lambda: defaultdict(list))
    for name, crates in delivered.items():
        for crate, sets in crates.items():
            by_crate[crate][sets].append(name)
    tests = features(TESTS, "normal,build,dev")
    for crate, built in by_crate.items():
        if crate.split(" v")[0] not in MAY_DIFFER and not any(sets <= tests[crate] for sets in built):
            built[tests[crate]].append("tests")
    apart = {crate: built for crate, built in sorted(by_crate.items()) if len(built) > 1}
    for crate, built in apart.items():
        print(f"`{crate}` would be built {len(built)} times; name its features in [workspace.dependencies]")
        for turned_on, names in built.items():
            print(f"  {', '.join(names)}: {' and '.join(f'`{one}`' for one in sorted(turned_on))}")
    print(f"features: {len(by_crate)} crates compared in {len(delivered) + 1} builds, {len(apart)} apart")
    return 1 if apart else 0


if __name__ == "__main__":
    sys.exit(main())
