//! JSONPath (RFC 9535) over the value of an event.
//!
//! An own, small evaluator (adr/0034): it works on the value as it lies there, and has a bound on
//! depth, size and work.

mod parse;
mod query;
mod syntax;
#[cfg(test)]
mod tests;

use std::borrow::Cow;

use serde_json::Value;

use super::budget::Budget;
use crate::lazy::{LazyValue, step};
use syntax::{Query, Segment, Selector};

/// A path that was understood.
pub(super) struct JsonPath {
    query: Query,
    /// The same as a JSON pointer, where it names members alone.
    pointer: Option<String>,
}

/// Something wrong with a path, and where, in characters from 1.
#[derive(Debug)]
pub(super) struct Wrong {
    pub(super) column: usize,
    pub(super) what: String,
}

impl JsonPath {
    /// Reads a path that begins with `$`.
    pub(super) fn new(text: &str) -> Result<Self, Wrong> {
        parse::parse(text).map(|query| Self { pointer: pointer(&query), query })
    }

    /// Returns the nodes in the order of the RFC; not all of them when the budget is exhausted.
    pub(super) fn nodes<'a>(&self, value: &'a Value, budget: &Budget) -> Vec<&'a Value> {
        query::nodes(&self.query, value, value, budget)
    }

    /// Returns the same nodes of a value that need not be decoded for a single one.
    pub(super) fn nodes_of<'a>(&self, value: &'a LazyValue, budget: &Budget) -> Vec<Cow<'a, Value>> {
        match &self.pointer {
            Some(pointer) if value.is_undecoded() => {
                if budget.spend(self.query.segments.len()) {
                    value.field(pointer).into_iter().collect()
                } else {
                    Vec::new()
                }
            }
            _ => self.nodes(value, budget).into_iter().map(Cow::Borrowed).collect(),
        }
    }
}

/// Returns the pointer that leads to the same, if there is one: it is not told from the name of a member whether an
/// index is meant, so that names of digits have none.
fn pointer(query: &Query) -> Option<String> {
    let name = |segment: &Segment| match &segment.selectors[..] {
        [Selector::Name(name)]
            if !segment.is_descendant && !name.bytes().all(|byte| byte.is_ascii_digit()) =>
        {
            Some(step(name))
        }
        _ => None,
    };
    if query.segments.is_empty() { None } else { query.segments.iter().map(name).collect() }
}
