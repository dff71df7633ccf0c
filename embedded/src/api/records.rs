//! DeleteRecords: the beginning of a partition moves up.

use kafka_protocol::ResponseError;
use kafka_protocol::messages::delete_records_response::{
    DeleteRecordsPartitionResult, DeleteRecordsTopicResult,
};
use kafka_protocol::messages::{DeleteRecordsRequest, DeleteRecordsResponse, TopicName};

use super::Call;
use crate::security::acl::Operation;
use crate::state::State;
use crate::state::topics::is_internal;

/// Asks for the high watermark.
const TO_THE_END: i64 = -1;

pub(super) fn delete(
    state: &mut State,
    call: &Call<'_>,
    request: DeleteRecordsRequest,
) -> DeleteRecordsResponse {
    let topics = request.topics.into_iter().map(|topic| {
        let partitions = topic.partitions.iter().map(|asked| {
            let deleted = deleted(state, call, &topic.name, asked.partition_index, asked.offset);
            DeleteRecordsPartitionResult::default()
                .with_partition_index(asked.partition_index)
                .with_error_code(deleted.err().map_or(0, |error| error.code()))
                .with_low_watermark(deleted.unwrap_or(-1))
        });
        let partitions = partitions.collect();
        DeleteRecordsTopicResult::default().with_name(topic.name).with_partitions(partitions)
    });
    let topics = topics.collect();
    DeleteRecordsResponse::default().with_topics(topics)
}

/// Returns the first offset that is left.
fn deleted(
    state: &mut State,
    call: &Call<'_>,
    topic: &TopicName,
    partition: i32,
    before: i64,
) -> Result<i64, ResponseError> {
    call.check_topic(state, Operation::Delete, topic)?;
    if is_internal(topic) {
        return Err(ResponseError::InvalidTopicException);
    }
    let log = &mut state.led_mut(call.node, topic, partition)?.log;
    if !log.config().is_deleted {
        return Err(ResponseError::PolicyViolation);
    }
    let before = if before == TO_THE_END { log.end() } else { before };
    log.delete_before(before)?;
    Ok(log.start())
}
