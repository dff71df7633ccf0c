"""The page "Kafka without Docker": its test passes with the service in each of its languages.

The Node service needs kafkajs where tests/conformance installs it, the Java one the jars of tests/brokers.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from test_probe import Probe

ROOT = Path(__file__).resolve().parents[2]
EXAMPLE = ROOT / "examples" / "kafka-without-docker"
KAFKAJS = ROOT / "tests" / "conformance" / "kafkajs"
SECONDS = 300.0


def jars() -> str:
    command = [sys.executable, ROOT / "tests" / "brokers" / "kafka.py", "fetch"]
    fetched = subprocess.run(command, check=True, stdout=subprocess.PIPE, timeout=SECONDS)
    return str(json.loads(fetched.stdout)["jars"])


def node_modules() -> str:
    """Returns where kafkajs is, installed by the harness of the conformance suite."""
    where = subprocess.run(
        ["node", "prepare.mjs"], cwd=KAFKAJS, check=True, stdout=subprocess.PIPE, timeout=SECONDS, text=True
    )
    return where.stdout.strip().splitlines()[-1]


def test_a_configuration_file_names_embedded_clusters() -> None:
    with Probe(config=EXAMPLE / "test-probe.yaml") as probe:
        assert len(probe.bootstrap_servers.split(",")) == 3
        assert len(probe.cluster("region2").bootstrap_servers.split(",")) == 1


def test_a_configuration_file_names_listeners_for_the_service(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALICE_PASSWORD", "the password of alice")
    with Probe(config=EXAMPLE / "secured.yaml") as probe:
        assert set(probe.cluster("default").listeners) == {"PLAINTEXT", "SASL_SSL"}


def test_a_configuration_file_names_a_registry_of_the_process() -> None:
    with Probe(config=EXAMPLE / "mock.yaml") as one, Probe(config=EXAMPLE / "mock.yaml") as other:
        assert one.schema_registry_url is not None and one.schema_registry_url.startswith("http://127.0.0.1:")
        assert one.schema_registry_url == other.schema_registry_url


def passes(service: str, **environment: str) -> None:
    run = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:asyncio", "test_service.py"],
        cwd=EXAMPLE,
        env={**os.environ, **environment, "SERVICE": service},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=SECONDS,
    )
    assert run.returncode == 0, run.stdout
    assert "1 passed" in run.stdout


def test_a_service_in_python_is_tested() -> None:
    passes(f"{sys.executable} service.py")


def test_a_service_in_java_is_tested() -> None:
    passes(f"java -cp '{jars()}/*' Service.java")


def test_a_service_in_node_is_tested() -> None:
    passes("node service.js", NODE_PATH=node_modules())


def test_a_service_that_does_not_confirm_fails_the_test() -> None:
    with pytest.raises(AssertionError, match="no matching event came on `confirmations`"):
        passes(f"{sys.executable} -c 'import time; time.sleep(60)'")
