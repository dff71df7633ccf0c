#!/usr/bin/env python3
"""Runs the checks of all clients against real Kafka, the embedded cluster, or both; see README.md.

    run.py --target kafka|embedded [--client NAME]... [--tier test]
    run.py --compare [--client NAME]... [--tier test]

Prints a line per client, what failed with its detail, and at the end `== conformance: N passed, M failed`.
"""

from __future__ import annotations

import argparse
import concurrent.futures
import os
import signal
import sys
import threading
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

from probe_conformance import clients, targets, verdict  # noqa: E402
from probe_conformance.clients import Client, Guarded, Report  # noqa: E402

CORES = os.cpu_count() or 1


class Ended(Exception):
    """A signal told the suite to end."""


def cache() -> Path:
    return Path(os.environ.get("PROBE_CACHE") or Path.home() / ".cache" / "test-probe" / "conformance")


def prepare(chosen: list[Client]) -> list[Report]:
    """Prepares the clients one after the other; returns a report for each that could not be."""
    cache().mkdir(parents=True, exist_ok=True)
    broken = []
    for client in chosen:
        begun = time.monotonic()
        problem = clients.prepared(client, {"PROBE_CACHE": str(cache())})
        print(
            f"prepared {client.label} in {time.monotonic() - begun:.1f} s" if problem is None else problem, flush=True
        )
        if problem is not None:
            broken.append(Report(client, complaints=[problem]))
    return broken


def run_on(kind: str, chosen: list[Client], at_once: int) -> list[Report]:
    """Runs the clients against a fresh server, several beside each other."""
    begun = time.monotonic()
    with targets.started(kind) as target, concurrent.futures.ThreadPoolExecutor(at_once) as pool:
        print(f"\n{kind}: listens on {target.bootstrap} after {time.monotonic() - begun:.2f} s", flush=True)
        environment = {**target.environment(), "PROBE_CACHE": str(cache())}
        running = [pool.submit(clients.run, client, environment) for client in chosen]
        try:
            for done in concurrent.futures.as_completed(running):
                show(done.result())
        except BaseException:
            Guarded.end_all()
            raise
    return [future.result() for future in running]


def show(report: Report) -> None:
    failed = sum(outcome.detail is not None for outcome in report.outcomes.values())
    passed = len(report.outcomes) - failed
    trouble = f"  {len(report.complaints)} complaints" if report.complaints else ""
    counts = f"{passed:4} passed {failed:4} failed"
    print(f"  {report.client.label:32} {counts} {report.seconds:7.1f} s{trouble}", flush=True)


def chosen_clients(arguments: argparse.Namespace) -> list[Client]:
    every = clients.found(HERE)
    names = {each for client in every for each in (client.name, client.label, client.folder.name)}
    unknown = sorted(set(arguments.client) - names)
    if unknown:
        raise clients.Broken(f"there is no client `{unknown[0]}`, only {', '.join(sorted(c.label for c in every))}")
    return [
        client
        for client in every
        if (not arguments.client or {client.name, client.label, client.folder.name} & set(arguments.client))
        and (arguments.tier == "conformance" or client.tier == "test")
    ]


def parsed() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Checks a Kafka through real clients.")
    where = parser.add_mutually_exclusive_group(required=True)
    where.add_argument("--target", choices=targets.TARGETS)
    where.add_argument("--compare", action="store_true", help="run both and compare check by check")
    parser.add_argument("--client", action="append", default=[], metavar="NAME", help="this one; may be repeated")
    parser.add_argument("--tier", choices=("test", "conformance"), default="conformance", help="test leaves some out")
    parser.add_argument("--at-once", type=int, default=CORES, metavar="N", help="clients at a time")
    return parser.parse_args()


def end_on_signals() -> None:
    def end(number: int, _: object) -> None:
        Guarded.end_all()
        raise Ended(signal.Signals(number).name)

    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, end)


def end_with_parent() -> None:
    """Ends the suite when its parent is gone, so that a killed `make` leaves no server behind."""
    parent = os.getppid()

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(0.5)
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=watch, daemon=True).start()


def main() -> int:
    arguments = parsed()
    end_on_signals()
    end_with_parent()
    kinds = list(targets.TARGETS) if arguments.compare else [arguments.target]
    try:
        chosen = chosen_clients(arguments)
        limits = verdict.Limits(HERE / "limits.json")
        broken = prepare(chosen)
        ready = [client for client in chosen if client not in [report.client for report in broken]]
        runs = {kind: run_on(kind, ready, arguments.at_once) for kind in kinds}
    except Ended as reason:
        print(f"ended early: {reason}")
        return 1
    except (clients.Broken, targets.NoTarget) as problem:
        print(f"{problem}\n== conformance: 0 passed, 1 failed")
        return 1
    runs[kinds[0]] += broken
    whole = not arguments.client
    judged = verdict.judged(runs, limits, whole)
    print()
    for failure in judged.failures:
        print(f"FAILED {failure}")
    print(f"== conformance: {judged.passed} passed, {len(judged.failures)} failed", flush=True)
    return 1 if judged.failures else 0


if __name__ == "__main__":
    sys.exit(main())
