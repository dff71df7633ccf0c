//! Which branch of a union a value is meant for.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value};

use super::encode::uuid;
use super::logical::Logical;
use super::model::{Kind, Node, Record};
use super::{decimal, iso, wire};

/// How well a branch fits; the lowest fits best, and of equals the first one in the union.
pub(super) type Rank = usize;

/// What is exactly that.
const EXACT: Rank = 0;
/// A record by its fields, plus the number of those that the value leaves to their defaults.
const RECORD: Rank = 1;
const WIDER: Rank = 10_000;
const WIDEST: Rank = 20_000;
/// A type that has a text for its values beside its own form.
const BY_TEXT: Rank = 30_000;

/// Returns how well a branch fits a value, by what can be seen without reading on; `None` when it cannot.
pub(super) fn rank(node: &Node, value: &Value) -> Option<Rank> {
    match value {
        Value::Null => matches!(node.kind, Kind::Null).then_some(EXACT),
        Value::Bool(_) => matches!(node.kind, Kind::Boolean).then_some(EXACT),
        Value::Number(number) => match (&node.kind, number.as_i64()) {
            (Kind::Int, Some(long)) => i32::try_from(long).is_ok().then_some(EXACT),
            (Kind::Long, Some(_)) => Some(EXACT),
            (Kind::Double, Some(_)) => Some(WIDER),
            (Kind::Double, None) => Some(EXACT),
            (Kind::Float, integer) => {
                let wide = number.as_f64()?;
                let narrow = wire::narrow(wide);
                let kept = super::sink::as_written(narrow) == Some(wide);
                Some(if kept && integer.is_none() { EXACT } else { WIDEST })
            }
            _ => match node.logical? {
                Logical::Decimal { .. } => fits(node, &number.to_string()).then_some(BY_TEXT),
                _ => None,
            },
        },
        Value::String(text) => match &node.kind {
            Kind::String if node.logical == Some(Logical::Uuid) => uuid(text).is_some().then_some(EXACT),
            Kind::String => Some(WIDER),
            Kind::Enum(one) => one.symbols.contains(text).then_some(EXACT),
            Kind::Int | Kind::Long => iso::count(node.logical?, text).is_some().then_some(BY_TEXT),
            Kind::Float | Kind::Double => wire::named_float(text).is_some().then_some(BY_TEXT),
            Kind::Bytes | Kind::Fixed(..) => fits(node, text).then_some(BY_TEXT),
            _ => None,
        },
        Value::Array(_) => matches!(node.kind, Kind::Array { .. }).then_some(EXACT),
        Value::Object(values) => match &node.kind {
            Kind::Bytes | Kind::Fixed(..) if marked(value).is_some() => Some(EXACT),
            Kind::Fixed(..) if node.logical == Some(Logical::Duration) => Some(EXACT),
            Kind::Record(record) => Some(RECORD + absent(record, values).min(WIDER - 2)),
            Kind::Map(_) => Some(WIDER),
            _ => None,
        },
    }
}

fn absent(record: &Record, values: &Map<String, Value>) -> usize {
    record.fields.iter().filter(|field| !values.contains_key(&field.name)).count()
}

/// Returns whether a text says the bytes of a type.
fn fits(node: &Node, text: &str) -> bool {
    match (node.logical, &node.kind) {
        (Some(Logical::Decimal { precision, scale }), _) => decimal::bytes(text, precision, scale).is_ok(),
        (Some(Logical::Uuid), _) => uuid(text).is_some(),
        (Some(_), _) => false,
        (None, Kind::Fixed(_, size)) => STANDARD.decode(text).is_ok_and(|bytes| bytes.len() == *size),
        (None, _) => STANDARD.decode(text).is_ok(),
    }
}

/// Returns the text of `{"base64": text}`, the form of bytes that nothing else has.
pub(super) fn marked(value: &Value) -> Option<&str> {
    let object = value.as_object().filter(|object| object.len() == 1)?;
    object.get("base64")?.as_str()
}
