//! Expressions in the Common Expression Language over one event: `value.total > 3 && key == "o-1"`.
//!
//! An own, small evaluator (adr/0034): it works on the event as it lies there, says of each part why
//! it does not hold, knows the difference between false and unknown, and has a bound on depth, size
//! and work. docs/matches.md says what of the language there is.

mod datum;
mod eval;
mod functions;
mod lex;
mod parse;
mod syntax;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use super::budget::Budget;
use crate::error::{ErrorCode, ProbeError, Result};
use crate::event::ReceivedEvent;
use syntax::Expr;

/// An expression that was understood.
#[derive(Clone)]
pub struct Where {
    source: Arc<str>,
    /// The parts of the outermost `&&`; all must hold.
    parts: Arc<[Expr]>,
}

/// What an expression must not read, since nobody knows it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Unknown {
    pub(super) id: bool,
    pub(super) event_type: bool,
    pub(super) version: bool,
    pub(super) value: bool,
}

/// What came of one part of an expression.
pub(super) enum Outcome {
    Holds,
    /// It reads what nobody knows, or would have taken too long.
    Unknown,
    Fails(Failure),
}

/// A part of an expression that does not hold.
pub(super) struct Failure {
    /// The part as it was written.
    pub(super) part: String,
    /// What it was; `None` when a member was not there.
    pub(super) actual: Option<serde_json::Value>,
    /// What it read.
    pub(super) hint: Option<String>,
}

/// Something wrong with an expression, and where, in bytes.
pub(super) struct Wrong {
    at: usize,
    what: String,
    hint: Option<String>,
}

impl Wrong {
    fn new(at: usize, what: impl Into<String>) -> Self {
        Self { at, what: what.into(), hint: None }
    }

    fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }
}

impl Where {
    /// Reads an expression.
    ///
    /// # Errors
    /// INVALID_ARGUMENT with line and column, for what is not understood and for unknown names.
    pub fn new(source: &str) -> Result<Self> {
        let parts = parse::parse(source).map_err(|wrong| wrong.into_error(source))?;
        Ok(Self { source: source.into(), parts: parts.into() })
    }

    /// Returns the expression as it was written.
    #[must_use]
    pub fn source(&self) -> &str {
        &self.source
    }

    /// Returns whether it is the word `true`.
    pub(super) fn is_trivial(&self) -> bool {
        self.parts.iter().all(Expr::is_true)
    }

    /// Returns whether it is true of an event; `None` when that is not known.
    pub(super) fn truth(&self, event: &ReceivedEvent, unknown: Unknown, budget: &Budget) -> Option<bool> {
        let mut truth = Some(true);
        for part in &*self.parts {
            match eval::truth(part, &self.source, event, unknown, budget) {
                Some(false) => return Some(false),
                Some(true) => {}
                None => truth = None,
            }
        }
        truth
    }

    /// Judges an event, part by part.
    pub(super) fn outcomes<'a>(
        &'a self,
        event: &'a ReceivedEvent,
        unknown: Unknown,
        budget: &'a Budget,
    ) -> impl Iterator<Item = Outcome> + 'a {
        self.parts.iter().map(move |part| eval::judge(part, &self.source, event, unknown, budget))
    }
}

impl PartialEq for Where {
    fn eq(&self, other: &Self) -> bool {
        self.source == other.source
    }
}

impl std::fmt::Debug for Where {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Where({:?})", self.source)
    }
}

impl Wrong {
    fn into_error(self, source: &str) -> ProbeError {
        let before = source.get(..self.at).unwrap_or(source);
        let line = before.matches('\n').count() + 1;
        let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
        let message =
            format!("`where` of a match was not understood at line {line}, column {column}: {}", self.what);
        let error =
            ProbeError::new(ErrorCode::InvalidArgument, message).with("line", line).with("column", column);
        match self.hint {
            Some(hint) => error.hint(hint),
            None => error,
        }
    }
}
