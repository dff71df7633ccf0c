#!/usr/bin/env python3
"""Builds the C package and runs every test of the C and C++ interface against it.

    run.py [--profile dev|release] [--build DIR] [--xtask FILE] [CTEST ARGUMENTS...]

The package is made by the workspace's chores, which are built unless --xtask names them.

Needs cargo, cmake, a C and C++ compiler, GoogleTest and pkg-config; and in TEST_PROBE_PYTHON (default: this
python) the packages of tests/brokers/requirements.txt. What is missing is a failure, never a skip.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def main() -> int:
    parser = argparse.ArgumentParser(description="Tests of the C and C++ interface.")
    parser.add_argument("--profile", choices=("dev", "release"), default="dev")
    parser.add_argument("--build", type=Path, default=ROOT / "build")
    parser.add_argument("--xtask", type=Path)
    arguments, ctest = parser.parse_known_args()
    package, build = arguments.build.resolve() / "capi", arguments.build.resolve() / "c-tests"
    environment = {"TEST_PROBE_PYTHON": sys.executable, **os.environ, "PKG_CONFIG_PATH": f"{package}/lib/pkgconfig"}
    environment["LD_LIBRARY_PATH"] = f"{package}/lib"
    chores = [arguments.xtask] if arguments.xtask else ["cargo", "run", "--locked", "--quiet", "-p", "xtask", "--"]
    capi = [*chores, "capi", "--out", package, "--profile", arguments.profile]
    for command in (
        capi,
        ["cmake", "-S", ROOT / "tests/c", "-B", build, f"-DCMAKE_PREFIX_PATH={package}"],
        ["cmake", "--build", build, "--parallel", "2"],
        ["ctest", "--test-dir", build, "--output-on-failure", "--no-tests=error", *ctest],
    ):
        if subprocess.run(command, cwd=ROOT, env=environment, check=False).returncode != 0:
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
