//! Everything that is wrong with a document, and the one error that says it.

use serde_json::{Value, json};

use super::node::Place;
use crate::error::{ErrorCode, ProbeError};

/// After so many problems the rest is only counted.
const MAX_TOLD: usize = 100;

/// One thing that is wrong.
#[derive(Debug)]
pub(crate) struct Problem {
    pub(crate) code: ErrorCode,
    pub(crate) message: String,
    pub(crate) hint: Option<String>,
    pub(crate) place: Place,
}

impl Problem {
    /// Adds what the reader can do about it.
    pub(crate) fn hint(&mut self, hint: impl Into<String>) {
        self.hint = Some(hint.into());
    }

    fn to_json(&self) -> Value {
        let text = (self.place.line > 0).then_some(&self.place);
        json!({
            "code": self.code.name(),
            "message": self.message,
            "line": text.map(|place| place.line),
            "column": text.map(|place| place.column),
            "path": self.place.path.to_string(),
            "source": self.place.origin.as_ref().map(|origin| &origin.label),
            "hint": self.hint,
        })
    }

    fn prefix(&self) -> String {
        let mut parts = Vec::new();
        if let Some(origin) = &self.place.origin {
            parts.push(origin.label.clone());
        }
        if self.place.line > 0 {
            parts.push(format!("line {}, column {}", self.place.line, self.place.column));
        } else if self.place.origin.is_none() && !self.place.path.is_root() {
            parts.push(self.place.path.to_string());
        }
        if parts.is_empty() { String::new() } else { format!("{}: ", parts.join(", ")) }
    }
}

/// Collects problems, so that all are told at once.
#[derive(Debug)]
pub(crate) struct Problems {
    code: ErrorCode,
    list: Vec<Problem>,
}

impl Problems {
    /// An empty collection; `code` is for everything that has no code of its own.
    pub(crate) fn new(code: ErrorCode) -> Self {
        Self { code, list: Vec::new() }
    }

    /// Adds a problem under the common code.
    pub(crate) fn add(&mut self, place: &Place, message: impl Into<String>) -> &mut Problem {
        self.add_as(self.code, place, message)
    }

    /// Adds a problem under its own code.
    pub(crate) fn add_as(
        &mut self,
        code: ErrorCode,
        place: &Place,
        message: impl Into<String>,
    ) -> &mut Problem {
        let problem = Problem { code, message: message.into(), hint: None, place: place.clone() };
        let index = self.list.len();
        self.list.push(problem);
        &mut self.list[index]
    }

    /// Adds an error of a validator that knows no places.
    pub(crate) fn add_error(&mut self, place: &Place, error: &ProbeError) {
        let problem = self.add_as(error.code(), place, error.message());
        problem.hint = error.hint_text().map(str::to_owned);
    }

    pub(crate) fn len(&self) -> usize {
        self.list.len()
    }

    /// Returns the value when nothing was wrong, else the one error.
    pub(crate) fn finish<T>(mut self, value: Option<T>) -> Result<T, ProbeError> {
        if let (true, Some(value)) = (self.list.is_empty(), value) {
            return Ok(value);
        }
        self.list.sort_by_key(|problem| {
            let place = &problem.place;
            (place.origin.as_ref().map(|origin| origin.label.clone()), place.line, place.column)
        });
        let untold = self.list.len().saturating_sub(MAX_TOLD);
        let code = self.common_code();
        self.list.truncate(MAX_TOLD);
        let details: Vec<Value> = self.list.iter().map(Problem::to_json).collect();
        let error = match self.list.as_slice() {
            [] => ProbeError::new(ErrorCode::Internal, "a document had no value and no problem"),
            [only] => single(only),
            several => joined(code, several, untold),
        };
        Err(error.with("problems", details))
    }

    fn common_code(&self) -> ErrorCode {
        let common = self.list.first().map(|first| first.code);
        common.filter(|code| self.list.iter().all(|problem| problem.code == *code)).unwrap_or(self.code)
    }
}

fn single(problem: &Problem) -> ProbeError {
    let mut error = ProbeError::new(problem.code, problem.message.as_str());
    if problem.place.line > 0 {
        error = error.with("line", problem.place.line).with("column", problem.place.column);
    }
    if !problem.place.path.is_root() {
        error = error.with("path", problem.place.path.to_string());
    }
    if let Some(origin) = &problem.place.origin {
        error = error.with("source", origin.label.as_str());
    }
    match &problem.hint {
        Some(hint) => error.hint(hint.as_str()),
        None => error,
    }
}

fn joined(code: ErrorCode, problems: &[Problem], untold: usize) -> ProbeError {
    let lines = problems.iter().map(|problem| format!("{}{}", problem.prefix(), problem.message));
    let mut lines: Vec<String> = lines.collect();
    if untold > 0 {
        lines.push(format!("and {untold} more problems"));
    }
    let error = ProbeError::new(code, lines.join("\n"));
    let hints = problems
        .iter()
        .filter_map(|problem| problem.hint.as_ref().map(|hint| format!("{}{hint}", problem.prefix())));
    let hints: Vec<String> = hints.collect();
    if hints.is_empty() { error } else { error.hint(hints.join("\n")) }
}

/// Returns a value fit for a message: on one line, at most 80 characters, no control characters.
pub(crate) fn shown(text: &str) -> String {
    let mut line: String = text.chars().take(80).flat_map(escaped).collect();
    if text.chars().nth(80).is_some() {
        line.push_str("...");
    }
    line
}

fn escaped(character: char) -> Vec<char> {
    let hidden =
        character.is_control() || matches!(character, '\u{2028}' | '\u{2029}' | '\u{202a}'..='\u{202e}');
    if hidden { character.escape_default().collect() } else { vec![character] }
}
