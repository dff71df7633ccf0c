//! Matchers: what one place of an event is asked besides being equal.

use std::cmp::Ordering;

use base64::Engine as _;
use regex::Regex;
use serde_json::{Number, Value};

use super::budget::Budget;
use super::expected::{self, Node};
use super::model::Mode;
use super::{number, pattern};
use crate::document::closest;

/// What is asked of one value, or of there being none.
pub(super) enum Criterion {
    Equals(Value),
    /// The text that strings contain, and what lists have an element of and objects a subset of.
    Contains(String, Box<Node>),
    Matches(Regex),
    Between(Number, Number),
    Ordered(Number, fn(Ordering) -> bool),
    /// An integer as Java writes it into a header: two's complement, big-endian.
    HeaderInt(i128),
    AnyString,
    AnyNumber,
    AnyBoolean,
    AnyArray,
    AnyObject,
    Null,
    Present,
    Absent,
    /// There or not, whatever it is.
    Anything,
    MissingOrNull,
}

/// Why a criterion was refused.
pub(super) struct Refusal {
    pub(super) message: String,
    pub(super) hint: Option<String>,
}

impl Refusal {
    fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), hint: None }
    }

    fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }
}

/// What stands beside the name of a matcher.
pub(super) enum Argument<'a> {
    Absent,
    Value(&'a Value),
    /// A cell of a table: JSON where it is valid JSON and the place is no text, else text.
    Cell {
        text: &'a str,
        of_text: bool,
    },
}

/// What a matcher is written with.
#[derive(Clone, Copy, PartialEq)]
enum Takes {
    Nothing,
    Value,
}

/// Every matcher, and what goes with it.
const NAMES: [(&str, Takes); 19] = [
    ("equals", Takes::Value),
    ("contains", Takes::Value),
    ("matches", Takes::Value),
    ("between", Takes::Value),
    ("greater-than", Takes::Value),
    ("at-least", Takes::Value),
    ("less-than", Takes::Value),
    ("at-most", Takes::Value),
    ("header-int", Takes::Value),
    ("any-string", Takes::Nothing),
    ("any-number", Takes::Nothing),
    ("any-boolean", Takes::Nothing),
    ("any-array", Takes::Nothing),
    ("any-object", Takes::Nothing),
    ("null", Takes::Nothing),
    ("present", Takes::Nothing),
    ("absent", Takes::Nothing),
    ("ignore", Takes::Nothing),
    ("missing-or-null", Takes::Nothing),
];

/// Names that others use for ours.
const ALIASES: [(&str, &str); 9] = [
    ("regex", "matches"),
    ("pattern", "matches"),
    ("eq", "equals"),
    ("is", "equals"),
    ("gt", "greater-than"),
    ("gte", "at-least"),
    ("lt", "less-than"),
    ("lte", "at-most"),
    ("exists", "present"),
];

impl Criterion {
    /// Reads a matcher by its name and what goes with it.
    pub(super) fn new(name: &str, argument: &Argument<'_>) -> Result<Self, Refusal> {
        let Some((_, takes)) = NAMES.iter().find(|(known, _)| *known == name) else {
            return Err(unknown(name));
        };
        let is_given = match argument {
            Argument::Absent => false,
            Argument::Value(value) => *takes == Takes::Value || !value.is_null(),
            Argument::Cell { text, .. } => *takes == Takes::Value || !text.trim().is_empty(),
        };
        match (takes, is_given) {
            (Takes::Nothing, true) => return Err(Refusal::new(format!("`{name}` takes no value"))),
            (Takes::Value, false) => return Err(Refusal::new(format!("`{name}` takes a value"))),
            _ => {}
        }
        Ok(match name {
            "equals" => Self::Equals(argument.value()),
            "contains" => {
                let value = argument.value();
                let text = argument.text().unwrap_or_default();
                Self::Contains(text, Box::new(Node::new(&value).map_err(Refusal::new)?))
            }
            "matches" => {
                let text = argument.text().ok_or_else(|| Refusal::new("`matches` takes a pattern"))?;
                Self::Matches(
                    pattern::whole(&text)
                        .map_err(|why| Refusal::new(format!("`{text}` is no pattern: {why}")))?,
                )
            }
            "between" => {
                let (low, high) = argument.range().ok_or_else(|| {
                    Refusal::new("`between` takes two numbers, the smaller first")
                        .hint("as [1, 5], `1..5` or `1 and 5`")
                })?;
                Self::Between(low, high)
            }
            "greater-than" => Self::Ordered(argument.number(name)?, Ordering::is_gt),
            "at-least" => Self::Ordered(argument.number(name)?, Ordering::is_ge),
            "less-than" => Self::Ordered(argument.number(name)?, Ordering::is_lt),
            "at-most" => Self::Ordered(argument.number(name)?, Ordering::is_le),
            "header-int" => {
                let number = argument.number(name)?;
                let int = number::integer(&number).filter(|int| i64::try_from(*int).is_ok());
                Self::HeaderInt(int.ok_or_else(|| Refusal::new("`header-int` takes an integer of 64 bits"))?)
            }
            "any-string" => Self::AnyString,
            "any-number" => Self::AnyNumber,
            "any-boolean" => Self::AnyBoolean,
            "any-array" => Self::AnyArray,
            "any-object" => Self::AnyObject,
            "null" => Self::Null,
            "absent" => Self::Absent,
            "missing-or-null" => Self::MissingOrNull,
            _ => Self::Present,
        })
    }

    /// Returns whether it holds for there being nothing.
    pub(super) fn holds_for_nothing(&self) -> bool {
        matches!(self, Self::Absent | Self::Anything | Self::MissingOrNull)
    }

    /// Returns whether it asks for a number, which a text may spell.
    pub(super) fn is_numeric(&self) -> bool {
        matches!(self, Self::Between(..) | Self::Ordered(..) | Self::AnyNumber)
    }

    /// Returns whether it holds for a value that is there.
    pub(super) fn holds(&self, actual: &Value, budget: &Budget) -> bool {
        match self {
            Self::Equals(wanted) => number::same_value(wanted, actual, budget),
            Self::Contains(text, node) => match actual {
                Value::String(there) => {
                    budget.spend_on(there) && !text.is_empty() && there.contains(text.as_str())
                }
                Value::Array(elements) => {
                    elements.iter().any(|element| expected::fits(node, element, Mode::Subset, budget))
                }
                Value::Object(_) => node.is_object() && expected::fits(node, actual, Mode::Subset, budget),
                Value::Null | Value::Bool(_) | Value::Number(_) => false,
            },
            Self::Matches(regex) => {
                actual.as_str().is_some_and(|text| budget.spend_on(text) && regex.is_match(text))
            }
            Self::Between(low, high) => actual.as_number().is_some_and(|number| {
                let at_least = number::order(low, number).is_some_and(Ordering::is_le);
                at_least && number::order(number, high).is_some_and(Ordering::is_le)
            }),
            Self::Ordered(bound, holds) => {
                actual.as_number().and_then(|number| number::order(number, bound)).is_some_and(holds)
            }
            Self::HeaderInt(wanted) => java_integer(actual) == Some(*wanted),
            Self::AnyString => actual.is_string(),
            Self::AnyNumber => actual.is_number(),
            Self::AnyBoolean => actual.is_boolean(),
            Self::AnyArray => actual.is_array(),
            Self::AnyObject => actual.is_object(),
            Self::Null | Self::MissingOrNull => actual.is_null(),
            Self::Present | Self::Anything => true,
            Self::Absent => false,
        }
    }
}

impl Argument<'_> {
    fn value(&self) -> Value {
        match self {
            Self::Absent => Value::Null,
            Self::Value(value) => (*value).clone(),
            Self::Cell { text, of_text } => match serde_json::from_str::<Value>(text) {
                Ok(value) if value.is_string() || value.is_null() || !of_text => value,
                _ => Value::from(*text),
            },
        }
    }

    /// Returns a text: a string, or a cell that is none as it was written.
    fn text(&self) -> Option<String> {
        match (self, self.value()) {
            (_, Value::String(text)) => Some(text),
            (Self::Cell { text, .. }, _) => Some((*text).to_owned()),
            _ => None,
        }
    }

    fn number(&self, name: &str) -> Result<Number, Refusal> {
        let number = match self.value() {
            Value::Number(number) => Some(number),
            Value::String(text) => spelled(&text),
            _ => None,
        };
        number.ok_or_else(|| Refusal::new(format!("`{name}` takes a number")))
    }

    fn range(&self) -> Option<(Number, Number)> {
        let (low, high) = match self.value() {
            Value::Array(bounds) => match &bounds[..] {
                [Value::Number(low), Value::Number(high)] => (low.clone(), high.clone()),
                _ => return None,
            },
            Value::String(text) => {
                // On a text place the list of two is text as well.
                if let Ok(Value::Array(bounds)) = serde_json::from_str(&text) {
                    return Argument::Value(&Value::Array(bounds)).range();
                }
                let (low, high) = text.split_once("..").or_else(|| text.split_once(" and "))?;
                (spelled(low)?, spelled(high)?)
            }
            _ => return None,
        };
        number::order(&low, &high).is_some_and(Ordering::is_le).then_some((low, high))
    }
}

/// Returns the number that a text spells.
pub(super) fn spelled(text: &str) -> Option<Number> {
    serde_json::from_str::<Number>(text.trim()).ok()
}

/// Returns the integer that Java's serializers wrote: 4 bytes or 8, also 1 or 2.
fn java_integer(actual: &Value) -> Option<i128> {
    let bytes = bytes_of(actual)?;
    Some(match *bytes.as_slice() {
        [a] => i8::from_be_bytes([a]).into(),
        [a, b] => i16::from_be_bytes([a, b]).into(),
        [a, b, c, d] => i32::from_be_bytes([a, b, c, d]).into(),
        [a, b, c, d, e, f, g, h] => i64::from_be_bytes([a, b, c, d, e, f, g, h]).into(),
        _ => return None,
    })
}

fn unknown(name: &str) -> Refusal {
    let refusal = Refusal::new(format!("unknown matcher `{name}`"));
    let alias = ALIASES.iter().find(|(other, _)| *other == name).map(|(_, ours)| *ours);
    match alias.or_else(|| closest(name, NAMES.map(|(known, _)| known))) {
        Some(near) => refusal.hint(format!("did you mean `{near}`?")),
        None => refusal.hint(format!("known: {}", NAMES.map(|(known, _)| known).join(", "))),
    }
}

/// Returns the bytes that a document means: text, or an object with `base64` alone.
pub(super) fn bytes_of(document: &Value) -> Option<Vec<u8>> {
    match document {
        Value::String(text) => Some(text.clone().into_bytes()),
        Value::Object(members) if members.len() == 1 => {
            let text = members.get("base64")?.as_str()?;
            base64::engine::general_purpose::STANDARD.decode(text).ok()
        }
        _ => None,
    }
}
