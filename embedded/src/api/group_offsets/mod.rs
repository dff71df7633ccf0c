//! OffsetCommit, OffsetFetch and OffsetDelete: how far a group is.

use kafka_protocol::ResponseError;
use kafka_protocol::messages::offset_commit_response::{
    OffsetCommitResponsePartition, OffsetCommitResponseTopic,
};
use kafka_protocol::messages::offset_delete_response::{
    OffsetDeleteResponsePartition, OffsetDeleteResponseTopic,
};
use kafka_protocol::messages::{
    GroupId, OffsetCommitRequest, OffsetCommitResponse, OffsetDeleteRequest, OffsetDeleteResponse, TopicName,
};
use kafka_protocol::protocol::StrBytes;

use super::group_members::code;
use super::{Call, coordinators};
use crate::groups::Group;
use crate::groups::commits::{CommitKind, Committer};
use crate::groups::kept::Kept;
use crate::groups::offsets::Committed;
use crate::security::acl::Operation;
use crate::state::State;

mod fetch;

pub(super) use fetch::fetch;

/// `offset.metadata.max.bytes` of Kafka.
const LONGEST_METADATA: usize = 4096;

pub(super) fn commit(
    state: &mut State,
    call: &Call<'_>,
    request: OffsetCommitRequest,
) -> OffsetCommitResponse {
    let group = request.group_id.kept();
    let member_id = request.member_id.kept();
    let mut checked = call.check_group(state, Operation::Read, &group);
    // As in Kafka, who is asked matters only when there is something to store.
    let mut places =
        request.topics.iter().flat_map(|topic| topic.partitions.iter().map(move |at| (&topic.name, at)));
    let exists = places.any(|(topic, at)| known(state, topic, at.partition_index).is_ok());
    if checked.is_ok() && exists {
        checked = coordinators::check(state, call, &group).and_then(|()| {
            let committer = Committer {
                member_id: &member_id,
                instance_id: request.group_instance_id.as_ref(),
                generation: request.generation_id_or_member_epoch,
                kind: CommitKind::AtOnce(call.version),
            };
            let (groups, mut context) = state.groups_with(call.now, &group);
            groups.check_commit(&mut context, &committer)
        });
    }
    let topics = request.topics.into_iter().map(|topic| {
        let partitions = topic.partitions.into_iter().map(|partition| {
            let index = partition.partition_index;
            let stored = may_commit(state, call, &topic.name, index, checked).and_then(|()| {
                let (offset, epoch) = (partition.committed_offset, partition.committed_leader_epoch);
                let committed = committed(offset, epoch, partition.committed_metadata)?;
                state.groups.offsets.commit(&group, (topic.name.clone(), index), committed);
                Ok(())
            });
            OffsetCommitResponsePartition::default().with_partition_index(index).with_error_code(code(stored))
        });
        let partitions = partitions.collect();
        OffsetCommitResponseTopic::default().with_name(topic.name).with_partitions(partitions)
    });
    OffsetCommitResponse::default().with_topics(topics.collect())
}

/// Returns why an offset is not stored: first of all what the client may not do, then what does not exist, then
/// what was found out about the group.
pub(super) fn may_commit(
    state: &State,
    call: &Call<'_>,
    topic: &TopicName,
    partition: i32,
    group: Result<(), ResponseError>,
) -> Result<(), ResponseError> {
    match group {
        Err(ResponseError::GroupAuthorizationFailed | ResponseError::TransactionalIdAuthorizationFailed) => {
            group
        }
        _ => call
            .check_topic(state, Operation::Read, topic)
            .and_then(|()| known(state, topic, partition))
            .and(group),
    }
}

/// Returns an error for a partition that does not exist.
pub(super) fn known(state: &State, topic: &TopicName, partition: i32) -> Result<(), ResponseError> {
    let known = state.topics.get(topic).and_then(|topic| topic.partition(partition));
    known.map(|_| ()).ok_or(ResponseError::UnknownTopicOrPartition)
}

/// Checks what a client wants to store.
pub(super) fn committed(
    offset: i64,
    leader_epoch: i32,
    metadata: Option<StrBytes>,
) -> Result<Committed, ResponseError> {
    let metadata = metadata.unwrap_or_default();
    if metadata.len() > LONGEST_METADATA {
        return Err(ResponseError::OffsetMetadataTooLarge);
    }
    Ok(Committed { offset, leader_epoch, metadata })
}

pub(super) fn delete(
    state: &mut State,
    call: &Call<'_>,
    request: OffsetDeleteRequest,
) -> OffsetDeleteResponse {
    let group = request.group_id;
    let checked = call
        .check_group(state, Operation::Delete, &group)
        .and_then(|()| coordinators::check(state, call, &group))
        .and_then(|()| may_delete(state, &group));
    if let Err(error) = checked {
        return OffsetDeleteResponse::default().with_error_code(error.code());
    }
    let topics = request.topics.into_iter().map(|topic| {
        let partitions = topic.partitions.iter().map(|partition| {
            let index = partition.partition_index;
            let deleted = may_commit(state, call, &topic.name, index, Ok(())).and_then(|()| {
                if is_subscribed(state, &group, &topic.name) {
                    return Err(ResponseError::GroupSubscribedToTopic);
                }
                state.groups.offsets.delete(&group, &(topic.name.clone(), index));
                Ok(())
            });
            OffsetDeleteResponsePartition::default()
                .with_partition_index(index)
                .with_error_code(code(deleted))
        });
        let partitions = partitions.collect();
        OffsetDeleteResponseTopic::default().with_name(topic.name).with_partitions(partitions)
    });
    OffsetDeleteResponse::default().with_topics(topics.collect())
}

fn may_delete(state: &State, group: &GroupId) -> Result<(), ResponseError> {
    match state.groups.get(group) {
        None => Err(ResponseError::GroupIdNotFound),
        // What a group that consumes no topics means by them is not known.
        Some(Group::Classic(group)) if !group.is_empty() && !group.consumes() => {
            Err(ResponseError::NonEmptyGroup)
        }
        Some(Group::Classic(_) | Group::Consumer(_)) => Ok(()),
    }
}

fn is_subscribed(state: &State, group: &GroupId, topic: &TopicName) -> bool {
    match state.groups.get(group) {
        Some(Group::Classic(group)) => group.is_subscribed(topic),
        Some(Group::Consumer(group)) => group.is_subscribed(topic),
        None => false,
    }
}
