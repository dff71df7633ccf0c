//! CreateTopics.

use kafka_protocol::ResponseError;
use kafka_protocol::messages::create_topics_request::{CreatableReplicaAssignment, CreatableTopic};
use kafka_protocol::messages::create_topics_response::{CreatableTopicConfigs, CreatableTopicResult};
use kafka_protocol::messages::{CreateTopicsRequest, CreateTopicsResponse, TopicName};
use kafka_protocol::protocol::StrBytes;

use super::{MOST_PARTITIONS, Refusal, assignment, count, too_many, unauthorized};
use crate::api::configs::{self, Described};
use crate::api::{Call, text};
use crate::log::config::LogConfig;
use crate::security::acl::{CLUSTER_NAME, Operation, Resource};
use crate::state::State;
use crate::state::topics::{Assignment, Settings, is_legal};

/// What a topic will be made of.
struct Plan {
    settings: Settings,
    assignment: Assignment,
}

pub(in crate::api) fn create(
    state: &mut State,
    call: &Call<'_>,
    request: CreateTopicsRequest,
) -> CreateTopicsResponse {
    let counts = count(request.topics.iter().map(|topic| topic.name.clone()));
    let mut left = MOST_PARTITIONS;
    let mut results: Vec<CreatableTopicResult> = Vec::with_capacity(request.topics.len());
    for asked in request.topics {
        let is_twice = counts[&asked.name] > 1;
        if is_twice && results.iter().any(|result| result.name == asked.name) {
            continue;
        }
        let planned = match is_twice {
            true => Err((ResponseError::InvalidRequest, "the topic was named twice".to_owned())),
            false if !may_create(state, call, &asked.name) => Err(unauthorized()),
            false => plan(state, &asked, &mut left),
        };
        results.push(match planned {
            Ok(plan) => created(state, call, asked, plan, request.validate_only),
            Err(refusal) => refused(asked, refusal),
        });
    }
    CreateTopicsResponse::default().with_topics(results)
}

/// Creates a topic for whoever holds the cluster; `-1` partitions are as many as the options say.
pub(crate) fn create_directly(state: &mut State, name: StrBytes, partitions: i32) -> Result<(), Refusal> {
    let asked = CreatableTopic::default().with_name(TopicName(name)).with_num_partitions(partitions);
    let asked = asked.with_replication_factor(-1);
    let mut left = MOST_PARTITIONS;
    let Plan { assignment, .. } = plan(state, &asked, &mut left)?;
    state.insert_topic(&asked.name, assignment);
    Ok(())
}

/// Returns whether a client may make a topic of this name.
pub(in crate::api) fn may_create(state: &State, call: &Call<'_>, name: &str) -> bool {
    call.may(state, Operation::Create, Resource::Cluster, CLUSTER_NAME)
        || call.may(state, Operation::Create, Resource::Topic, name)
}

/// Checks what is asked for, in Kafka's order.
fn plan(state: &mut State, asked: &CreatableTopic, left: &mut usize) -> Result<Plan, Refusal> {
    check_name(state, asked)?;
    let settings = settings(asked)?;
    let assignment = match asked.assignments.is_empty() {
        true => placed(state, asked, left)?,
        false => assigned(state, asked)?,
    };
    *left = left.checked_sub(assignment.len()).ok_or_else(too_many)?;
    Ok(Plan { settings, assignment })
}

fn check_name(state: &State, asked: &CreatableTopic) -> Result<(), Refusal> {
    let name = &asked.name;
    if state.topics.get(name).is_some() {
        return Err((ResponseError::TopicAlreadyExists, format!("topic `{}` existed already", **name)));
    }
    let refused = |reason| Err((ResponseError::InvalidTopicException, reason));
    if !is_legal(name) {
        return refused(format!("`{}` is no legal topic name", **name));
    }
    // Names of metrics have no dots: there the two would be one.
    if name.contains(['.', '_']) {
        let unified = name.replace('.', "_");
        let mut others = state.topics.iter().map(|(other, _)| other);
        if let Some(other) = others.find(|other| other.replace('.', "_") == unified) {
            return refused(format!("topic `{}` collided with topic `{}`", **name, **other));
        }
    }
    Ok(())
}

fn settings(asked: &CreatableTopic) -> Result<Settings, Refusal> {
    let invalid = |reason| (ResponseError::InvalidConfig, reason);
    let mut settings = Settings::new();
    for config in &asked.configs {
        let value = config.value.as_ref().ok_or_else(|| invalid(format!("`{}` was null", config.name)))?;
        settings.insert(config.name.to_string(), value.to_string());
    }
    LogConfig::new(&settings).map_err(|error| invalid(error.to_string()))?;
    Ok(settings)
}

fn placed(state: &mut State, asked: &CreatableTopic, left: &mut usize) -> Result<Assignment, Refusal> {
    let brokers = state.nodes.all().len();
    let factor = match asked.replication_factor {
        -1 => state.options.default_replication_factor(),
        factor => factor,
    };
    let partitions = match asked.num_partitions {
        -1 => state.options.default_partitions,
        partitions => partitions,
    };
    let bad_factor = factor < 1;
    if !bad_factor && partitions < 1 {
        return Err((ResponseError::InvalidPartitions, format!("`{partitions}` partitions are too few")));
    }
    if bad_factor || factor as usize > brokers {
        let reason = format!("replication factor `{factor}` was not between 1 and the {brokers} brokers");
        return Err((ResponseError::InvalidReplicationFactor, reason));
    }
    if partitions as usize > *left {
        return Err(too_many());
    }
    Ok(state.place(partitions as usize, factor))
}

fn assigned(state: &State, asked: &CreatableTopic) -> Result<Assignment, Refusal> {
    if asked.replication_factor != -1 || asked.num_partitions != -1 {
        let reason = "replicas were assigned, so the number of partitions and replicas had to be -1";
        return Err((ResponseError::InvalidRequest, reason.to_owned()));
    }
    let refused = |reason: String| Err((ResponseError::InvalidReplicaAssignment, reason));
    let mut sorted: Vec<&CreatableReplicaAssignment> = asked.assignments.iter().collect();
    sorted.sort_by_key(|assigned| assigned.partition_index);
    let mut assignment = Assignment::new();
    for (expected, assigned) in sorted.into_iter().enumerate() {
        let factor = assignment.first().map(Vec::len);
        assignment.push(assignment::check(state, &assigned.broker_ids, factor)?);
        if usize::try_from(assigned.partition_index) != Ok(expected) {
            return refused("the assigned partitions were not numbered from 0 on, each once".to_owned());
        }
    }
    Ok(assignment)
}

fn created(
    state: &mut State,
    call: &Call<'_>,
    asked: CreatableTopic,
    plan: Plan,
    validate_only: bool,
) -> CreatableTopicResult {
    let Plan { settings, assignment } = plan;
    let result = CreatableTopicResult::default().with_error_message(None);
    // Whoever may make a topic may still not see what it is like.
    let result = match call.check_topic(state, Operation::DescribeConfigs, &asked.name) {
        Err(error) => unknown(result).with_topic_config_error_code(error.code()),
        Ok(()) => result
            .with_num_partitions(assignment.len() as i32)
            .with_replication_factor(assignment.first().map_or(0, Vec::len) as i16)
            .with_configs(Some(shown(&settings))),
    };
    if validate_only {
        let id = state.new_uuid();
        return result.with_name(asked.name).with_topic_id(id);
    }
    let id = state.insert_topic(&asked.name, assignment);
    if let Err(error) = state.set_settings(call.now, &asked.name, settings) {
        tracing::error!(%error, "settings that were checked were refused");
    }
    result.with_name(asked.name).with_topic_id(id)
}

fn shown(settings: &Settings) -> Vec<CreatableTopicConfigs> {
    let shown = configs::topic::describe(settings).map(|Described { name, value, source, .. }| {
        CreatableTopicConfigs::default()
            .with_name(StrBytes::from_static_str(name))
            .with_value(value.and_then(text))
            .with_config_source(source)
    });
    shown.collect()
}

/// Returns the answer for a topic that was not made.
fn refused(asked: CreatableTopic, (error, reason): Refusal) -> CreatableTopicResult {
    unknown(CreatableTopicResult::default())
        .with_name(asked.name)
        .with_error_code(error.code())
        .with_error_message(text(reason))
}

/// Says nothing of what the topic is like. Its configs are an empty list: the Java client fails on null.
fn unknown(result: CreatableTopicResult) -> CreatableTopicResult {
    result.with_num_partitions(-1).with_replication_factor(-1).with_configs(Some(Vec::new()))
}
