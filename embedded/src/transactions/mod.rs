//! Transactions: who may write under a transactional id, where it wrote, and how that ends (KIP-98, KIP-360).
//!
//! A coordinator of Kafka ends a transaction in steps, over other brokers; clients that come in between are
//! told `CONCURRENT_TRANSACTIONS` and try again. Here an ending is one step, so that nobody comes in between.

pub(crate) mod transaction;

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::time::Duration;

use kafka_protocol::ResponseError;
use kafka_protocol::messages::{TopicName, TransactionalId};

use crate::api::fetch;
use crate::groups::offsets::Place;
use crate::state::timers::Timer;
use crate::state::topics::{INTERNAL_PARTITIONS, OFFSETS_TOPIC};
use crate::state::{Now, State};
pub(crate) use transaction::{Producer, Status, Transaction};

/// `transaction.max.timeout.ms` of Kafka.
const LONGEST_TIMEOUT_MS: i32 = 15 * 60 * 1000;

/// All transactional ids.
#[derive(Debug, Default)]
pub(crate) struct Transactions {
    by_id: BTreeMap<TransactionalId, Transaction>,
}

impl Transactions {
    pub(crate) fn get(&self, id: &TransactionalId) -> Option<&Transaction> {
        self.by_id.get(id)
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (&TransactionalId, &Transaction)> {
        self.by_id.iter()
    }

    /// Returns the transaction that a producer may work in.
    fn of_producer(
        &mut self,
        id: &TransactionalId,
        producer: Producer,
    ) -> Result<&mut Transaction, ResponseError> {
        let transaction = self.by_id.get_mut(id).ok_or(ResponseError::InvalidProducerIdMapping)?;
        transaction.check(producer)?;
        Ok(transaction)
    }
}

/// Returns the partition that stands for a group's offsets in a transaction.
pub(crate) fn offsets_of(group: &str) -> Place {
    let hash = group.encode_utf16().fold(0_i32, |hash, unit| hash.wrapping_mul(31).wrapping_add(unit.into()));
    let partition = hash.checked_abs().unwrap_or(0) % INTERNAL_PARTITIONS;
    (TopicName(kafka_protocol::protocol::StrBytes::from_static_str(OFFSETS_TOPIC)), partition)
}

/// Makes a producer for a transactional id: the one that goes on as `expected`, or one that fences whoever
/// there is. A transaction that the one before left is aborted.
pub(crate) fn init(
    state: &mut State,
    now: Now,
    id: &TransactionalId,
    timeout_ms: i32,
    expected: Option<Producer>,
) -> Result<Producer, ResponseError> {
    let timeout = match u64::try_from(timeout_ms) {
        Ok(ms @ 1..) if timeout_ms <= LONGEST_TIMEOUT_MS => Duration::from_millis(ms),
        _ => return Err(ResponseError::InvalidTransactionTimeout),
    };
    if let Some(transaction) = state.transactions.by_id.get(id) {
        transaction.check_successor(expected)?;
        if transaction.is_ongoing() {
            fence(state, now, id);
        }
    } else {
        let producer_id = state.new_producer_id();
        state.transactions.by_id.insert(id.clone(), Transaction::new(producer_id));
    }
    let transaction = &state.transactions.by_id[id];
    let succession = transaction.succession(expected)?;
    let new_id = match succession {
        transaction::Succession::NewId => state.new_producer_id(),
        transaction::Succession::Same | transaction::Succession::NextEpoch => transaction.producer.id,
    };
    let transaction = state.transactions.by_id.get_mut(id).ok_or(ResponseError::UnknownServerError)?;
    transaction.succeed(succession, new_id, expected.is_some());
    transaction.timeout = timeout;
    Ok(transaction.producer)
}

/// Takes partitions into a producer's transaction, and begins one if none is ongoing.
pub(crate) fn add(
    state: &mut State,
    now: Now,
    id: &TransactionalId,
    producer: Producer,
    partitions: impl IntoIterator<Item = Place>,
) -> Result<(), ResponseError> {
    let transaction = state.transactions.of_producer(id, producer)?;
    if transaction.add(partitions, now.wall_ms) {
        let timer = Timer::Transaction(id.clone());
        transaction.timer = Some(state.timers.set(now.mono + transaction.timeout, timer));
    }
    Ok(())
}

/// Commits or aborts a producer's transaction.
pub(crate) fn end(
    state: &mut State,
    now: Now,
    id: &TransactionalId,
    producer: Producer,
    commit: bool,
) -> Result<(), ResponseError> {
    let transaction = state.transactions.of_producer(id, producer)?;
    if transaction.check_end(commit)? {
        finish(state, now, id, commit);
    }
    Ok(())
}

/// Aborts a transaction that took longer than its producer allowed, and fences the producer.
pub(crate) fn expire(state: &mut State, now: Now, id: &TransactionalId) {
    fence(state, now, id);
}

/// Checks that a transactional batch belongs to an ongoing transaction (KIP-890). The errors are those of a
/// produce request.
pub(crate) fn may_append(
    state: &State,
    id: Option<&TransactionalId>,
    producer_id: i64,
    epoch: i16,
    topic: &TopicName,
    partition: i32,
) -> Result<(), ResponseError> {
    let id = id.ok_or(ResponseError::TransactionalIdAuthorizationFailed)?;
    may_write(state, id, Producer { id: producer_id, epoch }, &(topic.clone(), partition))
}

/// Checks that a place belongs to a producer's ongoing transaction. Old epochs get the error from which
/// clients recover by aborting (KIP-588).
pub(crate) fn may_write(
    state: &State,
    id: &TransactionalId,
    producer: Producer,
    place: &Place,
) -> Result<(), ResponseError> {
    let transaction = state.transactions.get(id).ok_or(ResponseError::InvalidProducerIdMapping)?;
    match transaction.check(producer) {
        Err(ResponseError::ProducerFenced) => Err(ResponseError::InvalidProducerEpoch),
        Err(error) => Err(error),
        Ok(()) if transaction.partitions.contains(place) => Ok(()),
        Ok(()) => Err(ResponseError::InvalidTxnState),
    }
}

fn fence(state: &mut State, now: Now, id: &TransactionalId) {
    if let Some(transaction) = state.transactions.by_id.get_mut(id) {
        transaction.fence();
        finish(state, now, id, false);
    }
}

/// Writes the end of a transaction wherever it may have written: where it did not as well, and not where the
/// topic was deleted meanwhile.
fn finish(state: &mut State, now: Now, id: &TransactionalId, commit: bool) {
    let Some(transaction) = state.transactions.by_id.get_mut(id) else { return };
    let Producer { id: producer_id, epoch } = transaction.producer;
    if let Some(timer) = transaction.timer.take() {
        state.timers.cancel(timer);
    }
    let mut grown = Vec::new();
    for (topic, index) in transaction.end(commit) {
        if topic.as_str() == OFFSETS_TOPIC {
            state.groups.offsets.end_transaction(producer_id, commit);
        } else if let Some(partition) =
            state.topics.get_mut(&topic).and_then(|topic| topic.partition_mut(index))
        {
            let epoch_of_leader = partition.leader_epoch;
            match partition.log.end_transaction(producer_id, epoch, commit, epoch_of_leader, now) {
                Ok(_) => grown.push((topic, index)),
                // A producer wrote with an epoch that it made up: as in Kafka, the log stays as it is.
                Err(error) => tracing::warn!(%error, topic = %topic.0, index, "a transaction was not ended"),
            }
        }
    }
    for (topic, index) in grown {
        fetch::grown(state, &topic, index);
    }
}
