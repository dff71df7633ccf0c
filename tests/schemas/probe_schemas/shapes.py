"""One order in each format: its schema, and its value as each client spells it."""

from __future__ import annotations

import datetime
import decimal
import functools
import json
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import grpc_tools
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
from google.protobuf.message import Message
from grpc_tools import protoc

BIG = 2**62 + 3
"""No float holds it."""
RAW = b"\x00\x01\xff"
INSTANT = datetime.datetime(2026, 1, 2, 3, 4, 5, 678000, tzinfo=datetime.timezone.utc)
MILLIS = 1767323045678


@dataclass(frozen=True)
class Shape:
    """A schema, and one value under it in three spellings."""

    format: str
    """As directives call it."""
    type: str
    """As registries call it."""
    text: str
    record: str
    """The full name of the record."""
    ours: Any
    """The value as this project gives it."""
    python: Any
    """The value as confluent-kafka takes and gives it; a message of Protobuf by its canonical JSON."""
    java: Any
    """The value in the JSON encoding of the format's own library."""
    references: tuple[tuple[str, str, int], ...] = ()
    """What the schema refers to: (name, subject, version)."""

    def message(self) -> type[Message]:
        """Returns the class that protoc generates, for Protobuf."""
        return message_class(self.text, self.record)


AVRO = Shape(
    "avro",
    "AVRO",
    json.dumps(
        {
            "type": "record",
            "name": "Order",
            "namespace": "ex.avro",
            "fields": [
                {"name": "id", "type": "long"},
                {"name": "total", "type": "double"},
                {"name": "amount", "type": {"type": "bytes", "logicalType": "decimal", "precision": 12, "scale": 2}},
                {"name": "at", "type": {"type": "long", "logicalType": "timestamp-millis"}},
                {"name": "note", "type": ["null", "string"], "default": None},
                {"name": "kind", "type": {"type": "enum", "name": "Kind", "symbols": ["NEW", "OLD"]}},
                {"name": "raw", "type": "bytes"},
                {"name": "tags", "type": {"type": "array", "items": "string"}},
                {"name": "counts", "type": {"type": "map", "values": "long"}},
                {
                    "name": "place",
                    "type": [
                        "null",
                        {"type": "record", "name": "Address", "fields": [{"name": "city", "type": "string"}]},
                    ],
                    "default": None,
                },
            ],
        }
    ),
    "ex.avro.Order",
    ours={
        "id": BIG,
        "total": 12.5,
        "amount": "12.30",
        "at": MILLIS,
        "note": "naïve",
        "kind": "NEW",
        "raw": "AAH/",
        "tags": ["a", "b"],
        "counts": {"a": BIG},
        "place": {"city": "Bern"},
    },
    python={
        "id": BIG,
        "total": 12.5,
        "amount": decimal.Decimal("12.30"),
        "at": INSTANT,
        "note": "naïve",
        "kind": "NEW",
        "raw": RAW,
        "tags": ["a", "b"],
        "counts": {"a": BIG},
        "place": {"city": "Bern"},
    },
    java={
        "id": BIG,
        "total": 12.5,
        "amount": "\u0004\u00ce",  # 1230, two places behind the point
        "at": MILLIS,
        "note": {"string": "naïve"},
        "kind": "NEW",
        "raw": RAW.decode("latin-1"),
        "tags": ["a", "b"],
        "counts": {"a": BIG},
        "place": {"ex.avro.Address": {"city": "Bern"}},
    },
)

_CANONICAL = {
    "id": str(BIG),
    "total": 12.5,
    "raw": "AAH/",
    "kind": "NEW",
    "tags": ["a", "b"],
    "counts": {"a": str(BIG)},
    "card": "4242",
    "place": {"city": "Bern"},
    "at": "2026-01-02T03:04:05.678Z",
    "note": "naïve",
}
PROTOBUF = Shape(
    "protobuf",
    "PROTOBUF",
    """syntax = "proto3";
package ex.proto;

import "google/protobuf/timestamp.proto";

message Other {
  string name = 1;
}

message Order {
  int64 id = 1;
  double total = 2;
  bytes raw = 3;
  Kind kind = 4;
  repeated string tags = 5;
  map<string, int64> counts = 6;
  oneof payment {
    string card = 7;
    int32 cash = 8;
  }
  Address place = 9;
  google.protobuf.Timestamp at = 10;
  optional string note = 11;

  message Address {
    string city = 1;
  }

  enum Kind {
    NEW = 0;
    OLD = 1;
  }
}
""",
    "ex.proto.Order",
    ours={**_CANONICAL, "id": BIG, "counts": {"a": BIG}},
    # NEW is the default, which canonical JSON leaves out.
    python={name: value for name, value in _CANONICAL.items() if name != "kind"},
    java={name: value for name, value in _CANONICAL.items() if name != "kind"},
)

_PLAIN = {"id": BIG, "total": 12.5, "note": "naïve", "tags": ["a", "b"], "place": {"city": "Bern"}, "gone": None}
JSON_SCHEMA = Shape(
    "json-schema",
    "JSON",
    json.dumps(
        {
            "$schema": "http://json-schema.org/draft-07/schema#",
            "title": "Order",
            "type": "object",
            "properties": {
                "id": {"type": "integer"},
                "total": {"type": "number"},
                "note": {"type": "string"},
                "tags": {"type": "array", "items": {"type": "string"}},
                "place": {"type": "object", "properties": {"city": {"type": "string"}}},
                "gone": {"type": "null"},
            },
            "required": ["id"],
        }
    ),
    "Order",
    ours=_PLAIN,
    python=_PLAIN,
    java=_PLAIN,
)

SHAPES = {shape.format: shape for shape in (AVRO, PROTOBUF, JSON_SCHEMA)}


def avro(
    name: str, fields: dict[str, Any], value: Any = None, references: tuple[tuple[str, str, int], ...] = ()
) -> Shape:
    """Returns a record of Avro in the namespace `ex`, of fields by name, whose value all spell alike.

    A field is its type, or `(type, default)`.
    """
    listed = [
        {"name": field, "type": kind[0], "default": kind[1]}
        if isinstance(kind, tuple)
        else {"name": field, "type": kind}
        for field, kind in fields.items()
    ]
    text = json.dumps({"type": "record", "name": name, "namespace": "ex", "fields": listed})
    return Shape("avro", "AVRO", text, f"ex.{name}", value, value, value, references)


@functools.cache
def message_class(text: str, name: str) -> type[Message]:
    """Returns the class of a message, as protoc compiles the text."""
    includes = Path(grpc_tools.__file__).parent / "_proto"
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "order.proto").write_text(text)
        out = Path(folder, "descriptors")
        words = ["protoc", f"-I{folder}", f"-I{includes}", "--include_imports", f"--descriptor_set_out={out}"]
        assert protoc.main([*words, "order.proto"]) == 0, "protoc refused the schema"
        files = descriptor_pb2.FileDescriptorSet.FromString(out.read_bytes())
    pool = descriptor_pool.DescriptorPool()  # its own, so that two schemas may define one name
    for file in files.file:
        pool.Add(file)
    return message_factory.GetMessageClass(pool.FindMessageTypeByName(name))
