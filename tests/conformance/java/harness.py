#!/usr/bin/env python3
"""Compiles the harness against one version of kafka-clients, and runs it.

harness.py prepare VERSION           compiles when something changed; needs Maven
harness.py run VERSION [PART]        runs all checks, or those with PART in their name; needs PROBE_BOOTSTRAP
harness.py sums                      writes jars.sha256 anew; read the diff
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
SUMS = HERE / "jars.sha256"
VERSIONS = ("3.9.1", "4.4.0")
WEEK_SECONDS = 7 * 24 * 3600
JVM = ("-Xmx256m", "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-XX:-UsePerfData", "-Xshare:auto")


def cache() -> Path:
    folder = Path(os.environ.get("PROBE_CACHE") or "~/.cache/test-probe/conformance").expanduser().absolute()
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def output(version: str) -> Path:
    """Returns the folder of what was built; its name follows the sources, so that a change builds afresh."""
    digest = hashlib.sha256()
    for file in [HERE / "pom.xml", *sorted((HERE / "src").rglob("*.java"))]:
        digest.update(file.relative_to(HERE).as_posix().encode() + b"\0" + file.read_bytes())
    return cache() / f"java-{version}-{digest.hexdigest()[:12]}"


def prepare(version: str) -> None:
    with (cache() / "java.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        target = output(version)
        if target.exists():
            return
        remove_unused()
        building = cache() / f"java-{version}-building"
        shutil.rmtree(building, ignore_errors=True)
        compile_into(building, version)
        if (reason := wrong_jars(building / "lib")) is not None:
            shutil.rmtree(building)
            raise SystemExit(reason)
        building.rename(target)


def remove_unused() -> None:
    """Removes what nobody ran for a week; other checkouts share the cache and may be running theirs."""
    for folder in cache().glob("java-*-*"):
        if time.time() - folder.stat().st_mtime > WEEK_SECONDS:
            shutil.rmtree(folder)


def compile_into(folder: Path, version: str) -> None:
    mvn = shutil.which("mvn")
    if mvn is None:
        raise SystemExit("`mvn` was not found on the PATH\nhint: Maven is needed to compile the harness")
    options = ["-B", "-q", "-ntp", "--strict-checksums", f"-Dmaven.repo.local={cache() / 'm2'}"]
    settings = [f"-Dkafka.version={version}", f"-Dharness.output={folder}"]
    subprocess.run(
        [mvn, *options, "-f", str(HERE / "pom.xml"), *settings, "compile"], check=True, stdout=sys.stderr, timeout=300
    )


def sums_of(folder: Path) -> dict[str, str]:
    return {jar.name: hashlib.sha256(jar.read_bytes()).hexdigest() for jar in sorted(folder.glob("*.jar"))}


def wrong_jars(folder: Path) -> str | None:
    """Returns why the jars are not those that were pinned, or nothing."""
    pinned = {name: digest for digest, name in (line.split() for line in SUMS.read_text().splitlines())}
    wrong = sorted(name for name, digest in sums_of(folder).items() if pinned.get(name) != digest)
    if not wrong:
        return None
    names = "`, `".join(wrong)
    return f"the sha256 of `{names}` did not match `{SUMS.name}`\nhint: `harness.py sums` after a change of the pins"


def write_sums() -> None:
    sums: dict[str, str] = {}
    for version in VERSIONS:
        building = cache() / f"java-{version}-building"
        compile_into(building, version)
        sums |= sums_of(building / "lib")
        shutil.rmtree(building)
    SUMS.write_text("".join(f"{digest}  {name}\n" for name, digest in sorted(sums.items())))


def run(version: str, part: list[str]) -> None:
    target = output(version)
    if not target.exists():
        raise SystemExit(f"the harness of `{version}` was not built\nhint: `harness.py prepare {version}`")
    os.utime(target)
    home = os.environ.get("JAVA_HOME")
    java = str(Path(home, "bin", "java")) if home else "java"
    class_path = f"{target / 'classes'}{os.pathsep}{target / 'lib'}/*"
    os.execvp(java, [java, *JVM, "-cp", class_path, "conformance.Main", *part])


def main(arguments: list[str]) -> None:
    if len(arguments) == 2 and arguments[0] == "prepare":
        prepare(arguments[1])
    elif len(arguments) >= 2 and arguments[0] == "run":
        run(arguments[1], arguments[2:])
    elif arguments == ["sums"]:
        write_sums()
    else:
        raise SystemExit(__doc__)


if __name__ == "__main__":
    main(sys.argv[1:])
