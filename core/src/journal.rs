//! All that a session's consumer workers kept, in the order in which it was read.

use std::sync::{Arc, Mutex};

use tokio::sync::watch;

use crate::completion::lock;
use crate::error::{ErrorCode, ProbeError};
use crate::event::ReceivedEvent;

/// One record of the session.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    /// The event as it was read.
    pub(crate) event: Arc<ReceivedEvent>,
    /// Whether the eventFilters let it into the journal that the test sees.
    pub(crate) kept: bool,
}

/// The journal of one session, over all of its topics. An entry's index is its place in the order.
/// It is never evicted: sessions are bounded in time, and a limit ends in an explicit error.
#[derive(Debug)]
pub(crate) struct Journal {
    entries: Mutex<Vec<Entry>>,
    length: watch::Sender<usize>,
    limit: usize,
}

impl Journal {
    pub(crate) fn new(limit: usize) -> Self {
        Self { entries: Mutex::new(Vec::new()), length: watch::Sender::new(0), limit }
    }

    /// Adds an entry and wakes whoever waits. One beyond the limit is counted and not kept.
    pub(crate) fn push(&self, event: ReceivedEvent, kept: bool) {
        {
            let mut entries = lock(&self.entries);
            if entries.len() < self.limit {
                entries.push(Entry { event: Arc::new(event), kept });
            }
        }
        self.length.send_modify(|length| *length += 1);
    }

    /// Hands the entries from `start` on to a function, in order.
    pub(crate) fn read<R>(&self, start: usize, read: impl FnOnce(&[Entry]) -> R) -> R {
        let entries = lock(&self.entries);
        read(entries.get(start..).unwrap_or_default())
    }

    /// Returns how many entries there are.
    pub(crate) fn len(&self) -> usize {
        lock(&self.entries).len()
    }

    /// Returns a receiver that changes with every entry.
    pub(crate) fn watch(&self) -> watch::Receiver<usize> {
        self.length.subscribe()
    }

    /// Fails once entries had to be left out: then nothing can be said about what is missing.
    pub(crate) fn check(&self) -> Result<(), ProbeError> {
        let offered = *self.length.borrow();
        if offered <= self.limit {
            return Ok(());
        }
        Err(ProbeError::new(
            ErrorCode::Overloaded,
            format!("the journal was full: {offered} events came, {} fit", self.limit),
        )
        .hint("raise `limits.journal-events-per-session`, or narrow the topics of the session"))
    }
}
