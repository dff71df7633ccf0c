"""Protobuf beside Google's runtime and compiler: bytes, JSON, message indexes, and what is refused."""

from __future__ import annotations

import base64
import io
import math
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from confluent_kafka.schema_registry.common.protobuf import _create_index_array
from confluent_kafka.schema_registry.protobuf import ProtobufSerializer
from google.protobuf import descriptor_pb2, descriptor_pool, json_format, message_factory
from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.message import DecodeError, Message
from grpc_tools import protoc
from proto_schemas import INCLUDES, SCHEMAS, WITHOUT_MAPS

from conftest import Driver

Value = Any
LETTERS = 'aZ"\\\n/~ü€\U0001f600'
EDGES = [0, 1, -1, 127, 128, 2**31 - 1, -(2**31), 2**32 - 1, 2**53 + 1, 2**63 - 1, -(2**63), 2**64 - 1]


class Compiled:
    """A file, compiled by protoc, with its text."""

    def __init__(self, text: str, folder: Path) -> None:
        self.text = text
        (folder / "schema.proto").write_text(text, encoding="utf-8")
        out = folder / "set"
        includes = [f"-I{path}" for path in [folder, *INCLUDES]]
        arguments = ["protoc", *includes, "--include_imports", f"--descriptor_set_out={out}", "schema.proto"]
        assert protoc.main(arguments) == 0
        files = descriptor_pb2.FileDescriptorSet.FromString(out.read_bytes())
        self.pool = descriptor_pool.DescriptorPool()
        for file in files.file:
            self.pool.Add(file)
        self.serialized = base64.b64encode(files.file[-1].SerializeToString()).decode()
        self.file = self.pool.FindFileByName("schema.proto")

    def new(self, name: str) -> Message:
        made: Message = message_factory.GetMessageClass(self.pool.FindMessageTypeByName(name))()
        return made

    def messages(self) -> Iterator[Descriptor]:
        """Returns every message that is declared, without the entries of maps."""
        waiting = list(self.file.message_types_by_name.values())
        while waiting:
            one = waiting.pop(0)
            if not one.GetOptions().map_entry:
                yield one
            waiting += one.nested_types


@pytest.fixture(scope="session", params=sorted(SCHEMAS))
def schema(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Compiled:
    return Compiled(SCHEMAS[request.param], tmp_path_factory.mktemp("proto"))


def integer(chance: random.Random, least: int, most: int) -> int:
    if chance.random() < 0.4:
        return chance.choice([edge for edge in EDGES if least <= edge <= most])
    return chance.randrange(least, most + 1) >> chance.randrange(64)


def scalar(chance: random.Random, field: FieldDescriptor) -> Any:
    kind = field.cpp_type
    if kind == FieldDescriptor.CPPTYPE_ENUM:
        return chance.choice(list(field.enum_type.values)).number
    if kind in (FieldDescriptor.CPPTYPE_DOUBLE, FieldDescriptor.CPPTYPE_FLOAT):
        wide = kind == FieldDescriptor.CPPTYPE_DOUBLE
        return chance.choice([0.0, -0.0, 0.1, 1e300 if wide else 1e30, chance.random(), math.inf, -math.inf])
    if kind == FieldDescriptor.CPPTYPE_BOOL:
        return chance.random() < 0.5
    if field.type == FieldDescriptor.TYPE_BYTES:
        return chance.randbytes(chance.randrange(8))
    if kind == FieldDescriptor.CPPTYPE_STRING:
        return "".join(chance.choices(LETTERS, k=chance.randrange(8)))
    return {
        FieldDescriptor.CPPTYPE_INT32: lambda: integer(chance, -(2**31), 2**31 - 1),
        FieldDescriptor.CPPTYPE_INT64: lambda: integer(chance, -(2**63), 2**63 - 1),
        FieldDescriptor.CPPTYPE_UINT32: lambda: integer(chance, 0, 2**32 - 1),
        FieldDescriptor.CPPTYPE_UINT64: lambda: integer(chance, 0, 2**64 - 1),
    }[kind]()


def fill_known(chance: random.Random, message: Any, name: str, new: Any, depth: int) -> bool:
    """Fills a message whose fields may not hold just anything."""
    if name in ("Timestamp", "Duration"):
        message.seconds = chance.choice([0, 1, -1, 1_767_323_045, -62_135_596_800, 253_402_300_799])
        below = message.seconds < 0 and name == "Duration"
        message.nanos = chance.choice([0, 1, 500_000_000, 999_999_999, 1_000]) * (-1 if below else 1)
    elif name == "FieldMask":
        message.paths.extend(chance.choices(["a", "foo_bar", "foo.bar_baz"], k=chance.randrange(3)))
    elif name == "Any":
        inner = new(chance.choice(["google.protobuf.Duration", "google.protobuf.StringValue", "p.Plain"]))
        fill(chance, inner, new, depth + 1)
        message.type_url = f"type.googleapis.com/{inner.DESCRIPTOR.full_name}"
        message.value = inner.SerializeToString(deterministic=True)
    elif name == "Value":
        which = chance.randrange(6 if depth < 5 else 4)
        if which == 0:
            message.null_value = 0
        elif which == 1:
            message.number_value = chance.choice([0.0, 1.5, -3.0])
        elif which == 2:
            message.string_value = "".join(chance.choices(LETTERS, k=3))
        elif which == 3:
            message.bool_value = chance.random() < 0.5
        elif which == 4:
            fill(chance, message.struct_value, new, depth + 1)
            message.struct_value.SetInParent()
        else:
            fill(chance, message.list_value, new, depth + 1)
            message.list_value.SetInParent()
    else:
        return False
    return True


def fill(chance: random.Random, message: Any, new: Any, depth: int = 0) -> None:
    descriptor = message.DESCRIPTOR
    is_google = descriptor.full_name.startswith("google.protobuf.")
    if is_google and fill_known(chance, message, descriptor.name, new, depth):
        return
    for field in descriptor.fields:
        is_message = field.cpp_type == FieldDescriptor.CPPTYPE_MESSAGE
        if not field.is_required and (chance.random() < 0.4 or (is_message and depth > 3)):
            continue
        if is_message and field.message_type.GetOptions().map_entry:
            key, value = field.message_type.fields
            for _ in range(chance.randrange(3)):
                if value.cpp_type == FieldDescriptor.CPPTYPE_MESSAGE:
                    fill(chance, getattr(message, field.name)[scalar(chance, key)], new, depth + 1)
                else:
                    getattr(message, field.name)[scalar(chance, key)] = scalar(chance, value)
        elif field.is_repeated:
            for _ in range(chance.randrange(4)):
                if is_message:
                    fill(chance, getattr(message, field.name).add(), new, depth + 1)
                else:
                    getattr(message, field.name).append(scalar(chance, field))
        elif is_message:
            getattr(message, field.name).SetInParent()
            fill(chance, getattr(message, field.name), new, depth + 1)
        else:
            setattr(message, field.name, scalar(chance, field))


def same(ours: Value, theirs: Value) -> bool:
    """Google's JSON has 64-bit integers as text."""
    if isinstance(ours, dict) and isinstance(theirs, dict):
        return ours.keys() == theirs.keys() and all(same(ours[key], theirs[key]) for key in ours)
    if isinstance(ours, list) and isinstance(theirs, list):
        return len(ours) == len(theirs) and all(map(same, ours, theirs))
    if isinstance(ours, int) and not isinstance(ours, bool) and isinstance(theirs, str):
        return str(ours) == theirs
    if isinstance(ours, float) and abs(ours) < 1e-37:
        # In single precision: the fewest digits that mean it, of which Google writes six at least.
        return isinstance(theirs, float) and math.isclose(ours, theirs, rel_tol=0.5, abs_tol=1e-45)
    return bool(ours == theirs) and isinstance(ours, bool) == isinstance(theirs, bool)


def shown(message: Message, pool: descriptor_pool.DescriptorPool, names: bool = True) -> Value:
    """Returns Google's JSON of a message."""
    return json_format.MessageToDict(
        message, preserving_proto_field_name=names, always_print_fields_with_no_presence=True, descriptor_pool=pool
    )


def is_same(schema: Compiled, message: Message, ours: bytes, theirs: bytes) -> bool:
    """Returns whether bytes are the same. Entries of maps are in nobody's order, also within an `Any`."""
    again = schema.new(message.DESCRIPTOR.full_name)
    again.ParseFromString(ours)
    return ours == theirs or (len(ours) == len(theirs) and shown(again, schema.pool) == shown(message, schema.pool))


def question(schema: Compiled) -> dict[str, Any]:
    return {"type": "PROTOBUF", "schema": schema.text}


def test_bytes_and_json_are_googles(driver: Driver, seed: random.Random, schema: Compiled) -> None:
    for _ in range(150):
        message = schema.new(next(schema.messages()).full_name)
        fill(seed, message, schema.new)
        payload = b"\0" + message.SerializeToString(deterministic=True)
        value = driver.right(**question(schema), decode=base64.b64encode(payload).decode())
        theirs = shown(message, schema.pool)
        assert same(value, theirs), f"{value}\n{theirs}"
        for form in (value, theirs, shown(message, schema.pool, names=False)):
            written = base64.b64decode(driver.right(**question(schema), encode=form))
            assert is_same(schema, message, written[1:], payload[1:]), form
        # The compiled form of the file does as well as its text.
        other = {"type": "PROTOBUF", "schema": schema.serialized}
        assert driver.right(**other, decode=base64.b64encode(payload).decode()) == value


def test_one_field_is_what_it_is_within_the_whole(driver: Driver, seed: random.Random, schema: Compiled) -> None:
    for _ in range(100):
        message = schema.new(next(schema.messages()).full_name)
        fill(seed, message, schema.new)
        payload = base64.b64encode(b"\0" + message.SerializeToString()).decode()
        value = driver.right(**question(schema), decode=payload)
        for name in value:
            field = driver.right(**question(schema), decode=payload, field=f"/{name}")
            assert field == value[name], name


def test_damaged_bytes_are_refused_where_google_refuses_them(
    driver: Driver, seed: random.Random, tmp_path: Path
) -> None:
    # Of the rest Google's runtime for Python makes something else than the one for Java: it hides an entry of a map
    # that has an unknown field and an unknown value of an enum of proto2. And it reads timestamps that are none.
    schema = Compiled(WITHOUT_MAPS, tmp_path)
    refused = 0
    for _ in range(500):
        message = schema.new(next(schema.messages()).full_name)
        fill(seed, message, schema.new, 2)
        damaged = bytearray(message.SerializeToString())
        for _ in range(seed.randrange(1, 4)):
            at = seed.randrange(len(damaged) + 1)
            damaged[at : at + seed.randrange(3)] = seed.randbytes(seed.randrange(3))
        answer = driver.ask(**question(schema), decode=base64.b64encode(b"\0" + damaged).decode())
        try:
            message.Clear()
            message.ParseFromString(bytes(damaged))
            theirs = shown(message, schema.pool)
        except DecodeError:
            assert "fault" in answer, bytes(damaged).hex()
            refused += 1
            continue
        assert same(answer.get("value"), theirs), f"{bytes(damaged)!r} {answer} {theirs}"
    assert 25 < refused < 475


def test_message_indexes_are_confluents(driver: Driver, schema: Compiled) -> None:
    for descriptor in schema.messages():
        out = io.BytesIO()
        ProtobufSerializer._encode_varints(out, _create_index_array(descriptor))
        # Confluent's Python client registers the compiled form.
        asked = {"type": "PROTOBUF", "schema": schema.serialized}
        message = schema.new(descriptor.full_name)
        fill(random.Random(1), message, schema.new, 3)
        payload = out.getvalue() + message.SerializeToString(deterministic=True)
        value = driver.right(**asked, decode=base64.b64encode(payload).decode())
        assert same(value, shown(message, schema.pool))
        written = base64.b64decode(driver.right(**asked, encode=value, message=descriptor.full_name))
        assert written.startswith(out.getvalue())
        assert is_same(schema, message, written[out.tell() :], payload[out.tell() :]), descriptor.full_name


@pytest.mark.parametrize("indexes", [[0], [1], [0, 0], [3, 2, 1], [300], [1, 64, 8192]])
def test_indexes_are_written_as_confluent_writes_them(driver: Driver, indexes: list[int]) -> None:
    text = "message M {{ {0} string last = 1; }}"
    body = ""
    for index in reversed(indexes):
        body = "".join(f"message N{number} {{}} " for number in range(index)) + text.format(body)
    out = io.BytesIO()
    ProtobufSerializer._encode_varints(out, indexes)
    name = ".".join("M" for _ in indexes)
    answer = driver.right(type="PROTOBUF", schema=f'syntax = "proto3"; {body}', encode={"last": ""}, message=name)
    assert base64.b64decode(answer) == out.getvalue()
