//! ListOffsets and OffsetForLeaderEpoch: where things are in a log.

use kafka_protocol::ResponseError;
use kafka_protocol::messages::list_offsets_request::ListOffsetsPartition;
use kafka_protocol::messages::list_offsets_response::{
    ListOffsetsPartitionResponse, ListOffsetsTopicResponse,
};
use kafka_protocol::messages::offset_for_leader_epoch_request::OffsetForLeaderPartition;
use kafka_protocol::messages::offset_for_leader_epoch_response::{
    EpochEndOffset, OffsetForLeaderTopicResult,
};
use kafka_protocol::messages::{
    ListOffsetsRequest, ListOffsetsResponse, OffsetForLeaderEpochRequest, OffsetForLeaderEpochResponse,
    TopicName,
};

use super::{Call, fetch};
use crate::log::search::Found;
use crate::security::acl::Operation;
use crate::state::State;

const LATEST: i64 = -1;
const EARLIEST: i64 = -2;
const MAX_TIMESTAMP: i64 = -3;
const EARLIEST_LOCAL: i64 = -4;
const LATEST_TIERED: i64 = -5;
const READ_COMMITTED: i8 = 1;

pub(super) fn list(state: &State, call: &Call<'_>, request: ListOffsetsRequest) -> ListOffsetsResponse {
    let is_committed = request.isolation_level == READ_COMMITTED;
    let topics = request.topics.into_iter().map(|topic| {
        let mut partitions = Vec::with_capacity(topic.partitions.len());
        for asked in &topic.partitions {
            let response =
                ListOffsetsPartitionResponse::default().with_partition_index(asked.partition_index);
            // What has no answer has -1 for all of them, which is no error.
            let nothing = Found { offset: -1, timestamp: -1, leader_epoch: -1 };
            let (error_code, found) = match find(state, call, &topic.name, asked, is_committed) {
                Ok(found) => (0, found.unwrap_or(nothing)),
                Err(error) => (error.code(), nothing),
            };
            let response = response
                .with_error_code(error_code)
                .with_timestamp(found.timestamp)
                .with_offset(found.offset);
            partitions.push(match call.version {
                4.. => response.with_leader_epoch(found.leader_epoch),
                _ => response,
            });
        }
        ListOffsetsTopicResponse::default().with_name(topic.name).with_partitions(partitions)
    });
    ListOffsetsResponse::default().with_topics(topics.collect())
}

fn find(
    state: &State,
    call: &Call<'_>,
    topic: &TopicName,
    asked: &ListOffsetsPartition,
    is_committed: bool,
) -> Result<Option<Found>, ResponseError> {
    // The version since which each is asked for (KIP-734, KIP-405, KIP-1005).
    let since = match asked.timestamp {
        MAX_TIMESTAMP => 7,
        EARLIEST_LOCAL => 8,
        LATEST_TIERED => 9,
        ..LATEST_TIERED => i16::MAX,
        _ => 0,
    };
    call.check_topic(state, Operation::Describe, topic)?;
    if call.version < since {
        return Err(ResponseError::UnsupportedVersion);
    }
    let partition = fetch::led(state, call.node, topic, asked.partition_index, asked.current_leader_epoch)?;
    let (log, leader_epoch) = (&partition.log, partition.leader_epoch);
    let end = if is_committed { log.last_stable() } else { log.end() };
    let found = match asked.timestamp {
        LATEST => return Ok(Some(Found { offset: end, timestamp: -1, leader_epoch })),
        EARLIEST | EARLIEST_LOCAL => {
            let leader_epoch = log.epoch_of_start(leader_epoch);
            return Ok(Some(Found { offset: log.start(), timestamp: -1, leader_epoch }));
        }
        // No record is in another tier.
        LATEST_TIERED => None,
        MAX_TIMESTAMP => log.at_max_time()?,
        timestamp => log.at_time(timestamp)?,
    };
    Ok(found.filter(|found| found.offset < end))
}

pub(super) fn for_leader_epoch(
    state: &State,
    call: &Call<'_>,
    request: OffsetForLeaderEpochRequest,
) -> OffsetForLeaderEpochResponse {
    let topics = request.topics.into_iter().map(|topic| {
        let partitions = topic.partitions.iter().map(|asked| end_of_epoch(state, call, &topic.topic, asked));
        let partitions = partitions.collect();
        OffsetForLeaderTopicResult::default().with_topic(topic.topic).with_partitions(partitions)
    });
    OffsetForLeaderEpochResponse::default().with_topics(topics.collect())
}

fn end_of_epoch(
    state: &State,
    call: &Call<'_>,
    topic: &TopicName,
    asked: &OffsetForLeaderPartition,
) -> EpochEndOffset {
    let response = EpochEndOffset::default().with_partition(asked.partition);
    let found = call
        .check_topic(state, Operation::Describe, topic)
        .and_then(|()| fetch::led(state, call.node, topic, asked.partition, asked.current_leader_epoch))
        .map(|partition| partition.log.end_of_epoch(asked.leader_epoch, partition.leader_epoch));
    let response = match found {
        Ok(found) => {
            let (epoch, end) = found.unwrap_or((-1, -1));
            return response.with_leader_epoch(epoch).with_end_offset(end);
        }
        Err(error) => response.with_error_code(error.code()),
    };
    response.with_leader_epoch(-1).with_end_offset(-1)
}
