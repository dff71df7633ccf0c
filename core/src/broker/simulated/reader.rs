//! The reader's handle: adds, removes, and hands over what the fetchers left in the queue.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use super::Inner;
use super::fetch::{Fetcher, Op, ReaderState};
use super::log::SimRecord;
use crate::broker::{Assignment, Reader, ReaderOptions, RecordRef, Sink, Wake};
use crate::error::{ErrorCode, ProbeError, Result};

pub(super) struct SimReader {
    inner: Arc<Inner>,
    id: u64,
    closed: Arc<AtomicBool>,
    /// Kept for its capacity.
    taken: Vec<Op>,
}

impl SimReader {
    pub(super) fn open(
        inner: Arc<Inner>,
        principal: Arc<str>,
        options: ReaderOptions,
        wake: Wake,
        closed: Arc<AtomicBool>,
    ) -> Self {
        let id = inner.with(|state| {
            let id = state.number();
            state.note(format_args!("reader {id} opened by {principal}"));
            let reader = ReaderState {
                principal,
                isolation: options.isolation,
                wake,
                queue: VecDeque::new(),
                fetchers: BTreeMap::new(),
                dead: false,
            };
            state.readers.insert(id, reader);
            id
        });
        Self { inner, id, closed, taken: Vec::new() }
    }
}

impl Reader for SimReader {
    fn add(&mut self, partitions: &[Assignment]) -> Result<()> {
        self.inner.with(|state| {
            for assignment in partitions {
                let Some(reader) = state.readers.get_mut(&self.id) else { continue };
                if reader.dead {
                    let text = "the reader had ended with a fatal error";
                    return Err(ProbeError::new(ErrorCode::ConsumeFailed, text));
                }
                if assignment.from < 0 {
                    let text =
                        format!("offset {} of `{}` is no offset", assignment.from, assignment.at.topic);
                    return Err(ProbeError::new(ErrorCode::Internal, text));
                }
                if reader.fetchers.insert(assignment.slot, Fetcher::new(assignment)).is_some() {
                    let text = format!("slot {} was used twice", assignment.slot);
                    return Err(ProbeError::new(ErrorCode::Internal, text));
                }
                let at = state.now + state.delay(state.faults.fetch_ms);
                state.arm(self.id, assignment.slot, at);
            }
            Ok(())
        })
    }

    fn remove(&mut self, slots: &[u32]) {
        self.inner.with(|state| {
            if let Some(reader) = state.readers.get_mut(&self.id) {
                for slot in slots {
                    reader.fetchers.remove(slot);
                }
                reader.queue.retain(|op| op.slot().is_none_or(|slot| !slots.contains(&slot)));
            }
        });
    }

    fn poll(&mut self, sink: &mut dyn Sink, max: usize) -> bool {
        if self.closed.load(Ordering::Relaxed) {
            return false;
        }
        let mut taken = std::mem::take(&mut self.taken);
        let more = self.inner.with(|state| {
            let Some(reader) = state.readers.get_mut(&self.id) else { return false };
            let count = max.min(reader.queue.len());
            taken.extend(reader.queue.drain(..count));
            let more = !reader.queue.is_empty();
            if state.trace.is_some() {
                for op in &taken {
                    state.note(format_args!("reader {} says {}", self.id, said(op)));
                }
            }
            more
        });
        // Without the lock: a sink may ask the cluster for the truth.
        for op in taken.drain(..) {
            hand_over(op, sink);
        }
        self.taken = taken;
        more
    }
}

impl Drop for SimReader {
    fn drop(&mut self) {
        self.inner.with(|state| state.readers.remove(&self.id));
    }
}

fn hand_over(op: Op, sink: &mut dyn Sink) {
    match op {
        Op::Record { slot, offset, timestamp, log_append_time, record } => {
            let SimRecord { key, value, headers, .. } = &*record;
            let headers: Vec<(&str, Option<&[u8]>)> =
                headers.iter().map(|(name, value)| (name.as_str(), value.as_deref())).collect();
            sink.record(&RecordRef {
                slot,
                offset,
                timestamp,
                log_append_time,
                key: key.as_deref(),
                value: value.as_deref(),
                headers: &headers,
            });
        }
        Op::Progress { slot, next } => sink.progress(slot, next),
        Op::Stopped { slot, at, why } => sink.stopped(slot, at, why),
        Op::Problem { error, fatal } => sink.client_error(error, fatal),
    }
}

fn said(op: &Op) -> String {
    match op {
        Op::Record { slot, offset, .. } => format!("record {slot} {offset}"),
        Op::Progress { slot, next } => format!("progress {slot} {next}"),
        Op::Stopped { slot, at, why } => format!("stopped {slot} {at} {why:?}"),
        Op::Problem { error, fatal } => format!("problem {} fatal={fatal}", error.code()),
    }
}
