//! Avro from outside.

mod evolution;
mod fields;
mod hostile;
mod oracle;
mod schemas;
mod values;

use serde_json::Value;
use test_probe_formats::{AvroSchema, Fault, SchemaSource, SchemaType};

/// Parses a schema that is one.
fn schema(json: &Value) -> AvroSchema {
    parsed(&json.to_string()).unwrap_or_else(|fault| panic!("{fault}: {json}"))
}

fn parsed(text: &str) -> Result<AvroSchema, Fault> {
    AvroSchema::parse(&SchemaSource::new(SchemaType::Avro, text))
}

/// Writes a value that fits.
fn bytes(schema: &AvroSchema, value: &Value) -> Vec<u8> {
    let mut out = Vec::new();
    schema.encode(value, &mut out).unwrap_or_else(|fault| panic!("{fault}: {value}"));
    out
}

/// Writes a value that does not fit, and returns the fault with its hint.
fn misfit(schema: &AvroSchema, value: &Value) -> String {
    let mut out = b"before".to_vec();
    let fault = schema.encode(value, &mut out).expect_err("a value that does not fit");
    assert_eq!(out, b"before", "what was there stays as it was");
    match &fault.hint {
        Some(hint) => format!("{fault}\n{hint}"),
        None => fault.to_string(),
    }
}

/// Returns what a value is once it was written and read, and has it come every way to the same.
fn trip(schema: &AvroSchema, value: &Value) -> Value {
    let bytes = bytes(schema, value);
    let read = schema.decode(&bytes).unwrap_or_else(|fault| panic!("{fault}: {value}"));
    let mut text = Vec::new();
    schema.write_json(&bytes, &mut text).expect("what was just read");
    assert_eq!(serde_json::from_slice::<Value>(&text).expect("JSON"), read);
    assert_eq!(schema.decode_as(schema, &bytes).expect("its own reader"), read);
    assert_eq!(schema.check(&bytes), Ok(()), "{value}");
    each_field(&read, "", &mut |pointer| {
        let field = schema.decode_field(&bytes, pointer).unwrap_or_else(|fault| panic!("{fault}: {pointer}"));
        assert_eq!(field.as_ref(), read.pointer(pointer), "{pointer} of {read}");
    });
    read
}

/// Runs with a pointer to every part of a value, and to some that it does not have.
fn each_field(value: &Value, pointer: &str, run: &mut impl FnMut(&str)) {
    run(pointer);
    for absent in ["", "-", "00", "no such"] {
        run(&format!("{pointer}/{absent}"));
    }
    match value {
        Value::Object(members) => {
            for (name, value) in members {
                let name = name.replace('~', "~0").replace('/', "~1");
                each_field(value, &format!("{pointer}/{name}"), run);
            }
        }
        Value::Array(elements) => {
            for (index, value) in elements.iter().enumerate() {
                each_field(value, &format!("{pointer}/{index}"), run);
            }
        }
        _ => {}
    }
}
