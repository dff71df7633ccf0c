"""Files that have everything Protobuf has, and where their imports are."""

from __future__ import annotations

from pathlib import Path

import google.type
import grpc_tools

INCLUDES = [Path(grpc_tools.__path__[0], "_proto"), Path(next(iter(google.type.__path__))).parents[1]]

SCALARS = [
    *("double", "float", "int32", "int64", "uint32", "uint64", "sint32", "sint64"),
    *("fixed32", "fixed64", "sfixed32", "sfixed64", "bool", "string", "bytes", "Kind"),
]
KEYS = [kind for kind in SCALARS if kind not in ("double", "float", "bytes", "Kind")]


def numbered(pattern: str, kinds: list[str], start: int) -> str:
    return " ".join(
        pattern.format(kind=kind, number=number, key=kind.lower()) for number, kind in enumerate(kinds, start)
    )


PROTO3 = f"""syntax = "proto3"; package p;
message All {{
  {numbered("{kind} a_{key} = {number};", SCALARS, 1)}
  {numbered("optional {kind} b_{key} = {number};", SCALARS, 21)}
  {numbered("repeated {kind} c_{key} = {number};", SCALARS, 41)}
  {numbered("repeated {kind} d_{key} = {number} [packed = false];", SCALARS[:13], 61)}
  {numbered("map<{kind}, Kind> e_{key} = {number};", KEYS, 81)}
  {numbered("map<string, {kind}> f_{key} = {number};", SCALARS, 101)}
  oneof one {{ {numbered("{kind} g_{key} = {number};", [*SCALARS, "All"], 121)} }}
  All again = 536870911; repeated Nested many = 141; Sub sub = 150;
  map<int32, Nested> by_number = 142;
  message Nested {{ string camelCase = 1; int32 snake_case = 2; repeated All.Nested deeper = 3; bool x1_y = 4; }}
  message Sub {{ message Low {{ int64 n = 1; }}
    map<string, Low> lows = 1;
    message Last {{}} Last last = 2; }}
}}
enum Kind {{ NONE = 0; ONE = 1; LESS = -1; MOST = 2147483647; }}
message Other {{ message Sub {{ All all = 1; }} Sub sub = 1; }}
"""

WITHOUT_MAPS = "\n".join(line for line in PROTO3.splitlines() if "map<" not in line)

PROTO2 = """syntax = "proto2"; package p;
message All {
  required string id = 1; optional int32 number = 2 [default = 7]; repeated sint64 plain = 3;
  repeated sint64 packed = 4 [packed = true]; optional group Group = 5 { required bool set = 6; optional All all = 7; }
  repeated group Many = 8 { optional string text = 9; } optional Kind kind = 10 [default = TWO];
  oneof one { string left = 11; fixed64 right = 12; } map<string, double> map = 13; optional bytes raw = 14;
}
enum Kind { ONE = 1; TWO = 2; }
"""

KNOWN = """syntax = "proto3"; package p;
import "google/protobuf/any.proto"; import "google/protobuf/duration.proto"; import "google/protobuf/empty.proto";
import "google/protobuf/field_mask.proto"; import "google/protobuf/struct.proto";
import "google/protobuf/timestamp.proto"; import "google/protobuf/wrappers.proto";
message All {
  google.protobuf.Timestamp at = 1; google.protobuf.Duration took = 2; google.protobuf.FieldMask mask = 3;
  google.protobuf.Struct struct = 4; google.protobuf.Value value = 5; google.protobuf.ListValue list = 6;
  google.protobuf.Any any = 7; google.protobuf.Empty empty = 8; google.protobuf.DoubleValue w1 = 9;
  google.protobuf.FloatValue w2 = 10; google.protobuf.Int64Value w3 = 11; google.protobuf.UInt64Value w4 = 12;
  google.protobuf.Int32Value w5 = 13; google.protobuf.UInt32Value w6 = 14; google.protobuf.BoolValue w7 = 15;
  google.protobuf.StringValue w8 = 16; google.protobuf.BytesValue w9 = 17; google.protobuf.NullValue null = 18;
  repeated google.protobuf.Timestamp times = 19; map<string, google.protobuf.Value> values = 20;
  repeated google.protobuf.Any anys = 21; oneof one { google.protobuf.Value v = 22; google.protobuf.Int32Value i = 23; }
  repeated google.protobuf.StringValue texts = 24; Plain plain = 25;
}
message Plain { string text = 1; All all = 2; int64 n = 3; }
"""

TYPES = {
    "calendar_period": "CalendarPeriod",
    "color": "Color",
    "date": "Date",
    "datetime": "DateTime",
    "dayofweek": "DayOfWeek",
    "decimal": "Decimal",
    "expr": "Expr",
    "fraction": "Fraction",
    "interval": "Interval",
    "latlng": "LatLng",
    "money": "Money",
    "month": "Month",
    "phone_number": "PhoneNumber",
    "postal_address": "PostalAddress",
    "quaternion": "Quaternion",
    "timeofday": "TimeOfDay",
}
GOOGLE = f"""syntax = "proto3"; package p; {" ".join(f'import "google/type/{name}.proto";' for name in TYPES)}
message All {{ {numbered("google.type.{kind} t_{key} = {number};", list(TYPES.values()), 1)} }}
"""

SCHEMAS = {"proto3": PROTO3, "proto2": PROTO2, "known": KNOWN, "google": GOOGLE}
