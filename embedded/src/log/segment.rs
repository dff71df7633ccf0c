//! A run of batches in one piece of memory: batches of any size cost their bytes and one small index entry.

use std::io;
use std::sync::Arc;

use bytes::Bytes;

use super::batch::{self, BatchHeader};
use super::memory::{Held, Memory, Sealed};

/// How large a segment grows; a larger batch has one of its own.
const SEGMENT_BYTES: usize = 1024 * 1024;
const SMALLEST: usize = 1024;

/// A run of batches, in the order of their offsets.
#[derive(Debug)]
pub(super) struct Segment {
    base_offset: i64,
    index: Vec<Entry>,
    data: Data,
    bytes: usize,
    max_timestamp: i64,
    /// Whether Kafka would have begun a segment here: it deletes and compacts by segments, the last one never.
    pub(super) is_rolled: bool,
}

/// Where a batch ends, in offsets and in bytes.
#[derive(Debug, Clone, Copy)]
struct Entry {
    /// Offset of the last record, counted from the segment's base offset.
    last: u32,
    end: u32,
}

#[derive(Debug)]
enum Data {
    Growing(Vec<u8>, Held),
    Sealed(Arc<Sealed>),
}

/// Some batches of a segment, by their numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Run {
    first: usize,
    /// The number after the last batch.
    end: usize,
}

impl Segment {
    pub(super) fn new(base_offset: i64, memory: &Memory, is_rolled: bool) -> Self {
        let data = Data::Growing(Vec::new(), memory.hold());
        Self { base_offset, index: Vec::new(), data, bytes: 0, max_timestamp: i64::MIN, is_rolled }
    }

    pub(super) fn base_offset(&self) -> i64 {
        self.base_offset
    }

    /// Returns the offset after the last record.
    pub(super) fn end_offset(&self) -> i64 {
        self.index.last().map_or(self.base_offset, |entry| self.last_offset(entry) + 1)
    }

    pub(super) fn max_timestamp(&self) -> i64 {
        self.max_timestamp
    }

    /// Returns the bytes of its batches.
    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }

    /// Returns whether a batch may still be added.
    pub(super) fn has_room(&self, header: &BatchHeader) -> bool {
        let offsets = u32::try_from(header.last_offset() - self.base_offset).is_ok();
        let room = self.bytes == 0 || self.bytes + header.size <= SEGMENT_BYTES;
        matches!(self.data, Data::Growing(..)) && offsets && room
    }

    /// Adds a batch, and writes into it what the log decides: its offset, the leader's epoch, and what the
    /// header says of timestamps.
    pub(super) fn push(&mut self, header: &BatchHeader, batch: &[u8], reseal: bool) {
        let Data::Growing(data, held) = &mut self.data else { return };
        let needed = data.len() + batch.len();
        if needed > data.capacity() {
            let roomy = (2 * data.capacity()).clamp(SMALLEST, SEGMENT_BYTES).max(needed);
            data.reserve_exact(roomy - data.len());
        }
        data.extend_from_slice(batch);
        let written = &mut data[self.bytes..];
        batch::place(written, header.base_offset, header.leader_epoch);
        if reseal {
            batch::stamp(written, header);
        }
        held.add(batch.len() + size_of::<Entry>());
        self.bytes = needed;
        self.max_timestamp = self.max_timestamp.max(header.max_timestamp);
        let last = (header.last_offset() - self.base_offset) as u32;
        self.index.push(Entry { last, end: needed as u32 });
    }

    /// Ends its growth, so that its bytes can be shared, or moved to a file.
    pub(super) fn seal(&mut self, memory: &Memory) {
        let Data::Growing(data, held) = &mut self.data else { return };
        let mut data = std::mem::take(data);
        let held = std::mem::replace(held, memory.hold());
        data.shrink_to_fit();
        self.index.shrink_to_fit();
        self.data = Data::Sealed(memory.seal(data.into(), held));
    }

    /// Returns the batches from the one that holds `from`, that end below `up_to` and together have at most
    /// `max_bytes`; at least one batch if `at_least_one`.
    pub(super) fn run(&self, from: i64, up_to: i64, max_bytes: usize, at_least_one: bool) -> Run {
        let first = self.index.partition_point(|entry| self.last_offset(entry) < from);
        let start = self.start_of(first);
        let readable = |entry: &Entry| self.last_offset(entry) < up_to;
        let fits = |entry: &Entry| entry.end as usize - start <= max_bytes;
        let end = first + self.index[first..].partition_point(|entry| readable(entry) && fits(entry));
        let is_one_too_large = end == first && at_least_one && self.index.get(first).is_some_and(readable);
        Run { first, end: end + usize::from(is_one_too_large) }
    }

    /// Returns all batches.
    pub(super) fn whole(&self) -> Run {
        Run { first: 0, end: self.index.len() }
    }

    /// Returns whether a run goes to the end of the segment.
    pub(super) fn is_to_end(&self, run: Run) -> bool {
        run.end == self.index.len()
    }

    /// Returns the offset after the last record of a run that is not empty.
    pub(super) fn end_of(&self, run: Run) -> i64 {
        self.last_offset(&self.index[run.end - 1]) + 1
    }

    /// Returns how many bytes a run has.
    pub(super) fn size(&self, run: Run) -> usize {
        self.start_of(run.end) - self.start_of(run.first)
    }

    /// Returns the bytes of a run: of a sealed segment without a copy.
    pub(super) fn read(&self, run: Run) -> io::Result<Bytes> {
        let (from, to) = (self.start_of(run.first), self.start_of(run.end));
        match &self.data {
            Data::Growing(data, _) => Ok(Bytes::copy_from_slice(&data[from..to])),
            Data::Sealed(sealed) => sealed.slice(from, to),
        }
    }

    fn last_offset(&self, entry: &Entry) -> i64 {
        self.base_offset + i64::from(entry.last)
    }

    /// Returns where a batch begins.
    fn start_of(&self, number: usize) -> usize {
        number.checked_sub(1).map_or(0, |before| self.index[before].end as usize)
    }
}

impl Run {
    pub(super) fn is_empty(self) -> bool {
        self.first == self.end
    }
}
