"""A real Schema Registry: Apicurio, by its Confluent-compatible interface."""

from __future__ import annotations

import base64
import json
import os
import shutil
import sys
import tarfile
import urllib.request
from dataclasses import dataclass
from pathlib import Path

from . import jars
from .http_server import ASK_SECONDS, SMALL_JVM, HttpServer
from .java import find_newer_java
from .process import Deadline, Failure, Life, locked

LOWEST_JAVA = 21
UNPACK_SECONDS = 120.0
ENVIRONMENT = "TEST_PROBE_TEST_REGISTRY"
CONFLUENT = "/apis/ccompat/v7"
NATIVE = "/apis/registry/v3"


@dataclass(frozen=True)
class User:
    """Somebody who may log in to a registry that was started with users."""

    name: str
    password: str
    role: str


USERS = (User("alice", "alice-pw", "sr-admin"), User("bob", "bob-pw", "sr-readonly"))


class RegistryServer(HttpServer):
    """Everything is compatible BACKWARD unless a subject says otherwise; the data lives in the folder."""

    title = "the registry"
    port_count = 2  # its management listens on a port of its own

    def __init__(self, life: Life, name: str = "registry", users: bool = False) -> None:
        super().__init__(life, name)
        self._java = find_newer_java(LOWEST_JAVA, "the registry")
        self._app = unpacked(life)
        self._users = USERS if users else ()

    @property
    def url(self) -> str:
        return self.base + CONFLUENT

    def environment(self) -> dict[str, str]:
        """Returns the variables by which a command finds it."""
        return {ENVIRONMENT: self.url}

    def details(self) -> dict[str, object]:
        users = [{"name": one.name, "password": one.password, "role": one.role} for one in self._users]
        return {"url": self.url, "native_url": self.base + NATIVE, "users": users}

    def argv(self) -> list[str]:
        # A file, so that what was registered outlives a SIGKILL; written at once, for the same reason.
        options = {
            "apicurio.datasource.url": f"jdbc:h2:file:{self.folder}/registry;WRITE_DELAY=0;DB_CLOSE_ON_EXIT=FALSE"
        }
        if self._users:
            options |= {
                "quarkus.http.auth.basic": "true",
                "quarkus.security.users.embedded.enabled": "true",
                "quarkus.security.users.embedded.plain-text": "true",
                "apicurio.auth.role-based-authorization": "true",
            }
        for one in self._users:
            options[f"quarkus.security.users.embedded.users.{one.name}"] = one.password
            options[f"quarkus.security.users.embedded.roles.{one.name}"] = one.role
        settings = [f"-D{key}={value}" for key, value in options.items()]
        return [self._java, "-Xmx256m", *SMALL_JVM, *settings, "-jar", str(self._app / "quarkus-run.jar")]

    def variables(self) -> dict[str, str]:
        http, management = (str(port) for port in self.ports)
        hosts = {"QUARKUS_HTTP_HOST": "127.0.0.1", "QUARKUS_MANAGEMENT_HOST": "127.0.0.1"}
        return {**hosts, "QUARKUS_HTTP_PORT": http, "QUARKUS_MANAGEMENT_PORT": management}

    def probe_url(self) -> str:
        return self.url + "/subjects"

    def ready(self) -> None:
        """Sets the compatibility that a Confluent registry has from the start; here it is NONE."""
        body = json.dumps({"compatibility": "BACKWARD"}).encode()
        request = urllib.request.Request(self.url + "/config", data=body, method="PUT")
        request.add_header("Content-Type", "application/vnd.schemaregistry.v1+json")
        for one in self._users[:1]:
            basic = base64.b64encode(f"{one.name}:{one.password}".encode()).decode()
            request.add_header("Authorization", f"Basic {basic}")
        with urllib.request.urlopen(request, timeout=5 * ASK_SECONDS):
            pass


def unpacked(life: Life) -> Path:
    """Returns the folder of the application, with every file as it came out of the checked archive."""
    app = jars.REGISTRY.folder() / "app"
    if not app.exists():
        (archive,) = jars.REGISTRY.fetch(life)
        with locked(jars.cache() / "prepare.lock", life, Deadline(UNPACK_SECONDS)):
            if not app.exists():
                _unpack(archive, app)
    _check(app)
    return app


def _unpack(archive: Path, app: Path) -> None:
    fresh = app.with_name("unpacking")
    shutil.rmtree(fresh, ignore_errors=True)
    print("unpacking the registry (once)", file=sys.stderr)
    with tarfile.open(archive) as tar:
        if hasattr(tarfile, "data_filter"):  # Python 3.9 has it in its later patches only
            tar.extraction_filter = staticmethod(tarfile.data_filter)
        tar.extractall(fresh)
    _listing(app).write_text("".join(f"{sum_}  {name}\n" for name, sum_ in sorted(_sums(fresh).items())))
    os.replace(fresh, app)


def _check(app: Path) -> None:
    """Fails where a file is not as it was unpacked; the next start then unpacks anew."""
    listed = dict(reversed(line.split("  ", 1)) for line in _listing(app).read_text().splitlines())
    found = _sums(app)
    wrong = sorted(name for name in listed.keys() | found.keys() if listed.get(name) != found.get(name))
    if wrong:
        shutil.rmtree(app)
        names = ", ".join(f"`{name}`" for name in wrong[:3])
        raise Failure(f"{len(wrong)} files of the registry were not as unpacked: {names}; deleted\nhint: start again")


def _listing(app: Path) -> Path:
    return app.with_name("app.sha256")


def _sums(folder: Path) -> dict[str, str]:
    files = (file for file in folder.rglob("*") if file.is_file())
    return {file.relative_to(folder).as_posix(): jars.sha256(file) for file in files}
