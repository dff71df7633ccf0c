//! Records that carry no test id: nobody's, and yet able to make a verdict doubtful.

use std::collections::VecDeque;
use std::sync::Arc;

use bytes::Bytes;

use crate::broker::RecordRef;

/// A record that was copied out whole, to be read with the eyes of any session later.
#[derive(Debug)]
pub(crate) struct StoredRecord {
    pub(crate) partition: i32,
    pub(crate) offset: i64,
    pub(crate) generation: u32,
    timestamp: Option<i64>,
    log_append_time: bool,
    key: Option<Bytes>,
    value: Option<Bytes>,
    headers: Vec<(String, Option<Bytes>)>,
}

impl StoredRecord {
    pub(crate) fn copy(record: &RecordRef<'_>, partition: i32, generation: u32) -> Self {
        let headers = record
            .headers
            .iter()
            .map(|(name, value)| ((*name).to_owned(), value.map(Bytes::copy_from_slice)))
            .collect();
        Self {
            partition,
            offset: record.offset,
            generation,
            timestamp: record.timestamp,
            log_append_time: record.log_append_time,
            key: record.key.map(Bytes::copy_from_slice),
            value: record.value.map(Bytes::copy_from_slice),
            headers,
        }
    }

    /// Shows the record as a client would hand it over.
    pub(crate) fn with_ref<R>(&self, read: impl FnOnce(&RecordRef<'_>) -> R) -> R {
        let headers: Vec<(&str, Option<&[u8]>)> =
            self.headers.iter().map(|(name, value)| (name.as_str(), value.as_deref())).collect();
        read(&RecordRef {
            slot: 0,
            offset: self.offset,
            timestamp: self.timestamp,
            log_append_time: self.log_append_time,
            key: self.key.as_deref(),
            value: self.value.as_deref(),
            headers: &headers,
        })
    }
}

/// The unattributed records of one topic, up to a limit; what had to be dropped is known.
#[derive(Debug)]
pub(crate) struct UnattributedRecords {
    kept: VecDeque<Arc<StoredRecord>>,
    dropped: Vec<Dropped>,
    limit: usize,
}

/// How far records were dropped in one partition.
#[derive(Clone, Copy, Debug)]
struct Dropped {
    partition: i32,
    generation: u32,
    below: i64,
    count: u64,
}

impl UnattributedRecords {
    pub(crate) fn new(limit: usize) -> Self {
        Self { kept: VecDeque::new(), dropped: Vec::new(), limit }
    }

    pub(crate) fn push(&mut self, record: StoredRecord) {
        self.keep(Arc::new(record));
    }

    /// Does what [`UnattributedRecords::push`] does with a record that was set aside before.
    pub(crate) fn keep(&mut self, record: Arc<StoredRecord>) {
        self.kept.push_back(record);
        if self.kept.len() > self.limit
            && let Some(oldest) = self.kept.pop_front()
        {
            self.note_dropped(&oldest);
        }
    }

    fn note_dropped(&mut self, record: &StoredRecord) {
        let at = (record.partition, record.generation);
        match self.dropped.iter_mut().find(|dropped| (dropped.partition, dropped.generation) == at) {
            Some(dropped) => {
                dropped.below = dropped.below.max(record.offset + 1);
                dropped.count += 1;
            }
            None => self.dropped.push(Dropped {
                partition: record.partition,
                generation: record.generation,
                below: record.offset + 1,
                count: 1,
            }),
        }
    }

    /// Returns the records, oldest first.
    pub(crate) fn kept(&self) -> Vec<Arc<StoredRecord>> {
        self.kept.iter().cloned().collect()
    }

    /// Returns how many records were dropped from the part that `looks_at` says a verdict looks at:
    /// it is asked with a partition, a generation and the last offset that was dropped there.
    pub(crate) fn dropped(&self, looks_at: impl Fn(i32, u32, i64) -> bool) -> u64 {
        let hits = self.dropped.iter().filter(|d| looks_at(d.partition, d.generation, d.below - 1));
        hits.map(|dropped| dropped.count).sum()
    }

    /// Forgets everything; for a topic that nobody looks at any more.
    pub(crate) fn clear(&mut self) {
        self.kept.clear();
        self.dropped.clear();
    }
}
