//! Bytes to values, by the plan of their message.

use std::borrow::Cow;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Number, Value};

use super::plan::{Field, Kind, Message, Plan, Shape};
use super::wire::{MOST_DEEP, Reader, WireType, unzigzag};
use crate::fault::{Fault, FaultKind};
use crate::pointer::within;

/// What was met of a field.
pub(super) enum Slot<'p> {
    Empty,
    Value(Value),
    /// A message, not yet read: a later occurrence is merged into an earlier one by putting its bytes behind.
    Bytes(Cow<'p, [u8]>),
    List(Vec<Value>),
    Map(Map<String, Value>),
}

/// Reads a whole message.
pub(super) fn message(plan: &Plan, place: usize, bytes: &[u8], depth: usize) -> Result<Value, Fault> {
    let message = &plan.messages[place];
    let slots = slots(plan, message, bytes, None, depth)?;
    if let Some(known) = message.known {
        return known.show(plan, message, slots, depth);
    }
    object(plan, message, slots, depth).map(Value::Object)
}

/// Makes an object of what was met of each field.
pub(super) fn object(
    plan: &Plan,
    message: &Message,
    slots: Vec<Slot<'_>>,
    depth: usize,
) -> Result<Map<String, Value>, Fault> {
    let mut object = Map::new();
    for (field, slot) in message.fields.iter().zip(slots) {
        if let Some(value) = finish(plan, message, field, slot, depth)? {
            object.insert(field.name.clone(), value);
        }
    }
    Ok(object)
}

/// Returns the value of a field; `None` when it has presence and is absent.
fn finish(
    plan: &Plan,
    within: &Message,
    field: &Field,
    slot: Slot<'_>,
    depth: usize,
) -> Result<Option<Value>, Fault> {
    Ok(Some(match slot {
        Slot::Value(value) => value,
        Slot::List(values) => Value::Array(values),
        Slot::Map(entries) => Value::Object(entries),
        Slot::Bytes(bytes) => {
            single(plan, field.kind, &bytes, depth).map_err(|fault| fault.under(&field.name))?
        }
        Slot::Empty if field.required => {
            return Err(
                fault(format!("the required field of `{}` was missing", within.name)).under(&field.name)
            );
        }
        Slot::Empty if field.presence => return Ok(None),
        Slot::Empty => field.default.clone(),
    }))
}

fn single(plan: &Plan, kind: Kind, bytes: &[u8], depth: usize) -> Result<Value, Fault> {
    match kind {
        Kind::Message(place) | Kind::Group(place) => message(plan, place, bytes, depth + 1),
        _ => Ok(Value::Null),
    }
}

/// Reads one field of a message, of the rest nothing: `segments` lead to it.
pub(super) fn pick(
    plan: &Plan,
    place: usize,
    bytes: &[u8],
    segments: &[String],
    depth: usize,
) -> Result<Option<Value>, Fault> {
    let message = &plan.messages[place];
    let Some((first, rest)) = segments.split_first() else {
        return self::message(plan, place, bytes, depth).map(Some);
    };
    if message.known.is_some() {
        return Ok(within(self::message(plan, place, bytes, depth)?, segments));
    }
    let Some(at) = message.by_name(first) else { return Ok(None) };
    let field = &message.fields[at];
    let slot = slots(plan, message, bytes, Some(at), depth)?.into_iter().nth(at).unwrap_or(Slot::Empty);
    match (slot, field.kind) {
        (Slot::Bytes(bytes), Kind::Message(place) | Kind::Group(place)) => {
            pick(plan, place, &bytes, rest, depth + 1).map_err(|fault| fault.under(&field.name))
        }
        (Slot::Empty, _) if field.presence => Ok(None),
        (slot, _) => Ok(finish(plan, message, field, slot, depth)?.and_then(|value| within(value, rest))),
    }
}

/// Reads the fields of a message; with `only`, that field alone.
pub(super) fn slots<'p>(
    plan: &Plan,
    message: &Message,
    bytes: &'p [u8],
    only: Option<usize>,
    depth: usize,
) -> Result<Vec<Slot<'p>>, Fault> {
    if depth > MOST_DEEP {
        return Err(fault(format!("the message was nested more than {MOST_DEEP} deep")));
    }
    let mut slots = Vec::new();
    slots.resize_with(message.fields.len(), || Slot::Empty);
    let mut reader = Reader::new(bytes);
    while !reader.is_empty() {
        let Some((number, wire)) = reader.tag() else { return Err(malformed()) };
        let place = message.by_number(number).filter(|place| matches(&message.fields[*place], wire));
        let Some(place) = place else {
            reader.skip(number, wire).ok_or_else(malformed)?;
            continue;
        };
        let field = &message.fields[place];
        if let Some(oneof) = field.oneof {
            clear(plan, message, &mut slots, (oneof, place), depth)?;
        }
        if only.is_some_and(|only| only != place) {
            reader.skip(number, wire).ok_or_else(|| malformed().under(&field.name))?;
            continue;
        }
        take(plan, field, wire, &mut reader, &mut slots[place], depth)
            .map_err(|fault| fault.under(&field.name))?;
    }
    Ok(slots)
}

/// Another member of a oneof is there: what came before is void, and has to be right all the same.
fn clear(
    plan: &Plan,
    message: &Message,
    slots: &mut [Slot<'_>],
    (oneof, but): (usize, usize),
    depth: usize,
) -> Result<(), Fault> {
    for (place, (field, slot)) in message.fields.iter().zip(slots).enumerate() {
        if place != but && field.oneof == Some(oneof) {
            if let Slot::Bytes(bytes) = slot {
                single(plan, field.kind, bytes, depth).map_err(|fault| fault.under(&field.name))?;
            }
            *slot = Slot::Empty;
        }
    }
    Ok(())
}

/// Lists of numbers may be written packed or one by one, whatever the schema says.
fn matches(field: &Field, wire: WireType) -> bool {
    let own = field.kind.wire();
    let is_list = matches!(field.shape, Shape::List | Shape::Packed);
    own == wire || (is_list && wire == WireType::Length && !matches!(own, WireType::Length | WireType::Group))
}

fn take<'p>(
    plan: &Plan,
    field: &Field,
    wire: WireType,
    reader: &mut Reader<'p>,
    slot: &mut Slot<'p>,
    depth: usize,
) -> Result<(), Fault> {
    let content = match field.kind {
        Kind::Message(_) => Some(reader.length().ok_or_else(malformed)?),
        Kind::Group(_) => Some(reader.group(field.number).ok_or_else(malformed)?),
        _ => None,
    };
    match (field.shape, content) {
        (Shape::Single, None) => *slot = Slot::Value(scalar(plan, field.kind, reader)?),
        (Shape::Single, Some(bytes)) => match slot {
            Slot::Bytes(earlier) => earlier.to_mut().extend_from_slice(bytes),
            _ => *slot = Slot::Bytes(Cow::Borrowed(bytes)),
        },
        (Shape::Map, content) => {
            if !matches!(slot, Slot::Map(_)) {
                *slot = Slot::Map(Map::new());
            }
            if let (Slot::Map(entries), Some(bytes), Kind::Message(place)) = (slot, content, field.kind) {
                let (key, value) = entry(plan, &plan.messages[place], bytes, depth + 1)?;
                entries.insert(key, value);
            }
        }
        (Shape::List | Shape::Packed, content) => {
            if !matches!(slot, Slot::List(_)) {
                *slot = Slot::List(Vec::new());
            }
            let Slot::List(values) = slot else { return Ok(()) };
            let at = values.len();
            match content {
                Some(bytes) => {
                    values.push(single(plan, field.kind, bytes, depth).map_err(|fault| fault.under(at))?);
                }
                None if wire == field.kind.wire() => {
                    values.push(scalar(plan, field.kind, reader).map_err(|fault| fault.under(at))?);
                }
                None => {
                    let mut packed = Reader::new(reader.length().ok_or_else(malformed)?);
                    while !packed.is_empty() {
                        let at = values.len();
                        values.push(scalar(plan, field.kind, &mut packed).map_err(|fault| fault.under(at))?);
                    }
                }
            }
        }
    }
    Ok(())
}

/// Reads an entry of a map. What is missing in it has its default.
fn entry(plan: &Plan, entry: &Message, bytes: &[u8], depth: usize) -> Result<(String, Value), Fault> {
    let (mut key, mut value) = (String::new(), Value::Null);
    for (field, slot) in entry.fields.iter().zip(slots(plan, entry, bytes, None, depth)?) {
        let read = match slot {
            Slot::Value(read) => read,
            Slot::Bytes(bytes) => {
                single(plan, field.kind, &bytes, depth).map_err(|fault| fault.under(&key))?
            }
            _ if matches!(field.kind, Kind::Message(_)) => single(plan, field.kind, &[], depth)?,
            _ => field.default.clone(),
        };
        match field.number {
            1 => key = read.as_str().map_or_else(|| read.to_string(), str::to_owned),
            _ => value = read,
        }
    }
    Ok((key, value))
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "a varint is cut to the width of its field, as everywhere"
)]
fn scalar(plan: &Plan, kind: Kind, reader: &mut Reader<'_>) -> Result<Value, Fault> {
    let mut varint = || reader.varint().ok_or_else(malformed);
    Ok(match kind {
        Kind::Int32 => Value::from(varint()? as i32),
        Kind::Int64 => Value::from(varint()?.cast_signed()),
        Kind::Uint32 => Value::from(varint()? as u32),
        Kind::Uint64 => Value::from(varint()?),
        Kind::Sint32 => Value::from(unzigzag(u64::from(varint()? as u32)) as i32),
        Kind::Sint64 => Value::from(unzigzag(varint()?)),
        Kind::Bool => Value::Bool(varint()? != 0),
        Kind::Enum(place) => plan.enums[place].show(varint()? as i32),
        Kind::Fixed32 => Value::from(u32::from_le_bytes(reader.fixed32().ok_or_else(malformed)?)),
        Kind::Sfixed32 => Value::from(i32::from_le_bytes(reader.fixed32().ok_or_else(malformed)?)),
        Kind::Float => single_precision(f32::from_le_bytes(reader.fixed32().ok_or_else(malformed)?)),
        Kind::Fixed64 => Value::from(u64::from_le_bytes(reader.fixed64().ok_or_else(malformed)?)),
        Kind::Sfixed64 => Value::from(i64::from_le_bytes(reader.fixed64().ok_or_else(malformed)?)),
        Kind::Double => double_precision(f64::from_le_bytes(reader.fixed64().ok_or_else(malformed)?)),
        Kind::String => {
            let bytes = reader.length().ok_or_else(malformed)?;
            Value::from(std::str::from_utf8(bytes).map_err(|_| fault("the text was not UTF-8"))?)
        }
        Kind::Bytes => Value::from(STANDARD.encode(reader.length().ok_or_else(malformed)?)),
        Kind::Message(_) | Kind::Group(_) => Value::Null,
    })
}

/// Returns the number with the fewest digits that is this one in single precision: 0.1 and not 0.10000000149011612.
fn single_precision(number: f32) -> Value {
    let wide = f64::from(number);
    // Up to 2^24 an integer is all of its digits.
    if !number.is_finite() || (wide.fract() == 0.0 && wide.abs() <= 16_777_216.0) {
        return double_precision(wide);
    }
    double_precision(number.to_string().parse().unwrap_or(wide))
}

fn double_precision(number: f64) -> Value {
    match Number::from_f64(number) {
        Some(number) => Value::Number(number),
        None if number.is_nan() => Value::from("NaN"),
        None if number > 0.0 => Value::from("Infinity"),
        None => Value::from("-Infinity"),
    }
}

fn fault(message: impl Into<String>) -> Fault {
    Fault::new(FaultKind::Decode, message)
}

fn malformed() -> Fault {
    fault("the bytes were cut off, or are not of this schema")
}
