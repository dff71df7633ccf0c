//! Nanoseconds per record for Avro, beside apache-avro in the same run:
//! `cargo run --release -p test-probe-formats --example figures`.
//!
//! Each line is the best of several rounds; compare lines of one run only. With a word as argument only the lines that
//! hold it are measured, for a profiler.

use std::hint::black_box;
use std::io::Write;
use std::time::Instant;

use apache_avro::Schema;
use apache_avro::reader::datum::GenericDatumReader;
use apache_avro::writer::datum::GenericDatumWriter;
use serde_json::{Value, json};
use test_probe_formats::{AvroSchema, SchemaSource, SchemaType};

fn main() {
    let text = json!({"type": "record", "name": "Order", "namespace": "com.shop", "fields": [
        {"name": "id", "type": "string"},
        {"name": "customer", "type": "string"},
        {"name": "amount", "type": "double"},
        {"name": "quantity", "type": "int"},
        {"name": "created", "type": {"type": "long", "logicalType": "timestamp-millis"}},
        {"name": "paid", "type": "boolean"},
        {"name": "note", "type": ["null", "string"], "default": null},
        {"name": "state", "type": {"type": "enum", "name": "State", "symbols": ["OPEN", "PAID", "SENT"]}},
        {"name": "tags", "type": {"type": "array", "items": "string"}},
        {"name": "address", "type": {"type": "record", "name": "Address", "fields": [
            {"name": "city", "type": "string"}, {"name": "zip", "type": "int"}]}}]})
    .to_string();
    let value = json!({"id": "order-000001", "customer": "customer-42", "amount": 129.95, "quantity": 3,
        "created": 1_767_323_045_678_i64, "paid": true, "note": "please ring", "state": "PAID",
        "tags": ["new", "gift"], "address": {"city": "Zürich", "zip": 8001}});
    let ours = AvroSchema::parse(&SchemaSource::new(SchemaType::Avro, &*text)).expect("the schema is one");
    let mut bytes = Vec::new();
    ours.encode(&value, &mut bytes).expect("the value fits");
    let theirs = Schema::parse_str(&text).expect("the schema is one");
    let reader = GenericDatumReader::builder(&theirs).build().expect("a reader");
    let writer = GenericDatumWriter::builder(&theirs).build().expect("a writer");
    let other = reader.read_value(&mut &*bytes).expect("the bytes are right");
    let evolved = text.replace(r#"{"name":"paid","type":"boolean"},"#, "").replace("\"int\"", "\"long\"");
    let later =
        AvroSchema::parse(&SchemaSource::new(SchemaType::Avro, &*evolved)).expect("the schema is one");
    let json_text = value.to_string();
    let mut out = Vec::new();

    print(&format!("a record of {} bytes", bytes.len()));
    let decode = measure("apache-avro: bytes to its value", 0.0, || reader.read_value(&mut &*bytes));
    measure("apache-avro: bytes to a JSON value", decode, || {
        reader.read_value(&mut &*bytes).map(Value::try_from)
    });
    measure("decode: bytes to a JSON value", decode, || ours.decode(&bytes));
    measure("write_json: bytes to JSON text", decode, || {
        out.clear();
        ours.write_json(&bytes, &mut out)
    });
    measure("decode_as: bytes to a JSON value by another schema", decode, || ours.decode_as(&later, &bytes));
    measure("decode_field: the first field", decode, || ours.decode_field(&bytes, "/id"));
    measure("decode_field: the last field", decode, || ours.decode_field(&bytes, "/address/zip"));
    measure("serde_json: JSON text to a JSON value", decode, || serde_json::from_str::<Value>(&json_text));
    measure("a JSON value copied", decode, || value.clone());
    let encode = measure("apache-avro: its value to bytes", 0.0, || {
        out.clear();
        writer.write_value_ref(&mut out, &other)
    });
    measure("encode: a JSON value to bytes", encode, || {
        out.clear();
        ours.encode(&value, &mut out)
    });
}

/// Prints and returns the nanoseconds that a call takes, with its ratio to others'.
fn measure<T>(name: &str, others: f64, mut call: impl FnMut() -> T) -> f64 {
    let chosen = std::env::args().nth(1);
    if chosen.as_ref().is_some_and(|word| !name.contains(word)) {
        return 0.0;
    }
    let calls = if chosen.is_some() { 10_000 } else { 200_000 };
    let best = (0..7)
        .map(|_| {
            let start = Instant::now();
            for _ in 0..calls {
                black_box(call());
            }
            start.elapsed().as_secs_f64() * 1e9 / f64::from(calls)
        })
        .fold(f64::INFINITY, f64::min);
    let ratio = if others > 0.0 { format!("  {:.2} x apache-avro", best / others) } else { String::new() };
    print(&format!("{name:<52}{best:>8.0} ns{ratio}"));
    best
}

fn print(line: &str) {
    let _ = writeln!(std::io::stdout(), "{line}");
}
