//! A verdict that is not a pass, in words.
//!
//! The whole text fits one screen of 20 lines; what has no room is in the context of the error.

use serde_json::Value;

use super::nearest::{Miss, nearest};
use super::words::{self, clip};
use super::{Doubt, Evidence, Finding};
use crate::error::{ErrorCode, ProbeError};
use crate::matcher::Stage;

/// One screen.
const LINES: usize = 20;
/// How many misses are shown.
const MISSES: usize = 3;
/// How many hints are shown.
const HINTS: usize = 4;
/// How many lines one miss may take besides its first.
const REASONS: usize = 5;

impl Evidence {
    /// Turns the evidence into the error of the verdict: the explanation is its message, the facts
    /// are its context under `verb`, `topic`, `expected`, `within_ms`, `finding`, `funnel`,
    /// `nearest`, `hints` and `coverage`; what the client complained about is its cause.
    #[must_use]
    pub fn into_error(self) -> ProbeError {
        let code = match &self.finding {
            Finding::Missing { .. } => ErrorCode::ExpectationTimeout,
            Finding::Unexpected(_) => ErrorCode::UnexpectedEvent,
            Finding::Doubtful(doubt) => doubt.code(),
        };
        let nearest = nearest(&self, MISSES);
        let hints = self.all_hints();
        let own = self.own_of_unexpected();
        let error = ProbeError::new(code, self.text(&nearest, &hints, own))
            .with("verb", self.verb)
            .with("topic", &*self.topic)
            .with("expected", self.expected.to_json())
            .with("within_ms", u64::try_from(self.within.as_millis()).unwrap_or(u64::MAX))
            .with("finding", self.finding.to_json(own))
            .with("funnel", self.funnel.to_json())
            .with("nearest", nearest.iter().map(Miss::to_json).collect::<Vec<Value>>())
            .with("hints", hints)
            .with("coverage", self.coverage.to_json());
        match self.problem {
            Some(problem) => error.caused_by(problem),
            None => error,
        }
    }

    fn text(&self, nearest: &[Miss<'_>], hints: &[String], own: Option<bool>) -> String {
        let mut top = vec![self.headline(), format!("{}: {}", self.wish(), clip(&self.expected.describe()))];
        if let Some(hint) = &self.expected.hint {
            top.push(format!("the test says: {}", clip(hint)));
        }
        match &self.finding {
            Finding::Missing { .. } => {}
            Finding::Unexpected(event) => {
                top.push(format!("it is there: {}", words::event(event, own)));
                top.push(format!("with value: {}", words::value(event)));
            }
            Finding::Doubtful(doubt) => top.extend(doubt_lines(doubt)),
        }
        top.push(words::funnel(&self.funnel));

        let mut bottom: Vec<String> =
            hints.iter().take(HINTS).map(|hint| format!("hint: {}", clip(hint))).collect();
        if hints.len() > HINTS {
            bottom.push(format!("hint: and {} more in the context", hints.len() - HINTS));
        }
        bottom.push(words::coverage(&self.coverage));
        if let Some(problem) = &self.problem {
            bottom.push(format!(
                "the client's last problem: {} ({})",
                clip(problem.message()),
                problem.code()
            ));
        }
        let room = LINES.saturating_sub(top.len() + bottom.len());
        top.extend(miss_lines(nearest, room));
        top.extend(bottom);
        top.join("\n")
    }

    fn wish(&self) -> &'static str {
        let is_forbidden = self.verb == "expect_none" || matches!(self.finding, Finding::Unexpected(_));
        if is_forbidden { "forbidden" } else { "expected" }
    }

    fn headline(&self) -> String {
        let (verb, topic, within) = (self.verb, clip(&self.topic), words::duration(self.within));
        match &self.finding {
            Finding::Missing { wanted: 1, found: 0 } => {
                format!("{verb}: no matching event came on `{topic}` within {within}")
            }
            Finding::Missing { wanted, found } => {
                let wanted = words::count(*wanted as u64, "event was", "events were");
                format!("{verb}: {wanted} wanted on `{topic}` within {within}, {found} came")
            }
            Finding::Unexpected(_) => format!("{verb}: an event came on `{topic}` that must not come"),
            Finding::Doubtful(_) => {
                format!("{verb}: inconclusive, not known what came on `{topic}` within {within}")
            }
        }
    }

    /// Returns the engine's hints and those that the funnel gives away, each once.
    fn all_hints(&self) -> Vec<String> {
        let funnel = &self.funnel;
        let mut hints = self.hints.clone();
        let mut add = |hint: String| {
            if !hints.contains(&hint) {
                hints.push(hint);
            }
        };
        let is_said = matches!(
            self.finding,
            Finding::Doubtful(Doubt::NotAttributable(_) | Doubt::TooManyUnattributed { .. })
        );
        if funnel.unattributed > 0 && !is_said {
            let records = words::count(funnel.unattributed, "record carries", "records carry");
            add(format!("{records} no test id; set correlation.testId"));
        }
        let hidden = Stage::HiddenByFilters.label();
        let hidden: u64 = funnel.stages.iter().filter(|(stage, _)| *stage == hidden).map(|(_, n)| n).sum();
        if hidden > 0 {
            let events = if hidden == 1 { "event of this test is" } else { "events of this test are" };
            add(format!("{hidden} {events} hidden by eventFilters"));
        }
        let is_missing = matches!(self.finding, Finding::Missing { .. });
        if is_missing && funnel.seen > 0 && funnel.other_tests == funnel.seen {
            add("every record seen belongs to other tests; does the system under test pass the test id on?"
                .to_owned());
        }
        hints
    }

    /// Returns whether a forbidden event is own, where the evidence tells.
    fn own_of_unexpected(&self) -> Option<bool> {
        let Finding::Unexpected(event) = &self.finding else { return None };
        let known = self.misses.iter().find(|(miss, _)| {
            (miss.partition, miss.offset, miss.generation)
                == (event.partition, event.offset, event.generation)
        });
        known.map(|(_, own)| *own).or(self.expected.own)
    }
}

/// Shares the lines that are left: the first line of each miss, then the reasons of the nearest.
fn miss_lines(nearest: &[Miss<'_>], room: usize) -> Vec<String> {
    if nearest.is_empty() || room < 3 {
        return Vec::new();
    }
    let mut lines = vec![if nearest.len() == 1 { "nearest miss:" } else { "nearest misses:" }.to_owned()];
    let nearest = &nearest[..nearest.len().min((room - 1) / 2)];
    // One headline and one reason each are certain; the rest goes to the nearest first.
    let mut spare = room - 1 - 2 * nearest.len();
    for miss in nearest {
        lines.push(format!("  {}", miss.headline()));
        let mut reasons = miss.reasons();
        let shown = reasons.len().min(REASONS).min(1 + spare);
        spare -= shown - 1;
        let dropped = reasons.len() - shown;
        reasons.truncate(shown);
        if let (true, Some(last)) = (dropped > 0, reasons.last_mut()) {
            last.push_str(&format!(" ... and {dropped} more"));
        }
        lines.extend(reasons.iter().map(|reason| format!("    {reason}")));
    }
    lines
}

/// Returns what could not be known, and what to do about it.
fn doubt_lines(doubt: &Doubt) -> [String; 2] {
    let place = |partition: &Option<i32>| match partition {
        Some(partition) => format!("partition {partition}"),
        None => "the topic".to_owned(),
    };
    let (unknown, remedy) = match doubt {
        Doubt::NotCovered { partition, why } => (
            format!("{} was not read to its end: {}", place(partition), clip(why)),
            "look at the broker and the connection, or raise `within` or `verdict-grace`".to_owned(),
        ),
        Doubt::Undecodable(event) if event.error().is_none() => (
            format!("a record that might be the one is too large for this match: {}", words::event(event, None)),
            "match by id, type, key or headers so that it is excluded, or ask less of its value".to_owned(),
        ),
        Doubt::Undecodable(event) => {
            let error = event.error().map(|error| clip(error.message())).unwrap_or_default();
            let hint = event.error().and_then(ProbeError::hint_text);
            let hint = hint.map(|hint| format!(" ({})", clip(hint))).unwrap_or_default();
            (
                format!("a record that might be the one could not be decoded: {}: {error}", words::event(event, None)),
                format!("match by id, type, key or headers so that it is excluded, or set `format:` to what the topic carries{hint}"),
            )
        }
        Doubt::NotAttributable(event) => (
            format!("a record that meets every other condition carries no test id: {}", words::event(event, None)),
            "let the system under test pass the test id on, set correlation.testId, or set `unattributed: ignore`".to_owned(),
        ),
        Doubt::TooManyUnattributed { dropped } => (
            format!(
                "{} no test id came after there was no room for more, and {} not judged",
                words::count(*dropped, "record with", "records with"),
                if *dropped == 1 { "was" } else { "were" },
            ),
            "set correlation.testId, or set `unattributed: ignore`".to_owned(),
        ),
        Doubt::ReadGap { partition: Some(partition), why } => (
            format!("records of partition {partition} were gone before they were read: {}", clip(why)),
            "raise the topic's retention, and keep others from deleting its records while tests run".to_owned(),
        ),
        Doubt::ReadGap { partition: None, why } => (
            format!("records of the topic were gone before they were read: {}", clip(why)),
            "keep others from deleting the topic while tests run, or open the session after it was created".to_owned(),
        ),
    };
    [format!("not known: {unknown}"), format!("what to do: {remedy}")]
}
