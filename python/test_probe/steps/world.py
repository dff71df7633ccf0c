"""What the steps of a scenario mean, whichever runner runs them.

A method of `World` is a step: it has the step's name in `texts`, and takes its parameters, then its doc
string or table. How steps work together is in `tests/features/README.md`, which every language follows.
"""

from __future__ import annotations

import inspect
import json
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any, NoReturn, TypeVar

from .. import _convert, _verbs, words
from .._convert import DirectivesInput
from .._events import Event, Mark, ProducedAck, ProducedNack, ReceivedEvent
from ..codes import ErrorCode
from ..errors import ExpectationFailed, Inconclusive, ProbeError, UsageError, invalid_argument
from . import texts

if TYPE_CHECKING:
    from .._sync import Probe, Session
    from .probes import Probes

T = TypeVar("T")

POLL_SECONDS = 0.01
"""How often the journal is looked at for what no verb waits for."""


@dataclass(frozen=True)
class Step:
    """A step that every language understands."""

    name: str
    text: str
    """A Cucumber Expression."""
    argument: str | None
    """`doc_string`, `table` or nothing: what stands below the step."""


@dataclass(frozen=True)
class Kept:
    """What a step left for another to take."""

    step: str
    error: ProbeError

    def raise_it(self, what: str) -> NoReturn:
        """Raises the error, which says where it comes from."""
        error = self.error
        raise type(error)(
            error.code,
            f"{what} the step `{self.step}`, and no step took that: {error.message}",
            hint=error.hint,
            context=error.context,
            retriable=error.retriable,
            source=error.source,
        )


class World:
    """What the steps of one scenario share. It does nothing before a step asks for it."""

    def __init__(self, default: Callable[[], Probe], probes: Probes) -> None:
        self._default = default
        self._probes = probes
        self._probe: Probe | None = None
        self._cluster: str | None = None
        self._session: Session | None = None
        self._step: str | None = None
        self._produced: list[ProducedAck | ProducedNack] = []
        self._refused: Kept | None = None
        self._inconclusive: Kept | None = None
        self._taken: Kept | None = None
        self._marks: dict[str, Mark] = {}
        self._found: dict[str, ReceivedEvent] = {}

    # --- for runners, and for steps of users ----------------------------------------------------

    @property
    def probe(self) -> Probe:
        """The probe of this scenario: what a step asked for, else the default one."""
        if self._probe is None:
            self._probe = self._default()
        return self._probe

    @property
    def session(self) -> Session:
        """The session of this scenario, which the first topic step opened."""
        if self._session is None:
            raise _mistake("no topic step came before", 'begin with `Given topic "orders"`')
        return self._session

    def add_topics(self, directives: DirectivesInput) -> None:
        """Adds topics to the session, which the first of them opens; returns when they are ready."""
        if self._session is None:
            self._session = self.probe.session(directives)
        else:
            self._session.add_topics(directives)

    def begin(self, step: str) -> None:
        """Begins a step, whoever wrote it. Raises what an earlier one kept, unless this step takes it."""
        self._step = step
        if step != texts.EXPECTATION_IS_INCONCLUSIVE:
            self._raise_inconclusive()

    def run(
        self, step: Step, arguments: Sequence[Any], doc_string: str | None, table: words.Table | None
    ) -> None:
        """Runs a step of this library."""
        if self._step is None:
            self.begin(step.text)
        below = {"doc_string": doc_string, "table": table}
        for kind, given in below.items():
            if (kind == step.argument) != (given is not None):
                what = "doc string" if kind == "doc_string" else "table"
                raise _mistake(f"the step had {'a' if given is not None else 'no'} {what} below it")
        try:
            argument = () if step.argument is None else (below[step.argument],)
            getattr(self, step.name)(*arguments, *argument)
        finally:
            self._step = None

    def end(self) -> None:
        """Closes the session, and raises what no step took. Twice does nothing."""
        session, self._session = self._session, None
        try:
            if session is not None:
                session.close()
        finally:
            self._raise_refused()
            self._raise_inconclusive()

    # --- which probe, which topics --------------------------------------------------------------

    def probe_on_embedded_cluster(self) -> None:
        self._take(self._probes.embedded)

    def probe_on_cluster(self, cluster: str) -> None:
        self._take(self._default).cluster(cluster)
        self._cluster = cluster

    def probe_from_configuration(self, path: str) -> None:
        self._take(lambda: self._probes.of_file(path))

    def _take(self, make: Callable[[], Probe]) -> Probe:
        if self._session is not None:
            raise _mistake("a probe step came after a topic step", "name the probe first")
        self._probe, self._cluster = make(), None
        return self._probe

    def topic(self, topic: str) -> None:
        self.add_topics(words.topic(topic, cluster=self._cluster))

    def topic_with_partitions(self, topic: str, partitions: int) -> None:
        self.add_topics(words.topic(topic, partitions=partitions, cluster=self._cluster))

    def topic_on_cluster(self, topic: str, cluster: str) -> None:
        self.add_topics(words.topic(topic, cluster=cluster))

    def topic_directives(self, doc_string: str) -> None:
        self.add_topics(f"{doc_string}\n")  # text is told from a path by its newline

    # --- producing ------------------------------------------------------------------------------

    def produce_typed_event(self, type: str, id: str, topic: str, doc_string: str) -> None:
        value = _json(doc_string)
        self._produce(topic, [Event(type=type, id=id, value=b"null" if value is None else value)])

    def produce_event(self, topic: str, doc_string: str) -> None:
        self._produce(topic, [Event.from_yaml(doc_string)])

    def produce_events(self, topic: str, table: words.Table) -> None:
        self._produce(topic, words.events(table))

    def produce_tombstone(self, key: str, topic: str) -> None:
        self._produce(topic, [Event(key=key)])

    def _produce(self, topic: str, events: Sequence[Event]) -> None:
        self._raise_refused()
        self._produced = []
        for event in events:
            outcome = self.session.try_produce_event(topic, event)
            if isinstance(outcome, ProducedNack):
                self._refused = self._refused or self._kept(outcome.error)
            self._produced.append(outcome)

    def event_is_acknowledged(self) -> None:
        for refusal in self._take_refusals():
            raise refusal

    def event_is_refused(self, code: str) -> None:
        if code not in ErrorCode.__members__:
            raise _mistake(f"`{code}` was no error code")
        refusals = self._take_refusals()
        if not any(refusal.code.name == code for refusal in refusals):
            said = "; ".join(f"{refusal.code.name}: {refusal.message}" for refusal in refusals)
            raise AssertionError(f"no event was refused with `{code}`, but {said or 'each was acknowledged'}")

    def _take_refusals(self) -> list[ProbeError]:
        if not self._produced:
            raise _mistake("no step produced an event before")
        self._refused = None
        return [outcome.error for outcome in self._produced if isinstance(outcome, ProducedNack)]

    # --- expecting ------------------------------------------------------------------------------

    def mark(self, topic: str) -> None:
        self._marks[topic] = self.session.mark()
        self._found.pop(topic, None)

    def event_with_id_arrives(self, within: timedelta, id: str, topic: str) -> None:
        self._expect("expect_event", topic, within, match={"id": id})

    def event_arrives(self, within: timedelta, type: str, topic: str) -> None:
        self._expect("expect_event", topic, within, match={"type": type})

    def another_event_arrives(self, within: timedelta, type: str, topic: str) -> None:
        self._expect("expect_event", topic, within, another=True, match={"type": type})

    def event_with_key_arrives(self, within: timedelta, key: str, topic: str) -> None:
        self._expect("expect_event", topic, within, match={"key": key})

    def event_arrives_where(self, within: timedelta, type: str, topic: str, table: words.Table) -> None:
        match = words.read("match", type=type, table=table)
        self._expect("expect_event", topic, within, match=match)

    def another_event_arrives_where(
        self, within: timedelta, type: str, topic: str, table: words.Table
    ) -> None:
        match = words.read("match", type=type, table=table)
        self._expect("expect_event", topic, within, another=True, match=match)

    def events_arrive_exactly(self, within: timedelta, n: int, type: str, topic: str) -> None:
        self._expect("expect_exactly", topic, within, n=n, match={"type": type})

    def events_arrive_in_order(self, within: timedelta, topic: str, table: words.Table) -> None:
        self._expect_all_of("in_order", topic, within, table)

    def events_arrive_in_any_order(self, within: timedelta, topic: str, table: words.Table) -> None:
        self._expect_all_of("any_order", topic, within, table)

    def _expect_all_of(self, order: str, topic: str, within: timedelta, table: words.Table) -> None:
        matches = words.read("matches", table=table)["matches"]
        self._expect("expect_all_of", topic, within, order=order, matches=matches)

    def no_event_arrives(self, type: str, topic: str, within: timedelta) -> None:
        self._expect("expect_none", topic, within, match={"type": type})

    def no_event_arrives_where(self, type: str, topic: str, within: timedelta, table: words.Table) -> None:
        self._expect("expect_none", topic, within, match=words.read("match", type=type, table=table))

    def consumed_event_has_value(self, id: str, topic: str, doc_string: str) -> None:
        match = {"id": id, "value": _json(doc_string), "mode": "exact"}
        self._expect("expect_event", topic, self.probe._engine.ask_timeout(), after="start", match=match)

    def group_has_caught_up(self, group: str, topic: str, within: timedelta) -> None:
        self._run("expect_group_caught_up", _convert.nothing, topic, within, group=group)

    def delivered_once(self, topic: str, within: timedelta) -> None:
        self._expect("verify_delivery", topic, within)

    def comes_out_once(self, topic: str, output: str, within: timedelta) -> None:
        self._expect("verify_delivery", topic, within, output=output)

    def undecodable_event_arrives(self, topic: str, within: timedelta) -> None:
        deadline = time.monotonic() + within.total_seconds()
        while not any(
            event.error is not None and self._is_new(event) for event in self.session.journal(topic)
        ):
            if time.monotonic() > deadline:
                message = f"no undecodable event came on `{topic}` within {within.total_seconds():g} s"
                raise ExpectationFailed(ErrorCode.EXPECTATION_TIMEOUT, message)
            time.sleep(POLL_SECONDS)

    def expectation_is_inconclusive(self) -> None:
        if self._inconclusive is None:
            raise AssertionError("no expectation before was inconclusive")
        self._taken, self._inconclusive = self._inconclusive, None

    def _expect(self, verb: str, topic: str, within: timedelta, another: bool = False, **fields: Any) -> None:
        after = (self._found.get(topic) if another else None) or self._marks.get(topic)
        if after is not None:
            fields.setdefault("after", _convert.after_document(after))
        verdict = self._run(verb, _convert.verdict, topic, within, **fields)
        for event in [] if verdict is None else verdict.events:
            self._found[event.topic] = event

    def _run(
        self,
        verb: str,
        read: Callable[[_convert.NativeOutcome], T],
        topic: str,
        within: timedelta,
        **fields: Any,
    ) -> T | None:
        document = _convert.dumps(
            {"verb": verb, "topic": topic, "within_ms": _convert.millis(within, "within"), **fields},
            "the expectation",
        )
        try:
            return self.session._run(_verbs.Call(document, read))
        except Inconclusive as error:
            self._inconclusive = self._kept(error)
            return None

    def _is_new(self, event: ReceivedEvent) -> bool:
        mark = self._marks.get(event.topic)
        if mark is None:
            return True
        ends = json.loads(mark.document)["topics"].get(event.topic, {}).get("ends", {})
        return event.offset >= int(ends.get(str(event.partition), 0))

    # --- what is kept for a later step ------------------------------------------------------------

    def _kept(self, error: ProbeError) -> Kept:
        return Kept(self._step or "", error)

    def _raise_refused(self) -> None:
        kept, self._refused = self._refused, None
        if kept is not None:
            kept.raise_it("an event was refused in")

    def _raise_inconclusive(self) -> None:
        kept, self._inconclusive = self._inconclusive, None
        if kept is not None:
            kept.raise_it("inconclusive was")


def _mistake(message: str, hint: str | None = None) -> UsageError:
    return invalid_argument(message, hint)


def _json(text: str) -> Any:
    try:
        return json.loads(text, parse_constant=_no_json)
    except ValueError as error:
        raise _mistake(f"the doc string was no JSON: {error}") from error


def _no_json(constant: str) -> NoReturn:
    raise ValueError(f"`{constant}` is no value of JSON")


def _steps() -> tuple[Step, ...]:
    """Returns the steps of `texts`, in its order; each has a method."""
    found = []
    for constant, text in vars(texts).items():
        if constant.isupper() and isinstance(text, str):
            name = constant.lower()
            last = list(inspect.signature(getattr(World, name)).parameters)[-1]
            found.append(Step(name, text, last if last in ("doc_string", "table") else None))
    return tuple(found)


STEPS = _steps()
"""Every step; a runner registers each under every keyword."""
