"""The servers of our tests are what they claim to be, and never stay behind."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from confluent_kafka import KafkaException, TopicPartition

import foreign
from kafka import Kafka, KafkaError
from probe_brokers import cluster, jars
from probe_brokers.prepare import prepare
from probe_brokers.process import Life

HERE = Path(__file__).resolve().parent
SECONDS = 30.0
WORDS_OF_A_PARENT = """
import subprocess, sys
child = subprocess.Popen([sys.executable, {script!r}, "up"], stdin=subprocess.PIPE)
print("child", child.pid, flush=True)
child.wait()
"""


@pytest.fixture(scope="module")
def kafka() -> Iterator[Kafka]:
    with Kafka(name="test-brokers") as one:
        yield one


@pytest.fixture
def topic(kafka: Kafka) -> str:
    name = f"t-{uuid.uuid4()}"
    foreign.create_topic(kafka.bootstrap_servers, name)
    return name


def until(condition: Callable[[], object], what: str, seconds: float = SECONDS) -> None:
    end = time.monotonic() + seconds
    pace = threading.Event()
    while not condition():
        assert time.monotonic() < end, f"{what}: not within {seconds} s"
        pace.wait(0.02)


def state(pid: int) -> str | None:
    """Returns the kernel's letter for a process (R, S, T, Z ...), None when there is none."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return None


def gone(pid: int) -> bool:
    """Returns whether a process ended; a zombie that nobody has reaped yet counts."""
    return state(pid) in (None, "Z")


def run_foreign(kafka: Kafka, *words: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
    argv = [sys.executable, str(HERE / "foreign.py"), "--bootstrap", kafka.bootstrap_servers, *words]
    return subprocess.run(argv, input=stdin, capture_output=True, text=True, timeout=SECONDS, check=False)


def test_what_was_produced_comes_back_with_its_headers_in_order(kafka: Kafka, topic: str) -> None:
    headers = [("a", b"1"), ("n", None), ("a", b"2"), ("e", b"")]
    record = {"topic": topic, "key": b"k", "value": b"v", "headers": headers, "timestamp": 1234567890123}
    placed = foreign.produce(kafka.bootstrap_servers, [record])
    assert placed == [{"topic": topic, "partition": 0, "offset": 0, "timestamp": 1234567890123}]
    (read,) = foreign.consume(kafka.bootstrap_servers, topic, 1)
    assert (read["key"], read["value"], read["headers"]) == (b"k", b"v", headers)
    assert read["timestamp"] == 1234567890123


def test_a_topic_is_never_created_by_a_client_that_only_names_it(kafka: Kafka) -> None:
    admin = foreign._admin(kafka.bootstrap_servers)
    for _ in range(2):  # the broker creates on the first look and shows it on the next
        assert admin.list_topics("nobody-made-this", timeout=10).topics["nobody-made-this"].error is not None
    assert "nobody-made-this" not in admin.list_topics(timeout=10).topics


def test_the_command_line_speaks_json_both_ways(kafka: Kafka) -> None:
    name = f"t-{uuid.uuid4()}"
    created = run_foreign(kafka, "create-topic", "--topic", name, "--partitions", "2")
    assert json.loads(created.stdout) == {"topic": name, "partitions": 2}
    line = json.dumps({"key": "k", "value": {"n": 1}, "headers": [["h", None], ["h", "x"]], "partition": 1})
    assert run_foreign(kafka, "produce", "--topic", name, "--stdin", stdin=line).returncode == 0
    options = ["--header", "h=1", "--null-header", "z", "--header", "h=2", "--partition", "0", "--count", "3"]
    many = run_foreign(kafka, "produce", "--topic", name, "--key", "k{i}", *options)
    assert [place["offset"] for place in json.loads(many.stdout)["records"]] == [0, 1, 2]
    read = json.loads(run_foreign(kafka, "consume", "--topic", name, "--count", "4").stdout)["records"]
    by_key = {record["key"]: record for record in read}
    assert by_key["k"]["value"] == '{"n": 1}' and by_key["k"]["headers"] == [["h", None], ["h", "x"]]
    assert by_key["k2"]["value"] is None and by_key["k2"]["headers"] == [["h", "1"], ["z", None], ["h", "2"]]
    deleted = run_foreign(kafka, "delete-records", "--topic", name, "--before", "2")
    assert json.loads(deleted.stdout) == {"begin": 2}
    ends = json.loads(run_foreign(kafka, "offsets", "--topic", name).stdout)["partitions"]
    assert ends == [{"partition": 0, "begin": 2, "end": 3}, {"partition": 1, "begin": 0, "end": 1}]
    assert run_foreign(kafka, "delete-topic", "--topic", name).returncode == 0
    refused = run_foreign(kafka, "offsets", "--topic", name)
    assert refused.returncode == 1
    assert json.loads(refused.stdout)["error"]["code"] == "UNKNOWN_TOPIC_OR_PART"


def test_committed_offsets_of_a_group_are_seen_from_outside(kafka: Kafka, topic: str) -> None:
    group = f"g-{uuid.uuid4()}"
    assert foreign.committed(kafka.bootstrap_servers, group) == []
    consumer = foreign.Consumer({"bootstrap.servers": kafka.bootstrap_servers, "group.id": group})
    consumer.commit(offsets=[TopicPartition(topic, 0, 5)], asynchronous=False)
    consumer.close()
    answer = run_foreign(kafka, "committed", "--group", group)
    assert json.loads(answer.stdout)["offsets"] == [{"topic": topic, "partition": 0, "offset": 5}]


def test_only_the_committed_transaction_is_read(kafka: Kafka, topic: str) -> None:
    for end in ("commit", "abort"):
        answer = run_foreign(kafka, "txn", "--topic", topic, "--value", end, "--count", "2", "--end", end)
        assert answer.returncode == 0, answer.stderr
    shared = {"bootstrap": kafka.bootstrap_servers, "topic": topic}
    after = {"topic": topic, "value": b"after"}
    foreign.produce(kafka.bootstrap_servers, [after])
    committed = foreign.consume(**shared, count=3)
    assert [record["value"] for record in committed] == [b"commit", b"commit", b"after"]
    everything = foreign.consume(**shared, count=5, isolation="read_uncommitted")
    assert [record["value"] for record in everything] == [b"commit"] * 2 + [b"abort"] * 2 + [b"after"]


def test_an_abandoned_transaction_is_rolled_back_soon(kafka: Kafka, topic: str) -> None:
    words = ["--topic", topic, "--value", "x", "--end", "open", "--then", "leave", "--timeout-ms", "1000"]
    answer = run_foreign(kafka, "txn", *words)  # stdin ends at once: the producer crashes
    assert answer.returncode == 0, answer.stderr
    foreign.produce(kafka.bootstrap_servers, [{"topic": topic, "value": b"after"}])
    (read,) = foreign.consume(kafka.bootstrap_servers, topic, 1, within=10)
    assert read["value"] == b"after"


def test_retention_works_within_seconds_and_only_where_it_was_asked_for(kafka: Kafka, topic: str) -> None:
    foreign.produce(kafka.bootstrap_servers, [{"topic": topic, "timestamp": 1234567890123}])
    name = f"t-{uuid.uuid4()}"
    foreign.create_topic(kafka.bootstrap_servers, name, config={"retention.ms": "1", "segment.ms": "100"})

    def begins_at(offset: int) -> bool:
        return foreign.offsets(kafka.bootstrap_servers, name)[0]["begin"] == offset

    for offset in (1, 2):  # the second time proves that a whole round has passed
        foreign.produce(kafka.bootstrap_servers, [{"topic": name, "value": b"old"}])
        until(lambda offset=offset: begins_at(offset), "the old record is gone", 10)
    assert foreign.offsets(kafka.bootstrap_servers, topic) == [{"partition": 0, "begin": 0, "end": 1}]


def test_compaction_removes_overwritten_records_within_seconds(kafka: Kafka) -> None:
    name = f"t-{uuid.uuid4()}"
    config = {"cleanup.policy": "compact", "segment.ms": "100", "min.cleanable.dirty.ratio": "0.01"}
    foreign.create_topic(kafka.bootstrap_servers, name, config=config)

    def compacted() -> bool:
        # Each further record rolls the segment, so that the older ones may be cleaned.
        foreign.produce(kafka.bootstrap_servers, [{"topic": name, "key": b"k", "value": b"v"}])
        end = foreign.offsets(kafka.bootstrap_servers, name)[0]["end"]
        (first,) = foreign.consume(kafka.bootstrap_servers, name, 1)
        return first["offset"] > 0 and end > 1

    until(compacted, "the first record is compacted away", 15)


def test_the_stub_service_confirms_orders_and_nothing_else(kafka: Kafka) -> None:
    source, target = f"orders-{uuid.uuid4()}", f"confirmations-{uuid.uuid4()}"
    for name in (source, target):
        foreign.create_topic(kafka.bootstrap_servers, name)
    order = {"topic": source, "key": b"k-1", "headers": [("ce_type", b"OrderCreated"), ("ce_testid", b"t-1")]}
    foreign.produce(kafka.bootstrap_servers, [{**order, "value": b'{"orderId": "before"}'}])
    argv = [sys.executable, str(HERE / "stub_service.py"), "--bootstrap", kafka.bootstrap_servers]
    stub = subprocess.Popen([*argv, "--from", source, "--to", target], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert stub.stdin and stub.stdout
    try:
        assert json.loads(stub.stdout.readline()) == {"ready": True}
        other = {**order, "headers": [("ce_type", b"OrderCancelled")]}
        correlated = {**order, "headers": [*order["headers"], ("ce_correlationid", b"c-1"), ("x", b"y")]}
        foreign.produce(kafka.bootstrap_servers, [other, {**correlated, "value": b'{"orderId": "o-1"}'}, order])
        first, second = foreign.consume(kafka.bootstrap_servers, target, 2)
        assert json.loads(first["value"]) == {"orderId": "o-1", "status": "CONFIRMED"}
        assert json.loads(second["value"]) == {"orderId": "k-1", "status": "CONFIRMED"}
        assert first["key"] == b"k-1"
        headers = dict(first["headers"])
        assert uuid.UUID(headers.pop("ce_id").decode())
        copied = {"ce_testid": b"t-1", "ce_correlationid": b"c-1"}
        assert headers == {"ce_type": b"OrderConfirmed", "ce_payloadversion": b"1", **copied}
        stub.stdin.close()
        assert stub.wait(SECONDS) == 0
        assert foreign.offsets(kafka.bootstrap_servers, target)[0]["end"] == 2
    finally:
        stub.kill()
        stub.wait()
        stub.stdout.close()


def test_a_stopped_broker_is_silent_until_it_continues(kafka: Kafka, topic: str) -> None:
    pid = kafka.stop(1)["pid"]
    try:
        assert state(pid) == "T"
        with pytest.raises(KafkaException, match=r"timed out|Timed out|Failed to get metadata"):
            foreign._admin(kafka.bootstrap_servers).list_topics(topic, timeout=0.5)
    finally:
        kafka.cont(1)
    assert foreign.produce(kafka.bootstrap_servers, [{"topic": topic}])[0]["offset"] == 0


def test_a_killed_broker_comes_back_on_its_port_with_its_data(kafka: Kafka, topic: str) -> None:
    foreign.produce(kafka.bootstrap_servers, [{"topic": topic, "value": b"before"}])
    before = kafka.nodes[0]
    assert kafka.kill(1) == {**before, "pid": None}
    assert gone(before["pid"])
    with pytest.raises(KafkaError, match="node `1` does not run"):
        kafka.stop(1)
    after = kafka.restart(1)
    assert after["port"] == before["port"] and after["pid"] != before["pid"]
    (read,) = foreign.consume(kafka.bootstrap_servers, topic, 1)
    assert read["value"] == b"before"
    assert foreign.produce(kafka.bootstrap_servers, [{"topic": topic}])[0]["offset"] == 1


def test_an_unknown_command_or_node_is_refused_and_nothing_breaks(kafka: Kafka) -> None:
    with pytest.raises(KafkaError, match="no node `9`"):
        kafka.kill(9)
    with pytest.raises(KafkaError, match="is not one of"):
        kafka._command("dance", 1)
    assert foreign.offsets(kafka.bootstrap_servers, "__transaction_state")


def test_nothing_stays_when_the_parent_is_killed() -> None:
    script = WORDS_OF_A_PARENT.format(script=str(HERE / "kafka.py"))
    parent = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True)
    assert parent.stdout
    with parent.stdout:
        supervisor = int(parent.stdout.readline().split()[1])
        ready = json.loads(parent.stdout.readline())
        broker, folder = ready["nodes"][0]["pid"], Path(ready["dir"])
        os.kill(broker, signal.SIGSTOP)  # the worst case: it could not hear a SIGTERM
        parent.kill()
        parent.wait()
        until(lambda: gone(broker), "the broker ended")
        until(lambda: gone(supervisor), "kafka.py ended")
    assert not folder.exists()


def test_nothing_stays_when_the_parent_is_killed_during_the_start() -> None:
    script = WORDS_OF_A_PARENT.format(script=str(HERE / "kafka.py"))
    before = set((jars.cache() / "run").glob("*/"))
    parent = subprocess.Popen(
        [sys.executable, "-c", script], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )
    assert parent.stdout
    with parent.stdout:
        supervisor = int(parent.stdout.readline().split()[1])
        children = Path(f"/proc/{supervisor}/task/{supervisor}/children")
        until(lambda: children.read_text() and set((jars.cache() / "run").glob("*/")) - before, "a JVM was started")
        broker = int(children.read_text().split()[0])
        parent.kill()
        parent.wait()
        until(lambda: gone(broker) and gone(supervisor), "both ended")


def test_the_broker_dies_with_kafka_py_and_the_next_start_removes_its_data() -> None:
    up = [sys.executable, str(HERE / "kafka.py"), "up"]
    with subprocess.Popen(up, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as one:
        assert one.stdout
        ready = json.loads(one.stdout.readline())
        one.kill()
        until(lambda: gone(ready["nodes"][0]["pid"]), "the broker ended")
    assert Path(ready["dir"]).exists()
    with Kafka():
        assert not Path(ready["dir"]).exists()


def test_run_hands_over_the_address_and_the_exit_code() -> None:
    words = "import os; print(os.environ['TEST_PROBE_TEST_KAFKA'], flush=True); os._exit(7)"
    argv = [sys.executable, str(HERE / "kafka.py"), "run", "--", sys.executable, "-c", words]
    ended = subprocess.run(argv, capture_output=True, text=True, timeout=SECONDS, check=False)
    assert ended.returncode == 7, ended.stderr
    assert re.fullmatch(r"127\.0\.0\.1:\d+\n", ended.stdout)


def test_a_broker_that_refuses_its_settings_is_an_error_with_its_log() -> None:
    with (
        pytest.raises(KafkaError, match=r"(?s)broker 1 ended with code 1.*num\.io\.threads"),
        Kafka(settings={"num.io.threads": "none"}),
    ):
        pass


def test_a_taken_port_makes_the_start_choose_others(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        choices = [[port, *cluster.free_ports(1)], cluster.free_ports(2)]
        monkeypatch.setattr(cluster, "free_ports", lambda _: choices.pop(0))
        life = Life()
        one = cluster.Cluster(prepare(life), life)
        try:
            one.start()
            assert not choices and one.nodes[0].port != port
        finally:
            one.close()


@pytest.fixture
def copied_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache with the checked jars, without Maven's own copies."""
    found = jars.BROKER.fetch(Life())
    monkeypatch.setenv("TEST_PROBE_CACHE", str(tmp_path))
    jars.BROKER.folder().mkdir()
    for jar in found:
        shutil.copy2(jar, jars.BROKER.folder())
    return jars.BROKER.folder()


def test_a_jar_with_a_wrong_sum_is_refused_and_deleted(copied_cache: Path) -> None:
    bad = next(copied_cache.glob("kafka-clients-*.jar"))
    bad.write_bytes(bad.read_bytes() + b"x")
    with pytest.raises(KafkaError, match=rf"the sha256 of `{re.escape(bad.name)}` .* did not match"), Kafka():
        pass
    assert not bad.exists()
    assert len(list(copied_cache.glob("*.jar"))) == len(jars.BROKER.read_sums()) - 1


def test_without_java_the_start_fails_and_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JAVA_HOME", "/nonexistent")
    with pytest.raises(KafkaError, match=r"/nonexistent/bin/java` \(from JAVA_HOME\) did not run"), Kafka():
        pass
    monkeypatch.delenv("JAVA_HOME")
    monkeypatch.setenv("PATH", "/nonexistent")
    with pytest.raises(KafkaError, match="(?s)no java was found.*JAVA_HOME"), Kafka():
        pass


def test_three_nodes_keep_every_record_when_one_is_killed() -> None:
    with Kafka(nodes=3) as kafka:
        foreign.create_topic(kafka.bootstrap_servers, "r3", partitions=3, replication_factor=3)
        admin = foreign._admin(kafka.bootstrap_servers)

        def in_sync() -> list[int]:
            return [len(one.isrs) for one in admin.list_topics("r3", timeout=10).topics["r3"].partitions.values()]

        def records(word: bytes) -> list[dict[str, object]]:
            return [{"topic": "r3", "value": word, "partition": i % 3} for i in range(30)]

        foreign.produce(kafka.bootstrap_servers, records(b"before"))
        leader = admin.list_topics("r3", timeout=10).topics["r3"].partitions[0].leader
        kafka.kill(leader)
        foreign.produce(kafka.bootstrap_servers, records(b"after"))
        read = foreign.consume(kafka.bootstrap_servers, "r3", 60)
        assert sorted(record["value"] for record in read) == [b"after"] * 30 + [b"before"] * 30
        kafka.restart(leader)
        until(lambda: in_sync() == [3, 3, 3], "all replicas are in sync again")
        kafka.stop(leader)  # teardown must not wait for it
