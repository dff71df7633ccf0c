//! What is due when.

use std::collections::BTreeMap;
use std::time::Instant;

use kafka_protocol::messages::{GroupId, TransactionalId};

use crate::groups::Due;

/// Something to do later.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Timer {
    /// Topics may have records to delete or to compact.
    Cleaning,
    /// A waiting fetch has waited long enough.
    Fetch(u64),
    /// A transaction takes longer than its producer allowed.
    Transaction(TransactionalId),
    /// A group has something to do.
    Group(GroupId, Due),
    /// Something that panics, for tests of what a panic does.
    #[cfg(test)]
    Panic,
}

/// The name of a timer, by which it is cancelled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct TimerId {
    at: Instant,
    number: u64,
}

/// All timers, the next one first.
#[derive(Debug, Default)]
pub(crate) struct Timers {
    by_time: BTreeMap<TimerId, Timer>,
    next_number: u64,
}

impl Timers {
    /// Schedules; two timers of one instant run in the order of their scheduling.
    pub(crate) fn set(&mut self, at: Instant, timer: Timer) -> TimerId {
        let id = TimerId { at, number: self.next_number };
        self.next_number += 1;
        self.by_time.insert(id, timer);
        id
    }

    /// Forgets a timer; one that ran is no error.
    pub(crate) fn cancel(&mut self, id: TimerId) {
        self.by_time.remove(&id);
    }

    /// Returns when the next timer is due.
    pub(crate) fn next(&self) -> Option<Instant> {
        self.by_time.first_key_value().map(|(id, _)| id.at)
    }

    /// Takes the next timer that is due.
    pub(crate) fn due(&mut self, now: Instant) -> Option<Timer> {
        let first = self.by_time.first_entry()?;
        (first.key().at <= now).then(|| first.remove())
    }
}
