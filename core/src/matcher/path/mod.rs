//! JSONPath (RFC 9535) over the value of an event.
//!
//! An own, small evaluator (adr/0034): it works on the value as it lies there, and has a bound on
//! depth, size and work.

mod parse;
mod query;
mod syntax;
#[cfg(test)]
mod tests;

use serde_json::Value;

use super::budget::Budget;
use syntax::Query;

/// A path that was understood.
pub(super) struct JsonPath(Query);

/// Something wrong with a path, and where, in characters from 1.
#[derive(Debug)]
pub(super) struct Wrong {
    pub(super) column: usize,
    pub(super) what: String,
}

impl JsonPath {
    /// Reads a path that begins with `$`.
    pub(super) fn new(text: &str) -> Result<Self, Wrong> {
        parse::parse(text).map(Self)
    }

    /// Returns the nodes in the order of the RFC; not all of them when the budget is exhausted.
    pub(super) fn nodes<'a>(&self, value: &'a Value, budget: &Budget) -> Vec<&'a Value> {
        query::nodes(&self.0, value, value, budget)
    }
}
