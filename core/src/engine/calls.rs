//! What a session produced to a topic, call by call, and what became of it.

use std::sync::{Arc, Mutex, MutexGuard};

use bytes::Bytes;
use tokio::sync::watch;
use tokio::time::Instant;

use crate::broker::Delivered;
use crate::completion::lock;
use crate::error::{ErrorCode, ProbeError, Result};
use crate::verdict::delivery::{Fate, Place};

/// The calls of one topic, in the order in which their records were handed to the client. As many are kept as
/// events in a journal.
pub(crate) struct Calls {
    turn: Mutex<()>,
    kept: Mutex<Kept>,
    changed: watch::Sender<()>,
}

#[derive(Default)]
struct Kept {
    calls: Vec<Call>,
    left_out: u64,
}

/// One event that was handed to the client.
#[derive(Clone, Debug)]
pub(crate) struct Call {
    pub(crate) id: Arc<str>,
    /// What tells its record from any other, where the record carries it.
    pub(crate) ce_id: Option<Arc<str>>,
    /// The key of its record.
    pub(crate) key: Option<Bytes>,
    /// What became of it; `None` while nobody knows.
    pub(crate) fate: Option<Fate>,
    /// When that was known.
    pub(crate) settled: Option<Instant>,
    /// How long the journal was then, or when the call was made.
    pub(crate) entry: usize,
}

impl Default for Calls {
    fn default() -> Self {
        Self { turn: Mutex::default(), kept: Mutex::default(), changed: watch::Sender::new(()) }
    }
}

impl Calls {
    /// Keeps others from handing over a record until this one was: that makes the order of the calls known.
    pub(crate) fn turn(&self) -> MutexGuard<'_, ()> {
        lock(&self.turn)
    }

    /// Notes a call and returns its number; `None` once there is no room.
    pub(crate) fn begin(&self, call: Call, limit: usize) -> Option<usize> {
        let mut kept = lock(&self.kept);
        if kept.calls.len() >= limit {
            kept.left_out += 1;
            return None;
        }
        kept.calls.push(call);
        Some(kept.calls.len() - 1)
    }

    /// Notes what became of a call; `read` is how long the journal is.
    pub(crate) fn settle(&self, number: Option<usize>, result: &Result<Delivered>, read: usize) {
        let Some(number) = number else { return };
        let fate = match result {
            Ok(delivered) => {
                Fate::Acknowledged(Place { partition: delivered.partition, offset: delivered.offset })
            }
            Err(error) if is_certain(error) => Fate::Refused(error.code()),
            Err(_) => Fate::Unknown,
        };
        if let Some(call) = lock(&self.kept).calls.get_mut(number) {
            call.fate = Some(fate);
            call.settled = Some(Instant::now());
            call.entry = read;
        }
        self.changed.send_modify(|()| {});
    }

    /// Returns a receiver that changes with every call that is settled.
    pub(crate) fn watch(&self) -> watch::Receiver<()> {
        self.changed.subscribe()
    }

    /// Returns the calls up to now. Errors: OVERLOADED once there was no room for one.
    pub(crate) fn all(&self) -> Result<Vec<Call>> {
        let kept = lock(&self.kept);
        if kept.left_out == 0 {
            return Ok(kept.calls.clone());
        }
        let fit = kept.calls.len() as u64;
        let message = format!("too many events were produced: {} of them, {fit} fit", fit + kept.left_out);
        Err(ProbeError::new(ErrorCode::Overloaded, message)
            .hint("raise `limits.journal-events-per-session`, or verify fewer events at once"))
    }
}

/// Returns whether an event that failed like this is certainly not in the log.
fn is_certain(error: &ProbeError) -> bool {
    error.context().get("delivery").is_some_and(|delivery| delivery == "none")
}
