"""What runners counted, read from what they said."""

from __future__ import annotations

import re
from dataclasses import dataclass


@dataclass(frozen=True)
class Counts:
    """What a runner counted."""

    passed: int = 0
    failed: int = 0
    skipped: int = 0

    def __add__(self, other: Counts) -> Counts:
        return Counts(self.passed + other.passed, self.failed + other.failed, self.skipped + other.skipped)


NAMES_A_FAILURE = re.compile(
    "|".join(
        (
            r"test .+ \.\.\. FAILED",  # cargo
            r"error(\[E\d+\])?: .+",
            r"(FAILED|ERROR) .+",  # pytest, conformance
            r"\[ERROR\] .+",  # Maven
            r"\s+\d+ - .+ \((Failed|Timeout|SEGFAULT|Subprocess aborted)\)",  # ctest
            r"\s+\S+\.feature:\d+ .+",  # behave
            r"not done after .+",
        )
    )
)


def blamed(text: str, most: int = 20) -> list[str]:
    """Returns the lines that name what failed, whichever runner said them."""
    named = dict.fromkeys(line.strip() for line in text.splitlines() if NAMES_A_FAILURE.fullmatch(line))
    return list(named)[:most]


def added_up(pattern: str, groups: str, text: str) -> Counts:
    """Adds up all matches; `groups` names the groups in their order, as `pfs`."""
    total = Counts()
    for match in re.finditer(pattern, text, re.MULTILINE):
        values = dict(zip(groups, map(int, match.groups())))
        total += Counts(values.get("p", 0), values.get("f", 0), values.get("s", 0))
    return total


def count_cargo(text: str) -> Counts:
    return added_up(r"^test result: \w+\. (\d+) passed; (\d+) failed; (\d+) ignored;", "pfs", text)


def count_pytest(text: str) -> Counts:
    closing = [line for line in text.splitlines() if re.search(r"\d+ (passed|failed|errors?)\b.* in [\d.]+s", line)]
    last = closing[-1] if closing else ""

    def number(word: str) -> int:
        found = re.search(rf"(\d+) {word}\b", last)
        return int(found.group(1)) if found else 0

    return Counts(number("passed"), number("failed") + number("errors?"), number("skipped") + number("xfailed"))


def count_behave(text: str) -> Counts:
    found = re.search(r"^(\d+) scenarios? passed, (.*), (\d+) skipped$", text, re.MULTILINE)
    return Counts(int(found[1]), sum(map(int, re.findall(r"\d+", found[2]))), int(found[3])) if found else Counts()


def count_ctest(text: str) -> Counts:
    found = re.findall(r"tests passed, (\d+) tests? failed out of (\d+)", text)
    failed = sum(int(one) for one, _ in found)
    return Counts(sum(int(total) for _, total in found) - failed, failed)


def count_conformance(text: str) -> Counts:
    return added_up(r"^== conformance: (\d+) passed, (\d+) failed$", "pf", text)


def count_surefire(text: str) -> Counts:
    """Adds up the closing lines of the modules; those of each class go on with `Time elapsed`."""
    counts = Counts()
    for run, failures, errors, skipped in re.findall(
        r"^(?:\[\w+\] )?Tests run: (\d+), Failures: (\d+), Errors: (\d+), Skipped: (\d+)$", text, re.MULTILINE
    ):
        failed = int(failures) + int(errors)
        counts += Counts(int(run) - failed - int(skipped), failed, int(skipped))
    return counts
