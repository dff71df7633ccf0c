"""The Java client, of the jars that `tests/brokers` has, against the secured listeners of the embedded cluster."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from test_clients import ROOT, cluster

sys.path.insert(0, str(ROOT / "tests/brokers"))

from probe_brokers import jars

PROGRAM = ROOT / "tests/security/RoundTrip.java"
SECONDS = 60.0
Properties = dict[str, str]


def round_trip(said: dict[str, str], protocol: str, folder: Path, more: Properties) -> str:
    """Returns `ok`, or the authentication error, of a record that is produced and consumed."""
    trust = {"ssl.truststore.type": "PEM", "ssl.truststore.certificates": said["ca"]}
    settings = {"bootstrap.servers": said["bootstrap"], "security.protocol": protocol} | trust | more
    file = folder / "client.properties"
    escaped = (value.replace("\n", "\\n") for value in settings.values())
    file.write_text("\n".join(f"{key}={value}" for key, value in zip(settings, escaped, strict=True)))
    classes = ":".join(str(jar) for jar in jars.BROKER.check(jars.BROKER.folder()))
    command = ["java", "-cp", classes, str(PROGRAM), str(file)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=SECONDS, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip().splitlines()[-1]


def scram(mechanism: str, password: str) -> Properties:
    module = "org.apache.kafka.common.security.scram.ScramLoginModule"
    login = f'{module} required username="alice" password="{password}";'
    return {"sasl.mechanism": mechanism, "sasl.jaas.config": login}


def test_a_user_logs_in_by_scram_inside_tls_and_nobody_with_a_wrong_password(tmp_path: Path) -> None:
    with cluster("SASL_SSL", "SCRAM-SHA-256,SCRAM-SHA-512", "none", 3) as said:
        for mechanism in ("SCRAM-SHA-256", "SCRAM-SHA-512"):
            assert round_trip(said, "SASL_SSL", tmp_path, scram(mechanism, "wonder")) == "ok"
        refused = round_trip(said, "SASL_SSL", tmp_path, scram("SCRAM-SHA-512", "wrong"))
        assert refused.startswith("SaslAuthenticationException: Authentication failed during authentication due to")


def test_a_client_shows_the_certificate_that_it_is_asked_for(tmp_path: Path) -> None:
    with cluster("SSL", "", "required") as said:
        chain = {"ssl.keystore.certificate.chain": said["certificate"], "ssl.keystore.key": said["key"]}
        assert round_trip(said, "SSL", tmp_path, {"ssl.keystore.type": "PEM"} | chain) == "ok"
        assert round_trip(said, "SSL", tmp_path, {}).startswith("SslAuthenticationException")
