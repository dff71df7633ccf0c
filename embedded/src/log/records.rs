//! The records inside a batch, read by hand: as they came, in order, nothing copied.

use std::borrow::Cow;

use kafka_protocol::ResponseError;

use super::batch::{BatchHeader, HEADER};

/// One record of a batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Record<'a> {
    pub(super) offset: i64,
    /// Milliseconds since 1970.
    pub(super) timestamp: i64,
    pub(super) key: Option<&'a [u8]>,
    pub(super) has_value: bool,
    /// From the key's length to the last header.
    content: &'a [u8],
}

/// Returns the records of a batch as bytes, decompressed where they are compressed.
pub(super) fn open<'a>(header: &BatchHeader, batch: &'a [u8]) -> Result<Cow<'a, [u8]>, ResponseError> {
    if header.is_compressed() {
        // The seam of `wire`: its bounded decompression goes here.
        return Err(ResponseError::UnsupportedCompressionType);
    }
    Ok(Cow::Borrowed(&batch[HEADER..header.length]))
}

/// Reads the records of a batch that was opened; ends with an error where they are not what the header says.
pub(super) struct Records<'a> {
    header: &'a BatchHeader,
    bytes: &'a [u8],
    left: i32,
}

impl<'a> Records<'a> {
    pub(super) fn new(header: &'a BatchHeader, bytes: &'a [u8]) -> Self {
        Self { header, bytes, left: header.records }
    }

    fn record(&mut self) -> Option<Record<'a>> {
        let length = usize::try_from(varint(&mut self.bytes)?).ok()?;
        let (mut record, rest) = self.bytes.split_at_checked(length)?;
        self.bytes = rest;
        let _attributes = take(&mut record, 1)?;
        let timestamp_delta = varint(&mut record)?;
        let offset = self.header.base_offset + i64::from(i32::try_from(varint(&mut record)?).ok()?);
        let timestamp = match self.header.is_log_append_time() {
            true => self.header.max_timestamp,
            false => self.header.base_timestamp.wrapping_add(timestamp_delta),
        };
        let content = record;
        let key = field(&mut record)?;
        let has_value = field(&mut record)?.is_some();
        for _ in 0..usize::try_from(varint(&mut record)?).ok()? {
            field(&mut record)??;
            field(&mut record)?;
        }
        record.is_empty().then_some(Record { offset, timestamp, key, has_value, content })
    }
}

impl<'a> Iterator for Records<'a> {
    type Item = Result<Record<'a>, ResponseError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.left == 0 {
            // Kafka refuses a batch that has more than its header says.
            let is_end = std::mem::take(&mut self.bytes).is_empty();
            return (!is_end).then_some(Err(ResponseError::InvalidRecord));
        }
        self.left -= 1;
        let record = self.record().ok_or(ResponseError::InvalidRecord);
        if record.is_err() {
            (self.left, self.bytes) = (0, &[]);
        }
        Some(record)
    }
}

impl Record<'_> {
    /// Writes the record for a batch whose offsets and timestamps count from these.
    pub(super) fn write(&self, to: &mut Vec<u8>, base_offset: i64, base_timestamp: i64) {
        let mut head = vec![0];
        put_varint(&mut head, self.timestamp.wrapping_sub(base_timestamp));
        put_varint(&mut head, self.offset - base_offset);
        put_varint(to, (head.len() + self.content.len()) as i64);
        to.extend_from_slice(&head);
        to.extend_from_slice(self.content);
    }
}

/// Takes a length and as many bytes; the length -1 says null.
fn field<'a>(bytes: &mut &'a [u8]) -> Option<Option<&'a [u8]>> {
    match varint(bytes)? {
        -1 => Some(None),
        length => take(bytes, usize::try_from(length).ok()?).map(Some),
    }
}

fn take<'a>(bytes: &mut &'a [u8], length: usize) -> Option<&'a [u8]> {
    let (taken, rest) = bytes.split_at_checked(length)?;
    *bytes = rest;
    Some(taken)
}

/// Takes a zigzag varint of at most ten bytes.
fn varint(bytes: &mut &[u8]) -> Option<i64> {
    let mut value = 0_u64;
    for shift in (0..70).step_by(7) {
        let (byte, rest) = bytes.split_first()?;
        *bytes = rest;
        value |= u64::from(byte & 0x7f).checked_shl(shift).unwrap_or(0);
        if byte & 0x80 == 0 {
            return Some((value >> 1) as i64 ^ -((value & 1) as i64));
        }
    }
    None
}

fn put_varint(to: &mut Vec<u8>, value: i64) {
    let mut left = ((value << 1) ^ (value >> 63)) as u64;
    while left >= 0x80 {
        to.push(left as u8 | 0x80);
        left >>= 7;
    }
    to.push(left as u8);
}
