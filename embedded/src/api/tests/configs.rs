//! Settings are shown and altered.

use kafka_protocol::ResponseError::{
    self, InvalidConfig, InvalidRequest, InvalidTopicException, UnknownTopicOrPartition,
};
use kafka_protocol::messages::describe_configs_request::DescribeConfigsResource;
use kafka_protocol::messages::describe_configs_response::{
    DescribeConfigsResourceResult, DescribeConfigsResult,
};
use kafka_protocol::messages::incremental_alter_configs_request::{AlterConfigsResource, AlterableConfig};
use kafka_protocol::messages::{
    AlterConfigsRequest, AlterConfigsResponse, DescribeConfigsRequest, DescribeConfigsResponse,
    IncrementalAlterConfigsRequest, IncrementalAlterConfigsResponse, alter_configs_request,
};

use super::world::{OK, World, name, text, topic, with_settings};

const TOPIC: i8 = 2;
const BROKER: i8 = 4;
const BROKER_LOGGER: i8 = 8;
const SET: i8 = 0;
const DELETE: i8 = 1;
const APPEND: i8 = 2;
const SUBTRACT: i8 = 3;

fn world() -> World {
    let mut world = World::new();
    let settings = [("retention.ms", "1000"), ("max.message.bytes", "5000")];
    assert_eq!(world.create(vec![with_settings(topic("t", 1, 1), &settings)]), [OK]);
    world
}

fn described(world: &mut World, version: i16, kind: i8, called: &str) -> DescribeConfigsResult {
    let resource =
        DescribeConfigsResource::default().with_resource_type(kind).with_resource_name(text(called));
    let request = DescribeConfigsRequest::default()
        .with_resources(vec![resource.with_configuration_keys(None)])
        .with_include_synonyms(true)
        .with_include_documentation(version >= 3);
    let mut response: DescribeConfigsResponse = world.ask(version, request);
    response.results.remove(0)
}

fn entry(world: &mut World, kind: i8, called: &str, name: &str) -> DescribeConfigsResourceResult {
    let found = described(world, 4, kind, called);
    let is_wanted = |config: &DescribeConfigsResourceResult| config.name.as_str() == name;
    found.configs.into_iter().find(is_wanted).unwrap_or_else(|| panic!("`{name}` is shown"))
}

fn value(world: &mut World, name: &str) -> (String, i8) {
    let entry = entry(world, TOPIC, "t", name);
    (entry.value.map(|value| value.to_string()).unwrap_or_default(), entry.config_source)
}

fn alter(world: &mut World, kind: i8, called: &str, changes: &[(&str, i8, Option<&str>)]) -> i16 {
    let request = alteration(kind, called, changes);
    let response: IncrementalAlterConfigsResponse = world.ask(1, request);
    response.responses[0].error_code
}

fn alteration(
    kind: i8,
    called: &str,
    changes: &[(&str, i8, Option<&str>)],
) -> IncrementalAlterConfigsRequest {
    let change = |(name, operation, value): &(&str, i8, Option<&str>)| {
        AlterableConfig::default()
            .with_name(text(name))
            .with_config_operation(*operation)
            .with_value(value.map(text))
    };
    let resource = AlterConfigsResource::default()
        .with_resource_type(kind)
        .with_resource_name(text(called))
        .with_configs(changes.iter().map(change).collect());
    IncrementalAlterConfigsRequest::default().with_resources(vec![resource])
}

fn error(error: ResponseError) -> i16 {
    error.code()
}

#[test]
fn a_setting_tells_where_its_value_is_from_and_what_else_there_is() {
    let mut world = world();
    let own = entry(&mut world, TOPIC, "t", "max.message.bytes");
    assert_eq!((own.config_source, own.read_only, own.is_sensitive, own.config_type), (1, false, false, 3));
    let synonyms: Vec<_> = own
        .synonyms
        .iter()
        .map(|synonym| (synonym.name.to_string(), synonym.value.clone(), synonym.source))
        .collect();
    let expected = [
        ("max.message.bytes".to_owned(), Some(text("5000")), 1),
        ("message.max.bytes".to_owned(), Some(text("1048588")), 5),
    ];
    assert_eq!(synonyms, expected);
    assert!(own.documentation.is_some_and(|words| words.len() > 20));
    assert_eq!(value(&mut world, "segment.ms"), ("604800000".to_owned(), 5));
}

#[test]
fn every_version_is_answered_for_topics_and_brokers() {
    let mut world = world();
    for version in 1..=4 {
        assert_eq!(described(&mut world, version, TOPIC, "t").configs.len(), 33, "version {version}");
        let broker = described(&mut world, version, BROKER, "1");
        assert!(broker.error_code == OK && broker.configs.len() > 40, "version {version}");
    }
}

#[test]
fn only_the_names_asked_for_are_described() {
    let mut world = world();
    let resource = DescribeConfigsResource::default()
        .with_resource_type(TOPIC)
        .with_resource_name(text("t"))
        .with_configuration_keys(Some(vec![text("retention.ms"), text("no.such.setting")]));
    let request = DescribeConfigsRequest::default().with_resources(vec![resource]);
    let response: DescribeConfigsResponse = world.ask(4, request);
    let configs = &response.results[0].configs;
    assert_eq!(configs.iter().map(|config| config.name.as_str()).collect::<Vec<_>>(), ["retention.ms"]);
    assert!(configs[0].synonyms.is_empty() && configs[0].documentation.is_none(), "they were not asked for");
}

#[test]
fn what_has_no_settings_is_refused() {
    let mut world = world();
    for (kind, called, expected) in [
        (TOPIC, "missing", UnknownTopicOrPartition),
        (TOPIC, "a/b", InvalidTopicException),
        (BROKER, "7", InvalidRequest),
        (BROKER, "one", InvalidRequest),
        (BROKER_LOGGER, "1", InvalidRequest),
        (99, "t", InvalidRequest),
    ] {
        let found = described(&mut world, 4, kind, called);
        assert_eq!((found.error_code, found.configs.len()), (expected.code(), 0), "{kind} {called}");
    }
    assert_eq!(described(&mut world, 4, BROKER, "").configs, [], "there are no settings for all brokers");
}

#[test]
fn a_broker_shows_its_options_as_static() {
    let mut world = world();
    for (name, value, source, read_only) in [
        ("node.id", "1", 4, true),
        ("auto.create.topics.enable", "true", 4, true),
        ("listeners", "PLAINTEXT://127.0.0.1:9000", 4, true),
        ("message.max.bytes", "1048588", 5, false),
        ("offsets.topic.num.partitions", "50", 5, true),
    ] {
        let found = entry(&mut world, BROKER, "1", name);
        assert_eq!(found.value, Some(text(value)), "{name}");
        assert_eq!((found.config_source, found.read_only), (source, read_only), "{name}");
    }
}

#[test]
fn settings_are_set_deleted_appended_to_and_subtracted_from() {
    let mut world = world();
    let own = |value: &str| (value.to_owned(), 1);
    assert_eq!(alter(&mut world, TOPIC, "t", &[("retention.ms", SET, Some("77"))]), OK);
    assert_eq!(value(&mut world, "retention.ms"), own("77"));
    assert_eq!(value(&mut world, "max.message.bytes"), own("5000"), "the others stay");
    assert_eq!(alter(&mut world, TOPIC, "t", &[("retention.ms", DELETE, None)]), OK);
    assert_eq!(value(&mut world, "retention.ms"), ("604800000".to_owned(), 5));
    assert_eq!(alter(&mut world, TOPIC, "t", &[("cleanup.policy", APPEND, Some("compact"))]), OK);
    assert_eq!(value(&mut world, "cleanup.policy"), own("delete,compact"));
    assert_eq!(alter(&mut world, TOPIC, "t", &[("cleanup.policy", SUBTRACT, Some("delete"))]), OK);
    assert_eq!(value(&mut world, "cleanup.policy"), own("compact"));
    let config = world.state.topics.get(&name("t")).expect("t").partitions[0].log.config().clone();
    assert!(config.is_compacted && !config.is_deleted, "the log knows of it");
}

#[test]
fn one_bad_change_spoils_all_changes_of_its_topic() {
    let mut world = world();
    let changes = [("retention.ms", SET, Some("77")), ("segment.ms", SET, Some("0"))];
    assert_eq!(alter(&mut world, TOPIC, "t", &changes), error(InvalidConfig));
    assert_eq!(value(&mut world, "retention.ms").0, "1000");
    for (changes, expected) in [
        (&[("no.such.setting", SET, Some("1"))][..], InvalidConfig),
        (&[("retention.ms", APPEND, Some("1"))], InvalidConfig),
        (&[("cleanup.policy", APPEND, Some("shred"))], InvalidConfig),
        (&[("retention.ms", SET, None)], InvalidRequest),
        (&[("retention.ms", 4, Some("1"))], InvalidRequest),
        (&[("retention.ms", SET, Some("1")), ("retention.ms", SET, Some("2"))], InvalidRequest),
    ] {
        assert_eq!(alter(&mut world, TOPIC, "t", changes), expected.code(), "{changes:?}");
    }
}

#[test]
fn settings_of_a_missing_topic_are_not_altered() {
    let mut world = world();
    let change = [("retention.ms", SET, Some("1"))];
    assert_eq!(alter(&mut world, TOPIC, "missing", &change), error(UnknownTopicOrPartition));
}

#[test]
fn a_resource_that_is_named_twice_is_not_altered() {
    let mut world = world();
    let mut request = alteration(TOPIC, "t", &[("retention.ms", SET, Some("1"))]);
    request.resources.push(request.resources[0].clone());
    let response: IncrementalAlterConfigsResponse = world.ask(1, request);
    let codes: Vec<i16> = response.responses.iter().map(|resource| resource.error_code).collect();
    assert_eq!(codes, [InvalidRequest.code(); 2]);
    assert_eq!(value(&mut world, "retention.ms").0, "1000");
}

#[test]
fn validating_only_alters_nothing() {
    let mut world = world();
    let request = alteration(TOPIC, "t", &[("retention.ms", SET, Some("1"))]).with_validate_only(true);
    let response: IncrementalAlterConfigsResponse = world.ask(1, request);
    assert_eq!(response.responses[0].error_code, OK);
    assert_eq!(value(&mut world, "retention.ms").0, "1000");
}

#[test]
fn the_settings_of_a_broker_are_not_altered() {
    let mut world = world();
    for (called, name, expected) in [
        ("1", "auto.create.topics.enable", InvalidRequest),
        ("1", "message.max.bytes", InvalidConfig),
        ("", "message.max.bytes", InvalidConfig),
        ("1", "no.such.setting", InvalidConfig),
        ("2", "message.max.bytes", InvalidRequest),
    ] {
        let code = alter(&mut world, BROKER, called, &[(name, SET, Some("1"))]);
        assert_eq!(code, expected.code(), "{called} {name}");
    }
    let code = alter(&mut world, BROKER_LOGGER, "1", &[("root", SET, Some("INFO"))]);
    assert_eq!(code, InvalidRequest.code());
}

#[test]
fn the_older_call_replaces_all_settings() {
    for version in 0..=2 {
        let mut world = world();
        let config = alter_configs_request::AlterableConfig::default()
            .with_name(text("max.message.bytes"))
            .with_value(Some(text("2000")));
        let resource = alter_configs_request::AlterConfigsResource::default()
            .with_resource_type(TOPIC)
            .with_resource_name(text("t"))
            .with_configs(vec![config]);
        let request = AlterConfigsRequest::default().with_resources(vec![resource]);
        let response: AlterConfigsResponse = world.ask(version, request);
        assert_eq!(response.responses[0].error_code, OK);
        assert_eq!(value(&mut world, "max.message.bytes").0, "2000");
        assert_eq!(value(&mut world, "retention.ms"), ("604800000".to_owned(), 5));
    }
}
