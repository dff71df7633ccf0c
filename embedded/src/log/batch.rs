//! The header of a record batch, format 2, read and written by hand.

use bytes::{BufMut, Bytes, BytesMut};
use kafka_protocol::ResponseError;

/// The length of the header, records not included.
pub(crate) const HEADER: usize = 61;
/// Base offset and length, which the batch length does not count.
const BEFORE_LENGTH: usize = 12;
const CRC_AT: usize = 17;
const CRC_FROM: usize = 21;
const TRANSACTIONAL: i16 = 0x10;
const CONTROL: i16 = 0x20;
/// The length of the one record of a marker, its length included.
const MARKER_RECORD: usize = 17;

/// What the header of a batch says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct BatchHeader {
    pub(crate) base_offset: i64,
    /// The whole length, header included.
    pub(crate) length: usize,
    pub(crate) attributes: i16,
    pub(crate) last_offset_delta: i32,
    pub(crate) base_timestamp: i64,
    pub(crate) max_timestamp: i64,
    pub(crate) producer_id: i64,
    pub(crate) producer_epoch: i16,
    pub(crate) base_sequence: i32,
    pub(crate) records: i32,
}

impl BatchHeader {
    /// Reads and checks the batch at the start of `bytes`, its checksum included.
    pub(crate) fn read(bytes: &[u8]) -> Result<Self, ResponseError> {
        if bytes.len() < HEADER {
            return Err(ResponseError::CorruptMessage);
        }
        if bytes[16] != 2 {
            return Err(ResponseError::UnsupportedForMessageFormat);
        }
        let length = usize::try_from(int32(bytes, 8)).map_err(|_| ResponseError::CorruptMessage)?;
        let length = length + BEFORE_LENGTH;
        if length < HEADER || length > bytes.len() {
            return Err(ResponseError::CorruptMessage);
        }
        if crc32c::crc32c(&bytes[CRC_FROM..length]) != int32(bytes, CRC_AT) as u32 {
            return Err(ResponseError::CorruptMessage);
        }
        let header = Self {
            base_offset: int64(bytes, 0),
            length,
            attributes: int16(bytes, 21),
            last_offset_delta: int32(bytes, 23),
            base_timestamp: int64(bytes, 27),
            max_timestamp: int64(bytes, 35),
            producer_id: int64(bytes, 43),
            producer_epoch: int16(bytes, 51),
            base_sequence: int32(bytes, 53),
            records: int32(bytes, 57),
        };
        let counts = header.last_offset_delta.checked_add(1);
        if header.records < 1 || counts != Some(header.records) {
            return Err(ResponseError::InvalidRecord);
        }
        Ok(header)
    }

    pub(crate) fn is_transactional(&self) -> bool {
        self.attributes & TRANSACTIONAL != 0
    }

    pub(crate) fn is_control(&self) -> bool {
        self.attributes & CONTROL != 0
    }

    pub(crate) fn last_offset(&self) -> i64 {
        self.base_offset + i64::from(self.last_offset_delta)
    }

    /// Returns the sequence of the last record; after the largest comes 0.
    pub(crate) fn last_sequence(&self) -> i32 {
        match self.base_sequence.checked_add(self.last_offset_delta) {
            Some(last) => last,
            None => self.last_offset_delta - (i32::MAX - self.base_sequence) - 1,
        }
    }
}

/// Writes where a batch lies in the log: neither field is part of the checksum.
pub(crate) fn place(batch: &mut [u8], base_offset: i64, leader_epoch: i32) {
    batch[..8].copy_from_slice(&base_offset.to_be_bytes());
    batch[12..16].copy_from_slice(&leader_epoch.to_be_bytes());
}

/// Returns the one batch that a produce request has for a partition.
pub(crate) fn only(records: Bytes) -> Result<(BatchHeader, Bytes), ResponseError> {
    if records.is_empty() {
        return Err(ResponseError::InvalidRecord);
    }
    let header = BatchHeader::read(&records)?;
    if header.length < records.len() || header.base_offset != 0 || header.is_control() {
        return Err(ResponseError::InvalidRecord);
    }
    if header.producer_id >= 0 && header.base_sequence < 0 {
        return Err(ResponseError::InvalidRecord);
    }
    Ok((header, records))
}

/// Returns the control batch that ends a transaction: one record, whose key says commit or abort.
pub(crate) fn marker(producer_id: i64, producer_epoch: i16, commit: bool, now_ms: i64) -> BytesMut {
    let mut batch = BytesMut::with_capacity(HEADER + 20);
    batch.put_i64(0);
    batch.put_i32((HEADER - BEFORE_LENGTH + MARKER_RECORD) as i32);
    batch.put_i32(-1);
    batch.put_i8(2);
    batch.put_u32(0);
    batch.put_i16(TRANSACTIONAL | CONTROL);
    batch.put_i32(0);
    batch.put_i64(now_ms);
    batch.put_i64(now_ms);
    batch.put_i64(producer_id);
    batch.put_i16(producer_epoch);
    batch.put_i32(-1);
    batch.put_i32(1);
    // Varints are zigzag: the length of the record, then attributes and two deltas of 0.
    batch.put_slice(&[2 * (MARKER_RECORD as u8 - 1), 0, 0, 0]);
    // The key: version 0, and 0 for abort or 1 for commit.
    batch.put_slice(&[2 * 4, 0, 0, 0, u8::from(commit)]);
    // The value: version 0, epoch 0 of the coordinator; no headers.
    batch.put_slice(&[2 * 6, 0, 0, 0, 0, 0, 0, 0]);
    seal(&mut batch);
    batch
}

/// Writes the checksum over what it covers.
pub(crate) fn seal(batch: &mut [u8]) {
    let crc = crc32c::crc32c(&batch[CRC_FROM..]);
    batch[CRC_AT..CRC_FROM].copy_from_slice(&crc.to_be_bytes());
}

fn int16(bytes: &[u8], at: usize) -> i16 {
    i16::from_be_bytes(array(bytes, at))
}

fn int32(bytes: &[u8], at: usize) -> i32 {
    i32::from_be_bytes(array(bytes, at))
}

fn int64(bytes: &[u8], at: usize) -> i64 {
    i64::from_be_bytes(array(bytes, at))
}

/// Copies `N` bytes; the caller has checked the length of the header.
fn array<const N: usize>(bytes: &[u8], at: usize) -> [u8; N] {
    let mut array = [0; N];
    array.copy_from_slice(&bytes[at..at + N]);
    array
}
