//! The header of a record batch, format 2, read and written by hand.

use bytes::Bytes;
use kafka_protocol::ResponseError;

/// The length of the header, records not included.
pub(crate) const HEADER: usize = 61;
/// Base offset and length, which the batch length does not count.
const BEFORE_LENGTH: usize = 12;
const CRC_FROM: usize = 21;

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
        if crc32c::crc32c(&bytes[CRC_FROM..length]) != int32(bytes, 17) as u32 {
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
        self.attributes & 0x10 != 0
    }

    pub(crate) fn is_control(&self) -> bool {
        self.attributes & 0x20 != 0
    }

    pub(crate) fn last_offset(&self) -> i64 {
        self.base_offset + i64::from(self.last_offset_delta)
    }
}

/// Writes where a batch lies in the log: neither field is part of the checksum.
pub(crate) fn place(batch: &mut [u8], base_offset: i64, leader_epoch: i32) {
    batch[..8].copy_from_slice(&base_offset.to_be_bytes());
    batch[12..16].copy_from_slice(&leader_epoch.to_be_bytes());
}

/// Splits the records of a produce request into batches.
pub(crate) fn split(mut records: Bytes) -> Result<Vec<(BatchHeader, Bytes)>, ResponseError> {
    let mut batches = Vec::with_capacity(1);
    while !records.is_empty() {
        let header = BatchHeader::read(&records)?;
        batches.push((header, records.split_to(header.length)));
    }
    Ok(batches)
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
