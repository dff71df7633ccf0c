//! The lanes behind a writer: one per partition, in order, each at its own pace.
//!
//! A lane puts a batch into the log, carries the acknowledgements for a while, and goes on. A
//! record that times out was either never sent (`delivery: none`) or may be in the log
//! (`delivery: unknown`), now or later: a request that hangs in a stalled broker can still land.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use super::faults::ProduceFault;
use super::fetch::not_authorized;
use super::log::SimRecord;
use super::state::{Event, State};
use crate::broker::{Delivered, Delivery, TopicPartition, Wake};
use crate::error::{ErrorCode, ProbeError, Result};

pub(super) struct WriterState {
    pub(super) principal: Arc<str>,
    pub(super) timeout_ms: u64,
    pub(super) wake: Wake,
    pub(super) out: VecDeque<Delivery>,
    pub(super) lanes: BTreeMap<TopicPartition, Lane>,
    /// Records that were sent and not delivered yet.
    pub(super) waiting: usize,
    pub(super) dead: Option<ProbeError>,
}

#[derive(Default)]
pub(super) struct Lane {
    pub(super) queue: VecDeque<Pending>,
    due: Option<u64>,
}

pub(super) struct Pending {
    pub(super) token: u64,
    pub(super) record: Arc<SimRecord>,
    pub(super) fault: Option<ProduceFault>,
    stage: Stage,
    /// Its delivery timeout was reported while its request hung in a broker.
    given_up: bool,
}

enum Stage {
    Queued,
    Sent,
    Logged(Delivered),
}

impl Pending {
    pub(super) fn new(token: u64, record: SimRecord, fault: Option<ProduceFault>) -> Self {
        Self { token, record: Arc::new(record), fault, stage: Stage::Queued, given_up: false }
    }
}

/// What becomes of the record at the head of a lane.
enum Head {
    /// It is acknowledged.
    Acked(Delivered),
    /// The broker refuses it.
    Refused(ProbeError),
    /// It goes into the log.
    Appended,
    /// It hung in a broker that forgot it; its delivery was reported long ago.
    Forgotten,
    /// It blocks the lane until it times out.
    Lost,
}

impl State {
    fn lane(&mut self, writer: u64, lane: &TopicPartition) -> Option<&mut Lane> {
        self.writers.get_mut(&writer)?.lanes.get_mut(lane)
    }

    pub(super) fn arm_lane(&mut self, writer: u64, lane: &TopicPartition, at: u64) {
        if let Some(state) = self.lane(writer, lane) {
            state.due = Some(at);
            self.schedule(at, Event::Lane { writer, lane: lane.clone() });
        }
    }

    /// Starts a lane that rests.
    pub(super) fn rouse_lane(&mut self, writer: u64, lane: &TopicPartition) {
        let at = self.now + self.delay(self.faults.produce_ms);
        if self.lane(writer, lane).is_some_and(|lane| lane.due.is_none()) {
            self.arm_lane(writer, lane, at);
        }
    }

    /// An outage ended early: nobody waits for its end any more.
    pub(super) fn rearm_lanes(&mut self) {
        let now = self.now;
        let mut waiting = Vec::new();
        for (&writer, state) in &self.writers {
            for (at, lane) in &state.lanes {
                if lane.due.is_some_and(|due| due > now) {
                    waiting.push((writer, at.clone()));
                }
            }
        }
        for (writer, lane) in waiting {
            let at = self.now + self.delay(self.faults.produce_ms);
            self.arm_lane(writer, &lane, at);
        }
    }

    pub(super) fn lane_step(&mut self, writer: u64, at: &TopicPartition, due: u64) {
        let (outage, stalled) = (self.outage(), self.stalled_until > self.now);
        let Some(lane) = self.lane(writer, at).filter(|lane| lane.due == Some(due)) else { return };
        lane.due = None;
        if let Some(until) = outage {
            if let Some(head) =
                lane.queue.front_mut().filter(|head| stalled && matches!(head.stage, Stage::Queued))
            {
                head.stage = Stage::Sent;
            }
            let next = until + self.delay(self.faults.produce_ms);
            return self.arm_lane(writer, at, next);
        }
        // The client waits by itself for a leader, and for the news of a new topic.
        let known_from = self.topics.get(&at.topic).map_or(0, |topic| topic.known_from);
        let leader_from = self.partition(at).map_or(0, |partition| partition.away_until);
        let ready = known_from.max(leader_from);
        if ready > self.now {
            return self.arm_lane(writer, at, ready);
        }
        let acknowledging =
            self.lane(writer, at).and_then(|lane| lane.queue.front()).is_some_and(|head| head.logged());
        // Records in the log are acknowledged by one answer; others go into one request.
        let batch = if acknowledging { usize::MAX } else { 1 + self.rng.usize(0..8) };
        for index in 0..batch {
            let position = if acknowledging { 0 } else { self.logged_prefix(writer, at) };
            let Some(head) = self.head(writer, at, position, acknowledging) else { break };
            let blocked = index == 0 && matches!(head, Head::Lost);
            let goes_on = self.settle(writer, at, position, head);
            if blocked {
                // Until the head times out.
                return;
            }
            if !goes_on {
                break;
            }
        }
        if self.lane(writer, at).is_some_and(|lane| !lane.queue.is_empty()) {
            let next = self.now + self.delay(self.faults.produce_ms);
            self.arm_lane(writer, at, next);
        }
    }

    fn logged_prefix(&mut self, writer: u64, at: &TopicPartition) -> usize {
        self.lane(writer, at).map_or(0, |lane| lane.queue.iter().take_while(|one| one.logged()).count())
    }

    fn head(&mut self, writer: u64, at: &TopicPartition, index: usize, acknowledging: bool) -> Option<Head> {
        let lands = self.rng.bool();
        let state = self.writers.get(&writer)?;
        let pending = state.lanes.get(at)?.queue.get(index)?;
        if let Stage::Logged(delivered) = pending.stage {
            let lost = pending.fault == Some(ProduceFault::AckLost);
            return Some(if lost { Head::Lost } else { Head::Acked(delivered) });
        }
        if acknowledging {
            return None;
        }
        Some(match pending.fault {
            _ if self.known(&at.topic).is_none_or(|topic| topic.partition(at.partition).is_none()) => {
                let text = format!("topic `{}` has no partition {}", at.topic, at.partition);
                Head::Refused(ProbeError::new(ErrorCode::UnknownTopic, text))
            }
            Some(ProduceFault::RequestLost) => Head::Lost,
            Some(ProduceFault::NotAuthorized) => Head::Refused(not_authorized(&at.topic)),
            _ if !self.may(&state.principal, &at.topic) => Head::Refused(not_authorized(&at.topic)),
            Some(ProduceFault::TooLarge) => Head::Refused(too_large(pending.record.size())),
            Some(ProduceFault::Refused) => Head::Refused(ProbeError::new(
                ErrorCode::ProduceFailed,
                "the broker did not accept the record: not enough replicas",
            )),
            _ if pending.given_up && !lands => Head::Forgotten,
            Some(ProduceFault::AckLost | ProduceFault::Full) | None => Head::Appended,
        })
    }

    /// Does what the head comes to; returns whether the lane goes on to the next.
    fn settle(&mut self, writer: u64, at: &TopicPartition, index: usize, head: Head) -> bool {
        let Some(state) = self.writers.get_mut(&writer) else { return false };
        let Some(lane) = state.lanes.get_mut(at) else { return false };
        let Some(pending) = lane.queue.get_mut(index) else { return false };
        let (token, given_up) = (pending.token, pending.given_up);
        match head {
            Head::Lost => {
                if matches!(pending.stage, Stage::Queued) {
                    pending.stage = Stage::Sent;
                }
                return false;
            }
            Head::Appended => {
                let (record, principal) = (Arc::clone(&pending.record), Arc::clone(&state.principal));
                let Some(offset) = self.append(at, &record, None, Some(&principal)) else { return false };
                let timestamp =
                    self.partition(at).and_then(|log| log.entry(offset)).and_then(|e| e.timestamp);
                let delivered = Delivered { partition: at.partition, offset, timestamp };
                let Some(lane) = self.lane(writer, at) else { return false };
                if given_up {
                    lane.queue.remove(index);
                } else if let Some(pending) = lane.queue.get_mut(index) {
                    pending.stage = Stage::Logged(delivered);
                }
            }
            Head::Acked(delivered) => {
                lane.queue.remove(index);
                self.report(writer, token, Ok(delivered));
            }
            Head::Refused(error) => {
                lane.queue.remove(index);
                if !given_up {
                    self.report(writer, token, Err(error.with("delivery", "none")));
                }
            }
            Head::Forgotten => {
                lane.queue.remove(index);
            }
        }
        true
    }

    fn report(&mut self, writer: u64, token: u64, result: Result<Delivered>) {
        let lost = self.chance(self.faults.wake_lost);
        let spurious = self.chance(self.faults.wake_spurious);
        let Some(state) = self.writers.get_mut(&writer) else { return };
        state.waiting = state.waiting.saturating_sub(1);
        if state.out.is_empty() && !lost {
            self.wakes.push(Arc::clone(&state.wake));
        }
        state.out.push_back(Delivery { token, result });
        if spurious {
            let at = self.now + self.delay(20);
            self.schedule(at, Event::WakeWriter { writer });
        }
    }

    pub(super) fn expire(&mut self, writer: u64, at: &TopicPartition, token: u64) {
        let hangs = self.stalled_until > self.now;
        let Some(lane) = self.lane(writer, at) else { return };
        let Some(index) = lane.queue.iter().position(|one| one.token == token && !one.given_up) else {
            return;
        };
        let pending = &mut lane.queue[index];
        let delivery = pending.delivery();
        if hangs && matches!(pending.stage, Stage::Sent) && pending.fault.is_none() {
            pending.given_up = true;
        } else {
            lane.queue.remove(index);
        }
        let text = format!("the broker did not acknowledge a record for `{}` within its time", at.topic);
        let error = ProbeError::new(ErrorCode::TimedOut, text).with("delivery", delivery);
        self.report(writer, token, Err(error));
        self.rouse_lane(writer, at);
    }

    pub(super) fn writer_fatal(&mut self, writer: u64, error: &ProbeError) {
        self.problem = Some(error.clone());
        let Some(state) = self.writers.get_mut(&writer) else { return };
        state.dead = Some(error.clone());
        let lanes = std::mem::take(&mut state.lanes);
        let open = lanes.values().flat_map(|lane| &lane.queue).filter(|pending| !pending.given_up);
        for pending in open {
            self.report(writer, pending.token, Err(error.clone().with("delivery", pending.delivery())));
        }
    }
}

impl Pending {
    fn logged(&self) -> bool {
        matches!(self.stage, Stage::Logged(_))
    }

    fn delivery(&self) -> &'static str {
        if matches!(self.stage, Stage::Queued) { "none" } else { "unknown" }
    }
}

pub(super) fn too_large(size: usize) -> ProbeError {
    ProbeError::new(ErrorCode::MessageTooLarge, format!("a record of {size} bytes was too large"))
        .with("size", size)
}
