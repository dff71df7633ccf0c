//! Values to bytes, by the plan of their message. Fields are written in the order of their numbers, so that one value
//! is always the same bytes.

use base64::Engine as _;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use serde_json::{Map, Value};

use super::known::Known;
use super::plan::{Enum, Field, Kind, Message, Plan, Shape};
use super::wire::{MOST_DEEP, WireType, put_length, put_tag, put_varint, zigzag};
use crate::fault::{Fault, FaultKind, plain, shown};
use crate::suggest::closest;

/// Base64 with padding or without.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// Writes what a message holds, without its length.
pub(super) fn message(
    plan: &Plan,
    place: usize,
    value: &Value,
    out: &mut Vec<u8>,
    depth: usize,
) -> Result<(), Fault> {
    if depth > MOST_DEEP {
        return Err(fault(format!("the value was nested more than {MOST_DEEP} deep")));
    }
    let message = &plan.messages[place];
    match (message.known, value) {
        (Some(known), value) => known.write(plan, message, value, out, depth),
        (None, Value::Object(members)) => object(plan, message, members, None, out, depth),
        (None, other) => Err(expected(&format!("an object for `{}`", message.name), other)),
    }
}

/// Writes the fields of a message; `but` is a member that is no field of it.
pub(super) fn object(
    plan: &Plan,
    message: &Message,
    members: &Map<String, Value>,
    but: Option<&str>,
    out: &mut Vec<u8>,
    depth: usize,
) -> Result<(), Fault> {
    let mut values: Vec<Option<&Value>> = vec![None; message.fields.len()];
    for (name, value) in members {
        let Some(place) = message.by_name(name) else {
            if but == Some(name) {
                continue;
            }
            return Err(unknown(message, name));
        };
        if value.is_null() && !takes_null(plan, &message.fields[place]) {
            continue;
        }
        if values[place].replace(value).is_some() {
            return Err(fault("the field was given in both of its spellings").under(name));
        }
    }
    let mut chosen: Vec<(usize, &str)> = Vec::new();
    for (field, value) in message.fields.iter().zip(values) {
        let Some(value) = value else {
            if field.required {
                return Err(
                    fault(format!("the required field of `{}` was missing", message.name)).under(&field.name)
                );
            }
            continue;
        };
        if let Some(oneof) = field.oneof {
            if let Some((_, other)) = chosen.iter().find(|(taken, _)| *taken == oneof) {
                return Err(fault(format!(
                    "the field and `{other}` were both set, of which only one can be"
                ))
                .under(&field.name));
            }
            chosen.push((oneof, &field.name));
        }
        self::field(plan, field, value, out, depth).map_err(|fault| fault.under(&field.name))?;
    }
    Ok(())
}

/// For everything else null is another word for absent.
fn takes_null(plan: &Plan, field: &Field) -> bool {
    field.shape == Shape::Single
        && match field.kind {
            Kind::Enum(place) => plan.enums[place].is_null,
            Kind::Message(place) => plan.messages[place].known == Some(Known::Value),
            _ => false,
        }
}

/// Writes a field with its tag; what stands for absence is not written.
pub(super) fn field(
    plan: &Plan,
    field: &Field,
    value: &Value,
    out: &mut Vec<u8>,
    depth: usize,
) -> Result<(), Fault> {
    match (field.shape, value) {
        (Shape::Single, value) => {
            let start = out.len();
            let content = single(plan, field, value, out, depth)?;
            if !field.presence && out[content..].iter().all(|byte| *byte == 0) {
                out.truncate(start);
            }
            Ok(())
        }
        (Shape::List, Value::Array(values)) => {
            for (at, value) in values.iter().enumerate() {
                single(plan, field, value, out, depth).map_err(|fault| fault.under(at))?;
            }
            Ok(())
        }
        (Shape::Packed, Value::Array(values)) if values.is_empty() => Ok(()),
        (Shape::Packed, Value::Array(values)) => {
            put_tag(out, field.number, WireType::Length);
            put_length(out, |out| {
                let mut each = values.iter().enumerate();
                each.try_for_each(|(at, value)| {
                    scalar(plan, field.kind, value, out).map_err(|fault| fault.under(at))
                })
            })
        }
        (Shape::List | Shape::Packed, other) => Err(expected("a list", other)),
        (Shape::Map, Value::Object(entries)) => {
            let Kind::Message(place) = field.kind else { return Ok(()) };
            for (key, value) in entries {
                put_tag(out, field.number, WireType::Length);
                put_length(out, |out| entry(plan, &plan.messages[place], key, value, out, depth + 1))
                    .map_err(|fault| fault.under(key))?;
            }
            Ok(())
        }
        (Shape::Map, other) => Err(expected("an object for a map", other)),
    }
}

/// Writes one value with its tag, and returns where the value begins.
fn single(
    plan: &Plan,
    field: &Field,
    value: &Value,
    out: &mut Vec<u8>,
    depth: usize,
) -> Result<usize, Fault> {
    put_tag(out, field.number, field.kind.wire());
    let content = out.len();
    match field.kind {
        Kind::Message(place) => put_length(out, |out| message(plan, place, value, out, depth + 1))?,
        Kind::Group(place) => {
            message(plan, place, value, out, depth + 1)?;
            put_tag(out, field.number, WireType::EndGroup);
        }
        kind => scalar(plan, kind, value, out)?,
    }
    Ok(content)
}

/// Writes an entry of a map; both of its fields are always there.
fn entry(
    plan: &Plan,
    entry: &Message,
    key: &str,
    value: &Value,
    out: &mut Vec<u8>,
    depth: usize,
) -> Result<(), Fault> {
    for field in &entry.fields {
        if field.number != 1 {
            single(plan, field, value, out, depth)?;
            continue;
        }
        let key = match (field.kind, key) {
            (Kind::Bool, "true") => Value::Bool(true),
            (Kind::Bool, "false") => Value::Bool(false),
            _ => Value::from(key),
        };
        single(plan, field, &key, out, depth)?;
    }
    Ok(())
}

#[expect(clippy::cast_possible_truncation, reason = "the range was looked at")]
fn scalar(plan: &Plan, kind: Kind, value: &Value, out: &mut Vec<u8>) -> Result<(), Fault> {
    match kind {
        Kind::Int32 => put_varint(out, integer(value, "an int32", I32)?.cast_unsigned() as u64),
        Kind::Int64 => put_varint(out, integer(value, "an int64", I64)?.cast_unsigned() as u64),
        Kind::Uint32 => put_varint(out, integer(value, "a uint32", U32)?.cast_unsigned() as u64),
        Kind::Uint64 => put_varint(out, integer(value, "a uint64", U64)?.cast_unsigned() as u64),
        Kind::Sint32 => put_varint(out, zigzag(integer(value, "a sint32", I32)? as i64)),
        Kind::Sint64 => put_varint(out, zigzag(integer(value, "a sint64", I64)? as i64)),
        Kind::Fixed32 => out.extend_from_slice(&(integer(value, "a fixed32", U32)? as u32).to_le_bytes()),
        Kind::Sfixed32 => out.extend_from_slice(&(integer(value, "an sfixed32", I32)? as i32).to_le_bytes()),
        Kind::Fixed64 => out.extend_from_slice(&(integer(value, "a fixed64", U64)? as u64).to_le_bytes()),
        Kind::Sfixed64 => out.extend_from_slice(&(integer(value, "an sfixed64", I64)? as i64).to_le_bytes()),
        Kind::Float => {
            let wide = float(value, "a float")?;
            let narrow = wide as f32;
            if wide.is_finite() && !narrow.is_finite() {
                return Err(expected("a float", value));
            }
            out.extend_from_slice(&narrow.to_le_bytes());
        }
        Kind::Double => out.extend_from_slice(&float(value, "a double")?.to_le_bytes()),
        Kind::Bool => match value {
            Value::Bool(is_true) => out.push(u8::from(*is_true)),
            other => return Err(expected("a bool", other)),
        },
        Kind::String => match value {
            Value::String(text) => put_bytes(out, text.as_bytes()),
            other => return Err(expected("a string", other)),
        },
        Kind::Bytes => put_bytes(out, &bytes(value)?),
        Kind::Enum(place) => put_varint(out, i64::from(constant(&plan.enums[place], value)?).cast_unsigned()),
        Kind::Message(_) | Kind::Group(_) => {}
    }
    Ok(())
}

/// Writes bytes behind their length.
pub(super) fn put_bytes(out: &mut Vec<u8>, bytes: &[u8]) {
    put_varint(out, bytes.len() as u64);
    out.extend_from_slice(bytes);
}

/// Reads base64 in its standard or its URL-safe alphabet.
pub(super) fn bytes(value: &Value) -> Result<Vec<u8>, Fault> {
    let decoded = value.as_str().and_then(|text| match text.contains(['-', '_']) {
        true => BASE64.decode(text.replace('-', "+").replace('_', "/")).ok(),
        false => BASE64.decode(text).ok(),
    });
    decoded.ok_or_else(|| expected("base64 text", value))
}

type Range = (i128, i128);
const I32: Range = (i32::MIN as i128, i32::MAX as i128);
const I64: Range = (i64::MIN as i128, i64::MAX as i128);
const U32: Range = (0, u32::MAX as i128);
const U64: Range = (0, u64::MAX as i128);

/// Reads an integer: a number without a fraction, or text with one.
fn integer(value: &Value, kind: &str, (least, most): Range) -> Result<i128, Fault> {
    let number = match value {
        Value::Number(number) => number
            .as_i64()
            .map(i128::from)
            .or_else(|| number.as_u64().map(i128::from))
            .or_else(|| number.as_f64().and_then(whole)),
        Value::String(text) => text.parse().ok().or_else(|| text.parse().ok().and_then(whole)),
        _ => None,
    };
    number.filter(|number| (least..=most).contains(number)).ok_or_else(|| expected(kind, value))
}

#[expect(clippy::cast_possible_truncation, reason = "it has no fraction and is far below the limit")]
fn whole(number: f64) -> Option<i128> {
    (number.fract() == 0.0 && number.abs() < 1e20).then_some(number as i128)
}

fn float(value: &Value, kind: &str) -> Result<f64, Fault> {
    let number = match value {
        Value::Number(number) => number.as_f64(),
        Value::String(text) => match text.as_str() {
            "NaN" => Some(f64::NAN),
            "Infinity" => Some(f64::INFINITY),
            "-Infinity" => Some(f64::NEG_INFINITY),
            text => text.parse().ok().filter(|number: &f64| number.is_finite()),
        },
        _ => None,
    };
    number.ok_or_else(|| expected(kind, value))
}

fn constant(known: &Enum, value: &Value) -> Result<i32, Fault> {
    match value {
        Value::Null if known.is_null => Ok(0),
        Value::String(name) => known.by_name.get(name).copied().ok_or_else(|| {
            let unknown = fault(format!("the enum `{}` has no value `{}`", known.name, plain(name)));
            match closest(name, known.by_name.keys().map(String::as_str)) {
                Some(near) => unknown.hint(format!("did you mean `{near}`?")),
                None => unknown,
            }
        }),
        other => {
            let number = integer(other, &format!("a value of the enum `{}`", known.name), I32)?;
            i32::try_from(number).map_err(|_| expected("an enum value", other))
        }
    }
}

fn unknown(message: &Message, name: &str) -> Fault {
    let unknown = fault(format!("the message `{}` has no such field", message.name)).under(name);
    let names = || message.fields.iter().map(|field| field.name.as_str());
    match closest(name, names()) {
        Some(near) => unknown.hint(format!("did you mean `{near}`?")),
        None if message.fields.is_empty() => unknown,
        None => {
            let some = names().take(12).map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
            unknown.hint(format!(
                "its fields are {some}{}",
                if message.fields.len() > 12 { ", ..." } else { "" }
            ))
        }
    }
}

/// Says what was expected, and what was there.
pub(super) fn expected(what: &str, got: &Value) -> Fault {
    fault(format!("{what} was expected, not `{}`", shown(got)))
}

pub(super) fn fault(message: impl Into<String>) -> Fault {
    Fault::new(FaultKind::Encode, message)
}
