"""Measures Avro in our engine beside fastavro, confluent-kafka-python and Java's generic reader, in one run.

    make bench FIGURE=formats

Everybody reads and writes the record of `order.json`. They take turns, round by round, so that what else the machine
does hits all of them; shown are medians over the rounds, and of the ratios, which are taken within a round. What is
counted is CPU time, all threads of a process together, where nothing else is said.
"""

from __future__ import annotations

import argparse
import io
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import fastavro
from confluent_kafka import KafkaError, Producer
from confluent_kafka.admin import AdminClient, NewTopic
from confluent_kafka.schema_registry import Schema, SchemaRegistryClient
from confluent_kafka.schema_registry.avro import AvroDeserializer, AvroSerializer
from confluent_kafka.serialization import MessageField, SerializationContext

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
sys.path[:0] = [str(ROOT / "tests/brokers"), str(ROOT / "tests/schemas")]

from probe_brokers.java import find_java  # noqa: E402
from probe_brokers.process import Life  # noqa: E402
from probe_schemas.java import PINNED  # noqa: E402

ORDER: dict[str, Any] = json.loads((HERE / "order.json").read_text(encoding="utf-8"))
SECONDS = 60.0

Call = Callable[[int], float]
"""Calls something so many times; returns nanoseconds of CPU a call."""


class Worker:
    """A program that does what a line says; its CPU is counted from outside, with all of its threads."""

    def __init__(self, *command: str | Path) -> None:
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def ask(self, line: str) -> str:
        assert self._process.stdin and self._process.stdout
        self._process.stdin.write(line + "\n")
        self._process.stdin.flush()
        answer = self._process.stdout.readline()
        assert answer, f"it ended before it answered `{line}`"
        return answer.strip()

    def call(self, task: str) -> Call:
        def call(calls: int) -> float:
            begun = self._cpu_ns()
            self.ask(f"{task} {calls}")
            return (self._cpu_ns() - begun) / calls

        return call

    def _cpu_ns(self) -> int:
        threads = Path(f"/proc/{self._process.pid}/task").glob("*/schedstat")
        return sum(int(thread.read_text().split()[0]) for thread in threads)

    def close(self) -> None:
        assert self._process.stdin and self._process.stdout
        self._process.stdin.close()
        self._process.wait(SECONDS)
        self._process.stdout.close()


def timed(function: Callable[[], Any]) -> Call:
    def call(calls: int) -> float:
        begun = time.process_time_ns()
        for _ in range(calls):
            function()
        return (time.process_time_ns() - begun) / calls

    return call


def in_python(registry: str, payload: bytes) -> dict[str, dict[str, Call]]:
    """Returns what is measured of fastavro, and of Confluent's client, whose id is in its cache."""
    schema = fastavro.parse_schema(ORDER["schema"])
    value = ORDER["value"]

    def decode() -> Any:
        return fastavro.schemaless_reader(io.BytesIO(payload), schema, None)

    def encode() -> bytes:
        out = io.BytesIO()
        fastavro.schemaless_writer(out, schema, value)
        return out.getvalue()

    client = SchemaRegistryClient({"url": registry})
    context = SerializationContext("order", MessageField.VALUE)
    serializer = AvroSerializer(client, json.dumps(ORDER["schema"]))
    deserializer = AvroDeserializer(client)
    framed = serializer(value, context)
    assert framed is not None and framed[5:] == payload == encode() and deserializer(framed, context) == decode()
    return {
        "fastavro": {
            "decode": timed(decode),
            "reject": timed(lambda: decode()["state"] == "SENT"),
            "encode": timed(encode),
        },
        "confluent": {
            "decode": timed(lambda: deserializer(framed, context)),
            "reject": timed(lambda: deserializer(framed, context)["state"] == "SENT"),
            "encode": timed(lambda: serializer(value, context)),
        },
    }


def measured(rounds: int, peers: dict[str, dict[str, Call]]) -> dict[tuple[str, str], list[float]]:
    """Measures every task of every peer in turn, after a round that does not count."""
    found: dict[tuple[str, str], list[float]] = {}
    for number in range(rounds + 1):
        for peer, tasks in peers.items():
            for task, call in tasks.items():
                # Java compiles what it runs often, later than after a round.
                calls = {"java": 200_000, "ours": 100_000}.get(peer, 10_000) * (3 if number == 0 else 1)
                nanos = call(calls)
                if number > 0:
                    found.setdefault((peer, task), []).append(nanos)
    return found


def ratio(one: list[float], other: list[float]) -> float:
    return statistics.median(a / b for a, b in zip(one, other))


def show_codec(found: dict[tuple[str, str], list[float]]) -> None:
    print("one record of 10 fields, ns of CPU")
    for (peer, task), nanos in found.items():
        print(f"  {peer:<10}{task:<8}{statistics.median(nanos):>9.0f}")
    print("ratios (theirs / ours; more is better for us)")
    for task, mine in [("decode", "view"), ("decode", "text"), ("decode", "decode"), ("reject", "reject")] + [
        ("encode", "encode")
    ]:
        ratios = [
            f"{peer} {ratio(found[peer, task], found['ours', mine]):.2f}" for peer in ("fastavro", "confluent", "java")
        ]
        print(f"  their {task:<7}/ our {mine:<7}", ", ".join(ratios))
    full, reject = (
        ratio(found["ours", "decode"], found["java", "decode"]),
        ratio(found["java", "reject"], found["ours", "reject"]),
    )
    text = ratio(found["ours", "text"], found["java", "decode"])
    print(f"full decode / Java's generic reader: to a tree {full:.2f}, to text {text:.2f} (goal 1.2 at most)")
    print(f"reject by one field, faster than Java's generic reader: {reject:.2f} x (goal 2 at least)")


@contextmanager
def embedded(command: Path) -> Iterator[tuple[str, str]]:
    """Starts the embedded Kafka with its registry in a process of their own."""
    words = [str(command), "cluster", "up", "--format", "json", "--until-stdin-closes"]
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin and process.stdout
        said = json.loads(process.stdout.readline())
        yield said["bootstrap_servers"], said["schema_registry_url"]
        process.stdin.close()


def fill(servers: str, topic: str, schema_id: int, test_id: str, events: int) -> str:
    """Produces the events of one test; returns the id in the value of the last."""
    schema = fastavro.parse_schema(ORDER["schema"])
    admin = AdminClient({"bootstrap.servers": servers})
    admin.create_topics([NewTopic(topic, 1, 1)])[topic].result(SECONDS)
    producer = Producer({"bootstrap.servers": servers, "linger.ms": 20, "queue.buffering.max.messages": 2 * events})
    failed: list[KafkaError] = []
    about = {"ce_testid": test_id, "ce_type": "Order", "ce_payloadversion": "1"}

    def report(error: KafkaError | None, _message: object) -> None:
        if error:
            failed.append(error)

    for number in range(events):
        out = io.BytesIO(b"\0" + schema_id.to_bytes(4, "big"))
        out.seek(5)
        fastavro.schemaless_writer(out, schema, {**ORDER["value"], "id": f"order-{number:06}"})
        headers: dict[str, str | bytes | None] = {**about, "ce_id": str(number)}
        producer.produce(topic, out.getvalue(), headers=headers, on_delivery=report)
        producer.poll(0)
    assert producer.flush(SECONDS) == 0 and not failed, failed
    return f"order-{events - 1:06}"


def consume(servers: str, registry: str, package: str, events: int, rounds: int) -> None:
    client = SchemaRegistryClient({"url": registry})
    topic, test_id = f"orders-{uuid.uuid4()}", str(uuid.uuid4())
    schema_id = client.register_schema(f"{topic}-value", Schema(json.dumps(ORDER["schema"]), "AVRO"))
    wanted = fill(servers, topic, schema_id, test_id, events)
    given = {"servers": servers, "registry": registry, "topic": topic, "test_id": test_id, "wanted": wanted}
    found: dict[str, dict[str, list[float]]] = {}
    for number in range(rounds + 1):
        for peer in ("ours", "fastavro", "confluent"):
            document = json.dumps({**given, "with": peer, "schema": ORDER["schema"]})
            told = subprocess.run(
                [sys.executable, HERE / "consume.py", document],
                env={**os.environ, "PYTHONPATH": package},
                stdout=subprocess.PIPE,
                check=True,
                timeout=5 * SECONDS,
            )
            said = json.loads(told.stdout)
            assert said["found"], f"{peer} did not find the event"
            if number > 0:
                for clock in ("cpu", "wall"):
                    found.setdefault(peer, {}).setdefault(clock, []).append(said[clock])
    print(f"consume {events} Avro events and find one by a field of its value, from Python")
    for peer, clocks in found.items():
        rates = (
            f"{events / statistics.median(clocks[clock]):>9.0f} per second of {clock}" for clock in ("cpu", "wall")
        )
        print(f"  {peer:<10}", ",".join(rates))
    for peer in ("fastavro", "confluent"):
        cpu, wall = (ratio(found[peer][clock], found["ours"][clock]) for clock in ("cpu", "wall"))
        print(f"  faster than with {peer}: {cpu:.2f} x by CPU, {wall:.2f} x by wall (goal 5)")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--target", type=Path, default=ROOT / "target/release", help="where cargo built")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--events", type=int, default=50_000)
    parser.add_argument("--package", help="a folder with the package test_probe, in place of what was built")
    parser.add_argument("--only", choices=["codec", "consume"])
    arguments = parser.parse_args()
    target: Path = arguments.target
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        schema, value = folder / "order.avsc", folder / "order.avro"
        schema.write_text(json.dumps(ORDER["schema"]), encoding="utf-8")
        out = io.BytesIO()
        fastavro.schemaless_writer(out, fastavro.parse_schema(ORDER["schema"]), ORDER["value"])
        value.write_bytes(out.getvalue())
        servers, registry = stack.enter_context(embedded(target / "test-probe"))
        if arguments.only != "consume":
            ours = Worker(target / "examples/peer", schema, value)
            stack.callback(ours.close)
            assert json.loads(ours.ask("value 0")) == ORDER["value"]
            jars = os.pathsep.join(str(jar) for jar in PINNED.fetch(Life()))
            java = Worker(find_java()[0], "-cp", jars, HERE / "Peer.java", schema, value)
            stack.callback(java.close)
            peers = {"ours": {task: ours.call(task) for task in ("view", "reject", "decode", "text", "encode")}}
            peers["java"] = {task: java.call(task) for task in ("decode", "reject", "encode")}
            peers.update(in_python(registry, out.getvalue()))
            show_codec(measured(arguments.rounds, peers))
        if arguments.only != "codec":
            package = Path(arguments.package or folder / "package")
        if arguments.only != "codec" and not arguments.package:
            shutil.copytree(ROOT / "python/test_probe", package / "test_probe", ignore=lambda *_: ["__pycache__"])
            shutil.copy(target / "lib_native.so", package / "test_probe/_native.abi3.so")
        if arguments.only != "codec":
            consume(servers, registry, str(package), arguments.events, arguments.rounds)
    return 0


if __name__ == "__main__":
    sys.exit(main())
