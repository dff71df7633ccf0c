//! The log of one partition: batches in the order of their offsets, as they came.

pub(crate) mod batch;
mod compaction;
pub(crate) mod config;
pub(crate) mod epochs;
pub(crate) mod memory;
mod producers;
mod retention;
pub(crate) mod search;
mod segment;
#[cfg(test)]
mod tests;
mod validate;

use std::collections::VecDeque;
use std::sync::Arc;

use bytes::Bytes;
use kafka_protocol::ResponseError;

use crate::state::Now;
use crate::wire::records::control_batch;
use batch::{Batch, BatchHeader};
use config::LogConfig;
use epochs::Epochs;
use memory::{Full, Memory};
pub(crate) use producers::Producer;
use producers::Producers;
use segment::Segment;
pub(crate) use validate::Refused;

/// The log of one partition.
#[derive(Debug, Default)]
pub(crate) struct Log {
    /// The first offset that may be read.
    start: i64,
    /// The offset of the next record.
    end: i64,
    segments: VecDeque<Segment>,
    rolling: Rolling,
    producers: Producers,
    epochs: Epochs,
    config: Arc<LogConfig>,
    memory: Memory,
    /// Up to where a compaction went.
    compacted_to: i64,
}

/// What Kafka's last segment has, by which it decides to begin another.
#[derive(Debug, Default)]
struct Rolling {
    bytes: usize,
    first_timestamp: i64,
}

/// Where an append went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Appended {
    pub(crate) base_offset: i64,
    /// -1 for a topic that keeps the producer's timestamps; Kafka answers a duplicate with its timestamp.
    pub(crate) log_append_time_ms: i64,
}

/// What a read found.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Read {
    /// Whole batches.
    pub(crate) records: Bytes,
    /// The offset after the last record.
    pub(crate) end: i64,
    /// Whether the next batches are in another piece, for another read, whatever room is left.
    pub(crate) is_cut: bool,
}

impl Log {
    /// Returns an empty log that shares a memory.
    pub(crate) fn new(config: Arc<LogConfig>, memory: Memory) -> Self {
        Self { config, memory, ..Self::default() }
    }

    pub(crate) fn start(&self) -> i64 {
        self.start
    }

    /// Returns the offset of the next record; every replica is in sync, so this is the high watermark too.
    pub(crate) fn end(&self) -> i64 {
        self.end
    }

    pub(crate) fn config(&self) -> &LogConfig {
        &self.config
    }

    /// Returns the configuration, to be shared with another log.
    pub(crate) fn shared_config(&self) -> Arc<LogConfig> {
        self.config.clone()
    }

    /// Takes up another configuration.
    pub(crate) fn configure(&mut self, config: Arc<LogConfig>) {
        self.config = config;
    }

    /// Returns the first offset that an open transaction may still take back.
    pub(crate) fn last_stable(&self) -> i64 {
        self.producers.first_unstable().map_or(self.end, |first| first.max(self.start))
    }

    /// Returns the aborted transactions that have records in a range of offsets: producer and first offset.
    pub(crate) fn aborted(&self, from: i64, up_to: i64) -> Vec<(i64, i64)> {
        self.producers.aborted(from, up_to)
    }

    /// Returns whether a producer has an open transaction here in this epoch.
    pub(crate) fn has_transaction(&self, producer_id: i64, epoch: i16) -> bool {
        self.producers.has_transaction(producer_id, epoch)
    }

    /// Returns whether batches of a producer are remembered.
    pub(crate) fn has_batches(&self, producer_id: i64) -> bool {
        self.producers.has_batches(producer_id)
    }

    /// Returns what is known of the producers.
    pub(crate) fn producers(&self) -> impl Iterator<Item = (i64, &Producer)> {
        self.producers.iter()
    }

    /// Returns the largest leader epoch up to the one asked for, and the offset after its last record; none for
    /// an epoch newer than the `current` one.
    pub(crate) fn end_of_epoch(&self, asked: i32, current: i32) -> Option<(i32, i64)> {
        self.epochs.end_of(asked, current, self.end)
    }

    /// Returns the leader epoch under which the first record was written, or else `current`.
    pub(crate) fn epoch_of_start(&self, current: i32) -> i32 {
        self.epochs.at(self.start, current)
    }

    /// Appends the batch of a producer, as [`batch::only`] returned it. A batch that is here already is not
    /// appended again, and answered with where it is.
    pub(crate) fn append(
        &mut self,
        mut batch: Batch,
        leader_epoch: i32,
        now: Now,
    ) -> Result<Appended, Refused> {
        batch::check(&batch)?;
        let is_changed = validate::validate(&self.config, &mut batch, now)?;
        let header = &mut batch.header;
        if let Some(written) = self.producers.check(header)? {
            let (base_offset, log_append_time_ms) = (written.first_offset, written.timestamp);
            return Ok(Appended { base_offset, log_append_time_ms });
        }
        self.memory.make_room(header.size).map_err(|full| match &full {
            // Producers do not retry it, and say the reason.
            Full::Memory { .. } => Refused::because(ResponseError::PolicyViolation, full),
            Full::Disk(_) => Refused::because(ResponseError::KafkaStorageError, full),
        })?;
        self.push(header, &batch.bytes, leader_epoch, is_changed, now);
        self.producers.appended(header);
        let log_append_time_ms = if self.config.is_log_append_time { header.max_timestamp } else { -1 };
        Ok(Appended { base_offset: header.base_offset, log_append_time_ms })
    }

    /// Ends the transaction of a producer with a marker, also where it wrote nothing; returns the marker's
    /// offset. Fails with `INVALID_PRODUCER_EPOCH` when a newer epoch of the producer is known.
    pub(crate) fn end_transaction(
        &mut self,
        producer_id: i64,
        producer_epoch: i16,
        commit: bool,
        leader_epoch: i32,
        now: Now,
    ) -> Result<i64, ResponseError> {
        self.producers.check_marker(producer_id, producer_epoch)?;
        let mut bytes = control_batch(producer_id, producer_epoch, commit, now.wall_ms, 0);
        let Ok(Some(Batch { mut header, bytes })) = Batch::read(&mut bytes) else {
            return Err(ResponseError::UnknownServerError);
        };
        // A marker is written also over the limit: it frees what waits for it.
        self.push(&mut header, &bytes, leader_epoch, false, now);
        self.producers.ended(&header, commit, self.end);
        Ok(header.base_offset)
    }

    fn push(&mut self, header: &mut BatchHeader, bytes: &[u8], leader_epoch: i32, reseal: bool, now: Now) {
        header.base_offset = self.end;
        header.leader_epoch = leader_epoch;
        let rolls = self.rolls(header, now);
        if self.segments.back().is_none_or(|last| rolls || !last.has_room(header)) {
            self.seal();
            self.segments.push_back(Segment::new(header.base_offset, &self.memory, rolls));
        }
        if let Some(last) = self.segments.back_mut() {
            last.push(header, bytes, reseal);
        }
        self.rolling.bytes += header.size;
        self.end = header.last_offset() + 1;
        self.epochs.written(leader_epoch, header.base_offset);
    }

    /// Decides whether Kafka would begin a segment with this batch.
    fn rolls(&mut self, header: &BatchHeader, now: Now) -> bool {
        let Rolling { bytes, first_timestamp } = self.rolling;
        let age = match (header.max_timestamp, first_timestamp) {
            (-1, first) => now.wall_ms - first,
            (timestamp, first) => timestamp.saturating_sub(first),
        };
        let is_full =
            bytes + header.size > self.config.segment_bytes || age > self.config.longest_segment_ms();
        let rolls = self.segments.is_empty() || is_full;
        if rolls {
            let first_timestamp = if header.max_timestamp < 0 { now.wall_ms } else { header.max_timestamp };
            self.rolling = Rolling { bytes: 0, first_timestamp };
        }
        rolls
    }

    /// Ends the growth of the last segment, so that it can be moved to a file.
    pub(crate) fn seal(&mut self) {
        if let Some(last) = self.segments.back_mut() {
            last.seal(&self.memory);
        }
    }

    /// Reads whole batches from the one that holds `from`, up to an offset and about `max_bytes`; at least one
    /// batch if `at_least_one`, so that a reader makes progress.
    pub(crate) fn read(
        &self,
        from: i64,
        up_to: i64,
        max_bytes: usize,
        at_least_one: bool,
    ) -> Result<Read, ResponseError> {
        let Some((index, run)) = self.find(from, up_to, max_bytes, at_least_one) else {
            return Ok(Read { end: from, ..Read::default() });
        };
        let segment = &self.segments[index];
        let records = segment.read(run).map_err(|error| {
            tracing::error!(%error, "spilled records could not be read back");
            ResponseError::KafkaStorageError
        })?;
        Ok(Read { records, end: segment.end_of(run), is_cut: self.is_cut(index, run, up_to) })
    }

    /// Returns what [`Self::read`] would find: its bytes, and whether it would be cut.
    pub(crate) fn available(&self, from: i64, up_to: i64, max_bytes: usize) -> (usize, bool) {
        match self.find(from, up_to, max_bytes, true) {
            Some((index, run)) => (self.segments[index].size(run), self.is_cut(index, run, up_to)),
            None => (0, false),
        }
    }

    fn find(
        &self,
        from: i64,
        up_to: i64,
        max_bytes: usize,
        at_least_one: bool,
    ) -> Option<(usize, segment::Run)> {
        let index = self.segments.partition_point(|segment| segment.end_offset() <= from);
        let run = self.segments.get(index)?.run(from, up_to, max_bytes, at_least_one);
        (!run.is_empty()).then_some((index, run))
    }

    fn is_cut(&self, index: usize, run: segment::Run, up_to: i64) -> bool {
        let is_readable = |next: &Segment| next.base_offset() < up_to;
        self.segments[index].is_to_end(run) && self.segments.get(index + 1).is_some_and(is_readable)
    }

    /// Makes an offset the first that may be read; none before it is kept. Fails with `OFFSET_OUT_OF_RANGE`
    /// behind the end.
    pub(crate) fn delete_before(&mut self, offset: i64) -> Result<(), ResponseError> {
        if offset < 0 || offset > self.end {
            return Err(ResponseError::OffsetOutOfRange);
        }
        if offset > self.start {
            self.start = offset;
            while self.segments.front().is_some_and(|first| first.end_offset() <= offset) {
                self.segments.pop_front();
            }
            self.producers.start_at(offset);
            self.epochs.start_at(offset);
        }
        Ok(())
    }

    /// Returns the bytes of its batches.
    pub(crate) fn size(&self) -> usize {
        self.segments.iter().map(Segment::bytes).sum()
    }
}
