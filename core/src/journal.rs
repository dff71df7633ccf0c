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
///
/// An entry whose schema had not come when it was read is read anew, in its place, once it has.
#[derive(Debug)]
pub(crate) struct Journal {
    kept: Mutex<Kept>,
    length: watch::Sender<usize>,
    /// Changes with every entry that awaits a schema.
    awaiting: watch::Sender<()>,
    limit: usize,
}

#[derive(Debug, Default)]
struct Kept {
    entries: Vec<Entry>,
    /// The places of entries that await a schema.
    awaiting: Vec<usize>,
    /// How often entries were read anew.
    revision: u64,
}

impl Journal {
    pub(crate) fn new(limit: usize) -> Self {
        Self {
            kept: Mutex::default(),
            length: watch::Sender::new(0),
            awaiting: watch::Sender::new(()),
            limit,
        }
    }

    /// Adds an entry and wakes whoever waits. One beyond the limit is counted and not kept.
    pub(crate) fn push(&self, event: ReceivedEvent, kept: bool) {
        let awaits = event.awaits_schema;
        {
            let mut journal = lock(&self.kept);
            if journal.entries.len() < self.limit {
                if awaits {
                    let place = journal.entries.len();
                    journal.awaiting.push(place);
                }
                journal.entries.push(Entry { event: Arc::new(event), kept });
            }
        }
        self.length.send_modify(|length| *length += 1);
        if awaits {
            self.awaiting.send_modify(|()| {});
        }
    }

    /// Reads the entries of a topic that await a schema anew; `again` returns the event, and whether the eventFilters
    /// let it in. Wakes whoever waits when one of them could be read.
    pub(crate) fn mend(&self, topic: &str, again: impl Fn(&ReceivedEvent) -> Entry) {
        let waiting: Vec<(usize, Arc<ReceivedEvent>)> = {
            let journal = lock(&self.kept);
            let of_topic = journal.awaiting.iter().filter_map(|place| {
                let event = &journal.entries.get(*place)?.event;
                (&*event.topic == topic).then(|| (*place, event.clone()))
            });
            of_topic.collect()
        };
        // Not under the lock: decoding takes its time.
        let mended: Vec<(usize, Entry)> = waiting
            .into_iter()
            .map(|(place, event)| (place, again(&event)))
            .filter(|(_, entry)| !entry.event.awaits_schema)
            .collect();
        if mended.is_empty() {
            return;
        }
        {
            let mut journal = lock(&self.kept);
            for (place, entry) in mended {
                journal.awaiting.retain(|waiting| *waiting != place);
                if let Some(old) = journal.entries.get_mut(place) {
                    *old = entry;
                }
            }
            journal.revision += 1;
        }
        self.length.send_modify(|_| {});
    }

    /// Hands the entries from `start` on to a function, in order.
    pub(crate) fn read<R>(&self, start: usize, read: impl FnOnce(&[Entry]) -> R) -> R {
        let journal = lock(&self.kept);
        read(journal.entries.get(start..).unwrap_or_default())
    }

    /// Returns how many entries there are.
    pub(crate) fn len(&self) -> usize {
        lock(&self.kept).entries.len()
    }

    /// Returns how often entries that had been there already were read anew.
    pub(crate) fn revision(&self) -> u64 {
        lock(&self.kept).revision
    }

    /// Returns whether an entry of a topic awaits its schema.
    pub(crate) fn awaits(&self, is_of: impl Fn(&str) -> bool) -> bool {
        let journal = lock(&self.kept);
        let mut waiting = journal.awaiting.iter().filter_map(|place| journal.entries.get(*place));
        waiting.any(|entry| is_of(&entry.event.topic))
    }

    /// Returns a receiver that changes with every entry, and when entries were read anew.
    pub(crate) fn watch(&self) -> watch::Receiver<usize> {
        self.length.subscribe()
    }

    /// Returns a receiver that changes with every entry that awaits a schema.
    pub(crate) fn watch_awaiting(&self) -> watch::Receiver<()> {
        self.awaiting.subscribe()
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
