"""One to three real brokers (KRaft, combined mode) and what may be done to them."""

from __future__ import annotations

import base64
import fcntl
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import Callable, TextIO

from . import jars, wire
from .java import Tools
from .process import Deadline, Failure, Life, kill, locked, spawn, tail

START_SECONDS = 60.0
SIGNAL_SECONDS = 10.0
PORT_CLASH = ("BindException", "Address already in use")


class PortClash(Exception):
    """Somebody took a free port between our look and the broker's bind."""


@dataclass
class Node:
    id: int
    port: int
    controller_port: int
    folder: Path
    process: subprocess.Popen[bytes] | None = None
    log_start: int = 0

    @property
    def log(self) -> Path:
        return self.folder / "broker.log"

    @property
    def settings(self) -> Path:
        return self.folder / "server.properties"

    def alive(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def launch(self, tools: Tools) -> None:
        self.log_start = self.log.stat().st_size if self.log.exists() else 0
        self.process = spawn(tools.command("kafka.Kafka", str(self.settings)), self.log)

    def end(self) -> None:
        if self.process is not None:
            kill(self.process)

    def lost_its_port(self) -> bool:
        with self.log.open("rb") as log:
            log.seek(self.log_start)
            text = log.read().decode("utf-8", "replace")
        return any(word in text for word in PORT_CLASH)

    def describe(self) -> dict[str, int | None]:
        return {"id": self.id, "pid": self.process.pid if self.alive() and self.process else None, "port": self.port}


class Cluster:
    """Brokers with a data folder of their own; `close` leaves neither behind."""

    def __init__(
        self,
        tools: Tools,
        life: Life,
        nodes: int = 1,
        name: str = "kafka",
        settings: dict[str, str] | None = None,
    ) -> None:
        self._tools, self._life, self._count, self._name = tools, life, nodes, name
        self._settings = settings or {}
        self._owner: TextIO | None = None
        self.cluster_id = ""
        self.folder: Path | None = None
        self.nodes: list[Node] = []

    @property
    def bootstrap_servers(self) -> str:
        return ",".join(f"127.0.0.1:{node.port}" for node in self.nodes)

    def describe(self) -> dict[str, object]:
        return {
            "bootstrap_servers": self.bootstrap_servers,
            "nodes": [node.describe() for node in self.nodes],
            "dir": str(self.folder),
            "cluster_id": self.cluster_id,
        }

    def start(self, deadline: Deadline | None = None) -> None:
        """Returns when every node serves and knows all the others."""
        deadline = deadline or Deadline(START_SECONDS)
        self._make_folder(deadline)
        while True:
            self._lay_out()
            try:
                self._launch_until_serving(self.nodes, {node.id for node in self.nodes}, deadline)
                return
            except PortClash:
                self._end_nodes()

    def close(self) -> None:
        self._end_nodes()
        if self.folder is not None:
            shutil.rmtree(self.folder, ignore_errors=True)
        if self._owner is not None:
            self._owner.close()

    def stop(self, node_id: int) -> Node:
        """Freezes a node: its connections stay open and nothing answers."""
        return self._signal(node_id, signal.SIGSTOP, os.WSTOPPED)

    def cont(self, node_id: int) -> Node:
        return self._signal(node_id, signal.SIGCONT, os.WCONTINUED)

    def kill(self, node_id: int) -> Node:
        node = self._node(node_id)
        node.end()
        return node

    def restart(self, node_id: int) -> Node:
        """Starts a node again on its port and data; returns when it serves."""
        node = self._node(node_id)
        node.end()
        deadline = Deadline(START_SECONDS)
        while True:
            try:
                self._launch_until_serving([node], {node.id}, deadline)
                return node
            except PortClash:  # clients know this port, so wait for it
                self._life.pause(0.2)

    def unexpectedly_dead(self) -> list[Node]:
        """Returns the nodes that ended though nobody here ended them, each once."""
        return [node for node in self.nodes if node.process and node.process.returncode is None and not node.alive()]

    def _node(self, node_id: int) -> Node:
        for node in self.nodes:
            if node.id == node_id:
                return node
        raise Failure(f"there is no node `{node_id}`, only 1 to {len(self.nodes)}")

    def _signal(self, node_id: int, number: signal.Signals, proof: int) -> Node:
        node = self._node(node_id)
        if node.process is None or not node.alive():
            raise Failure(f"node `{node_id}` does not run")
        pid = node.process.pid
        os.killpg(pid, number)
        options = proof | os.WNOHANG | os.WNOWAIT
        self._life.wait_until(lambda: os.waitid(os.P_PID, pid, options) is not None, Deadline(SIGNAL_SECONDS))
        return node

    def _make_folder(self, deadline: Deadline) -> None:
        """Makes the data folder; also removes those whose owner died by SIGKILL."""
        parent = jars.cache() / "run"
        parent.mkdir(exist_ok=True)
        with locked(parent / "sweep.lock", self._life, deadline):
            _sweep(parent)
            self.folder = Path(tempfile.mkdtemp(prefix=f"{self._name}-", dir=parent))
            self._owner = (self.folder / "owner.lock").open("w")
            fcntl.flock(self._owner, fcntl.LOCK_EX)

    def _lay_out(self) -> None:
        assert self.folder is not None
        ports = free_ports(2 * self._count)
        self.cluster_id = short_uuid()
        self.nodes = [
            Node(i + 1, ports[2 * i], ports[2 * i + 1], self.folder / f"node{i + 1}") for i in range(self._count)
        ]
        for node in self.nodes:
            shutil.rmtree(node.folder, ignore_errors=True)
            data = node.folder / "data"
            data.mkdir(parents=True)
            node.settings.write_text("".join(f"{k}={v}\n" for k, v in self._properties(node, data).items()))
            shutil.copy(self._tools.bootstrap, data)
            (data / "meta.properties").write_text(
                f"version=1\ncluster.id={self.cluster_id}\nnode.id={node.id}\ndirectory.id={short_uuid()}\n"
            )

    def _properties(self, node: Node, data: Path) -> dict[str, str]:
        copies = str(self._count)
        quorum = ",".join(f"{n.id}@127.0.0.1:{n.controller_port}" for n in self.nodes)
        enough = "2" if self._count == 3 else "1"
        properties = {
            "process.roles": "broker,controller",
            "node.id": str(node.id),
            "controller.quorum.voters": quorum,
            "listeners": f"PLAINTEXT://127.0.0.1:{node.port},CONTROLLER://127.0.0.1:{node.controller_port}",
            "advertised.listeners": f"PLAINTEXT://127.0.0.1:{node.port}",
            "listener.security.protocol.map": "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT",
            "controller.listener.names": "CONTROLLER",
            "inter.broker.listener.name": "PLAINTEXT",
            "log.dirs": str(data),
            "auto.create.topics.enable": "false",
            "delete.topic.enable": "true",
            "num.partitions": "1",
            "default.replication.factor": copies,
            "min.insync.replicas": enough,
            "group.initial.rebalance.delay.ms": "0",
            # Fail-over in seconds; the default session is 9 s.
            "broker.heartbeat.interval.ms": "500",
            "broker.session.timeout.ms": "3000",
            # Retention, compaction and abandoned transactions within a test's patience.
            "log.initial.task.delay.ms": "500",
            "log.retention.check.interval.ms": "500",
            "log.cleaner.backoff.ms": "200",
            "transaction.abort.timed.out.transaction.cleanup.interval.ms": "500",
            # What a small heap and a short life need.
            "log.cleaner.dedupe.buffer.size": str(2 << 20),
            "log.segment.bytes": str(16 << 20),
            "num.io.threads": "4",
            "num.network.threads": "2",
        }
        for topic in ("offsets.topic", "transaction.state.log", "share.coordinator.state.topic"):
            properties[f"{topic}.num.partitions"] = "1"
            properties[f"{topic}.replication.factor"] = copies
        for topic in ("transaction.state.log", "share.coordinator.state.topic"):
            properties[f"{topic}.min.isr"] = enough
        return {**properties, **self._settings}

    def _launch_until_serving(self, nodes: list[Node], known: set[int], deadline: Deadline) -> None:
        for node in nodes:
            node.launch(self._tools)
        for node in nodes:
            if not self._life.wait_until(self._serving(node, known), deadline):
                raise Failure(f"broker {node.id} did not serve within {deadline.seconds:.0f} s\n{tail(node.log)}")

    def _serving(self, node: Node, known: set[int]) -> Callable[[], bool]:
        def serving() -> bool:
            if not node.alive():
                if node.lost_its_port():
                    raise PortClash
                code = node.process.returncode if node.process else None
                raise Failure(f"broker {node.id} ended with code {code}\n{tail(node.log)}")
            try:
                answer = wire.metadata(node.port)
            except (OSError, wire.NotServing):
                return False
            # The cluster id tells our broker from a stranger that took the port.
            return answer.cluster_id == self.cluster_id and known <= answer.broker_ids

        return serving

    def _end_nodes(self) -> None:
        for node in self.nodes:
            node.end()


def _sweep(parent: Path) -> None:
    for lock in parent.glob("*/owner.lock"):
        with lock.open() as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                continue
            shutil.rmtree(lock.parent, ignore_errors=True)


def free_ports(count: int) -> list[int]:
    """Returns different ports that were free a moment ago."""
    sockets = [socket.socket() for _ in range(count)]
    try:
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        return [one.getsockname()[1] for one in sockets]
    finally:
        for one in sockets:
            one.close()


def short_uuid() -> str:
    """Returns a UUID in Kafka's spelling, which must not begin with a dash."""
    while True:
        text = base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")
        if not text.startswith("-"):
            return text
