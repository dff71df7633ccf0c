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
