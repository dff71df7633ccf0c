//! A path as a tree.

use regex::Regex;
use serde_json::Value;

pub(super) struct Query {
    /// Begins at the value (`$`), not at the current node (`@`).
    pub(super) is_absolute: bool,
    pub(super) segments: Vec<Segment>,
}

pub(super) struct Segment {
    /// `..`: of the node and all that is in it.
    pub(super) is_descendant: bool,
    pub(super) selectors: Vec<Selector>,
}

pub(super) enum Selector {
    Name(String),
    Wildcard,
    Index(i64),
    Slice(Option<i64>, Option<i64>, i64),
    Filter(Condition),
}

pub(super) enum Condition {
    Or(Vec<Condition>),
    And(Vec<Condition>),
    Not(Box<Condition>),
    Compare(Operand, Comparison, Operand),
    Exists(Query),
    Match(Operand, Pattern),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Comparison {
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

pub(super) enum Operand {
    Literal(Value),
    /// A query that gives one node or none.
    Singular(Query),
    Length(Box<Operand>),
    Count(Query),
    /// The value of the only node.
    ValueOf(Query),
}

/// What `match` (the whole text) and `search` (anywhere) look for.
pub(super) enum Pattern {
    Compiled(Regex),
    /// A literal that is no pattern: it never matches.
    Nothing,
    /// A pattern that stands in the value itself.
    Dynamic {
        is_whole: bool,
        operand: Operand,
    },
}

impl Query {
    /// Returns whether there is one node at most.
    pub(super) fn is_singular(&self) -> bool {
        self.segments.iter().all(|segment| {
            !segment.is_descendant
                && matches!(&segment.selectors[..], [Selector::Name(_) | Selector::Index(_)])
        })
    }
}
