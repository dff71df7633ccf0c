//! Reading and altering settings.

use rdkafka::admin::{
    AdminOptions, AlterConfig, ConfigEntry, ConfigResource, ConfigSource, ResourceSpecifier,
};
use rdkafka::error::{KafkaResult, RDKafkaErrorCode};

use crate::scope::{Scope, WAIT, until};

crate::checks!("configs":
    a_new_topic_has_the_defaults,
    settings_given_at_creation_are_shown,
    altered_settings_replace_all_former_ones,
    validate_only_alters_nothing,
    an_unfit_value_changes_nothing,
    an_unknown_topic_has_no_settings,
    a_node_shows_its_settings,
);

fn describe(scope: &Scope, what: &ResourceSpecifier<'_>) -> KafkaResult<ConfigResource> {
    let results = scope.wait(scope.admin().describe_configs([what], &AdminOptions::new()))?;
    assert_eq!(results.len(), 1);
    results.into_iter().next().expect("there is one result").map_err(rdkafka::error::KafkaError::AdminOp)
}

fn entry(scope: &Scope, topic: &str, name: &str) -> ConfigEntry {
    let resource = describe(scope, &ResourceSpecifier::Topic(topic)).expect("the topic was described");
    resource.entries.into_iter().find(|entry| entry.name == name).expect("the setting was shown")
}

fn alter(
    scope: &Scope,
    topic: &str,
    name: &str,
    value: &str,
    options: &AdminOptions,
) -> Option<RDKafkaErrorCode> {
    let change = AlterConfig::new(ResourceSpecifier::Topic(topic)).set(name, value);
    match scope.wait(scope.admin().alter_configs([&change], options)) {
        Ok(results) => results.into_iter().next().expect("there is one result").err().map(|(_, code)| code),
        Err(error) => error.rdkafka_error_code(),
    }
}

fn a_new_topic_has_the_defaults(scope: &Scope) {
    let topic = scope.topic(1);
    for (name, value) in [
        ("cleanup.policy", "delete"),
        ("compression.type", "producer"),
        ("max.message.bytes", "1048588"),
        ("message.timestamp.type", "CreateTime"),
        ("retention.bytes", "-1"),
    ] {
        let entry = entry(scope, &topic, name);
        assert_eq!(entry.value.as_deref(), Some(value), "{name}");
        assert_eq!((entry.is_read_only, entry.is_sensitive), (false, false), "{name}");
    }
    let policy = entry(scope, &topic, "cleanup.policy");
    assert_eq!((policy.source, policy.is_default), (ConfigSource::Default, true));
}

fn settings_given_at_creation_are_shown(scope: &Scope) {
    let topic = scope.topic_with(1, &[("retention.ms", "777000"), ("cleanup.policy", "compact,delete")]);
    let retention = entry(scope, &topic, "retention.ms");
    assert_eq!(retention.value.as_deref(), Some("777000"));
    assert_eq!((retention.source, retention.is_default), (ConfigSource::DynamicTopic, false));
    assert_eq!(entry(scope, &topic, "cleanup.policy").value.as_deref(), Some("compact,delete"));
}

fn altered_settings_replace_all_former_ones(scope: &Scope) {
    let topic = scope.topic_with(1, &[("retention.ms", "777000")]);
    assert_eq!(alter(scope, &topic, "max.message.bytes", "2000", &AdminOptions::new()), None);
    until("the setting is altered", || {
        entry(scope, &topic, "max.message.bytes").value.as_deref() == Some("2000")
    });
    assert_ne!(entry(scope, &topic, "retention.ms").source, ConfigSource::DynamicTopic);
}

fn validate_only_alters_nothing(scope: &Scope) {
    let topic = scope.topic(1);
    assert_eq!(
        alter(scope, &topic, "max.message.bytes", "2000", &AdminOptions::new().validate_only(true)),
        None
    );
    assert_eq!(entry(scope, &topic, "max.message.bytes").value.as_deref(), Some("1048588"));
}

fn an_unfit_value_changes_nothing(scope: &Scope) {
    let topic = scope.topic(1);
    let before = entry(scope, &topic, "retention.ms").value;
    // rdkafka keeps what the server said of a single resource to itself.
    alter(scope, &topic, "retention.ms", "long", &AdminOptions::new());
    assert_eq!(entry(scope, &topic, "retention.ms").value, before);
}

fn an_unknown_topic_has_no_settings(scope: &Scope) {
    let name = scope.name("nowhere");
    let resource = describe(scope, &ResourceSpecifier::Topic(&name)).expect("describe configs was answered");
    assert_eq!(resource.entries, []);
}

fn a_node_shows_its_settings(scope: &Scope) {
    let node =
        scope.admin().inner().fetch_metadata(None, WAIT).expect("metadata was answered").brokers()[0].id();
    let resource = describe(scope, &ResourceSpecifier::Broker(node)).expect("the node was described");
    for (name, value) in
        [("message.max.bytes", "1048588"), ("num.partitions", "1"), ("node.id", &node.to_string())]
    {
        let entry = resource.get(name).expect("the setting was shown");
        assert_eq!(entry.value.as_deref(), Some(value), "{name}");
    }
}
