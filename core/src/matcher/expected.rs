//! An expected value, read once: literals, structures and the placeholders among them.

use std::sync::Arc;

use serde_json::{Map, Value};

use super::budget::Budget;
use super::criterion::{Argument, Criterion};
use super::model::Mode;
use super::{number, pairing, pattern};
use crate::document::closest;
use crate::error::{ErrorCode, ProbeError, Result};
use crate::lazy::{LazyValue, step};

/// The member that makes an object a matcher: `{"$test-probe": "between", "value": [1, 5]}`.
const OWN: &str = "$test-probe";

/// How many single members are looked at before all of a value is.
const MOST_MEMBERS: usize = 8;

/// What a value is expected to be. Cheap to clone.
#[derive(Clone)]
pub struct Expected(Arc<Asked>);

struct Asked {
    node: Node,
    /// Members that can be looked at alone.
    members: Vec<Member>,
}

/// A literal or a criterion below objects alone.
struct Member {
    pointer: String,
    /// The way to it in the tree, from object to object.
    place: Vec<usize>,
}

/// A part of an expected value.
pub(super) enum Node {
    Literal(Value),
    Object(Vec<(String, Node)>),
    Array(Vec<Node>),
    /// A matcher, and how it was written.
    Criterion(Criterion, Value),
}

impl Expected {
    /// Reads an expected value with its placeholders, as `${json-unit.any-string}`.
    ///
    /// # Errors
    /// INVALID_ARGUMENT for a placeholder or matcher that is not understood.
    pub fn new(document: &Value) -> Result<Self> {
        let asked = |node: Node| {
            let mut members = Vec::new();
            node.members(&mut String::new(), &mut Vec::new(), &mut members);
            Self(Arc::new(Asked { node, members }))
        };
        Node::new(document).map(asked).map_err(|why| {
            ProbeError::new(
                ErrorCode::InvalidArgument,
                format!("`value` of a match was not understood: {why}"),
            )
        })
    }

    /// Returns the document from which it was read.
    #[must_use]
    pub fn document(&self) -> Value {
        self.0.node.document()
    }

    pub(super) fn node(&self) -> &Node {
        &self.0.node
    }

    /// Returns whether a single member is enough to say that a value is not as expected. False says nothing, and so
    /// does a value of which all was decoded already.
    pub(super) fn is_ruled_out(&self, value: &LazyValue, mode: Mode, budget: &Budget) -> bool {
        if !value.is_undecoded() {
            return false;
        }
        let budget = budget.again();
        let differs = |member: &Member| {
            let Some(node) = self.0.node.at(&member.place) else { return false };
            match value.field(&member.pointer) {
                Some(actual) => !fits(node, &actual, mode, &budget),
                None => !node.may_be_absent(),
            }
        };
        self.0.members.iter().any(differs) && !budget.is_exhausted()
    }
}

impl PartialEq for Expected {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0) || self.document() == other.document()
    }
}

impl std::fmt::Debug for Expected {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Expected({})", self.document())
    }
}

impl Node {
    /// Reads a document; an error is one line.
    pub(super) fn new(document: &Value) -> Result<Self, String> {
        Ok(match document {
            Value::String(text) => match placeholder(text)? {
                Some(criterion) => Self::Criterion(criterion, document.clone()),
                None => Self::Literal(document.clone()),
            },
            Value::Object(members) if members.contains_key(OWN) => {
                Self::Criterion(own_spelling(members)?, document.clone())
            }
            Value::Object(members) => {
                let nodes: Result<Vec<_>, String> =
                    members.iter().map(|(name, value)| Ok((name.clone(), Self::new(value)?))).collect();
                let mut nodes = nodes?;
                nodes.sort_by(|(a, _), (b, _)| a.cmp(b));
                Self::Object(nodes)
            }
            Value::Array(elements) => {
                Self::Array(elements.iter().map(Self::new).collect::<Result<_, String>>()?)
            }
            Value::Null | Value::Bool(_) | Value::Number(_) => Self::Literal(document.clone()),
        })
    }

    /// Finds the members that can be looked at alone; `pointer` and `place` lead to this.
    fn members(&self, pointer: &mut String, place: &mut Vec<usize>, found: &mut Vec<Member>) {
        match self {
            Self::Object(members) => {
                for (index, (name, node)) in members.iter().enumerate() {
                    let length = pointer.len();
                    pointer.push_str(&step(name));
                    place.push(index);
                    node.members(pointer, place, found);
                    place.pop();
                    pointer.truncate(length);
                }
            }
            Self::Literal(_) | Self::Criterion(..) if !place.is_empty() && found.len() < MOST_MEMBERS => {
                found.push(Member { pointer: pointer.clone(), place: place.clone() });
            }
            Self::Literal(_) | Self::Criterion(..) | Self::Array(_) => {}
        }
    }

    fn at(&self, place: &[usize]) -> Option<&Self> {
        match (self, place) {
            (node, []) => Some(node),
            (Self::Object(members), [index, below @ ..]) => members.get(*index)?.1.at(below),
            _ => None,
        }
    }

    /// Returns how it was written.
    pub(super) fn document(&self) -> Value {
        match self {
            Self::Literal(value) | Self::Criterion(_, value) => value.clone(),
            Self::Object(members) => {
                let members = members.iter().map(|(name, node)| (name.clone(), node.document()));
                Value::Object(members.collect())
            }
            Self::Array(elements) => elements.iter().map(Self::document).collect(),
        }
    }

    pub(super) fn is_object(&self) -> bool {
        matches!(self, Self::Object(_))
    }

    /// Returns whether every event's value of some kind is like this: it tells none from another.
    pub(super) fn is_vacuous(&self, mode: Mode) -> bool {
        match self {
            Self::Object(members) => members.is_empty() && mode != Mode::Exact,
            Self::Criterion(criterion, _) => matches!(criterion, Criterion::Present | Criterion::Anything),
            Self::Literal(_) | Self::Array(_) => false,
        }
    }

    /// Returns whether a member of this may be missing.
    pub(super) fn may_be_absent(&self) -> bool {
        matches!(self, Self::Criterion(criterion, _) if criterion.holds_for_nothing())
    }
}

/// Returns whether a value is as expected.
pub(super) fn fits(node: &Node, actual: &Value, mode: Mode, budget: &Budget) -> bool {
    if !budget.spend(1) {
        return false;
    }
    match (node, actual) {
        (Node::Criterion(criterion, _), actual) => criterion.holds(actual, budget),
        (Node::Literal(Value::Number(wanted)), Value::Number(there)) => number::same(wanted, there),
        (Node::Literal(wanted), actual) => wanted == actual,
        (Node::Object(wanted), Value::Object(there)) => {
            let holds = |(name, node): &(String, Node)| match there.get(name) {
                Some(actual) => fits(node, actual, mode, budget),
                None => node.may_be_absent(),
            };
            wanted.iter().all(holds)
                && (mode != Mode::Exact || there.keys().all(|name| is_wanted(wanted, name)))
        }
        (Node::Array(wanted), Value::Array(there)) => {
            let in_place = |(node, actual): (&Node, &Value)| fits(node, actual, mode, budget);
            wanted.len() == there.len()
                && (wanted.iter().zip(there).all(in_place)
                    || mode == Mode::AnyOrder && pairing::pairs(wanted, there, mode, budget).is_complete())
        }
        (Node::Object(_) | Node::Array(_), _) => false,
    }
}

/// Returns whether a member is named; they are sorted.
pub(super) fn is_wanted(wanted: &[(String, Node)], name: &str) -> bool {
    wanted.binary_search_by(|(other, _)| other.as_str().cmp(name)).is_ok()
}

/// Returns what a placeholder of JsonUnit asks; `None` for any other text.
fn placeholder(text: &str) -> Result<Option<Criterion>, String> {
    const NAMES: [&str; 8] = [
        "any-string",
        "any-number",
        "any-boolean",
        "any-array",
        "ignore",
        "ignore-element",
        "missing-or-null",
        "regex",
    ];
    let rest = text.strip_prefix("${json-unit.").or_else(|| text.strip_prefix("#{json-unit."));
    let Some((name, rest)) = rest.and_then(|rest| rest.split_once('}')) else { return Ok(None) };
    if name == "regex" {
        let regex = pattern::whole(rest).map_err(|why| format!("`{rest}` is no pattern: {why}"))?;
        return Ok(Some(Criterion::Matches(regex)));
    }
    if name.starts_with("matches:") {
        return Err(format!("`{text}` asks a matcher of your own; use `where`"));
    }
    if !NAMES.contains(&name) || !rest.is_empty() {
        let near = closest(name, NAMES).map(|near| format!(", did you mean `${{json-unit.{near}}}`?"));
        return Err(format!("`{text}` is no placeholder{}", near.unwrap_or_default()));
    }
    let criterion = match name {
        "ignore-element" => Criterion::Anything,
        // The others are called like the matchers that they are.
        name => criterion(name, &Argument::Absent)?,
    };
    Ok(Some(criterion))
}

fn own_spelling(members: &Map<String, Value>) -> Result<Criterion, String> {
    let name = members.get(OWN).and_then(Value::as_str);
    let name = name.ok_or_else(|| format!("`{OWN}` was not the name of a matcher"))?;
    if let Some(other) = members.keys().find(|key| *key != OWN && *key != "value") {
        return Err(format!("`{other}` stood beside `{OWN}`, where only `value` may"));
    }
    criterion(name, &members.get("value").map_or(Argument::Absent, Argument::Value))
}

/// Reads a matcher; an error is one line.
fn criterion(name: &str, argument: &Argument<'_>) -> Result<Criterion, String> {
    Criterion::new(name, argument).map_err(|refusal| match refusal.hint {
        Some(hint) => format!("{} ({hint})", refusal.message),
        None => refusal.message,
    })
}
