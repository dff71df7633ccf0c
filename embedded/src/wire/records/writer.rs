//! Batches that are written here: the markers that end transactions, and what tests produce.

use bytes::{BufMut, Bytes, BytesMut};

use super::{CHECKED_FROM, CONTROL, CRC_AT, HEADER, LENGTH_AT, TRANSACTIONAL};
#[cfg(test)]
use super::{Codec, compression};

/// Builds a batch record by record. Its offsets begin at 0; see [`super::place`].
#[derive(Debug)]
pub(crate) struct BatchWriter {
    attributes: i16,
    producer_id: i64,
    producer_epoch: i16,
    base_sequence: i32,
    base_timestamp: Option<i64>,
    max_timestamp: i64,
    count: i32,
    records: BytesMut,
}

impl BatchWriter {
    /// Returns a batch without records, from a producer without an id.
    pub(crate) fn new() -> Self {
        Self {
            attributes: 0,
            producer_id: -1,
            producer_epoch: -1,
            base_sequence: -1,
            base_timestamp: None,
            max_timestamp: -1,
            count: 0,
            records: BytesMut::new(),
        }
    }

    /// The same batch from an idempotent producer.
    pub(crate) fn producer(mut self, id: i64, epoch: i16, base_sequence: i32) -> Self {
        (self.producer_id, self.producer_epoch, self.base_sequence) = (id, epoch, base_sequence);
        self
    }

    /// The same batch as part of a transaction.
    pub(crate) fn transactional(mut self) -> Self {
        self.attributes |= TRANSACTIONAL;
        self
    }

    /// Adds a record: its time in milliseconds since 1970, key, value and headers.
    pub(crate) fn record(
        mut self,
        timestamp: i64,
        key: Option<&[u8]>,
        value: Option<&[u8]>,
        headers: &[(&str, Option<&[u8]>)],
    ) -> Self {
        let base = *self.base_timestamp.get_or_insert(timestamp);
        self.max_timestamp = self.max_timestamp.max(timestamp);
        let mut body = BytesMut::new();
        body.put_i8(0);
        varint(&mut body, timestamp.wrapping_sub(base));
        varint(&mut body, self.count.into());
        nullable(&mut body, key);
        nullable(&mut body, value);
        varint(&mut body, headers.len() as i64);
        for (key, value) in headers {
            nullable(&mut body, Some(key.as_bytes()));
            nullable(&mut body, *value);
        }
        nullable(&mut self.records, Some(&body));
        self.count += 1;
        self
    }

    /// Returns the batch.
    pub(crate) fn build(self) -> Bytes {
        let mut out = BytesMut::with_capacity(HEADER + self.records.len());
        out.put_i64(0);
        out.put_i32((HEADER - LENGTH_AT - 4 + self.records.len()) as i32);
        out.put_i32(-1);
        out.put_i8(2);
        out.put_u32(0);
        out.put_i16(self.attributes);
        out.put_i32((self.count - 1).max(0));
        out.put_i64(self.base_timestamp.unwrap_or(-1));
        out.put_i64(self.max_timestamp);
        out.put_i64(self.producer_id);
        out.put_i16(self.producer_epoch);
        out.put_i32(self.base_sequence);
        out.put_i32(self.count);
        out.put_slice(&self.records);
        let crc = crc32c::crc32c(&out[CHECKED_FROM..]);
        out[CRC_AT..CHECKED_FROM].copy_from_slice(&crc.to_be_bytes());
        out.freeze()
    }

    /// Returns the batch with its records compressed.
    #[cfg(test)]
    pub(crate) fn compressed(self, codec: Codec) -> Bytes {
        let records = compression::compress(codec, &self.records);
        self.packed(codec, records)
    }

    /// Returns the batch with other bytes for its compressed records.
    #[cfg(test)]
    pub(crate) fn packed(mut self, codec: Codec, records: Vec<u8>) -> Bytes {
        self.attributes |= codec as i16;
        self.records = records[..].into();
        self.build()
    }
}

/// Returns the batch that ends a transaction in a partition, at offset 0.
///
/// `timestamp` is milliseconds since 1970, `coordinator_epoch` that of the transaction coordinator.
pub(crate) fn control_batch(
    producer_id: i64,
    producer_epoch: i16,
    is_commit: bool,
    timestamp: i64,
    coordinator_epoch: i32,
) -> Bytes {
    // The version, and 1 for commit and 0 for abort; the version, and the epoch.
    let key = [0, 0, 0, u8::from(is_commit)];
    let mut value = [0; 6];
    value[2..].copy_from_slice(&coordinator_epoch.to_be_bytes());
    let mut writer = BatchWriter::new().producer(producer_id, producer_epoch, -1).transactional();
    writer.attributes |= CONTROL;
    writer.record(timestamp, Some(&key), Some(&value), &[]).build()
}

/// Writes bytes behind their length, which is -1 for null.
fn nullable(out: &mut BytesMut, bytes: Option<&[u8]>) {
    varint(out, bytes.map_or(-1, |bytes| bytes.len() as i64));
    out.put_slice(bytes.unwrap_or_default());
}

fn varint(out: &mut BytesMut, value: i64) {
    let mut left = ((value << 1) ^ (value >> 63)) as u64;
    while left >= 0x80 {
        out.put_u8(left as u8 | 0x80);
        left >>= 7;
    }
    out.put_u8(left as u8);
}
