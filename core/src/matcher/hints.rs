//! What may be behind a difference.

use serde_json::Value;

use crate::event::ReceivedEvent;

/// Hints at texts that are nearly equal.
pub(super) fn texts(expected: &Value, actual: &Value) -> Option<String> {
    let (Value::String(expected), Value::String(actual)) = (expected, actual) else { return None };
    if expected == actual {
        None
    } else if expected.trim() == actual.trim() {
        Some("equal but for blanks around it".to_owned())
    } else if expected.to_lowercase() == actual.to_lowercase() {
        Some("equal but for case".to_owned())
    } else {
        None
    }
}

/// Hints at scalars that read the same and are of other types.
pub(super) fn types(expected: &Value, actual: &Value) -> Option<String> {
    let (text, other) = match (expected, actual) {
        (Value::String(text), other) | (other, Value::String(text)) => (text, other),
        _ => return None,
    };
    let spelled = match other {
        Value::Number(_) | Value::Bool(_) | Value::Null => other.to_string(),
        Value::String(_) | Value::Array(_) | Value::Object(_) => return None,
    };
    (spelled == *text).then(|| format!("value equal but of another type: {expected} and {actual}"))
}

/// Hints at a member whose name differs by case only.
pub(super) fn member_variant<'a>(name: &str, mut there: impl Iterator<Item = &'a String>) -> Option<String> {
    let variant = there.find(|other| other.to_lowercase() == name.to_lowercase())?;
    Some(format!("member {variant:?} exists, the match asks {name:?}"))
}

/// Returns the name of a header that differs from a name by case or prefix only.
pub(crate) fn near_header<'a>(mut names: impl Iterator<Item = &'a str>, name: &str) -> Option<&'a str> {
    names.find(|other| *other != name && bare(other) == bare(name))
}

/// Hints at a header whose name differs by case or prefix only.
pub(super) fn header_variant(event: &ReceivedEvent, name: &str) -> Option<String> {
    let variant = near_header(event.headers.iter().map(|(name, _)| name), name)?;
    Some(format!("header {variant:?} exists, the match asks {name:?}"))
}

/// Hints at a header that looks like an envelope field and was not read as one.
pub(super) fn unread_header(event: &ReceivedEvent, name: &str, field: &str) -> Option<String> {
    let (variant, _) = event.headers.iter().find(|(other, _)| bare(other) == bare(name))?;
    Some(format!("header {variant:?} exists; names compare exactly, set correlation.{field}"))
}

/// Returns a header's name without case, known prefixes and the choice of separator.
fn bare(name: &str) -> String {
    let name = name.to_lowercase().replace(['-', '.'], "_");
    let bare = ["ce_", "x_", "kafka_"].iter().find_map(|prefix| name.strip_prefix(prefix)).unwrap_or(&name);
    bare.replace('_', "")
}
