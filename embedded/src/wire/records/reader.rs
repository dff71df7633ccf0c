//! The records of one batch, one after the other.

use bytes::{Buf, Bytes};

use super::{BadBatch, BatchHeader};

/// The records of a batch in their order. After an error there are no more.
#[derive(Debug)]
pub(crate) struct Records {
    left: Bytes,
    count: i32,
    base_offset: i64,
    base_timestamp: i64,
    append_time: Option<i64>,
}

/// A record. Everything in it is a slice of the batch, or of what it was decompressed into.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Record {
    /// Its place in the partition.
    pub(crate) offset: i64,
    /// Milliseconds since 1970: when the producer made it, or when the broker took it.
    pub(crate) timestamp: i64,
    /// Its key, if it is not null.
    pub(crate) key: Option<Bytes>,
    /// Its value; null says that the key was deleted.
    pub(crate) value: Option<Bytes>,
    /// Its headers in their order.
    pub(crate) headers: Headers,
}

/// The headers of a record, which were checked when it was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Headers {
    left: Bytes,
    count: usize,
}

const CUT_OFF: BadBatch = BadBatch("a record is cut off");

impl Records {
    pub(super) fn new(header: &BatchHeader, bytes: Bytes) -> Result<Self, BadBatch> {
        if header.record_count < 0 {
            return Err(BadBatch("its number of records is negative"));
        }
        Ok(Self {
            left: bytes,
            count: header.record_count,
            base_offset: header.base_offset,
            base_timestamp: header.base_timestamp,
            append_time: header.is_append_time().then_some(header.max_timestamp),
        })
    }

    fn record(&mut self) -> Result<Record, BadBatch> {
        let size = usize::try_from(varint(&mut self.left)?).map_err(|_| CUT_OFF)?;
        if size > self.left.len() {
            return Err(CUT_OFF);
        }
        let mut body = self.left.split_to(size);
        // No bit of a record's attributes has a meaning.
        body.try_get_i8().map_err(|_| CUT_OFF)?;
        let timestamp = self.base_timestamp.wrapping_add(varlong(&mut body)?);
        let offset = self.base_offset.wrapping_add(varint(&mut body)?.into());
        let key = nullable(&mut body)?;
        let value = nullable(&mut body)?;
        let headers = Headers::read(body)?;
        Ok(Record { offset, timestamp: self.append_time.unwrap_or(timestamp), key, value, headers })
    }
}

impl Iterator for Records {
    type Item = Result<Record, BadBatch>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.count == 0 {
            let rest = !std::mem::take(&mut self.left).is_empty();
            return rest.then_some(Err(BadBatch("it has more records than it says")));
        }
        self.count -= 1;
        let record = self.record();
        if record.is_err() {
            self.count = 0;
            self.left.clear();
        }
        Some(record)
    }
}

impl Headers {
    /// Checks all headers, which are the rest of a record.
    fn read(mut body: Bytes) -> Result<Self, BadBatch> {
        let count = varint(&mut body)?;
        let count = usize::try_from(count).map_err(|_| BadBatch("its number of headers is negative"))?;
        let headers = Self { left: body.clone(), count };
        // Each takes two bytes at least, so that this ends with the record, whatever the count is.
        for _ in 0..count {
            header(&mut body)?;
        }
        if !body.is_empty() {
            return Err(BadBatch("a record is shorter than it says"));
        }
        Ok(headers)
    }
}

impl Iterator for Headers {
    type Item = (Bytes, Option<Bytes>);

    fn next(&mut self) -> Option<Self::Item> {
        self.count = self.count.checked_sub(1)?;
        header(&mut self.left).ok()
    }
}

/// Reads a header: its key, and its value if it is not null.
fn header(bytes: &mut Bytes) -> Result<(Bytes, Option<Bytes>), BadBatch> {
    let key = nullable(bytes)?.ok_or(BadBatch("the key of a header is null"))?;
    Ok((key, nullable(bytes)?))
}

/// Reads bytes behind their length; a negative one is null.
fn nullable(bytes: &mut Bytes) -> Result<Option<Bytes>, BadBatch> {
    match usize::try_from(varint(bytes)?) {
        Err(_) => Ok(None),
        Ok(length) if length <= bytes.len() => Ok(Some(bytes.split_to(length))),
        Ok(_) => Err(CUT_OFF),
    }
}

fn varint(bytes: &mut Bytes) -> Result<i32, BadBatch> {
    let value = unsigned(bytes, 5)? as u32;
    Ok((value >> 1) as i32 ^ -((value & 1) as i32))
}

fn varlong(bytes: &mut Bytes) -> Result<i64, BadBatch> {
    let value = unsigned(bytes, 10)?;
    Ok((value >> 1) as i64 ^ -((value & 1) as i64))
}

fn unsigned(bytes: &mut Bytes, longest: u32) -> Result<u64, BadBatch> {
    let mut value = 0;
    for place in 0..longest {
        let byte = bytes.try_get_u8().map_err(|_| CUT_OFF)?;
        value |= u64::from(byte & 0x7f) << (7 * place);
        if byte < 0x80 {
            return Ok(value);
        }
    }
    Err(BadBatch("a variable-length number is too long"))
}
