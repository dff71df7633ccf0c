//! DeleteTopics.

use kafka_protocol::ResponseError;
use kafka_protocol::messages::delete_topics_request::DeleteTopicState;
use kafka_protocol::messages::delete_topics_response::DeletableTopicResult;
use kafka_protocol::messages::{DeleteTopicsRequest, DeleteTopicsResponse, TopicName};
use uuid::Uuid;

use super::{Refusal, count, unauthorized};
use crate::api::{Call, fetch, text};
use crate::security::acl::{Operation, Resource};
use crate::state::State;

pub(in crate::api) fn delete(
    state: &mut State,
    call: &Call<'_>,
    request: DeleteTopicsRequest,
) -> DeleteTopicsResponse {
    let by_name =
        request.topic_names.into_iter().map(|name| DeleteTopicState::default().with_name(Some(name)));
    let asked: Vec<DeleteTopicState> = request.topics.into_iter().chain(by_name).collect();
    // Each topic once, whether by name or by id.
    let counts = count(asked.iter().map(|asked| target(state, asked)));
    let mut results: Vec<DeletableTopicResult> = Vec::with_capacity(asked.len());
    for asked in asked {
        let is_twice = counts[&target(state, &asked)] > 1;
        let is_answered = |result: &DeletableTopicResult| {
            result.error_code == ResponseError::InvalidRequest.code()
                && result.name == asked.name
                && result.topic_id == asked.topic_id
        };
        if is_twice && results.iter().any(is_answered) {
            continue;
        }
        let deleted = match is_twice {
            true => Err((ResponseError::InvalidRequest, "the topic was named twice".to_owned())),
            false => deleted(state, call, &asked),
        };
        let result = DeletableTopicResult::default();
        results.push(match deleted {
            Ok((name, id)) => result.with_name(Some(name)).with_topic_id(id).with_error_message(None),
            Err((error, reason)) => {
                let result = result.with_error_code(error.code()).with_name(asked.name);
                let reason = if call.version >= 5 { text(reason) } else { None };
                result.with_topic_id(asked.topic_id).with_error_message(reason)
            }
        });
    }
    DeleteTopicsResponse::default().with_responses(results)
}

/// Returns what is asked for, as far as it is known.
fn target(state: &State, asked: &DeleteTopicState) -> (Option<TopicName>, Uuid) {
    match (&asked.name, state.topics.name_of(asked.topic_id)) {
        (None, Some(name)) => (Some(name.clone()), Uuid::nil()),
        (name, _) => (name.clone(), asked.topic_id),
    }
}

fn deleted(
    state: &mut State,
    call: &Call<'_>,
    asked: &DeleteTopicState,
) -> Result<(TopicName, Uuid), Refusal> {
    let name = match (&asked.name, asked.topic_id) {
        (None, id) if id.is_nil() => {
            return Err((ResponseError::InvalidRequest, "neither a name nor an id was given".to_owned()));
        }
        (Some(_), id) if !id.is_nil() => {
            return Err((ResponseError::InvalidRequest, "both a name and an id were given".to_owned()));
        }
        (Some(name), _) => name.clone(),
        (None, id) => state.topics.name_of(id).cloned().ok_or_else(|| {
            (ResponseError::UnknownTopicId, format!("there was no topic with the id `{id}`"))
        })?,
    };
    if !call.may(state, Operation::Delete, Resource::Topic, &name) {
        return Err(unauthorized());
    }
    let Some(topic) = state.topics.remove(&name) else {
        let reason = format!("there was no topic `{}`", *name);
        return Err((ResponseError::UnknownTopicOrPartition, reason));
    };
    state.groups.offsets.forget_topic(&name);
    let waiting = topic.partitions.into_iter().flat_map(|partition| partition.waiting).collect();
    fetch::wake(state, call.now, waiting);
    Ok((name, topic.id))
}
