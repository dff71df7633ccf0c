"""The lines of a log that name what failed are found, whichever runner wrote them."""

import pytest

from counts import blamed


@pytest.mark.parametrize(
    "line",
    [
        "test sessions::a_late_event_is_named ... FAILED",
        "error[E0308]: mismatched types",
        "FAILED tests/test_schemas.py::test_an_id_is_unknown - AssertionError: no",
        "FAILED groups/a_member_leaves: took longer than 15s",
        "[ERROR]   FeaturesTest.scenario:41 expected: <1> but was: <2>",
        "\t  7 - cpp.a_producer_is_stopped (Timeout)",
        "  tests/features/late.feature:12  an event comes late",
        "not done after 15 minutes: ended",
    ],
)
def test_a_line_that_names_a_failure_is_shown_again(line: str) -> None:
    assert blamed(f"begun\n{line}\n{line}\nended\n") == [line.strip()]


def test_a_panic_on_purpose_and_a_passed_test_are_not() -> None:
    said = "test a ... ok\nthread 'main' panicked at src/lib.rs:1:2:\nSEVERE: late; said once\n10 passed, 0 failed\n"
    assert blamed(said) == []
