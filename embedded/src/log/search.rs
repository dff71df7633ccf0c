//! Offsets by time: exact to the record.

use kafka_protocol::ResponseError;

use super::Log;
use super::batch::{self, Batch};
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
            for batch in batches(segment)? {
                if batch.header.max_timestamp < timestamp || batch.header.last_offset() < self.start {
                    continue;
                }
                let wanted = |at: i64, offset: i64| at >= timestamp && offset >= self.start;
                if let Some(found) = first_record(&batch, wanted)? {
                    return Ok(Some(found));
                }
            }
        }
        Ok(None)
    }

    /// Returns the first record with the largest timestamp; none in an empty log.
    pub(crate) fn at_max_time(&self) -> Result<Option<Found>, ResponseError> {
        let mut largest: Option<Batch> = None;
        for segment in &self.segments {
            if largest.as_ref().is_some_and(|batch| batch.header.max_timestamp >= segment.max_timestamp()) {
                continue;
            }
            for batch in batches(segment)? {
                let timestamp = batch.header.max_timestamp;
                let is_larger = largest.as_ref().is_none_or(|before| timestamp > before.header.max_timestamp);
                if is_larger && batch.header.last_offset() >= self.start {
                    largest = Some(batch);
                }
            }
        }
        let Some(batch) = largest else { return Ok(None) };
        first_record(&batch, |at, _| at == batch.header.max_timestamp)
    }
}

fn first_record(batch: &Batch, wanted: impl Fn(i64, i64) -> bool) -> Result<Option<Found>, ResponseError> {
    for record in batch::open(batch)? {
        let record = record.map_err(batch::invalid)?;
        if wanted(record.timestamp, record.offset) {
            let (offset, timestamp) = (record.offset, record.timestamp);
            return Ok(Some(Found { offset, timestamp, leader_epoch: batch.header.leader_epoch }));
        }
    }
    Ok(None)
}

/// Returns the batches of a segment.
pub(super) fn batches(segment: &Segment) -> Result<impl Iterator<Item = Batch> + use<>, ResponseError> {
    let mut bytes = segment.read(segment.whole()).map_err(|error| {
        tracing::error!(%error, "spilled records could not be read back");
        ResponseError::KafkaStorageError
    })?;
    Ok(std::iter::from_fn(move || Batch::read(&mut bytes).ok().flatten()))
}
