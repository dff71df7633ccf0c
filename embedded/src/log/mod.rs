//! The log of one partition: batches in the order of their offsets, as they came.

pub(crate) mod batch;
mod producers;
#[cfg(test)]
mod tests;

use std::collections::VecDeque;

use bytes::{Bytes, BytesMut};
use kafka_protocol::ResponseError;

use batch::BatchHeader;
pub(crate) use producers::Producer;
use producers::Producers;

use crate::state::Now;

/// The log of one partition.
#[derive(Debug, Default)]
pub(crate) struct Log {
    /// The first offset that may be read.
    start: i64,
    /// The offset of the next record.
    end: i64,
    batches: VecDeque<Stored>,
    producers: Producers,
}

#[derive(Debug)]
struct Stored {
    header: BatchHeader,
    bytes: Bytes,
}

/// Where an append went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Appended {
    pub(crate) base_offset: i64,
    /// -1 for a topic that keeps the producer's timestamps; Kafka answers a duplicate with its timestamp.
    pub(crate) log_append_time_ms: i64,
}

impl Log {
    pub(crate) fn start(&self) -> i64 {
        self.start
    }

    /// Returns the offset of the next record; every replica is in sync, so this is the high watermark too.
    pub(crate) fn end(&self) -> i64 {
        self.end
    }

    /// Returns the first offset that an open transaction may still take back.
    pub(crate) fn last_stable(&self) -> i64 {
        self.producers.first_unstable().map_or(self.end, |first| first.max(self.start))
    }

    /// Returns the aborted transactions that have records in a range of offsets: producer and first offset.
    pub(crate) fn aborted(&self, from: i64, up_to: i64) -> Vec<(i64, i64)> {
        self.producers.aborted(from, up_to)
    }

    /// Returns whether a producer has an open transaction here.
    pub(crate) fn has_transaction(&self, producer_id: i64) -> bool {
        self.producers.has_transaction(producer_id)
    }

    /// Returns what is known of the producers.
    pub(crate) fn producers(&self) -> impl Iterator<Item = (i64, &Producer)> {
        self.producers.iter()
    }

    /// Appends the batch of a producer, as [`batch::only`] returned it. A batch that is here already is not
    /// appended again, and answered with where it is.
    pub(crate) fn append(
        &mut self,
        mut header: BatchHeader,
        bytes: Bytes,
        leader_epoch: i32,
    ) -> Result<Appended, ResponseError> {
        if let Some(written) = self.producers.check(&header)? {
            let (base_offset, log_append_time_ms) = (written.first_offset, written.timestamp);
            return Ok(Appended { base_offset, log_append_time_ms });
        }
        header.base_offset = self.end;
        self.push(header, bytes.into(), leader_epoch);
        self.producers.appended(&header);
        Ok(Appended { base_offset: header.base_offset, log_append_time_ms: -1 })
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
        let bytes = batch::marker(producer_id, producer_epoch, commit, now.wall_ms);
        let mut header = BatchHeader::read(&bytes)?;
        header.base_offset = self.end;
        self.push(header, bytes, leader_epoch);
        self.producers.ended(&header, commit, self.end);
        Ok(header.base_offset)
    }

    fn push(&mut self, header: BatchHeader, mut bytes: BytesMut, leader_epoch: i32) {
        batch::place(&mut bytes, header.base_offset, leader_epoch);
        self.end = header.last_offset() + 1;
        self.batches.push_back(Stored { header, bytes: bytes.freeze() });
    }

    /// Reads whole batches from the one that holds `from`, up to an offset and about `max_bytes`; at least one
    /// batch if `at_least_one`, so that a reader makes progress.
    pub(crate) fn read(&self, from: i64, up_to: i64, max_bytes: usize, at_least_one: bool) -> Bytes {
        let first = self.batches.partition_point(|batch| batch.header.last_offset() < from);
        let mut records = BytesMut::new();
        for batch in self.batches.range(first..) {
            let fits = records.len() + batch.bytes.len() <= max_bytes || (at_least_one && records.is_empty());
            if batch.header.base_offset >= up_to || !fits {
                break;
            }
            records.extend_from_slice(&batch.bytes);
        }
        records.freeze()
    }
}
