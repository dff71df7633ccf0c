//! Produce: records into logs.

use kafka_protocol::ResponseError;
use kafka_protocol::messages::produce_request::PartitionProduceData;
use kafka_protocol::messages::produce_response::{
    LeaderIdAndEpoch, PartitionProduceResponse, TopicProduceResponse,
};
use kafka_protocol::messages::{BrokerId, ProduceRequest, ProduceResponse, TopicName};

use super::{Call, Reply, fetch};
use crate::log::batch;
use crate::state::State;

pub(super) fn handle(state: &mut State, call: &Call<'_>, request: ProduceRequest) -> Reply {
    let acks = request.acks;
    let mut failed = false;
    let mut responses = Vec::with_capacity(request.topic_data.len());
    for topic in request.topic_data {
        let mut partitions = Vec::with_capacity(topic.partition_data.len());
        for data in topic.partition_data {
            let response = append(state, call, &topic.name, data, acks);
            failed |= response.error_code != 0;
            partitions.push(response);
        }
        responses
            .push(TopicProduceResponse::default().with_name(topic.name).with_partition_responses(partitions));
    }
    match acks {
        // A producer that wants no answer learns of a failure by the end of its connection, as in Kafka.
        0 if failed => Reply::Close("a produce request without acknowledgement failed"),
        0 => Reply::Nothing,
        _ => ProduceResponse::default().with_responses(responses).into(),
    }
}

fn append(
    state: &mut State,
    call: &Call<'_>,
    topic: &TopicName,
    data: PartitionProduceData,
    acks: i16,
) -> PartitionProduceResponse {
    let response = PartitionProduceResponse::default().with_index(data.index);
    let appended = match acks {
        -1..=1 => state.led_mut(call.node, topic, data.index),
        _ => Err(ResponseError::InvalidRequiredAcks),
    }
    .and_then(|partition| {
        let before = partition.log.end();
        let (batch, bytes) = batch::only(data.records.unwrap_or_default())?;
        if batch.is_transactional() && !partition.log.has_transaction(batch.producer_id) {
            // The seam of `transactions`: whether the coordinator knows this partition in an open transaction.
        }
        let appended = partition.log.append(batch, bytes, partition.leader_epoch)?;
        let waiting = match partition.log.end() > before {
            true => std::mem::take(&mut partition.waiting),
            false => Vec::new(),
        };
        Ok((appended, partition.log.start(), waiting))
    });
    match appended {
        Ok((appended, log_start, waiting)) => {
            fetch::wake(state, call.now, waiting);
            response
                .with_base_offset(appended.base_offset)
                .with_log_append_time_ms(appended.log_append_time_ms)
                .with_log_start_offset(log_start)
        }
        Err(error) => {
            let response = response
                .with_error_code(error.code())
                .with_base_offset(-1)
                .with_log_append_time_ms(-1)
                .with_log_start_offset(-1);
            match current_leader(state, topic, data.index) {
                Some(leader) if call.version >= 10 && error == ResponseError::NotLeaderOrFollower => {
                    response.with_current_leader(leader)
                }
                _ => response,
            }
        }
    }
}

fn current_leader(state: &State, topic: &TopicName, partition: i32) -> Option<LeaderIdAndEpoch> {
    let partition = state.topics.get(topic)?.partition(partition)?;
    let leader = BrokerId(partition.leader?);
    Some(LeaderIdAndEpoch::default().with_leader_id(leader).with_leader_epoch(partition.leader_epoch))
}
