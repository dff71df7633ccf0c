#!/usr/bin/env python3
"""The conformance checks through kcat: one JSON line per check on stdout, anything else on stderr.

kcat comes from the system (`apt install kcat`). An argument chooses the checks whose name contains it.
"""

from __future__ import annotations

import concurrent.futures
import json
import os
import re
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Callable

BOOTSTRAP = os.environ.get("PROBE_BOOTSTRAP", "")
DEADLINE = 15.0
CALL = 12.0
AT_ONCE = 4

CHECKS: dict[str, Callable[[], None]] = {}
printing = threading.Lock()


class Failed(Exception):
    """What was expected did not come."""


def check(name: str) -> Callable[[Callable[[], None]], Callable[[], None]]:
    """Adds a check; it passes when the function returns."""

    def add(body: Callable[[], None]) -> Callable[[], None]:
        assert name not in CHECKS, name
        CHECKS[name] = body
        return body

    return add


def equal(got: object, expected: object) -> None:
    if got != expected:
        raise Failed(f"expected `{expected!r}`, but got `{got!r}`")


def topic() -> str:
    """Returns a name of its own; producing to it makes it."""
    return f"kcat-{uuid.uuid4()}"


def run(*arguments: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
    command = ["kcat", "-b", BOOTSTRAP, *arguments]
    return subprocess.run(command, input=stdin, capture_output=True, text=True, timeout=CALL, check=False)


def kcat(*arguments: str, stdin: str = "") -> str:
    """Runs kcat to its end and returns what it printed."""
    done = run(*arguments, stdin=stdin)
    if done.returncode != 0:
        raise Failed(f"`kcat {' '.join(arguments)}` ended with {done.returncode}: {done.stderr.strip()[-400:]}")
    return done.stdout


def produce(name: str, text: str, *arguments: str) -> None:
    kcat("-P", "-t", name, *arguments, stdin=text)


def consume(name: str, *arguments: str, form: str = "%o:%k:%s\n") -> list[str]:
    """Reads a topic to its end, from the start when nothing else is asked for."""
    place = () if "-o" in arguments else ("-o", "beginning")
    return kcat("-C", "-t", name, "-e", "-f", form, *place, *arguments).splitlines()


@check("produce/values_come_back_in_their_order")
def values() -> None:
    name = topic()
    produce(name, "a\nb\nc\n")
    equal(consume(name), ["0::a", "1::b", "2::c"])


@check("produce/keys_come_back_as_sent")
def keys() -> None:
    name = topic()
    produce(name, "k1:v1\nk2:v2\n", "-K", ":")
    equal(consume(name), ["0:k1:v1", "1:k2:v2"])


@check("produce/headers_come_back_as_sent")
def headers() -> None:
    name = topic()
    produce(name, "v\n", "-H", "first=one", "-H", "second=two", "-H", "first=three")
    equal(consume(name, form="%h\n"), ["first=one,second=two,first=three"])


@check("produce/empty_and_null_values_differ")
def tombstones() -> None:
    name = topic()
    produce(name, "k:\n", "-K", ":", "-Z")
    produce(name, "k:v\n", "-K", ":")
    equal(consume(name, form="%o:%K:%S\n"), ["0:1:-1", "1:1:1"])


@check("produce/every_codec_comes_back_as_sent")
def codecs() -> None:
    for codec in ("gzip", "snappy", "lz4", "zstd"):
        name = topic()
        lines = [f"{number} {'text ' * 40}" for number in range(200)]
        produce(name, "\n".join(lines) + "\n", "-z", codec)
        equal(consume(name, form="%s\n"), lines)


@check("produce/a_partition_may_be_chosen_only_where_it_is")
def partition() -> None:
    name = topic()
    produce(name, "v\n", "-p", "0")
    refused = run("-P", "-t", name, "-p", "7", "-X", "topic.metadata.propagation.max.ms=300", stdin="v\n")
    if "Unknown partition" not in refused.stderr:
        raise Failed(f"expected an unknown partition, but got: {refused.stderr!r}")
    equal(consume(name), ["0::v"])


@check("produce/an_idempotent_producer_writes_each_record_once")
def idempotent() -> None:
    name = topic()
    lines = [str(number) for number in range(500)]
    produce(name, "\n".join(lines) + "\n", "-X", "enable.idempotence=true")
    equal(consume(name, form="%s\n"), lines)


@check("produce/transactions_are_committed")
def transactional() -> None:
    name = topic()
    produce(name, "a\nb\n", "-X", f"transactional.id=kcat-{uuid.uuid4()}")
    equal(consume(name, "-X", "isolation.level=read_committed"), ["0::a", "1::b"])


@check("fetch/offsets_choose_where_to_begin_and_end")
def begin_and_end() -> None:
    name = topic()
    produce(name, "a\nb\nc\nd\n")
    equal(consume(name, "-o", "2"), ["2::c", "3::d"])
    equal(consume(name, "-o", "-1"), ["3::d"])
    equal(consume(name, "-o", "1", "-c", "2"), ["1::b", "2::c"])


@check("fetch/a_record_tells_all_of_its_place")
def place() -> None:
    name = topic()
    before = int(time.time() * 1000)
    produce(name, "k:v\n", "-K", ":")
    [line] = consume(name, form="%t %p %o %T %K %S\n")
    where, part, offset, stamp, key, value = line.split()
    equal([where, part, offset, key, value], [name, "0", "0", "1", "1"])
    if not before <= int(stamp) <= int(time.time() * 1000):
        raise Failed(f"the timestamp was {stamp}")


@check("fetch/json_output_is_whole")
def as_json() -> None:
    name = topic()
    produce(name, "k:v\n", "-K", ":", "-H", "h=1")
    [line] = kcat("-C", "-t", name, "-e", "-J", "-o", "beginning").splitlines()
    told = json.loads(line)
    got = {key: told.get(key) for key in ("topic", "partition", "offset", "tstype", "headers", "key", "payload")}
    expected = {"partition": 0, "offset": 0, "tstype": "create", "headers": ["h", "1"], "key": "k", "payload": "v"}
    equal(got, {"topic": name, **expected})


@check("offsets/a_time_is_looked_up")
def query() -> None:
    name = topic()
    produce(name, "a\n")
    first = int(consume(name, form="%T\n")[0])
    produce(name, "b\n")
    # Between the calls of kcat, at least a few milliseconds pass.
    for at, offset in ((1, 0), (first, 0), (first + 1, 1), (-1, 2), (-2, 0)):
        equal(kcat("-Q", "-t", f"{name}:0:{at}").split(), [name, "[0]", "offset", str(offset)])


@check("groups/a_group_goes_on_where_it_stopped")
def group() -> None:
    name, of = topic(), f"kcat-group-{uuid.uuid4()}"
    produce(name, "a\nb\n")
    first = ("-G", of, "-e", "-f", "%o:%s\n", "-X", "auto.offset.reset=earliest", name)
    equal(kcat(*first).splitlines(), ["0:a", "1:b"])
    produce(name, "c\n")
    equal(kcat(*first).splitlines(), ["2:c"])


@check("groups/the_cooperative_protocol_is_spoken")
def cooperative() -> None:
    name, of = topic(), f"kcat-group-{uuid.uuid4()}"
    produce(name, "a\nb\n")
    settings = ("-X", "auto.offset.reset=earliest", "-X", "partition.assignment.strategy=cooperative-sticky")
    equal(kcat("-G", of, "-e", "-f", "%o:%s\n", *settings, name).splitlines(), ["0:a", "1:b"])


@check("connect/metadata_names_nodes_and_partitions")
def metadata() -> None:
    name = topic()
    produce(name, "a\n")
    told = json.loads(kcat("-L", "-J", "-t", name))
    addresses = [node["name"] for node in told["brokers"]]
    for address in BOOTSTRAP.split(","):
        if address not in addresses:
            raise Failed(f"`{address}` was not among {addresses}")
    nodes = [node["id"] for node in told["brokers"]]
    [found] = told["topics"]
    [part] = found["partitions"]
    equal([found["topic"], part["partition"]], [name, 0])
    if part["leader"] not in nodes or part["replicas"] != [{"id": part["leader"]}] or part["isrs"] != part["replicas"]:
        raise Failed(f"the partition was described as {part}")


@check("connect/all_topics_are_listed")
def every_topic() -> None:
    name = topic()
    produce(name, "a\n")
    names = [one["topic"] for one in json.loads(kcat("-L", "-J"))["topics"]]
    equal(names.count(name), 1)


def outcome(name: str) -> dict[str, object]:
    begun = time.monotonic()
    try:
        CHECKS[name]()
    except Exception as problem:  # noqa: BLE001 any failure is the check's own
        return {"check": name, "ok": False, "detail": f"{type(problem).__name__}: {problem}"}
    spent = time.monotonic() - begun
    if spent > DEADLINE:
        return {"check": name, "ok": False, "detail": f"it took {spent:.1f} s"}
    return {"check": name, "ok": True}


def say(line: dict[str, object]) -> None:
    with printing:
        print(json.dumps(line), flush=True)


def main() -> int:
    if not BOOTSTRAP:
        print("`PROBE_BOOTSTRAP` was not set", file=sys.stderr)
        return 2
    only = sys.argv[1] if len(sys.argv) > 1 else ""
    chosen = [name for name in CHECKS if only in name]
    with concurrent.futures.ThreadPoolExecutor(AT_ONCE) as pool:
        for done in concurrent.futures.as_completed([pool.submit(outcome, name) for name in chosen]):
            say(done.result())
    told = subprocess.run(["kcat", "-V"], capture_output=True, text=True, check=True).stdout
    found = re.search(r"Version (\S+) ", told)
    version = found[1] if found else "unknown"
    say({"done": True, "client": "kcat", "version": version, "checks": len(chosen)})
    return 0


if __name__ == "__main__":
    sys.exit(main())
