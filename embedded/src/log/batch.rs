//! What a log asks of the batches it takes, and what it writes into them; their format is that of
//! [`crate::wire::records`].

use bytes::{BufMut, Bytes, BytesMut};
use kafka_protocol::ResponseError;

pub(crate) use crate::wire::records::{BadBatch, Batch, BatchHeader, HEADER, Records, place};

/// Base offset and length, which the length of a batch does not count.
const BEFORE_LENGTH: usize = 12;
const CRC_AT: usize = 17;
const CHECKED_FROM: usize = 21;
const ATTRIBUTES_AT: usize = 21;
const MAX_TIMESTAMP_AT: usize = 35;
const MAGIC_AT: usize = 16;
const COMPRESSION: i16 = 0x07;
const ZSTD: i16 = 4;
const LOG_APPEND_TIME: i16 = 0x08;
const DELETE_HORIZON: i16 = 0x40;
/// The version of Produce that may carry zstd (KIP-110).
const ZSTD_SINCE: i16 = 7;
/// How much a compressed batch may become: as much as may come in one request.
const LARGEST_OPENED: usize = 100 * 1024 * 1024;

impl BatchHeader {
    /// Returns the sequence of the last record; after the largest comes 0.
    pub(crate) fn last_sequence(&self) -> i32 {
        match self.base_sequence.checked_add(self.last_offset_delta) {
            Some(last) => last,
            None => self.last_offset_delta - (i32::MAX - self.base_sequence) - 1,
        }
    }

    pub(crate) fn is_compressed(&self) -> bool {
        self.attributes & COMPRESSION != 0
    }

    /// Says whose timestamps the records have, and the largest.
    pub(super) fn set_timestamps(&mut self, is_log_append_time: bool, max_timestamp: i64) {
        self.attributes &= !LOG_APPEND_TIME;
        if is_log_append_time {
            self.attributes |= LOG_APPEND_TIME;
        }
        self.max_timestamp = max_timestamp;
    }

    /// Returns when the tombstones or the marker in this batch may be forgotten, if it was compacted once
    /// (KIP-534).
    pub(super) fn delete_horizon(&self) -> Option<i64> {
        (self.attributes & DELETE_HORIZON != 0).then_some(self.base_timestamp)
    }

    /// Says when the tombstones or the marker in this batch may be forgotten. Timestamps count from there.
    pub(super) fn set_delete_horizon(&mut self, horizon: i64) {
        self.attributes |= DELETE_HORIZON;
        self.base_timestamp = horizon;
    }

    /// Says that the records are not compressed.
    pub(super) fn set_plain(&mut self) {
        self.attributes &= !COMPRESSION;
    }
}

/// Returns the one batch that a produce request of this version has for a partition.
pub(crate) fn only(mut records: Bytes, version: i16) -> Result<Batch, ResponseError> {
    match records.get(MAGIC_AT) {
        Some(2) => {}
        // No whole batch, or one of an older format, which no version in use may carry.
        None | Some(0 | 1) => return Err(ResponseError::InvalidRecord),
        Some(_) => return Err(ResponseError::CorruptMessage),
    }
    let batch = match Batch::read(&mut records) {
        Ok(Some(batch)) if records.is_empty() => batch,
        _ => return Err(ResponseError::InvalidRecord),
    };
    let header = &batch.header;
    if version < ZSTD_SINCE && header.attributes & COMPRESSION == ZSTD {
        return Err(ResponseError::UnsupportedCompressionType);
    }
    Ok(batch)
}

/// Checks what a log takes: no more than a client may write, whole.
pub(super) fn check(batch: &Batch) -> Result<(), ResponseError> {
    batch.check_crc().map_err(|_| ResponseError::CorruptMessage)?;
    let header = &batch.header;
    let has_sequence = header.producer_id < 0 || header.base_sequence >= 0;
    let has_records = header.record_count > 0 && header.last_offset_delta == header.record_count - 1;
    if header.base_offset != 0 || header.is_control() || !has_sequence || !has_records {
        return Err(ResponseError::InvalidRecord);
    }
    Ok(())
}

/// Opens a batch, decompressed if need be.
pub(super) fn open(batch: &Batch) -> Result<Records, ResponseError> {
    batch.records(LARGEST_OPENED).map_err(invalid)
}

/// Returns Kafka's error for records that cannot be read.
pub(super) fn invalid(bad: BadBatch) -> ResponseError {
    tracing::debug!(%bad, "a batch was refused");
    ResponseError::InvalidRecord
}

/// Writes a header, without a checksum; see [`seal`].
pub(super) fn write_header(out: &mut BytesMut, header: &BatchHeader) {
    out.put_i64(header.base_offset);
    out.put_i32((header.size - BEFORE_LENGTH) as i32);
    out.put_i32(header.leader_epoch);
    out.put_i8(2);
    out.put_u32(0);
    out.put_i16(header.attributes);
    out.put_i32(header.last_offset_delta);
    out.put_i64(header.base_timestamp);
    out.put_i64(header.max_timestamp);
    out.put_i64(header.producer_id);
    out.put_i16(header.producer_epoch);
    out.put_i32(header.base_sequence);
    out.put_i32(header.record_count);
}

/// Writes what the header says of timestamps, and the checksum.
pub(super) fn stamp(batch: &mut [u8], header: &BatchHeader) {
    batch[ATTRIBUTES_AT..ATTRIBUTES_AT + 2].copy_from_slice(&header.attributes.to_be_bytes());
    batch[MAX_TIMESTAMP_AT..MAX_TIMESTAMP_AT + 8].copy_from_slice(&header.max_timestamp.to_be_bytes());
    seal(batch);
}

/// Writes the checksum over what it covers.
pub(crate) fn seal(batch: &mut [u8]) {
    let crc = crc32c::crc32c(&batch[CHECKED_FROM..]);
    batch[CRC_AT..CHECKED_FROM].copy_from_slice(&crc.to_be_bytes());
}
