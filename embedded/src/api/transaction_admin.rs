//! DescribeTransactions, ListTransactions and DescribeProducers: what admin tools see of transactions.

use std::collections::BTreeMap;

use kafka_protocol::ResponseError;
use kafka_protocol::messages::describe_producers_response::{
    PartitionResponse, ProducerState, TopicResponse,
};
use kafka_protocol::messages::describe_transactions_response::{TopicData, TransactionState};
use kafka_protocol::messages::list_transactions_response::TransactionState as ListedTransaction;
use kafka_protocol::messages::{
    DescribeProducersRequest, DescribeProducersResponse, DescribeTransactionsRequest,
    DescribeTransactionsResponse, ListTransactionsRequest, ListTransactionsResponse, ProducerId, TopicName,
    TransactionalId,
};
use kafka_protocol::protocol::StrBytes;

use super::{Call, coordinators};
use crate::groups::consumer::Pattern;
use crate::security::acl::Operation;
use crate::state::State;
use crate::state::topics::is_legal;
use crate::transactions::{Status, Transaction};

/// Kafka's coordinators rise with their moves; what we write is always of the first.
const COORDINATOR_EPOCH: i32 = 0;

pub(super) fn describe(
    state: &State,
    call: &Call<'_>,
    request: DescribeTransactionsRequest,
) -> DescribeTransactionsResponse {
    let states = request.transactional_ids.into_iter().map(|id| {
        let described = match find(state, call, &id) {
            Ok(transaction) => {
                let may_see = |topic: &TopicName| call.check_topic(state, Operation::Describe, topic).is_ok();
                describe_one(transaction, may_see)
            }
            Err(error) => TransactionState::default().with_error_code(error.code()),
        };
        described.with_transactional_id(id)
    });
    DescribeTransactionsResponse::default().with_transaction_states(states.collect())
}

pub(super) fn list(
    state: &State,
    call: &Call<'_>,
    request: ListTransactionsRequest,
) -> ListTransactionsResponse {
    let pattern = match request.transactional_id_pattern.as_ref().map(Pattern::new).transpose() {
        Ok(pattern) => pattern.flatten(),
        Err((error, _)) => return ListTransactionsResponse::default().with_error_code(error.code()),
    };
    let is_known = |name: &StrBytes| Status::NAMES.contains(&name.as_str());
    let wanted = |id: &TransactionalId, transaction: &Transaction| {
        let states = &request.state_filters;
        let producers = &request.producer_id_filters;
        let lasted_ms = call.now.wall_ms.saturating_sub(transaction.started_ms);
        coordinators::check(state, call, id).is_ok()
            && call.check_transaction(state, Operation::Describe, id).is_ok()
            && (producers.is_empty() || producers.contains(&ProducerId(transaction.producer.id)))
            && (states.is_empty() || states.iter().any(|name| name.as_str() == transaction.status.name()))
            && pattern.as_ref().is_none_or(|pattern| pattern.matches(id))
            && (request.duration_filter < 0 || lasted_ms > request.duration_filter)
    };
    let listed = state.transactions.iter().filter(|(id, transaction)| wanted(id, transaction));
    let listed = listed.map(|(id, transaction)| {
        ListedTransaction::default()
            .with_transactional_id(id.clone())
            .with_producer_id(ProducerId(transaction.producer.id))
            .with_transaction_state(StrBytes::from_static_str(transaction.status.name()))
    });
    let listed = listed.collect();
    let unknown = request.state_filters.iter().filter(|name| !is_known(name)).cloned().collect();
    ListTransactionsResponse::default().with_unknown_state_filters(unknown).with_transaction_states(listed)
}

pub(super) fn describe_producers(
    state: &State,
    call: &Call<'_>,
    request: DescribeProducersRequest,
) -> DescribeProducersResponse {
    let topics = request.topics.into_iter().map(|topic| {
        let partitions = topic.partition_indexes.into_iter().map(|index| {
            let response = PartitionResponse::default().with_partition_index(index);
            match producers(state, call, &topic.name, index) {
                Ok(producers) => response.with_active_producers(producers),
                Err(error) => response.with_error_code(error.code()),
            }
        });
        let partitions = partitions.collect();
        TopicResponse::default().with_name(topic.name).with_partitions(partitions)
    });
    DescribeProducersResponse::default().with_topics(topics.collect())
}

fn find<'a>(
    state: &'a State,
    call: &Call<'_>,
    id: &TransactionalId,
) -> Result<&'a Transaction, ResponseError> {
    if id.is_empty() {
        return Err(ResponseError::InvalidRequest);
    }
    call.check_transaction(state, Operation::Describe, id)?;
    coordinators::check(state, call, id)?;
    state.transactions.get(id).ok_or(ResponseError::TransactionalIdNotFound)
}

fn describe_one(transaction: &Transaction, may_see: impl Fn(&TopicName) -> bool) -> TransactionState {
    let mut topics: BTreeMap<&TopicName, Vec<i32>> = BTreeMap::new();
    for (topic, partition) in transaction.partitions.iter().filter(|(topic, _)| may_see(topic)) {
        topics.entry(topic).or_default().push(*partition);
    }
    let topics = topics.into_iter().map(|(topic, partitions)| {
        TopicData::default().with_topic(topic.clone()).with_partitions(partitions)
    });
    TransactionState::default()
        .with_transaction_state(StrBytes::from_static_str(transaction.status.name()))
        .with_transaction_timeout_ms(transaction.timeout.as_millis() as i32)
        .with_transaction_start_time_ms(transaction.started_ms)
        .with_producer_id(ProducerId(transaction.producer.id))
        .with_producer_epoch(transaction.producer.epoch)
        .with_topics(topics.collect())
}

fn producers(
    state: &State,
    call: &Call<'_>,
    topic: &TopicName,
    index: i32,
) -> Result<Vec<ProducerState>, ResponseError> {
    call.check_topic(state, Operation::Read, topic)?;
    if !is_legal(topic) {
        return Err(ResponseError::InvalidTopicException);
    }
    let partition = state.led(call.node, topic, index)?;
    let producers = partition.log.producers().map(|(id, producer)| {
        ProducerState::default()
            .with_producer_id(ProducerId(id))
            .with_producer_epoch(producer.epoch.into())
            .with_last_sequence(producer.last_sequence())
            .with_last_timestamp(producer.last_timestamp)
            .with_coordinator_epoch(COORDINATOR_EPOCH)
            .with_current_txn_start_offset(producer.transaction.unwrap_or(-1))
    });
    Ok(producers.collect())
}
