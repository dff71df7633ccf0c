//! The keys of the configuration, each declared once. What is `hidden` is never shown in a message.

use serde_json::{Value, json};

use super::embedded::EMBEDDED;
use super::model::{Mechanism, Protocol};
use super::registry::REGISTRY;
use crate::document::{Key, Kind, Table, schema_document};

const MILLION: i64 = 1_000_000;

/// A document with its root.
pub(super) static ROOT: Table = Table {
    what: "the document",
    keys: &[Key::new("test-probe", Kind::Object(&CONFIG), "The configuration of test-probe.").required()],
};

/// What stands below `test-probe:`.
pub(super) static CONFIG: Table = Table {
    what: "the configuration",
    keys: &[
        Key::new("kafka", Kind::Object(&CLUSTER), "The default cluster."),
        Key::new("clusters", Kind::MapOf(&Kind::Object(&CLUSTER)), "Clusters by name."),
        Key::new("principals", Kind::MapOf(&Kind::Object(&PRINCIPAL)), "Principals of every cluster."),
        Key::new("dsl", Kind::Object(&DSL), "Timeouts of verbs."),
        Key::new("limits", Kind::Object(&LIMITS), "Limits; reaching one is an explicit error."),
        Key::new("strict-principals", Kind::Boolean, "An unknown clientPrincipal is an error."),
        Key::new("commit", Kind::Choice(&["session", "probe", "none"]), "Which groups get positions."),
        Key::new("time-factor", Kind::Number, "Multiplies deadlines, not the windows of expect_none."),
    ],
};

/// One cluster.
pub(super) static CLUSTER: Table = Table {
    what: "a cluster",
    keys: &[
        Key::new("bootstrap-servers", Kind::Text, "host:port, comma separated; excludes `embedded`."),
        Key::new("embedded", Kind::Object(&EMBEDDED), "An in-process cluster in place of servers."),
        Key::new("schema-registry-url", Kind::Text, "Short for `schema-registry: {url: ...}`.").hidden(),
        Key::new("schema-registry", Kind::Object(&REGISTRY), "The schema registry."),
        Key::new("oauth", Kind::Object(&OAUTH), "Token endpoint and scope, for principals without."),
        Key::new("properties", Kind::MapOf(&Kind::Text), "librdkafka properties by their own names.")
            .hidden(),
        Key::new("principals", Kind::MapOf(&Kind::Object(&PRINCIPAL)), "Principals of this cluster."),
        Key::new("allow-unsafe", Kind::Boolean, "Lets through what loads code or weakens security."),
    ],
};

/// `oauth:`.
pub(super) static OAUTH: Table = Table {
    what: "`oauth`",
    keys: &[
        Key::new("token-endpoint", Kind::Text, "The token endpoint.").hidden(),
        Key::new("client-scope", Kind::Text, "The scope to ask for."),
    ],
};

/// One principal.
pub(super) static PRINCIPAL: Table = Table {
    what: "a principal",
    keys: &[
        Key::new("protocol", Kind::AnyCase(PROTOCOLS), "The security protocol, by Kafka's names."),
        Key::new("mechanism", Kind::AnyCase(MECHANISMS), "The SASL mechanism, by Kafka's names."),
        Key::new("username", Kind::Text, "User name of PLAIN and SCRAM.").hidden(),
        Key::new("password", Kind::Text, "Password of PLAIN and SCRAM.").hidden(),
        Key::new("client-id", Kind::Text, "OAuth client id.").hidden(),
        Key::new("client-secret", Kind::Text, "OAuth client secret.").hidden(),
        Key::new("token-endpoint", Kind::Text, "Token endpoint; the cluster's when absent.").hidden(),
        Key::new("scope", Kind::Text, "Scope; the cluster's when absent."),
        Key::new("ca", Kind::Text, "Certificate authorities, a PEM file."),
        Key::new("certificate", Kind::Text, "Client certificate, a PEM file."),
        Key::new("key", Kind::Text, "Client key, a PEM file.").hidden(),
        Key::new("key-password", Kind::Text, "Passphrase of the client key.").hidden(),
        Key::new("properties", Kind::MapOf(&Kind::Text), "librdkafka properties by their own names.")
            .hidden(),
    ],
};

pub(super) const PROTOCOLS: &[&str] = &{
    let [a, b, c, d] = Protocol::ALL;
    [a.name(), b.name(), c.name(), d.name()]
};
pub(super) const MECHANISMS: &[&str] = &{
    let [a, b, c, d] = Mechanism::ALL;
    [a.name(), b.name(), c.name(), d.name()]
};

/// `dsl:`.
pub(super) static DSL: Table = Table {
    what: "`dsl`",
    keys: &[
        Key::new("ask-timeout", Kind::Duration, "Bounds an asynchronous produce and opening a session."),
        Key::new("blocking-timeout", Kind::Duration, "Bounds a blocking produce."),
        Key::new("within", Kind::Duration, "How long expectations wait when the test does not say."),
        Key::new("verdict-grace", Kind::Duration, "How long after its deadline a verdict may take."),
        Key::new(
            "late-grace",
            Kind::Duration,
            "How long of the verdict grace a failure listens for events that come late; 0s never.",
        ),
    ],
};

/// `limits:`.
pub(super) static LIMITS: Table = Table {
    what: "`limits`",
    keys: &[
        Key::new("journal-events-per-session", Kind::Integer(1, 1_000 * MILLION), "Events a session keeps."),
        Key::new(
            "unattributed-records-per-topic",
            Kind::Integer(0, 1_000 * MILLION),
            "Records without a test id that a topic keeps for its sessions.",
        ),
        Key::new("sessions", Kind::Integer(1, MILLION), "Open sessions of one probe."),
        Key::new("close-timeout", Kind::Duration, "How long closing the probe may take."),
    ],
};

/// Returns the JSON Schema (draft-07) of a configuration.
#[must_use]
pub fn json_schema() -> Value {
    let rooted = Kind::Object(&ROOT).schema(true);
    let bare = Kind::Object(&CONFIG).schema(true);
    schema_document(
        "test-probe configuration",
        "What a probe is configured with.",
        json!({"anyOf": [rooted, bare]}),
    )
}
