//! The log of one partition: batches in the order of their offsets, as they came.

pub(crate) mod batch;

use std::collections::VecDeque;

use bytes::{Bytes, BytesMut};
use kafka_protocol::ResponseError;

use batch::BatchHeader;

/// The log of one partition.
#[derive(Debug, Default)]
pub(crate) struct Log {
    /// The first offset that may be read.
    start: i64,
    /// The offset of the next record.
    end: i64,
    batches: VecDeque<Stored>,
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
    /// -1 for a topic that keeps the producer's timestamps.
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
        self.end
    }

    /// Appends the batches of one produce request.
    pub(crate) fn append(&mut self, records: Bytes, leader_epoch: i32) -> Result<Appended, ResponseError> {
        let base_offset = self.end;
        for (mut header, bytes) in batch::split(records)? {
            header.base_offset = self.end;
            let mut bytes = BytesMut::from(bytes);
            batch::place(&mut bytes, header.base_offset, leader_epoch);
            self.end = header.last_offset() + 1;
            self.batches.push_back(Stored { header, bytes: bytes.freeze() });
        }
        Ok(Appended { base_offset, log_append_time_ms: -1 })
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
