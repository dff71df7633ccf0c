//! Bytes and texts that mean harm.

use std::sync::Arc;

use serde_json::{Value, json};
use test_probe_formats::{AvroSchema, FaultKind, Reference, SchemaSource, SchemaType};

use crate::{bytes, each_field, parsed, schema};

fn everything() -> Value {
    json!({"type": "record", "name": "R", "fields": [
        {"name": "union", "type": ["null", "string", "R", {"type": "array", "items": "R"}]},
        {"name": "map", "type": {"type": "map", "values": ["null", "double", "float", "boolean"]}},
        {"name": "enum", "type": {"type": "enum", "name": "E", "symbols": ["A", "B"]}},
        {"name": "fixed", "type": {"type": "fixed", "name": "F", "size": 4}},
        {"name": "nulls", "type": {"type": "array", "items": "null"}},
        {"name": "decimal", "type": {"type": "bytes", "logicalType": "decimal", "precision": 9, "scale": 3}},
        {"name": "long", "type": "long"}, {"name": "int", "type": "int"}, {"name": "bytes", "type": "bytes"}]})
}

#[test]
fn no_bytes_make_the_reader_panic_or_take_more_than_there_is() {
    let of = schema(&everything());
    let reader =
        schema(&json!({"type": "record", "name": "R", "fields": [{"name": "int", "type": "double"}]}));
    let seed = std::env::var("TEST_PROBE_SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or(4711);
    let mut random = fastrand::Rng::with_seed(seed);
    let leaf = json!({"union": "x", "map": {"a": null, "b": 1.5}, "enum": "B", "fixed": "AAAAAA==", "nulls": [null],
        "decimal": "1.5", "long": -5, "int": 7, "bytes": "AP8="});
    let mut value = leaf.clone();
    value["union"] = json!([leaf, leaf]);
    let right = bytes(&of, &value);
    let mut read = 0;
    for _ in 0..100_000 {
        let mut payload = right.clone();
        for _ in 0..random.usize(0..3) {
            let at = random.usize(0..payload.len());
            match random.u8(0..4) {
                0 => payload[at] = random.u8(..),
                1 => payload[at] = random.u8(0..8),
                2 => payload.truncate(at + 1),
                _ => payload.insert(at, random.u8(..)),
            }
        }
        let whole = of.decode(&payload);
        read += usize::from(whole.is_ok());
        let mut text = Vec::new();
        assert_eq!(of.write_json(&payload, &mut text).is_ok(), whole.is_ok(), "seed {seed}: {payload:?}");
        // Checking fails where decoding does and says the same; what passed it can be read field by field.
        let check = of.check(&payload);
        assert_eq!(check.as_ref().err(), whole.as_ref().err(), "seed {seed}: {payload:?}");
        if let (Ok(whole), true) = (&whole, random.u8(..16) == 0) {
            each_field(whole, "", &mut |pointer| {
                let field = of.decode_field(&payload, pointer);
                assert_eq!(
                    field,
                    Ok(whole.pointer(pointer).cloned()),
                    "seed {seed}: {pointer} of {payload:?}"
                );
            });
        }
        assert!(whole.is_err() || of.decode_as(&reader, &payload).is_ok(), "seed {seed}: {payload:?}");
    }
    assert!(read > 10_000, "too few payloads were right to mean something: {read}");
}

#[test]
fn a_length_beyond_the_payload_is_a_fault_before_anything_is_taken() {
    let huge = [0xfe, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01];
    let cases = [
        (json!("string"), "the bytes ended: 9223372036854775807 more were announced, and 0 were left"),
        (
            json!({"type": "array", "items": "int"}),
            "the bytes ended: 9223372036854775807 more were announced",
        ),
        (json!({"type": "map", "values": "int"}), "the bytes ended: 9223372036854775807 more were announced"),
        (
            json!({"type": "array", "items": "null"}),
            "more than 1000000 values that take no byte were announced",
        ),
        (
            json!({"type": "array", "items": {"type": "record", "name": "Empty", "fields": []}}),
            "more than 1000000 values that take no byte were announced",
        ),
        (json!(["null"]), "the branch 9223372036854775807 was named where there were 1"),
        (json!("int"), "an int was 9223372036854775807"),
    ];
    for (of, message) in cases {
        let fault = schema(&of).decode(&huge).expect_err("a length beyond the payload");
        assert!(fault.message.starts_with(message), "{fault}: {of}");
        assert_eq!(fault.kind, FaultKind::Decode);
    }
    let eleven = [0xff; 11];
    assert_eq!(
        schema(&json!("long")).decode(&eleven).unwrap_err().message,
        "a number was longer than 64 bits"
    );
    assert_eq!(schema(&json!("string")).decode(&[1]).unwrap_err().message, "a length was -1");
    assert_eq!(schema(&json!("boolean")).decode(&[2]).unwrap_err().message, "a boolean was 0x02");
}

#[test]
fn bytes_behind_the_value_are_a_fault() {
    let fault = schema(&json!("int")).decode(&[2, 2]).expect_err("one byte too many");
    assert_eq!(fault.message, "1 bytes were left behind the value");
    assert!(fault.hint.is_some());
}

/// Runs something where a host may call from: on a stack of 512 KiB.
fn on_a_small_stack(run: impl FnOnce() + Send + 'static) {
    let thread = std::thread::Builder::new().stack_size(512 << 10).spawn(run).expect("a thread");
    thread.join().expect("what ran came to its end");
}

#[test]
fn a_value_nested_without_end_is_a_fault() {
    on_a_small_stack(nested_without_end);
}

fn nested_without_end() {
    let deep = "the value was nested more than 256 deep";
    let chain =
        schema(&json!({"type": "record", "name": "L", "fields": [{"name": "next", "type": ["null", "L"]}]}));
    let fault = chain.decode(&[2; 100_000]).expect_err("a list without end");
    assert_eq!(fault.message, deep);
    assert_eq!(chain.decode_field(&[2; 100_000], &"/next".repeat(10_000)).unwrap_err().message, deep);
    let endless = schema(&json!({"type": "record", "name": "L", "fields": [{"name": "next", "type": "L"}]}));
    assert_eq!(endless.decode(&[]).unwrap_err().message, deep);
    let skipped = schema(&json!({"type": "record", "name": "O", "fields": [
        {"name": "l", "type": {"type": "record", "name": "L", "fields": [{"name": "next", "type": ["null", "L"]}]}},
        {"name": "x", "type": "int"}]}));
    assert_eq!(skipped.decode_field(&[2; 100_000], "/x").unwrap_err().message, deep);
}

#[test]
fn no_text_makes_the_parser_panic() {
    let mut random = fastrand::Rng::with_seed(11);
    let text = everything().to_string();
    let mut accepted = 0;
    for _ in 0..10_000 {
        let mut bytes = text.clone().into_bytes();
        for _ in 0..random.usize(1..4) {
            let (at, from) = (random.usize(0..bytes.len()), random.usize(0..bytes.len()));
            match random.u8(0..3) {
                0 => bytes[at] = bytes[from],
                1 => drop(bytes.remove(at)),
                _ => bytes.insert(at, bytes[from]),
            }
        }
        if let Ok(schema) = parsed(&String::from_utf8_lossy(&bytes)) {
            accepted += 1;
            assert!(schema.problems_reading(&schema).is_empty());
            assert_eq!(parsed(&schema.canonical()).expect("its own text").canonical(), schema.canonical());
        }
    }
    assert!(accepted > 100, "too few schemas were right to mean something: {accepted}");
}

#[test]
fn a_schema_without_end_or_measure_is_a_fault() {
    let fails = |text: &str| parsed(text).map(drop).expect_err("a schema beyond all measure").message;
    assert!(fails(&" ".repeat(2_000_000)).contains("longer than"));
    assert!(fails(&"[".repeat(100_000)).contains("recursion"));
    let deep = (0..63).fold(json!("int"), |inner, _| json!({"type": "array", "items": inner}));
    assert!(parsed(&deep.to_string()).is_ok());
    let deeper = json!({"type": "array", "items": deep});
    assert_eq!(fails(&deeper.to_string()), "types were nested more than 64 deep");
    // Each record holds the next one twice, by default: 2^40 of them.
    let doubling = (0..40).fold(json!("int"), |inner, level| {
        let again = if level == 0 { json!("int") } else { json!(format!("R{}", level - 1)) };
        let empty = if level == 0 { json!(1) } else { json!({}) };
        json!({"type": "record", "name": format!("R{level}"), "fields": [
            {"name": "a", "type": inner, "default": empty}, {"name": "b", "type": again, "default": empty}]})
    });
    let fault = fails(&doubling.to_string());
    assert!(fault.contains("too large") || fault.contains("recursion"), "{fault}");
}

#[test]
fn a_long_chain_of_types_overflows_no_stack() {
    on_a_small_stack(long_chain_of_types);
}

fn long_chain_of_types() {
    // Each type is written flat and holds the one before: 10,000 deep without any nesting in the text.
    let record = |level: usize, of: serde_json::Value| json!({"type": "record", "name": format!("R{level}"), "fields": [{"name": "a", "type": of}]});
    let chain = (1..10_000).map(|level| record(level, json!(format!("R{}", level - 1))));
    let types: Vec<Value> = std::iter::once(record(0, json!("null"))).chain(chain).collect();
    let types = SchemaSource::new(SchemaType::Avro, json!(types).to_string());
    let source = SchemaSource {
        references: vec![Reference { name: "R".to_owned(), source: Arc::new(types), at: None }],
        ..SchemaSource::new(SchemaType::Avro, r#"{"type": "array", "items": "R9999"}"#)
    };
    let [of, reader] = [(); 2].map(|()| AvroSchema::parse(&source).expect("types that are right"));
    assert!(of.problems_reading(&reader)[0].ends_with("the types were nested too deep to be compared"));
    assert_eq!(of.decode(&[2, 0]).unwrap_err().message, "the value was nested more than 256 deep");
    assert!(of.decode_as(&reader, &[2, 0]).is_err());
    assert_eq!(of.decode(&[0]), Ok(json!([])));
    assert_eq!(of.canonical(), r#"{"type":"array","items":"R9999"}"#);
}
