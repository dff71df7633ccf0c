//! DescribeConfigs, IncrementalAlterConfigs and AlterConfigs: settings of topics and brokers.

mod alter;
mod broker;
pub(super) mod topic;
mod words;

use kafka_protocol::ResponseError;
use kafka_protocol::messages::describe_configs_request::DescribeConfigsResource;
use kafka_protocol::messages::describe_configs_response::{
    DescribeConfigsResourceResult, DescribeConfigsResult, DescribeConfigsSynonym,
};
use kafka_protocol::messages::{DescribeConfigsRequest, DescribeConfigsResponse, TopicName};
use kafka_protocol::protocol::StrBytes;

pub(super) use alter::{incrementally, replace};

use super::{Call, text};
use crate::log::config::Kind;
use crate::security::acl::Operation;
use crate::state::topics::is_legal;
use crate::state::{NodeId, State};

/// Why something was refused: the error and its message.
type Refusal = (ResponseError, String);

/// What settings belong to (`ConfigResource.Type`).
const TOPIC: i8 = 2;
const BROKER: i8 = 4;
const BROKER_LOGGER: i8 = 8;

/// Where a value is from (`ConfigSource`).
pub(super) const OF_TOPIC: i8 = 1;
pub(super) const STATIC: i8 = 4;
pub(super) const DEFAULT: i8 = 5;

/// From this version on types and documentation are told.
const HAS_TYPES: i16 = 3;

/// A setting with its value.
#[derive(Debug, Clone)]
pub(super) struct Described {
    pub(super) name: &'static str,
    pub(super) value: Option<String>,
    pub(super) source: i8,
    /// `ConfigType`.
    pub(super) kind: i8,
    pub(super) read_only: bool,
    pub(super) synonyms: Vec<Synonym>,
    pub(super) documentation: &'static str,
}

/// A name under which a value may be given, and what is given there.
#[derive(Debug, Clone)]
pub(super) struct Synonym {
    pub(super) name: &'static str,
    pub(super) value: Option<String>,
    pub(super) source: i8,
}

/// Returns a kind's number in the protocol.
fn code(kind: Kind) -> i8 {
    match kind {
        Kind::Boolean => 1,
        Kind::Choice(_) => 2,
        Kind::Int(..) => 3,
        Kind::Long(..) => 5,
        Kind::Ratio => 6,
        Kind::List(_) | Kind::Anything => 7,
    }
}

pub(super) fn describe(
    state: &State,
    call: &Call<'_>,
    request: DescribeConfigsRequest,
) -> DescribeConfigsResponse {
    let (synonyms, documented) = (request.include_synonyms, request.include_documentation);
    let results = request.resources.into_iter().map(|resource| {
        let result = DescribeConfigsResult::default();
        let result = match find(state, call, &resource) {
            Ok(found) => {
                let wanted = |described: &Described| match &resource.configuration_keys {
                    Some(keys) if !keys.is_empty() => keys.iter().any(|key| key.as_str() == described.name),
                    _ => true,
                };
                let found = found.into_iter().filter(wanted);
                let entries = found.map(|described| entry(call, described, synonyms, documented));
                result.with_error_message(None).with_configs(entries.collect())
            }
            Err((error, reason)) => result.with_error_code(error.code()).with_error_message(text(reason)),
        };
        result.with_resource_type(resource.resource_type).with_resource_name(resource.resource_name)
    });
    DescribeConfigsResponse::default().with_results(results.collect())
}

fn find(
    state: &State,
    call: &Call<'_>,
    resource: &DescribeConfigsResource,
) -> Result<Vec<Described>, Refusal> {
    let name = &resource.resource_name;
    authorize(state, call, Operation::DescribeConfigs, resource.resource_type, name)?;
    match resource.resource_type {
        TOPIC if !is_legal(name) => {
            Err((ResponseError::InvalidTopicException, format!("`{name}` is no legal topic name")))
        }
        TOPIC => match state.topics.get(&TopicName(name.clone())) {
            Some(topic) => Ok(topic::describe(&topic.settings).collect()),
            None => Err((ResponseError::UnknownTopicOrPartition, format!("there was no topic `{name}`"))),
        },
        // The settings that all brokers share are set nowhere.
        BROKER if name.is_empty() => Ok(Vec::new()),
        BROKER => {
            check_broker(call, name)?;
            Ok(broker::describe(state, call.node))
        }
        other => Err(unknown(other)),
    }
}

fn authorize(
    state: &State,
    call: &Call<'_>,
    operation: Operation,
    kind: i8,
    name: &str,
) -> Result<(), Refusal> {
    let checked = match kind {
        TOPIC => call.check_topic(state, operation, name),
        _ => call.check_cluster(state, operation),
    };
    checked.map_err(|error| (error, "the client was not authorized to do this".to_owned()))
}

/// Refuses a broker other than the one that is asked.
fn check_broker(call: &Call<'_>, name: &str) -> Result<(), Refusal> {
    match name.parse::<NodeId>() {
        Ok(id) if call.node == id => Ok(()),
        _ => Err((ResponseError::InvalidRequest, format!("broker `{}` was asked for `{name}`", call.node))),
    }
}

fn unknown(kind: i8) -> Refusal {
    let reason = match kind {
        BROKER_LOGGER => "loggers have no settings here".to_owned(),
        _ => format!("resources of type `{kind}` have no settings here"),
    };
    (ResponseError::InvalidRequest, reason)
}

fn entry(
    call: &Call<'_>,
    described: Described,
    synonyms: bool,
    documented: bool,
) -> DescribeConfigsResourceResult {
    let Described { name, value, source, kind, read_only, synonyms: others, documentation } = described;
    let synonym = |Synonym { name, value, source }| {
        DescribeConfigsSynonym::default()
            .with_name(StrBytes::from_static_str(name))
            .with_value(value.and_then(text))
            .with_source(source)
    };
    let others = others.into_iter().filter(|_| synonyms).map(synonym);
    let entry = DescribeConfigsResourceResult::default()
        .with_name(StrBytes::from_static_str(name))
        .with_value(value.and_then(text))
        .with_read_only(read_only)
        .with_config_source(source)
        .with_synonyms(others.collect())
        .with_documentation(None);
    match call.version {
        HAS_TYPES.. => {
            let documentation = documented.then(|| StrBytes::from_static_str(documentation));
            entry.with_config_type(kind).with_documentation(documentation)
        }
        _ => entry,
    }
}
