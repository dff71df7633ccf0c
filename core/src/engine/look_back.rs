//! What lies before the start: after a failure the last records before each start offset are read by a
//! private reader. They are never matched and never delivered; a hint says whether one would have done.

use std::sync::Arc;
use std::time::Duration;

use crate::broker::{Isolation, OffsetSpec, Reader, RecordRef, Sink, StopReason};
use crate::codec::Scratch;
use crate::directive::Source;
use crate::engine::expect::Expecting;
use crate::engine::judge::Judge;
use crate::engine::session::{Look, SessionTopic};
use crate::error::ProbeError;
use crate::event::ReceivedEvent;
use crate::matcher::After;
use crate::runtime::Deadline;
use crate::verdict::hints::Whose;
use crate::workers::catch_up::private_reader;

const GUARD_TICK: Duration = Duration::from_millis(20);
const BATCH: usize = 1000;
/// How many offsets before each start are looked at.
const BACK: i64 = 1000;

/// An event that would have done, had it come after the start.
pub(super) struct Before {
    /// The number of the match.
    pub(super) number: usize,
    pub(super) whose: Whose,
    /// How many offsets before the start.
    pub(super) distance: i64,
    pub(super) event: ReceivedEvent,
}

/// What was found before the start of one topic.
#[derive(Default)]
pub(super) struct Back {
    /// For each match at most one, the most telling.
    pub(super) events: Vec<Before>,
    /// When the last record came.
    pub(super) last: Option<i64>,
}

/// A part of a partition that is read back.
struct Part {
    partition: i32,
    from: i64,
    start: i64,
}

impl Expecting<'_> {
    /// Reads back before the start of a topic for these matches; says nothing when it does not finish.
    pub(super) async fn look_back(&self, place: usize, missing: &[usize], by: Deadline) -> Back {
        let (Some(look), Some(topic)) = (self.looks.get(place), self.topics.get(place)) else {
            return Back::default();
        };
        let of = |number: &usize| Some((*number, self.judges.get(*number).filter(|of| of.0 == place)?));
        let judges: Vec<(usize, &Judge)> =
            missing.iter().filter_map(of).map(|(number, (_, judge))| (number, judge)).collect();
        let Some(parts) = parts(look, by).await.filter(|parts| !parts.is_empty()) else {
            return Back::default();
        };
        let mut reading = ReadingBack {
            topic,
            test_id: &self.session.test_id,
            generation: look.generation,
            judges,
            open: parts.len(),
            next: parts.iter().map(|part| part.from).collect(),
            parts,
            back: Back::default(),
            scratch: Scratch::default(),
            is_over: false,
        };
        match tokio::time::timeout_at(by.instant(), reading.run(look)).await {
            Ok(true) => reading.back,
            Ok(false) | Err(_) => Back::default(),
        }
    }
}

/// Returns what is to be read, in the topic as it was when the session began to look.
async fn parts(look: &Look, by: Deadline) -> Option<Vec<Part>> {
    let starts: Vec<(i32, i64)> = {
        let state = look.lane.state();
        let view = state.view(look.view)?;
        if state.id.is_none()
            || state.generation != look.generation
            || view.generation_read != look.generation
        {
            return None;
        }
        let starts = view.starts.iter().map(|(partition, start)| (*partition, start.from));
        starts.filter(|(_, from)| *from > 0).collect()
    };
    if starts.is_empty() {
        return None;
    }
    let partitions: Vec<i32> = starts.iter().map(|(partition, _)| *partition).collect();
    let lows =
        look.lane.list(&partitions, OffsetSpec::Earliest, Isolation::ReadUncommitted, by).await.ok()?;
    let part = |((partition, start), (_, low)): (&(i32, i64), &(i32, Option<crate::broker::Listed>))| {
        let low = low.map_or(0, |low| low.offset);
        Part { partition: *partition, from: low.max(start - BACK), start: *start }
    };
    Some(starts.iter().zip(&lows).map(part).filter(|part| part.from < part.start).collect())
}

struct ReadingBack<'a> {
    topic: &'a Arc<SessionTopic>,
    test_id: &'a str,
    generation: u32,
    judges: Vec<(usize, &'a Judge)>,
    /// By slot number.
    parts: Vec<Part>,
    next: Vec<i64>,
    /// How many parts are not read to their starts.
    open: usize,
    back: Back,
    scratch: Scratch,
    /// It cannot go on.
    is_over: bool,
}

impl ReadingBack<'_> {
    /// Reads; returns whether everything was read.
    async fn run(&mut self, look: &Look) -> bool {
        let from: Vec<(i32, i64)> = self.parts.iter().map(|part| (part.partition, part.from)).collect();
        let Ok((mut reader, wake)) = private_reader(&look.lane, &from) else { return false };
        while self.open > 0 && !self.is_over {
            let _ = tokio::time::timeout(GUARD_TICK, wake.notified()).await;
            while self.open > 0 && !self.is_over && reader.poll(self, BATCH) {
                tokio::task::yield_now().await;
            }
            self.let_go(&mut *reader);
        }
        self.open == 0
    }

    /// Stops reading what was read.
    fn let_go(&self, reader: &mut dyn Reader) {
        let is_read = |(part, next): (&Part, &i64)| *next >= part.start;
        let slots = (0..).zip(self.parts.iter().zip(&self.next)).filter(|(_, read)| is_read(*read));
        reader.remove(&slots.map(|(slot, _)| slot).collect::<Vec<u32>>());
    }

    fn came_to(&mut self, slot: u32, next: i64) {
        let slot = slot as usize;
        let (Some(part), Some(known)) = (self.parts.get(slot), self.next.get_mut(slot)) else { return };
        if *known < part.start && next >= part.start {
            self.open -= 1;
        }
        *known = next.max(*known);
    }

    /// Notes an event for each match that it would have met.
    fn look_at(&mut self, event: &ReceivedEvent, distance: i64) {
        let whose = self.whose(event);
        let rank = |whose: &Whose, distance: i64| match whose {
            Whose::This => (0, distance),
            Whose::Nobody => (1, distance),
            Whose::Other(_) => (2, distance),
        };
        for (number, judge) in &self.judges {
            // Behind a mark nobody wants what lies before it, and what meets everything tells nothing.
            let is_asked = matches!(judge.matching.after, After::Start)
                && (whose == Whose::This || !judge.matching.is_vacuous());
            let known = self.back.events.iter().position(|before| before.number == *number);
            let is_better = known
                .and_then(|at| self.back.events.get(at))
                .is_none_or(|before| rank(&whose, distance) < rank(&before.whose, before.distance));
            let own = self.topic.is_own(event);
            if is_asked && is_better && judge.matching.falls_out_at(event, own).is_none() {
                if let Some(known) = known {
                    self.back.events.remove(known);
                }
                let before = Before { number: *number, whose: whose.clone(), distance, event: event.clone() };
                self.back.events.push(before);
            }
        }
    }

    fn whose(&self, event: &ReceivedEvent) -> Whose {
        match &event.envelope.test_id {
            Some(test_id) if test_id == self.test_id => Whose::This,
            Some(test_id) => Whose::Other(test_id.clone()),
            // Whose id it was nobody knows any more.
            None if self.topic.directive.correlation.test_id == Source::ProducedId => Whose::This,
            None => Whose::Nobody,
        }
    }
}

impl Sink for ReadingBack<'_> {
    fn record(&mut self, record: &RecordRef<'_>) {
        let Some(part) = self.parts.get(record.slot as usize) else { return };
        let (partition, distance) = (part.partition, part.start - record.offset);
        if distance > 0 {
            self.scratch.clear();
            let mut event = self.topic.reading.read(record, self.generation, &mut self.scratch);
            event.partition = partition;
            self.back.last = self.back.last.max(event.timestamp);
            self.look_at(&event, distance);
        }
        self.came_to(record.slot, record.offset + 1);
    }

    fn progress(&mut self, slot: u32, next: i64) {
        self.came_to(slot, next);
    }

    fn stopped(&mut self, slot: u32, _at: i64, _why: StopReason) {
        let is_open = |(part, next): (&Part, &i64)| next < &part.start;
        let slot = slot as usize;
        self.is_over |= self.parts.get(slot).zip(self.next.get(slot)).is_some_and(is_open);
    }

    fn client_error(&mut self, _error: ProbeError, fatal: bool) {
        self.is_over |= fatal;
    }
}
