//! The subset relation on values.

use base64::Engine as _;
use serde_json::{Number, Value};

use super::compare::{Difference, Stage};
use super::hints;
use crate::event::{Decoded, ReceivedEvent, bytes_to_json};

/// Adds the differences between what is expected of a value and a value that could be decoded.
pub(super) fn compare(found: &mut Vec<Difference>, expected: &Value, event: &ReceivedEvent) {
    let path = "value";
    match &event.value {
        Decoded::Json(actual) => subset(found, path.to_owned(), expected, actual),
        Decoded::Null if expected.is_null() => {}
        Decoded::Null => {
            push(found, path, expected, Some(&Value::Null), Some("the record is a tombstone".to_owned()));
        }
        Decoded::Text(text) if expected.as_str() == Some(text) => {}
        Decoded::Text(text) => {
            let actual = Value::String(text.clone());
            let hint = hints::types(expected, &actual).or_else(|| hints::texts(expected, &actual));
            let hint = hint.or_else(|| {
                let structured = expected.is_object() || expected.is_array();
                structured.then(|| "the topic's format is string; set `format: json`".to_owned())
            });
            push(found, path, expected, Some(&actual), hint);
        }
        Decoded::Bytes => {
            let actual = event.raw_value.as_deref().unwrap_or_default();
            match wanted_bytes(expected) {
                Some(wanted) if wanted == actual => {}
                wanted => {
                    let hint = wanted
                        .is_none()
                        .then(|| "the topic's format is bytes; expect text or {\"base64\": ...}".to_owned());
                    push(found, path, expected, Some(&bytes_to_json(actual)), hint);
                }
            }
        }
        // The caller has dealt with it: what was not decoded is not compared.
        Decoded::Failed(_) => {}
    }
}

/// Returns the bytes that a document means: text, or an object with `base64` alone.
fn wanted_bytes(expected: &Value) -> Option<Vec<u8>> {
    match expected {
        Value::String(text) => Some(text.clone().into_bytes()),
        Value::Object(members) if members.len() == 1 => {
            let text = members.get("base64")?.as_str()?;
            base64::engine::general_purpose::STANDARD.decode(text).ok()
        }
        _ => None,
    }
}

fn subset(found: &mut Vec<Difference>, path: String, expected: &Value, actual: &Value) {
    match (expected, actual) {
        (Value::Object(wanted), Value::Object(there)) => {
            for (name, wanted) in wanted {
                let path = member(&path, name);
                match there.get(name) {
                    Some(actual) => subset(found, path, wanted, actual),
                    None => push(found, &path, wanted, None, hints::member_variant(name, there.keys())),
                }
            }
        }
        (Value::Array(wanted), Value::Array(there)) if wanted.len() == there.len() => {
            let before = found.len();
            for (index, (wanted, actual)) in wanted.iter().zip(there).enumerate() {
                subset(found, format!("{path}[{index}]"), wanted, actual);
            }
            if found.len() > before && same_in_another_order(wanted, there) {
                found[before].hint = Some("the same elements are there in another order".to_owned());
            }
        }
        (Value::Array(wanted), Value::Array(there)) => {
            let hint = format!("lengths differ: {} expected, {} there", wanted.len(), there.len());
            push(found, &path, expected, Some(actual), Some(hint));
        }
        (Value::Number(wanted), Value::Number(there)) if same_number(wanted, there) => {}
        _ if expected == actual => {}
        _ => {
            let hint = hints::types(expected, actual).or_else(|| hints::texts(expected, actual));
            push(found, &path, expected, Some(actual), hint);
        }
    }
}

/// Returns whether numbers are equal by value: 5 equals 5.0, and no digit of a large one is lost.
fn same_number(a: &Number, b: &Number) -> bool {
    match (integer(a), integer(b)) {
        (Some(a), Some(b)) => a == b,
        (None, None) => a.as_f64() == b.as_f64(),
        _ => false,
    }
}

/// Returns a number's exact value, if it is an integer that `i128` holds.
fn integer(number: &Number) -> Option<i128> {
    const LIMIT: f64 = 1.7e38;
    if let Some(value) = number.as_i64() {
        return Some(value.into());
    }
    if let Some(value) = number.as_u64() {
        return Some(value.into());
    }
    let float = number.as_f64().filter(|float| float.fract() == 0.0 && float.abs() < LIMIT)?;
    #[expect(clippy::cast_possible_truncation, reason = "integral and within the limits of i128")]
    Some(float as i128)
}

/// Small arrays only: it is a hint, and its cost is quadratic.
fn same_in_another_order(wanted: &[Value], there: &[Value]) -> bool {
    const MOST: usize = 100;
    if wanted.len() > MOST {
        return false;
    }
    let mut left: Vec<&Value> = there.iter().collect();
    wanted.iter().all(|wanted| {
        let holds = |actual: &&Value| {
            let mut found = Vec::new();
            subset(&mut found, String::new(), wanted, actual);
            found.is_empty()
        };
        left.iter().position(holds).map(|at| left.swap_remove(at)).is_some()
    })
}

/// Adds a member's name to a path: `.name` where it reads well, else `["na.me"]`.
fn member(path: &str, name: &str) -> String {
    let is_plain = |c: char| c.is_alphanumeric() || c == '_' || c == '-';
    if !name.is_empty() && name.chars().all(is_plain) {
        format!("{path}.{name}")
    } else {
        format!("{path}[{}]", Value::from(name))
    }
}

fn push(
    found: &mut Vec<Difference>,
    path: &str,
    expected: &Value,
    actual: Option<&Value>,
    hint: Option<String>,
) {
    found.push(Difference {
        stage: Stage::Value,
        path: path.to_owned(),
        expected: expected.clone(),
        actual: actual.cloned(),
        hint,
    });
}
