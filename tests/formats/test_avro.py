"""Avro beside fastavro, on generated schemas and values: bytes, values, and what a reader makes of a writer."""

from __future__ import annotations

import base64
import copy
import datetime
import decimal
import io
import json
import math
import random
import struct
import uuid
from typing import Any, Callable

import fastavro
import pytest

from conftest import Driver

Schema = Any
Value = Any
EPOCH = datetime.datetime(1970, 1, 1, tzinfo=datetime.timezone.utc)
LETTERS = 'aZ"\\\n/~ü€\U0001f600'
# 2000-01-01 to 2100-01-01, which datetime and nanoseconds both hold.
SECONDS = (946_684_800, 4_102_444_800)


class Names:
    """Names that are used once."""

    def __init__(self) -> None:
        self.count = 0

    def new(self, start: str) -> str:
        self.count += 1
        return f"ns.{start}{self.count}"


def text(chance: random.Random) -> str:
    return "".join(chance.choices(LETTERS, k=chance.randrange(8)))


def float32(value: float) -> float:
    narrow: float = struct.unpack("<f", struct.pack("<f", value))[0]
    return narrow


PLAIN: dict[str, Callable[[random.Random], Value]] = {
    "null": lambda chance: None,
    "boolean": lambda chance: chance.random() < 0.5,
    "int": lambda chance: chance.randrange(-(2**31), 2**31) >> chance.randrange(32),
    "long": lambda chance: chance.randrange(-(2**63), 2**63) >> chance.randrange(64),
    "float": lambda chance: float32(chance.choice([chance.random(), chance.uniform(-1e9, 1e9), math.inf])),
    "double": lambda chance: chance.choice([chance.random(), chance.uniform(-1e300, 1e300), -math.inf]),
    "bytes": lambda chance: chance.randbytes(chance.randrange(8)),
    "string": text,
}


def logical(chance: random.Random, names: Names) -> Schema:
    """Returns a schema with a logical type."""
    precision = chance.randrange(3, 30)
    amount = {"logicalType": "decimal", "precision": precision, "scale": chance.randrange(3)}
    name = names.new("L")
    return chance.choice(
        [
            {"type": "bytes", **amount},
            {"type": "fixed", "name": name, "size": 14, **amount},
            {"type": "int", "logicalType": "date"},
            {"type": "int", "logicalType": "time-millis"},
            {"type": "long", "logicalType": "time-micros"},
            {"type": "long", "logicalType": "timestamp-millis"},
            {"type": "long", "logicalType": "timestamp-micros"},
            {"type": "long", "logicalType": "local-timestamp-millis"},
            {"type": "string", "logicalType": "uuid"},
        ]
    )


def schema(chance: random.Random, names: Names, depth: int) -> Schema:
    """Returns a schema. A value of its unions can be meant for one branch alone."""
    kinds = ["plain", "plain", "logical", "enum", "fixed"]
    kind = chance.choice(kinds + ["array", "map", "union", "record", "record"] * (depth > 0))
    if kind == "plain":
        return chance.choice(list(PLAIN))
    if kind == "logical":
        return logical(chance, names)
    if kind == "enum":
        return {"type": "enum", "name": names.new("E"), "symbols": ["A", "B", "C"]}
    if kind == "fixed":
        return {"type": "fixed", "name": names.new("F"), "size": chance.randrange(1, 6)}
    if kind == "array":
        return {"type": "array", "items": schema(chance, names, depth - 1)}
    if kind == "map":
        return {"type": "map", "values": schema(chance, names, depth - 1)}
    if kind == "union":
        rest = [chance.choice(["int", "long", "double"]), "string", {"type": "array", "items": "string"}]
        rest += [record(chance, names, depth - 1), "boolean"]
        branches = ["null", *chance.sample(rest, k=chance.randrange(1, len(rest)))]
        chance.shuffle(branches)
        return branches
    return record(chance, names, depth)


def record(chance: random.Random, names: Names, depth: int) -> Schema:
    fields = [{"name": f"f{place}", "type": schema(chance, names, depth - 1)} for place in range(chance.randrange(5))]
    return {"type": "record", "name": names.new("R"), "fields": fields}


def value(chance: random.Random, of: Schema) -> Value:
    """Returns a value as fastavro takes it."""
    if isinstance(of, list):
        found = value(chance, chance.choice(of))
        # The text of an infinity is meant for a string, where the union has one.
        return 0.5 if isinstance(found, float) and math.isinf(found) else found
    if isinstance(of, str):
        return PLAIN[of](chance)
    known = of.get("logicalType")
    if known == "decimal":
        number = decimal.Decimal(chance.randrange(10 ** of["precision"])).scaleb(-of["scale"], decimal.Context(50))
        return number.copy_negate() if chance.random() < 0.5 else number
    if known == "uuid":
        return uuid.UUID(int=chance.getrandbits(128))
    if known == "date":
        return datetime.date.fromordinal(chance.randrange(1, 3_000_000))
    if known and known.startswith("time-"):
        step = 1000 if known == "time-millis" else 1
        return (
            datetime.datetime.min + datetime.timedelta(microseconds=chance.randrange(86_400_000_000) // step * step)
        ).time()
    if known:
        step = 1000 if known.endswith("millis") else 1
        count = chance.randrange(SECONDS[0] * 10**6, SECONDS[1] * 10**6) // step * step
        moment = EPOCH + datetime.timedelta(microseconds=count)
        return moment.replace(tzinfo=None) if known.startswith("local") else moment
    kind = of["type"]
    if kind == "enum":
        return chance.choice(of["symbols"])
    if kind == "fixed":
        return chance.randbytes(of["size"])
    if kind == "array":
        return [value(chance, of["items"]) for _ in range(chance.randrange(4))]
    if kind == "map":
        return {key: value(chance, of["values"]) for key in sorted({text(chance) for _ in range(chance.randrange(4))})}
    return {field["name"]: value(chance, field["type"]) for field in of["fields"]}


def micros(moment: datetime.timedelta) -> int:
    return (moment.days * 86_400 + moment.seconds) * 10**6 + moment.microseconds


def plain(found: Value) -> Value:
    """Returns what fastavro has in our JSON, where the type of the value alone says it."""
    if isinstance(found, dict):
        return {key: plain(inner) for key, inner in found.items()}
    if isinstance(found, list):
        return [plain(inner) for inner in found]
    if isinstance(found, bytes):
        return base64.b64encode(found).decode()
    if isinstance(found, float) and math.isinf(found):
        return "Infinity" if found > 0 else "-Infinity"
    if isinstance(found, decimal.Decimal):
        return f"{found:f}"
    if isinstance(found, uuid.UUID):
        return str(found)
    return found


def shown(of: Schema, found: Value) -> Value:
    """Returns what fastavro has in our JSON."""
    if isinstance(of, list):
        # A value of our unions is plain, but for records, which a union has one of.
        inner = next((branch for branch in of if isinstance(branch, dict) and branch["type"] == "record"), None)
        return shown(inner, found) if isinstance(found, dict) and inner else plain(found)
    if of == "float":
        return plain(found) if math.isinf(found) else float(f"{float32(found):.9g}")
    if isinstance(of, str) or found is None:
        return plain(found)
    known = of.get("logicalType")
    if known == "date":
        return (found - EPOCH.date()).days
    if known and known.startswith("time-"):
        count = micros(datetime.datetime.combine(datetime.date.min, found) - datetime.datetime.min)
        return count // 1000 if known == "time-millis" else count
    if known and "timestamp" in known:
        count = micros(found - (EPOCH if found.tzinfo else EPOCH.replace(tzinfo=None)))
        return count // 1000 if known.endswith("millis") else count
    kind = of["type"]
    if kind == "array":
        return [shown(of["items"], inner) for inner in found]
    if kind == "map":
        return {key: shown(of["values"], inner) for key, inner in found.items()}
    if kind == "record":
        return {field["name"]: shown(field["type"], found[field["name"]]) for field in of["fields"]}
    return plain(found)


def narrowed(of: Schema, ours: Value) -> Value:
    """Returns our value with floats as doubles of nine digits, which tell all floats apart."""
    if of == "float":
        return ours if isinstance(ours, str) else float(f"{float32(ours):.9g}")
    if isinstance(of, dict) and ours is not None:
        if of["type"] == "array":
            return [narrowed(of["items"], inner) for inner in ours]
        if of["type"] == "map":
            return {key: narrowed(of["values"], inner) for key, inner in ours.items()}
        if of["type"] == "record":
            return {field["name"]: narrowed(field["type"], ours[field["name"]]) for field in of["fields"]}
    if isinstance(of, list) and isinstance(ours, dict):
        return narrowed(next(branch for branch in of if isinstance(branch, dict) and branch["type"] == "record"), ours)
    return ours


def theirs(of: Schema, found: Value) -> bytes:
    out = io.BytesIO()
    fastavro.schemaless_writer(out, of, found)
    return out.getvalue()


def test_bytes_and_values_are_those_of_fastavro(driver: Driver, seed: random.Random) -> None:
    for _ in range(500):
        of = schema(seed, Names(), 3)
        written = json.dumps(of)
        parsed = fastavro.parse_schema(copy.deepcopy(of))
        for _ in range(3):
            found = value(seed, of)
            payload = theirs(parsed, found)
            expected = shown(of, found)
            encoded = base64.b64encode(payload).decode()
            ours = driver.right(type="AVRO", schema=written, decode=encoded)
            assert narrowed(of, ours) == expected, written
            assert driver.right(type="AVRO", schema=written, encode=ours) == encoded, f"{ours} of {written}"


def evolved(chance: random.Random, of: Schema) -> Schema:
    """Returns what a later version of a schema may look like; most of them read the first one."""
    wider = {"int": ["long", "double"], "long": ["double"], "float": ["double"], "string": ["bytes"]}
    if isinstance(of, str):
        if chance.random() < 0.1:
            return chance.choice([kind for kind in PLAIN if (of, kind) != ("bytes", "string")])  # by luck alone
        return chance.choice([*wider.get(of, []), of])
    if isinstance(of, list):
        grown = [evolved(chance, branch) if isinstance(branch, dict) else branch for branch in of]
        return grown + (["bytes"] if chance.random() < 0.3 else [])
    if of["type"] == "array":
        return {"type": "array", "items": evolved(chance, of["items"])}
    if of["type"] == "map":
        return {"type": "map", "values": evolved(chance, of["values"])}
    if of["type"] == "enum" and chance.random() < 0.5:
        return {**of, "symbols": ["C", "B"], **({"default": "B"} if chance.random() < 0.7 else {})}
    if of["type"] != "record":
        return of
    fields = [{**field, "type": evolved(chance, field["type"])} for field in of["fields"] if chance.random() < 0.8]
    for field in fields:
        if chance.random() < 0.2:
            field.update(name=field["name"] + "x", aliases=[field["name"]])
    if chance.random() < 0.5:
        added = {"name": "added", "type": {"type": "array", "items": "int"}}
        fields.append({**added, "default": [1, 2]} if chance.random() < 0.8 else added)
    chance.shuffle(fields)
    return {**of, "fields": fields}


def test_a_reader_sees_what_fastavro_s_reader_sees(driver: Driver, seed: random.Random) -> None:
    read = refused = 0
    for _ in range(500):
        of = record(seed, Names(), 3)
        later = evolved(seed, of)
        found = value(seed, of)
        payload = theirs(fastavro.parse_schema(copy.deepcopy(of)), found)
        texts = {"schema": json.dumps(of), "reader": json.dumps(later)}
        answer = driver.ask(type="AVRO", decode=base64.b64encode(payload).decode(), **texts)
        problems = driver.right(type="AVRO", schema=texts["reader"], writer=texts["schema"])
        try:
            expected = fastavro.schemaless_reader(io.BytesIO(payload), copy.deepcopy(of), copy.deepcopy(later))
        except Exception:
            # fastavro looks at types, also where the value has none of it, as in an empty list.
            assert problems, f"{answer} {texts}"
            refused += 1
            continue
        assert "fault" not in answer, f"{answer} {texts}"
        assert narrowed(later, answer["value"]) == shown(later, expected), texts
        read += 1
    assert read > 100, "enough was read to mean something"
    assert refused > 10, "enough was refused to mean something"


@pytest.mark.parametrize("of", ["int", ["null", "string"], {"type": "map", "values": "long"}])
def test_bytes_that_fastavro_refuses_are_a_fault(driver: Driver, of: Schema) -> None:
    answer = driver.ask(type="AVRO", schema=json.dumps(of), decode=base64.b64encode(b"\xff").decode())
    with pytest.raises((EOFError, IndexError)):
        fastavro.schemaless_reader(io.BytesIO(b"\xff"), of, None)
    assert "fault" in answer
