//! Writing values.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value};

use super::choose::{self, Rank};
use super::decode::DURATION;
use super::logical::Logical;
use super::model::{Graph, Id, Kind, Node, Record};
use super::{decimal, iso, wire};
use crate::fault::{Fault, FaultKind, Faulty, plain, shown};
use crate::suggest::closest;

/// How many branches of unions are tried by writing a value into them. Further ones are not chosen by what they hold,
/// but by their kind alone.
const TRIALS: u32 = 10_000;

/// Writes values behind what `out` holds.
pub(super) struct Encoder<'g, 'o> {
    graph: &'g Graph,
    out: &'o mut Vec<u8>,
    trials: u32,
    depth: u32,
}

pub(super) fn fault(message: impl Into<String>) -> Box<Fault> {
    Box::new(Fault::new(FaultKind::Encode, message))
}

#[cold]
fn misfit(node: &Node, value: &Value) -> Box<Fault> {
    fault(format!("{node} was expected, not `{}`", shown(value)))
}

impl<'g, 'o> Encoder<'g, 'o> {
    pub(super) const fn new(graph: &'g Graph, out: &'o mut Vec<u8>) -> Self {
        Self { graph, out, trials: TRIALS, depth: 0 }
    }

    /// Writes a value of the type `id`. What was written before a fault is for the caller to cut off.
    pub(super) fn write(&mut self, id: Id, value: &Value) -> Faulty<()> {
        let node = &self.graph.nodes[id];
        match (&node.kind, value) {
            (Kind::Null, Value::Null) => {}
            (Kind::Boolean, Value::Bool(flag)) => self.out.push(u8::from(*flag)),
            (Kind::Int | Kind::Long, _) => wire::long(integer(node, value)?, self.out),
            (Kind::Float, _) => {
                let narrow = wire::narrow(float(node, value)?);
                if narrow.is_infinite() && value.is_number() {
                    return Err(misfit(node, value));
                }
                self.out.extend_from_slice(&narrow.to_le_bytes());
            }
            (Kind::Double, _) => self.out.extend_from_slice(&float(node, value)?.to_le_bytes()),
            (Kind::String, Value::String(text)) => {
                if node.logical == Some(Logical::Uuid) && uuid(text).is_none() {
                    return Err(misfit(node, value));
                }
                wire::bytes(text.as_bytes(), self.out);
            }
            (Kind::Bytes, _) => wire::bytes(&bytes(node, value)?, self.out),
            (Kind::Fixed(_, size), _) => {
                let mut bytes = bytes(node, value)?;
                if let Some(Logical::Decimal { .. }) = node.logical {
                    bytes = widened(&bytes, *size);
                }
                if bytes.len() != *size {
                    let message = format!("{node} was expected, with {size} bytes and not {}", bytes.len());
                    return Err(fault(message));
                }
                self.out.extend_from_slice(&bytes);
            }
            (Kind::Enum(one), Value::String(text)) => {
                match one.symbols.iter().position(|symbol| symbol == text) {
                    Some(place) => wire::length(place, self.out),
                    None => {
                        let near = closest(text, one.symbols.iter().map(String::as_str));
                        let mut unknown = fault(format!("{node} has no symbol `{}`", plain(text)));
                        unknown.hint = Some(match near {
                            Some(near) => format!("did you mean `{near}`?"),
                            None => {
                                format!("its symbols are {}", listed(one.symbols.iter().map(String::as_str)))
                            }
                        });
                        return Err(unknown);
                    }
                }
            }
            (Kind::Array { items, .. }, Value::Array(values)) => {
                self.deeper()?;
                self.count(values.len());
                for (place, value) in values.iter().enumerate() {
                    self.write(*items, value).map_err(|fault| fault.within(place))?;
                }
                self.close();
            }
            (Kind::Map(inner), Value::Object(values)) => {
                self.deeper()?;
                self.count(values.len());
                for (key, value) in values {
                    wire::bytes(key.as_bytes(), self.out);
                    self.write(*inner, value).map_err(|fault| fault.within(key))?;
                }
                self.close();
            }
            (Kind::Record(record), Value::Object(values)) => {
                self.deeper()?;
                self.record(record, values)?;
                self.depth -= 1;
            }
            (Kind::Union(branches), _) => self.union(branches, value)?,
            _ => return Err(misfit(node, value)),
        }
        Ok(())
    }

    fn deeper(&mut self) -> Faulty<()> {
        self.depth += 1;
        if self.depth > wire::DEEPEST {
            return Err(fault(format!("the value was nested more than {} deep", wire::DEEPEST)));
        }
        Ok(())
    }

    /// Begins the one block of an array or a map that has items.
    fn count(&mut self, count: usize) {
        if count > 0 {
            wire::length(count, self.out);
        }
    }

    /// Ends an array or a map.
    fn close(&mut self) {
        self.out.push(0);
        self.depth -= 1;
    }

    fn record(&mut self, record: &Record, values: &Map<String, Value>) -> Faulty<()> {
        let mut met = 0;
        for field in &record.fields {
            if let Some(value) = values.get(&field.name) {
                met += 1;
                self.write(field.node, value).map_err(|fault| fault.within(&field.name))?;
                continue;
            }
            match &field.default {
                Some(default) => match &default.bytes {
                    Some(bytes) => self.out.extend_from_slice(bytes),
                    None => {
                        return Err(fault("it was missing, and its default does not fit its type")
                            .within(&field.name));
                    }
                },
                None => {
                    let of = &self.graph.nodes[field.node];
                    let mut missing = fault(format!("it was missing and has no default; {of} was expected"));
                    let near = closest(&field.name, values.keys().map(String::as_str));
                    missing.hint =
                        near.map(|near| format!("`{near}` was there; did you mean `{}`?", field.name));
                    return Err(missing.within(&field.name));
                }
            }
        }
        if met == values.len() {
            return Ok(());
        }
        let is_known = |key: &str| record.fields.iter().any(|field| field.name == key);
        let mut unknown = values.keys().map(String::as_str).filter(|key| !is_known(key));
        let first = unknown.next().unwrap_or_default();
        let near = closest(first, record.fields.iter().map(|field| field.name.as_str()));
        let others = listed(std::iter::once(first).chain(unknown));
        let mut unknown = fault(format!("record `{}` has no field {others}", record.name.full));
        unknown.hint = near.map(|near| format!("did you mean `{near}`?"));
        Err(unknown)
    }

    /// Writes a value into the branch that fits it best.
    fn union(&mut self, branches: &[Id], value: &Value) -> Faulty<()> {
        let graph = self.graph;
        // Mostly there is null, or the one thing that is not.
        if let [first, second] = branches {
            let nulls = [first, second].map(|id| matches!(graph.nodes[*id].kind, Kind::Null));
            let place = match (nulls, value) {
                ([true, false], Value::Null) | ([false, true], _) if value.is_null() == nulls[0] => 0,
                ([true, false], _) | ([false, true], Value::Null) => 1,
                _ => 2,
            };
            if place < 2 {
                return self.only(branches, place, value);
            }
        }
        let mut fitting: Vec<(Rank, usize)> = (0..branches.len())
            .filter_map(|place| choose::rank(&graph.nodes[branches[place]], value).map(|rank| (rank, place)))
            .collect();
        fitting.sort_unstable();
        let trials = if value.is_object() { fitting.len() } else { 1 };
        let mut deepest: Option<Box<Fault>> = None;
        for (_, place) in fitting.into_iter().take(trials) {
            match self.attempt(branches, place, value) {
                Ok(()) => return Ok(()),
                Err(fault) if deepest.as_ref().is_none_or(|known| fault.path.len() > known.path.len()) => {
                    deepest = Some(fault);
                }
                Err(_) => {}
            }
        }
        if let Some((place, inner)) = self.wrapped(branches, value) {
            return self.attempt(branches, place, inner);
        }
        Err(deepest.unwrap_or_else(|| {
            let names = listed(branches.iter().map(|branch| graph.nodes[*branch].branch()));
            fault(format!("one of {names} was expected, not `{}`", shown(value)))
        }))
    }

    /// Writes a value into the one branch that it can be meant for, so that a fault is this branch's own.
    fn only(&mut self, branches: &[Id], place: usize, value: &Value) -> Faulty<()> {
        let wrapped = self.wrapped(branches, value);
        match self.attempt(branches, place, value) {
            Err(_) if wrapped.is_some() => {
                wrapped.map_or(Ok(()), |(place, inner)| self.attempt(branches, place, inner))
            }
            done => done,
        }
    }

    /// Returns the branch that Avro's own JSON names, as in `{"string": "x"}`, with what is inside.
    fn wrapped<'v>(&self, branches: &[Id], value: &'v Value) -> Option<(usize, &'v Value)> {
        let object = value.as_object().filter(|object| object.len() == 1)?;
        let (name, inner) = object.iter().next()?;
        let place = branches.iter().position(|branch| self.graph.nodes[*branch].branch() == name)?;
        Some((place, inner))
    }

    /// Writes a value into a branch, or nothing.
    fn attempt(&mut self, branches: &[Id], place: usize, value: &Value) -> Faulty<()> {
        let (start, depth) = (self.out.len(), self.depth);
        if self.trials == 0 {
            return Err(fault("the value could be read in too many ways")
                .advise("name the branch of the union, as in `{\"full.Name\": value}`"));
        }
        self.trials -= 1;
        wire::length(place, self.out);
        let done = self.deeper().and_then(|()| self.write(branches[place], value));
        self.depth = depth;
        if done.is_err() {
            self.out.truncate(start);
        }
        done
    }
}

/// Returns names in backticks; the first few where there are many.
fn listed<'n>(names: impl Iterator<Item = &'n str>) -> String {
    const MOST: usize = 8;
    let mut names = names.map(|name| format!("`{}`", plain(name)));
    let mut text = names.by_ref().take(MOST).collect::<Vec<_>>().join(", ");
    if names.next().is_some() {
        text.push_str(", ...");
    }
    text
}

/// Returns the number of an int or a long, or what a date or a time counts.
fn integer(node: &Node, value: &Value) -> Faulty<i64> {
    let counted = match (value, node.logical) {
        (Value::String(text), Some(logical)) => iso::count(logical, text),
        _ => value.as_i64(),
    };
    let is_int = matches!(node.kind, Kind::Int);
    counted.filter(|number| !is_int || i32::try_from(*number).is_ok()).ok_or_else(|| {
        let mut misfit = misfit(node, value);
        misfit.hint =
            node.logical.and_then(iso::example).map(|example| format!("a number, or text like `{example}`"));
        misfit
    })
}

fn float(node: &Node, value: &Value) -> Faulty<f64> {
    let number = match value {
        Value::String(name) => wire::named_float(name),
        _ => value.as_f64(),
    };
    number.ok_or_else(|| misfit(node, value))
}

/// Returns the bytes that a value means under a type of bytes.
fn bytes(node: &Node, value: &Value) -> Faulty<Vec<u8>> {
    if let Some(encoded) = choose::marked(value) {
        return STANDARD.decode(encoded).map_err(|_| misfit(node, value).advise(BASE64));
    }
    match (node.logical, value) {
        (Some(Logical::Decimal { precision, scale }), Value::String(_) | Value::Number(_)) => {
            let written = match value {
                Value::String(text) => text.clone(),
                other => other.to_string(),
            };
            decimal::bytes(&written, precision, scale)
                .map_err(|what| fault(format!("{node} was expected, not `{}`, {what}", shown(value))))
        }
        (Some(Logical::Uuid), Value::String(text)) => uuid(text)
            .map(Vec::from)
            .ok_or_else(|| misfit(node, value).advise("32 hexadecimal digits, with dashes")),
        (Some(Logical::Duration), Value::Object(parts)) if parts.len() == DURATION.len() => {
            let mut bytes = Vec::with_capacity(12);
            for part in DURATION {
                let number =
                    parts.get(part).and_then(Value::as_u64).and_then(|number| u32::try_from(number).ok());
                bytes.extend(number.ok_or_else(|| misfit(node, value).within(part))?.to_le_bytes());
            }
            Ok(bytes)
        }
        (None, Value::String(text)) => STANDARD.decode(text).map_err(|_| misfit(node, value).advise(BASE64)),
        _ => Err(misfit(node, value)),
    }
}

const BASE64: &str = "bytes are base64 text, with padding";

/// Returns the bytes of a UUID's text.
pub(super) fn uuid(text: &str) -> Option<[u8; 16]> {
    let dashes = [8, 13, 18, 23];
    let ascii = text.as_bytes();
    if ascii.len() != 36 || dashes.iter().any(|place| ascii[*place] != b'-') {
        return None;
    }
    let mut digits =
        (0..36).filter(|place| !dashes.contains(place)).map(|place| char::from(ascii[place]).to_digit(16));
    let mut bytes = [0; 16];
    for byte in &mut bytes {
        *byte = u8::try_from(digits.next()?? << 4 | digits.next()??).ok()?;
    }
    Some(bytes)
}

/// Returns a number in two's complement with a given length, if it is shorter.
fn widened(bytes: &[u8], size: usize) -> Vec<u8> {
    let sign = if bytes.first().is_some_and(|first| *first >= 0x80) { 0xff } else { 0 };
    let mut wide = vec![sign; size.saturating_sub(bytes.len())];
    wide.extend_from_slice(bytes);
    wide
}
