//! JSON Schema.
//!
//! jsonschema judges values; drafts 4, 6, 7, 2019-09 and 2020-12 are known, and a schema that names none is draft 7,
//! as in Confluent's registry. Nothing is ever fetched: a `$ref` leads into the schema or to one of its references.
//! Patterns are matched in linear time; where one looks around itself or back, which that cannot, backtracking ends
//! after a bounded number of steps.
//!
//! A value is validated when it is written, and not when it is read: that is how Confluent's clients do it.

mod compare;
mod explain;
mod keywords;
mod objects;
mod references;
mod side;

use jsonschema::{Draft, PatternOptions, Validator};
use serde_json::Value;

use crate::fault::{Fault, FaultKind};
use crate::pointer::{segments, within};
use crate::source::SchemaSource;
use references::References;

/// The deepest nesting of a value. What is deeper could not be read again.
const MOST_DEEP: usize = 127;

/// The largest compiled pattern, in bytes.
const LARGEST_PATTERN: usize = 1 << 20;

/// After so many steps back a pattern is said not to match.
const MOST_BACKTRACKS: usize = 100_000;

/// A schema with what it refers to, compiled.
#[derive(Debug)]
pub struct JsonSchema {
    document: Value,
    references: References,
    validator: Validator,
}

impl JsonSchema {
    pub(crate) fn parse(source: &SchemaSource) -> Result<Self, Fault> {
        let document: Value = serde_json::from_str(&source.text)
            .map_err(|error| Fault::new(FaultKind::Schema, format!("the schema was no JSON: {error}")))?;
        if !document.is_object() && !document.is_boolean() {
            return Err(Fault::new(FaultKind::Schema, "a JSON Schema is an object, `true` or `false`"));
        }
        let references = References::new(source)?;
        let validator = compile(&document, &references)?;
        Ok(Self { document, references, validator })
    }

    pub(crate) fn record_name(&self) -> Option<&str> {
        self.document.get("title").and_then(Value::as_str)
    }

    pub(crate) fn encode(&self, value: &Value, out: &mut Vec<u8>) -> Result<(), Fault> {
        if is_deeper(value, MOST_DEEP) {
            return Err(Fault::new(
                FaultKind::Encode,
                format!("the value was nested more than {MOST_DEEP} deep"),
            ));
        }
        if let Some(fault) = explain::first(&self.validator, value) {
            return Err(fault);
        }
        let start = out.len();
        serde_json::to_writer(&mut *out, value).map_err(|error| {
            out.truncate(start);
            Fault::new(FaultKind::Encode, format!("the value was no JSON: {error}"))
        })
    }

    #[expect(
        clippy::unused_self,
        reason = "reading does not look at the schema, which is what Confluent's clients do"
    )]
    pub(crate) fn decode(&self, payload: &[u8]) -> Result<Value, Fault> {
        serde_json::from_slice(payload)
            .map_err(|error| Fault::new(FaultKind::Decode, format!("the payload was no JSON: {error}")))
    }

    pub(crate) fn decode_field(&self, payload: &[u8], pointer: &str) -> Result<Option<Value>, Fault> {
        let Some(segments) = segments(pointer) else { return Ok(None) };
        Ok(within(self.decode(payload)?, &segments))
    }

    /// Returns what the schema gives as an example, or as the default.
    pub(crate) fn sample(&self) -> Option<Value> {
        let examples = self.document.get("examples").and_then(Value::as_array);
        examples.and_then(|all| all.first()).or_else(|| self.document.get("default")).cloned()
    }

    pub(crate) fn canonical(&self) -> String {
        // Objects are sorted by their keys.
        self.document.to_string()
    }

    pub(crate) fn problems_reading(&self, writer: &Self) -> Vec<String> {
        compare::problems(self, writer)
    }
}

fn compile(document: &Value, references: &References) -> Result<Validator, Fault> {
    let mut options = jsonschema::options().offline().with_retriever(references.clone());
    let declared = document.get("$schema").and_then(Value::as_str);
    if !declared.is_some_and(is_known) {
        options = options.with_draft(Draft::Draft7);
    }
    let linear = PatternOptions::regex().size_limit(LARGEST_PATTERN);
    let bounded = PatternOptions::fancy_regex().size_limit(LARGEST_PATTERN).backtrack_limit(MOST_BACKTRACKS);
    let first = match options.clone().with_pattern_options(linear).build(document) {
        Ok(validator) => return Ok(validator),
        Err(error) => error,
    };
    // When it was a pattern that failed, it may be one for the other engine.
    options.with_pattern_options(bounded).build(document).map_err(|_| explain::schema(&first))
}

fn is_known(uri: &str) -> bool {
    let name = uri.trim_end_matches('#').trim_start_matches("https://").trim_start_matches("http://");
    ["draft-04/schema", "draft-06/schema", "draft-07/schema", "draft/2019-09/schema", "draft/2020-12/schema"]
        .iter()
        .any(|known| name.strip_prefix("json-schema.org/") == Some(known))
}

fn is_deeper(value: &Value, levels: usize) -> bool {
    let Some(below) = levels.checked_sub(1) else { return true };
    match value {
        Value::Array(values) => values.iter().any(|value| is_deeper(value, below)),
        Value::Object(members) => members.values().any(|value| is_deeper(value, below)),
        _ => false,
    }
}
