//! Protobuf: what comes in as a value goes out as the bytes that everybody else writes, and the other way round.

use std::sync::Arc;

use serde_json::{Value, json};
use test_probe_formats::framing::{self, SchemaId};
use test_probe_formats::{Fault, FaultKind, Reference, Schema, SchemaSource, SchemaType};

fn source(text: &str, references: &[(&str, &str)]) -> SchemaSource {
    let references = references.iter().map(|(name, text)| Reference {
        name: (*name).to_owned(),
        source: Arc::new(SchemaSource::new(SchemaType::Protobuf, *text)),
        at: None,
    });
    SchemaSource { references: references.collect(), ..SchemaSource::new(SchemaType::Protobuf, text) }
}

fn proto(text: &str) -> Schema {
    Schema::parse(&source(text, &[])).unwrap_or_else(|fault| panic!("{fault}"))
}

fn proto3(body: &str) -> Schema {
    proto(&format!("syntax = \"proto3\"; package p; {body}"))
}

fn encode(schema: &Schema, value: &Value) -> Result<Vec<u8>, Fault> {
    let mut out = Vec::new();
    schema.encode(value, None, &mut out)?;
    Ok(out)
}

fn fault(schema: &Schema, value: &Value) -> Fault {
    encode(schema, value).expect_err("the value does not fit")
}

fn round(schema: &Schema, value: &Value) -> Value {
    let bytes = encode(schema, value).unwrap_or_else(|fault| panic!("{fault}"));
    schema.decode(&bytes).unwrap_or_else(|fault| panic!("{fault}"))
}

const ORDER: &str = "
    message Order {
        string id = 1; int64 total = 2; repeated Item items = 3; map<int32, Item> by_place = 4; Kind kind = 5;
        optional string note_text = 6; oneof paid { string card = 7; bool cash = 8; } bytes token = 9; float rate = 10;
        repeated sint32 steps = 11;
    }
    message Item { string name = 1; uint32 count = 2; }
    enum Kind { NONE = 0; RUSH = 1; }";

#[test]
fn a_value_comes_back_with_the_defaults_of_fields_without_presence() {
    let schema = proto3(ORDER);
    let value = json!({
        "id": "o-1", "total": 9_007_199_254_740_993_i64, "items": [{"name": "pen", "count": 2}, {}],
        "by_place": {"-4": {"name": "left"}}, "kind": "RUSH", "noteText": "", "cash": false, "token": "AP+/",
        "rate": 0.1, "steps": [-1, 300],
    });
    let expected = json!({
        "id": "o-1", "total": 9_007_199_254_740_993_i64,
        "items": [{"name": "pen", "count": 2}, {"name": "", "count": 0}],
        "by_place": {"-4": {"name": "left", "count": 0}}, "kind": "RUSH", "note_text": "", "cash": false,
        "token": "AP+/", "rate": 0.1, "steps": [-1, 300],
    });
    assert_eq!(round(&schema, &value), expected);
    let empty = json!({
        "id": "", "total": 0, "items": [], "by_place": {}, "kind": "NONE", "token": "", "rate": 0.0, "steps": [],
    });
    assert_eq!(encode(&schema, &json!({})).unwrap(), [0]);
    assert_eq!(round(&schema, &json!({"note_text": null})), empty);
    assert_eq!(schema.record_name(), Some("p.Order"));
}

#[test]
fn bytes_are_those_of_the_specification() {
    let schema =
        proto3("message A { int32 a = 1; string b = 2; repeated int32 d = 4; A c = 3; sint64 z = 5; }");
    for (value, bytes) in [
        (json!({"a": 150}), vec![0, 0x08, 0x96, 0x01]),
        (json!({"a": -1}), vec![0, 0x08, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01]),
        (json!({"b": "testing"}), b"\x00\x12\x07testing".to_vec()),
        (json!({"c": {"a": 150}}), vec![0, 0x1a, 0x03, 0x08, 0x96, 0x01]),
        (json!({"d": [3, 270, 86942]}), vec![0, 0x22, 0x06, 0x03, 0x8e, 0x02, 0x9e, 0xa7, 0x05]),
        (json!({"z": -2}), vec![0, 0x28, 0x03]),
    ] {
        assert_eq!(encode(&schema, &value).unwrap(), bytes, "{value}");
    }
}

#[test]
fn a_message_is_named_by_its_place_in_the_file() {
    let text = "
        message A { map<string, string> m = 1; message B { string x = 1; message C { string y = 1; } } }
        message D { message B { string z = 1; } }";
    let schema = proto3(text);
    for (name, value, indexes) in [
        (None, json!({"m": {}}), &[0][..]),
        (Some("A"), json!({"m": {}}), &[0]),
        (Some("p.A.B"), json!({"x": ""}), &[4, 0, 0]),
        (Some("C"), json!({"y": ""}), &[6, 0, 0, 0]),
        (Some("D"), json!({}), &[2, 2]),
        (Some("p.D.B"), json!({"z": ""}), &[4, 2, 0]),
    ] {
        let mut out = vec![7];
        schema.encode(&value, name, &mut out).unwrap();
        assert_eq!(out[1..], *indexes, "{name:?}");
        assert_eq!(schema.decode(indexes).unwrap(), value, "{name:?}");
    }
    let ambiguous = schema.encode(&json!({}), Some("B"), &mut Vec::new()).unwrap_err();
    assert_eq!(ambiguous.message, "the message name `B` meant several messages");
    assert_eq!(ambiguous.hint.as_deref(), Some("say which: `p.A.B`, `p.D.B`"));
    let unknown = schema.encode(&json!({}), Some("p.A.Bb"), &mut Vec::new()).unwrap_err();
    assert_eq!(unknown.hint.as_deref(), Some("did you mean `p.A.B`?"));
    let beyond = schema.decode(&[4, 2, 2]).unwrap_err();
    assert_eq!(beyond.message, "the payload held message [1,1] of its schema, which has no such message");
    assert!(
        schema.decode(&[]).is_err() && schema.decode(&[1]).is_err() && schema.decode(&[0xff; 12]).is_err()
    );
}

#[test]
fn an_entry_message_that_is_written_out_counts_and_is_a_map_all_the_same() {
    let schema = proto3(
        "message A { repeated MEntry m = 1; message MEntry { option map_entry = true; string key = 1; int32 value = 2; }
         message B { string x = 1; } }",
    );
    assert_eq!(round(&schema, &json!({"m": {"a": 1}})), json!({"m": {"a": 1}}));
    let mut out = Vec::new();
    schema.encode(&json!({}), Some("B"), &mut out).unwrap();
    assert_eq!(out, [4, 0, 2]);
}

#[test]
fn a_fault_names_the_path_and_what_was_expected() {
    let schema = proto3(ORDER);
    for (value, path, message, hint) in [
        (json!({"items": [{}, {"count": -1}]}), "/items/1/count", "a uint32 was expected, not `-1`", None),
        (json!({"by_place": {"x": {}}}), "/by_place/x", "an int32 was expected, not `\"x\"`", None),
        (json!({"by_place": {"7": {"name": 1}}}), "/by_place/7/name", "a string was expected, not `1`", None),
        (
            json!({"kind": "RUHS"}),
            "/kind",
            "the enum `p.Kind` has no value `RUHS`",
            Some("did you mean `RUSH`?"),
        ),
        (
            json!({"totl": 1}),
            "/totl",
            "the message `p.Order` has no such field",
            Some("did you mean `total`?"),
        ),
        (json!({"total": 1.5}), "/total", "an int64 was expected, not `1.5`", None),
        (json!({"token": "?"}), "/token", "base64 text was expected, not `\"?\"`", None),
        (json!({"rate": 1e300}), "/rate", "a float was expected, not `1e+300`", None),
        (json!({"items": {}}), "/items", "a list was expected, not `{}`", None),
        (json!({"items": [null]}), "/items/0", "an object for `p.Item` was expected, not `null`", None),
        (json!([]), "", "an object for `p.Order` was expected, not `[]`", None),
        (
            json!({"card": "x", "cash": true}),
            "/cash",
            "the field and `card` were both set, of which only one can be",
            None,
        ),
        (
            json!({"note_text": "", "noteText": ""}),
            "/note_text",
            "the field was given in both of its spellings",
            None,
        ),
    ] {
        let fault = fault(&schema, &value);
        assert_eq!(
            (fault.kind, &*fault.path, &*fault.message),
            (FaultKind::Encode, path, message),
            "{value}"
        );
        assert_eq!(fault.hint.as_deref(), hint, "{value}");
    }
    let mut out = vec![1, 2];
    schema.encode(&json!({"id": "x", "total": "y"}), None, &mut out).unwrap_err();
    assert_eq!(out, [1, 2]);
}

#[test]
fn integers_of_64_bits_are_numbers_and_are_read_as_text_too() {
    let schema = proto3("message A { uint64 u = 1; sfixed64 s = 2; fixed32 f = 3; int64 i = 4; }");
    let value = json!({"u": u64::MAX, "s": i64::MIN, "f": u32::MAX, "i": i64::MAX});
    assert_eq!(round(&schema, &value), value);
    let text = json!({"u": "18446744073709551615", "s": "-9223372036854775808", "f": 4_294_967_295.0, "i": "9223372036854775807"});
    assert_eq!(round(&schema, &text), value);
    assert!(encode(&schema, &json!({"i": "9223372036854775808"})).is_err());
    assert!(encode(&schema, &json!({"u": "1x"})).is_err());
}

#[test]
fn well_known_types_have_their_canonical_form() {
    let schema = proto(
        r#"syntax = "proto3"; package p;
        import "google/protobuf/any.proto"; import "google/protobuf/duration.proto";
        import "google/protobuf/field_mask.proto"; import "google/protobuf/struct.proto";
        import "google/protobuf/timestamp.proto"; import "google/protobuf/wrappers.proto";
        import "google/protobuf/empty.proto"; import "google/type/money.proto"; import "confluent/meta.proto";
        import "confluent/type/decimal.proto";
        message A {
            google.protobuf.Timestamp t = 1; google.protobuf.Duration d = 2; google.protobuf.FieldMask m = 3;
            google.protobuf.Struct s = 4; google.protobuf.Value v = 5; google.protobuf.ListValue l = 6;
            google.protobuf.Int64Value w = 7; google.protobuf.StringValue x = 8 [(confluent.field_meta).doc = "why"];
            google.protobuf.Any a = 9; google.protobuf.Empty e = 10; google.type.Money y = 11;
            confluent.type.Decimal z = 12; repeated google.protobuf.Value vs = 13; google.protobuf.NullValue n = 14;
        }"#,
    );
    let anything = json!({"a": null, "b": [1.5, "x", {"c": true}]});
    let value = json!({
        "t": "2026-01-02T03:04:05.678Z", "d": "-1.500s", "m": "fooBar.baz,q", "s": anything, "v": anything,
        "l": [null, 1.0], "w": 7, "x": "", "a": {"@type": "type.googleapis.com/p.A", "e": {}, "vs": [], "n": null}, "e": {},
        "y": {"currency_code": "EUR", "units": 5, "nanos": 0}, "z": {"value": "BNI=", "precision": 0, "scale": 2},
        "vs": [null, "x"], "n": null,
    });
    assert_eq!(round(&schema, &value), value);
    for any in [
        json!({"@type": "type.googleapis.com/google.protobuf.Duration", "value": "3s"}),
        json!({"@type": "example.com/unknown.Type", "value": "AAE="}),
        json!({}),
    ] {
        assert_eq!(round(&schema, &json!({"a": any}))["a"], any);
    }
    for (value, path) in [
        (json!({"t": "yesterday"}), "/t"),
        (json!({"d": "1"}), "/d"),
        (json!({"a": {"value": 1}}), "/a"),
        (json!({"a": {"@type": "x/p.A", "w": "x"}}), "/a/w"),
        (json!({"a": {"@type": "x/google.protobuf.Duration", "value": 1}}), "/a/value"),
        (json!({"s": 1}), "/s"),
    ] {
        assert_eq!(fault(&schema, &value).path, path, "{value}");
    }
}

#[test]
fn proto2_has_groups_required_fields_and_extensions() {
    let schema = proto(
        r#"syntax = "proto2"; package p;
        message A { required string id = 1; optional int32 n = 2 [default = 5]; repeated group G = 3 { optional bool x = 4; }
            extensions 100 to 200; repeated int32 plain = 5; }
        extend A { optional string extra = 100; }"#,
    );
    let value = json!({"id": "", "g": [{"x": true}, {}], "plain": [1, 2], "[p.extra]": "e"});
    assert_eq!(round(&schema, &value), value);
    assert_eq!(
        encode(&schema, &value).unwrap(),
        [0, 0x0a, 0, 0x1b, 0x20, 1, 0x1c, 0x1b, 0x1c, 0x28, 1, 0x28, 2, 0xa2, 0x06, 1, b'e']
    );
    let missing = fault(&schema, &json!({}));
    assert_eq!((&*missing.path, &*missing.message), ("/id", "the required field of `p.A` was missing"));
    assert_eq!(schema.decode(&[0]).unwrap_err().path, "/id");
}

#[test]
fn what_a_schema_does_not_know_is_passed_by() {
    let wide = proto3(
        "message A { string a = 1; fixed32 b = 2; fixed64 c = 3; A d = 4; E e = 5; } enum E { Z = 0; Y = 7; }",
    );
    let narrow = proto3("message A { string a = 1; E e = 5; } enum E { Z = 0; }");
    let bytes = encode(&wide, &json!({"a": "x", "b": 1, "c": 2, "d": {"a": "y"}, "e": "Y"})).unwrap();
    assert_eq!(wide.decode_as(&narrow, &bytes).unwrap(), json!({"a": "x", "e": 7}));
    assert_eq!(round(&narrow, &json!({"e": 7})), json!({"a": "", "e": 7}));
}

#[test]
fn later_occurrences_win_and_messages_are_merged() {
    let schema = proto3(
        "message A { int32 a = 1; B b = 2; oneof o { B c = 3; int32 d = 4; } } message B { int32 x = 1; int32 y = 2; }",
    );
    let bytes = [0, 0x08, 1, 0x12, 2, 0x08, 5, 0x1a, 2, 0x08, 9, 0x20, 3, 0x08, 2, 0x12, 2, 0x10, 6];
    assert_eq!(schema.decode(&bytes).unwrap(), json!({"a": 2, "b": {"x": 5, "y": 6}, "d": 3}));
    assert_eq!(schema.decode_field(&bytes, "/b").unwrap(), Some(json!({"x": 5, "y": 6})));
    assert_eq!(schema.decode_field(&bytes, "/c").unwrap(), None);
}

#[test]
fn a_field_is_read_alone_in_both_of_its_spellings() {
    let schema = proto3(ORDER);
    let value =
        json!({"id": "o", "items": [{"name": "pen"}], "by_place": {"3": {"count": 4}}, "note_text": "n"});
    let bytes = encode(&schema, &value).unwrap();
    for (pointer, expected) in [
        ("/id", Some(json!("o"))),
        ("/items/0/name", Some(json!("pen"))),
        ("/items/1/name", None),
        ("/by_place/3/count", Some(json!(4))),
        ("/byPlace/3/count", Some(json!(4))),
        ("/noteText", Some(json!("n"))),
        ("/total", Some(json!(0))),
        ("/card", None),
        ("/nothing", None),
        ("id", None),
    ] {
        assert_eq!(schema.decode_field(&bytes, pointer).unwrap(), expected, "{pointer}");
    }
    assert_eq!(schema.decode_field(&bytes, "").unwrap(), Some(schema.decode(&bytes).unwrap()));
}

#[test]
fn imports_are_references_by_path_and_theirs() {
    let place = "syntax = \"proto3\"; package geo; message Place { double lat = 1; }";
    let base = r#"syntax = "proto3"; package b; import public "geo/place.proto"; message Base { geo.Place at = 1; }"#;
    let text = r#"syntax = "proto3"; package p; import "b/base.proto"; message A { b.Base base = 1; geo.Place at = 2; }"#;
    let nested = SchemaSource {
        references: vec![Reference {
            name: "b/base.proto".to_owned(),
            source: Arc::new(source(base, &[("geo/place.proto", place)])),
            at: None,
        }],
        ..SchemaSource::new(SchemaType::Protobuf, text)
    };
    let schema = Schema::parse(&nested).unwrap();
    let value = json!({"base": {"at": {"lat": 1.5}}, "at": {"lat": -2.0}});
    assert_eq!(round(&schema, &value), value);
    let missing = Schema::parse(&source(text, &[])).unwrap_err();
    assert_eq!(
        missing.message,
        "the `.proto` file did not compile: line 1, column 31: import `b/base.proto` not found"
    );
    assert!(missing.hint.is_some());
}

#[test]
fn a_file_that_does_not_compile_says_where() {
    for (text, message) in [
        ("syntax = \"proto3\";\nmessage A { Foo f = 1; }", "line 2, column 13: name `Foo` is not defined"),
        ("message A {", "reached end of file"),
    ] {
        let fault = Schema::parse(&source(text, &[])).unwrap_err();
        assert!(fault.message.contains(message), "{fault}");
        assert_eq!(fault.kind, FaultKind::Schema);
    }
}

#[test]
fn a_schema_may_be_a_serialized_descriptor() {
    let text = r#"syntax = "proto3"; package p; import "b.proto"; import "a.proto";
        // a comment
        message A { map<string, q.B> m = 1; message N { r.C c = 1; } }"#;
    let references = [
        ("a.proto", "syntax = \"proto3\"; package r; message C { int32 c = 1; }"),
        ("b.proto", "syntax = \"proto3\"; package q; message B { string s = 1; }"),
    ];
    let schema = Schema::parse(&source(text, &references)).unwrap();
    let serialized = Schema::parse(&source(&schema.canonical(), &references)).unwrap();
    assert_eq!(serialized.canonical(), schema.canonical());
    let value = json!({"m": {"k": {"s": "v"}}});
    assert_eq!(serialized.decode(&encode(&schema, &value).unwrap()).unwrap(), value);
    let mut out = Vec::new();
    serialized.encode(&json!({}), Some("N"), &mut out).unwrap();
    assert_eq!(out, [4, 0, 2], "the entry of a map counts in a descriptor");
    let same = r#"syntax = "proto3"; package p; import "a.proto"; import "b.proto"; message A {
        map<string, .q.B> m = 1 [json_name = "m"]; message N { .r.C c = 1; } }"#;
    assert_eq!(Schema::parse(&source(same, &references)).unwrap().canonical(), schema.canonical());
    let other = text.replace("c = 1", "c = 2");
    assert_ne!(Schema::parse(&source(&other, &references)).unwrap().canonical(), schema.canonical());
}

#[test]
fn nesting_has_an_end() {
    let schema = proto3("message A { A a = 1; }");
    let mut value = json!({});
    for _ in 0..100 {
        value = json!({"a": value});
    }
    let bytes = encode(&schema, &value).unwrap();
    assert_eq!(schema.decode(&bytes).unwrap(), value);
    let deeper = json!({"a": value});
    assert!(fault(&schema, &deeper).message.contains("more than 100 deep"));
    let mut bytes = Vec::new();
    for _ in 0..5_000 {
        let mut outer = vec![0x0a];
        let mut length = bytes.len();
        while length >= 0x80 {
            outer.push((length & 0x7f) as u8 | 0x80);
            length >>= 7;
        }
        outer.push(length as u8);
        outer.extend(&bytes);
        bytes = outer;
    }
    bytes.insert(0, 0);
    assert!(schema.decode(&bytes).unwrap_err().message.contains("more than 100 deep"));
    assert!(schema.decode(&[&[0_u8][..], &[0x1b; 5_000]].concat()).is_err());
}

#[test]
fn a_header_with_a_guid_carries_the_indexes_that_are_before_the_payload_elsewhere() {
    let schema = proto3("message A { string a = 1; } message B { string b = 1; }");
    for (name, indexes) in [("A", &[0][..]), ("B", &[2, 2])] {
        let value = json!({name.to_lowercase(): "x"});
        let mut payload = Vec::new();
        schema.encode(&value, Some(name), &mut payload).unwrap();
        let bare = payload.strip_prefix(indexes).unwrap();
        let header = [&[1][..], &[7; 16], indexes].concat();
        let (id, framed) = framing::read(Some(&header), bare, std::iter::empty()).unwrap();
        assert_eq!(id, SchemaId::Guid([7; 16]));
        assert_eq!(schema.decode(&framed).unwrap(), value);
        let foreign = [&[1][..], &[7; 16], &[2, 2, 2]].concat();
        assert!(framing::read(Some(&foreign), &[9], std::iter::empty()).is_err(), "no indexes");
    }
}
