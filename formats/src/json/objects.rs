//! Objects and arrays: which members may be added and removed.
//!
//! What an object may hold beside its `properties` decides. It is open when nothing is said of them, closed by
//! `additionalProperties: false`, and partly open when they have a schema, be it by `patternProperties`.
//!
//! A property may be removed when the reader is open, or partly open with a schema that accepts it, or when it could
//! never be there. A property may be added when the writer was closed, or partly open with a schema that the new one
//! accepts; where the writer was open it may have written anything under that name, so that only a schema that accepts
//! everything may be added. A property that is added, or that was optional, is not to become required, unless it has
//! a default. What is beside may be opened, and not be closed. Items of tuples follow the same rules.
//! (Confluent's registry has a `lenient` policy too, which takes more; this is the strict one.)

use std::collections::BTreeSet;

use serde_json::Value;

use super::compare::{Comparison, problem};
use super::side::Side;
use crate::pointer::segment;

static OPEN: Value = Value::Bool(true);

/// Compares what is for objects and arrays.
pub(super) fn compare(
    comparison: &mut Comparison,
    writer: Side<'_>,
    reader: Side<'_>,
    path: &str,
    types: &BTreeSet<&str>,
    found: &mut Vec<String>,
) {
    if types.contains("object") {
        required(writer, reader, path, found);
        properties(comparison, writer, reader, path, found);
    }
    if types.contains("array") {
        items(comparison, writer, reader, path, found);
    }
}

/// Returns the schema of a property that is not declared.
fn beside<'s>(side: Side<'s>, name: &str) -> Side<'s> {
    let is_match = |pattern: &str| matches(pattern, name);
    let by_pattern =
        side.named("patternProperties").into_iter().flatten().find(|(pattern, _)| is_match(pattern));
    let schema = by_pattern.map(|(_, schema)| schema).or_else(|| rest(side));
    side.at(schema.unwrap_or(&OPEN))
}

/// Returns the schema of everything that no other keyword speaks of.
fn rest(side: Side<'_>) -> Option<&Value> {
    side.get("additionalProperties").or_else(|| side.get("unevaluatedProperties"))
}

/// Asks a validator, whose patterns those of the schema are.
fn matches(pattern: &str, name: &str) -> bool {
    let schema = serde_json::json!({"pattern": pattern});
    let options = jsonschema::options().with_pattern_options(jsonschema::PatternOptions::regex());
    options.build(&schema).is_ok_and(|validator| validator.is_valid(&Value::from(name)))
}

fn names(side: Side<'_>) -> BTreeSet<&str> {
    let list = side.get("required").and_then(Value::as_array).into_iter().flatten();
    list.filter_map(Value::as_str).collect()
}

fn required(writer: Side<'_>, reader: Side<'_>, path: &str, found: &mut Vec<String>) {
    for name in names(reader).difference(&names(writer)) {
        let declared = reader.named("properties").and_then(|properties| properties.get(*name));
        if declared.is_some_and(|schema| schema.get("default").is_some()) {
            continue;
        }
        found.push(problem(
            &below(path, "properties", name),
            "the property became required and has no default",
        ));
    }
    let empty = serde_json::Map::new();
    let old = writer.named("dependentRequired").unwrap_or(&empty);
    for (name, new) in reader.named("dependentRequired").unwrap_or(&empty) {
        let had = |needed: &Value| {
            old.get(name).and_then(Value::as_array).is_some_and(|list| list.contains(needed))
        };
        if !new.as_array().into_iter().flatten().all(had) {
            found.push(problem(&below(path, "dependentRequired", name), "the property came to need others"));
        }
    }
}

fn properties(
    comparison: &mut Comparison,
    writer: Side<'_>,
    reader: Side<'_>,
    path: &str,
    found: &mut Vec<String>,
) {
    let empty = serde_json::Map::new();
    let old = writer.named("properties").unwrap_or(&empty);
    let new = reader.named("properties").unwrap_or(&empty);
    for name in old.keys().chain(new.keys().filter(|name| !old.contains_key(*name))) {
        let at = below(path, "properties", name);
        match (old.get(name), new.get(name)) {
            (Some(before), Some(after)) => {
                found.extend(comparison.compare(writer.at(before), reader.at(after), &at));
            }
            (Some(before), None) => {
                let problems = comparison.compare(writer.at(before), beside(reader, name), &at);
                if !problems.is_empty() {
                    found.push(problem(&at, "the property was removed and is not accepted any more"));
                }
            }
            (None, Some(after)) => {
                let before = beside(writer, name);
                let problems = comparison.compare(before, reader.at(after), &at);
                if !problems.is_empty() {
                    let why = if before.is_open() {
                        "the property was added, and could have held anything before, as the object was open"
                    } else {
                        "the property was added, and accepts less than the object did before"
                    };
                    found.push(problem(&at, why));
                }
            }
            (None, None) => {}
        }
    }
    patterns(comparison, writer, reader, path, found);
    let (before, after) = (rest(writer).unwrap_or(&OPEN), rest(reader).unwrap_or(&OPEN));
    let at = format!("{path}/additionalProperties");
    found.extend(comparison.compare(writer.at(before), reader.at(after), &at));
}

/// What names of a pattern hold was held by the same pattern, else by what was beside; and a declared property comes
/// to be held by a new pattern too.
fn patterns(
    comparison: &mut Comparison,
    writer: Side<'_>,
    reader: Side<'_>,
    path: &str,
    found: &mut Vec<String>,
) {
    let empty = serde_json::Map::new();
    let old = writer.named("patternProperties").unwrap_or(&empty);
    let new = reader.named("patternProperties").unwrap_or(&empty);
    for (pattern, after) in new {
        let at = below(path, "patternProperties", pattern);
        let before = old.get(pattern).or_else(|| rest(writer)).unwrap_or(&OPEN);
        found.extend(comparison.compare(writer.at(before), reader.at(after), &at));
        let declared = writer.named("properties").into_iter().flatten();
        for (_, before) in declared.filter(|(name, _)| !old.contains_key(pattern) && matches(pattern, name)) {
            found.extend(comparison.compare(writer.at(before), reader.at(after), &at));
        }
    }
    for (pattern, before) in old.iter().filter(|(pattern, _)| !new.contains_key(*pattern)) {
        let at = below(path, "patternProperties", pattern);
        let after = rest(reader).unwrap_or(&OPEN);
        found.extend(comparison.compare(writer.at(before), reader.at(after), &at));
    }
}

/// Returns the schemas of the first items, one by one, and the one of all further items. A list under `items` is how
/// drafts before 2020-12 spell a tuple.
fn tuple(side: Side<'_>) -> (Vec<&Value>, &Value) {
    match (side.get("prefixItems"), side.get("items")) {
        (Some(Value::Array(list)), rest) => (list.iter().collect(), rest.unwrap_or(&OPEN)),
        (_, Some(Value::Array(list))) => {
            (list.iter().collect(), side.get("additionalItems").unwrap_or(&OPEN))
        }
        (_, rest) => (Vec::new(), rest.unwrap_or(&OPEN)),
    }
}

fn items(
    comparison: &mut Comparison,
    writer: Side<'_>,
    reader: Side<'_>,
    path: &str,
    found: &mut Vec<String>,
) {
    let ((old, old_rest), (new, new_rest)) = (tuple(writer), tuple(reader));
    for index in 0..old.len().max(new.len()) {
        let before = old.get(index).copied().unwrap_or(old_rest);
        let after = new.get(index).copied().unwrap_or(new_rest);
        found.extend(comparison.compare(
            writer.at(before),
            reader.at(after),
            &format!("{path}/items/{index}"),
        ));
    }
    found.extend(comparison.compare(writer.at(old_rest), reader.at(new_rest), &format!("{path}/items")));
    let is_unique = |side: Side<'_>| side.get("uniqueItems") == Some(&Value::Bool(true));
    if is_unique(reader) && !is_unique(writer) {
        found.push(problem(path, "`uniqueItems` was added"));
    }
}

fn below(path: &str, keyword: &str, name: &str) -> String {
    format!("{path}/{keyword}{}", segment(name))
}
