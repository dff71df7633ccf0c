//! No text and no bytes make a schema or a payload panic, run away or overflow the stack.

use fastrand::Rng;
use serde_json::{Value, json};
use test_probe_formats::{Schema, SchemaSource, SchemaType};

const PROTO: &str = r#"syntax = "proto2"; package p; import "google/protobuf/any.proto"; import "google/protobuf/struct.proto";
    import "google/protobuf/timestamp.proto"; import "google/protobuf/wrappers.proto";
    option java_package = "x"; extend A { optional string extra = 100; }
    message A { required string id = 1; optional int32 n = 2 [default = -5]; repeated group G = 3 { optional bool x = 4; }
      extensions 100 to 200; map<int32, A> m = 5; oneof o { A a = 6; E e = 7; } repeated double d = 8 [packed = true];
      optional google.protobuf.Any any = 9; optional google.protobuf.Value v = 10; reserved 11, 13 to 15;
      optional google.protobuf.Timestamp t = 12; optional google.protobuf.FloatValue f = 16; optional bytes b = 17; }
    enum E { option allow_alias = true; Z = 0; Y = 0; X = -1; } service S { rpc Call(A) returns (stream A); }"#;

const JSON: &str = r##"{"$schema": "http://json-schema.org/draft-07/schema#", "$id": "http://x/y.json", "type": "object",
    "definitions": {"n": {"type": ["integer", "null"], "minimum": 0, "multipleOf": 2}}, "required": ["id"],
    "properties": {"id": {"type": "string", "pattern": "^(a|b)+$", "format": "date-time"}, "next": {"$ref": "#"},
      "n": {"$ref": "#/definitions/n"}, "any": {"anyOf": [{"const": 1}, {"enum": ["x"]}]}, "list": {"items": [{}, {}],
      "uniqueItems": true}}, "patternProperties": {"^x": {}}, "additionalProperties": {"not": {"type": "null"}},
    "if": {"required": ["n"]}, "then": {"maxProperties": 5}}"##;

fn parse(kind: SchemaType, text: &str) -> Option<Schema> {
    Schema::parse(&SchemaSource::new(kind, text)).ok()
}

fn value() -> Value {
    json!({
        "id": "a", "n": 4, "g": [{"x": true}], "m": {"-1": {"id": "b"}}, "e": "X", "d": [1.5, "NaN"],
        "any": {"@type": "x/p.A", "id": "c"}, "v": {"k": [null, 1]}, "t": "2026-01-02T03:04:05Z", "f": 0.1, "b": "AAE=",
        "[p.extra]": "e",
    })
}

/// Removes, repeats, swaps and overwrites pieces.
fn mutate(random: &mut Rng, bytes: &mut Vec<u8>) {
    for _ in 0..=random.usize(..4) {
        let at = random.usize(..=bytes.len());
        let end = (at + random.usize(..12)).min(bytes.len());
        match random.u8(..5) {
            0 => drop(bytes.drain(at..end)),
            1 => {
                let piece = bytes[at..end].to_vec();
                let to = random.usize(..=bytes.len());
                drop(bytes.splice(to..to, piece));
            }
            2 => bytes.truncate(at),
            3 => bytes[at..end].iter_mut().for_each(|byte| *byte = random.u8(..)),
            _ => bytes[at..end].iter_mut().for_each(|byte| *byte ^= 1 << random.u8(..7)),
        }
    }
}

#[test]
fn no_payload_panics() {
    let mut random = Rng::with_seed(7);
    let schema = parse(SchemaType::Protobuf, PROTO).expect("it compiles");
    let mut good = Vec::new();
    schema.encode(&value(), None, &mut good).unwrap_or_else(|fault| panic!("{fault}"));
    let mut read = 0;
    for _ in 0..20_000 {
        let mut bytes = good.clone();
        mutate(&mut random, &mut bytes);
        if let Ok(value) = schema.decode(&bytes) {
            read += 1;
            // What was read can be written, and is then the same.
            let mut again = Vec::new();
            schema.encode(&value, None, &mut again).unwrap_or_else(|fault| panic!("{fault}: {value}"));
            assert_eq!(schema.decode(&again).unwrap(), value);
        }
        let _ = schema.decode_field(&bytes, "/m/-1/id");
    }
    assert!((1_000..19_000).contains(&read), "{read} of 20,000 were read");
}

#[test]
fn no_value_panics() {
    let mut random = Rng::with_seed(8);
    let schemas = [parse(SchemaType::Protobuf, PROTO), parse(SchemaType::Json, JSON)]
        .map(|schema| schema.expect("valid"));
    for _ in 0..5_000 {
        let mut text = value().to_string().into_bytes();
        mutate(&mut random, &mut text);
        let Ok(value) = serde_json::from_slice::<Value>(&text) else { continue };
        for schema in &schemas {
            let mut out = Vec::new();
            if schema.encode(&value, None, &mut out).is_ok() {
                let _ = schema.decode(&out).unwrap_or_else(|fault| panic!("{fault}: {value}"));
            } else {
                assert_eq!(out, [0; 0]);
            }
        }
    }
}

#[test]
fn no_text_of_a_schema_panics() {
    let mut random = Rng::with_seed(9);
    let serialized = parse(SchemaType::Protobuf, PROTO).expect("it compiles").canonical();
    let mut parsed = [0; 3];
    for round in 0..3_000 {
        let (kind, text) = match round % 3 {
            0 => (SchemaType::Protobuf, PROTO),
            1 => (SchemaType::Json, JSON),
            _ => (SchemaType::Protobuf, serialized.as_str()),
        };
        let mut bytes = text.as_bytes().to_vec();
        mutate(&mut random, &mut bytes);
        if round % 3 == 2 {
            bytes.retain(|byte| byte.is_ascii_alphanumeric());
            bytes.resize(bytes.len().next_multiple_of(4), b'A');
        }
        if let Some(schema) = parse(kind, &String::from_utf8_lossy(&bytes)) {
            parsed[round % 3] += 1;
            let _ = (schema.canonical(), schema.record_name(), schema.problems_reading(&schema));
            let mut out = Vec::new();
            let _ = schema.encode(&value(), None, &mut out);
            let _ = schema.decode(&[0, 0x0a, 0x01, 0x61]);
        }
    }
    assert!(parsed[0] > 20 && parsed[1] > 20, "{parsed:?} were schemas still");
}

#[test]
fn nesting_overflows_no_stack() {
    // As small as the stack of a thread on Alpine.
    let small = std::thread::Builder::new().stack_size(512 * 1024);
    let checked = small.spawn(|| {
        for deep in [200, 20_000] {
            let message = format!("syntax = \"proto3\"; {}{}", "message A { ".repeat(deep), "}".repeat(deep));
            assert!(parse(SchemaType::Protobuf, &message).is_none());
            let option =
                format!("syntax = \"proto3\"; option (x) = {}{};", "{ a ".repeat(deep), "}".repeat(deep));
            assert!(parse(SchemaType::Protobuf, &option).is_none());
            let schema = format!("{}{}", "{\"not\":".repeat(deep), "}".repeat(deep));
            assert!(parse(SchemaType::Json, &schema).is_none());
            let pattern = format!("{{\"pattern\": \"{}{}\"}}", "(".repeat(deep), ")".repeat(deep));
            let _ = parse(SchemaType::Json, &pattern);
        }
    });
    checked.expect("a thread").join().expect("no panic");
}
