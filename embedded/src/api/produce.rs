//! Produce: records into logs.

use std::collections::BTreeSet;

use kafka_protocol::ResponseError;
use kafka_protocol::messages::produce_request::PartitionProduceData;
use kafka_protocol::messages::produce_response::{
    BatchIndexAndErrorMessage, LeaderIdAndEpoch, NodeEndpoint, PartitionProduceResponse, TopicProduceResponse,
};
use kafka_protocol::messages::{BrokerId, ProduceRequest, ProduceResponse, TopicName, TransactionalId};

use super::{Call, Reply, fetch, text, topic_ids};
use crate::log::{Appended, Refused, batch};
use crate::security::acl::Operation;
use crate::state::State;
use crate::state::nodes::Node;
use crate::state::topics::is_internal;
use crate::transactions::{self, Joins, Producer};

/// From this version on clients know `TRANSACTION_ABORTABLE` (KIP-890).
const KNOWS_ABORTABLE: i16 = 11;
/// `acks` of a producer that waits for all replicas.
const ALL: i16 = -1;
/// The only client that Kafka lets write to its own topics.
const MAY_WRITE_INTERNAL: &str = "__admin_client";

pub(super) fn handle(state: &mut State, call: &Call<'_>, request: ProduceRequest) -> Reply {
    let acks = request.acks;
    let transactional_id = request.transactional_id.as_ref();
    let authorized = match transactional_id {
        Some(id) => call.check_transaction(state, Operation::Write, id),
        None => Ok(()),
    };
    let mut failed = false;
    let mut responses = Vec::with_capacity(request.topic_data.len());
    for topic in request.topic_data {
        let mut partitions = Vec::with_capacity(topic.partition_data.len());
        for data in topic.partition_data {
            let index = data.index;
            let allowed = topic_ids::check_produce(state, call.version, &topic.name, topic.topic_id)
                .and(authorized)
                .and_then(|()| call.check_topic(state, Operation::Write, &topic.name));
            let appended = allowed
                .map_err(Refused::from)
                .and_then(|()| append(state, call, transactional_id, &topic.name, data, acks));
            let response = match appended {
                Ok(response) => {
                    failed |= response.error_code != 0;
                    response.with_index(index)
                }
                Err(refused) => {
                    failed = true;
                    refuse(state, call, &topic.name, index, refused)
                }
            };
            partitions.push(response);
        }
        let response = TopicProduceResponse::default().with_name(topic.name).with_topic_id(topic.topic_id);
        responses.push(response.with_partition_responses(partitions));
    }
    match acks {
        // A producer that wants no answer learns of a failure by the end of its connection, as in Kafka.
        0 if failed => Reply::Close("a produce request without acknowledgement failed"),
        0 => Reply::Nothing,
        _ => {
            let endpoints = endpoints(state, call, &responses);
            ProduceResponse::default().with_responses(responses).with_node_endpoints(endpoints).into()
        }
    }
}

fn append(
    state: &mut State,
    call: &Call<'_>,
    transactional_id: Option<&TransactionalId>,
    topic: &TopicName,
    data: PartitionProduceData,
    acks: i16,
) -> Result<PartitionProduceResponse, Refused> {
    let index = data.index;
    if state.topics.get(topic).and_then(|topic| topic.partition(index)).is_none() {
        return Err(ResponseError::UnknownTopicOrPartition.into());
    }
    if is_internal(topic) && call.client_id.as_str() != MAY_WRITE_INTERNAL {
        return Err(ResponseError::InvalidTopicException.into());
    }
    let batch = batch::only(data.records.unwrap_or_default(), call.version)?;
    let partition = state.led(call.node, topic, index)?;
    let producer = Producer { id: batch.header.producer_id, epoch: batch.header.producer_epoch };
    if batch.header.is_transactional() {
        let id = transactional_id.ok_or(ResponseError::TransactionalIdAuthorizationFailed)?;
        // A batch without a producer is taken for what it holds, whatever it says of transactions.
        if producer.id >= 0 && !partition.log.has_transaction(producer.id, producer.epoch) {
            let joins = Joins::of(call.version, KNOWS_ABORTABLE);
            // An epoch of the second protocol begins with the first sequence, or something got lost.
            let is_gap = joins == Joins::Written
                && batch.header.base_sequence != 0
                && !partition.log.has_batches(producer.id);
            transactions::may_write(state, call.now, id, producer, (topic.clone(), index), joins)?;
            if is_gap {
                return Err(ResponseError::OutOfOrderSequenceNumber.into());
            }
        }
    }
    if !(-1..=1).contains(&acks) {
        return Err(ResponseError::InvalidRequiredAcks.into());
    }
    let partition = state.led(call.node, topic, index)?;
    if acks == ALL {
        let is_up = |id: &&i32| state.nodes.is_up(**id);
        // No more than there are (KIP-966).
        let needed = partition.log.config().min_insync_replicas.min(partition.replicas.len());
        if partition.replicas.iter().filter(is_up).count() < needed {
            return Err(ResponseError::NotEnoughReplicas.into());
        }
    }
    let partition = state.led_mut(call.node, topic, index)?;
    let epoch = partition.leader_epoch;
    let appended = partition.log.append(batch, epoch, call.now);
    let log_start = partition.log.start();
    let Appended { base_offset, log_append_time_ms } = match appended {
        Ok(appended) => appended,
        Err(refused) if is_of_bytes(refused.error) => return Err(refused),
        Err(refused) => {
            return Ok(refuse(state, call, topic, index, refused).with_log_start_offset(log_start));
        }
    };
    if state.memory.wants_sealing() {
        relieve(state);
    }
    fetch::grown(state, topic, index);
    Ok(PartitionProduceResponse::default()
        .with_base_offset(base_offset)
        .with_log_append_time_ms(log_append_time_ms)
        .with_log_start_offset(log_start))
}

/// Whether an error of the log is one for which Kafka does not say where the log starts.
fn is_of_bytes(error: ResponseError) -> bool {
    use ResponseError::*;
    matches!(
        error,
        CorruptMessage | MessageTooLarge | RecordListTooLarge | KafkaStorageError | PolicyViolation
    )
}

/// Moves to files what still grows, when the rest was moved and that was not enough.
fn relieve(state: &mut State) {
    for partition in state.topics.partitions_mut() {
        partition.log.seal();
    }
    if let Err(full) = state.memory.make_room(0) {
        // The batch was taken; the next one is refused with the same reason.
        tracing::warn!(%full, "records stayed in memory over the limit");
    }
}

fn refuse(
    state: &State,
    call: &Call<'_>,
    topic: &TopicName,
    index: i32,
    refused: Refused,
) -> PartitionProduceResponse {
    let Refused { error, reason, records } = refused;
    let record = |(place, reason)| {
        BatchIndexAndErrorMessage::default()
            .with_batch_index(place)
            .with_batch_index_error_message(text(reason))
    };
    let mut response = PartitionProduceResponse::default()
        .with_index(index)
        .with_error_code(error.code())
        .with_base_offset(-1)
        .with_log_append_time_ms(-1)
        .with_log_start_offset(-1);
    if call.version >= 8 {
        response.record_errors = records.into_iter().map(record).collect();
        response.error_message = reason.and_then(text);
    }
    match current_leader(state, topic, index) {
        Some(leader) if call.version >= 10 && error == ResponseError::NotLeaderOrFollower => {
            response.with_current_leader(leader)
        }
        _ => response,
    }
}

/// Returns where the leaders are that the answer names, so that clients need not ask (KIP-951).
fn endpoints(state: &State, call: &Call<'_>, responses: &[TopicProduceResponse]) -> Vec<NodeEndpoint> {
    let partitions = responses.iter().flat_map(|topic| &topic.partition_responses);
    let leaders: BTreeSet<i32> = partitions.map(|partition| partition.current_leader.leader_id.0).collect();
    let nodes = leaders.into_iter().filter_map(|id| state.nodes.get(id));
    let endpoint = |node: &Node| {
        NodeEndpoint::default()
            .with_node_id(BrokerId(node.id))
            .with_host(node.address(call.listener).host.clone())
            .with_port(node.address(call.listener).port)
            .with_rack(None)
    };
    nodes.map(endpoint).collect()
}

fn current_leader(state: &State, topic: &TopicName, partition: i32) -> Option<LeaderIdAndEpoch> {
    let partition = state.topics.get(topic)?.partition(partition)?;
    let leader = BrokerId(partition.leader?);
    Some(LeaderIdAndEpoch::default().with_leader_id(leader).with_leader_epoch(partition.leader_epoch))
}
