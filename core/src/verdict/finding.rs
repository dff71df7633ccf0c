//! What came of an expectation, in words: the first lines of an explanation.

use std::sync::Arc;

use super::words::{self, clip};
use super::{Doubt, Evidence, Expected, Finding, Lag, Order, rows};
use crate::error::{ErrorCode, ProbeError};
use crate::event::ReceivedEvent;

/// How many sentences of the test are repeated.
const SAYS: usize = 2;
/// How many lagging partitions are named.
const LAGS: usize = 5;

impl Finding {
    /// Returns the code of the verdict.
    #[must_use]
    pub fn code(&self) -> ErrorCode {
        match self {
            Self::Missing { .. } | Self::Unserved | Self::NotCaught { .. } | Self::Lagging(_) => {
                ErrorCode::ExpectationTimeout
            }
            Self::Unexpected(_) | Self::Refused { .. } => ErrorCode::UnexpectedEvent,
            Self::Count { .. } => ErrorCode::WrongCount,
            Self::WrongOrder { .. } => ErrorCode::WrongOrder,
            Self::Misdelivered(worst) => worst.code(),
            Self::Doubtful(doubt) => doubt.code(),
        }
    }

    /// Returns whether something that was wanted provably did not come.
    pub(crate) fn is_missing(&self) -> bool {
        match self {
            Self::Missing { .. } | Self::Unserved | Self::NotCaught { .. } => true,
            Self::Count { wanted, found, .. } => found < wanted,
            Self::Unexpected(_)
            | Self::WrongOrder { .. }
            | Self::Refused { .. }
            | Self::Lagging(_)
            | Self::Misdelivered(_)
            | Self::Doubtful(_) => false,
        }
    }

    /// Returns what is to be said of it besides the headline.
    pub(super) fn lines(&self, own: Option<bool>) -> Vec<String> {
        let there = |what: &str, event: &Arc<ReceivedEvent>| {
            vec![
                format!("{what}: {}", words::event(event, own)),
                format!("with value: {}", words::value(event)),
            ]
        };
        match self {
            Self::Missing { .. }
            | Self::Unserved
            | Self::Misdelivered(_)
            | Self::Count { extra: None, .. } => Vec::new(),
            Self::Unexpected(event) | Self::Refused { event, .. } => there("it is there", event),
            Self::Count { extra: Some(event), .. } => there("one too many", event),
            Self::WrongOrder { until } => {
                vec![format!(
                    "in order up to match {until}; behind that no event came for match {}",
                    until + 1
                )]
            }
            Self::NotCaught { collected: 0, .. } => Vec::new(),
            Self::NotCaught { collected, .. } => {
                vec![format!("collected: {}", words::count(*collected as u64, "event", "events"))]
            }
            Self::Lagging(lags) => vec![lag_line(lags)],
            Self::Doubtful(doubt) => doubt_lines(doubt).into(),
        }
    }
}

impl Evidence {
    /// Returns what was wished for.
    pub(super) fn wish(&self) -> Vec<String> {
        match &self.expected {
            Expected::Match(expected) => {
                let is_forbidden =
                    self.verb == "expect_none" || matches!(self.finding, Finding::Unexpected(_));
                let word = if is_forbidden { "forbidden" } else { "expected" };
                vec![format!("{word}: {}", clip(&expected.describe()))]
            }
            Expected::AllOf(order, all) => {
                let how = match order {
                    Order::InOrder => "expected in this order:",
                    Order::AnyOrder => "expected in any order:",
                };
                let mut lines = vec![how.to_owned()];
                lines.extend(rows::overview(all));
                lines
            }
            Expected::CaughtUp { .. } => {
                vec![
                    "expected: the commit of every partition at the end that it had at the call, or past it"
                        .to_owned(),
                ]
            }
            Expected::Delivery(verified) => vec![verified.wish()],
        }
    }

    /// Returns the sentences of the test.
    pub(super) fn says(&self) -> Vec<&str> {
        match &self.expected {
            Expected::Match(expected) => expected.hint.as_deref().into_iter().collect(),
            Expected::CaughtUp { hint, .. } => hint.as_deref().into_iter().collect(),
            Expected::Delivery(verified) => verified.matching.hint.as_deref().into_iter().collect(),
            Expected::AllOf(_, all) => {
                let is_served = all.iter().all(|row| row.served.is_some());
                let of = all.iter().filter(|row| is_served || row.served.is_none());
                let mut said: Vec<&str> = Vec::new();
                for hint in of.filter_map(|row| row.matching.hint.as_deref()) {
                    if !said.contains(&hint) && said.len() < SAYS {
                        said.push(hint);
                    }
                }
                said
            }
        }
    }

    pub(super) fn headline(&self) -> String {
        let (verb, topic, within) = (self.verb, clip(&self.topic), words::duration(self.within));
        let what = match &self.finding {
            Finding::Missing { wanted: 1, found: 0 } | Finding::NotCaught { shown: 0, .. } => {
                format!("no matching event came on `{topic}` within {within}")
            }
            Finding::Missing { wanted, found } | Finding::Count { wanted, found, extra: None } => {
                let wanted = words::count(*wanted as u64, "event was", "events were");
                format!("{wanted} wanted on `{topic}` within {within}, {found} came")
            }
            Finding::Count { wanted, extra: Some(_), .. } => {
                let wanted = words::count(*wanted as u64, "event was", "events were");
                format!("{wanted} wanted on `{topic}` within {within}, and one more came")
            }
            Finding::Unexpected(_) => format!("an event came on `{topic}` that must not come"),
            Finding::Unserved => {
                let missing = self.rows().iter().filter(|row| row.served.is_none()).count();
                let matches = words::count(self.rows().len() as u64, "match", "matches");
                format!("no event came for {missing} of {matches} within {within}")
            }
            Finding::WrongOrder { .. } => {
                let matches = self.rows().len();
                format!("an event came for each of {matches} matches within {within}, but not in this order")
            }
            Finding::NotCaught { shown, .. } => {
                let events = words::count(*shown as u64, "event", "events");
                format!("the function completed with none of {events} that came on `{topic}` within {within}")
            }
            Finding::Refused { text, .. } => {
                format!("the function refused an event on `{topic}`: {}", clip(text))
            }
            Finding::Lagging(_) => {
                format!("group `{}` had not caught up with `{topic}` within {within}", self.group())
            }
            Finding::Misdelivered(_) => {
                let (summary, way) = self.misdelivered();
                format!("{summary} {way} within {within}")
            }
            Finding::Doubtful(_) => {
                let what = match &self.expected {
                    Expected::Match(_) => format!("what came on `{topic}`"),
                    Expected::AllOf(_, rows) => {
                        let matches = words::count(rows.len() as u64, "match", "matches");
                        format!("whether an event came for each of {matches}")
                    }
                    Expected::CaughtUp { .. } => {
                        format!("whether group `{}` caught up with `{topic}`", self.group())
                    }
                    Expected::Delivery(verified) => {
                        format!("what was delivered {}", verified.way(&self.topic))
                    }
                };
                format!("inconclusive, not known {what} within {within}")
            }
        };
        format!("{verb}: {what}")
    }

    fn rows(&self) -> &[super::Row] {
        match &self.expected {
            Expected::AllOf(_, rows) => rows,
            Expected::Match(_) | Expected::CaughtUp { .. } | Expected::Delivery(_) => &[],
        }
    }

    fn group(&self) -> String {
        match &self.expected {
            Expected::CaughtUp { group, .. } => clip(group),
            Expected::Match(_) | Expected::AllOf(..) | Expected::Delivery(_) => String::new(),
        }
    }

    fn misdelivered(&self) -> (String, String) {
        match &self.expected {
            Expected::Delivery(verified) => (verified.summary(), verified.way(&self.topic)),
            Expected::Match(_) | Expected::AllOf(..) | Expected::CaughtUp { .. } => Default::default(),
        }
    }
}

/// Returns how far a group lags, the worst partitions first.
fn lag_line(lags: &[Lag]) -> String {
    let behind = |lag: &Lag| lag.end - lag.committed.unwrap_or(0).min(lag.end);
    let mut sorted: Vec<&Lag> = lags.iter().collect();
    sorted.sort_by_key(|lag| (std::cmp::Reverse(behind(lag)), lag.partition));
    let mut words: Vec<String> = sorted
        .iter()
        .take(LAGS)
        .map(|lag| match lag.committed {
            Some(committed) => format!("partition {} committed {committed} of {}", lag.partition, lag.end),
            None => format!("partition {} committed nothing of {}", lag.partition, lag.end),
        })
        .collect();
    if lags.len() > LAGS {
        words.push(format!("and {} more", lags.len() - LAGS));
    }
    format!("lag {}: {}", lags.iter().map(behind).sum::<i64>(), words.join("; "))
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
        Doubt::Unanswered { why } => (
            format!("the cluster did not say how far the group came: {}", clip(why)),
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
