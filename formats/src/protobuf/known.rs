//! The messages of `google/protobuf` that have a JSON form of their own (the canonical JSON mapping of Protobuf).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value};

use super::plan::{Field, Kind, Message, Plan, Shape};
use super::read::{self, Slot};
use super::wire::{WireType, put_length, put_tag, put_varint};
use super::write::{self, bytes, expected, put_bytes};
use crate::fault::{Fault, FaultKind};
use crate::time::{NANOS, fraction, instant, parse_fraction, parse_instant};

/// The longest duration, in seconds: ten thousand years.
const MOST_SECONDS: u64 = 315_576_000_000;

/// Which form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Known {
    /// `{"@type": "type.googleapis.com/pkg.Message", ...}`; the content in base64 under `value` when the type is not
    /// among the schema and its imports.
    Any,
    /// RFC 3339.
    Timestamp,
    /// `1.5s`.
    Duration,
    /// Paths in lowerCamelCase with a comma between.
    FieldMask,
    /// An object.
    Struct,
    /// Anything.
    Value,
    /// A list.
    ListValue,
    /// What is wrapped.
    Wrapper,
}

impl Known {
    /// Returns the form of a message, if it has one and its fields are those that Google gave it.
    pub(super) fn of(name: &str, fields: &[Field]) -> Option<Self> {
        let kinds = fields.iter().map(|field| (field.number, field.kind, field.shape)).collect::<Vec<_>>();
        let single = |number, kind| (number, kind, Shape::Single);
        match (name.strip_prefix("google.protobuf.")?, &kinds[..]) {
            ("Any", [url, content]) => {
                (*url == single(1, Kind::String) && *content == single(2, Kind::Bytes)).then_some(Self::Any)
            }
            (time @ ("Timestamp" | "Duration"), [seconds, nanos]) => {
                let known = if time == "Timestamp" { Self::Timestamp } else { Self::Duration };
                (*seconds == single(1, Kind::Int64) && *nanos == single(2, Kind::Int32)).then_some(known)
            }
            ("FieldMask", [paths]) => (*paths == (1, Kind::String, Shape::List)).then_some(Self::FieldMask),
            ("Struct", [(1, Kind::Message(_), Shape::Map)]) => Some(Self::Struct),
            ("ListValue", [(1, Kind::Message(_), Shape::List)]) => Some(Self::ListValue),
            (
                "Value",
                [
                    (1, Kind::Enum(_), Shape::Single),
                    (2, Kind::Double, Shape::Single),
                    (3, Kind::String, Shape::Single),
                    (4, Kind::Bool, Shape::Single),
                    (5, Kind::Message(_), Shape::Single),
                    (6, Kind::Message(_), Shape::Single),
                ],
            ) => Some(Self::Value),
            (wrapper, [(1, kind, Shape::Single)]) => {
                let wrapped = match wrapper {
                    "DoubleValue" => Kind::Double,
                    "FloatValue" => Kind::Float,
                    "Int64Value" => Kind::Int64,
                    "UInt64Value" => Kind::Uint64,
                    "Int32Value" => Kind::Int32,
                    "UInt32Value" => Kind::Uint32,
                    "BoolValue" => Kind::Bool,
                    "StringValue" => Kind::String,
                    "BytesValue" => Kind::Bytes,
                    _ => return None,
                };
                (*kind == wrapped).then_some(Self::Wrapper)
            }
            _ => None,
        }
    }

    /// Returns the JSON form of what was met of each field.
    pub(super) fn show(
        self,
        plan: &Plan,
        message: &Message,
        slots: Vec<Slot<'_>>,
        depth: usize,
    ) -> Result<Value, Fault> {
        if self == Self::Value {
            let set = message.fields.iter().zip(slots).find(|(_, slot)| !matches!(slot, Slot::Empty));
            return match set {
                Some((field, Slot::Bytes(bytes))) => match field.kind {
                    Kind::Message(place) => read::message(plan, place, &bytes, depth + 1),
                    _ => Ok(Value::Null),
                },
                Some((_, Slot::Value(value))) => Ok(value),
                _ => Ok(Value::Null),
            };
        }
        let mut values = message.fields.iter().zip(slots).map(|(field, slot)| match slot {
            Slot::Value(value) => value,
            Slot::List(values) => Value::Array(values),
            Slot::Map(entries) => Value::Object(entries),
            Slot::Bytes(_) | Slot::Empty => field.default.clone(),
        });
        let first = values.next().unwrap_or_default();
        let second = values.next().unwrap_or_default();
        match self {
            Self::Value | Self::Wrapper | Self::Struct | Self::ListValue => Ok(first),
            Self::Timestamp => show_timestamp(&first, &second),
            Self::Duration => show_duration(&first, &second),
            Self::FieldMask => Ok(show_mask(&first)),
            Self::Any => show_any(plan, &first, &second, depth),
        }
    }

    /// Writes the message that a JSON form means, without its length.
    pub(super) fn write(
        self,
        plan: &Plan,
        message: &Message,
        value: &Value,
        out: &mut Vec<u8>,
        depth: usize,
    ) -> Result<(), Fault> {
        let field = |index: usize, value: &Value, out: &mut Vec<u8>| match message.fields.get(index) {
            Some(field) => write::field(plan, field, value, out, depth),
            None => Ok(()),
        };
        match self {
            Self::Wrapper | Self::ListValue | Self::Struct => field(0, value, out),
            Self::Value => match value {
                Value::Null => field(0, value, out),
                Value::Number(_) => field(1, value, out),
                Value::String(_) => field(2, value, out),
                Value::Bool(_) => field(3, value, out),
                Value::Object(_) => field(4, value, out),
                Value::Array(_) => field(5, value, out),
            },
            Self::Timestamp => {
                let wanted = "a timestamp as `2026-01-02T03:04:05.678Z`";
                let read = value
                    .as_str()
                    .and_then(parse_instant)
                    .filter(|(seconds, nanos)| instant(*seconds, *nanos).is_some());
                let (seconds, nanos) = read.ok_or_else(|| expected(wanted, value))?;
                put_time(out, seconds, i64::from(nanos));
                Ok(())
            }
            Self::Duration => {
                let (seconds, nanos) = value
                    .as_str()
                    .and_then(parse_duration)
                    .ok_or_else(|| expected("a duration as `1.5s`", value))?;
                put_time(out, seconds, nanos);
                Ok(())
            }
            Self::FieldMask => {
                let text = value.as_str().ok_or_else(|| expected("paths as `a.b,c`", value))?;
                for path in text.split(',').filter(|path| !path.is_empty()) {
                    put_tag(out, 1, WireType::Length);
                    put_bytes(out, snake(path).as_bytes());
                }
                Ok(())
            }
            Self::Any => write_any(plan, value, out, depth),
        }
    }
}

fn fault(message: impl Into<String>) -> Fault {
    Fault::new(FaultKind::Decode, message)
}

fn show_timestamp(seconds: &Value, nanos: &Value) -> Result<Value, Fault> {
    let (seconds, nanos) = (seconds.as_i64().unwrap_or(0), nanos.as_i64().unwrap_or(0));
    let text = u32::try_from(nanos).ok().and_then(|nanos| instant(seconds, nanos));
    text.map(Value::from)
        .ok_or_else(|| fault(format!("the timestamp of {seconds} seconds and {nanos} nanoseconds is none")))
}

fn show_duration(seconds: &Value, nanos: &Value) -> Result<Value, Fault> {
    let (seconds, nanos) = (seconds.as_i64().unwrap_or(0), nanos.as_i64().unwrap_or(0));
    let is_mixed = (seconds < 0 && nanos > 0) || (seconds > 0 && nanos < 0);
    let parts = u32::try_from(nanos.unsigned_abs()).ok().filter(|nanos| *nanos < NANOS);
    match parts {
        Some(parts) if !is_mixed && seconds.unsigned_abs() <= MOST_SECONDS => {
            let sign = if seconds < 0 || nanos < 0 { "-" } else { "" };
            Ok(Value::from(format!("{sign}{}{}s", seconds.unsigned_abs(), fraction(parts))))
        }
        _ => Err(fault(format!("the duration of {seconds} seconds and {nanos} nanoseconds is none"))),
    }
}

fn parse_duration(text: &str) -> Option<(i64, i64)> {
    let text = text.strip_suffix('s')?;
    let (sign, digits) = text.strip_prefix('-').map_or((1, text), |digits| (-1, digits));
    let (whole, nanos) = match digits.split_once('.') {
        Some((whole, digits)) => (whole, parse_fraction(digits)?),
        None => (digits, 0),
    };
    let is_number = !whole.is_empty() && whole.bytes().all(|byte| byte.is_ascii_digit());
    let seconds = whole.parse::<u64>().ok().filter(|seconds| is_number && *seconds <= MOST_SECONDS)?;
    Some((sign * i64::try_from(seconds).ok()?, sign * i64::from(nanos)))
}

fn put_time(out: &mut Vec<u8>, seconds: i64, nanos: i64) {
    for (number, part) in [(1, seconds), (2, nanos)] {
        if part != 0 {
            put_tag(out, number, WireType::Varint);
            put_varint(out, part.cast_unsigned());
        }
    }
}

fn show_mask(paths: &Value) -> Value {
    let paths = paths.as_array().into_iter().flatten().filter_map(Value::as_str).map(camel);
    Value::from(paths.collect::<Vec<_>>().join(","))
}

fn camel(path: &str) -> String {
    let mut shown = String::new();
    let mut is_word = false;
    for letter in path.chars() {
        match letter {
            '_' => is_word = true,
            letter if is_word => {
                shown.push(letter.to_ascii_uppercase());
                is_word = false;
            }
            letter => shown.push(letter),
        }
    }
    shown
}

fn snake(path: &str) -> String {
    let mut written = String::new();
    for letter in path.chars() {
        if letter.is_ascii_uppercase() {
            written.push('_');
        }
        written.push(letter.to_ascii_lowercase());
    }
    written
}

fn show_any(plan: &Plan, url: &Value, content: &Value, depth: usize) -> Result<Value, Fault> {
    let url = url.as_str().unwrap_or_default();
    let content = content.as_str().unwrap_or_default();
    let mut shown = Map::new();
    if url.is_empty() && content.is_empty() {
        return Ok(Value::Object(shown));
    }
    let Some(place) = plan.named(url.rsplit('/').next().unwrap_or_default()) else {
        shown.insert("value".to_owned(), Value::from(content));
        shown.insert("@type".to_owned(), Value::from(url));
        return Ok(Value::Object(shown));
    };
    let content = STANDARD.decode(content).unwrap_or_default();
    match read::message(plan, place, &content, depth + 1)? {
        Value::Object(members) if plan.messages[place].known.is_none() => shown = members,
        other => drop(shown.insert("value".to_owned(), other)),
    }
    shown.insert("@type".to_owned(), Value::from(url));
    Ok(Value::Object(shown))
}

fn write_any(plan: &Plan, value: &Value, out: &mut Vec<u8>, depth: usize) -> Result<(), Fault> {
    let members = value.as_object().ok_or_else(|| expected("an object with `@type`", value))?;
    if members.is_empty() {
        return Ok(());
    }
    let url = members.get("@type").and_then(Value::as_str).ok_or_else(|| {
        write::fault("the `Any` did not say its `@type`")
            .hint("as `\"@type\": \"type.googleapis.com/pkg.Message\"`")
    })?;
    put_tag(out, 1, WireType::Length);
    put_bytes(out, url.as_bytes());
    let content = members.get("value").unwrap_or(&Value::Null);
    let mut written = Vec::new();
    match plan.named(url.rsplit('/').next().unwrap_or_default()) {
        Some(place) if plan.messages[place].known.is_some() => {
            write::message(plan, place, content, &mut written, depth + 1)
                .map_err(|fault| fault.under("value"))?;
        }
        Some(place) => {
            write::object(plan, &plan.messages[place], members, Some("@type"), &mut written, depth + 1)?
        }
        None => {
            written = bytes(content).map_err(|fault| {
                fault.under("value").hint(format!("the type `{url}` is not among the schema and its imports"))
            })?;
        }
    }
    if !written.is_empty() {
        put_tag(out, 2, WireType::Length);
        put_length(out, |out| -> Result<(), Fault> {
            out.extend_from_slice(&written);
            Ok(())
        })?;
    }
    Ok(())
}
