//! The writer's handle: queues records and hands over their deliveries.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use super::Inner;
use super::faults::ProduceFault;
use super::log::SimRecord;
use super::produce::{Pending, WriterState, too_large};
use super::state::{Event, State};
use crate::broker::{Delivery, OutgoingRecord, SendError, TopicPartition, Wake, Writer, WriterOptions};
use crate::error::{ErrorCode, ProbeError};

pub(super) struct SimWriter {
    inner: Arc<Inner>,
    id: u64,
    closed: Arc<AtomicBool>,
}

impl SimWriter {
    pub(super) fn open(
        inner: Arc<Inner>,
        principal: Arc<str>,
        options: WriterOptions,
        wake: Wake,
        closed: Arc<AtomicBool>,
    ) -> Self {
        let id = inner.with(|state| {
            let id = state.number();
            state.note(format_args!("writer {id} opened by {principal}"));
            let writer = WriterState {
                principal,
                timeout_ms: u64::try_from(options.delivery_timeout.as_millis()).unwrap_or(u64::MAX),
                wake,
                out: VecDeque::new(),
                lanes: BTreeMap::new(),
                waiting: 0,
                dead: None,
            };
            state.writers.insert(id, writer);
            id
        });
        Self { inner, id, closed }
    }
}

impl Writer for SimWriter {
    fn send(&mut self, record: &OutgoingRecord, token: u64) -> Result<(), SendError> {
        if self.closed.load(Ordering::Relaxed) {
            let text = "the writer was closed";
            return Err(SendError::Failed(ProbeError::new(ErrorCode::ShuttingDown, text)));
        }
        self.inner.with(|state| state.send(self.id, record, token))
    }

    fn poll(&mut self, out: &mut Vec<Delivery>) -> bool {
        if self.closed.load(Ordering::Relaxed) {
            return false;
        }
        self.inner.with(|state| {
            let batch = 1 + state.rng.usize(0..100);
            let Some(writer) = state.writers.get_mut(&self.id) else { return false };
            let first = out.len();
            out.extend(writer.out.drain(..batch.min(writer.out.len())));
            let more = !writer.out.is_empty();
            if state.trace.is_some() {
                for Delivery { token, result } in &out[first..] {
                    state.note(format_args!("writer {} delivered {token} {result:?}", self.id));
                }
            }
            more
        })
    }
}

impl Drop for SimWriter {
    fn drop(&mut self) {
        self.inner.with(|state| state.writers.remove(&self.id));
    }
}

impl State {
    fn send(&mut self, id: u64, record: &OutgoingRecord, token: u64) -> Result<(), SendError> {
        let fault = self.produce_fault(&record.topic);
        let Some(writer) = self.writers.get(&id) else { return Err(SendError::Full) };
        if let Some(error) = &writer.dead {
            return Err(SendError::Failed(error.clone()));
        }
        if fault == Some(ProduceFault::Full) || writer.waiting >= self.faults.queue_capacity {
            return Err(SendError::Full);
        }
        let mut kept = SimRecord::from(record);
        kept.timestamp = kept.timestamp.or(Some(self.wall_clock()));
        if kept.size() > self.faults.max_record_bytes {
            return Err(SendError::Failed(too_large(kept.size())));
        }
        let partition = match record.partition {
            Some(partition) => partition,
            None => self.choose_partition(&record.topic, kept.key.as_deref()),
        };
        let lane = TopicPartition::new(Arc::clone(&record.topic), partition);
        let Some(writer) = self.writers.get_mut(&id) else { return Err(SendError::Full) };
        let expires = self.now.saturating_add(writer.timeout_ms);
        writer.waiting += 1;
        writer.lanes.entry(lane.clone()).or_default().queue.push_back(Pending::new(token, kept, fault));
        self.schedule(expires, Event::Expire { writer: id, lane: lane.clone(), token });
        self.rouse_lane(id, &lane);
        Ok(())
    }

    fn produce_fault(&mut self, topic: &Arc<str>) -> Option<ProduceFault> {
        if let Some(fault) = self.injected.get_mut(topic).and_then(VecDeque::pop_front) {
            return Some(fault);
        }
        if self.chance(self.faults.queue_full) {
            Some(ProduceFault::Full)
        } else if self.chance(self.faults.produce_refused) {
            let kinds = [ProduceFault::Refused, ProduceFault::TooLarge, ProduceFault::NotAuthorized];
            Some(kinds[self.rng.usize(0..kinds.len())])
        } else if self.chance(self.faults.produce_lost) {
            Some(ProduceFault::RequestLost)
        } else if self.chance(self.faults.ack_lost) {
            Some(ProduceFault::AckLost)
        } else {
            None
        }
    }

    /// Chooses a partition: the same one for the same key while the partitions stay as many.
    fn choose_partition(&mut self, topic: &str, key: Option<&[u8]>) -> i32 {
        let count = self.topics.get(topic).map_or(1, |topic| topic.partitions.len().max(1) as u64);
        let choice = match key {
            Some(key) => key.iter().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
                (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)
            }),
            None => self.rng.u64(..),
        };
        i32::try_from(choice % count).unwrap_or(0)
    }
}
