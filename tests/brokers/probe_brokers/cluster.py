"""One to three real brokers (KRaft, combined mode) and what may be done to them."""

from __future__ import annotations

import base64
import re
import shutil
import subprocess
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from . import wire
from .java import Tools
from .place import Place, PortClash, free_ports, give_up_after, lost_its_port
from .process import Deadline, Failure, Life, freeze, kill, spawn, tail, thaw

START_SECONDS = 60.0
ENVIRONMENT = "TEST_PROBE_TEST_KAFKA"


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
        self._place: Place | None = None
        self.cluster_id = ""
        self.nodes: list[Node] = []

    @property
    def bootstrap_servers(self) -> str:
        return ",".join(f"127.0.0.1:{node.port}" for node in self.nodes)

    def describe(self) -> dict[str, object]:
        return {
            "bootstrap_servers": self.bootstrap_servers,
            "nodes": [node.describe() for node in self.nodes],
            "dir": str(self._place.folder if self._place else None),
            "cluster_id": self.cluster_id,
        }

    def environment(self) -> dict[str, str]:
        """Returns the variables by which a command finds the cluster."""
        return {ENVIRONMENT: self.bootstrap_servers}

    def start(self, deadline: Deadline | None = None) -> None:
        """Returns when every node serves and knows all the others."""
        deadline = deadline or Deadline(START_SECONDS)
        self._place = Place(self._name, self._life, deadline)
        while True:
            self._lay_out()
            try:
                self._launch_until_serving(self.nodes, {node.id for node in self.nodes}, deadline)
                return
            except PortClash as clash:
                self._end_nodes()
                give_up_after(deadline, clash)

    def close(self) -> None:
        self._end_nodes()
        if self._place is not None:
            self._place.close()

    def obey(self, command: str) -> dict[str, object]:
        """Does what a line of `kafka.py up` asks for; returns what its answer holds."""
        verbs = {"stop": self.stop, "cont": self.cont, "kill": self.kill, "restart": self.restart}
        match = re.fullmatch(r"(\w+) (\d+)", command)
        if match is None or match[1] not in verbs:
            raise Failure(f"`{command}` is not one of stop N, cont N, kill N, restart N")
        return {"node": verbs[match[1]](int(match[2])).describe()}

    def complaints(self) -> list[str]:
        """Returns what happened to nodes though nobody here did it, each once."""
        return [f"broker {node.id} ended by itself\n{tail(node.log)}" for node in self.unexpectedly_dead()]

    def stop(self, node_id: int) -> Node:
        """Freezes a node: its connections stay open and nothing answers."""
        node, process = self._running(node_id)
        freeze(process, f"node `{node_id}`", self._life)
        return node

    def cont(self, node_id: int) -> Node:
        node, process = self._running(node_id)
        thaw(process)
        return node

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
            except PortClash as clash:  # clients know this port, so wait for it
                give_up_after(deadline, clash)
                self._life.pause(0.2)

    def unexpectedly_dead(self) -> list[Node]:
        """Returns the nodes that ended though nobody here ended them, each once."""
        return [node for node in self.nodes if node.process and node.process.returncode is None and not node.alive()]

    def _node(self, node_id: int) -> Node:
        for node in self.nodes:
            if node.id == node_id:
                return node
        raise Failure(f"there is no node `{node_id}`, only 1 to {len(self.nodes)}")

    def _running(self, node_id: int) -> tuple[Node, subprocess.Popen[bytes]]:
        node = self._node(node_id)
        if node.process is None or not node.alive():
            raise Failure(f"node `{node_id}` does not run")
        return node, node.process

    def _lay_out(self) -> None:
        assert self._place is not None
        ports = free_ports(2 * self._count)
        self.cluster_id = short_uuid()
        self.nodes = [
            Node(i + 1, ports[2 * i], ports[2 * i + 1], self._place.folder / f"node{i + 1}") for i in range(self._count)
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
            # Looking that often would eat every record that a test dates into the past.
            "log.retention.ms": "-1",
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
                if lost_its_port(node.log, node.log_start):
                    raise PortClash(f"broker {node.id} found a port taken\n{tail(node.log)}")
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


def short_uuid() -> str:
    """Returns a UUID in Kafka's spelling, which must not begin with a dash."""
    while True:
        text = base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")
        if not text.startswith("-"):
            return text
