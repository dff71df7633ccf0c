//! OffsetFetch: what groups committed.

use kafka_protocol::ResponseError;
use kafka_protocol::messages::offset_fetch_request::{OffsetFetchRequestGroup, OffsetFetchRequestTopics};
use kafka_protocol::messages::offset_fetch_response::{
    OffsetFetchResponseGroup, OffsetFetchResponsePartition, OffsetFetchResponsePartitions,
    OffsetFetchResponseTopic, OffsetFetchResponseTopics,
};
use kafka_protocol::messages::{GroupId, OffsetFetchRequest, OffsetFetchResponse, TopicName};

use crate::api::{Call, coordinators};
use crate::groups::Group;
use crate::groups::offsets::{Committed, Place};
use crate::security::acl::Operation;
use crate::state::State;

/// From this version on an error of the whole group has a place of its own.
const HAS_ERROR: i16 = 2;
/// From this version on a request has many groups (KIP-709).
const BATCHED: i16 = 8;

pub(in crate::api) fn fetch(
    state: &State,
    call: &Call<'_>,
    request: OffsetFetchRequest,
) -> OffsetFetchResponse {
    let stable = request.require_stable;
    if call.version >= BATCHED {
        let groups = request.groups.into_iter().map(|group| fetched(state, call, group, stable));
        return OffsetFetchResponse::default().with_groups(groups.collect());
    }
    let topics = request.topics.map(|topics| {
        let topic = |topic: kafka_protocol::messages::offset_fetch_request::OffsetFetchRequestTopic| {
            OffsetFetchRequestTopics::default()
                .with_name(topic.name)
                .with_partition_indexes(topic.partition_indexes)
        };
        topics.into_iter().map(topic).collect::<Vec<_>>()
    });
    let group =
        OffsetFetchRequestGroup::default().with_group_id(request.group_id).with_topics(topics.clone());
    let mut found = fetched(state, call, group, stable);
    if call.version < HAS_ERROR
        && let Some(error) = ResponseError::try_from_code(found.error_code)
    {
        found.topics = refused(topics.unwrap_or_default(), error);
        found.error_code = 0;
    }
    OffsetFetchResponse::default()
        .with_error_code(found.error_code)
        .with_topics(found.topics.into_iter().map(unbatched).collect())
}

fn fetched(
    state: &State,
    call: &Call<'_>,
    asked: OffsetFetchRequestGroup,
    stable: bool,
) -> OffsetFetchResponseGroup {
    let group = asked.group_id.clone();
    let response = OffsetFetchResponseGroup::default();
    let checked = call
        .check_group(state, Operation::Describe, &group)
        .and_then(|()| coordinators::check(state, call, &group))
        .and_then(|()| may_fetch(state, &asked));
    if let Err(error) = checked {
        return response.with_group_id(group).with_error_code(error.code());
    }
    let topics = match asked.topics {
        Some(topics) => some(state, call, &group, topics, stable),
        None => {
            let mut topics = all(state, &group, stable);
            topics.retain(|topic| may_see(state, call, &topic.name));
            topics
        }
    };
    response.with_group_id(group).with_topics(topics)
}

fn may_see(state: &State, call: &Call<'_>, topic: &TopicName) -> bool {
    call.check_topic(state, Operation::Describe, topic).is_ok()
}

/// Checks a member of a consumer group, which says who it is; others need not.
fn may_fetch(state: &State, asked: &OffsetFetchRequestGroup) -> Result<(), ResponseError> {
    match (state.groups.get(&asked.group_id), &asked.member_id) {
        (Some(Group::Consumer(group)), Some(id)) => group.check_epoch(id, asked.member_epoch),
        (Some(Group::Consumer(_)), None) if asked.member_epoch >= 0 => Err(ResponseError::UnknownMemberId),
        _ => Ok(()),
    }
}

fn some(
    state: &State,
    call: &Call<'_>,
    group: &GroupId,
    asked: Vec<OffsetFetchRequestTopics>,
    stable: bool,
) -> Vec<OffsetFetchResponseTopics> {
    let topics = asked.into_iter().map(|topic| {
        if !may_see(state, call, &topic.name) {
            return refused_topic(topic, ResponseError::TopicAuthorizationFailed);
        }
        let partitions = topic.partition_indexes.iter().map(|index| {
            let place = (topic.name.clone(), *index);
            offset(state, group, &place, state.groups.offsets.get(group, &place), stable)
        });
        let partitions = partitions.collect();
        OffsetFetchResponseTopics::default().with_name(topic.name).with_partitions(partitions)
    });
    topics.collect()
}

fn all(state: &State, group: &GroupId, stable: bool) -> Vec<OffsetFetchResponseTopics> {
    let mut topics: Vec<OffsetFetchResponseTopics> = Vec::new();
    for (place, committed) in state.groups.offsets.all(group) {
        let found = offset(state, group, place, Some(committed), stable);
        match topics.last_mut().filter(|topic| topic.name == place.0) {
            Some(topic) => topic.partitions.push(found),
            None => topics.push(
                OffsetFetchResponseTopics::default().with_name(place.0.clone()).with_partitions(vec![found]),
            ),
        }
    }
    topics
}

fn offset(
    state: &State,
    group: &GroupId,
    place: &Place,
    committed: Option<&Committed>,
    stable: bool,
) -> OffsetFetchResponsePartitions {
    let none = none(place.1);
    if stable && state.groups.offsets.is_unstable(group, place) {
        return none.with_error_code(ResponseError::UnstableOffsetCommit.code());
    }
    let Some(committed) = committed else { return none };
    none.with_committed_offset(committed.offset)
        .with_committed_leader_epoch(committed.leader_epoch)
        .with_metadata(Some(committed.metadata.clone()))
}

fn none(partition: i32) -> OffsetFetchResponsePartitions {
    OffsetFetchResponsePartitions::default()
        .with_partition_index(partition)
        .with_committed_offset(-1)
        .with_committed_leader_epoch(-1)
        .with_metadata(Some(Default::default()))
}

fn refused(topics: Vec<OffsetFetchRequestTopics>, error: ResponseError) -> Vec<OffsetFetchResponseTopics> {
    topics.into_iter().map(|topic| refused_topic(topic, error)).collect()
}

fn refused_topic(topic: OffsetFetchRequestTopics, error: ResponseError) -> OffsetFetchResponseTopics {
    let indexes = topic.partition_indexes.into_iter();
    let partitions = indexes.map(|index| none(index).with_error_code(error.code())).collect();
    OffsetFetchResponseTopics::default().with_name(topic.name).with_partitions(partitions)
}

/// Returns a topic as requests of one group have it.
fn unbatched(topic: OffsetFetchResponseTopics) -> OffsetFetchResponseTopic {
    let partitions = topic.partitions.into_iter().map(|found| {
        OffsetFetchResponsePartition::default()
            .with_partition_index(found.partition_index)
            .with_committed_offset(found.committed_offset)
            .with_committed_leader_epoch(found.committed_leader_epoch)
            .with_metadata(found.metadata)
            .with_error_code(found.error_code)
    });
    OffsetFetchResponseTopic::default().with_name(topic.name).with_partitions(partitions.collect())
}
