//! What an expression computes with: parts of the event where they lie, and what was made of them.

use std::borrow::Cow;
use std::cmp::Ordering;
use std::rc::Rc;

use serde_json::{Map, Number, Value};

use crate::event::{Headers, bytes_to_json};
use crate::matcher::budget::Budget;
use crate::matcher::number;

#[derive(Clone)]
pub(super) enum Datum<'a> {
    Null,
    Bool(bool),
    Int(i128),
    Double(f64),
    Text(Cow<'a, str>),
    /// A list of the event.
    Array(&'a [Value]),
    /// An object of the event.
    Object(&'a Map<String, Value>),
    /// The headers of the event.
    Headers(&'a Headers),
    List(Rc<[Datum<'a>]>),
    Map(Rc<[(Datum<'a>, Datum<'a>)]>),
}

impl<'a> From<&'a Value> for Datum<'a> {
    fn from(value: &'a Value) -> Self {
        match value {
            Value::Null => Self::Null,
            Value::Bool(bool) => Self::Bool(*bool),
            Value::Number(number) => Self::number(number),
            Value::String(text) => Self::Text(Cow::Borrowed(text)),
            Value::Array(elements) => Self::Array(elements),
            Value::Object(members) => Self::Object(members),
        }
    }
}

impl<'a> Datum<'a> {
    /// Returns a value that lies nowhere, unless it is a list or an object.
    pub(super) fn of_scalar(value: Value) -> Option<Self> {
        match value {
            Value::String(text) => Some(Self::Text(Cow::Owned(text))),
            Value::Null => Some(Self::Null),
            Value::Bool(bool) => Some(Self::Bool(bool)),
            Value::Number(number) => Some(Self::number(&number)),
            Value::Array(_) | Value::Object(_) => None,
        }
    }

    fn number(number: &Number) -> Self {
        match (number.as_i64(), number.as_u64()) {
            (Some(int), _) => Self::Int(int.into()),
            (None, Some(int)) => Self::Int(int.into()),
            (None, None) => Self::Double(number.as_f64().unwrap_or(f64::NAN)),
        }
    }

    /// Returns text, or what stands for bytes that are none.
    pub(super) fn from_bytes(bytes: &'a [u8]) -> Self {
        match std::str::from_utf8(bytes) {
            Ok(text) => Self::Text(Cow::Borrowed(text)),
            Err(_) => {
                let base64 = bytes_to_json(bytes)["base64"].as_str().unwrap_or_default().to_owned();
                Self::Map([(Self::Text("base64".into()), Self::Text(base64.into()))].into())
            }
        }
    }

    /// Returns the name of its type.
    pub(super) fn type_name(&self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Bool(_) => "bool",
            Self::Int(_) => "int",
            Self::Double(_) => "double",
            Self::Text(_) => "string",
            Self::Array(_) | Self::List(_) => "list",
            Self::Object(_) | Self::Headers(_) | Self::Map(_) => "map",
        }
    }

    /// Returns how many elements, members or characters there are.
    pub(super) fn size(&self) -> Option<usize> {
        match self {
            Self::Text(text) => Some(text.chars().count()),
            Self::Array(elements) => Some(elements.len()),
            Self::List(elements) => Some(elements.len()),
            Self::Object(members) => Some(members.len()),
            Self::Map(pairs) => Some(pairs.len()),
            Self::Headers(_) => self.keys().map(|names| names.len()),
            Self::Null | Self::Bool(_) | Self::Int(_) | Self::Double(_) => None,
        }
    }

    /// Returns the elements of a list.
    pub(super) fn element(&self, index: usize) -> Option<Datum<'a>> {
        match self {
            Self::Array(elements) => elements.get(index).map(Datum::from),
            Self::List(elements) => elements.get(index).cloned(),
            _ => None,
        }
    }

    /// Returns the names of a map, each once.
    pub(super) fn keys(&self) -> Option<Vec<Datum<'a>>> {
        Some(match self {
            Self::Object(members) => {
                members.keys().map(|name| Self::Text(Cow::Borrowed(name.as_str()))).collect()
            }
            Self::Map(pairs) => pairs.iter().map(|(key, _)| key.clone()).collect(),
            Self::Headers(headers) => {
                let mut names: Vec<&'a str> = headers.iter().map(|(name, _)| name).collect();
                names.sort_unstable();
                names.dedup();
                names.into_iter().map(|name| Self::Text(Cow::Borrowed(name))).collect()
            }
            _ => return None,
        })
    }

    pub(super) fn is_list(&self) -> bool {
        matches!(self, Self::Array(_) | Self::List(_))
    }

    /// Returns the member of a map; of a header its first value.
    pub(super) fn member(&self, name: &str) -> Option<Datum<'a>> {
        match self {
            Self::Object(members) => members.get(name).map(Datum::from),
            Self::Headers(headers) => {
                headers.get(name).map(|value| value.map_or(Datum::Null, Datum::from_bytes))
            }
            Self::Map(pairs) => {
                let is_it = |key: &Datum<'a>| matches!(key, Self::Text(key) if key == name);
                pairs.iter().find(|(key, _)| is_it(key)).map(|(_, value)| value.clone())
            }
            _ => None,
        }
    }

    /// Returns whether values are equal: numbers by value, other types only with their like.
    pub(super) fn same(&self, other: &Self, budget: &Budget) -> bool {
        if !budget.spend(1) {
            return false;
        }
        match (self, other) {
            (Self::Null, Self::Null) => true,
            (Self::Bool(a), Self::Bool(b)) => a == b,
            (Self::Text(a), Self::Text(b)) => a == b,
            (Self::Int(_) | Self::Double(_), Self::Int(_) | Self::Double(_)) => {
                self.order(other) == Some(Ordering::Equal)
            }
            (a, b) if a.is_list() && b.is_list() => {
                a.size() == b.size()
                    && (0..a.size().unwrap_or(0))
                        .all(|i| a.element(i).zip(b.element(i)).is_some_and(|(a, b)| a.same(&b, budget)))
            }
            (a, b) => match (a.keys(), b.keys()) {
                (Some(names), Some(others)) => {
                    names.len() == others.len()
                        && names.iter().all(|name| {
                            let pair = a.at_key(name, budget).zip(b.at_key(name, budget));
                            pair.is_some_and(|(a, b)| a.same(&b, budget))
                        })
                }
                _ => false,
            },
        }
    }

    /// Returns what lies under a key of any type.
    pub(super) fn at_key(&self, key: &Datum<'a>, budget: &Budget) -> Option<Datum<'a>> {
        match (self, key) {
            (_, Self::Text(name)) => self.member(name),
            (Self::Map(pairs), key) => {
                pairs.iter().find(|(other, _)| other.same(key, budget)).map(|(_, value)| value.clone())
            }
            _ => None,
        }
    }

    /// Returns the order of numbers, texts and bools among themselves.
    pub(super) fn order(&self, other: &Self) -> Option<Ordering> {
        match (self, other) {
            (Self::Int(a), Self::Int(b)) => Some(a.cmp(b)),
            (Self::Double(a), Self::Double(b)) => a.partial_cmp(b),
            (Self::Int(a), Self::Double(b)) => number::order_mixed(*a, *b),
            (Self::Double(a), Self::Int(b)) => number::order_mixed(*b, *a).map(Ordering::reverse),
            (Self::Text(a), Self::Text(b)) => Some(a.cmp(b)),
            (Self::Bool(a), Self::Bool(b)) => Some(a.cmp(b)),
            _ => None,
        }
    }

    /// Returns the value as JSON, for a reader.
    pub(super) fn to_json(&self) -> Value {
        match self {
            Self::Null => Value::Null,
            Self::Bool(bool) => (*bool).into(),
            Self::Int(int) => match (i64::try_from(*int), u64::try_from(*int)) {
                (Ok(int), _) => int.into(),
                (_, Ok(int)) => int.into(),
                _ => int.to_string().into(),
            },
            Self::Double(double) => {
                Number::from_f64(*double).map_or_else(|| double.to_string().into(), Value::Number)
            }
            Self::Text(text) => Value::from(text.as_ref()),
            Self::Array(elements) => Value::Array(elements.to_vec()),
            Self::Object(members) => Value::Object((*members).clone()),
            Self::List(elements) => elements.iter().map(Self::to_json).collect(),
            Self::Headers(_) | Self::Map(_) => {
                let mut members = Map::new();
                for key in self.keys().unwrap_or_default() {
                    let name = match &key {
                        Self::Text(name) => name.to_string(),
                        other => other.to_json().to_string(),
                    };
                    let value = match (self, &key) {
                        (Self::Map(pairs), key) => {
                            let budget = Budget::new();
                            pairs
                                .iter()
                                .find(|(other, _)| other.same(key, &budget))
                                .map(|(_, value)| value.to_json())
                        }
                        (other, Self::Text(name)) => other.member(name).map(|value| value.to_json()),
                        _ => None,
                    };
                    members.insert(name, value.unwrap_or_default());
                }
                Value::Object(members)
            }
        }
    }
}
