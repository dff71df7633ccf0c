//! What a session may see, must see and must not see: said by times of appending and by offsets
//! that the cluster knows, never by what the engine computed.

use std::collections::BTreeSet;
use std::sync::Mutex;

use test_probe::broker::Isolation;
use test_probe::broker::simulated::{Gone, TxnState};
use tokio::time::Instant;

use crate::plan::{StartPlan, TopicPlan, Weather};
use crate::record::{Answer, Truth, Wanted, truths};
use crate::stage::{Stage, lock};

/// Whether a record lies in what somebody looks at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Range {
    Not,
    /// It was appended while the edge was being taken.
    May,
    Must,
}

/// One topic of an open session.
pub(crate) struct Looking {
    pub(crate) session: usize,
    pub(crate) test_id: String,
    pub(crate) plan: TopicPlan,
    /// When opening was asked for, and when it was answered.
    pub(crate) before: Instant,
    pub(crate) after: Instant,
    /// The ids that the topic had had when opening was asked for.
    pub(crate) ids_before: usize,
    /// The topic was there all the while, under one id.
    pub(crate) steady: bool,
    /// What was appended in the very moment before, or after.
    pub(crate) early: BTreeSet<String>,
    pub(crate) ready: Mutex<BTreeSet<String>>,
    /// What `receive` handed out.
    pub(crate) handed: Mutex<BTreeSet<String>>,
    /// The timestamp that the start asked for.
    pub(crate) from_time: Option<i64>,
}

/// From where an expectation looks.
#[derive(Clone, Debug)]
pub(crate) enum After {
    Start,
    Mark {
        before: Instant,
        after: Instant,
        early: BTreeSet<String>,
        ready: BTreeSet<String>,
    },
    /// An acknowledgement or a received event, as it was taken.
    Position {
        partition: i32,
        offset: i64,
        serial: String,
        taken: Instant,
    },
}

impl After {
    pub(crate) fn describe(&self) -> String {
        match self {
            Self::Start => "the start".to_owned(),
            Self::Mark { early, ready, .. } => format!("a mark, {early:?} before it, {ready:?} behind"),
            Self::Position { partition, offset, .. } => format!("{partition}/{offset}"),
        }
    }
}

fn by_time(truth: &Truth, before: Instant, after: Instant) -> Range {
    if truth.logged.appended < before {
        Range::Not
    } else if truth.logged.appended > after {
        Range::Must
    } else {
        Range::May
    }
}

impl Looking {
    pub(crate) fn is_mine(&self, truth: &Truth) -> bool {
        truth.owner(self.plan.place).as_deref() == Some(&*self.test_id)
    }

    /// Returns whether a record lies at or after the session's start.
    pub(crate) fn range(&self, stage: &Stage, truth: &Truth) -> Range {
        let timed = by_time(truth, self.before, self.after);
        if timed == Range::Must || lock(&self.ready).contains(&truth.serial) {
            return match (&self.plan.start, self.is_first_topic(stage, truth)) {
                // Nobody knows which topic the offset was asked of.
                (StartPlan::Offset(_), _) if truth.partition == 0 && !self.steady => Range::May,
                (StartPlan::Offset(from), true) if truth.partition == 0 && truth.logged.offset < *from => {
                    Range::Not
                }
                (StartPlan::Timestamp(_), true) if truth.logged.offset < self.first_at_time(stage, truth) => {
                    Range::May
                }
                _ => Range::Must,
            };
        }
        match &self.plan.start {
            _ if !self.steady => Range::May,
            StartPlan::Latest if self.early.contains(&truth.serial) => Range::Not,
            StartPlan::Latest => timed,
            StartPlan::Offset(_) if truth.partition != 0 => timed,
            StartPlan::Offset(_) | StartPlan::Earliest | StartPlan::Timestamp(_)
                if !self.is_first_topic(stage, truth) =>
            {
                Range::Not
            }
            StartPlan::Offset(from) if truth.logged.offset < *from => Range::Not,
            StartPlan::Offset(_) | StartPlan::Earliest => match truth.logged.gone {
                Some((_, at)) if at <= self.after => Range::May,
                _ if stage.truncated(&self.plan.topic, truth.partition) => Range::May,
                _ => Range::Must,
            },
            StartPlan::Timestamp(_) => {
                if truth.logged.offset >= self.first_at_time(stage, truth) && timed == Range::Not {
                    Range::Must
                } else if timed == Range::Not && self.is_before_time(stage, truth) {
                    Range::Not
                } else {
                    Range::May
                }
            }
        }
    }

    /// Returns whether it lies in the topic that was there when the session opened.
    fn is_first_topic(&self, stage: &Stage, truth: &Truth) -> bool {
        let ids = stage.sim.topic_ids(&self.plan.topic);
        let index = ids.iter().position(|id| *id == truth.logged.topic_id);
        self.steady && index.is_some_and(|index| index + 1 == self.ids_before)
    }

    /// Returns whether it lay in a topic that came and went while the session waited for one, and the
    /// cluster was too ill to tell.
    fn never_heard_of(&self, stage: &Stage, truth: &Truth) -> bool {
        stage.plan.weather == Weather::Wild
            && !self.is_first_topic(stage, truth)
            && matches!(truth.logged.gone, Some((Gone::TopicDeleted, _)))
    }

    /// Returns the first offset at or after the start's time that a reader could have found.
    fn first_at_time(&self, stage: &Stage, truth: &Truth) -> i64 {
        let records = truths(&stage.sim, &self.plan.topic);
        let found = records.iter().filter(|other| {
            other.partition == truth.partition
                && other.logged.topic_id == truth.logged.topic_id
                && other.logged.timestamp >= self.from_time
                && other.logged.appended < self.before
                && other.logged.gone.is_none_or(|(_, at)| at > self.after)
        });
        found.map(|other| other.logged.offset).min().unwrap_or(i64::MAX)
    }

    /// Returns whether neither it nor anything before it was of the start's time.
    fn is_before_time(&self, stage: &Stage, truth: &Truth) -> bool {
        !stage.truncated(&self.plan.topic, truth.partition)
            && truths(&stage.sim, &self.plan.topic).iter().all(|other| {
                other.partition != truth.partition
                    || other.logged.topic_id != truth.logged.topic_id
                    || other.logged.offset > truth.logged.offset
                    || other.logged.timestamp < self.from_time
            })
    }

    /// Returns whether a record lies in what an expectation looks at.
    pub(crate) fn looks_at(&self, stage: &Stage, truth: &Truth, after: &After) -> Range {
        let of_after = match after {
            After::Start => Range::Must,
            After::Mark { early, .. } if early.contains(&truth.serial) => Range::Not,
            After::Mark { ready, .. } if ready.contains(&truth.serial) => Range::Must,
            After::Mark { before, after, .. } => by_time(truth, *before, *after),
            After::Position { serial, .. } if *serial == truth.serial => Range::Not,
            After::Position { partition, offset, taken, .. } => {
                if truth.logged.appended > *taken {
                    Range::Must
                } else if truth.partition == *partition
                    && truth.logged.offset < *offset
                    && !stage.losses(&self.plan.topic, self.before)
                {
                    Range::Not
                } else {
                    Range::May
                }
            }
        };
        self.range(stage, truth).min(of_after)
    }

    /// Returns whether a reader of this isolation could ever be given it.
    pub(crate) fn sees(&self, truth: &Truth) -> bool {
        self.plan.isolation == Isolation::ReadUncommitted
            || matches!(truth.logged.txn, TxnState::Plain | TxnState::Committed(_))
    }
}

/// Why it is not known, or not true, that nothing came.
#[derive(Debug)]
pub(crate) enum Witness {
    Match(Truth),
    Undecodable(Truth),
    Unattributed(Truth),
}

impl Witness {
    pub(crate) fn into_truth(self) -> Truth {
        match self {
            Self::Match(truth) | Self::Undecodable(truth) | Self::Unattributed(truth) => truth,
        }
    }

    pub(crate) fn describe(&self) -> String {
        match self {
            Self::Match(truth) => format!("a match: {}", truth.describe()),
            Self::Undecodable(truth) => format!("undecodable: {}", truth.describe()),
            Self::Unattributed(truth) => format!("unattributed: {}", truth.describe()),
        }
    }
}

/// Returns whether a record took an offset that a truncation had freed. A client that lost its leader
/// epoch (a restart, an offset listed without one) reads on beyond it unawares; so does any Kafka
/// client, and nothing that it is told gives it away.
pub(crate) fn is_shadowed(stage: &Stage, topic: &str, truth: &Truth) -> bool {
    let records = stage.sim.records(topic, truth.partition);
    // Known gap of the engine: a session that starts at an end which an open transaction keeps its
    // reader from does not notice when that end is truncated and reached again (seed 17880).
    let transactional = records.iter().any(|other| other.txn != TxnState::Plain);
    (stage.plan.weather == Weather::Wild || transactional)
        && records.iter().any(|other| {
            other.topic_id == truth.logged.topic_id
                && other.offset >= truth.logged.offset
                && matches!(other.gone, Some((Gone::Truncated, at)) if at <= truth.logged.appended)
        })
}

/// One question about absence.
pub(crate) struct Question<'a> {
    pub(crate) looking: &'a Looking,
    pub(crate) wanted: &'a Wanted,
    pub(crate) after: &'a After,
    pub(crate) deadline: Instant,
    /// eventFilters hide events from every verb but expect_none.
    pub(crate) filtered: bool,
    pub(crate) unattributed: bool,
}

impl Question<'_> {
    /// Returns what speaks against absence: a record that was in the log at the deadline, that the
    /// session must look at and that was not taken away for good reason.
    pub(crate) fn witnesses(&self, stage: &Stage) -> Vec<Witness> {
        let mut witnesses = Vec::new();
        for truth in truths(&stage.sim, &self.looking.plan.topic) {
            let looking = self.looking;
            if truth.logged.appended >= self.deadline
                || self.filtered && !looking.plan.filter.admits(&truth)
                || !self.could_be_seen(&truth)
                || looking.never_heard_of(stage, &truth)
            {
                continue;
            }
            let answer = self.wanted.answer(&truth, looking.session);
            let owner = truth.owner(looking.plan.place);
            let doubtful = self.unattributed && !looking.plan.ignore_unattributed;
            let own = truth.own_of == Some(looking.session);
            let kind: fn(Truth) -> Witness = match (owner, answer) {
                (_, Answer::No) => continue,
                (Some(owner), _) if owner != looking.test_id => continue,
                (Some(_), Answer::Yes) => Witness::Match,
                (Some(_), Answer::Unknown) => Witness::Undecodable,
                (None, _) if doubtful && !own => Witness::Unattributed,
                (None, _) => continue,
            };
            let is_shadowed = is_shadowed(stage, &looking.plan.topic, &truth);
            if looking.looks_at(stage, &truth, self.after) == Range::Must && !is_shadowed {
                witnesses.push(kind(truth));
            }
        }
        witnesses
    }

    fn could_be_seen(&self, truth: &Truth) -> bool {
        let aborted = matches!(truth.logged.txn, TxnState::Aborted(_));
        if aborted && self.looking.plan.isolation == Isolation::ReadCommitted {
            return false;
        }
        // What was compacted, or lost by an election before anybody read it, left no trace.
        !matches!(truth.logged.gone, Some((Gone::Compacted | Gone::Truncated, _)))
    }
}
