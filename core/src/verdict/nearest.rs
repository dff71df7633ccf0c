//! The events that came nearest to what was expected.

use std::cmp::Reverse;
use std::sync::Arc;

use serde_json::{Value, json};

use super::words;
use crate::event::ReceivedEvent;
use crate::matcher::{After, Comparison, Difference, Match};

/// Why an event of which every condition holds did not do.
pub(super) const OTHERWISE: &str =
    "every condition holds: it is hidden by eventFilters or came outside the window";

/// An event that did not match, and why.
pub(super) struct Miss<'a> {
    event: &'a ReceivedEvent,
    own: bool,
    comparison: Comparison,
    /// How many conditions held.
    held: usize,
    is_before_mark: bool,
    /// Why one of which every condition holds is none.
    otherwise: &'static str,
}

/// Returns the misses with the most conditions held first; among equals those that got furthest
/// down the funnel, then those with fewer differences, then in the order of the journal.
pub(super) fn nearest<'a>(
    expected: &Match,
    misses: &'a [(Arc<ReceivedEvent>, bool)],
    otherwise: &'static str,
    most: usize,
) -> Vec<Miss<'a>> {
    let mut misses: Vec<Miss<'a>> =
        misses.iter().map(|(event, own)| Miss::new(expected, event, *own, otherwise)).collect();
    misses
        .sort_by_key(|miss| (Reverse(miss.held), Reverse(miss.comparison.stage()), miss.differences().len()));
    misses.truncate(most);
    misses
}

impl<'a> Miss<'a> {
    fn new(expected: &Match, event: &'a ReceivedEvent, own: bool, otherwise: &'static str) -> Self {
        let comparison = expected.compare(event, own);
        let held = expected.held(event, &comparison);
        let is_before_mark = is_before_mark(&expected.after, event);
        Self { event, own, comparison, held, is_before_mark, otherwise }
    }

    fn differences(&self) -> &[Difference] {
        match &self.comparison {
            Comparison::Differs(differences) => differences,
            Comparison::Matches | Comparison::Undecided => &[],
        }
    }

    /// Returns the line that says which event it is.
    pub(super) fn headline(&self) -> String {
        words::event(self.event, Some(self.own))
    }

    /// Returns one line for each reason why it did not match.
    pub(super) fn reasons(&self) -> Vec<String> {
        let mut lines: Vec<String> = self.differences().iter().map(reason).collect();
        if let Some(error) = self.event.error() {
            let hint = error.hint_text().map(|hint| format!(" ({hint})")).unwrap_or_default();
            lines.push(words::clip(&format!("undecodable: {}{hint}", error.message())));
        }
        if self.is_before_mark {
            lines.push("it lies before the point from which this expectation looks".to_owned());
        }
        if lines.is_empty() {
            lines.push(self.otherwise.to_owned());
        }
        lines
    }

    /// Returns the miss as a document: the event, its differences and how many conditions held.
    pub(super) fn to_json(&self) -> Value {
        let differences: Vec<Value> = self
            .differences()
            .iter()
            .map(|d| {
                json!({
                    "stage": d.stage.label(), "path": d.path, "expected": d.expected,
                    "actual": d.actual, "isAbsent": d.actual.is_none(), "hint": d.hint,
                })
            })
            .collect();
        json!({
            "event": self.event.to_json(self.own), "held": self.held,
            "differences": differences, "beforeMark": self.is_before_mark,
        })
    }
}

fn reason(difference: &Difference) -> String {
    let actual = difference.actual.as_ref().map_or_else(|| "absent".to_owned(), words::shown);
    let hint = difference.hint.as_ref().map(|hint| format!(" ({})", words::clip(hint))).unwrap_or_default();
    let path = words::clip(&difference.path);
    let expected = match &difference.wanted {
        Some(wanted) => words::clip(wanted),
        None => words::shown(&difference.expected),
    };
    format!("{path}: expected {expected}, was {actual}{hint}")
}

/// Returns whether an event surely lies before the point from which an expectation looks. Behind a
/// position only its own partition is known.
fn is_before_mark(after: &After, event: &ReceivedEvent) -> bool {
    match after {
        After::Start => false,
        After::Mark(mark) => mark.topics.get(&event.topic).is_some_and(|topic| {
            event.generation < topic.generation
                || (event.generation == topic.generation
                    && topic.ends.get(&event.partition).is_some_and(|end| event.offset < *end))
        }),
        After::Position { topic, partition, offset } => {
            *topic == event.topic && *partition == event.partition && event.offset <= *offset
        }
    }
}
