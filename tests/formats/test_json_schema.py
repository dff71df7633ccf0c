"""JSON Schema beside the jsonschema package of Python: what is accepted, and what a changed schema still accepts."""

from __future__ import annotations

import base64
import copy
import json
import random
from typing import Any

import pytest
from jsonschema import Draft7Validator, Draft202012Validator

from conftest import Driver

Schema = Any
Value = Any
DRAFTS = {
    "http://json-schema.org/draft-07/schema#": Draft7Validator,
    "https://json-schema.org/draft/2020-12/schema": Draft202012Validator,
}
TYPES = ["null", "boolean", "integer", "number", "string", "array", "object"]
NAMES = ["a", "b", "x1"]


def value(chance: random.Random, depth: int = 0) -> Value:
    which = chance.randrange(7 if depth < 3 else 5)
    if which < 5:
        return chance.choice(
            [None, True, False, 0, 1, 2, 5, 6, 10, -3, 1.5, 2.0, 1e30, "", "a", "ab", "abc", "x1", "aaaaaa", "ü€"]
        )
    if which == 5:
        return [value(chance, depth + 1) for _ in range(chance.randrange(4))]
    return {name: value(chance, depth + 1) for name in chance.sample(NAMES, chance.randrange(4))}


def schema(chance: random.Random, newer: bool, depth: int = 0, but: str = "") -> Schema:
    """Returns a schema of a few keywords, `but` not among them."""
    if depth > 3 or chance.random() < 0.1:
        return chance.choice([True, False, {}, {"type": chance.choice(TYPES)}])
    inner = lambda: schema(chance, newer, depth + 1, but)  # noqa: E731
    some = lambda: [inner() for _ in range(chance.randrange(1, 4))]  # noqa: E731
    number = lambda: chance.choice([0, 1, 2, 3, 5, 1.5])  # noqa: E731
    count = lambda: chance.randrange(4)  # noqa: E731
    keywords = {
        "type": lambda: chance.choice([chance.choice(TYPES), chance.sample(TYPES, 3)]),
        "enum": lambda: [value(chance, 3) for _ in range(3)],
        "const": lambda: value(chance, 3),
        "maximum": number,
        "exclusiveMaximum": number,
        "minimum": number,
        "exclusiveMinimum": number,
        "multipleOf": lambda: chance.choice([1, 2, 0.5, 3]),
        "maxLength": count,
        "minLength": count,
        "pattern": lambda: chance.choice(["^a", "b$", "^[a-z]+$", "^a{2,}$", "1|ü"]),
        "maxItems": count,
        "minItems": count,
        "items": inner,
        "uniqueItems": lambda: True,
        ("prefixItems" if newer else "items"): lambda: some() if newer or chance.random() < 0.5 else inner(),
        "maxProperties": count,
        "minProperties": count,
        "required": lambda: chance.sample(NAMES, 2),
        "properties": lambda: {name: inner() for name in chance.sample(NAMES, 2)},
        "patternProperties": lambda: {"^x": inner()},
        "additionalProperties": inner,
        "anyOf": some,
        "oneOf": some,
        "allOf": some,
        "not": inner,
        "contains": inner,
        "propertyNames": lambda: {"maxLength": 1},
        "$ref": lambda: "#/definitions/other",
    }
    known = sorted(keywords.keys() - {but})
    made = {keyword: keywords[keyword]() for keyword in chance.sample(known, chance.randrange(1, 4))}
    if isinstance(made.get("items"), list) and chance.random() < 0.5:
        made["additionalItems"] = inner()
    return made


def document(chance: random.Random, draft: str, but: str = "") -> Schema:
    made = schema(chance, "2020" in draft, but=but)
    if isinstance(made, bool):
        return made
    # What is referred to refers to nothing: references that go round in a ring have no end in Python.
    other = {"type": chance.choice(TYPES), "maximum": 3}
    return {**made, "$schema": draft, "definitions": {"other": other}}


def changed(chance: random.Random, node: Schema) -> Schema:
    """Returns a schema with something in it added, removed or replaced."""
    node = copy.deepcopy(node)
    places = []

    def walk(one: Schema) -> None:
        if isinstance(one, dict):
            places.append(one)
            for key, inner in one.items():
                if key != "definitions":
                    walk(inner)
        elif isinstance(one, list):
            for inner in one:
                walk(inner)

    walk(node)
    for _ in range(chance.randrange(1, 3) if places else 0):
        place = chance.choice(places)
        keywords = [key for key in place if key not in ("$schema", "definitions")]
        if keywords and chance.random() < 0.6:
            key = chance.choice(keywords)
            if isinstance(place[key], int) and not isinstance(place[key], bool):
                place[key] += chance.choice([1, -1]) if place[key] > 1 else 1
            elif isinstance(place[key], list) and len(place[key]) > 1:
                place[key].pop()
            else:
                del place[key]
        elif "$schema" in place or "type" in place:
            extra = schema(chance, "2020" in node.get("$schema", ""), 2, "oneOf")
            if isinstance(extra, dict):
                place.update(extra)
    if places and chance.random() < 0.3:
        node["definitions"]["other"]["maximum"] += chance.choice([-1, 1])
    return node


def question(text: Schema) -> dict[str, Any]:
    return {"type": "JSON", "schema": json.dumps(text)}


@pytest.mark.parametrize("draft", sorted(DRAFTS))
def test_what_is_accepted_is_accepted_in_python(driver: Driver, seed: random.Random, draft: str) -> None:
    accepted = refused = 0
    for _ in range(250):
        text = document(seed, draft)
        judge = DRAFTS[draft](text)
        for _ in range(8):
            one = value(seed)
            answer = driver.ask(**question(text), encode=one)
            assert ("bytes" in answer) == judge.is_valid(one), f"{text} {one} {answer}"
            if "bytes" in answer:
                accepted += 1
                assert json.loads(base64.b64decode(answer["bytes"])) == one
                assert driver.right(**question(text), decode=answer["bytes"]) == one
            else:
                refused += 1
                # One of the problems that Python finds is at that place, or at the property that is missing there.
                paths = ["".join(f"/{part}" for part in error.absolute_path) for error in judge.iter_errors(one)]
                assert any(answer["path"].startswith(path) for path in paths), f"{text} {one} {answer} {paths}"
    assert accepted > 100
    assert refused > 100


@pytest.mark.parametrize("draft", sorted(DRAFTS))
def test_a_schema_without_problems_accepts_what_was_accepted(driver: Driver, seed: random.Random, draft: str) -> None:
    readable = told = 0
    for _ in range(400):
        # That a value comes to fit two schemas of a `oneOf` is not looked for, as Confluent's registry does not.
        writer = document(seed, draft, but="oneOf")
        reader = changed(seed, writer)
        if "fault" in driver.ask(**question(reader)):
            continue
        problems = driver.right(**question(reader), writer=json.dumps(writer))
        told += bool(problems)
        if problems:
            continue
        readable += 1
        old, new = DRAFTS[draft](writer), DRAFTS[draft](reader)
        for _ in range(60):
            one = value(seed)
            assert new.is_valid(one) or not old.is_valid(one), f"{writer}\n{reader}\n{one}"
    assert readable > 40
    assert told > 40


def test_a_schema_reads_itself(driver: Driver, seed: random.Random) -> None:
    for _ in range(200):
        text = document(seed, seed.choice(sorted(DRAFTS)))
        assert driver.right(**question(text), writer=json.dumps(text)) == [], text
