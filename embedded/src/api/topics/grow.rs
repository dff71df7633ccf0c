//! CreatePartitions.

use kafka_protocol::ResponseError;
use kafka_protocol::messages::create_partitions_request::{
    CreatePartitionsAssignment, CreatePartitionsTopic,
};
use kafka_protocol::messages::create_partitions_response::CreatePartitionsTopicResult;
use kafka_protocol::messages::{CreatePartitionsRequest, CreatePartitionsResponse};

use super::{MOST_PARTITIONS, Refusal, assignment, count, too_many, unauthorized};
use crate::api::{Call, text};
use crate::security::acl::{Operation, Resource};
use crate::state::State;
use crate::state::topics::Assignment;

pub(in crate::api) fn grow(
    state: &mut State,
    call: &Call<'_>,
    request: CreatePartitionsRequest,
) -> CreatePartitionsResponse {
    let counts = count(request.topics.iter().map(|topic| topic.name.clone()));
    let mut left = MOST_PARTITIONS;
    let mut results: Vec<CreatePartitionsTopicResult> = Vec::with_capacity(request.topics.len());
    for asked in request.topics {
        let is_twice = counts[&asked.name] > 1;
        if is_twice && results.iter().any(|result| result.name == asked.name) {
            continue;
        }
        let planned = match is_twice {
            true => Err((ResponseError::InvalidRequest, "the topic was named twice".to_owned())),
            false if !call.may(state, Operation::Alter, Resource::Topic, &asked.name) => Err(unauthorized()),
            false => plan(state, &asked, &mut left),
        };
        let result = CreatePartitionsTopicResult::default();
        let result = match planned {
            Ok(assignment) => {
                if !request.validate_only {
                    state.add_partitions(&asked.name, assignment);
                }
                result.with_error_message(None)
            }
            Err((error, reason)) => result.with_error_code(error.code()).with_error_message(text(reason)),
        };
        results.push(result.with_name(asked.name));
    }
    CreatePartitionsResponse::default().with_results(results)
}

fn plan(state: &mut State, asked: &CreatePartitionsTopic, left: &mut usize) -> Result<Assignment, Refusal> {
    let Some(topic) = state.topics.get(&asked.name) else {
        return Err((ResponseError::UnknownTopicOrPartition, "the topic did not exist".to_owned()));
    };
    let current = topic.partitions.len();
    let factor = topic.partitions.first().map_or(1, |first| first.replicas.len());
    let wanted = usize::try_from(asked.count).unwrap_or(0);
    let added = wanted.checked_sub(current).filter(|added| *added > 0).ok_or_else(|| {
        let reason = format!("the topic had `{current}` partitions, `{}` would be no increase", asked.count);
        (ResponseError::InvalidPartitions, reason)
    })?;
    *left = left.checked_sub(added).ok_or_else(too_many)?;
    let Some(assignments) = &asked.assignments else { return Ok(state.place(added, factor as i16)) };
    if assignments.len() != added {
        let reason = format!("`{added}` partitions were added, and `{}` assigned", assignments.len());
        return Err((ResponseError::InvalidReplicaAssignment, reason));
    }
    let replicas =
        |assigned: &CreatePartitionsAssignment| assignment::check(state, &assigned.broker_ids, Some(factor));
    assignments.iter().map(replicas).collect()
}
