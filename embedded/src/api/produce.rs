//! Produce: records into logs.

use kafka_protocol::ResponseError;
use kafka_protocol::messages::produce_request::PartitionProduceData;
use kafka_protocol::messages::produce_response::{
    LeaderIdAndEpoch, PartitionProduceResponse, TopicProduceResponse,
};
use kafka_protocol::messages::{BrokerId, ProduceRequest, ProduceResponse, TopicName, TransactionalId};

use super::{Call, Reply, fetch};
use crate::log::{Appended, batch};
use crate::state::State;
use crate::transactions;

pub(super) fn handle(state: &mut State, call: &Call<'_>, request: ProduceRequest) -> Reply {
    let acks = request.acks;
    let transactional_id = request.transactional_id.as_ref();
    let mut failed = false;
    let mut responses = Vec::with_capacity(request.topic_data.len());
    for topic in request.topic_data {
        let mut partitions = Vec::with_capacity(topic.partition_data.len());
        for data in topic.partition_data {
            let response = append(state, call, transactional_id, &topic.name, data, acks);
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
    transactional_id: Option<&TransactionalId>,
    topic: &TopicName,
    data: PartitionProduceData,
    acks: i16,
) -> PartitionProduceResponse {
    let index = data.index;
    let response = PartitionProduceResponse::default().with_index(index);
    let written = match acks {
        -1..=1 => write(state, call, transactional_id, topic, data),
        _ => Err(ResponseError::InvalidRequiredAcks),
    };
    match written {
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
            match current_leader(state, topic, index) {
                Some(leader) if call.version >= 10 && error == ResponseError::NotLeaderOrFollower => {
                    response.with_current_leader(leader)
                }
                _ => response,
            }
        }
    }
}

/// Appends, and returns with where to the start of the log and the fetches that wait for this.
fn write(
    state: &mut State,
    call: &Call<'_>,
    transactional_id: Option<&TransactionalId>,
    topic: &TopicName,
    data: PartitionProduceData,
) -> Result<(Appended, i64, Vec<u64>), ResponseError> {
    let partition = state.led(call.node, topic, data.index)?;
    let (batch, bytes) = batch::only(data.records.unwrap_or_default())?;
    if batch.is_transactional() && !partition.log.has_transaction(batch.producer_id) {
        let (id, epoch) = (batch.producer_id, batch.producer_epoch);
        transactions::may_append(state, transactional_id, id, epoch, topic, data.index)?;
    }
    let partition = state.led_mut(call.node, topic, data.index)?;
    let before = partition.log.end();
    let appended = partition.log.append(batch, bytes, partition.leader_epoch)?;
    let waiting = match partition.log.end() > before {
        true => std::mem::take(&mut partition.waiting),
        false => Vec::new(),
    };
    Ok((appended, partition.log.start(), waiting))
}

fn current_leader(state: &State, topic: &TopicName, partition: i32) -> Option<LeaderIdAndEpoch> {
    let partition = state.topics.get(topic)?.partition(partition)?;
    let leader = BrokerId(partition.leader?);
    Some(LeaderIdAndEpoch::default().with_leader_id(leader).with_leader_epoch(partition.leader_epoch))
}
