//! IncrementalAlterConfigs and AlterConfigs.

use std::collections::HashSet;

use kafka_protocol::ResponseError;
use kafka_protocol::messages::alter_configs_response::AlterConfigsResourceResponse as Replaced;
use kafka_protocol::messages::incremental_alter_configs_response::AlterConfigsResourceResponse as Altered;
use kafka_protocol::messages::{
    AlterConfigsRequest, AlterConfigsResponse, IncrementalAlterConfigsRequest,
    IncrementalAlterConfigsResponse, TopicName,
};
use kafka_protocol::protocol::StrBytes;

use super::{BROKER, Refusal, TOPIC, authorize, broker, check_broker, unknown};
use crate::api::topics::count;
use crate::api::{Call, text};
use crate::log::config::{self, Kind, LogConfig};
use crate::security::acl::Operation;
use crate::state::State;
use crate::state::topics::Settings;

/// What is done to a setting (`AlterConfigOp.OpType`).
const SET: i8 = 0;
const DELETE: i8 = 1;
const APPEND: i8 = 2;
const SUBTRACT: i8 = 3;

/// One change of one setting.
struct Change {
    name: StrBytes,
    operation: i8,
    value: Option<StrBytes>,
}

/// The changes that a request has for one resource.
struct Changes {
    kind: i8,
    name: StrBytes,
    /// Whether settings that are not named keep their values.
    keep_others: bool,
    each: Vec<Change>,
}

pub(in crate::api) fn incrementally(
    state: &mut State,
    call: &Call<'_>,
    request: IncrementalAlterConfigsRequest,
) -> IncrementalAlterConfigsResponse {
    let resources = request.resources.into_iter().map(|resource| {
        let each = resource.configs.into_iter().map(|config| Change {
            name: config.name,
            operation: config.config_operation,
            value: config.value,
        });
        let (kind, name) = (resource.resource_type, resource.resource_name);
        Changes { kind, name, keep_others: true, each: each.collect() }
    });
    let altered = alter_all(state, call, resources.collect(), request.validate_only);
    let responses = altered.into_iter().map(|(kind, name, result)| {
        let (code, reason) = split(result);
        Altered::default()
            .with_resource_type(kind)
            .with_resource_name(name)
            .with_error_code(code)
            .with_error_message(reason)
    });
    IncrementalAlterConfigsResponse::default().with_responses(responses.collect())
}

pub(in crate::api) fn replace(
    state: &mut State,
    call: &Call<'_>,
    request: AlterConfigsRequest,
) -> AlterConfigsResponse {
    let resources = request.resources.into_iter().map(|resource| {
        let each = resource.configs.into_iter();
        let each = each.map(|config| Change { name: config.name, operation: SET, value: config.value });
        let (kind, name) = (resource.resource_type, resource.resource_name);
        Changes { kind, name, keep_others: false, each: each.collect() }
    });
    let altered = alter_all(state, call, resources.collect(), request.validate_only);
    let responses = altered.into_iter().map(|(kind, name, result)| {
        let (code, reason) = split(result);
        Replaced::default()
            .with_resource_type(kind)
            .with_resource_name(name)
            .with_error_code(code)
            .with_error_message(reason)
    });
    AlterConfigsResponse::default().with_responses(responses.collect())
}

fn split(result: Result<(), Refusal>) -> (i16, Option<StrBytes>) {
    match result {
        Ok(()) => (0, None),
        Err((error, reason)) => (error.code(), text(reason)),
    }
}

fn alter_all(
    state: &mut State,
    call: &Call<'_>,
    resources: Vec<Changes>,
    validate_only: bool,
) -> Vec<(i8, StrBytes, Result<(), Refusal>)> {
    let counts = count(resources.iter().map(|changes| (changes.kind, changes.name.clone())));
    let altered = resources.into_iter().map(|changes| {
        let key = (changes.kind, changes.name.clone());
        let result = match counts[&key] {
            1 => alter(state, call, changes, validate_only),
            _ => Err((ResponseError::InvalidRequest, "the resource was named twice".to_owned())),
        };
        (key.0, key.1, result)
    });
    altered.collect()
}

fn alter(state: &mut State, call: &Call<'_>, changes: Changes, validate_only: bool) -> Result<(), Refusal> {
    authorize(state, call, Operation::AlterConfigs, changes.kind, &changes.name)?;
    let invalid = |reason: String| Err((ResponseError::InvalidRequest, reason));
    let mut seen = HashSet::new();
    for change in &changes.each {
        if !seen.insert(&change.name) {
            return invalid(format!("`{}` was changed twice", change.name));
        }
        if change.operation != DELETE && change.value.is_none() {
            return invalid(format!("`{}` was set to null", change.name));
        }
        if !(SET..=SUBTRACT).contains(&change.operation) {
            return invalid(format!("`{}` was to be changed in an unknown way", change.name));
        }
    }
    match changes.kind {
        TOPIC => alter_topic(state, call, changes, validate_only),
        BROKER => alter_broker(state, call, &changes),
        other => Err(unknown(other)),
    }
}

fn alter_topic(
    state: &mut State,
    call: &Call<'_>,
    changes: Changes,
    validate_only: bool,
) -> Result<(), Refusal> {
    let name = TopicName(changes.name);
    let topic = state.topics.get(&name);
    let mut settings = match topic {
        Some(topic) if changes.keep_others => topic.settings.clone(),
        _ => Settings::new(),
    };
    for change in changes.each {
        apply(&mut settings, change)?;
    }
    // As in Kafka, values are looked at before the topic is.
    let invalid = |error: config::InvalidConfig| (ResponseError::InvalidConfig, error.to_string());
    LogConfig::new(&settings).map_err(invalid)?;
    if topic.is_none() {
        return Err((ResponseError::UnknownTopicOrPartition, format!("there was no topic `{}`", *name)));
    }
    if validate_only { Ok(()) } else { state.set_settings(call.now, &name, settings).map_err(invalid) }
}

fn apply(settings: &mut Settings, change: Change) -> Result<(), Refusal> {
    let name = change.name.to_string();
    let value = change.value.map(|value| value.to_string()).unwrap_or_default();
    match change.operation {
        SET => {
            settings.insert(name, value);
        }
        DELETE => {
            settings.remove(&name);
        }
        operation => {
            let known = config::definition(&name);
            let Some(definition) = known.filter(|known| matches!(known.kind, Kind::List(_) | Kind::Anything))
            else {
                return Err((ResponseError::InvalidConfig, format!("`{name}` was no list to change")));
            };
            let current = settings.get(&name).map_or(definition.default, String::as_str);
            let mut items: Vec<&str> = current.split(',').filter(|item| !item.is_empty()).collect();
            for item in value.split(',') {
                match operation {
                    APPEND if !items.contains(&item) => items.push(item),
                    APPEND => {}
                    _ => items.retain(|other| *other != item),
                }
            }
            let items = items.join(",");
            settings.insert(name, items);
        }
    }
    Ok(())
}

/// Refuses, honestly: what a broker does is decided when the cluster is started.
fn alter_broker(state: &State, call: &Call<'_>, changes: &Changes) -> Result<(), Refusal> {
    if !changes.name.is_empty() {
        check_broker(call, &changes.name)?;
    }
    let Some(Change { name, .. }) = changes.each.first() else { return Ok(()) };
    Err(match broker::find(state, call.node, name) {
        Some(known) if known.read_only => {
            (ResponseError::InvalidRequest, format!("`{name}` of a broker is read-only"))
        }
        Some(_) => {
            let reason = format!("`{name}` of an embedded broker is fixed: set it on the topic instead");
            (ResponseError::InvalidConfig, reason)
        }
        None => (ResponseError::InvalidConfig, format!("`{name}` is no setting of an embedded broker")),
    })
}
