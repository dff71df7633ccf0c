//! Directives as a document again, every default spelled out, so that all languages can compare.

use serde_json::{Map, Value, json};
use test_probe_formats::rfc3339;

use super::model::*;
use super::schemas;
use super::sources::source_text;
use crate::broker::Isolation;

impl Directives {
    /// Returns the normalised document; [`Directives::from_json`] reads it back as the same directives.
    #[must_use]
    pub fn to_json(&self) -> Value {
        json!({"topics": self.topics.iter().map(TopicDirective::to_json).collect::<Vec<_>>()})
    }
}

impl TopicDirective {
    /// Returns the normalised entry.
    #[must_use]
    pub fn to_json(&self) -> Value {
        let mut entry = json!({
            "topic": &*self.topic,
            "as": &*self.name,
            "role": self.role.name(),
            "eventFilters": filters(&self.event_filters),
            "metadata": self.metadata,
            "missing": match self.missing { Missing::Error => "error", Missing::Wait => "wait" },
            "start": start(&self.start),
            "isolation": match self.isolation {
                Isolation::ReadCommitted => "read_committed",
                Isolation::ReadUncommitted => "read_uncommitted",
            },
            "envelope": match self.envelope {
                EnvelopeMode::CeBinary => "ce-binary",
                EnvelopeMode::CeStructured => "ce-structured",
                EnvelopeMode::CeKey => "ce-key",
                EnvelopeMode::None => "none",
            },
            "correlation": {
                "testId": source_text(&self.correlation.test_id),
                "id": source_text(&self.correlation.id),
                "type": source_text(&self.correlation.event_type),
                "version": source_text(&self.correlation.version),
            },
            "unattributed": match self.unattributed {
                Unattributed::Inconclusive => "inconclusive",
                Unattributed::Ignore => "ignore",
            },
            "format": self.format.name(),
            "keyFormat": self.key_format.name(),
        });
        if let Some(principal) = &self.client_principal {
            entry["clientPrincipal"] = json!(principal);
        }
        match &self.location {
            Location::Default => {}
            Location::Cluster(name) => entry["cluster"] = json!(name),
            Location::BootstrapServers(servers) => entry["bootstrapServers"] = json!(servers),
        }
        if let Some(create) = &self.create {
            entry["create"] = json!({
                "partitions": create.partitions,
                "replicationFactor": create.replication_factor,
                "config": create.config,
            });
        }
        schemas::to_json(&self.schemas, &mut entry);
        entry
    }
}

fn filters(filters: &EventFilters) -> Value {
    let mut entries = Vec::new();
    for alternative in &filters.alternatives {
        if alternative
            .conditions
            .iter()
            .any(|condition| condition.on == FilterOn::EventType && condition.key == "eventType")
        {
            let pair = alternative.conditions.iter();
            let pair = pair.map(|condition| (condition.key.clone(), json!(condition.any_of[0])));
            entries.push(Value::Object(pair.collect::<Map<_, _>>()));
            continue;
        }
        for condition in &alternative.conditions {
            let values = condition.any_of.iter();
            entries.extend(values.map(|value| json!({"key": condition.key, "value": value})));
        }
    }
    Value::Array(entries)
}

fn start(start: &Start) -> Value {
    match start {
        Start::Latest => json!("latest"),
        Start::Earliest => json!("earliest"),
        Start::Timestamp(millis) => json!({"timestamp": rfc3339(*millis)}),
        Start::Offsets(offsets) => json!({"offsets": offsets}),
    }
}
