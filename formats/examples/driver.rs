//! Schemas for other programs' tests: a question a line on standard input, an answer a line on standard output, both
//! JSON. Other implementations are asked the same, and the answers compared (tests/formats).
//!
//! A question has `type` (AVRO, PROTOBUF, JSON), `schema` (text) and `references` (a list of `name`, `schema` and
//! `references`, may be absent), and one of `encode` (a value, with `message` where a file has several), `decode`
//! (base64; with `reader`, the text of another schema, as that one sees it; with `field`, a JSON pointer, that field
//! alone) or `writer` (the text of another schema, whose values this one shall read). The answer is `bytes` (base64),
//! `value`, `problems`, for a question with nothing of these `canonical`, or `fault` with `path`.

use std::collections::HashMap;
use std::io::{self, BufRead, Write};
use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use test_probe_formats::{Fault, Reference, Schema, SchemaSource, SchemaType};

fn main() -> io::Result<()> {
    let mut known = HashMap::new();
    let mut out = io::BufWriter::new(io::stdout().lock());
    for line in io::stdin().lock().lines() {
        let question = serde_json::from_str(&line?)?;
        let answer = answer(&question, &mut known)
            .unwrap_or_else(|fault| json!({"fault": fault.message, "path": fault.path, "hint": fault.hint}));
        writeln!(out, "{answer}")?;
        out.flush()?;
    }
    Ok(())
}

fn answer(question: &Value, known: &mut HashMap<SchemaSource, Arc<Schema>>) -> Result<Value, Fault> {
    let text = |key: &str| question[key].as_str();
    let schema_type = text("type").and_then(SchemaType::of_name).unwrap_or(SchemaType::Avro);
    let mut parsed = |source: SchemaSource| match known.get(&source) {
        Some(schema) => Ok(Arc::clone(schema)),
        None => {
            Schema::parse(&source).map(|schema| Arc::clone(known.entry(source).or_insert(Arc::new(schema))))
        }
    };
    let schema = parsed(source(schema_type, question))?;
    if let Some(value) = question.get("encode") {
        let mut out = Vec::new();
        schema.encode(value, text("message"), &mut out)?;
        return Ok(json!({"bytes": STANDARD.encode(out)}));
    }
    if let Some(encoded) = text("decode") {
        let payload = STANDARD.decode(encoded).unwrap_or_default();
        let value = match (text("reader"), text("field")) {
            (Some(reader), _) => {
                let reader = parsed(SchemaSource::new(schema_type, reader))?;
                Some(schema.decode_as(&reader, &payload)?)
            }
            (None, Some(field)) => schema.decode_field(&payload, field)?,
            (None, None) => Some(schema.decode(&payload)?),
        };
        return Ok(json!({ "value": value }));
    }
    if let Some(writer) = text("writer") {
        let writer = parsed(SchemaSource::new(schema_type, writer))?;
        return Ok(json!({"problems": schema.problems_reading(&writer)}));
    }
    Ok(json!({"canonical": schema.canonical()}))
}

fn source(schema_type: SchemaType, question: &Value) -> SchemaSource {
    let references = question["references"].as_array().map(Vec::as_slice).unwrap_or_default();
    let reference = |one: &Value| Reference {
        name: one["name"].as_str().unwrap_or_default().to_owned(),
        source: Arc::new(source(schema_type, one)),
        at: None,
    };
    SchemaSource {
        schema_type,
        text: question["schema"].as_str().unwrap_or_default().to_owned(),
        references: references.iter().map(reference).collect(),
    }
}
