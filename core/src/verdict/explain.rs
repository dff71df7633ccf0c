//! A verdict that is not a pass, in words.
//!
//! The whole text fits one screen of 20 lines; what has no room is in the context of the error.

use serde_json::{Value, json};

use super::document::coverages;
use super::nearest::{Miss, nearest};
use super::words::{self, clip};
use super::{Coverage, Doubt, Evidence, Expected, Finding, Funnel};
use crate::error::ProbeError;
use crate::matcher::Stage;

/// One screen.
const LINES: usize = 20;
/// How many misses are shown.
pub(super) const MISSES: usize = 3;
/// How many hints are shown at most.
const HINTS: usize = 4;
/// How many lines one miss may take besides its first.
const REASONS: usize = 5;

impl Evidence {
    /// Turns the evidence into the error of the verdict: the explanation is its message, the facts
    /// are its context under `verb`, `topic`, `expected`, `within_ms`, `finding`, `hints`, and, where
    /// they are of use, `funnel`, `nearest`, `matches`, `delivery`, `coverage` and `otherTopics`; what the client
    /// complained about is its cause.
    #[must_use]
    pub fn into_error(self) -> ProbeError {
        let nearest = match &self.expected {
            Expected::Match(expected) => nearest(expected, &self.misses, self.otherwise(), MISSES),
            Expected::AllOf(..) | Expected::CaughtUp { .. } | Expected::Delivery(_) => Vec::new(),
        };
        let hints = self.all_hints();
        let own = self.own;
        let mut error = ProbeError::new(self.finding.code(), self.text(&nearest, &hints, own))
            .with("verb", self.verb)
            .with("topic", &*self.topic)
            .with("expected", self.expected.to_json())
            .with("within_ms", u64::try_from(self.within.as_millis()).unwrap_or(u64::MAX))
            .with("finding", self.finding.to_json(own))
            .with("hints", hints);
        match &self.expected {
            Expected::Match(_) => {
                error = error
                    .with("funnel", self.funnel.to_json())
                    .with("nearest", nearest.iter().map(Miss::to_json).collect::<Vec<Value>>())
                    .with("coverage", self.coverage.to_json());
            }
            Expected::AllOf(_, rows) => {
                error = error
                    .with("matches", json!(rows.iter().map(|row| row.to_json()).collect::<Vec<_>>()))
                    .with("coverage", self.coverage.to_json())
                    .with("otherTopics", coverages(&self.other_topics));
            }
            Expected::Delivery(verified) => {
                error = error
                    .with("delivery", verified.report.to_json())
                    .with("coverage", self.coverage.to_json())
                    .with("otherTopics", coverages(&self.other_topics));
            }
            Expected::CaughtUp { .. } => {}
        }
        match self.problem {
            Some(problem) => error.caused_by(problem),
            None => error,
        }
    }

    fn text(&self, nearest: &[Miss<'_>], hints: &[String], own: Option<bool>) -> String {
        let mut top = vec![self.headline()];
        top.extend(self.wish());
        top.extend(self.says().into_iter().map(|hint| format!("the test says: {}", clip(hint))));
        top.extend(self.finding.lines(own));
        match &self.expected {
            Expected::Match(_) => top.push(words::funnel(&self.funnel)),
            Expected::Delivery(verified) => top.push(verified.counts()),
            Expected::AllOf(..) | Expected::CaughtUp { .. } => {}
        }

        let mut proof = self.proof();
        if let Some(problem) = &self.problem {
            proof.push(format!(
                "the client's last problem: {} ({})",
                clip(problem.message()),
                problem.code()
            ));
        }
        let shown = HINTS.min(LINES.saturating_sub(top.len() + proof.len() + 1));
        let mut bottom: Vec<String> =
            hints.iter().take(shown).map(|hint| format!("hint: {}", clip(hint))).collect();
        if hints.len() > shown {
            bottom.push(format!("hint: and {} more in the context", hints.len() - shown));
        }
        bottom.extend(proof);
        let room = LINES.saturating_sub(top.len() + bottom.len());
        match &self.expected {
            Expected::Match(_) => top.extend(miss_lines(nearest, room)),
            Expected::AllOf(_, rows) => top.extend(super::rows::details(rows, room)),
            Expected::Delivery(verified) => top.extend(verified.examples(room)),
            Expected::CaughtUp { .. } => {}
        }
        top.extend(bottom);
        top.join("\n")
    }

    /// Returns how far was read, a line for a topic, and for two at most.
    fn proof(&self) -> Vec<String> {
        const OTHERS: usize = 1;
        if matches!(self.expected, Expected::CaughtUp { .. }) {
            return Vec::new();
        }
        let unanswered = matches!(self.finding, Finding::Doubtful(Doubt::NotCovered { .. }));
        // A topic that the session only sent to was not read.
        let is_read = match &self.expected {
            Expected::Delivery(verified) => verified.output.is_none() || self.coverage != Coverage::default(),
            Expected::Match(_) | Expected::AllOf(..) | Expected::CaughtUp { .. } => true,
        };
        let mut lines = Vec::new();
        if is_read {
            lines.push(words::coverage(None, &self.coverage, unanswered));
        }
        for (topic, coverage) in self.other_topics.iter().take(OTHERS) {
            lines.push(words::coverage(Some(topic), coverage, unanswered));
        }
        if self.other_topics.len() > OTHERS {
            lines.push(format!("coverage of {} more in the context", self.other_topics.len() - OTHERS));
        }
        lines
    }

    /// Returns why an event of which every condition holds did not do.
    fn otherwise(&self) -> &'static str {
        match self.finding {
            Finding::NotCaught { .. } => {
                "every condition holds: the function did not complete with it, or it is hidden by eventFilters"
            }
            _ => super::nearest::OTHERWISE,
        }
    }

    /// Returns the funnels of what is missing.
    fn funnels(&self) -> Vec<&Funnel> {
        match &self.expected {
            Expected::Match(_) => vec![&self.funnel],
            Expected::AllOf(_, rows) => {
                rows.iter().filter(|row| row.served.is_none()).map(|row| &row.funnel).collect()
            }
            Expected::CaughtUp { .. } | Expected::Delivery(_) => Vec::new(),
        }
    }

    /// Returns the engine's hints and those that the funnels give away, each once.
    fn all_hints(&self) -> Vec<String> {
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
        for funnel in self.funnels() {
            if funnel.unattributed > 0 && !is_said {
                let records = words::count(funnel.unattributed, "record carries", "records carry");
                add(format!("{records} no test id; set correlation.testId"));
            }
            let hidden = Stage::HiddenByFilters.label();
            let hidden: u64 =
                funnel.stages.iter().filter(|(stage, _)| *stage == hidden).map(|(_, n)| n).sum();
            if hidden > 0 {
                let events = if hidden == 1 { "event of this test is" } else { "events of this test are" };
                add(format!("{hidden} {events} hidden by eventFilters"));
            }
            if self.finding.is_missing() && funnel.seen > 0 && funnel.other_tests == funnel.seen {
                add("every record seen belongs to other tests; does the system under test pass the test id on?"
                    .to_owned());
            }
        }
        self.notes.iter().cloned().for_each(add);
        hints
    }
}

/// Shares the lines that are left: the first line of each miss, then the reasons of the nearest.
pub(super) fn miss_lines(nearest: &[Miss<'_>], room: usize) -> Vec<String> {
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
