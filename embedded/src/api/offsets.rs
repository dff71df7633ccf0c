//! ListOffsets and OffsetForLeaderEpoch: where things are in a log.

use kafka_protocol::ResponseError;
use kafka_protocol::messages::list_offsets_request::ListOffsetsPartition;
use kafka_protocol::messages::list_offsets_response::{
    ListOffsetsPartitionResponse, ListOffsetsTopicResponse,
};
use kafka_protocol::messages::offset_for_leader_epoch_response::{
    EpochEndOffset, OffsetForLeaderTopicResult,
};
use kafka_protocol::messages::{
    ListOffsetsRequest, ListOffsetsResponse, OffsetForLeaderEpochRequest, OffsetForLeaderEpochResponse,
    TopicName,
};

use super::Call;
use crate::state::State;

const LATEST: i64 = -1;
const EARLIEST: i64 = -2;
const READ_COMMITTED: i8 = 1;

pub(super) fn list(state: &State, call: &Call<'_>, request: ListOffsetsRequest) -> ListOffsetsResponse {
    let isolation = request.isolation_level;
    let topics = request.topics.into_iter().map(|topic| {
        let partitions =
            topic.partitions.iter().map(|asked| listed(state, call, &topic.name, asked, isolation));
        let partitions = partitions.collect();
        ListOffsetsTopicResponse::default().with_name(topic.name).with_partitions(partitions)
    });
    ListOffsetsResponse::default().with_topics(topics.collect())
}

fn listed(
    state: &State,
    call: &Call<'_>,
    topic: &TopicName,
    asked: &ListOffsetsPartition,
    isolation: i8,
) -> ListOffsetsPartitionResponse {
    let response = ListOffsetsPartitionResponse::default()
        .with_partition_index(asked.partition_index)
        .with_timestamp(-1)
        .with_offset(-1);
    let found = state.led(call.node, topic, asked.partition_index).and_then(|partition| {
        let offset = match asked.timestamp {
            LATEST if isolation == READ_COMMITTED => partition.log.last_stable(),
            LATEST => partition.log.end(),
            EARLIEST => partition.log.start(),
            _ => return Err(ResponseError::UnsupportedVersion),
        };
        Ok((offset, partition.leader_epoch))
    });
    match found {
        Ok((offset, epoch)) if call.version >= 4 => response.with_offset(offset).with_leader_epoch(epoch),
        Ok((offset, _)) => response.with_offset(offset),
        Err(error) => response.with_error_code(error.code()),
    }
}

pub(super) fn for_leader_epoch(
    state: &State,
    call: &Call<'_>,
    request: OffsetForLeaderEpochRequest,
) -> OffsetForLeaderEpochResponse {
    let topics = request.topics.into_iter().map(|topic| {
        let partitions = topic.partitions.iter().map(|asked| {
            let result = EpochEndOffset::default().with_partition(asked.partition);
            match state.led(call.node, &topic.topic, asked.partition) {
                Ok(partition) if asked.leader_epoch > partition.leader_epoch => {
                    result.with_leader_epoch(-1).with_end_offset(-1)
                }
                Ok(partition) => {
                    result.with_leader_epoch(partition.leader_epoch).with_end_offset(partition.log.end())
                }
                Err(error) => result.with_error_code(error.code()),
            }
        });
        let partitions = partitions.collect();
        OffsetForLeaderTopicResult::default().with_topic(topic.topic).with_partitions(partitions)
    });
    OffsetForLeaderEpochResponse::default().with_topics(topics.collect())
}
