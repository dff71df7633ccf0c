//! What single keywords accept: values and bounds.

use std::collections::BTreeSet;

use serde_json::Value;

use super::compare::problem;
use super::side::Side;

/// Returns whether two values are one for JSON Schema: 2 and 2.0 are.
fn equal(left: &Value, right: &Value) -> bool {
    match (left, right) {
        (Value::Number(left), Value::Number(right)) if left.is_f64() != right.is_f64() => {
            left.as_f64() == right.as_f64()
        }
        (Value::Array(left), Value::Array(right)) => {
            left.len() == right.len() && left.iter().zip(right).all(|(left, right)| equal(left, right))
        }
        (Value::Object(left), Value::Object(right)) => {
            left.len() == right.len()
                && left.iter().all(|(name, left)| right.get(name).is_some_and(|right| equal(left, right)))
        }
        _ => left == right,
    }
}

/// Returns whether a list has a value.
pub(super) fn has(list: &[Value], value: &Value) -> bool {
    list.iter().any(|known| equal(known, value))
}

/// Returns whether the numbers that a schema lists are integers.
pub(super) fn all_integers(writer: Side<'_>) -> bool {
    let is_whole =
        |value: &&Value| !value.is_number() || value.as_f64().is_some_and(|number| number.fract() == 0.0);
    writer.values().is_some_and(|values| values.iter().all(is_whole))
}

/// Compares `enum` and `const`.
pub(super) fn values(writer: Side<'_>, reader: Side<'_>, path: &str, found: &mut Vec<String>) {
    let Some(new) = reader.values() else { return };
    match writer.values() {
        None => found.push(problem(path, "a list of values was added")),
        Some(old) => {
            let lost = old
                .iter()
                .filter(|value| !new.iter().any(|known| equal(known, value)))
                .map(|value| format!("`{value}`"));
            let lost = lost.take(5).collect::<Vec<_>>().join(", ");
            if !lost.is_empty() {
                found.push(problem(path, &format!("the value {lost} is not accepted any more")));
            }
        }
    }
}

/// Compares bounds, by the type that they are for.
pub(super) fn bounds(
    writer: Side<'_>,
    reader: Side<'_>,
    path: &str,
    types: &BTreeSet<&str>,
    found: &mut Vec<String>,
) {
    const BOUNDS: [(&str, &str, bool); 10] = [
        ("number", "maximum", true),
        ("number", "exclusiveMaximum", true),
        ("number", "minimum", false),
        ("number", "exclusiveMinimum", false),
        ("string", "maxLength", true),
        ("string", "minLength", false),
        ("array", "maxItems", true),
        ("array", "minItems", false),
        ("object", "maxProperties", true),
        ("object", "minProperties", false),
    ];
    for (kind, keyword, is_most) in BOUNDS {
        let Some(after) = reader.get(keyword).filter(|_| types.contains(kind)) else { continue };
        if writer.get(keyword) == Some(after) {
            continue;
        }
        let (old, new) = (writer.get(keyword).and_then(Value::as_f64), after.as_f64());
        match (old, new) {
            (None, _) if !is_most && after.as_u64() == Some(0) && kind != "number" => {}
            (None, _) => found.push(problem(path, &format!("`{keyword}` was added"))),
            (Some(old), Some(new)) if (is_most && new < old) || (!is_most && new > old) => {
                found.push(problem(path, &format!("`{keyword}` went from {old} to {new}")));
            }
            _ => {}
        }
    }
    if types.contains("string") && reader.get("pattern").is_some_and(|new| Some(new) != writer.get("pattern"))
    {
        found.push(problem(path, "`pattern` was added or changed"));
    }
    if let Some(new) = reader.get("multipleOf").and_then(Value::as_f64).filter(|_| types.contains("number")) {
        match writer.get("multipleOf").and_then(Value::as_f64) {
            Some(old) if (old / new).fract().abs() < 1e-9 => {}
            _ => found.push(problem(path, "`multipleOf` was added or changed")),
        }
    }
}
