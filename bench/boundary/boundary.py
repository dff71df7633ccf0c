"""What one call over the C and over the Python boundary costs; `TEST_PROBE_TEST_KAFKA` names the cluster.

Wants `cargo run -p xtask -- capi --out build/capi-release --profile release` and `pip install ./python` first.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Callable
from pathlib import Path

from test_probe import Probe

ROOT = Path(__file__).resolve().parents[2]
SOME = 50_000


def measured(name: str, call: Callable[[], object]) -> None:
    begun = time.perf_counter_ns()
    for _ in range(SOME):
        call()
    print(f"Python: {name:<19}{(time.perf_counter_ns() - begun) / SOME:8.1f} ns")


def main() -> None:
    servers, topic = os.environ["TEST_PROBE_TEST_KAFKA"], f"boundary-{uuid.uuid4()}"
    package = ROOT / "build" / "capi-release"
    with tempfile.TemporaryDirectory() as folder:
        program = Path(folder) / "boundary"
        source = Path(__file__).with_name("boundary.c")
        library = package / "lib"
        subprocess.run(
            ["cc", "-O2", "-o", program, source, f"-I{package / 'include'}", f"-L{library}", f"-Wl,-rpath,{library}"]
            + ["-ltest_probe"],
            check=True,
        )
        subprocess.run([program, servers, topic], check=True)
    sys.stdout.flush()
    with (
        Probe(bootstrap_servers=servers) as probe,
        probe.session({"topics": [{"topic": topic, "role": "both"}]}) as session,
    ):
        measured("an empty function", lambda: None)
        measured("test id", lambda: session.test_id)
        measured("fetch of nothing", lambda: session.fetch_consumed_event(topic, "nothing"))


if __name__ == "__main__":
    main()
