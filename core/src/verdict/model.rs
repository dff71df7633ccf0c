//! Verdicts, their proof and their evidence.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use super::delivery::{DeliveryCheck, DeliveryReport, Kind};
use super::words;
use crate::error::{ErrorCode, ProbeError};
use crate::event::ReceivedEvent;
use crate::matcher::Match;

/// A verdict that passed. One that did not is a [`ProbeError`] with the same facts in its context.
#[derive(Clone, Debug)]
pub struct Verdict {
    /// The events that satisfied the expectation, in journal order; those of `expect_all_of` in the
    /// order of the matches that they serve, those of `fish_for_event` with the completing one last.
    pub events: Vec<Arc<ReceivedEvent>>,
    /// For each event whether this session produced it.
    pub own: Vec<bool>,
    /// How far the topic was read. Of `expect_group_caught_up`, how far the group's commits are.
    pub coverage: Coverage,
    /// How far the other topics were read: those that the matches of `expect_all_of` name, or the output that
    /// `verify_delivery` looks at.
    pub other_topics: BTreeMap<Arc<str>, Coverage>,
    /// What passed and yet deserves a look.
    pub warnings: Vec<Warning>,
    /// What `verify_delivery` counted.
    pub delivery: Option<DeliveryReport>,
}

/// Something that passed and yet deserves a look.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Warning {
    /// A stable word: `SELF_MATCH`, `VACUOUS_MATCH`, `FOREIGN_MATCH` or `STALE_MATCH`.
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

impl Warning {
    /// Returns what to say of a match that an event of another test meets too.
    pub(crate) fn foreign(test_id: &str, place: &str) -> Self {
        let test_id = words::shown(&test_id.into());
        let message = format!("an event of test {test_id} would have satisfied the expectation too: {place}");
        Self { code: "FOREIGN_MATCH", message }
    }

    /// Returns what to say of a match that an event from before the session's start meets too.
    pub(crate) fn stale(place: &str) -> Self {
        let message =
            format!("an event from before your start would have satisfied the expectation too: {place}");
        Self { code: "STALE_MATCH", message }
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
    /// The high watermark that was asked for after the deadline and answered; `None` before that, and
    /// for a verdict that was certain without it.
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
    /// The cluster did not say how far a consumer group came.
    Unanswered {
        /// One sentence: what was asked for.
        why: String,
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
            Self::NotCovered { .. } | Self::Unanswered { .. } => ErrorCode::NotCovered,
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
    /// More, or provably fewer, than were asked for.
    Count {
        /// How many were asked for.
        wanted: usize,
        /// How many came.
        found: usize,
        /// The first one too many.
        extra: Option<Arc<ReceivedEvent>>,
    },
    /// There is provably no event of its own for each match of `expect_all_of`.
    Unserved,
    /// There is an event of its own for each match of `expect_all_of`, but not in this order.
    WrongOrder {
        /// So many matches are served in order; behind that came no event for the next one.
        until: usize,
    },
    /// The function of `fish_for_event` provably completed with none of the events that came.
    NotCaught {
        /// How many it looked at.
        shown: usize,
        /// How many of these it collected.
        collected: usize,
    },
    /// The function of `fish_for_event` refused an event.
    Refused {
        /// The event.
        event: Arc<ReceivedEvent>,
        /// What the function said.
        text: String,
    },
    /// A consumer group provably has not caught up.
    Lagging(Vec<Lag>),
    /// Events provably were not delivered as they were sent; the worst of what went wrong.
    Misdelivered(Kind),
    /// Not known.
    Doubtful(Doubt),
}

/// How far a consumer group lags in one partition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lag {
    /// The partition.
    pub partition: i32,
    /// What the group committed; `None` when it committed nothing.
    pub committed: Option<i64>,
    /// The end that it was to reach.
    pub end: i64,
}

/// How the events of `expect_all_of` follow one another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// In the order of the matches, others may lie between: a subsequence of the journal. Within a
    /// partition that is the order of the log; across partitions and topics, between which Kafka has
    /// no order, that in which they were read.
    InOrder,
    /// In any order.
    AnyOrder,
}

impl Order {
    /// Every order.
    pub const ALL: [Self; 2] = [Self::InOrder, Self::AnyOrder];

    /// Returns its name in documents.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::InOrder => "in_order",
            Self::AnyOrder => "any_order",
        }
    }
}

/// What was expected.
#[derive(Clone, Debug)]
pub enum Expected {
    /// Events that match.
    Match(Box<Match>),
    /// An event of its own for each match.
    AllOf(Order, Vec<Row>),
    /// A consumer group at the end of the topic.
    CaughtUp {
        /// The group.
        group: String,
        /// A sentence of the test that failures repeat.
        hint: Option<String>,
    },
    /// Every event delivered as it was sent.
    Delivery(Box<Verified>),
}

/// What `verify_delivery` looked at, and what it counted.
#[derive(Clone, Debug)]
pub struct Verified {
    /// The topic on which something has to come out; that of the sending when absent.
    pub output: Option<Arc<str>>,
    /// What was asked for.
    pub checks: BTreeSet<DeliveryCheck>,
    /// Which records of the output are meant, and the sentence of the test.
    pub matching: Match,
    /// What was counted.
    pub report: DeliveryReport,
}

/// One match of `expect_all_of`, and what came of it.
#[derive(Clone, Debug)]
pub struct Row {
    /// The name of the topic.
    pub topic: Arc<str>,
    /// The match.
    pub matching: Match,
    /// An event that serves it and no other match; own or not.
    pub served: Option<(Arc<ReceivedEvent>, bool)>,
    /// The funnel of the match by itself.
    pub funnel: Funnel,
    /// Events of this test on the topic that did not match; own or not.
    pub misses: Vec<(Arc<ReceivedEvent>, bool)>,
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
    pub expected: Expected,
    /// How long the test was willing to wait.
    pub within: Duration,
    /// What came of it.
    pub finding: Finding,
    /// Whether the event that the finding names is own; `None` where it names none.
    pub own: Option<bool>,
    /// The funnel of an expectation of one match.
    pub funnel: Funnel,
    /// Events of this test that did not match it, to choose the nearest from; own or not.
    pub misses: Vec<(Arc<ReceivedEvent>, bool)>,
    /// Sentences that the engine found out besides, the most telling first.
    pub hints: Vec<String>,
    /// Sentences on the circumstances, which go behind what the funnel gives away.
    pub notes: Vec<String>,
    /// The proof.
    pub coverage: Coverage,
    /// The proof of the other topics concerned.
    pub other_topics: BTreeMap<Arc<str>, Coverage>,
    /// The last thing the client complained about.
    pub problem: Option<ProbeError>,
}
