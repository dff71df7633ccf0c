"""librdkafka, through confluent-kafka, against the secured listeners of the embedded cluster.

cargo build -p test-probe-cli
pytest tests/security
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import os
import subprocess
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from confluent_kafka import Consumer, KafkaError, Producer, TopicPartition

ROOT = Path(__file__).resolve().parents[2]
COMMAND = os.environ.get("TEST_PROBE_BIN", str(ROOT / "target/debug/test-probe"))
SECRET = b"the secret of the tokens in these tests"
SECONDS = 20.0
Config = dict[str, Any]


@contextmanager
def cluster(
    protocol: str, mechanisms: str = "", client_auth: str = "none", max_reauth: float = 0
) -> Iterator[dict[str, str]]:
    """A cluster for the length of a `with` block; yields where it listens, and with TLS the authority, and a
    client's certificate with its key."""
    words = ["cluster", "up", "--format", "json", "--until-stdin-closes"]
    with tempfile.TemporaryDirectory() as folder:
        secret, client = Path(folder, "secret"), Path(folder, "client.pem")
        if protocol.startswith("SASL"):
            secret.write_bytes(SECRET)
            words += ["--sasl", mechanisms, "--user", "alice", "--max-reauth", str(max_reauth)]
            words += ["--token-secret-file", str(secret)]
        if protocol.endswith("SSL"):
            words += ["--tls", "--client-auth", client_auth, "--client-out", str(client)]
        environment = {**os.environ, "TEST_PROBE_PASSWORD": "wonder"}
        process = subprocess.Popen(
            [COMMAND, *words], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment
        )
        assert process.stdin is not None and process.stdout is not None
        try:
            said = json.loads(process.stdout.readline())
            found = {"bootstrap": said["listeners"][protocol]}
            if said["certificate_authority"]:
                pem = client.read_text()
                certificate, separator, key = pem.partition("-----BEGIN PRIVATE KEY-----")
                found |= {"ca": said["certificate_authority"], "certificate": certificate, "key": separator + key}
            yield found
        finally:
            process.stdin.close()
            assert process.wait(SECONDS) == 0


def token(lifetime: float = 300, secret: bytes = SECRET, subject: str = "alice") -> tuple[str, float]:
    """Returns a token that HS256 signed, and when it ends."""

    def part(value: bytes) -> str:
        return base64.urlsafe_b64encode(value).decode().rstrip("=")

    now = time.time()
    claims = {"sub": subject, "iat": int(now), "exp": now + lifetime}
    message = f"{part(json.dumps({'alg': 'HS256'}).encode())}.{part(json.dumps(claims).encode())}"
    return f"{message}.{part(hmac.digest(secret, message.encode(), hashlib.sha256))}", now + lifetime


def config(said: dict[str, str], protocol: str, **more: Any) -> Config:
    made: Config = {"bootstrap.servers": said["bootstrap"], "security.protocol": protocol}
    if "ca" in said:
        made["ssl.ca.pem"] = said["ca"]
    return made | {name.replace("_", "."): value for name, value in more.items()}


def identity(said: dict[str, str]) -> Config:
    return {"ssl.certificate.pem": said["certificate"], "ssl.key.pem": said["key"]}


def round_trip(settings: Config) -> None:
    """Produces and consumes one record."""
    topic = f"t-{uuid.uuid4().hex}"
    refusals: list[Any] = []
    producer = Producer(settings)
    producer.produce(topic, b"value", on_delivery=lambda error, _: refusals.append(error))
    assert producer.flush(SECONDS) == 0, "nothing was delivered"
    assert refusals == [None]
    consumer = Consumer(settings | {"group.id": "g", "enable.auto.commit": False})
    try:
        consumer.assign([TopicPartition(topic, 0, 0)])
        message = consumer.poll(SECONDS)
        assert message is not None and message.error() is None, message
        assert message.value() == b"value"
    finally:
        consumer.close()


def first_error(settings: Config) -> KafkaError:
    """Returns the first error that a client hears that cannot connect."""
    heard: list[KafkaError] = []
    producer = Producer(settings | {"error_cb": heard.append})
    deadline = time.monotonic() + SECONDS
    while not heard and time.monotonic() < deadline:
        producer.poll(0.1)
    assert heard, "no error was heard"
    return heard[0]


def password(mechanism: str, word: str = "wonder", user: str = "alice") -> Config:
    return {"sasl.mechanism": mechanism, "sasl.username": user, "sasl.password": word}


@pytest.mark.parametrize("mechanism", ["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"])
@pytest.mark.parametrize("protocol", ["SASL_PLAINTEXT", "SASL_SSL"])
def test_a_user_logs_in_and_nobody_with_a_wrong_password(protocol: str, mechanism: str) -> None:
    with cluster(protocol, "PLAIN,SCRAM-SHA-256,SCRAM-SHA-512") as said:
        round_trip(config(said, protocol) | password(mechanism))
        for wrong in (password(mechanism, word="wrong"), password(mechanism, user="mallory")):
            error = first_error(config(said, protocol) | wrong)
            assert error.code() == KafkaError._AUTHENTICATION, error
            expected = "Invalid username or password" if mechanism == "PLAIN" else "invalid credentials"
            assert expected in error.str(), error


def oauth(callback: Callable[[str], tuple[str, float]]) -> Config:
    return {"sasl.mechanism": "OAUTHBEARER", "oauth_cb": callback}


@pytest.mark.parametrize("protocol", ["SASL_PLAINTEXT", "SASL_SSL"])
def test_a_token_logs_in_and_none_of_another_secret(protocol: str) -> None:
    with cluster(protocol, "OAUTHBEARER") as said:
        round_trip(config(said, protocol) | oauth(lambda _: token()))
        error = first_error(config(said, protocol) | oauth(lambda _: token(secret=b"another")))
        assert error.code() == KafkaError._AUTHENTICATION, error
        assert "invalid_token" in error.str(), error


def test_a_mechanism_that_is_not_enabled_is_refused_with_those_that_are() -> None:
    with cluster("SASL_PLAINTEXT", "SCRAM-SHA-512") as said:
        error = first_error(config(said, "SASL_PLAINTEXT") | password("PLAIN"))
        assert "SCRAM-SHA-512" in error.str(), error


def test_the_generated_authority_is_trusted_and_no_other() -> None:
    with cluster("SSL") as said, cluster("SSL") as other:
        round_trip(config(said, "SSL"))
        error = first_error(config(said, "SSL") | {"ssl.ca.pem": other["ca"]})
        # librdkafka calls it _SSL or _TRANSPORT, by what it sees first.
        assert "certificate verify failed" in error.str(), error


def test_a_client_shows_the_certificate_that_it_is_asked_for() -> None:
    # With TLS 1.3 a client learns of the refusal after its handshake, as an alert or as a cut.
    refused = {KafkaError._SSL, KafkaError._TRANSPORT, KafkaError._ALL_BROKERS_DOWN}
    with cluster("SSL", "", "required") as said, cluster("SSL") as other:
        round_trip(config(said, "SSL") | identity(said))
        assert first_error(config(said, "SSL")).code() in refused
        assert first_error(config(said, "SSL") | identity(other)).code() in refused


def test_a_client_authenticates_again_before_its_session_ends() -> None:
    with cluster("SASL_PLAINTEXT", "SCRAM-SHA-256", "none", 2) as said:
        heard: list[KafkaError] = []
        settings = config(said, "SASL_PLAINTEXT") | password("SCRAM-SHA-256") | {"error_cb": heard.append}
        producer = Producer(settings)
        refusals: list[Any] = []
        until = time.monotonic() + 5
        sent = 0
        while time.monotonic() < until:
            producer.produce("again", b"v", on_delivery=lambda error, _: refusals.append(error))
            sent += 1
            producer.poll(0.05)
        assert producer.flush(SECONDS) == 0
        assert refusals == [None] * sent
        assert heard == []


def test_what_the_command_says_is_ready_to_be_copied(tmp_path: Path) -> None:
    authority, client = tmp_path / "ca.pem", tmp_path / "client.pem"
    words = ["--sasl", "scram-sha-256", "--user", "alice", "--tls", "--client-auth", "required"]
    words += ["--ca-out", str(authority), "--client-out", str(client), "--until-stdin-closes"]
    environment = {**os.environ, "TEST_PROBE_PASSWORD": "wonder"}
    process = subprocess.Popen(
        [COMMAND, "cluster", "up", *words],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env=environment,
    )
    assert process.stdin is not None and process.stdout is not None
    try:
        lines: list[str] = []
        while not lines or not lines[-1].startswith("ssl.key.location="):
            lines.append(process.stdout.readline())
            assert lines[-1], lines
        of_java = ("sasl.jaas.config=", "ssl.truststore.", "ssl.keystore.")
        blocks: list[Config] = [{}]
        for line in lines:
            if not line.strip():
                blocks.append({})
            elif not line.startswith(("#", *of_java)):
                key, _, value = line.strip().partition("=")
                blocks[-1][key] = value
        _, plain, secured = blocks
        assert secured["sasl.password"] == "..."
        round_trip(plain)
        round_trip(secured | {"sasl.password": "wonder"})
        assert client.stat().st_mode & 0o777 == 0o600
    finally:
        process.stdin.close()
        assert process.wait(SECONDS) == 0
