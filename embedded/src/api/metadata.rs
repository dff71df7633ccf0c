//! Metadata and DescribeTopicPartitions: brokers, topics, leaders.

use kafka_protocol::ResponseError;
use kafka_protocol::messages::describe_topic_partitions_response::{
    Cursor, DescribeTopicPartitionsResponsePartition, DescribeTopicPartitionsResponseTopic,
};
use kafka_protocol::messages::metadata_request::MetadataRequestTopic;
use kafka_protocol::messages::metadata_response::{
    MetadataResponseBroker, MetadataResponsePartition, MetadataResponseTopic,
};
use kafka_protocol::messages::{
    BrokerId, DescribeTopicPartitionsRequest, DescribeTopicPartitionsResponse, MetadataRequest,
    MetadataResponse, TopicName,
};

use super::authorization::operations;
use super::{Call, topics};
use crate::security::acl::{CLUSTER_NAME, Operation, Resource};
use crate::state::topics::{Partition, Topic, is_internal, is_legal};
use crate::state::{NodeId, State};

/// The most partitions that one DescribeTopicPartitions answer has
/// (`max.request.partition.size.limit`).
const MOST_PARTITIONS: i32 = 2000;

pub(super) fn handle(state: &mut State, call: &Call<'_>, request: MetadataRequest) -> MetadataResponse {
    let may_create = request.allow_auto_topic_creation || call.version < 4;
    let mut topics = match request.topics {
        // Version 0 has no null: there an empty list asks for all.
        None => all(state, call),
        Some(topics) if topics.is_empty() && call.version == 0 => all(state, call),
        Some(topics) => topics.into_iter().map(|topic| one(state, call, topic, may_create)).collect(),
    };
    if request.include_topic_authorized_operations {
        for topic in topics.iter_mut().filter(|topic| topic.error_code == 0) {
            let name = topic.name.as_deref().map_or("", |name| name.as_str());
            topic.topic_authorized_operations = operations(state, call, true, Resource::Topic, name);
        }
    }
    // From version 11 on DescribeCluster tells it.
    let cluster = match request.include_cluster_authorized_operations {
        true if !call.may(state, Operation::Describe, Resource::Cluster, CLUSTER_NAME) => 0,
        asked => operations(state, call, asked, Resource::Cluster, CLUSTER_NAME),
    };
    let broker = |node: &crate::state::nodes::Node| {
        MetadataResponseBroker::default()
            .with_node_id(BrokerId(node.id))
            .with_host(node.address(call.listener).host.clone())
            .with_port(node.address(call.listener).port)
    };
    MetadataResponse::default()
        .with_brokers(state.nodes.up().map(broker).collect())
        .with_cluster_id((call.version >= 2).then(|| state.cluster_id.clone()))
        .with_controller_id(state.nodes.controller())
        .with_topics(topics)
        .with_cluster_authorized_operations(cluster)
}

fn all(state: &State, call: &Call<'_>) -> Vec<MetadataResponseTopic> {
    // What one may not see is not told of.
    let visible = state.topics.iter().filter(|(name, _)| may_see(state, call, name));
    visible.map(|(name, topic)| described(state, name, topic)).collect()
}

fn may_see(state: &State, call: &Call<'_>, name: &str) -> bool {
    call.may(state, Operation::Describe, Resource::Topic, name)
}

fn one(
    state: &mut State,
    call: &Call<'_>,
    asked: MetadataRequestTopic,
    may_create: bool,
) -> MetadataResponseTopic {
    let refused = |error: ResponseError| MetadataResponseTopic::default().with_error_code(error.code());
    // Who asks by id leaves the name out, or empty as the Java client does.
    let name = match asked.name.filter(|_| asked.topic_id.is_nil()) {
        Some(name) => name,
        None => match state.topics.name_of(asked.topic_id) {
            Some(name) if !may_see(state, call, name) => {
                return refused(ResponseError::TopicAuthorizationFailed).with_topic_id(asked.topic_id);
            }
            Some(name) => name.clone(),
            None => return refused(ResponseError::UnknownTopicId).with_topic_id(asked.topic_id),
        },
    };
    if !may_see(state, call, &name) {
        return refused(ResponseError::TopicAuthorizationFailed).with_name(Some(name));
    }
    if state.topics.get(&name).is_none() && may_create && state.options.auto_create_topics {
        if !is_legal(&name) {
            return refused(ResponseError::InvalidTopicException).with_name(Some(name));
        }
        if !topics::may_create(state, call, &name) {
            return refused(ResponseError::TopicAuthorizationFailed).with_name(Some(name));
        }
        let (partitions, factor) =
            (state.options.default_partitions, state.options.default_replication_factor());
        state.create_topic(&name, partitions, factor);
    }
    match state.topics.get(&name) {
        Some(topic) => described(state, &name, topic),
        None if !is_legal(&name) => refused(ResponseError::InvalidTopicException).with_name(Some(name)),
        None => refused(ResponseError::UnknownTopicOrPartition).with_name(Some(name)),
    }
}

fn described(state: &State, name: &TopicName, topic: &Topic) -> MetadataResponseTopic {
    let partition = |(index, partition): (usize, &Partition)| {
        let replicas = Replicas::of(state, partition);
        MetadataResponsePartition::default()
            .with_error_code(replicas.error_code)
            .with_partition_index(index as i32)
            .with_leader_id(replicas.leader)
            .with_leader_epoch(partition.leader_epoch)
            .with_replica_nodes(replicas.all)
            .with_isr_nodes(replicas.in_sync)
            .with_offline_replicas(replicas.offline)
    };
    MetadataResponseTopic::default()
        .with_name(Some(name.clone()))
        .with_topic_id(topic.id)
        .with_is_internal(is_internal(name))
        .with_partitions(topic.partitions.iter().enumerate().map(partition).collect())
}

/// A partition's brokers as clients see them: whoever is up is in sync, since all share one state.
struct Replicas {
    error_code: i16,
    leader: BrokerId,
    all: Vec<BrokerId>,
    in_sync: Vec<BrokerId>,
    offline: Vec<BrokerId>,
}

impl Replicas {
    fn of(state: &State, partition: &Partition) -> Self {
        let is_up = |id: &&NodeId| state.nodes.is_up(**id);
        let ids = |ids: Vec<&NodeId>| ids.into_iter().map(|id| BrokerId(*id)).collect();
        let (in_sync, offline): (Vec<_>, Vec<_>) = partition.replicas.iter().partition(is_up);
        let error_code = match partition.leader {
            Some(_) => 0,
            None => ResponseError::LeaderNotAvailable.code(),
        };
        Self {
            error_code,
            leader: BrokerId(partition.leader.unwrap_or(-1)),
            all: ids(partition.replicas.iter().collect()),
            in_sync: ids(in_sync),
            offline: ids(offline),
        }
    }
}

/// Describes topics in the order of their names, page by page (KIP-966).
pub(super) fn describe_topic_partitions(
    state: &State,
    call: &Call<'_>,
    request: DescribeTopicPartitionsRequest,
) -> DescribeTopicPartitionsResponse {
    let mut names: Vec<TopicName> = match request.topics.is_empty() {
        true => {
            let names = state.topics.iter().map(|(name, _)| name);
            names.filter(|name| may_see(state, call, name)).cloned().collect()
        }
        false => request.topics.into_iter().map(|topic| topic.name).collect(),
    };
    names.sort();
    names.dedup();
    let (from_topic, from_partition) = match &request.cursor {
        Some(cursor) => (cursor.topic_name.clone(), cursor.partition_index.max(0)),
        None => (TopicName::default(), 0),
    };
    let mut left = request.response_partition_limit.clamp(1, MOST_PARTITIONS) as usize;
    let mut response = DescribeTopicPartitionsResponse::default();
    for name in names.into_iter().filter(|name| *name >= from_topic) {
        let first = if name == from_topic { from_partition as usize } else { 0 };
        if left == 0 {
            response.next_cursor =
                Some(Cursor::default().with_topic_name(name).with_partition_index(first as i32));
            break;
        }
        let described = DescribeTopicPartitionsResponseTopic::default().with_name(Some(name.clone()));
        if !may_see(state, call, &name) {
            let error = ResponseError::TopicAuthorizationFailed;
            response.topics.push(described.with_error_code(error.code()));
            continue;
        }
        let Some(topic) = state.topics.get(&name) else {
            let error = match is_legal(&name) {
                true => ResponseError::UnknownTopicOrPartition,
                false => ResponseError::InvalidTopicException,
            };
            response.topics.push(described.with_error_code(error.code()));
            continue;
        };
        let page: Vec<_> = topic.partitions.iter().enumerate().skip(first).take(left).collect();
        left -= page.len();
        let next = first + page.len();
        let partitions = page.into_iter().map(|(index, partition)| paged(state, index, partition));
        let operations = operations(state, call, true, Resource::Topic, &name);
        response.topics.push(
            described
                .with_topic_id(topic.id)
                .with_is_internal(is_internal(&name))
                .with_partitions(partitions.collect())
                .with_topic_authorized_operations(operations),
        );
        if next < topic.partitions.len() {
            response.next_cursor =
                Some(Cursor::default().with_topic_name(name).with_partition_index(next as i32));
            break;
        }
    }
    response
}

fn paged(state: &State, index: usize, partition: &Partition) -> DescribeTopicPartitionsResponsePartition {
    let replicas = Replicas::of(state, partition);
    DescribeTopicPartitionsResponsePartition::default()
        .with_error_code(replicas.error_code)
        .with_partition_index(index as i32)
        .with_leader_id(replicas.leader)
        .with_leader_epoch(partition.leader_epoch)
        .with_replica_nodes(replicas.all)
        .with_isr_nodes(replicas.in_sync)
        .with_eligible_leader_replicas(Some(Vec::new()))
        .with_last_known_elr(Some(Vec::new()))
        .with_offline_replicas(replicas.offline)
}
