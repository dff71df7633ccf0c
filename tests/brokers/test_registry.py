"""The registry and the token server of our tests are what they claim to be, and never stay behind."""

from __future__ import annotations

import base64
import json
import os
import re
import signal
import socket
import subprocess
import sys
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from oauth import Tokens
from probe_brokers import http_server, jars, java
from probe_brokers.process import Failure, Life
from probe_brokers.registry_server import RegistryServer, unpacked
from registry import Registry, RegistryError
from test_brokers import SECONDS, WORDS_OF_A_PARENT, gone, state, until

HERE = Path(__file__).resolve().parent
MEDIA = "application/vnd.schemaregistry.v1+json"
NARROW = {"type": "record", "name": "R", "fields": [{"name": "id", "type": "long"}]}
BROKEN = {"type": "record", "name": "R", "fields": [{"name": "id", "type": "string"}]}


@pytest.fixture(scope="module")
def registry() -> Iterator[Registry]:
    with Registry(name="test-registry") as one:
        yield one


def ask(url: str, body: object = None, user: str = "", seconds: float = SECONDS, token: str = "") -> tuple[int, Any]:
    """Returns the status and the body of an answer, whichever it is."""
    request = urllib.request.Request(url, data=None if body is None else json.dumps(body).encode())
    request.add_header("Content-Type", MEDIA)
    if user:
        request.add_header("Authorization", f"Basic {base64.b64encode(user.encode()).decode()}")
    if token:
        request.add_header("Authorization", f"Bearer {token}")
    try:
        with urllib.request.urlopen(request, timeout=seconds) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read().decode()


def register(url: str, subject: str, schema: object, user: str = "", token: str = "") -> tuple[int, Any]:
    return ask(f"{url}/subjects/{subject}/versions", {"schema": json.dumps(schema)}, user, token=token)


def token(tokens: Tokens, client: str) -> dict[str, Any]:
    """Returns what the token server gives a client."""
    form = {"grant_type": "client_credentials", "client_id": client, "client_secret": "x", "scope": "kafka"}
    body = urllib.parse.urlencode(form).encode()
    with urllib.request.urlopen(tokens.server["token_endpoint"], body, timeout=SECONDS) as answer:
        given: dict[str, Any] = json.load(answer)
        return given


def test_it_keeps_schemas_and_refuses_those_that_break_readers(registry: Registry) -> None:
    assert ask(f"{registry.url}/config") == (200, {"compatibilityLevel": "BACKWARD"})
    status, registered = register(registry.url, "orders-value", NARROW)
    assert status == 200
    status, found = ask(f"{registry.url}/schemas/ids/{registered['id']}")
    assert status == 200 and json.loads(found["schema"]) == NARROW
    assert register(registry.url, "orders-value", BROKEN)[0] == 409


def test_it_is_silent_while_stopped_and_answers_again(registry: Registry) -> None:
    registry.stop()
    try:
        assert state(registry.server["pid"]) == "T"
        with pytest.raises(TimeoutError):
            ask(f"{registry.url}/subjects", seconds=0.3)
    finally:
        registry.cont()
    assert ask(f"{registry.url}/subjects")[0] == 200


def test_it_comes_back_after_a_kill_on_its_port_with_what_was_registered(registry: Registry) -> None:
    before = dict(registry.server)
    _, registered = register(registry.url, "kept-value", NARROW)
    registry.kill()
    assert registry.server == {**before, "pid": None} and gone(before["pid"])
    with pytest.raises(urllib.error.URLError, match="refused"):
        ask(f"{registry.url}/subjects")
    with pytest.raises(RegistryError, match="the registry does not run"):
        registry.stop()
    registry.restart()
    assert registry.server["port"] == before["port"] and registry.server["pid"] != before["pid"]
    assert ask(f"{registry.url}/subjects/kept-value/versions/1")[1]["id"] == registered["id"]


def test_an_unknown_command_is_refused_and_nothing_breaks(registry: Registry) -> None:
    with pytest.raises(RegistryError, match=r"`dance` is not one of stop, cont, kill, restart"):
        registry.tell("dance")
    assert ask(f"{registry.url}/subjects")[0] == 200


def test_with_users_it_asks_who_is_there_and_what_they_may() -> None:
    with Registry(auth=True) as registry:
        names = {user["role"]: f"{user['name']}:{user['password']}" for user in registry.users}
        subjects = f"{registry.url}/subjects"
        assert ask(subjects)[0] == 401
        assert ask(subjects, user="alice:wrong")[0] == 401
        assert ask(subjects, user=names["sr-readonly"])[0] == 200
        assert register(registry.url, "s", NARROW, names["sr-readonly"])[0] == 403
        assert register(registry.url, "s", NARROW, names["sr-admin"])[0] == 200
        assert register(registry.url, "s", BROKEN, names["sr-admin"])[0] == 409


def test_with_an_issuer_it_takes_the_tokens_that_are_for_it() -> None:
    with Tokens() as tokens, Registry(issuer=tokens.server["issuer"]) as registry:

        def status(client: str, schema: object = NARROW) -> int:
            return register(registry.url, "s", schema, token=token(tokens, client)["access_token"])[0]

        assert status("svc-a") == 200
        assert status("reader-a") == 403
        assert status("stranger-a") == 401
        assert ask(f"{registry.url}/subjects", token=token(tokens, "reader-a")["access_token"])[0] == 200
        assert ask(f"{registry.url}/subjects")[0] == 401


def test_run_hands_over_both_addresses_and_the_exit_code() -> None:
    words = (
        "import os; print(os.environ['TEST_PROBE_TEST_KAFKA'], os.environ['TEST_PROBE_TEST_REGISTRY'],"
        " flush=True); os._exit(7)"
    )
    kafka, registry = ([sys.executable, str(HERE / name), "run", "--"] for name in ("kafka.py", "registry.py"))
    ended = subprocess.run(
        [*kafka, *registry, sys.executable, "-c", words], capture_output=True, text=True, timeout=2 * SECONDS
    )
    assert ended.returncode == 7, ended.stderr
    assert re.fullmatch(r"127\.0\.0\.1:\d+ http://127\.0\.0\.1:\d+/apis/ccompat/v7\n", ended.stdout)


def test_nothing_of_it_stays_when_the_parent_is_killed() -> None:
    parent = subprocess.Popen(
        [sys.executable, "-c", WORDS_OF_A_PARENT.format(script=str(HERE / "registry.py"))],
        stdout=subprocess.PIPE,
        text=True,
    )
    assert parent.stdout
    with parent.stdout:
        supervisor = int(parent.stdout.readline().split()[1])
        ready = json.loads(parent.stdout.readline())
        os.kill(ready["pid"], signal.SIGSTOP)  # the worst case: it could not hear a SIGTERM
        parent.kill()
        parent.wait()
        until(lambda: gone(ready["pid"]), "the registry ended")
        until(lambda: gone(supervisor), "registry.py ended")
    assert not Path(ready["dir"]).exists()


def test_it_dies_with_registry_py_and_the_next_start_removes_its_data() -> None:
    up = [sys.executable, str(HERE / "registry.py"), "up"]
    with subprocess.Popen(up, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as one:
        assert one.stdout
        ready = json.loads(one.stdout.readline())
        one.kill()
        until(lambda: gone(ready["pid"]), "the registry ended")
    assert Path(ready["dir"]).exists()
    with Tokens():  # whichever server is next
        assert not Path(ready["dir"]).exists()


@pytest.mark.parametrize("which", [0, 2])  # the one between is for TLS, and not used here
def test_a_taken_port_makes_it_choose_others(which: int, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        clash, others = http_server.free_ports(3), http_server.free_ports(3)
        clash[which] = port
        choices = [clash, others]
        monkeypatch.setattr(http_server, "free_ports", lambda _: choices.pop(0))
        one = RegistryServer(Life())
        try:
            one.start()
            assert not choices and one.ports == others
        finally:
            one.close()


def test_without_a_java_that_is_new_enough_it_says_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def home(name: str, version: str) -> Path:
        (tmp_path / name / "bin").mkdir(parents=True)
        (tmp_path / name / "bin" / "java").touch()
        (tmp_path / name / "release").write_text(f'JAVA_VERSION="{version}"\n')
        return tmp_path / name

    monkeypatch.setattr(java, "USUAL_HOMES", tmp_path / "none")
    monkeypatch.delenv("TEST_PROBE_JDKS", raising=False)
    monkeypatch.setenv("JAVA_HOME", str(home("old", "17.0.9")))
    with pytest.raises(Failure, match=r"(?s)Java 21 or newer.*Java 17 at `.*/old`.*JDK 25.*TEST_PROBE_JDKS"):
        RegistryServer(Life())
    newest, newer = home("newest", "27"), home("newer", "25.0.1")
    monkeypatch.setenv("TEST_PROBE_JDKS", f"{newest}{os.pathsep}{newer}")
    assert java.find_newer_java(21, "the registry") == str(newer / "bin" / "java")


def test_an_archive_with_a_wrong_sum_is_refused_and_deleted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TEST_PROBE_CACHE", str(tmp_path))
    folder = jars.REGISTRY.folder()
    folder.mkdir()
    (name,) = jars.REGISTRY.read_sums()
    (folder / name).write_bytes(b"not the registry")
    with pytest.raises(RegistryError, match=rf"the sha256 of `{re.escape(name)}` .* did not match"), Registry():
        pass
    assert not list(folder.iterdir())


def test_a_file_that_is_not_as_unpacked_is_refused_and_all_are_deleted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TEST_PROBE_CACHE", str(tmp_path))
    app = jars.REGISTRY.folder() / "app"
    app.mkdir(parents=True)
    (app / "quarkus-run.jar").write_bytes(b"changed")
    app.with_name("app.sha256").write_text(f"{'0' * 64}  quarkus-run.jar\n")
    with pytest.raises(Failure, match=r"1 files .* not as unpacked: `quarkus-run.jar`"):
        unpacked(Life())
    assert not app.exists()


def test_a_token_names_its_client_and_its_audience() -> None:
    with Tokens(token_seconds=90) as tokens:
        payload = token(tokens, "svc-a")["access_token"].split(".")[1]
        claims = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
        assert (claims["sub"], claims["aud"], claims["iss"]) == ("svc-a", "kafka-broker", tokens.server["issuer"])
        assert claims["exp"] - claims["iat"] == 90
        with urllib.request.urlopen(tokens.server["jwks"], timeout=SECONDS) as answer:
            assert json.load(answer)["keys"]
