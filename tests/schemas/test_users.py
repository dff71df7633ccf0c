"""A registry that asks who is there lets in whom it knows, and says no in words.

Users, tokens and TLS are the real registry's own, and tokens are signed by a real token server. What neither can do
stands before them: compare a client's secret, and ask for a client's certificate.
"""

from __future__ import annotations

import base64
import json
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from test_probe import Event, Preflight, PreflightFinding, Probe
from test_probe.errors import ProbeError

from kafka import Kafka
from oauth import Tokens
from probe_schemas.certificates import Authority
from probe_schemas.front import Front, Seen, wants_certificate
from probe_schemas.ours import directive
from probe_schemas.pair import COMMAND, SECONDS, Pair
from probe_schemas.shapes import avro
from registry import Registry

SHAPE = avro("Guarded", {"orderId": "string"}, {"orderId": "o-1"})
EVENT = Event(type="Guarded", version="1", id="e", value=SHAPE.ours)
MAY_REGISTER = {"auto.register.schemas": True}
TOKEN_SECONDS = 10
SECRET = "hunter2"  # noqa: S105 - and it is looked for in every error


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("certificates"))


@pytest.fixture(scope="module")
def tokens() -> Iterator[Tokens]:
    with Tokens(token_seconds=TOKEN_SECONDS) as tokens:
        yield tokens


@pytest.fixture(scope="module")
def guarded(authority: Authority, tokens: Tokens) -> Iterator[Registry]:
    own = authority.signs("registry")
    with Registry(issuer=tokens.server["issuer"], certificate=own.certificate, key=own.key) as registry:
        yield registry


@pytest.fixture(scope="module")
def kafka() -> Iterator[Kafka]:
    with Kafka() as kafka:
        yield kafka


@pytest.fixture
def endpoint(tokens: Tokens) -> Iterator[Front]:
    """The endpoint of tokens, which knows the secret of every client."""

    def turns_away(authorization: str) -> object:
        _, _, secret = base64.b64decode(authorization.partition(" ")[2]).decode().partition(":")
        return None if secret == SECRET else {"error": "invalid_client", "error_description": secret}

    with Front(tokens.server["token_endpoint"], turns_away) as front:
        yield front


@pytest.fixture
def front(guarded: Registry) -> Iterator[Front]:
    """The registry, with a list of who asked it what."""
    with Front(guarded.url) as front:
        yield front


class Attempt:
    """What comes of producing with a schema to be registered, and of the preflight before it."""

    def __init__(self, kafka: Kafka, url: str, **auth: Any) -> None:
        registry = {"url": url, **({"auth": auth} if auth else {})}
        self.config = {"kafka": {"bootstrap-servers": kafka.bootstrap_servers, "schema-registry": registry}}
        self.directive = directive(Pair(kafka.bootstrap_servers, url).topic(), SHAPE, **MAY_REGISTER)
        self.error: ProbeError | None = None
        with Probe(self.config) as probe, probe.session(self.directive) as session:
            self.preflight: Preflight = session.preflight()
            try:
                session.produce_event(self.directive["topic"], EVENT)
            except ProbeError as error:
                self.error = error

    @property
    def code(self) -> str:
        return self.error.code.name if self.error else ""

    @property
    def found(self) -> PreflightFinding:
        """What the preflight found of the registry."""
        return next(finding for finding in self.preflight.findings if finding.check == "registry")

    def is_let_in(self) -> bool:
        return self.error is None and self.preflight.passed and self.found.status == "passed"

    def is_refused(self, code: str, *words: str) -> bool:
        """Whether both were refused with a code and these words, and nothing that is secret."""
        assert self.error and self.found.error, self.preflight
        texts = [self.error, self.found.error]
        assert all(SECRET not in f"{error!r}{error}{error.context}" for error in texts), texts
        assert all(word in str(error) for word in words for error in texts), texts
        assert not any(error.retriable for error in texts if code != "REGISTRY_UNREACHABLE")
        return (self.code, self.found.error.code.name) == (code, code)


def client(endpoint: Front, name: str, secret: str = SECRET) -> dict[str, str]:
    """How a client of the token server authenticates."""
    named = {"bearer.auth.client.id": name, "bearer.auth.client.secret": secret}
    return {**named, "bearer.auth.issuer.endpoint.url": endpoint.url}


def token_of(seen: Seen) -> str:
    token: str = json.loads(seen.body)["access_token"]
    return token


def expires_at(token: str) -> float:
    payload = token.split(".")[1]
    claims = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    return float(claims["exp"])


def test_who_may_write_registers_and_who_may_not_is_told_so(kafka: Kafka, guarded: Registry) -> None:
    def attempt(user: str) -> Attempt:
        return Attempt(kafka, guarded.url, **{"basic.auth.user.info": user})

    users = {user["role"]: f"{user['name']}:{user['password']}" for user in guarded.users}
    assert attempt(users["sr-admin"]).is_let_in()
    may_read = attempt(users["sr-readonly"])
    assert may_read.found.status == "passed", "it was let in, and is not to write"
    assert may_read.code == "NOT_AUTHORIZED" and "user `bob`" in str(may_read.error)
    assert users["sr-readonly"].partition(":")[2] not in str(may_read.error)
    assert attempt(f"alice:{SECRET}").is_refused("AUTHENTICATION_FAILED", "user `alice`", "basic.auth.user.info")
    assert Attempt(kafka, guarded.url).is_refused("AUTHENTICATION_FAILED", "no credentials")


def test_one_token_serves_every_call(kafka: Kafka, endpoint: Front, front: Front) -> None:
    assert Attempt(kafka, front.url, **client(endpoint, "svc-a")).is_let_in()
    (given,) = endpoint.seen
    assert len(front.seen) > 1 and {one.authorization for one in front.seen} == {f"Bearer {token_of(given)}"}


def test_a_token_is_renewed_before_its_end_and_nobody_notices(kafka: Kafka, endpoint: Front, front: Front) -> None:
    registry = {"url": front.url, "auth": client(endpoint, "svc-a")}
    pace, topic = threading.Event(), Pair(kafka.bootstrap_servers, front.url).topic()
    config = {"bootstrap-servers": kafka.bootstrap_servers, "schema-registry": registry}
    shapes = [avro(f"Renewed{number}", {"orderId": "string"}, {"orderId": "o-1"}) for number in range(200)]
    schemas = {"subject": {"strategy": "TopicRecordNameStrategy"}, "schema": [shape.text for shape in shapes]}
    named = {"topic": topic, "role": "producer", "format": "avro", **schemas, **MAY_REGISTER}
    by = time.monotonic() + 3 * TOKEN_SECONDS
    with Probe({"kafka": config}) as probe, probe.session(named) as session:
        for number, shape in enumerate(shapes):
            session.produce_event(topic, Event(type=f"Renewed{number}", version="1", value=shape.ours))
            if len(endpoint.seen) > 1:
                break
            assert time.monotonic() < by, "it was not renewed"
            pace.wait(0.25)
    first, second = endpoint.seen
    assert second.at < expires_at(token_of(first)), "it was renewed when it was too late"
    assert token_of(second) in front.seen[-1].authorization
    assert 401 not in front.statuses(), "a call was made with a token that was no good"


def test_who_is_refused_is_named_and_what_is_secret_is_not(kafka: Kafka, endpoint: Front, front: Front) -> None:
    stranger = Attempt(kafka, front.url, **client(endpoint, "stranger-a"))
    assert stranger.is_refused("AUTHENTICATION_FAILED", "client `stranger-a`", "bearer.auth.client.id")
    assert not any(token_of(one) in str(stranger.error) for one in endpoint.seen)
    may_read = Attempt(kafka, front.url, **client(endpoint, "reader-a"))
    assert may_read.code == "NOT_AUTHORIZED" and "client `reader-a`" in str(may_read.error)

    before = len(front.seen)
    wrong = Attempt(kafka, front.url, **client(endpoint, "svc-a", f"{SECRET}-wrong"))
    assert wrong.is_refused("AUTHENTICATION_FAILED", "client `svc-a`", endpoint.url, "invalid_client")
    assert len(front.seen) == before, "the registry was asked without a token"


def test_a_token_that_was_given_is_good_until_somebody_touches_it(
    kafka: Kafka, tokens: Tokens, guarded: Registry, endpoint: Front
) -> None:
    with Front(guarded.url) as front:
        assert Attempt(kafka, front.url, **client(endpoint, "svc-b")).is_let_in()
    token = token_of(endpoint.seen[-1])
    assert Attempt(kafka, guarded.url, **{"bearer.auth.token": token}).is_let_in()
    head, payload, signature = token.split(".")
    forged = ".".join([head, payload, signature[::-1]])
    refused = Attempt(kafka, guarded.url, **{"bearer.auth.token": forged})
    assert refused.is_refused("AUTHENTICATION_FAILED", "`bearer.auth.token`")
    assert signature[::-1] not in str(refused.error)


def test_whom_to_trust_is_asked_for_by_name(
    kafka: Kafka, guarded: Registry, authority: Authority, tmp_path: Path
) -> None:
    (admin,) = (user for user in guarded.users if user["role"] == "sr-admin")
    basic = {"basic.auth.user.info": f"{admin['name']}:{admin['password']}"}
    assert Attempt(kafka, guarded.secure_url, **basic, **{"ssl.ca": authority.file}).is_let_in()
    other = Authority(tmp_path, "other")
    for more in ({}, {"ssl.ca": other.file}):
        assert Attempt(kafka, guarded.secure_url, **basic, **more).is_refused("REGISTRY_UNREACHABLE", "ssl.ca")


def test_who_has_no_certificate_is_told_which_key_names_it(
    kafka: Kafka, guarded: Registry, authority: Authority, tmp_path: Path
) -> None:
    own, mine, foreign = authority.signs("front"), authority.signs("me"), Authority(tmp_path, "other").signs("me")
    (admin,) = (user for user in guarded.users if user["role"] == "sr-admin")
    always = {"basic.auth.user.info": f"{admin['name']}:{admin['password']}", "ssl.ca": authority.file}

    with Front(guarded.url, tls=wants_certificate(authority.file, own.certificate, own.key)) as front:

        def attempt(**certificate: str) -> Attempt:
            shown = {f"ssl.{name}": value for name, value in certificate.items()}
            return Attempt(kafka, front.url, **always, **shown)

        assert attempt(certificate=mine.certificate, key=mine.key).is_let_in()
        before = len(front.seen)
        assert attempt().is_refused("AUTHENTICATION_FAILED", "`ssl.certificate`")
        unknown = attempt(certificate=foreign.certificate, key=foreign.key)
        assert unknown.is_refused("AUTHENTICATION_FAILED", "`ssl.certificate`")
        assert len(front.seen) == before, "somebody got a word in"


def test_the_doctor_looks_as_the_client_that_is_configured(
    kafka: Kafka, endpoint: Front, front: Front, tmp_path: Path
) -> None:
    def doctor(name: str) -> tuple[bool, str]:
        """Returns whether all was well, and what was said of the registry."""
        attempt = Attempt(kafka, front.url, **client(endpoint, name))
        files = {"test-probe.yaml": {"test-probe": attempt.config}, "topics.yaml": {"topics": [attempt.directive]}}
        for file, document in files.items():
            (tmp_path / file).write_text(json.dumps(document))
        words = [COMMAND, "doctor", "schemas", "--format", "json", "--topics", "topics.yaml"]
        said = subprocess.run(words, capture_output=True, text=True, timeout=SECONDS, cwd=tmp_path, check=False)
        assert SECRET not in said.stdout + said.stderr
        found = json.loads(said.stdout)
        (registry,) = (one for one in found["checks"] if one["subject"].endswith("value, registry"))
        return found["ok"], registry["message"]

    assert doctor("svc-a") == (True, "the schema registry answered")
    is_well, why = doctor("stranger-a")
    assert not is_well and "client `stranger-a`" in why
