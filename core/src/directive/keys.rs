//! The keys of a directive, each declared once.

use serde_json::{Value, json};

use super::Format;
use crate::document::{Key, Kind, Table, schema_document};

pub(super) const ROLES: &[&str] = &["producer", "consumer", "both"];
pub(super) const STRATEGIES: &[&str] =
    &["TopicNameStrategy", "RecordNameStrategy", "TopicRecordNameStrategy"];
const FORMATS: &[&str] = &{
    let [a, b, c, d, e, f] = Format::ALL;
    [a.name(), b.name(), c.name(), d.name(), e.name(), f.name()]
};
const SOURCE: &str = "^(header:.+|key|key:/.*|value:/.*|none)$";
const TEST_ID_SOURCE: &str = "^(header:.+|key|key:/.*|value:/.*|none|produced-id)$";

const MESSAGE: &str = r"^[A-Za-z_][A-Za-z0-9_]*(\.[A-Za-z_][A-Za-z0-9_]*)*$";

/// The document.
pub(super) static DOCUMENT: Table = Table {
    what: "the document",
    keys: &[
        Key::new("topics", Kind::ListOf(&Kind::Object(&DIRECTIVE)), "The topics of the session.").required()
    ],
};

/// One entry under `topics:`.
pub(super) static DIRECTIVE: Table = Table {
    what: "a topic directive",
    keys: &[
        Key::new("topic", Kind::Pattern("^[a-zA-Z0-9._-]{1,249}$"), "The Kafka topic.").required(),
        Key::new("role", Kind::AnyCase(ROLES), "Which side of the topic the test takes.").required(),
        Key::new("as", Kind::Text, "The name for verbs, unique in the session; the topic when absent."),
        Key::new("clientPrincipal", Kind::Text, "The identity to connect as."),
        Key::new(
            "eventFilters",
            Kind::ListOf(&Kind::AnyOf(&[Kind::Object(&FILTER), Kind::Object(&PAIR)])),
            "Which events of the test enter its journal; empty lets every one in.",
        ),
        Key::new("metadata", Kind::Free, "Free text for reports."),
        Key::new("bootstrapServers", Kind::Text, "host:port, comma separated; excludes `cluster`."),
        Key::new("cluster", Kind::Text, "A cluster of the configuration; excludes `bootstrapServers`."),
        Key::new("missing", Kind::Choice(&["error", "wait"]), "What to do when the topic does not exist."),
        Key::new("create", Kind::Object(&CREATE), "Create the topic when it is missing."),
        Key::new(
            "start",
            Kind::AnyOf(&[Kind::Choice(STARTS), Kind::Object(&START)]),
            "From where the session reads: `latest` is the end at registration.",
        ),
        Key::new(
            "isolation",
            Kind::Choice(&["read_committed", "read_uncommitted"]),
            "Which records the session sees.",
        ),
        Key::new(
            "envelope",
            Kind::Choice(&["ce-binary", "ce-structured", "ce-key", "none"]),
            "How id, type, version and test id travel.",
        ),
        Key::new("correlation", Kind::Object(&CORRELATION), "Where a foreign system keeps each field."),
        Key::new(
            "unattributed",
            Kind::Choice(&["inconclusive", "ignore"]),
            "What a record without a test id does to a verdict.",
        ),
        Key::new("format", Kind::Choice(FORMATS), "The format of the value; json when absent."),
        Key::new("keyFormat", Kind::Choice(FORMATS), "The format of the key; string when absent."),
        Key::new("subject", Kind::Object(&SUBJECT), "The subject of the value's schema."),
        Key::new("keySubject", Kind::Object(&SUBJECT), "The subject of the key's schema."),
        Key::new("schema", SCHEMA, "The schema of the value, or several: its text, or `{file: ...}`."),
        Key::new("keySchema", SCHEMA, "The schema of the key: its text, or `{file: ...}`."),
        Key::new(
            "keyMessage",
            Kind::Pattern(MESSAGE),
            "The message of a Protobuf key, by its full or simple name; the first of its file when absent.",
        ),
        Key::new(
            "auto.register.schemas",
            Kind::Boolean,
            "Whether producing may register a schema; the registry's setting when absent.",
        ),
        Key::new(
            "use.latest.version",
            Kind::Boolean,
            "Whether producing takes the latest schema of the subject; the registry's setting when absent.",
        ),
        Key::new(
            "normalize.schemas",
            Kind::Boolean,
            "Whether schemas are normalised before they are compared; the registry's setting when absent.",
        ),
        Key::new(
            "schemaId",
            Kind::Choice(&["prefix", "header"]),
            "Where what is produced names its schema: an id before the payload, or a GUID in a header.",
        ),
    ],
};

/// A filter in the form of key and value.
pub(super) static FILTER: Table = Table {
    what: "an event filter",
    keys: &[
        Key::new(
            "key",
            Kind::Text,
            "EventType, EventVersion, a header name, `header:x`, `key` or `value:/json/pointer`.",
        )
        .required(),
        Key::new("value", Kind::Text, "The value it must have.").required(),
    ],
};

/// A filter in the form of a pair.
pub(super) static PAIR: Table = Table {
    what: "an event filter",
    keys: &[
        Key::new("eventType", Kind::Text, "The event type.").required(),
        Key::new("eventVersion", Kind::Text, "The version of the payload; any when absent."),
    ],
};

/// `create:`.
pub(super) static CREATE: Table = Table {
    what: "`create`",
    keys: &[
        Key::new("partitions", Kind::Integer(1, 100_000), "How many partitions; 1 when absent."),
        Key::new("replicationFactor", Kind::Integer(1, 32_767), "How many replicas; 1 when absent."),
        Key::new("config", Kind::MapOf(&Kind::Text), "Topic configuration by Kafka's own names."),
    ],
};

pub(super) const STARTS: &[&str] = &["latest", "earliest"];

/// `start:` as an object.
pub(super) static START: Table = Table {
    what: "`start`",
    keys: &[
        Key::new("timestamp", Kind::Text, "From the first record at or after this RFC 3339 time."),
        Key::new(
            "offsets",
            Kind::MapOf(&Kind::Integer(0, i64::MAX)),
            "Offsets by partition; partitions that are not named start at the end.",
        ),
    ],
};

/// `correlation:`.
pub(super) static CORRELATION: Table = Table {
    what: "`correlation`",
    keys: &[
        Key::new("testId", Kind::Pattern(TEST_ID_SOURCE), "Where the test id is."),
        Key::new("id", Kind::Pattern(SOURCE), "Where the event id is."),
        Key::new("type", Kind::Pattern(SOURCE), "Where the event type is."),
        Key::new("version", Kind::Pattern(SOURCE), "Where the payload version is."),
    ],
};

/// `subject:`.
pub(super) static SUBJECT: Table = Table {
    what: "`subject`",
    keys: &[
        Key::new("strategy", Kind::Choice(STRATEGIES), "How the subject is named; excludes `name`."),
        Key::new("name", Kind::Text, "The subject itself."),
        Key::new("version", VERSION, "The version of the named subject."),
    ],
};

/// `schema:` and `keySchema:`.
const SCHEMA: Kind =
    Kind::AnyOf(&[Kind::Text, Kind::Free, Kind::ListOf(&Kind::AnyOf(&[Kind::Text, Kind::Free]))]);

/// A schema that is not written down in place.
pub(super) static SCHEMA_FILE: Table = Table {
    what: "a schema",
    keys: &[
        Key::new("file", Kind::Text, "Its file, relative to the working directory; excludes `text`."),
        Key::new("text", Kind::Text, "Its text."),
        Key::new("references", Kind::ListOf(&Kind::Object(&SCHEMA_REFERENCE)), "What it refers to."),
    ],
};

/// One entry under `references:`.
pub(super) static SCHEMA_REFERENCE: Table = Table {
    what: "a reference",
    keys: &[
        Key::new("name", Kind::Text, "The name by which the schema refers to it.").required(),
        Key::new("subject", Kind::Text, "Its subject.").required(),
        Key::new("version", VERSION, "Its version; the latest when absent."),
    ],
};

const VERSION: Kind = Kind::AnyOf(&[Kind::Integer(1, i32::MAX as i64), Kind::Choice(&["latest"])]);

/// Returns the JSON Schema (draft-07) of a directive document.
#[must_use]
pub fn json_schema() -> Value {
    let document = Kind::Object(&DOCUMENT).schema(false);
    let topics = &DOCUMENT.keys[0].kind;
    schema_document(
        "test-probe topic directives",
        "What a test says about the topics it works with.",
        json!({"anyOf": [document, topics.schema(false)]}),
    )
}
