//! Topics and partitions: what is in the log, and what was.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use bytes::Bytes;

use crate::broker::{Isolation, OutgoingRecord, TopicId};

/// A record as somebody writes it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SimRecord {
    /// Milliseconds since the epoch; `None` is now, -1 is no timestamp at all (as on the wire).
    pub timestamp: Option<i64>,
    /// The key.
    pub key: Option<Bytes>,
    /// The value; `None` is a tombstone.
    pub value: Option<Bytes>,
    /// The headers in order.
    pub headers: Vec<(String, Option<Bytes>)>,
}

impl SimRecord {
    /// Makes a record of a value.
    #[must_use]
    pub fn of(value: impl Into<Bytes>) -> Self {
        Self { value: Some(value.into()), ..Self::default() }
    }

    /// Sets the key.
    #[must_use]
    pub fn key(mut self, key: impl Into<Bytes>) -> Self {
        self.key = Some(key.into());
        self
    }

    /// Sets the timestamp; -1 for none.
    #[must_use]
    pub fn at(mut self, timestamp: i64) -> Self {
        self.timestamp = Some(timestamp);
        self
    }

    /// Adds a header.
    #[must_use]
    pub fn header(mut self, name: impl Into<String>, value: impl Into<Bytes>) -> Self {
        self.headers.push((name.into(), Some(value.into())));
        self
    }

    pub(super) fn size(&self) -> usize {
        let length = |bytes: &Option<Bytes>| bytes.as_ref().map_or(0, Bytes::len);
        let headers: usize = self.headers.iter().map(|(name, value)| name.len() + length(value)).sum();
        length(&self.key) + length(&self.value) + headers
    }
}

impl From<&OutgoingRecord> for SimRecord {
    fn from(record: &OutgoingRecord) -> Self {
        Self {
            timestamp: record.timestamp,
            key: record.key.clone(),
            value: record.value.clone(),
            headers: record.headers.clone(),
        }
    }
}

/// A transaction of the system under test.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Transaction(pub(super) u64);

/// What a record's transaction came to; for a marker, what it says.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum TxnState {
    /// It was written outside of a transaction.
    Plain,
    /// Its transaction is open.
    Open(Transaction),
    /// Its transaction was committed.
    Committed(Transaction),
    /// Its transaction was aborted.
    Aborted(Transaction),
}

/// Why a record is in the log no more.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Gone {
    /// The low watermark passed it: retention or delete-records.
    Deleted,
    /// Compaction removed it; its offset stays.
    Compacted,
    /// An unclean election removed it; its offset may be used again.
    Truncated,
    /// Its topic was deleted.
    TopicDeleted,
}

/// One offset of a partition.
#[derive(Clone)]
pub(super) struct Entry {
    pub(super) offset: i64,
    pub(super) timestamp: Option<i64>,
    pub(super) log_append_time: bool,
    pub(super) epoch: i32,
    /// `None` for a control marker.
    pub(super) record: Option<Arc<SimRecord>>,
    pub(super) txn: TxnState,
    /// The principal that wrote it through a [`Writer`](crate::broker::Writer); `None` for the world.
    pub(super) principal: Option<Arc<str>>,
    pub(super) appended: u64,
    pub(super) decided: Option<u64>,
    pub(super) gone: Option<(Gone, u64)>,
}

impl Entry {
    /// Returns the record if a reader that gets this far is given it.
    pub(super) fn delivered(&self, isolation: Isolation) -> Option<&Arc<SimRecord>> {
        let hidden = match isolation {
            Isolation::ReadUncommitted => false,
            Isolation::ReadCommitted => matches!(self.txn, TxnState::Open(_) | TxnState::Aborted(_)),
        };
        if hidden || self.gone.is_some() { None } else { self.record.as_ref() }
    }
}

pub(super) struct Topic {
    pub(super) id: TopicId,
    pub(super) partitions: Vec<Partition>,
    pub(super) log_append_time: bool,
    /// Requests do not know the topic before this time.
    pub(super) known_from: u64,
}

impl Topic {
    pub(super) fn partition(&self, partition: i32) -> Option<&Partition> {
        self.partitions.get(usize::try_from(partition).ok()?)
    }

    pub(super) fn partition_mut(&mut self, partition: i32) -> Option<&mut Partition> {
        self.partitions.get_mut(usize::try_from(partition).ok()?)
    }
}

pub(super) struct Partition {
    /// Every offset from 0 to the end; an entry that is gone keeps its place.
    pub(super) entries: Vec<Entry>,
    /// What truncation took, in the order of the loss, and whether it was stable then.
    pub(super) truncated: Vec<(Entry, bool)>,
    /// Where truncation cut, and when.
    pub(super) cuts: Vec<(i64, u64)>,
    pub(super) low: i64,
    /// Leader epochs and their first offsets, ascending.
    pub(super) epochs: Vec<(i32, i64)>,
    pub(super) leader: i32,
    /// There is no leader before this time.
    pub(super) away_until: u64,
    pub(super) corrupt: BTreeSet<i64>,
    /// Open transactions and their first offsets here.
    pub(super) open: BTreeMap<Transaction, i64>,
}

impl Partition {
    pub(super) fn new() -> Self {
        Self {
            entries: Vec::new(),
            truncated: Vec::new(),
            cuts: Vec::new(),
            low: 0,
            epochs: vec![(0, 0)],
            leader: 0,
            away_until: 0,
            corrupt: BTreeSet::new(),
            open: BTreeMap::new(),
        }
    }

    /// Returns the high watermark, which is the end of the log: there is one replica.
    pub(super) fn high(&self) -> i64 {
        i64::try_from(self.entries.len()).unwrap_or(i64::MAX)
    }

    /// Returns the last stable offset: the first offset of the earliest open transaction.
    pub(super) fn stable(&self) -> i64 {
        self.open.values().copied().min().map_or_else(|| self.high(), |first| first.max(self.low))
    }

    /// Returns where a reader's view ends.
    pub(super) fn end(&self, isolation: Isolation) -> i64 {
        match isolation {
            Isolation::ReadCommitted => self.stable(),
            Isolation::ReadUncommitted => self.high(),
        }
    }

    pub(super) fn epoch(&self) -> i32 {
        self.epochs.last().map_or(0, |(epoch, _)| *epoch)
    }

    /// Returns the epoch under which an offset was or will be written.
    pub(super) fn epoch_of(&self, offset: i64) -> i32 {
        self.epochs.iter().rev().find(|(_, first)| *first <= offset).map_or(0, |(epoch, _)| *epoch)
    }

    /// Returns where an epoch ended (OffsetForLeaderEpoch, KIP-320).
    pub(super) fn end_of_epoch(&self, epoch: i32) -> i64 {
        let next = self.epochs.iter().find(|(later, _)| *later > epoch);
        next.map_or_else(|| self.high(), |(_, first)| *first)
    }

    pub(super) fn entry(&self, offset: i64) -> Option<&Entry> {
        self.entries.get(usize::try_from(offset).ok()?)
    }

    pub(super) fn entry_mut(&mut self, offset: i64) -> Option<&mut Entry> {
        self.entries.get_mut(usize::try_from(offset).ok()?)
    }

    /// Raises the epoch; what was at or after `end` is not there under the new one.
    pub(super) fn elect(&mut self, end: i64) {
        let next = self.epoch() + 1;
        self.epochs.retain(|(_, first)| *first < end);
        self.epochs.push((next, end));
    }

    /// Loses the tail. What a transaction came to stays so, also when its marker is lost.
    pub(super) fn truncate(&mut self, end: i64, now: u64) {
        let end = end.clamp(self.low, self.high());
        let stable = self.stable();
        self.cuts.push((end, now));
        for mut entry in self.entries.split_off(usize::try_from(end).unwrap_or(0)) {
            entry.gone.get_or_insert((Gone::Truncated, now));
            let was_stable = entry.offset < stable;
            self.truncated.push((entry, was_stable));
        }
        self.open.retain(|_, first| *first < end);
        self.corrupt.retain(|offset| *offset < end);
        self.elect(end);
    }

    /// Decides a transaction here: its records, and a marker at the end.
    pub(super) fn decide(&mut self, txn: Transaction, commit: bool, now: u64, timestamp: i64) {
        let state = if commit { TxnState::Committed(txn) } else { TxnState::Aborted(txn) };
        for entry in &mut self.entries {
            if entry.txn == TxnState::Open(txn) {
                entry.txn = state;
                entry.decided = Some(now);
            }
        }
        self.open.remove(&txn);
        self.entries.push(Entry {
            offset: self.high(),
            timestamp: Some(timestamp),
            log_append_time: false,
            epoch: self.epoch(),
            record: None,
            txn: state,
            principal: None,
            appended: now,
            decided: Some(now),
            gone: None,
        });
    }
}
