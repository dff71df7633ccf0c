"""Measures the embedded cluster beside real Kafka and librdkafka's mock, in one run, with one client.

    python3 tests/brokers/kafka.py run -- \\
        python bench/embedded/compare.py --binary target/release/test-probe --mock --rounds 3

The binary is the command, or the crate's example `serve`. Real Kafka is the one that tests/brokers/kafka.py
started, or `--kafka HOST:PORT`. The servers take turns, round by
round, so that what else the machine does hits all of them; the table shows medians. The client is
confluent-kafka for all three; what is measured with it is a floor for the server. What can only be seen from
inside its process: cargo run --release -p test-probe-embedded --example figures
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field

from confluent_kafka import Consumer, KafkaError, KafkaException, Producer, TopicPartition
from confluent_kafka.admin import AdminClient, NewTopic

RECORDS = 200_000
RECORD_BYTES = 200
LATENCIES = 1_000
WAKE_UPS = 20
DEADLINE_S = 30.0
COMMAND = ["cluster", "up", "--format", "json", "--until-stdin-closes"]

Settings = dict[str, str | int | float | bool]


@dataclass
class Server:
    """A server under measurement."""

    name: str
    settings: Settings
    pid: int | None = None
    start_ms: float | None = None
    stop_ms: float | None = None
    can_create: bool = True
    figures: dict[str, list[float]] = field(default_factory=dict)

    def note(self, name: str, value: float) -> None:
        self.figures.setdefault(name, []).append(value)


@contextmanager
def embedded(binary: str) -> Iterator[Server]:
    """Starts the command and waits for the line that says where it listens."""
    begin = time.perf_counter()
    process = subprocess.Popen(
        [binary] if binary.endswith("serve") else [binary, *COMMAND],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert process.stdin is not None and process.stdout is not None
    line = json.loads(process.stdout.readline())
    server = Server("embedded", {"bootstrap.servers": line["bootstrap_servers"]}, process.pid)
    server.start_ms = 1000 * (time.perf_counter() - begin)
    try:
        yield server
    finally:
        begin = time.perf_counter()
        process.stdin.close()
        process.wait(timeout=10)
        server.stop_ms = 1000 * (time.perf_counter() - begin)


@contextmanager
def mock() -> Iterator[Server]:
    """Starts librdkafka's mock in a client of its own, to which the others connect."""
    owner = Producer({"test.mock.num.brokers": 1})
    broker = next(iter(owner.list_topics(timeout=10).brokers.values()))
    yield Server("mock", {"bootstrap.servers": f"{broker.host}:{broker.port}"}, can_create=False)
    owner.flush(0)


def create(server: Server, topic: str) -> None:
    if server.can_create:
        admin = AdminClient(server.settings)
        admin.create_topics([NewTopic(topic, 1, 1)])[topic].result(30)


def until(what: str, done: Callable[[], bool]) -> None:
    deadline = time.monotonic() + DEADLINE_S
    while not done():
        if time.monotonic() > deadline:
            raise TimeoutError(f"waited {DEADLINE_S} s for {what}")


def produced(producer: Producer, topic: str, value: bytes, count: int) -> float:
    """Produces and waits for every acknowledgement; returns the seconds."""
    acknowledged = failed = 0

    def report(error: KafkaError | None, _message: object) -> None:
        nonlocal acknowledged, failed
        acknowledged += 1
        failed += error is not None

    begin = time.perf_counter()
    for _ in range(count):
        while True:
            try:
                producer.produce(topic, value, partition=0, on_delivery=report)
                break
            except BufferError:
                producer.poll(0.1)
        producer.poll(0)
    until("acknowledgements", lambda: producer.flush(1) == 0)
    took = time.perf_counter() - begin
    if failed or acknowledged != count:
        raise RuntimeError(f"{failed} of {acknowledged} records failed, {count} were sent")
    return took


def reader(server: Server, topic: str, offset: int, **more: str | int | bool) -> Consumer:
    consumer = Consumer({**server.settings, "group.id": uuid.uuid4().hex, "enable.auto.commit": False, **more})
    consumer.assign([TopicPartition(topic, 0, offset)])
    return consumer


def throughput(server: Server) -> None:
    topic = f"throughput-{uuid.uuid4().hex}"
    create(server, topic)
    producer = Producer({**server.settings, "linger.ms": 5, "acks": "all", "queue.buffering.max.messages": 1_000_000})
    with cpu_noted(server, "produce, server CPU, us/record"):
        took = produced(producer, topic, b"x" * RECORD_BYTES, RECORDS)
    server.note("produce, k records/s", RECORDS / took / 1000)
    # Without these the client rests for a second whenever it has 100,000 records, and that is what is measured.
    consumer = reader(server, topic, 0, **{"queued.min.messages": 10_000_000, "fetch.queue.backoff.ms": 0})
    seen = 0

    def all_seen() -> bool:
        nonlocal seen
        seen += len(consumer.consume(10_000, 0.5))
        return seen >= RECORDS

    begin = time.perf_counter()
    with cpu_noted(server, "consume, server CPU, us/record"):
        until(f"{RECORDS} records", all_seen)
    server.note("consume, k records/s", RECORDS / (time.perf_counter() - begin) / 1000)
    consumer.close()


def latency(server: Server) -> None:
    """From the call to produce to the return of poll, one record at a time."""
    topic = f"latency-{uuid.uuid4().hex}"
    create(server, topic)
    producer = Producer({**server.settings, "linger.ms": 0, "acks": "all"})
    produced(producer, topic, b"warm", 100)
    consumer = reader(server, topic, 0, **{"fetch.wait.max.ms": 500})
    seen = 0

    def warm() -> bool:
        nonlocal seen
        seen += len(consumer.consume(100, 0.5))
        return seen >= 100

    until("the first records", warm)
    taken = []
    for _ in range(LATENCIES):
        begin = time.perf_counter()
        producer.produce(topic, b"x" * RECORD_BYTES, partition=0)
        # The producer sends from a thread of its own.
        message = consumer.poll(5)
        if message is None or message.error():
            raise RuntimeError(f"no record came: {message and message.error()}")
        taken.append(1000 * (time.perf_counter() - begin))
        producer.poll(0)
    taken.sort()
    server.note("produce to consume p50, ms", taken[len(taken) // 2])
    server.note("produce to consume p99, ms", taken[len(taken) * 99 // 100])
    idle(consumer, producer, topic, server)
    consumer.close()


def idle(consumer: Consumer, producer: Producer, topic: str, server: Server) -> None:
    """A fetch that has waited for a while is woken by a record."""
    taken = []
    for number in range(WAKE_UPS):
        # Not in step with the fetches, which wait for 500 ms each.
        rest = consumer.poll(0.05 + 0.013 * number)
        if rest is not None:
            raise RuntimeError("a record came that nobody sent")
        begin = time.perf_counter()
        producer.produce(topic, b"x", partition=0)
        if consumer.poll(5) is None:
            raise RuntimeError("no record came")
        taken.append(1000 * (time.perf_counter() - begin))
        producer.poll(0)
    server.note("wake-up of an idle fetch p50, ms", statistics.median(taken))


def first_event(server: Server) -> None:
    """From the making of two clients to a consumed record, in a topic that is there."""
    topic = f"first-{uuid.uuid4().hex}"
    create(server, topic)
    begin = time.perf_counter()
    consumer = reader(server, topic, 0)
    producer = Producer({**server.settings, "linger.ms": 0})
    producer.produce(topic, b"x", partition=0)
    until("the first record", lambda: (message := consumer.poll(0.05)) is not None and not message.error())
    server.note("first record from a cold client, ms", 1000 * (time.perf_counter() - begin))
    consumer.close()


def cpu_s(pid: int) -> float:
    with open(f"/proc/{pid}/stat", encoding="ascii") as stat:
        fields = stat.read().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


@contextmanager
def cpu_noted(server: Server, name: str) -> Iterator[None]:
    """Notes what the server takes for each record meanwhile: that depends little on what else the machine does."""
    before = None if server.pid is None else cpu_s(server.pid)
    yield
    if server.pid is not None and before is not None:
        server.note(name, 1_000_000 * (cpu_s(server.pid) - before) / RECORDS)


def resident_mib(pid: int) -> float:
    with open(f"/proc/{pid}/status", encoding="ascii") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmRSS")) / 1024


def idle_cpu(server: Server, seconds: float = 5.0) -> None:
    """What the server takes while nothing happens, and one consumer waits."""
    if server.pid is None:
        return
    topic = f"idle-{uuid.uuid4().hex}"
    create(server, topic)
    alone = cpu_s(server.pid)
    time.sleep(seconds)
    server.note("idle CPU, % of a core", 100 * (cpu_s(server.pid) - alone) / seconds)
    consumer = reader(server, topic, 0)
    consumer.poll(1)
    before = cpu_s(server.pid)
    consumer.poll(seconds)
    server.note("CPU with an idle consumer, % of a core", 100 * (cpu_s(server.pid) - before) / seconds)
    consumer.close()


def measure(server: Server, names: list[str]) -> None:
    jobs: dict[str, Callable[[Server], None]] = {
        "first": first_event,
        "throughput": throughput,
        "latency": latency,
        "idle": idle_cpu,
    }
    for name in names:
        try:
            jobs[name](server)
        except (RuntimeError, TimeoutError, KafkaException) as error:
            print(f"{server.name}: {name}: {error}", file=sys.stderr)


def table(servers: list[Server]) -> None:
    names = list(dict.fromkeys(name for server in servers for name in server.figures))
    width = max(map(len, names))
    print(" " * width, *(f"{server.name:>10}" for server in servers))
    for name in names:
        cells = [server.figures.get(name) for server in servers]
        shown = (f"{statistics.median(cell):10.3f}" if cell else f"{'-':>10}" for cell in cells)
        print(f"{name:<{width}}", *shown)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--binary", required=True)
    parser.add_argument("--kafka", default=os.environ.get("TEST_PROBE_TEST_KAFKA"), help="where real Kafka listens")
    parser.add_argument("--kafka-pid", type=int, help="to measure its memory and CPU")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--only", nargs="+", default=["first", "throughput", "latency", "idle"])
    parser.add_argument("--mock", action="store_true", help="also librdkafka's mock, inside one client")
    arguments = parser.parse_args()
    with embedded(arguments.binary) as ours, ExitStack() as others:
        servers = [ours]
        if arguments.kafka:
            servers.append(Server("kafka", {"bootstrap.servers": arguments.kafka}, arguments.kafka_pid))
        if arguments.mock:
            servers.append(others.enter_context(mock()))
        for server in servers:
            if server.pid is not None:
                server.note("memory at the start, MiB", resident_mib(server.pid))
        for number in range(arguments.rounds):
            for server in servers:
                # The mock loses records, which takes a deadline each time to find out.
                if server.name != "mock" or number == 0:
                    measure(server, arguments.only)
        for server in servers:
            if server.pid is not None:
                server.note("memory at the end, MiB", resident_mib(server.pid))
    if ours.start_ms is not None and ours.stop_ms is not None:
        ours.note("process start to listening, ms", ours.start_ms)
        ours.note("stop, ms", ours.stop_ms)
    table(servers)
    return 0


if __name__ == "__main__":
    sys.exit(main())
