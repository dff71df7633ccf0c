"""The pytest plugin, as a user's test run sees it."""

from __future__ import annotations

import pytest
from conftest import Kafka

TESTS = """
    import pytest
    from test_probe import Event

    @pytest.mark.probe_topics("{name}")
    def test_blocking(probe_session):
        probe_session.produce_event("{topic}", Event(id="e"))
        assert probe_session.expect_event("{topic}", id="e", own=True).id == "e"

    @pytest.mark.asyncio
    @pytest.mark.probe_topics("{name}", test_id="chosen-id")
    async def test_awaitable(async_probe_session):
        assert async_probe_session.test_id == "chosen-id"
        await async_probe_session.produce_event("{topic}", Event(id="e"))
        assert (await async_probe_session.expect_event("{topic}", id="e", own=True)).id == "e"

    def test_the_probe(probe, probe_session):
        assert probe.bootstrap_servers == "{bootstrap}"
"""

OPTIONS = ("-p", "no:cacheprovider", "-o", "asyncio_default_fixture_loop_scope=function", "-W", "error")


@pytest.fixture
def files(pytester: pytest.Pytester, kafka: Kafka, topic: str, monkeypatch: pytest.MonkeyPatch) -> str:
    for name in ("KAFKA_BOOTSTRAP_SERVERS", "TEST_PROBE_CONFIG", "TEST_PROBE_TEST_KAFKA"):
        monkeypatch.delenv(name, raising=False)
    folder = pytester.mkdir("suite")
    (folder / "topics.yaml").write_text(
        f"topics:\n  - {{topic: {topic}, role: both, create: {{partitions: 1}}}}\n"
    )
    (folder / "probe.yaml").write_text(
        f"test-probe:\n  kafka: {{bootstrap-servers: '{kafka.bootstrap_servers}'}}\n"
    )
    import textwrap

    text = TESTS.format(name="topics.yaml", topic=topic, bootstrap=kafka.bootstrap_servers)
    (folder / "test_it.py").write_text(textwrap.dedent(text))
    return str(folder / "probe.yaml")


def test_the_fixtures_open_what_the_marker_says(pytester: pytest.Pytester, files: str) -> None:
    result = pytester.runpytest_subprocess(*OPTIONS, f"--probe-config={files}", "suite")
    result.assert_outcomes(passed=3)


def test_the_fixtures_work_under_xdist(pytester: pytest.Pytester, files: str) -> None:
    result = pytester.runpytest_subprocess(*OPTIONS, f"--probe-config={files}", "-n", "2", "suite")
    result.assert_outcomes(passed=3)


def test_the_configuration_may_stand_in_the_ini_file(pytester: pytest.Pytester, files: str) -> None:
    pytester.makeini("[pytest]\ntest_probe_config = suite/probe.yaml\n")
    pytester.runpytest_subprocess(*OPTIONS, "suite").assert_outcomes(passed=3)


@pytest.mark.parametrize("variable", ["TEST_PROBE_CONFIG", "KAFKA_BOOTSTRAP_SERVERS"])
def test_the_environment_may_say_where_kafka_is(
    pytester: pytest.Pytester, files: str, kafka: Kafka, monkeypatch: pytest.MonkeyPatch, variable: str
) -> None:
    monkeypatch.setenv(variable, files if variable == "TEST_PROBE_CONFIG" else kafka.bootstrap_servers)
    pytester.runpytest_subprocess(*OPTIONS, "suite").assert_outcomes(passed=3)


def test_a_file_in_the_working_directory_may_say_where_kafka_is(
    pytester: pytest.Pytester, files: str
) -> None:
    (pytester.path / "suite" / "probe.yaml").rename(pytester.path / "test-probe.yaml")
    pytester.runpytest_subprocess(*OPTIONS, "suite").assert_outcomes(passed=3)


def test_an_embedded_cluster_that_is_asked_for_goes_over_all_others(
    pytester: pytest.Pytester, files: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TEST_PROBE_CONFIG", files)
    result = pytester.runpytest_subprocess(*OPTIONS, "--probe-embedded", "suite", "-k", "not the_probe")
    result.assert_outcomes(passed=2, deselected=1)
    result.stdout.fnmatch_lines(["test-probe: `probe` is on an embedded Kafka at 127.0.0.1:*"])


@pytest.mark.parametrize("option", [(), ("--probe-embedded",)])
def test_without_a_broker_the_embedded_cluster_is_used_and_said_to_be(
    pytester: pytest.Pytester, files: str, option: tuple[str, ...]
) -> None:
    result = pytester.runpytest_subprocess(*OPTIONS, *option, "suite", "-k", "not the_probe")
    result.assert_outcomes(passed=2, deselected=1)
    result.stdout.fnmatch_lines(["test-probe: `probe` is on an embedded Kafka at 127.0.0.1:*"])


def test_each_worker_of_xdist_says_that_it_has_an_embedded_cluster(
    pytester: pytest.Pytester, files: str
) -> None:
    result = pytester.runpytest_subprocess(*OPTIONS, "-n", "2", "suite", "-k", "not the_probe")
    result.assert_outcomes(passed=2)
    result.stdout.fnmatch_lines(["test-probe: `probe` is on an embedded Kafka at 127.0.0.1:*"] * 2)


def test_a_failure_and_a_doubt_are_told_apart_under_xdist(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        """
        import pytest
        from test_probe.errors import from_document

        def document(code):
            return {"code": code, "message": "it broke", "retriable": False}

        def test_failed():
            raise from_document(document(2001))

        def test_doubtful():
            raise from_document(document(2501))
        """
    )
    result = pytester.runpytest_subprocess(*OPTIONS, "-n", "1")
    result.assert_outcomes(failed=2)
    result.stdout.fnmatch_lines(["*ExpectationFailed: it broke*", "*Inconclusive: it broke*"])
