//! Record batches of format 2 (KIP-98), read without trusting any number in them.
//!
//! The codec's own reader reserves what `record_count` says, opens compressed batches without a bound and loses
//! headers with the same key; so batches are read here. [`Batch::read`] looks at the header alone;
//! [`Batch::records`] opens the batch, at the cost of a budget that the caller sets.

use std::fmt;

use bytes::{Buf, Bytes};

mod compression;
mod reader;
mod writer;

pub(crate) use compression::Codec;
pub(crate) use reader::{Record, Records};
pub(crate) use writer::{control_batch, write_record};
#[cfg(test)]
pub(crate) use {reader::Headers, writer::BatchWriter};

/// The bytes of a batch before its first record.
pub(crate) const HEADER: usize = 61;

/// Where the base offset and the leader epoch stand, which a broker sets, and where the checksum begins to count.
const LENGTH_AT: usize = 8;
const LEADER_EPOCH_AT: usize = 12;
const CRC_AT: usize = 17;
const CHECKED_FROM: usize = 21;

const TIMESTAMP_TYPE: i16 = 0x08;
const TRANSACTIONAL: i16 = 0x10;
const CONTROL: i16 = 0x20;

/// What stands before the records of a batch. Times are milliseconds since 1970.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct BatchHeader {
    /// The offset of the first record.
    pub(crate) base_offset: i64,
    /// How many bytes the whole batch takes, with this header.
    pub(crate) size: usize,
    /// The epoch of the leader that took the batch; not covered by the checksum.
    pub(crate) leader_epoch: i32,
    /// CRC-32C of everything from the attributes on.
    pub(crate) crc: u32,
    /// The bits below, and the number of the codec in the lowest three.
    pub(crate) attributes: i16,
    /// The offset of the last record, counted from the base offset.
    pub(crate) last_offset_delta: i32,
    /// The time of the first record, from which the others count.
    pub(crate) base_timestamp: i64,
    /// The latest time of a record.
    pub(crate) max_timestamp: i64,
    /// The idempotent or transactional producer, -1 for none.
    pub(crate) producer_id: i64,
    /// Its epoch, -1 for none.
    pub(crate) producer_epoch: i16,
    /// The sequence number of the first record, -1 for none.
    pub(crate) base_sequence: i32,
    /// How many records there are, as the producer says.
    pub(crate) record_count: i32,
}

impl BatchHeader {
    /// The offset of the last record.
    pub(crate) fn last_offset(&self) -> i64 {
        self.base_offset.wrapping_add(self.last_offset_delta.into())
    }

    /// Whether the batch belongs to a transaction.
    pub(crate) fn is_transactional(&self) -> bool {
        self.attributes & TRANSACTIONAL != 0
    }

    /// Whether the batch ends a transaction, instead of holding records of producers.
    pub(crate) fn is_control(&self) -> bool {
        self.attributes & CONTROL != 0
    }

    /// Whether the broker's time, `max_timestamp`, stands for the time of each record.
    pub(crate) fn is_append_time(&self) -> bool {
        self.attributes & TIMESTAMP_TYPE != 0
    }

    /// How the records are compressed.
    pub(crate) fn codec(&self) -> Result<Codec, BadBatch> {
        Codec::of(self.attributes).ok_or(BadBatch("its codec is unknown"))
    }
}

/// What is wrong with a batch. Kafka answers `CORRUPT_MESSAGE` or `INVALID_RECORD`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct BadBatch(pub(crate) &'static str);

impl fmt::Display for BadBatch {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "a record batch could not be read: {}", self.0)
    }
}

impl std::error::Error for BadBatch {}

/// A batch as it stands on the wire and in the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Batch {
    /// What it says of itself.
    pub(crate) header: BatchHeader,
    /// All of it: a slice of what it was read from.
    pub(crate) bytes: Bytes,
}

impl Batch {
    /// Takes the first batch off some bytes, or returns none when nothing is left.
    ///
    /// Neither the checksum nor the records are looked at.
    pub(crate) fn read(bytes: &mut Bytes) -> Result<Option<Self>, BadBatch> {
        if bytes.is_empty() {
            return Ok(None);
        }
        let header = header(bytes)?;
        Ok(Some(Self { header, bytes: bytes.split_to(header.size) }))
    }

    /// Compares the checksum.
    pub(crate) fn check_crc(&self) -> Result<(), BadBatch> {
        if crc32c::crc32c(&self.bytes[CHECKED_FROM..]) == self.header.crc {
            return Ok(());
        }
        Err(BadBatch("its checksum does not match"))
    }

    /// Opens the batch. Compressed records may take `budget` bytes when they are decompressed; on the way
    /// there, twice that and 24 MiB of buffers of the decompressors are held at most.
    pub(crate) fn records(&self, budget: usize) -> Result<Records, BadBatch> {
        let compressed = self.bytes.slice(HEADER..);
        let bytes = compression::decompress(self.header.codec()?, compressed, budget)?;
        Records::new(&self.header, bytes)
    }
}

/// Reads the header of the batch that some bytes begin with.
fn header(bytes: &[u8]) -> Result<BatchHeader, BadBatch> {
    if bytes.len() < HEADER {
        return Err(BadBatch("its header is cut off"));
    }
    let available = bytes.len();
    let mut left = bytes;
    let base_offset = left.get_i64();
    let size = usize::try_from(left.get_i32()).ok().and_then(|length| length.checked_add(LEADER_EPOCH_AT));
    let size = size.filter(|size| *size >= HEADER).ok_or(BadBatch("its length is impossible"))?;
    let leader_epoch = left.get_i32();
    if left.get_i8() != 2 {
        return Err(BadBatch("its format is not version 2"));
    }
    if size > available {
        return Err(BadBatch("it is cut off"));
    }
    Ok(BatchHeader {
        base_offset,
        size,
        leader_epoch,
        crc: left.get_u32(),
        attributes: left.get_i16(),
        last_offset_delta: left.get_i32(),
        base_timestamp: left.get_i64(),
        max_timestamp: left.get_i64(),
        producer_id: left.get_i64(),
        producer_epoch: left.get_i16(),
        base_sequence: left.get_i32(),
        record_count: left.get_i32(),
    })
}

/// Sets in the bytes of a batch what the broker that takes it decides; the checksum does not cover it.
pub(crate) fn place(batch: &mut [u8], base_offset: i64, leader_epoch: i32) {
    batch[..LENGTH_AT].copy_from_slice(&base_offset.to_be_bytes());
    batch[LEADER_EPOCH_AT..LEADER_EPOCH_AT + 4].copy_from_slice(&leader_epoch.to_be_bytes());
}

#[cfg(test)]
mod tests;
