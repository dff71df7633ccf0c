"""The vectors of tests/vectors, through the Python door: what goes in and what comes out is Python's."""

from __future__ import annotations

import base64
import contextlib
import json
import os
from collections.abc import Iterator
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import pytest

from test_probe import Config, Directives, ErrorCode, Event, Match, _convert, _native, _verbs
from test_probe.errors import ExpectationFailed, Inconclusive, ProbeError, UsageError, from_document

VECTORS = Path(__file__).resolve().parents[2] / "tests" / "vectors"


def note(file: str, name: str, names: list[str]) -> None:
    """Notes what was run, for tests/house/parity.py."""
    if folder := os.environ.get("TEST_PROBE_PARITY"):
        report = {"kind": "vectors", "language": "python", "ran": {f"{file}.json": names}}
        Path(folder, f"vectors-python-{file}-{name}.json").write_text(json.dumps(report))


def vectors(file: str, name: str = "cases") -> Iterator[dict[str, Any]]:
    """Goes through a list of vectors, and notes each that came back without a failure."""
    ran: list[str] = []
    for vector in json.loads((VECTORS / f"{file}.json").read_text("utf-8"))[name]:
        yield vector
        ran.append(f"{name}/{vector['name']}")
    assert ran
    note(file, name, ran)


def trial(kind: str, call: _verbs.Call[Any] | None = None, **fields: Any) -> _convert.NativeOutcome:
    """Has the engine judge what a call would send to it."""
    document = json.dumps({**(json.loads(call.document) if call else {}), **fields, "trial": kind})
    if call is None:
        return _native.trial(document)
    return _native.trial(document, call.key, call.value, call.headers)


def wire(value: Any) -> Any:
    """Reads bytes: a text or `{base64}`; None is null."""
    return base64.b64decode(value["base64"]) if isinstance(value, dict) else value


def produced(fields: dict[str, Any]) -> tuple[_verbs.Call[Any], dict[str, Any]]:
    """Returns the call that produces a vector's event, and what Python cannot say: JSON as it is spelled."""
    timestamp = fields.get("timestamp")
    event = Event(
        type=fields.get("type"),
        version=fields.get("version"),
        id=fields.get("id"),
        key=wire(fields.get("key")),
        value=wire(fields["raw"]) if "raw" in fields else fields.get("value"),
        headers=[(header, wire(value)) for header, value in fields.get("headers", [])],
        timestamp=None if timestamp is None else datetime.fromtimestamp(timestamp / 1000, timezone.utc),
    )
    if isinstance(event.value, str) and "raw" in fields:
        event = Event(**{**vars(event), "value": event.value.encode()})
    more = {key: fields[key] for key in ("text", "value") if key in fields}
    return _verbs.produce_event("orders", event), more


@contextlib.contextmanager
def problems(vector: dict[str, Any]) -> Iterator[None]:
    """Whatever is in here fails with the problems that a vector states, or passes when it is valid."""
    if vector["valid"]:
        yield
        return
    with pytest.raises(UsageError) as caught:
        yield
    found = caught.value.context["problems"]
    expected = vector["errors"]
    assert len(found) == len(expected), vector["name"]
    assert [{key: one[key] for key in said} for one, said in zip(found, expected)] == expected, vector["name"]
    if "never" in vector:
        assert vector["never"] not in f"{caught.value!r} {caught.value.context}"


def at(document: Any, pointer: str) -> Any:
    for key in pointer.split("/")[1:]:
        document = document.get(key) if isinstance(document, dict) else None
    return document


def test_every_error_code_is_that_of_its_vector() -> None:
    for vector in vectors("error_codes", "codes"):
        code = ErrorCode[vector["name"]]
        assert (code.value, code.retriable) == (vector["code"], vector["retriable"])
        document = {**vector, "message": "m", "hint": None, "context": {}, "source": None}
        assert from_document(document).code is code


def test_every_vector_gives_the_directives_or_the_problems_it_states() -> None:
    for vector in vectors("directives"):
        with problems(vector):
            Directives.validate(f"{vector['yaml']}\n")
            if "directives" in vector:
                found = json.loads(_native.validate(_verbs.opening(f"{vector['yaml']}\n", None)))
                assert found == vector["directives"], vector["name"]


def test_every_vector_gives_the_configuration_or_the_problems_it_states() -> None:
    for vector in vectors("config"):
        explicit = vector.get("explicit")
        with problems(vector):
            found = Config.validate(
                None if explicit is None else f"{explicit}\n",
                file=vector.get("file", ""),
                variables=vector.get("env", {}),
            )
            for pointer, value in vector["config"].items():
                assert at(found, pointer) == value, f"{vector['name']}: {pointer}"
            for pointer in vector.get("secrets", {}):
                hidden = at(found, pointer)
                assert hidden == "***" or set(hidden.values()) == {"***"}, f"{vector['name']}: {pointer}"


def test_every_event_is_written_as_its_vector_says() -> None:
    for vector in (*vectors("envelopes", "writes"), *vectors("schemas", "writes")):
        call, more = produced(vector["event"])
        document = json.loads(trial("write", call, topic=vector["topic"], **more)[0])
        assert document == {key: vector[key] for key in ("record", "id", "ceId")}, vector["name"]


def test_every_event_that_does_not_fit_is_refused_as_its_vector_says() -> None:
    for vector in (*vectors("envelopes", "fails"), *vectors("schemas", "fails")):
        call, more = produced(vector["event"])
        with pytest.raises(ProbeError) as caught:
            trial("write", call, topic=vector["topic"], **more)
        error = caught.value
        wanted = tuple(vector[key] for key in ("code", "message", "hint"))
        assert (error.code.name, error.message, error.hint) == wanted, vector["name"]


def test_every_record_is_read_as_its_vector_says() -> None:
    for vector in (*vectors("envelopes", "reads"), *vectors("schemas", "reads")):
        (event,) = _convert.events(trial("read", topic=vector["topic"], record=vector["record"]))
        envelope = {"testId": event.test_id, "id": event.id, "type": event.type, "version": event.version}
        assert envelope == vector["envelope"], vector["name"]
        value = vector["value"]
        assert event.value == (wire(value) if vector["valueKind"] == "bytes" else value), vector["name"]
        assert event.key == vector["keyText"], vector["name"]
        headers = [(name, encoded(wire(value))) for name, value in vector["record"]["headers"]]
        assert list(event.headers) == headers, vector["name"]
        if vector["topic"].get("envelope") != "ce-structured":  # there it is the data's
            assert event.raw_value == encoded(wire(vector["record"]["value"])), vector["name"]
        if wanted := vector.get("error"):
            assert event.error
            found = {"code": event.error.code.name, "message": event.error.message, "hint": event.error.hint}
            assert found == wanted, vector["name"]
        else:
            assert event.error is None, vector["name"]


def encoded(value: Any) -> Any:
    return value.encode() if isinstance(value, str) else value


def match(document: dict[str, Any]) -> dict[str, Any]:
    """Sends a match through the class `Match`; what the class has no word for stays as it is."""
    if not isinstance(document, dict):
        return document
    said: dict[str, Any] = {}
    for key, value in document.items():
        if key == "key":
            said["key"] = wire(value)
        elif key == "headers":
            pairs = value.items() if isinstance(value, dict) else value
            said["headers"] = [
                (name, wire(one))
                for name, values in pairs
                for one in (values if isinstance(values, list) else [values])
            ]
        elif key != "after":
            said[key] = value
    found = _convert.match_document(Match(**said))
    return {**found, "after": document["after"]} if "after" in document else found


def test_every_match_judges_as_its_vector_says() -> None:
    for vector in vectors("matches"):
        call, more = produced(vector["event"])
        own = vector.get("own", False)
        fields = {"topic": vector.get("topic", {}), "match": match(vector["match"]), "own": own, **more}
        found = json.loads(trial("compare", call, **fields)[0])
        assert found["result"] == vector["result"], vector["name"]
        assert found.get("paths") == vector.get("paths"), vector["name"]
        if "hints" in vector:
            assert found["hints"] == vector["hints"], vector["name"]


def test_every_refused_match_is_refused_in_the_same_words() -> None:
    for vector in vectors("matches", "refused"):
        with pytest.raises(UsageError) as caught:
            trial("compare", topic={}, match=vector["match"])
        error = caught.value
        wanted = tuple(vector[key] for key in ("code", "message", "hint"))
        assert (error.code.name, error.message, error.hint) == wanted, vector["name"]


def test_every_match_is_put_in_the_same_words() -> None:
    for vector in vectors("matches", "words"):
        found = json.loads(trial("words", match=match(vector["match"]))[0])
        assert found == {"words": vector["words"], "match": vector["match"]}, vector["name"]


def test_every_explanation_crosses_whole_as_the_error_of_its_code() -> None:
    kinds = {"expectation": ExpectationFailed, "inconclusive": Inconclusive}
    for vector in vectors("explanations"):
        with pytest.raises((ExpectationFailed, Inconclusive)) as caught:
            trial("explain", evidence=vector["evidence"])
        error = caught.value
        assert error.code.name == vector["code"], vector["name"]
        assert type(error) is kinds[error.code.category.name.lower()], vector["name"]
        assert str(error).splitlines() == vector["text"], vector["name"]
        assert error.context["topic"] == vector["evidence"]["topic"], vector["name"]
        assert error.context.get("funnel") == vector["evidence"].get("funnel"), vector["name"]
        assert error.context.get("coverage") == vector["evidence"].get("coverage"), vector["name"]


def test_all_words_are_read_as_their_vectors_say() -> None:
    for vector in vectors("words"):
        try:
            found = json.loads(_native.words(json.dumps(vector["words"])))
        except ProbeError as error:
            several = error.context.get("problems", [])
            found = {"errors": [one["message"] for one in several] or [error.message]}
        assert found == vector["gives"], vector["name"]


def test_a_configuration_is_validated_without_a_probe_and_shows_no_secret(tmp_path: Path) -> None:
    principal = {"protocol": "SASL_SSL", "mechanism": "PLAIN", "username": "u", "password": "${env:SECRET}"}
    config = {"dsl": {"within": "2s"}, "principals": {"me": principal}}
    found = Config.validate(config, file="", variables={"SECRET": "hunter2"})
    assert found["dsl"]["within"] == "2000ms"
    assert found["principals"]["me"]["password"] == "***"
    assert "hunter2" not in str(found)
    with pytest.raises(UsageError, match="environment variable `SECRET` was not set"):
        Config.validate(config, file="", variables={})
    with pytest.raises(UsageError, match="was not read"):
        Config.validate(tmp_path / "absent.yaml")
    with pytest.raises(UsageError, match="servers were given beside a configuration text"):
        Config.validate("dsl: {within: 2s}\n", bootstrap_servers="a:1")
