"""Finds the java of this machine and words its command line."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from .process import Failure

LOWEST_JAVA = 17
USUAL_HOMES = Path("/usr/lib/jvm")
LOGGING = Path(__file__).resolve().parent.parent / "log4j2.properties"


@dataclass(frozen=True)
class Tools:
    """What a broker needs besides its settings."""

    java: str
    class_path: str
    bootstrap: Path
    archive_option: str | None = None

    def command(self, main: str, *arguments: str) -> list[str]:
        options = [
            "-Xmx128m",
            "-XX:+UseSerialGC",
            "-XX:TieredStopAtLevel=1",
            "-XX:-UsePerfData",
            "-XX:+ExitOnOutOfMemoryError",
            f"-Dlog4j2.configurationFile={LOGGING}",
        ]
        archive = [self.archive_option] if self.archive_option else []
        return [self.java, *options, *archive, "-cp", self.class_path, main, *arguments]


def find_newer_java(lowest: int, needed_by: str) -> str:
    """Returns the oldest java of at least `lowest` among the homes that this machine has.

    Looked at are JAVA_HOME, the homes that TEST_PROBE_JDKS names (with a colon between), and those under
    `/usr/lib/jvm`; the version is what the home's file `release` says.
    """
    named = [os.environ.get("JAVA_HOME", ""), *os.environ.get("TEST_PROBE_JDKS", "").split(os.pathsep)]
    homes = [Path(home) for home in named if home]
    homes += sorted(USUAL_HOMES.iterdir()) if USUAL_HOMES.is_dir() else []
    found = [(_release(home), index, home) for index, home in enumerate(homes) if (home / "bin" / "java").exists()]
    fitting = [one for one in found if one[0] >= lowest]
    if not fitting:
        seen = ", ".join(f"Java {version} at `{home}`" for version, _, home in found) or "none"
        raise Failure(
            f"{needed_by} needs Java {lowest} or newer, and none was found; looked at: {seen}\n"
            "hint: install a JDK 25 under `/usr/lib/jvm`, or name the home of one in TEST_PROBE_JDKS"
        )
    return str(min(fitting)[2] / "bin" / "java")


def _release(home: Path) -> int:
    try:
        found = re.search(r'^JAVA_VERSION="(\d+)', (home / "release").read_text(), re.MULTILINE)
    except OSError:
        return 0
    return int(found[1]) if found else 0


def find_java() -> tuple[str, str]:
    """Returns the java to use and what it says of its version."""
    home = os.environ.get("JAVA_HOME")
    java = str(Path(home, "bin", "java")) if home else shutil.which("java")
    if java is None:
        raise Failure(f"no java was found\nhint: install a JDK {LOWEST_JAVA} or newer, or set JAVA_HOME")
    try:
        answer = subprocess.run([java, "-version"], capture_output=True, text=True, timeout=30, check=True)
    except (OSError, subprocess.SubprocessError) as error:
        source = "JAVA_HOME" if home else "the PATH"
        raise Failure(f"`{java}` (from {source}) did not run: {error}") from error
    version = answer.stderr + answer.stdout
    found = re.search(r'version "(\d+)', version)
    if found and int(found[1]) < LOWEST_JAVA:
        raise Failure(f"`{java}` is Java {found[1]}, Kafka needs {LOWEST_JAVA} or newer\nhint: set JAVA_HOME")
    return java, version
