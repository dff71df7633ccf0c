"""Brings from Maven Central what a pom pins into the cache, and checks each file."""

from __future__ import annotations

import hashlib
import os
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path

from .process import Deadline, Failure, Life, locked, run

HERE = Path(__file__).resolve().parent.parent
COPY_DEPENDENCIES = "org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy-dependencies"
FETCH_SECONDS = 300.0


def cache() -> Path:
    """Returns the folder outside the checkout where everything fetched or made lives."""
    folder = Path(os.environ.get("TEST_PROBE_CACHE") or "~/.cache/test-probe").expanduser().absolute()
    folder.mkdir(parents=True, exist_ok=True)
    return folder


@dataclass(frozen=True)
class Jars:
    """The files that one pom pins, with the sums that they must have."""

    name: str
    """Begins the name of their folder in the cache."""
    pom: Path
    sums: Path

    def folder(self) -> Path:
        """Returns the files' folder; its name follows the pins, so that a new pin starts afresh."""
        pins = hashlib.sha256(self.pom.read_bytes() + self.sums.read_bytes()).hexdigest()[:12]
        return cache() / f"{self.name}-{pins}"

    def read_sums(self) -> dict[str, str]:
        """Returns the committed sha256 of each file by its name."""
        lines = (line.split() for line in self.sums.read_text().splitlines())
        return {name: sum_ for sum_, name in lines}

    def fetch(self, life: Life) -> list[Path]:
        """Returns the checked files, downloading those that are missing."""
        target = self.folder()
        target.mkdir(exist_ok=True)
        if self._missing(target):
            deadline = Deadline(FETCH_SECONDS)
            with locked(cache() / "fetch.lock", life, deadline):
                if self._missing(target):  # nobody fetched them while we waited
                    self._download_into(target, life, deadline)
        return self.check(target)

    def check(self, target: Path) -> list[Path]:
        """Returns the files of `target`, or deletes those with a wrong sum and fails."""
        sums = self.read_sums()
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
                f"the sha256 of {names} in `{target}` did not match `{self.sums.name}`; deleted\n"
                "hint: fetch again; if it stays, somebody changed the file on the way"
            )
        return [target / name for name in sums]

    def write_sums(self, life: Life) -> int:
        """Downloads what the pom pins and records its sums; for a change of the pins only."""
        deadline = Deadline(FETCH_SECONDS)
        with locked(cache() / "fetch.lock", life, deadline):
            fresh = self._copy_dependencies(life, deadline)
            lines = [f"{sha256(file)}  {file.name}\n" for file in sorted(fresh.iterdir())]
            shutil.rmtree(fresh)
        self.sums.write_text("".join(lines))
        return len(lines)

    def _missing(self, target: Path) -> list[str]:
        return [name for name in self.read_sums() if not (target / name).exists()]

    def _download_into(self, target: Path, life: Life, deadline: Deadline) -> None:
        fresh = self._copy_dependencies(life, deadline)
        absent = self._missing(fresh)
        if absent:
            raise Failure(f"Maven did not bring {', '.join(absent)}; `{self.sums.name}` and `{self.pom.name}` disagree")
        files = self.check(fresh)
        # A class archive remembers the times of its jars: replaced jars need a new one.
        for archive in target.glob("java-*"):
            shutil.rmtree(archive)
        for file in files:
            os.replace(file, target / file.name)
        shutil.rmtree(fresh)

    def _copy_dependencies(self, life: Life, deadline: Deadline) -> Path:
        mvn = shutil.which("mvn")
        if mvn is None:
            raise Failure(f"`mvn` was not found on the PATH\nhint: Maven is needed once, to download {self.name}")
        fresh = cache() / "fetching"
        shutil.rmtree(fresh, ignore_errors=True)
        log = cache() / "fetch.log"
        log.unlink(missing_ok=True)
        print(f"fetching {self.name} from Maven Central (once)", file=sys.stderr)
        options = ["-B", "-q", "-ntp", "--strict-checksums", f"-Dmaven.repo.local={cache() / 'm2'}"]
        where = [f"-DoutputDirectory={fresh}", "-DincludeScope=runtime"]
        run([mvn, *options, "-f", str(self.pom), COPY_DEPENDENCIES, *where], log, life, deadline)
        return fresh


BROKER = Jars("kafka", HERE / "pom.xml", HERE / "jars.sha256")
REGISTRY = Jars("registry", HERE / "registry.pom.xml", HERE / "registry.sha256")
"""An archive of the whole application; `registry_server.py` unpacks it."""
TOKENS = Jars("oauth", HERE / "oauth.pom.xml", HERE / "oauth.sha256")


def sha256(file: Path) -> str:
    with file.open("rb") as data:
        digest = hashlib.sha256()
        while chunk := data.read(1 << 20):
            digest.update(chunk)
        return digest.hexdigest()
