//! The fetchers behind a reader: one per partition, each at its own pace.
//!
//! A fetcher reads at the broker, carries the answer for a while (the world moves on meanwhile) and
//! puts it into the reader's queue; at the end of the log it says so once, after a time of its own,
//! and rests until something happens to the partition.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use super::log::{Entry, SimRecord};
use super::state::{Event, State};
use crate::broker::{Assignment, Isolation, StopReason, TopicId, TopicPartition, Wake};
use crate::error::{ErrorCode, ProbeError};

/// A corrupt batch is fetched this often before the partition stops.
const CORRUPT_RETRIES: u32 = 3;

pub(super) struct ReaderState {
    pub(super) principal: Arc<str>,
    pub(super) isolation: Isolation,
    pub(super) wake: Wake,
    pub(super) queue: VecDeque<Op>,
    pub(super) fetchers: BTreeMap<u32, Fetcher>,
    /// After a fatal error nothing more is said.
    pub(super) dead: bool,
}

/// Something a reader has to say.
pub(super) enum Op {
    Record { slot: u32, offset: i64, timestamp: Option<i64>, log_append_time: bool, record: Arc<SimRecord> },
    Progress { slot: u32, next: i64 },
    Stopped { slot: u32, at: i64, why: StopReason },
    Problem { error: ProbeError, fatal: bool },
}

impl Op {
    pub(super) fn slot(&self) -> Option<u32> {
        match self {
            Self::Record { slot, .. } | Self::Progress { slot, .. } | Self::Stopped { slot, .. } => {
                Some(*slot)
            }
            Self::Problem { .. } => None,
        }
    }
}

pub(super) struct Fetcher {
    pub(super) at: TopicPartition,
    /// The topic that the last fetch found. librdkafka takes another one for the same (trap 4).
    topic_id: Option<TopicId>,
    position: i64,
    /// The epoch of the position; `None` when the assignment came without one.
    epoch: Option<i32>,
    /// The last end that was told; each is told once.
    told_end: Option<i64>,
    corrupt: u32,
    step: Step,
    /// When the next step is; `None` at rest.
    due: Option<u64>,
}

enum Step {
    Fetch,
    Deliver(Answer),
    End,
    Stopped,
}

/// A fetch's answer on its way.
struct Answer {
    ops: Vec<Op>,
    next: i64,
    epoch: Option<i32>,
    stops: bool,
}

impl Fetcher {
    pub(super) fn new(assignment: &Assignment) -> Self {
        Self {
            at: assignment.at.clone(),
            topic_id: None,
            position: assignment.from,
            epoch: assignment.leader_epoch,
            told_end: None,
            corrupt: 0,
            step: Step::Fetch,
            due: None,
        }
    }
}

/// What a fetch at the broker comes to.
enum Fetched {
    Answer(Answer),
    /// Nothing beyond the position.
    AtEnd(i64),
    /// The client tries again.
    Later(u64),
    /// Nothing is heard until something happens to the topic.
    Silence,
}

impl State {
    /// Rouses the resting fetchers of a topic, or of one partition.
    pub(super) fn nudge(&mut self, topic: &str, partition: Option<i32>) {
        let most = self.faults.fetch_ms;
        let mut roused = Vec::new();
        for (&reader, state) in &self.readers {
            for (&slot, fetcher) in &state.fetchers {
                let meant = &*fetcher.at.topic == topic
                    && partition.is_none_or(|partition| partition == fetcher.at.partition);
                if meant && fetcher.due.is_none() && !matches!(fetcher.step, Step::Stopped) {
                    roused.push((reader, slot));
                }
            }
        }
        for (reader, slot) in roused {
            let at = self.now + self.delay(most);
            self.arm(reader, slot, at);
        }
    }

    /// Sets a fetcher's next step; an earlier appointment lapses.
    pub(super) fn arm(&mut self, reader: u64, slot: u32, at: u64) {
        if let Some(fetcher) = self.fetcher(reader, slot) {
            fetcher.due = Some(at);
            self.schedule(at, Event::Fetch { reader, slot });
        }
    }

    /// An outage ended early: nobody waits for its end any more.
    pub(super) fn rearm_fetchers(&mut self) {
        let now = self.now;
        let mut waiting = Vec::new();
        for (&reader, state) in &self.readers {
            for (&slot, fetcher) in &state.fetchers {
                if fetcher.due.is_some_and(|due| due > now) {
                    waiting.push((reader, slot));
                }
            }
        }
        for (reader, slot) in waiting {
            let at = self.now + self.delay(self.faults.fetch_ms);
            self.arm(reader, slot, at);
        }
    }

    fn fetcher(&mut self, reader: u64, slot: u32) -> Option<&mut Fetcher> {
        self.readers.get_mut(&reader)?.fetchers.get_mut(&slot)
    }

    /// A lost connection takes the answers along that are on their way.
    pub(super) fn drop_answers(&mut self) {
        for fetcher in self.readers.values_mut().flat_map(|reader| reader.fetchers.values_mut()) {
            if matches!(fetcher.step, Step::Deliver(_)) {
                fetcher.step = Step::Fetch;
            }
        }
    }

    pub(super) fn fetch_step(&mut self, reader: u64, slot: u32, due: u64) {
        let outage = self.outage();
        let Some(fetcher) = self.fetcher(reader, slot).filter(|fetcher| fetcher.due == Some(due)) else {
            return;
        };
        fetcher.due = None;
        if let Some(until) = outage {
            let at = until + self.delay(self.faults.fetch_ms);
            return self.arm(reader, slot, at);
        }
        match std::mem::replace(&mut fetcher.step, Step::Fetch) {
            Step::Stopped => fetcher.step = Step::Stopped,
            Step::Fetch => self.fetch(reader, slot, false),
            Step::End => self.fetch(reader, slot, true),
            Step::Deliver(answer) => self.deliver(reader, slot, answer),
        }
    }

    fn deliver(&mut self, reader: u64, slot: u32, answer: Answer) {
        let Some(fetcher) = self.fetcher(reader, slot) else { return };
        fetcher.position = answer.next;
        fetcher.epoch = answer.epoch;
        if answer.stops {
            fetcher.step = Step::Stopped;
        }
        for op in answer.ops {
            self.say(reader, op);
        }
        if self.chance(self.faults.wake_spurious) {
            let at = self.now + self.delay(20);
            self.schedule(at, Event::WakeReader { reader });
        }
        if !answer.stops {
            let at = self.now + self.delay(self.faults.fetch_ms / 4);
            self.arm(reader, slot, at);
        }
    }

    fn fetch(&mut self, reader: u64, slot: u32, end_waited: bool) {
        let most = self.faults.fetch_ms;
        match self.fetch_at_broker(reader, slot) {
            Fetched::Answer(answer) => {
                let at = self.now + self.delay(most);
                if let Some(fetcher) = self.fetcher(reader, slot) {
                    fetcher.step = Step::Deliver(answer);
                }
                self.arm(reader, slot, at);
            }
            Fetched::AtEnd(end) => {
                let Some(fetcher) = self.fetcher(reader, slot) else { return };
                if fetcher.told_end == Some(end) {
                    return;
                }
                if end_waited {
                    fetcher.told_end = Some(end);
                    return self.say(reader, Op::Progress { slot, next: end });
                }
                fetcher.step = Step::End;
                let at = self.now + self.delay(self.faults.end_ms);
                self.arm(reader, slot, at);
            }
            Fetched::Later(at) => {
                let at = at + self.delay(most);
                self.arm(reader, slot, at);
            }
            Fetched::Silence => {}
        }
    }

    fn fetch_at_broker(&mut self, reader: u64, slot: u32) -> Fetched {
        let told = self.chance(self.faults.topic_gone_told);
        let late = self.chance(self.faults.progress_late);
        let batch = 1 + self.rng.usize(0..self.faults.fetch_batch.max(1));
        let Some(state) = self.readers.get(&reader) else { return Fetched::Silence };
        let (isolation, principal) = (state.isolation, &state.principal);
        let Some(fetcher) = state.fetchers.get(&slot) else { return Fetched::Silence };
        let position = fetcher.position;
        let stop = |why| Fetched::Answer(stopped(slot, position, why, fetcher.epoch));
        if !self.may(principal, &fetcher.at.topic) {
            return stop(StopReason::NotAuthorized(not_authorized(&fetcher.at.topic)));
        }
        let topic = self.topics.get(&fetcher.at.topic);
        let Some((id, log)) = topic.and_then(|t| Some((t.id, t.partition(fetcher.at.partition)?))) else {
            return if told { stop(StopReason::TopicGone) } else { Fetched::Silence };
        };
        if log.away_until > self.now {
            return Fetched::Later(log.away_until);
        }
        let same = fetcher.topic_id.is_none_or(|known| known == id);
        let epoch = if same { fetcher.epoch } else { fetcher.epoch.map(|_| log.epoch()) };
        let lost = epoch.is_some_and(|epoch| epoch < log.epoch() && log.end_of_epoch(epoch) < position);
        if position < log.low || position > log.high() || lost {
            return stop(StopReason::OffsetGone(offset_gone(&fetcher.at, position)));
        }
        let end = log.end(isolation);
        let found = if position == end {
            Fetched::AtEnd(end)
        } else if position > end {
            // Ahead of the last stable offset: no end is told before the end is here.
            Fetched::Silence
        } else if log.corrupt.contains(&position) {
            if fetcher.corrupt >= CORRUPT_RETRIES {
                return stop(StopReason::Corrupt(corrupt(&fetcher.at, position)));
            }
            Fetched::Later(self.now + 1)
        } else {
            let limit = log.corrupt.range(position..end).next().copied().unwrap_or(end);
            let limit = limit.min(position.saturating_add_unsigned(batch as u64));
            let from = usize::try_from(position).unwrap_or(0);
            let until = usize::try_from(limit).unwrap_or(0);
            let ops = read(&log.entries[from..until], slot, isolation, late);
            let epoch = epoch.map(|_| log.epoch_of(limit - 1));
            Fetched::Answer(Answer { ops, next: limit, epoch, stops: false })
        };
        if let Some(fetcher) = self.fetcher(reader, slot) {
            fetcher.corrupt = if matches!(found, Fetched::Later(_)) { fetcher.corrupt + 1 } else { 0 };
            if !same {
                fetcher.told_end = None;
            }
            fetcher.topic_id = Some(id);
            fetcher.epoch = epoch;
        }
        found
    }

    /// Puts something into a reader's queue. The wake comes on the first thing only, as
    /// librdkafka's does, and is lost at times.
    fn say(&mut self, reader: u64, op: Op) {
        let lost = self.chance(self.faults.wake_lost);
        let Some(state) = self.readers.get_mut(&reader).filter(|state| !state.dead) else { return };
        if state.queue.is_empty() && !lost {
            self.wakes.push(Arc::clone(&state.wake));
        }
        state.queue.push_back(op);
    }

    pub(super) fn reader_problem(&mut self, reader: u64, error: ProbeError, fatal: bool) {
        self.problem = Some(error.clone());
        self.say(reader, Op::Problem { error, fatal });
        if fatal && let Some(state) = self.readers.get_mut(&reader) {
            state.dead = true;
            state.fetchers.clear();
        }
    }
}

/// Reads a stretch of the log as a client of this isolation gets it.
fn read(entries: &[Entry], slot: u32, isolation: Isolation, late: bool) -> Vec<Op> {
    let mut ops = Vec::new();
    for entry in entries {
        if let Some(record) = entry.delivered(isolation) {
            ops.push(Op::Record {
                slot,
                offset: entry.offset,
                timestamp: entry.timestamp,
                log_append_time: entry.log_append_time,
                record: Arc::clone(record),
            });
        }
    }
    // Markers and aborted records are in the batch and move the position; a gap at the end of the
    // batch is not there at all, and shows only with what follows or at the end.
    let last = entries.iter().rev().find(|entry| entry.gone.is_none()).map(|entry| entry.offset);
    if let Some(last) = last.filter(|_| !late) {
        ops.push(Op::Progress { slot, next: last + 1 });
    }
    ops
}

fn stopped(slot: u32, at: i64, why: StopReason, epoch: Option<i32>) -> Answer {
    Answer { ops: vec![Op::Stopped { slot, at, why }], next: at, epoch, stops: true }
}

fn offset_gone(at: &TopicPartition, offset: i64) -> ProbeError {
    let text = format!("offset {offset} of `{}` partition {} was gone", at.topic, at.partition);
    ProbeError::new(ErrorCode::ReadGap, text).with("offset", offset)
}

fn corrupt(at: &TopicPartition, offset: i64) -> ProbeError {
    let text = format!("offset {offset} of `{}` partition {} failed its checksum", at.topic, at.partition);
    ProbeError::new(ErrorCode::ConsumeFailed, text).with("offset", offset)
}

pub(super) fn not_authorized(topic: &str) -> ProbeError {
    ProbeError::new(ErrorCode::NotAuthorized, format!("access to topic `{topic}` was denied"))
        .with("topic", topic)
}
