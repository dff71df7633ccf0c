//! TxnOffsetCommit: offsets of a group that count when a transaction is committed.

use kafka_protocol::ResponseError;
use kafka_protocol::messages::txn_offset_commit_response::{
    TxnOffsetCommitResponsePartition, TxnOffsetCommitResponseTopic,
};
use kafka_protocol::messages::{TxnOffsetCommitRequest, TxnOffsetCommitResponse};

use super::group_members::code;
use super::group_offsets::{committed, known, may_commit};
use super::transactions::producer;
use super::{Call, coordinators};
use crate::groups::commits::{CommitKind, Committer};
use crate::security::acl::Operation;
use crate::state::State;
use crate::transactions::{self as coordinator, Joins};

/// From this version on clients know `TRANSACTION_ABORTABLE`.
const KNOWS_ABORTABLE: i16 = 4;

pub(super) fn commit(
    state: &mut State,
    call: &Call<'_>,
    request: TxnOffsetCommitRequest,
) -> TxnOffsetCommitResponse {
    let mut places =
        request.topics.iter().flat_map(|topic| topic.partitions.iter().map(move |at| (&topic.name, at)));
    let authorized = call
        .check_transaction(state, Operation::Write, &request.transactional_id)
        .and_then(|()| call.check_group(state, Operation::Read, &request.group_id));
    let checked = match authorized.is_ok()
        && places.any(|(topic, at)| known(state, topic, at.partition_index).is_ok())
    {
        true => check(state, call, &request),
        // As in Kafka, who is asked by whom matters only when there is something to store.
        false => authorized,
    };
    let (group, producer_id) = (request.group_id, request.producer_id.0);
    let topics = request.topics.into_iter().map(|topic| {
        let partitions = topic.partitions.into_iter().map(|partition| {
            let index = partition.partition_index;
            let staged = may_commit(state, call, &topic.name, index, checked).and_then(|()| {
                let (offset, epoch) = (partition.committed_offset, partition.committed_leader_epoch);
                let committed = committed(offset, epoch, partition.committed_metadata)?;
                state.groups.offsets.stage(&group, producer_id, (topic.name.clone(), index), committed);
                Ok(())
            });
            TxnOffsetCommitResponsePartition::default()
                .with_partition_index(index)
                .with_error_code(code(staged))
        });
        let partitions = partitions.collect();
        TxnOffsetCommitResponseTopic::default().with_name(topic.name).with_partitions(partitions)
    });
    TxnOffsetCommitResponse::default().with_topics(topics.collect())
}

/// Checks that the group's offsets are part of the producer's transaction, and that the member may commit.
fn check(state: &mut State, call: &Call<'_>, request: &TxnOffsetCommitRequest) -> Result<(), ResponseError> {
    let group = &request.group_id;
    if group.is_empty() {
        return Err(ResponseError::InvalidGroupId);
    }
    coordinators::check(state, call, group)?;
    let producer = producer(request.producer_id, request.producer_epoch);
    let (id, place) = (&request.transactional_id, coordinator::offsets_of(group));
    coordinator::may_write(state, call.now, id, producer, place, Joins::of(call.version, KNOWS_ABORTABLE))?;
    let committer = Committer {
        member_id: &request.member_id,
        instance_id: request.group_instance_id.as_ref(),
        generation: request.generation_id,
        kind: CommitKind::InTransaction,
    };
    let (groups, mut context) = state.groups_with(call.now, group);
    groups.check_commit(&mut context, &committer)
}
