//! CreateTopics and DeleteTopics.

use kafka_protocol::ResponseError;
use kafka_protocol::messages::create_topics_request::CreatableTopic;
use kafka_protocol::messages::create_topics_response::CreatableTopicResult;
use kafka_protocol::messages::delete_topics_request::DeleteTopicState;
use kafka_protocol::messages::delete_topics_response::DeletableTopicResult;
use kafka_protocol::messages::{
    CreateTopicsRequest, CreateTopicsResponse, DeleteTopicsRequest, DeleteTopicsResponse,
};

use super::{Call, fetch, text};
use crate::state::State;
use crate::state::topics::is_legal;

pub(super) fn create(state: &mut State, request: CreateTopicsRequest) -> CreateTopicsResponse {
    let validate_only = request.validate_only;
    let results = request.topics.into_iter().map(|topic| created(state, topic, validate_only));
    CreateTopicsResponse::default().with_topics(results.collect())
}

fn created(state: &mut State, asked: CreatableTopic, validate_only: bool) -> CreatableTopicResult {
    let result = CreatableTopicResult::default().with_name(asked.name.clone());
    let partitions = match asked.num_partitions {
        -1 => state.options.default_partitions,
        partitions => partitions,
    };
    let factor = match asked.replication_factor {
        -1 => state.options.default_replication_factor(),
        factor => factor,
    };
    let brokers = state.nodes.all().len();
    let refused = if state.topics.get(&asked.name).is_some() {
        Some((ResponseError::TopicAlreadyExists, format!("topic `{}` exists", *asked.name)))
    } else if !is_legal(&asked.name) {
        Some((ResponseError::InvalidTopicException, format!("`{}` is no legal topic name", *asked.name)))
    } else if partitions < 1 {
        Some((ResponseError::InvalidPartitions, format!("`{partitions}` partitions are too few")))
    } else if factor < 1 || factor as usize > brokers {
        let reason = format!("replication factor `{factor}` is not between 1 and the {brokers} brokers");
        Some((ResponseError::InvalidReplicationFactor, reason))
    } else {
        None
    };
    if let Some((error, reason)) = refused {
        return result
            .with_error_code(error.code())
            .with_error_message(text(reason))
            .with_num_partitions(-1)
            .with_replication_factor(-1)
            .with_configs(Some(Vec::new()));
    }
    let id = match validate_only {
        true => uuid::Uuid::nil(),
        false => state.create_topic(&asked.name, partitions, factor),
    };
    result
        .with_topic_id(id)
        .with_num_partitions(partitions)
        .with_replication_factor(factor)
        .with_configs(Some(Vec::new()))
}

pub(super) fn delete(
    state: &mut State,
    call: &Call<'_>,
    request: DeleteTopicsRequest,
) -> DeleteTopicsResponse {
    let by_name =
        request.topic_names.into_iter().map(|name| DeleteTopicState::default().with_name(Some(name)));
    let asked: Vec<DeleteTopicState> = request.topics.into_iter().chain(by_name).collect();
    let results = asked.into_iter().map(|topic| deleted(state, call, topic)).collect();
    DeleteTopicsResponse::default().with_responses(results)
}

fn deleted(state: &mut State, call: &Call<'_>, asked: DeleteTopicState) -> DeletableTopicResult {
    let result = DeletableTopicResult::default();
    let (name, unknown) = match asked.name {
        Some(name) => (Some(name), ResponseError::UnknownTopicOrPartition),
        None => (state.topics.name_of(asked.topic_id).cloned(), ResponseError::UnknownTopicId),
    };
    let Some((name, topic)) = name.clone().and_then(|name| Some((name.clone(), state.topics.remove(&name)?)))
    else {
        return result.with_name(name).with_topic_id(asked.topic_id).with_error_code(unknown.code());
    };
    state.groups.offsets.forget_topic(&name);
    let waiting = topic.partitions.into_iter().flat_map(|partition| partition.waiting).collect();
    fetch::wake(state, call.now, waiting);
    result.with_name(Some(name)).with_topic_id(topic.id)
}
