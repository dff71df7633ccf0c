"""Brings the broker's jars from Maven Central into the cache, and checks each one."""

from __future__ import annotations

import hashlib
import os
import shutil
import sys
from pathlib import Path

from .process import Deadline, Failure, Life, locked, run

HERE = Path(__file__).resolve().parent.parent
POM = HERE / "pom.xml"
SUMS = HERE / "jars.sha256"
COPY_DEPENDENCIES = "org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy-dependencies"
FETCH_SECONDS = 300.0


def cache() -> Path:
    """Returns the folder outside the checkout where everything fetched or made lives."""
    folder = Path(os.environ.get("TEST_PROBE_CACHE") or "~/.cache/test-probe").expanduser().absolute()
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def folder() -> Path:
    """Returns the jars' folder; its name follows the pins, so that a new pin starts afresh."""
    pins = hashlib.sha256(POM.read_bytes() + SUMS.read_bytes()).hexdigest()[:12]
    return cache() / f"kafka-{pins}"


def read_sums() -> dict[str, str]:
    """Returns the committed sha256 of each jar by file name."""
    lines = (line.split() for line in SUMS.read_text().splitlines())
    return {name: sum_ for sum_, name in lines}


def fetch(life: Life) -> list[Path]:
    """Returns the checked jars, downloading those that are missing."""
    target = folder()
    target.mkdir(exist_ok=True)
    if _missing(target):
        deadline = Deadline(FETCH_SECONDS)
        with locked(cache() / "fetch.lock", life, deadline):
            if _missing(target):  # nobody fetched them while we waited
                _download_into(target, life, deadline)
    return check(target)


def check(target: Path) -> list[Path]:
    """Returns the jars of `target`, or deletes those with a wrong sum and fails."""
    sums = read_sums()
    wrong = [name for name in sums if sha256(target / name) != sums[name]]
    for name in wrong:
        (target / name).unlink()
        # Maven would copy the same bad bytes again from its own repository.
        for copy in (cache() / "m2").glob(f"**/{name}"):
            if sha256(copy) != sums[name]:
                copy.unlink()
    if wrong:
        names = ", ".join(f"`{name}`" for name in wrong)
        raise Failure(
            f"the sha256 of {names} in `{target}` did not match `{SUMS.name}`; deleted\n"
            "hint: run `kafka.py fetch` again; if it stays, somebody changed the file on the way"
        )
    return [target / name for name in sums]


def write_sums(life: Life) -> int:
    """Downloads what the pom pins and records its sums; for a change of the pins only."""
    deadline = Deadline(FETCH_SECONDS)
    with locked(cache() / "fetch.lock", life, deadline):
        fresh = _copy_dependencies(life, deadline)
        lines = [f"{sha256(jar)}  {jar.name}\n" for jar in sorted(fresh.glob("*.jar"))]
        shutil.rmtree(fresh)
    SUMS.write_text("".join(lines))
    return len(lines)


def sha256(file: Path) -> str:
    with file.open("rb") as data:
        digest = hashlib.sha256()
        while chunk := data.read(1 << 20):
            digest.update(chunk)
        return digest.hexdigest()


def _missing(target: Path) -> list[str]:
    return [name for name in read_sums() if not (target / name).exists()]


def _download_into(target: Path, life: Life, deadline: Deadline) -> None:
    fresh = _copy_dependencies(life, deadline)
    absent = _missing(fresh)
    if absent:
        raise Failure(f"Maven did not bring {', '.join(absent)}; `{SUMS.name}` and `{POM.name}` disagree")
    jars = check(fresh)
    # A class archive remembers the times of its jars: replaced jars need a new one.
    for archive in target.glob("java-*"):
        shutil.rmtree(archive)
    for jar in jars:
        os.replace(jar, target / jar.name)
    shutil.rmtree(fresh)


def _copy_dependencies(life: Life, deadline: Deadline) -> Path:
    mvn = shutil.which("mvn")
    if mvn is None:
        raise Failure("`mvn` was not found on the PATH\nhint: Maven is needed once, to download the broker")
    fresh = cache() / "fetching"
    shutil.rmtree(fresh, ignore_errors=True)
    log = cache() / "fetch.log"
    log.unlink(missing_ok=True)
    print("fetching the Kafka broker from Maven Central (once)", file=sys.stderr)
    options = ["-B", "-q", "-ntp", "--strict-checksums", f"-Dmaven.repo.local={cache() / 'm2'}"]
    where = [f"-DoutputDirectory={fresh}", "-DincludeScope=runtime"]
    run([mvn, *options, "-f", str(POM), COPY_DEPENDENCIES, *where], log, life, deadline)
    return fresh
