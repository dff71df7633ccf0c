//! What a seed stands for: the cluster, its faults, the sessions and what they do.

use std::sync::Arc;
use std::time::Duration;

use fastrand::Rng;
use test_probe::broker::Isolation;
use test_probe::broker::simulated::Faults;
use test_probe::directive::{
    EnvelopeMode, EventFilters, FilterAlternative, FilterCondition, FilterOn, Missing, Role, Source, Start,
    TopicDirective, Unattributed,
};

use crate::record::{KINDS, Place, REGION, REGIONS, Truth};

/// How much the world may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Weather {
    /// Records, transactions, compaction, added partitions.
    Calm,
    /// Also what loses records, and what moves leaders.
    Lossy,
    /// Also outages, hostile clients and denied rights.
    Wild,
}

pub(crate) struct Plan {
    pub(crate) weather: Weather,
    pub(crate) faults: Faults,
    /// Name and partitions; 0 partitions: the world creates it later.
    pub(crate) topics: Vec<(String, i32)>,
    pub(crate) sessions: Vec<SessionPlan>,
    pub(crate) steps: usize,
    pub(crate) pace: u64,
}

pub(crate) struct SessionPlan {
    pub(crate) index: usize,
    pub(crate) test_id: String,
    pub(crate) opens_after: Duration,
    pub(crate) topics: Vec<TopicPlan>,
    /// Verbs run in this many lines side by side.
    pub(crate) lines: usize,
    pub(crate) verbs: usize,
    pub(crate) closes: bool,
}

#[derive(Clone, Debug)]
pub(crate) struct TopicPlan {
    pub(crate) topic: String,
    pub(crate) principal: &'static str,
    pub(crate) role: Role,
    pub(crate) start: StartPlan,
    pub(crate) isolation: Isolation,
    pub(crate) ignore_unattributed: bool,
    pub(crate) filter: Filter,
    pub(crate) place: Place,
    pub(crate) bare: bool,
    pub(crate) waits: bool,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum StartPlan {
    Latest,
    Earliest,
    /// Milliseconds before the opening.
    Timestamp(i64),
    /// Of partition 0.
    Offset(i64),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Filter {
    All,
    Kind(&'static str),
    Region(&'static str),
}

impl Filter {
    pub(crate) fn admits(self, truth: &Truth) -> bool {
        match self {
            Self::All => true,
            Self::Kind(kind) => truth.kind.as_deref() == Some(kind),
            Self::Region(region) => truth.region.as_deref() == Some(region),
        }
    }
}

pub(crate) const PRINCIPALS: [&str; 2] = ["alpha", "beta"];

impl Plan {
    pub(crate) fn draw(rng: &mut Rng) -> Self {
        let weather = [Weather::Calm, Weather::Lossy, Weather::Wild, Weather::Wild][rng.usize(0..4)];
        let faults = if weather == Weather::Wild { Faults::wild(rng) } else { Faults::none() };
        let mut topics: Vec<(String, i32)> =
            (0..rng.usize(1..=3)).map(|number| (format!("t{number}"), rng.i32(1..=4))).collect();
        if rng.u8(0..4) == 0 {
            topics.push(("late".to_owned(), 0));
        }
        let sessions = (0..rng.usize(1..=6)).map(|index| SessionPlan::draw(rng, index, &topics)).collect();
        Self { weather, faults, topics, sessions, steps: rng.usize(20..=70), pace: rng.u64(20..=160) }
    }
}

impl SessionPlan {
    fn draw(rng: &mut Rng, index: usize, topics: &[(String, i32)]) -> Self {
        let mut chosen: Vec<&(String, i32)> = topics.iter().collect();
        rng.shuffle(&mut chosen);
        chosen.truncate(rng.usize(1..=2));
        Self {
            index,
            test_id: format!("s{index}"),
            opens_after: Duration::from_millis(rng.u64(0..2500)),
            topics: chosen.into_iter().map(|topic| TopicPlan::draw(rng, topic)).collect(),
            lines: rng.usize(1..=2),
            verbs: rng.usize(2..=6),
            closes: rng.u8(0..6) == 0,
        }
    }
}

impl TopicPlan {
    fn draw(rng: &mut Rng, (topic, partitions): &(String, i32)) -> Self {
        let start = match rng.u8(0..10) {
            0 | 1 => StartPlan::Earliest,
            2 => StartPlan::Timestamp(rng.i64(0..2000)),
            3 if *partitions > 0 => StartPlan::Offset(rng.i64(0..12)),
            _ => StartPlan::Latest,
        };
        let filter = match rng.u8(0..6) {
            0 => Filter::Kind(KINDS[rng.usize(0..KINDS.len())]),
            1 => Filter::Region(REGIONS[rng.usize(0..REGIONS.len())]),
            _ => Filter::All,
        };
        Self {
            topic: topic.clone(),
            principal: PRINCIPALS[rng.usize(0..PRINCIPALS.len())],
            role: if rng.u8(0..3) == 0 { Role::Consumer } else { Role::Both },
            start,
            isolation: if rng.u8(0..4) == 0 { Isolation::ReadUncommitted } else { Isolation::ReadCommitted },
            ignore_unattributed: rng.u8(0..3) == 0,
            filter,
            place: if rng.u8(0..4) == 0 { Place::Foreign } else { Place::CloudEvent },
            bare: rng.u8(0..8) == 0,
            waits: *partitions == 0 || rng.bool(),
        }
    }

    /// Returns the directive; `clock` is the cluster's at the opening.
    pub(crate) fn directive(&self, clock: i64) -> TopicDirective {
        let mut directive = TopicDirective::new(self.topic.as_str(), self.role);
        directive.client_principal = Some(self.principal.to_owned());
        directive.missing = if self.waits { Missing::Wait } else { Missing::Error };
        directive.start = match &self.start {
            StartPlan::Latest => Start::Latest,
            StartPlan::Earliest => Start::Earliest,
            StartPlan::Timestamp(before) => Start::Timestamp(clock - before),
            StartPlan::Offset(offset) => Start::Offsets([(0, *offset)].into()),
        };
        directive.isolation = self.isolation;
        if self.ignore_unattributed {
            directive.unattributed = Unattributed::Ignore;
        }
        if self.bare {
            directive.envelope = EnvelopeMode::None;
        }
        if self.place == Place::Foreign {
            directive.correlation.test_id = Source::Header(self.place.header().into());
        }
        let (key, on, any_of) = match self.filter {
            Filter::All => return directive,
            Filter::Kind(kind) => ("EventType", FilterOn::EventType, kind),
            Filter::Region(region) => (REGION, FilterOn::At(Source::Header(REGION.into())), region),
        };
        let condition = FilterCondition { key: key.to_owned(), on, any_of: vec![any_of.to_owned()] };
        let alternative = FilterAlternative { conditions: vec![condition] };
        directive.event_filters = EventFilters { alternatives: vec![alternative] };
        directive
    }
}

/// Draws an id from few, so that matches are common.
pub(crate) fn draw_id(rng: &mut Rng) -> String {
    format!("e{}", rng.u8(0..6))
}

/// One schedule's plan, shared by its actors.
pub(crate) type Shared = Arc<Plan>;
