//! An expression as a tree.

use regex::Regex;

use super::functions::Function;

/// A part of an expression, and where it was written, in bytes.
pub(super) struct Expr {
    pub(super) at: usize,
    pub(super) end: usize,
    /// How deep the tree is; bounded, so that nothing that walks it overflows a stack.
    pub(super) depth: usize,
    pub(super) kind: Kind,
}

pub(super) enum Kind {
    Null,
    Bool(bool),
    Int(i128),
    Double(f64),
    Text(String),
    Variable(Variable),
    /// The variable of a loop, by how many loops stand around its own.
    Local(usize),
    Member(Box<Expr>, String),
    Index(Box<Expr>, Box<Expr>),
    /// Whether a member is there.
    Has(Box<Expr>, String),
    Not(Box<Expr>),
    Minus(Box<Expr>),
    And(Vec<Expr>),
    Or(Vec<Expr>),
    Binary(Operator, Box<Expr>, Box<Expr>),
    Conditional(Box<[Expr; 3]>),
    List(Vec<Expr>),
    Map(Vec<(Expr, Expr)>),
    Call(Function, Vec<Expr>),
    Matches(Box<Expr>, Regex),
    Loop(Loop, Box<Expr>, Box<Expr>),
    /// `range.map(x, condition, of)`.
    MapSome(Box<[Expr; 3]>),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Loop {
    All,
    Exists,
    ExistsOne,
    Filter,
    Map,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Operator {
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    In,
    Add,
    Subtract,
    Multiply,
    Divide,
    Remainder,
}

/// What an expression can read of an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Variable {
    Id,
    Type,
    Version,
    Key,
    Headers,
    Value,
    Topic,
    Partition,
    Offset,
    Timestamp,
}

impl Variable {
    pub(super) const ALL: [(&'static str, Self); 10] = [
        ("id", Self::Id),
        ("type", Self::Type),
        ("version", Self::Version),
        ("key", Self::Key),
        ("headers", Self::Headers),
        ("value", Self::Value),
        ("topic", Self::Topic),
        ("partition", Self::Partition),
        ("offset", Self::Offset),
        ("timestamp", Self::Timestamp),
    ];
}

impl Expr {
    pub(super) fn is_true(&self) -> bool {
        matches!(self.kind, Kind::Bool(true))
    }
}

impl Kind {
    /// Visits the parts, in the order in which they were written.
    pub(super) fn parts(&self) -> Vec<&Expr> {
        match self {
            Self::Null
            | Self::Bool(_)
            | Self::Int(_)
            | Self::Double(_)
            | Self::Text(_)
            | Self::Variable(_)
            | Self::Local(_) => Vec::new(),
            Self::Member(of, _)
            | Self::Has(of, _)
            | Self::Not(of)
            | Self::Minus(of)
            | Self::Matches(of, _) => {
                vec![of]
            }
            Self::Index(a, b) | Self::Binary(_, a, b) | Self::Loop(_, a, b) => vec![a, b],
            Self::And(parts) | Self::Or(parts) | Self::List(parts) | Self::Call(_, parts) => {
                parts.iter().collect()
            }
            Self::Conditional(parts) | Self::MapSome(parts) => parts.iter().collect(),
            Self::Map(pairs) => pairs.iter().flat_map(|(key, value)| [key, value]).collect(),
        }
    }
}
