"""The rules of the boundary between processes: the end of an interpreter, forks, signals, imports."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from typing import Any

import pytest
from conftest import SECONDS, Kafka

QUICK = 5.0
"""Seconds; closing is bounded by one, the rest is for a busy machine."""

OPEN = """
    import threading
    from test_probe import Probe, Event
    probe = Probe(bootstrap_servers=BOOTSTRAP)
    session = probe.session(DIRECTIVE)
    session.produce_event(TOPIC, Event(id="e"))
    session.expect_event(TOPIC, id="e", own=True)
"""

WAITERS = """
    for _ in range(8):
        waiter = lambda: session.expect_event(TOPIC, type="NobodySendsThis", within=60)
        threading.Thread(target=waiter, daemon=True).start()
"""


def quiet_thread_errors() -> str:
    """A daemon thread's own traceback is Python's to print; these tests are about ours."""
    return "\n    threading.excepthook = lambda args: None\n"


# --- the end of an interpreter ---------------------------------------------------------------


@pytest.mark.parametrize("options", [(), ("-X", "dev", "-W", "error")], ids=["plain", "dev"])
def test_an_interpreter_ends_without_close(kafka: Kafka, script: Any, options: tuple[str, ...]) -> None:
    run = script(kafka.bootstrap_servers, OPEN + '\n    say("ready"); hear(); sys.exit(7)\n', *options)
    run.expect("ready")
    run.tell()
    run.ends(7, within=QUICK)


def test_an_interpreter_ends_with_threads_in_native_waits(kafka: Kafka, script: Any) -> None:
    text = OPEN + quiet_thread_errors() + WAITERS + '\n    say("ready"); hear(); sys.exit(7)\n'
    run = script(kafka.bootstrap_servers, text)
    run.expect("ready")
    run.tell()
    run.ends(7, within=QUICK)


def test_an_interpreter_ends_with_pending_futures(kafka: Kafka, script: Any) -> None:
    text = """
        import asyncio
        from test_probe import aio
        async def main():
            probe = aio.Probe(bootstrap_servers=BOOTSTRAP)
            session = await probe.session(DIRECTIVE)
            calls = [session.expect_event(TOPIC, type="NobodySendsThis", within=60) for _ in range(100)]
            globals()["kept"] = probe, session, [asyncio.ensure_future(call) for call in calls]
            await asyncio.sleep(0)
            say("ready"); hear()
        asyncio.run(main())
        sys.exit(7)
    """
    run = script(kafka.bootstrap_servers, text)
    run.expect("ready")
    run.tell()
    run.ends(7, within=QUICK)


def test_an_unhandled_exception_is_the_only_output(kafka: Kafka, script: Any) -> None:
    run = script(kafka.bootstrap_servers, OPEN + '\n    say("ready"); raise SystemExit("because")\n')
    run.expect("ready")
    out, err = run.process.communicate(timeout=SECONDS)
    assert (run.process.returncode, out, err) == (1, "", "because\n")


@pytest.mark.parametrize("fault", ["stop", "kill"])
@pytest.mark.parametrize("ending", ["probe.close(); sys.exit(7)", "sys.exit(7)"], ids=["close", "exit"])
def test_closing_and_ending_are_bounded_while_the_broker_is_gone(
    own_kafka: Kafka, script: Any, fault: str, ending: str
) -> None:
    text = OPEN + quiet_thread_errors() + WAITERS + f'\n    say("ready"); hear(); {ending}\n'
    run = script(own_kafka.bootstrap_servers, text)
    run.expect("ready")
    getattr(own_kafka, fault)(1)
    run.tell()
    run.ends(7, within=QUICK)


# --- forks -----------------------------------------------------------------------------------

CHILD = """
    import os
    from test_probe import ErrorCode, ProbeError, dsl

    def in_child():
        for call in (
            lambda: session.journal(TOPIC),
            lambda: session.produce_event(TOPIC, Event()),
            lambda: session.trace_headers(),
            lambda: probe.session(DIRECTIVE),
            lambda: probe.bootstrap_servers,
            lambda: dsl.produce_event(session.test_id, TOPIC, Event()),
        ):
            try:
                call()
            except ProbeError as error:
                assert error.code is ErrorCode.FORKED, error
            else:
                raise AssertionError("not refused")
        session.close()
        probe.close()
        with Probe(bootstrap_servers=BOOTSTRAP) as fresh, fresh.session(DIRECTIVE) as own:
            own.produce_event(TOPIC, Event(id="child"))
            assert own.expect_event(TOPIC, id="child", own=True).id == "child"
        globals().pop("session"), globals().pop("probe")

    dsl.register_system(probe)
"""

GOES_ON = """
    session.produce_event(TOPIC, Event(id="after"))
    assert session.expect_event(TOPIC, id="after", own=True).id == "after"
    session.close()
    probe.close()
"""


@pytest.mark.parametrize("ending", ["os._exit(3)", "sys.exit(3)"])
def test_a_forked_child_is_refused_and_may_make_a_probe_of_its_own(
    kafka: Kafka, script: Any, ending: str
) -> None:
    text = f"""
    child = os.fork()
    if child == 0:
        in_child()
        {ending}
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 3
    """
    run = script(kafka.bootstrap_servers, OPEN + quiet_thread_errors() + WAITERS + CHILD + text + GOES_ON)
    run.ends(0)


def test_a_fork_under_an_event_loop_leaves_the_parents_loop_alone(kafka: Kafka, script: Any) -> None:
    text = """
        import asyncio, os
        from test_probe import Event, aio
        async def main():
            async with aio.Probe(bootstrap_servers=BOOTSTRAP) as probe, probe.session(DIRECTIVE) as session:
                await session.produce_event(TOPIC, Event(id="before"))
                ours = probe._engine.wake_ups.of(asyncio.get_running_loop())._descriptors
                child = os.fork()
                if child == 0:
                    for descriptor in ours:
                        try: os.fstat(descriptor)
                        except OSError: continue
                        os._exit(4)
                    os._exit(3)
                assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 3
                await session.produce_event(TOPIC, Event(id="after"))
                await session.expect_event(TOPIC, id="after", own=True)
        asyncio.run(main())
    """
    script(kafka.bootstrap_servers, text).ends(0)


@pytest.mark.parametrize("method", ["fork", "spawn", "forkserver"])
def test_multiprocessing_works_by_every_method(kafka: Kafka, script: Any, method: str) -> None:
    text = f"""
    import multiprocessing

    def work(bootstrap, topic):
        from test_probe import Event, Probe
        with Probe(bootstrap_servers=bootstrap) as probe, probe.session(DIRECTIVE) as session:
            session.produce_event(topic, Event(id="child"))
            session.expect_event(topic, id="child", own=True)

    def main():
        from test_probe import Event, Probe
        with Probe(bootstrap_servers=BOOTSTRAP) as probe, probe.session(DIRECTIVE) as session:
            session.produce_event(TOPIC, Event(id="before"))
            child = multiprocessing.get_context("{method}").Process(target=work, args=(BOOTSTRAP, TOPIC))
            child.start()
            child.join()
            assert child.exitcode == 0, child.exitcode
            session.expect_event(TOPIC, id="before", own=True)

    if __name__ == "__main__":
        main()
    """
    script(kafka.bootstrap_servers, text).ends(0)


# --- signals ---------------------------------------------------------------------------------


def test_ctrl_c_ends_a_wait_and_the_session_is_usable_after(kafka: Kafka, script: Any) -> None:
    text = """
    for _ in range(3):
        try:
            say("waiting")
            session.expect_event(TOPIC, type="NobodySendsThis", within=60)
        except KeyboardInterrupt:
            say("interrupted")
    """
    run = script(kafka.bootstrap_servers, OPEN + text + GOES_ON)
    for _ in range(3):
        run.expect("waiting")
        begin = time.monotonic()
        run.process.send_signal(signal.SIGINT)
        run.expect("interrupted")
        assert time.monotonic() - begin < 1.0
    run.ends(0)


# --- imports ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "order", ["confluent_kafka, test_probe._native", "test_probe._native, confluent_kafka"]
)
def test_confluent_kafka_lives_in_the_same_process(kafka: Kafka, script: Any, order: str) -> None:
    text = f"""
    import {order}
    from confluent_kafka import Producer
    def produce():
        failed = []
        producer = Producer({{"bootstrap.servers": BOOTSTRAP}})
        producer.produce(TOPIC, b"1", headers={{"ce_testid": session.test_id, "ce_correlationid": "foreign"}},
                         on_delivery=lambda error, _: failed.append(error) if error else None)
        assert producer.flush(30) == 0 and not failed
    """
    more = """
    produce()
    assert session.expect_event(TOPIC, id="foreign").value == 1
    """
    script(kafka.bootstrap_servers, text + OPEN + more + GOES_ON).ends(0)


def test_importing_the_package_loads_nothing_native() -> None:
    text = "import sys, test_probe, test_probe.pytest_plugin; sys.exit('test_probe._native' in sys.modules)"
    subprocess.run([sys.executable, "-c", text], check=True, timeout=SECONDS)


@pytest.mark.parametrize(
    "module", ["ABI=1, __version__=test_probe.__version__", "ABI=2, __version__='9.9.9'", ""]
)
@pytest.mark.parametrize(
    "wanted", ["from test_probe import Probe", "import test_probe.aio", "import test_probe.dsl"]
)
def test_a_native_module_of_another_version_is_refused_at_import(module: str, wanted: str) -> None:
    text = f"""
import sys, types, test_probe
from test_probe import _convert
fake = types.ModuleType("test_probe._native")
fake.__dict__.update({module})
sys.modules["test_probe._native"] = test_probe._native = fake
try:
    {wanted}
except ImportError as error:
    assert "install the distribution test-probe anew" in str(error), error
else:
    raise AssertionError("accepted")
"""
    subprocess.run([sys.executable, "-c", text], check=True, timeout=SECONDS)
