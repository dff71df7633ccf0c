//! What Kafka asks of a batch before a log takes it, and what it changes in it (`LogValidator`).

use std::fmt;

use kafka_protocol::ResponseError;

use super::batch::{self, Batch};
use super::config::LogConfig;
use crate::state::Now;

const NO_TIMESTAMP: i64 = -1;

/// Why a batch was not appended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Refused {
    pub(crate) error: ResponseError,
    /// Where Kafka gives none, none.
    pub(crate) reason: Option<String>,
    /// The records that were wrong: their places in the batch, and why.
    pub(crate) records: Vec<(i32, String)>,
}

impl From<ResponseError> for Refused {
    fn from(error: ResponseError) -> Self {
        Self { error, reason: None, records: Vec::new() }
    }
}

impl Refused {
    pub(crate) fn because(error: ResponseError, reason: impl fmt::Display) -> Self {
        Self { error, reason: Some(reason.to_string()), records: Vec::new() }
    }
}

/// Checks a batch against its topic's configuration, and changes its header to what the log shall say; returns
/// whether it was changed.
pub(super) fn validate(config: &LogConfig, batch: &mut Batch, now: Now) -> Result<bool, Refused> {
    let header = &batch.header;
    if header.size > config.max_message_bytes {
        return Err(ResponseError::MessageTooLarge.into());
    }
    let mut max_timestamp = header.max_timestamp;
    // A compressed batch is opened only where something depends on its records.
    let needs_each = config.is_compacted || config.timestamp_before_max_ms != i64::MAX;
    let may_be_late = !config.is_log_append_time && max_timestamp > latest(config, now);
    if needs_each || may_be_late || !header.is_compressed() {
        max_timestamp = check_records(config, batch, now)?;
    }
    if header.size > config.segment_bytes {
        return Err(ResponseError::RecordListTooLarge.into());
    }
    let before = (header.attributes, header.max_timestamp);
    if config.is_log_append_time {
        max_timestamp = now.wall_ms;
    }
    batch.header.set_timestamps(config.is_log_append_time, max_timestamp);
    Ok(before != (batch.header.attributes, batch.header.max_timestamp))
}

/// Returns the largest timestamp of the records, each of which was checked.
fn check_records(config: &LogConfig, batch: &Batch, now: Now) -> Result<i64, Refused> {
    let earliest = now.wall_ms.saturating_sub(config.timestamp_before_max_ms);
    let latest = latest(config, now);
    let mut max_timestamp = NO_TIMESTAMP;
    let mut wrong = Vec::new();
    let mut error = ResponseError::InvalidRecord;
    for (index, record) in (0..).zip(batch::open(batch)?) {
        let record = record.map_err(batch::invalid)?;
        max_timestamp = max_timestamp.max(record.timestamp);
        if config.is_compacted && record.key.is_none() {
            wrong.push((index, "a compacted topic takes no record without a key".to_owned()));
        } else if config.is_log_append_time {
            if batch.header.is_append_time() {
                error = ResponseError::InvalidTimestamp;
                wrong.push((index, "a producer sets no log append time".to_owned()));
            }
        } else if record.timestamp != NO_TIMESTAMP && !(earliest..=latest).contains(&record.timestamp) {
            error = ResponseError::InvalidTimestamp;
            let timestamp = record.timestamp;
            wrong.push((
                index,
                format!("timestamp `{timestamp}` was not between `{earliest}` and `{latest}`"),
            ));
        }
    }
    if wrong.is_empty() {
        return Ok(max_timestamp);
    }
    let reason =
        format!("{} of {} records were refused: {}", wrong.len(), batch.header.record_count, wrong[0].1);
    Err(Refused { error, reason: Some(reason), records: wrong })
}

fn latest(config: &LogConfig, now: Now) -> i64 {
    now.wall_ms.saturating_add(config.timestamp_after_max_ms)
}
