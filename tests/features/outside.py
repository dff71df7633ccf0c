#!/usr/bin/env python3
"""What outside parties do in our own features: other clients, a service under test, Kafka tools.

A runner starts one of these for a scenario that needs it and closes its stdin when the scenario ends. Each step of
`steps.json` that is `outside` is one line of JSON, answered by one line, `{"ok": true}` or `{"error": "..."}`:

    {"step": "client_sends", "arguments": [3, "orders"], "docString": null, "table": null,
     "testId": "...", "bootstrapServers": "...", "failure": {"code": "...", "message": "..."}}

`bootstrapServers` are those of the cluster that the scenario's topics are on by default, `testId` is null before the
session is open, and `failure` is the error that a step took last, or null.
"""

from __future__ import annotations

import itertools
import json
import re
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

BROKERS = Path(__file__).resolve().parents[1] / "brokers"
sys.path.insert(0, str(BROKERS))

from confluent_kafka import ConsumerGroupTopicPartitions, KafkaException, Producer, TopicPartition  # noqa: E402

import foreign  # noqa: E402

SECONDS = 20.0
"""How long anything is waited for."""
QUIET = 0.2
"""After this long without a record the engine commits what is left of a batch."""
CLOSE_LOOK = 0.1
"""A watch with a longer gap between two looks may have missed a commit, so what it saw proves nothing."""
ATTEMPTS = 10


class Wrong(Exception):
    """A step failed; its text is for the reader of the report."""


class Outside:
    """The outside parties of one scenario."""

    def __init__(self) -> None:
        self.test_id = ""
        self.servers = ""
        self.failure: dict[str, str] | None = None
        self.sent: dict[str, int] = {}
        self.last_sent: dict[str, tuple[int, int, float]] = {}
        self.services: list[subprocess.Popen[str]] = []
        self.producers: dict[str, Producer] = {}

    def do(self, request: dict[str, Any]) -> None:
        self.test_id = request.get("testId") or ""
        self.servers = request.get("bootstrapServers") or ""
        self.failure = request.get("failure")
        step: Callable[..., None] | None = getattr(self, request["step"], None)
        if step is None or request["step"].startswith("_"):
            raise Wrong(f"nobody outside knows the step `{request['step']}`")
        argument = request.get("docString")
        step(*request.get("arguments", []), *([argument] if argument is not None else []))

    def close(self) -> None:
        for service in self.services:
            if service.stdin:
                service.stdin.close()
        for service in self.services:
            try:
                service.wait(5)
            except subprocess.TimeoutExpired:
                service.kill()

    # --- topics and records

    def topic_does_not_exist(self, topic: str) -> None:
        try:
            foreign.delete_topic(self.servers, topic)
        except KafkaException as error:
            if error.args[0].name() != "UNKNOWN_TOPIC_OR_PART":
                raise

    def client_creates_topic(self, topic: str, partitions: int) -> None:
        foreign.create_topic(self.servers, topic, partitions)

    def client_produces(self, topic: str, lines: str) -> None:
        text = lines.replace("{testId}", self._own_test_id())
        records = [json.loads(line) for line in text.splitlines() if line.strip()]
        foreign.produce(self.servers, [foreign._record_from_json(topic, record) for record in records])

    def client_sends(self, count: int, topic: str) -> None:
        self._send(count, topic)

    def _send(self, count: int, topic: str) -> int:
        """Sends events as one batch, so that a reader gets them at once; returns the offset of the first."""
        first = self.sent.get(topic, 0) + 1
        self.sent[topic] = first + count - 1
        records = [
            {
                "topic": topic,
                "partition": 0,
                "value": json.dumps({"n": n}),
                "headers": [
                    ("ce_testid", self._own_test_id()),
                    ("ce_type", "Sent"),
                    ("ce_correlationid", f"sent-{n}"),
                ],
            }
            for n in range(first, first + count)
        ]
        producer = self._producer()
        begun = time.monotonic()
        places = foreign._produce_with(producer, records)
        self.last_sent[topic] = (places[0]["offset"], count, begun)
        return places[0]["offset"]

    def _producer(self) -> Producer:
        """Returns a client that is connected, so that what it sends is there at once."""
        if self.servers not in self.producers:
            producer = Producer({"bootstrap.servers": self.servers, "acks": "all", "linger.ms": 5})
            producer.list_topics(timeout=SECONDS)
            self.producers[self.servers] = producer
        return self.producers[self.servers]

    def _own_test_id(self) -> str:
        if not self.test_id:
            raise Wrong("the scenario has no session yet; name a topic first")
        return self.test_id

    # --- a system under test

    def service_answers(self, request_type: str, source: str, answer_type: str, target: str) -> None:
        command = [sys.executable, str(BROKERS / "stub_service.py"), "--bootstrap", self.servers]
        command += ["--from", source, "--to", target, "--request", request_type, "--type", answer_type]
        service = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.services.append(service)
        assert service.stdout
        if not service.stdout.readline():
            raise Wrong("the service did not start")

    # --- a Kafka tool that looks at consumer groups

    def tool_sees_batches(self, count: int, topic: str, batches: str) -> None:
        steps = list(itertools.accumulate(int(batch) for batch in batches.split("+")))
        for _ in range(ATTEMPTS):
            watch = Watch(self.servers, self._group(), topic)
            before = watch.look()
            base = self._send(count, topic)
            seen = watch.until(base + count)
            moved = [offset - base for offset in seen if offset != before]
            if moved == steps:
                return
            if watch.widest < CLOSE_LOOK or not set(moved) <= set(steps):
                raise Wrong(f"{count} events were committed as {moved}, not as {steps}")
            _note(f"one commit may have been missed in {watch.widest:.2f} s; once more")
        raise Wrong(f"this machine was too slow to watch commits, {ATTEMPTS} times in a row")

    def tool_sees_no_more(self, count: int, topic: str) -> None:
        base, sent, begun = self.last_sent[topic]
        watch = Watch(self.servers, self._group(), topic)
        in_time = time.monotonic() - begun < QUIET
        least = base + count
        first = watch.until(least)[-1]
        if in_time and first != least:
            raise Wrong(f"{first - base} of {sent} were committed, not {count}")
        if not in_time:
            _note("the session was not closed before a quiet moment; what was left may have been committed before")
        end = time.monotonic() + 5 * QUIET
        while time.monotonic() < end:
            if (now := watch.look()) != first:
                raise Wrong(f"after the session was closed {now} was committed, which was {first} before")
            time.sleep(0.02)

    def group_commits(self, group: str, offset: int, topic: str) -> None:
        admin = foreign._admin(self.servers)
        places = [TopicPartition(topic, 0, offset)]
        (future,) = admin.alter_consumer_group_offsets([ConsumerGroupTopicPartitions(group, places)]).values()
        for place in future.result(SECONDS).topic_partitions:
            if place.error:
                raise KafkaException(place.error)

    def _group(self) -> str:
        return f"test-probe-{self._own_test_id()}"

    # --- explanations

    def explanation_says(self, expected: str) -> None:
        if self.failure is None:
            raise Wrong("no step took a failure")
        said = normalised(self.failure["message"], self.test_id).splitlines()
        wanted = expected.splitlines()
        if said == wanted:
            return
        lines = itertools.zip_longest(wanted, said)
        different = [f"  expected: {want}\n       was: {was}" for want, was in lines if want != was]
        raise Wrong("the explanation was another one:\n" + "\n".join(different))


class Watch:
    """The committed offset of partition 0, looked at as often as can be."""

    def __init__(self, servers: str, group: str, topic: str) -> None:
        self.admin = foreign._admin(servers)
        self.group, self.topic = group, topic
        self.widest = 0.0
        self._looked: float | None = None

    def look(self) -> int | None:
        found = foreign.committed_by(self.admin, self.group)
        now = time.monotonic()
        if self._looked is not None:
            self.widest = max(self.widest, now - self._looked)
        self._looked = now
        offsets = [one["offset"] for one in found if one["topic"] == self.topic and one["partition"] == 0]
        return offsets[0] if offsets and offsets[0] >= 0 else None

    def until(self, offset: int) -> list[int]:
        """Returns the offsets that were seen up to this one, each once; without it when it does not come."""
        seen: list[int] = []
        self.widest, self._looked = 0.0, None
        end = time.monotonic() + SECONDS
        while time.monotonic() < end:
            now = self.look()
            if now is not None and now not in seen[-1:]:
                seen.append(now)
            if now is not None and now >= offset:
                return seen
        raise Wrong(f"the group committed {seen} on `{self.topic}`, and {offset} did not come")


NORMALISED = (
    (r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z", "<time>"),
    (r"\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b", "<id>"),
    (r"(?<=topic id )[\w-]{22}(?!\w)", "<id>"),
    (r"\d+(\.\d+)? m?s (?=(before|after) the deadline)", "<time> "),
)


def normalised(text: str, test_id: str) -> str:
    """Replaces the times and ids that differ from run to run."""
    if test_id:
        text = text.replace(test_id, "<test id>")
    for pattern, name in NORMALISED:
        text = re.sub(pattern, name, text)
    return text


def _note(text: str) -> None:
    print(f"outside.py: {text}", file=sys.stderr, flush=True)


def main() -> int:
    outside = Outside()
    try:
        for line in sys.stdin:
            answer: dict[str, Any] = {"ok": True}
            try:
                outside.do(json.loads(line))
            except Wrong as wrong:
                answer = {"error": str(wrong)}
            except KafkaException as exception:
                answer = {"error": f"Kafka answered: {exception.args[0].str()}"}
            except Exception as mistake:  # whoever waits for the answer needs one
                answer = {"error": f"the step was wrong: {mistake!r}"}
            print(json.dumps(answer), flush=True)
    finally:
        outside.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
