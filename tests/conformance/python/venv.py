#!/usr/bin/env python3
"""The virtual environment of a Python client, beside nothing of the source tree.

venv.py prepare        makes it as `requirements.txt` of the current folder says, once
venv.py run FILE ...   becomes that Python, with this folder on its path
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

REQUIREMENTS = Path("requirements.txt")


def folder() -> Path:
    """Returns the place that belongs to these requirements and this Python."""
    cache = os.environ.get("PROBE_CACHE") or Path.home() / ".cache" / "test-probe" / "conformance"
    key = hashlib.sha256(f"{sys.version}\n{sys.executable}\n{REQUIREMENTS.read_text()}".encode()).hexdigest()[:12]
    return Path(cache) / f"{Path.cwd().name}-{key}"


def prepare() -> int:
    home = folder()
    ready = home / "ready"
    home.parent.mkdir(parents=True, exist_ok=True)
    with home.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if ready.exists():
            return 0
        shutil.rmtree(home, ignore_errors=True)
        pip = [str(home / "bin" / "python"), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        for command in ([sys.executable, "-m", "venv", str(home)], [*pip, "-r", str(REQUIREMENTS)]):
            code = subprocess.run(command, stdout=sys.stderr).returncode
            if code:
                return code
        ready.touch()
    return 0


def run(arguments: list[str]) -> None:
    python = folder() / "bin" / "python"
    here = str(Path(__file__).resolve().parent)
    environment = {**os.environ, "PYTHONPATH": here, "PYTHONDONTWRITEBYTECODE": "1", "PYTHONUNBUFFERED": "1"}
    os.execve(python, [str(python), *arguments], environment)


def main() -> int:
    if sys.argv[1:] == ["prepare"]:
        return prepare()
    if sys.argv[1:2] == ["run"]:
        run(sys.argv[2:])
    print(__doc__, file=sys.stderr)
    return 2


if __name__ == "__main__":
    sys.exit(main())
