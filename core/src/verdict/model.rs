//! Verdicts, their proof and their evidence.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use super::words;
use crate::error::{ErrorCode, ProbeError};
use crate::event::ReceivedEvent;
use crate::matcher::Match;

/// A verdict that passed. One that did not is a [`ProbeError`] with the same facts in its context.
#[derive(Clone, Debug)]
pub struct Verdict {
    /// The events that satisfied the expectation, in journal order.
    pub events: Vec<Arc<ReceivedEvent>>,
    /// For each event whether this session produced it.
    pub own: Vec<bool>,
    /// How far the topic was read.
    pub coverage: Coverage,
    /// What passed and yet deserves a look.
    pub warnings: Vec<Warning>,
}

/// Something that passed and yet deserves a look.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Warning {
    /// A stable word, as `SELF_MATCH`.
    pub code: &'static str,
    /// One sentence.
    pub message: String,
}

impl Warning {
    /// Returns what to say of an expectation that any event of the test satisfies, with what satisfied
    /// it; `None` when it tells one event from another.
    #[must_use]
    pub fn vacuous(expected: &Match, events: &[Arc<ReceivedEvent>]) -> Option<Self> {
        if !expected.is_vacuous() {
            return None;
        }
        let what = match events {
            [only] => words::event(only, None),
            events => words::count(events.len() as u64, "event", "events"),
        };
        let message = format!("any event of this test satisfies the expectation, and what did was {what}");
        Some(Self { code: "VACUOUS_MATCH", message })
    }
}

/// How far a topic was read for a session: the proof of a verdict.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Coverage {
    /// The topic id that the reader is pinned to, as text; `None` while the topic is missing.
    pub topic_id: Option<String>,
    /// By partition.
    pub partitions: BTreeMap<i32, PartitionCoverage>,
}

/// How far one partition was read for a session.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PartitionCoverage {
    /// The first offset that the session looks at.
    pub from: i64,
    /// Everything below was delivered or is proven invisible.
    pub next: i64,
    /// The high watermark that was asked for after the deadline and answered; `None` before that.
    pub end: Option<i64>,
}

/// Why a verdict is not known.
#[derive(Clone, Debug, PartialEq)]
pub enum Doubt {
    /// The end was not answered, or not reached: by partition, `None` for the topic as a whole.
    NotCovered {
        /// The partition.
        partition: Option<i32>,
        /// One sentence: what is missing.
        why: String,
    },
    /// A record that might have matched could not be decoded.
    Undecodable(Arc<ReceivedEvent>),
    /// A record that meets every other condition carries no test id.
    NotAttributable(Arc<ReceivedEvent>),
    /// Records without a test id were too many to keep, so some were not judged.
    TooManyUnattributed {
        /// How many were dropped.
        dropped: u64,
    },
    /// Records were gone before they were read.
    ReadGap {
        /// The partition; `None` when the whole topic was created anew.
        partition: Option<i32>,
        /// One sentence: what is gone.
        why: String,
    },
}

impl Doubt {
    /// Returns the code of the verdict.
    #[must_use]
    pub fn code(&self) -> ErrorCode {
        match self {
            Self::NotCovered { .. } => ErrorCode::NotCovered,
            Self::Undecodable(_) => ErrorCode::Undecodable,
            Self::NotAttributable(_) | Self::TooManyUnattributed { .. } => ErrorCode::NotAttributable,
            Self::ReadGap { .. } => ErrorCode::ReadGap,
        }
    }
}

/// What a verdict that is not a pass came to.
#[derive(Clone, Debug, PartialEq)]
pub enum Finding {
    /// Provably not there.
    Missing {
        /// How many were asked for.
        wanted: usize,
        /// How many came.
        found: usize,
    },
    /// A forbidden event is there.
    Unexpected(Arc<ReceivedEvent>),
    /// Not known.
    Doubtful(Doubt),
}

/// How many records fell out at which stage, in the order in which a match looks.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Funnel {
    /// Records that the topic's reader saw since the session's start.
    pub seen: u64,
    /// Those with another test id.
    pub other_tests: u64,
    /// Those with no test id.
    pub unattributed: u64,
    /// Those of this test by the first condition that did not hold, in the order of the conditions:
    /// `before the mark`, `hidden by eventFilters`, `own`, `other id`, `other type`,
    /// `other version`, `other key`, `other headers`, `undecodable`, `other value`.
    pub stages: Vec<(&'static str, u64)>,
    /// Those that matched.
    pub matched: u64,
}

/// Everything an explanation is made of. Pure data: the same evidence gives the same text in
/// every language.
#[derive(Clone, Debug)]
pub struct Evidence {
    /// The verb, as `expect_event`.
    pub verb: &'static str,
    /// The name of the topic.
    pub topic: Arc<str>,
    /// What was expected.
    pub expected: Match,
    /// How long the test was willing to wait.
    pub within: Duration,
    /// What came of it.
    pub finding: Finding,
    /// The funnel.
    pub funnel: Funnel,
    /// Events of this test that did not match, to choose the nearest from; own or not.
    pub misses: Vec<(Arc<ReceivedEvent>, bool)>,
    /// Sentences that the engine found out besides.
    pub hints: Vec<String>,
    /// The proof.
    pub coverage: Coverage,
    /// The last thing the client complained about.
    pub problem: Option<ProbeError>,
}
