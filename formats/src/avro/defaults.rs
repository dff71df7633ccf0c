//! Defaults, which have a JSON of their own: bytes are texts of the letters up to U+00FF, logical types are not
//! looked at, and a union takes the first branch that fits.

use serde_json::Value;

use super::model::{Graph, Id, Kind};
use super::wire;
use crate::fault::{Fault, FaultKind, Faulty, shown};

/// How much may be done for all defaults of a schema together: records within defaults fill in their own.
pub(super) struct Work {
    left: u32,
    depth: u32,
}

impl std::default::Default for Work {
    fn default() -> Self {
        Self { left: 1_000_000, depth: 64 }
    }
}

impl Work {
    /// Returns whether the defaults were more than anybody can mean.
    pub(super) const fn is_exhausted(&self) -> bool {
        self.left == 0
    }

    /// Appends the bytes of a default.
    pub(super) fn encode(&mut self, graph: &Graph, id: Id, json: &Value, out: &mut Vec<u8>) -> Faulty<()> {
        let node = &graph.nodes[id];
        let misfit = || Err(unfit(format!("{node} was expected, not `{}`", shown(json))));
        self.left = self.left.saturating_sub(1);
        if self.left == 0 || self.depth == 0 {
            return Err(unfit("it had no end".to_owned()));
        }
        match (&node.kind, json) {
            (Kind::Null, Value::Null) => {}
            (Kind::Boolean, Value::Bool(value)) => out.push(u8::from(*value)),
            (Kind::Int, Value::Number(number)) => {
                match number.as_i64().and_then(|long| i32::try_from(long).ok()) {
                    Some(int) => wire::long(int.into(), out),
                    None => return misfit(),
                }
            }
            (Kind::Long, Value::Number(number)) => match number.as_i64() {
                Some(long) => wire::long(long, out),
                None => return misfit(),
            },
            (Kind::Float, _) => match float(json) {
                Some(value) => out.extend(wire::narrow(value).to_le_bytes()),
                None => return misfit(),
            },
            (Kind::Double, _) => match float(json) {
                Some(value) => out.extend(value.to_le_bytes()),
                None => return misfit(),
            },
            (Kind::String, Value::String(text)) => wire::bytes(text.as_bytes(), out),
            (Kind::Bytes, Value::String(text)) => match latin(text) {
                Some(bytes) => wire::bytes(&bytes, out),
                None => return misfit(),
            },
            (Kind::Fixed(_, size), Value::String(text)) => match latin(text) {
                Some(bytes) if bytes.len() == *size => out.extend(bytes),
                _ => return misfit(),
            },
            (Kind::Enum(one), Value::String(text)) => {
                match one.symbols.iter().position(|symbol| symbol == text) {
                    Some(place) => wire::length(place, out),
                    None => return misfit(),
                }
            }
            (Kind::Array { items, .. }, Value::Array(values)) => {
                if !values.is_empty() {
                    wire::length(values.len(), out);
                }
                for (place, value) in values.iter().enumerate() {
                    self.inner(graph, *items, value, out).map_err(|fault| fault.within(place))?;
                }
                out.push(0);
            }
            (Kind::Map(inner), Value::Object(values)) => {
                if !values.is_empty() {
                    wire::length(values.len(), out);
                }
                for (key, value) in values {
                    wire::bytes(key.as_bytes(), out);
                    self.inner(graph, *inner, value, out).map_err(|fault| fault.within(key))?;
                }
                out.push(0);
            }
            (Kind::Record(record), Value::Object(values)) => {
                for field in &record.fields {
                    let own = field.default.as_ref().map(|default| &default.json);
                    let Some(value) = values.get(&field.name).or(own) else {
                        return Err(unfit("it was missing and had no default".to_owned()).within(&field.name));
                    };
                    self.inner(graph, field.node, value, out).map_err(|fault| fault.within(&field.name))?;
                }
            }
            (Kind::Union(branches), _) => {
                let start = out.len();
                for (place, branch) in branches.iter().enumerate() {
                    wire::length(place, out);
                    if self.inner(graph, *branch, json, out).is_ok() {
                        return Ok(());
                    }
                    out.truncate(start);
                }
                return misfit();
            }
            _ => return misfit(),
        }
        Ok(())
    }

    fn inner(&mut self, graph: &Graph, id: Id, json: &Value, out: &mut Vec<u8>) -> Faulty<()> {
        self.depth -= 1;
        let done = self.encode(graph, id, json, out);
        self.depth += 1;
        done
    }
}

fn unfit(message: String) -> Box<Fault> {
    Box::new(Fault::new(FaultKind::Schema, message))
}

/// Returns a number, or one that JSON has no form for by its name.
fn float(json: &Value) -> Option<f64> {
    match json {
        Value::Number(number) => number.as_f64(),
        Value::String(name) => wire::named_float(name),
        _ => None,
    }
}

/// Returns the bytes that a text of the letters up to U+00FF stands for.
fn latin(text: &str) -> Option<Vec<u8>> {
    text.chars().map(|letter| u8::try_from(u32::from(letter)).ok()).collect()
}
