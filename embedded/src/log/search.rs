//! Offsets by time: exact to the record.

use bytes::Bytes;
use kafka_protocol::ResponseError;

use super::Log;
use super::batch::{BatchHeader, HEADER};
use super::records::{self, Records};
use super::segment::Segment;

/// A record that was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Found {
    pub(crate) offset: i64,
    /// Milliseconds since 1970.
    pub(crate) timestamp: i64,
    pub(crate) leader_epoch: i32,
}

impl Log {
    /// Returns the first record whose timestamp is not before this one, in milliseconds since 1970.
    pub(crate) fn at_time(&self, timestamp: i64) -> Result<Option<Found>, ResponseError> {
        for segment in self.segments.iter().filter(|segment| segment.max_timestamp() >= timestamp) {
            for (header, batch) in batches(segment)? {
                if header.max_timestamp < timestamp || header.last_offset() < self.start {
                    continue;
                }
                let wanted = |at: i64, offset: i64| at >= timestamp && offset >= self.start;
                if let Some(found) = first_record(&header, &batch, wanted)? {
                    return Ok(Some(found));
                }
            }
        }
        Ok(None)
    }

    /// Returns the first record with the largest timestamp; none in an empty log.
    pub(crate) fn at_max_time(&self) -> Result<Option<Found>, ResponseError> {
        let mut largest: Option<(BatchHeader, Bytes)> = None;
        for segment in &self.segments {
            if largest.as_ref().is_some_and(|(header, _)| header.max_timestamp >= segment.max_timestamp()) {
                continue;
            }
            for (header, batch) in batches(segment)? {
                let is_larger =
                    largest.as_ref().is_none_or(|(before, _)| header.max_timestamp > before.max_timestamp);
                if is_larger && header.last_offset() >= self.start {
                    largest = Some((header, batch));
                }
            }
        }
        let Some((header, batch)) = largest else { return Ok(None) };
        first_record(&header, &batch, |at, _| at == header.max_timestamp)
    }
}

fn first_record(
    header: &BatchHeader,
    batch: &[u8],
    wanted: impl Fn(i64, i64) -> bool,
) -> Result<Option<Found>, ResponseError> {
    let opened = records::open(header, batch)?;
    for record in Records::new(header, &opened) {
        let record = record?;
        if wanted(record.timestamp, record.offset) {
            let (offset, timestamp) = (record.offset, record.timestamp);
            return Ok(Some(Found { offset, timestamp, leader_epoch: header.leader_epoch }));
        }
    }
    Ok(None)
}

/// Returns the batches of a segment, with their headers.
pub(super) fn batches(
    segment: &Segment,
) -> Result<impl Iterator<Item = (BatchHeader, Bytes)> + use<>, ResponseError> {
    let mut bytes = segment.read(segment.whole()).map_err(|error| {
        tracing::error!(%error, "spilled records could not be read back");
        ResponseError::KafkaStorageError
    })?;
    Ok(std::iter::from_fn(move || {
        let header = (bytes.len() >= HEADER).then(|| BatchHeader::peek(&bytes))?;
        Some((header, bytes.split_to(header.length)))
    }))
}
