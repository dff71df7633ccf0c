//! Transactions: who may write under a transactional id, where it wrote, and how that ends (KIP-98, KIP-360).
//!
//! Clients speak one of two protocols, by the versions of their requests. In the first they announce where
//! they will write; in the second a write does that, and every ending raises the epoch, so that what is late
//! belongs to no later transaction (KIP-890).
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

/// Commits or aborts a producer's transaction by the second protocol; returns the producer that it goes on as.
/// An abort is also asked for when nothing was written, to be rid of what is late.
pub(crate) fn end_and_go_on(
    state: &mut State,
    now: Now,
    id: &TransactionalId,
    producer: Producer,
    commit: bool,
) -> Result<Producer, ResponseError> {
    let transactions = &mut state.transactions.by_id;
    let transaction = transactions.get_mut(id).ok_or(ResponseError::InvalidProducerIdMapping)?;
    if transaction.check_end_of_epoch(producer, commit)? {
        if !transaction.is_ongoing() {
            transaction.started_ms = now.wall_ms;
        }
        let is_last = transaction.producer.is_exhausted();
        transaction.raise_epoch();
        finish(state, now, id, commit);
        if is_last {
            replace_producer(state, id);
        }
    }
    Ok(state.transactions.by_id.get(id).map_or(Producer::NONE, |transaction| transaction.producer))
}

/// Aborts a transaction that took longer than its producer allowed, and fences the producer.
pub(crate) fn expire(state: &mut State, now: Now, id: &TransactionalId) {
    fence(state, now, id);
}

/// How a place becomes part of a transaction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Joins {
    /// The producer announces it. If it did not, it gets `INVALID_TXN_STATE`.
    Announced,
    /// The producer announces it. If it did not, it gets `TRANSACTION_ABORTABLE`, which its client knows.
    AnnouncedOrAborts,
    /// By the write, as in the second protocol.
    Written,
}

impl Joins {
    /// Returns how a version of a request has it, where `knows_abortable` is the first whose clients know
    /// `TRANSACTION_ABORTABLE`; the next one has the second protocol (KIP-890).
    pub(crate) fn of(version: i16, knows_abortable: i16) -> Self {
        match version - knows_abortable {
            ..0 => Self::Announced,
            0 => Self::AnnouncedOrAborts,
            1.. => Self::Written,
        }
    }
}

/// Makes sure that a place where a producer is about to write is part of its transaction. Old epochs get the
/// error from which clients recover by aborting (KIP-588).
pub(crate) fn may_write(
    state: &mut State,
    now: Now,
    id: &TransactionalId,
    producer: Producer,
    place: Place,
    joins: Joins,
) -> Result<(), ResponseError> {
    let checked = match joins {
        Joins::Written => add(state, now, id, producer, [place]),
        Joins::Announced | Joins::AnnouncedOrAborts => {
            let transaction = state.transactions.of_producer(id, producer);
            transaction.and_then(|transaction| match transaction.partitions.contains(&place) {
                true => Ok(()),
                false if joins == Joins::Announced => Err(ResponseError::InvalidTxnState),
                false => Err(ResponseError::TransactionAbortable),
            })
        }
    };
    checked.map_err(|error| match error {
        ResponseError::ProducerFenced => ResponseError::InvalidProducerEpoch,
        error => error,
    })
}

fn fence(state: &mut State, now: Now, id: &TransactionalId) {
    let Some(transaction) = state.transactions.by_id.get_mut(id) else { return };
    let is_raised = transaction.raise_epoch();
    finish(state, now, id, false);
    if !is_raised {
        replace_producer(state, id);
    }
}

/// Gives another producer id to a transactional id whose epochs are used up.
fn replace_producer(state: &mut State, id: &TransactionalId) {
    let new_id = state.new_producer_id();
    if let Some(transaction) = state.transactions.by_id.get_mut(id) {
        transaction.replace_producer(new_id);
    }
}

/// Writes the end of a transaction wherever it may have written: where it did not as well, and not where the
/// topic was deleted meanwhile.
fn finish(state: &mut State, now: Now, id: &TransactionalId, commit: bool) {
    let Some(transaction) = state.transactions.by_id.get_mut(id) else { return };
    let producer = transaction.producer;
    if let Some(timer) = transaction.timer.take() {
        state.timers.cancel(timer);
    }
    for (topic, index) in transaction.end(commit) {
        match write_marker(state, now, producer, (topic.clone(), index), commit) {
            Ok(()) | Err(ResponseError::UnknownTopicOrPartition) => {}
            // A producer wrote with an epoch that it made up: as in Kafka, the log stays as it is.
            Err(error) => tracing::warn!(%error, topic = %topic.0, index, "a transaction was not ended"),
        }
    }
}

/// Writes the end of a producer's transaction to one place, and lets those read on who waited for it.
pub(crate) fn write_marker(
    state: &mut State,
    now: Now,
    Producer { id, epoch }: Producer,
    (topic, index): Place,
    commit: bool,
) -> Result<(), ResponseError> {
    if topic.as_str() == OFFSETS_TOPIC {
        state.groups.offsets.end_transaction(id, commit);
        return Ok(());
    }
    let found = state.topics.get_mut(&topic).and_then(|topic| topic.partition_mut(index));
    let partition = found.ok_or(ResponseError::UnknownTopicOrPartition)?;
    let epoch_of_leader = partition.leader_epoch;
    partition.log.end_transaction(id, epoch, commit, epoch_of_leader, now)?;
    fetch::grown(state, &topic, index);
    Ok(())
}
