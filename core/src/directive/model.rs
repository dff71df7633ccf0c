//! The validated model. Parsing and validation fill it; nothing here can be wrong any more.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::Value;
use test_probe_formats::SchemaType;

use super::schemas::SchemaUse;
use crate::broker::Isolation;

/// The topics of one session, validated as a whole.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Directives {
    /// In the order of the document; names are unique.
    pub topics: Vec<TopicDirective>,
}

/// One entry under `topics:`.
#[derive(Clone, Debug, PartialEq)]
pub struct TopicDirective {
    /// The Kafka topic.
    pub topic: Arc<str>,
    /// The name for verbs: `as`, else the topic.
    pub name: Arc<str>,
    /// Which workers it gets.
    pub role: Role,
    /// The identity to connect as.
    pub client_principal: Option<String>,
    /// Which events enter the journal.
    pub event_filters: EventFilters,
    /// Free text for reports.
    pub metadata: BTreeMap<String, Value>,
    /// Where it lives.
    pub location: Location,
    /// What to do when it is missing.
    pub missing: Missing,
    /// Create it when missing.
    pub create: Option<CreateTopic>,
    /// From where the session reads.
    pub start: Start,
    /// Which records it sees.
    pub isolation: Isolation,
    /// How the envelope travels.
    pub envelope: EnvelopeMode,
    /// Where each envelope field is kept.
    pub correlation: Correlation,
    /// What a record without a test id does to a verdict.
    pub unattributed: Unattributed,
    /// The format of the value.
    pub format: Format,
    /// The format of the key.
    pub key_format: Format,
    /// Which schemas key and value have, and how they are found.
    pub schemas: SchemaUse,
}

impl TopicDirective {
    /// Makes a directive with every default, for a topic whose name is legal.
    #[must_use]
    pub fn new(topic: impl Into<Arc<str>>, role: Role) -> Self {
        let topic = topic.into();
        Self {
            name: topic.clone(),
            topic,
            role,
            client_principal: None,
            event_filters: EventFilters::default(),
            metadata: BTreeMap::new(),
            location: Location::Default,
            missing: Missing::Error,
            create: None,
            start: Start::Latest,
            isolation: Isolation::ReadCommitted,
            envelope: EnvelopeMode::CeBinary,
            correlation: Correlation::default(),
            unattributed: Unattributed::Inconclusive,
            format: Format::Json,
            key_format: Format::String,
            schemas: SchemaUse::default(),
        }
    }

    /// Returns the format of key or value that has a schema; `None` where neither has.
    #[must_use]
    pub fn format_with_schema(&self) -> Option<Format> {
        [self.format, self.key_format].into_iter().find(|format| format.has_schema())
    }
}

/// Which side of a topic the test takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Sends events in.
    Producer,
    /// Watches what comes out.
    Consumer,
    /// Both, as a round trip needs.
    Both,
}

impl Role {
    /// Returns whether events may be produced.
    #[must_use]
    pub fn produces(self) -> bool {
        matches!(self, Self::Producer | Self::Both)
    }

    /// Returns whether events are consumed.
    #[must_use]
    pub fn consumes(self) -> bool {
        matches!(self, Self::Consumer | Self::Both)
    }

    /// Returns the word of the document.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Producer => "producer",
            Self::Consumer => "consumer",
            Self::Both => "both",
        }
    }
}

/// Which cluster a topic lives on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Location {
    /// The default cluster.
    Default,
    /// A cluster of the configuration.
    Cluster(String),
    /// Bootstrap servers, normalised: no blanks, lower case hosts, in the order given.
    BootstrapServers(String),
}

/// What to do when a topic does not exist.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Missing {
    /// UNKNOWN_TOPIC at once.
    Error,
    /// The system under test creates it later.
    Wait,
}

/// How to create a missing topic.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CreateTopic {
    /// How many partitions.
    pub partitions: i32,
    /// How many replicas.
    pub replication_factor: i32,
    /// Topic configuration by Kafka's own names.
    pub config: BTreeMap<String, String>,
}

/// From where a session reads a topic.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Start {
    /// From the end at registration.
    Latest,
    /// From the low watermark.
    Earliest,
    /// From the first record at or after this time, milliseconds since the epoch.
    Timestamp(i64),
    /// From these offsets; partitions that are not named start at the end.
    Offsets(BTreeMap<i32, i64>),
}

/// How the envelope travels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EnvelopeMode {
    /// CloudEvents Kafka binding, binary mode: one header a field.
    CeBinary,
    /// CloudEvents structured mode: the value is `application/cloudevents+json`.
    CeStructured,
    /// The CloudEvent is the key.
    CeKey,
    /// No envelope of ours.
    None,
}

/// Where a foreign system keeps each envelope field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Correlation {
    /// The test id.
    pub test_id: Source,
    /// The eventTestId.
    pub id: Source,
    /// The event type.
    pub event_type: Source,
    /// The payload version.
    pub version: Source,
}

impl Default for Correlation {
    fn default() -> Self {
        Self {
            test_id: Source::Header("ce_testid".into()),
            id: Source::Header("ce_correlationid".into()),
            event_type: Source::Header("ce_type".into()),
            version: Source::Header("ce_payloadversion".into()),
        }
    }
}

/// One place in a record.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Source {
    /// A header, by its exact name.
    Header(String),
    /// The whole key as text.
    Key,
    /// A JSON pointer (RFC 6901) into the key.
    KeyPointer(String),
    /// A JSON pointer (RFC 6901) into the value.
    ValuePointer(String),
    /// The session that produced an event of the same id (test id only).
    ProducedId,
    /// Nowhere.
    None,
}

impl Source {
    /// Returns whether it is a place in the record that is read.
    #[must_use]
    pub fn is_a_place(&self) -> bool {
        match self {
            Self::Header(_) | Self::Key | Self::KeyPointer(_) | Self::ValuePointer(_) => true,
            Self::ProducedId | Self::None => false,
        }
    }
}

/// What a record without a test id does to a verdict that is not a pass.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unattributed {
    /// A record that meets every other condition makes it inconclusive.
    Inconclusive,
    /// Nothing.
    Ignore,
}

/// The format of a key or a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// JSON text.
    Json,
    /// UTF-8 text.
    String,
    /// Bytes as they are.
    Bytes,
    /// Avro through a schema registry.
    Avro,
    /// Protobuf through a schema registry.
    Protobuf,
    /// JSON through a schema registry.
    JsonSchema,
}

impl Format {
    /// Every format.
    pub const ALL: [Self; 6] =
        [Self::Json, Self::String, Self::Bytes, Self::Avro, Self::Protobuf, Self::JsonSchema];

    /// Returns the format of a word of the document.
    #[must_use]
    pub fn of_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|known| known.name() == name)
    }

    /// Returns the type of its schemas; `None` where it needs no schema registry.
    #[must_use]
    pub fn schema_type(self) -> Option<SchemaType> {
        match self {
            Self::Avro => Some(SchemaType::Avro),
            Self::Protobuf => Some(SchemaType::Protobuf),
            Self::JsonSchema => Some(SchemaType::Json),
            Self::Json | Self::String | Self::Bytes => None,
        }
    }

    /// Returns whether what is in it has a schema, and so needs a schema registry.
    #[must_use]
    pub fn has_schema(self) -> bool {
        self.schema_type().is_some()
    }

    /// Returns the word of the document.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Json => "json",
            Self::String => "string",
            Self::Bytes => "bytes",
            Self::Avro => "avro",
            Self::Protobuf => "protobuf",
            Self::JsonSchema => "json-schema",
        }
    }
}

/// Which events of the test enter its journal. Empty lets every one in.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EventFilters {
    /// One alternative each: all its conditions must hold.
    pub alternatives: Vec<FilterAlternative>,
}

/// Conditions that must all hold.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FilterAlternative {
    /// One per key.
    pub conditions: Vec<FilterCondition>,
}

/// One key with the values it may have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FilterCondition {
    /// The key as the document spells it, for messages.
    pub key: String,
    /// What it looks at.
    pub on: FilterOn,
    /// Any of these will do.
    pub any_of: Vec<String>,
}

/// What a filter looks at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FilterOn {
    /// The event type of the envelope.
    EventType,
    /// The payload version of the envelope.
    EventVersion,
    /// A place in the record.
    At(Source),
}
