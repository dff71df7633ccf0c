//! What a value lacks, in words.

use serde_json::Value;

use super::budget::Budget;
use super::compare::{Difference, Stage};
use super::criterion::bytes_of;
use super::expected::{Expected, Node, fits, is_wanted};
use super::hints;
use super::model::Mode;
use super::pairing;
use crate::event::{Decoded, ReceivedEvent, bytes_to_json};

/// Adds the differences between what is expected of a value and a value that could be decoded.
pub(super) fn compare(
    found: &mut Vec<Difference>,
    condition: usize,
    expected: &Expected,
    mode: Mode,
    event: &ReceivedEvent,
    budget: &Budget,
) {
    let mut comparing = Comparing { found, condition, mode, budget };
    let path = "value";
    let node = expected.node();
    match &event.value {
        Decoded::Json(actual) => comparing.node(path.to_owned(), node, actual),
        Decoded::Null if fits(node, &Value::Null, mode, budget) => {}
        Decoded::Null => {
            comparing.push(path, node, Some(&Value::Null), Some("the record is a tombstone".to_owned()));
        }
        Decoded::Text(text) => {
            let actual = Value::String(text.clone());
            if fits(node, &actual, mode, budget) {
                return;
            }
            let expected = node.document();
            let hint = hints::types(&expected, &actual).or_else(|| hints::texts(&expected, &actual));
            let hint = hint.or_else(|| {
                let is_structured = matches!(node, Node::Object(_) | Node::Array(_));
                is_structured.then(|| "the topic's format is string; set `format: json`".to_owned())
            });
            comparing.push(path, node, Some(&actual), hint);
        }
        Decoded::Bytes => {
            let actual = event.raw_value.as_deref().unwrap_or_default();
            if holds_bytes(node, actual, budget) {
                return;
            }
            let is_bytes = matches!(node, Node::Criterion(..)) || bytes_of(&node.document()).is_some();
            let hint = "the topic's format is bytes; expect text or {\"base64\": ...}".to_owned();
            comparing.push(path, node, Some(&bytes_to_json(actual)), (!is_bytes).then_some(hint));
        }
        // The caller has dealt with it: what was not decoded is not compared.
        Decoded::Failed(_) => {}
    }
}

/// Returns whether a value that could be decoded is as expected.
pub(super) fn holds(expected: &Expected, mode: Mode, event: &ReceivedEvent, budget: &Budget) -> bool {
    let node = expected.node();
    match &event.value {
        Decoded::Json(actual) => {
            !expected.is_ruled_out(actual, mode, budget) && fits(node, actual, mode, budget)
        }
        Decoded::Null => fits(node, &Value::Null, mode, budget),
        Decoded::Text(text) => fits(node, &Value::String(text.clone()), mode, budget),
        Decoded::Bytes => holds_bytes(node, event.raw_value.as_deref().unwrap_or_default(), budget),
        Decoded::Failed(_) => false,
    }
}

fn holds_bytes(node: &Node, actual: &[u8], budget: &Budget) -> bool {
    match node {
        Node::Criterion(criterion, _) => criterion.holds(&bytes_to_json(actual), budget),
        node => bytes_of(&node.document()).is_some_and(|wanted| wanted == actual),
    }
}

struct Comparing<'a> {
    found: &'a mut Vec<Difference>,
    condition: usize,
    mode: Mode,
    budget: &'a Budget,
}

impl Comparing<'_> {
    fn node(&mut self, path: String, node: &Node, actual: &Value) {
        if fits(node, actual, self.mode, self.budget) {
            return;
        }
        match (node, actual) {
            (Node::Object(wanted), Value::Object(there)) => {
                for (name, node) in wanted {
                    let path = member(&path, name);
                    match there.get(name) {
                        Some(actual) => self.node(path, node, actual),
                        None if node.may_be_absent() => {}
                        None => self.push(&path, node, None, hints::member_variant(name, there.keys())),
                    }
                }
                if self.mode == Mode::Exact {
                    for (name, actual) in there.iter().filter(|(name, _)| !is_wanted(wanted, name)) {
                        self.surplus(member(&path, name), actual);
                    }
                }
            }
            (Node::Array(wanted), Value::Array(there)) if wanted.len() != there.len() => {
                let hint = format!("lengths differ: {} expected, {} there", wanted.len(), there.len());
                self.push(&path, node, Some(actual), Some(hint));
            }
            (Node::Array(wanted), Value::Array(there)) if self.mode == Mode::AnyOrder => {
                self.unordered(&path, wanted, there);
            }
            (Node::Array(wanted), Value::Array(there)) => self.ordered(&path, wanted, there),
            (node, actual) => {
                let expected = node.document();
                let hint = hints::types(&expected, actual).or_else(|| hints::texts(&expected, actual));
                self.push(&path, node, Some(actual), hint);
            }
        }
    }

    fn ordered(&mut self, path: &str, wanted: &[Node], there: &[Value]) {
        let before = self.found.len();
        for (index, (wanted, actual)) in wanted.iter().zip(there).enumerate() {
            self.node(format!("{path}[{index}]"), wanted, actual);
        }
        if self.found.len() > before && self.is_same_in_another_order(wanted, there) {
            self.found[before].hint =
                Some("the same elements are there in another order; `mode: any_order` allows it".to_owned());
        }
    }

    /// Small lists only: it is a hint, and its cost is quadratic.
    fn is_same_in_another_order(&self, wanted: &[Node], there: &[Value]) -> bool {
        const MOST: usize = 100;
        wanted.len() <= MOST && pairing::pairs(wanted, there, self.mode, self.budget).is_complete()
    }

    fn unordered(&mut self, path: &str, wanted: &[Node], there: &[Value]) {
        let pairing = pairing::pairs(wanted, there, self.mode, self.budget);
        let lonely: Vec<usize> =
            (0..wanted.len()).filter(|index| pairing.partners[*index].is_none()).collect();
        let mut left = pairing.left_over();
        if let ([only], Some(other), None) = (&lonely[..], left.next(), left.next()) {
            // One of each: what keeps them apart says more than that they are.
            self.node(format!("{path}[{other}]"), &wanted[*only], &there[other]);
            return;
        }
        for index in lonely {
            let hint = "no element that is left is like it".to_owned();
            self.push(&format!("{path}[{index}]"), &wanted[index], None, Some(hint));
        }
    }

    fn push(&mut self, path: &str, node: &Node, actual: Option<&Value>, hint: Option<String>) {
        self.found.push(Difference {
            stage: Stage::Value,
            condition: self.condition,
            path: path.to_owned(),
            expected: node.document(),
            wanted: None,
            actual: actual.cloned(),
            hint,
        });
    }

    fn surplus(&mut self, path: String, actual: &Value) {
        self.found.push(Difference {
            stage: Stage::Value,
            condition: self.condition,
            path,
            expected: Value::Null,
            wanted: Some("nothing".to_owned()),
            actual: Some(actual.clone()),
            hint: Some("the mode is exact, and the match does not name it".to_owned()),
        });
    }
}

/// Adds a member's name to a path: `.name` where it reads well, else `["na.me"]`.
fn member(path: &str, name: &str) -> String {
    let is_plain = |c: char| c.is_alphanumeric() || c == '_' || c == '-';
    if !name.is_empty() && name.chars().all(is_plain) {
        format!("{path}.{name}")
    } else {
        format!("{path}[{}]", Value::from(name))
    }
}
