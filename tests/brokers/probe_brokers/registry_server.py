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
from .token_server import AUDIENCE

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


@dataclass(frozen=True)
class Guard:
    """Who is let in. Without users and issuer it is everybody."""

    users: tuple[User, ...] = ()
    issuer: str = ""
    """Whose tokens are good: they are for `AUDIENCE`, and `groups` holds the role."""
    certificate: str = ""
    """What it shows over TLS, PEM files; it then listens there too."""
    key: str = ""


class RegistryServer(HttpServer):
    """Everything is compatible BACKWARD unless a subject says otherwise; the data lives in the folder."""

    title = "the registry"
    port_count = 3  # without and with TLS; and its management listens on a port of its own

    def __init__(self, life: Life, name: str = "registry", guard: Guard = Guard()) -> None:
        super().__init__(life, name)
        self._java = find_newer_java(LOWEST_JAVA, "the registry")
        self._app = unpacked(life)
        self._guard = guard

    @property
    def url(self) -> str:
        return self.base + CONFLUENT

    def environment(self) -> dict[str, str]:
        """Returns the variables by which a command finds it."""
        return {ENVIRONMENT: self.url}

    def details(self) -> dict[str, object]:
        users = [{"name": one.name, "password": one.password, "role": one.role} for one in self._guard.users]
        secure = f"https://127.0.0.1:{self.ports[1]}{CONFLUENT}" if self._guard.certificate else None
        return {"url": self.url, "secure_url": secure, "native_url": self.base + NATIVE, "users": users}

    def argv(self) -> list[str]:
        # A file, so that what was registered outlives a SIGKILL; written at once, for the same reason.
        options = {
            "apicurio.datasource.url": f"jdbc:h2:file:{self.folder}/registry;WRITE_DELAY=0;DB_CLOSE_ON_EXIT=FALSE"
        }
        options |= _guarded(self._guard)
        settings = [f"-D{key}={value}" for key, value in options.items()]
        return [self._java, "-Xmx256m", *SMALL_JVM, *settings, "-jar", str(self._app / "quarkus-run.jar")]

    def variables(self) -> dict[str, str]:
        http, https, management = (str(port) for port in self.ports)
        hosts = {"QUARKUS_HTTP_HOST": "127.0.0.1", "QUARKUS_MANAGEMENT_HOST": "127.0.0.1"}
        ports = {"QUARKUS_HTTP_PORT": http, "QUARKUS_HTTP_SSL_PORT": https, "QUARKUS_MANAGEMENT_PORT": management}
        return {**hosts, **ports}

    def probe_url(self) -> str:
        return self.url + "/subjects"

    def ready(self) -> None:
        """Sets the compatibility that a Confluent registry has from the start; here it is NONE."""
        body = json.dumps({"compatibility": "BACKWARD"}).encode()
        request = urllib.request.Request(self.url + "/config", data=body, method="PUT")
        request.add_header("Content-Type", "application/vnd.schemaregistry.v1+json")
        for one in self._guard.users[:1]:
            basic = base64.b64encode(f"{one.name}:{one.password}".encode()).decode()
            request.add_header("Authorization", f"Basic {basic}")
        with urllib.request.urlopen(request, timeout=5 * ASK_SECONDS):
            pass


def _guarded(guard: Guard) -> dict[str, str]:
    """Returns the settings that ask who is there."""
    options = {}
    if guard.users:
        options |= {
            "quarkus.http.auth.basic": "true",
            "quarkus.security.users.embedded.enabled": "true",
            "quarkus.security.users.embedded.plain-text": "true",
        }
    for one in guard.users:
        options[f"quarkus.security.users.embedded.users.{one.name}"] = one.password
        options[f"quarkus.security.users.embedded.roles.{one.name}"] = one.role
    if guard.issuer:
        options |= {
            "quarkus.oidc.tenant-enabled": "true",
            "quarkus.oidc.auth-server-url": guard.issuer,
            "quarkus.oidc.token.audience": AUDIENCE,
            "quarkus.oidc.roles.role-claim-path": "groups",
        }
    if guard.users or guard.issuer:
        options["apicurio.auth.role-based-authorization"] = "true"
    if guard.certificate:
        options |= {
            "quarkus.http.ssl.certificate.files": guard.certificate,
            "quarkus.http.ssl.certificate.key-files": guard.key,
            "quarkus.http.insecure-requests": "enabled",  # it would send everybody away otherwise
        }
    return options


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
