//! AddPartitionsToTxn, AddOffsetsToTxn and EndTxn: what is part of a transaction, and how it ends.

use kafka_protocol::ResponseError;
use kafka_protocol::messages::add_partitions_to_txn_request::AddPartitionsToTxnTopic;
use kafka_protocol::messages::add_partitions_to_txn_response::{
    AddPartitionsToTxnPartitionResult, AddPartitionsToTxnTopicResult,
};
use kafka_protocol::messages::{
    AddOffsetsToTxnRequest, AddOffsetsToTxnResponse, AddPartitionsToTxnRequest, AddPartitionsToTxnResponse,
    EndTxnRequest, EndTxnResponse, ProducerId, TopicName, TransactionalId,
};

use super::{Call, coordinators};
use crate::groups::offsets::Place;
use crate::security::acl::Operation;
use crate::state::State;
use crate::state::topics::is_internal;
use crate::transactions::{self as coordinator, Producer};

/// From this version on clients know `PRODUCER_FENCED`.
const KNOWS_FENCED: i16 = 2;
/// From this version of EndTxn on a transaction ends by the second protocol (KIP-890).
const RAISES_EPOCH: i16 = 5;

pub(super) fn add_partitions(
    state: &mut State,
    call: &Call<'_>,
    request: AddPartitionsToTxnRequest,
) -> AddPartitionsToTxnResponse {
    let topics = request.v3_and_below_topics;
    let id = &request.v3_and_below_transactional_id;
    let authorized = call.check_transaction(state, Operation::Write, id);
    let errors = places(&topics).map(|(topic, index)| may_be_added(state, call, topic, index).err());
    let mut errors: Vec<Option<ResponseError>> = errors.collect();
    if let Err(error) = authorized {
        errors.fill(Some(error));
    } else if errors.iter().any(Option::is_some) {
        // One that cannot be added spoils the others.
        for error in &mut errors {
            error.get_or_insert(ResponseError::OperationNotAttempted);
        }
    } else {
        let producer = producer(request.v3_and_below_producer_id, request.v3_and_below_producer_epoch);
        let places = places(&topics).map(|(topic, index)| (topic.clone(), index)).collect();
        let added = add(state, call, id, producer, places);
        errors.fill(added.err());
    }
    let mut errors = errors.into_iter().flat_map(|error| [error]);
    let results = topics.into_iter().map(|topic| {
        let partitions = topic.partitions.into_iter().map(|index| {
            let error = errors.next().flatten();
            AddPartitionsToTxnPartitionResult::default()
                .with_partition_index(index)
                .with_partition_error_code(error.map_or(0, |error| code(error, call.version, KNOWS_FENCED)))
        });
        let partitions = partitions.collect();
        AddPartitionsToTxnTopicResult::default().with_name(topic.name).with_results_by_partition(partitions)
    });
    AddPartitionsToTxnResponse::default().with_results_by_topic_v3_and_below(results.collect())
}

pub(super) fn add_offsets(
    state: &mut State,
    call: &Call<'_>,
    request: &AddOffsetsToTxnRequest,
) -> AddOffsetsToTxnResponse {
    let producer = producer(request.producer_id, request.producer_epoch);
    let place = coordinator::offsets_of(&request.group_id);
    let added = call
        .check_transaction(state, Operation::Write, &request.transactional_id)
        .and_then(|()| call.check_group(state, Operation::Read, &request.group_id))
        .and_then(|()| add(state, call, &request.transactional_id, producer, vec![place]));
    AddOffsetsToTxnResponse::default().with_error_code(code_of(added, call.version))
}

pub(super) fn end(state: &mut State, call: &Call<'_>, request: &EndTxnRequest) -> EndTxnResponse {
    let producer = producer(request.producer_id, request.producer_epoch);
    let id = &request.transactional_id;
    let allowed = call.check_transaction(state, Operation::Write, id).and_then(|()| check(state, call, id));
    if let Err(error) = allowed {
        return EndTxnResponse::default().with_error_code(error.code());
    }
    if call.version < RAISES_EPOCH {
        let ended = coordinator::end(state, call.now, id, producer, request.committed);
        return EndTxnResponse::default().with_error_code(code_of(ended, call.version));
    }
    match coordinator::end_and_go_on(state, call.now, id, producer, request.committed) {
        Ok(Producer { id, epoch }) => {
            EndTxnResponse::default().with_producer_id(ProducerId(id)).with_producer_epoch(epoch)
        }
        Err(error) => EndTxnResponse::default().with_error_code(error.code()),
    }
}

/// Returns an error's code in a version; clients from before `PRODUCER_FENCED` know it by another name.
pub(super) fn code(error: ResponseError, version: i16, knows_fenced: i16) -> i16 {
    match error {
        ResponseError::ProducerFenced if version < knows_fenced => ResponseError::InvalidProducerEpoch.code(),
        error => error.code(),
    }
}

pub(super) fn producer(id: ProducerId, epoch: i16) -> Producer {
    Producer { id: id.0, epoch }
}

fn code_of(result: Result<(), ResponseError>, version: i16) -> i16 {
    result.err().map_or(0, |error| code(error, version, KNOWS_FENCED))
}

fn places(topics: &[AddPartitionsToTxnTopic]) -> impl Iterator<Item = (&TopicName, i32)> {
    topics.iter().flat_map(|topic| topic.partitions.iter().map(|index| (&topic.name, *index)))
}

/// Checks a partition that a client names. Kafka's own topics are none of its business.
fn may_be_added(state: &State, call: &Call<'_>, topic: &TopicName, index: i32) -> Result<(), ResponseError> {
    call.check_topic(state, Operation::Write, topic)?;
    if is_internal(topic) {
        return Err(ResponseError::TopicAuthorizationFailed);
    }
    let partition = state.topics.get(topic).and_then(|topic| topic.partition(index));
    partition.map(|_| ()).ok_or(ResponseError::UnknownTopicOrPartition)
}

fn add(
    state: &mut State,
    call: &Call<'_>,
    id: &TransactionalId,
    producer: Producer,
    places: Vec<Place>,
) -> Result<(), ResponseError> {
    check(state, call, id)?;
    coordinator::add(state, call.now, id, producer, places)
}

fn check(state: &State, call: &Call<'_>, id: &TransactionalId) -> Result<(), ResponseError> {
    if id.is_empty() {
        return Err(ResponseError::InvalidRequest);
    }
    coordinators::check(state, call, id)
}
