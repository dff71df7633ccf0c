//! The validated model. Secrets live in [`Secret`], which no log, error or Debug print shows.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use super::embedded::EmbeddedConfig;
use super::registry::SchemaRegistryConfig;

/// Everything a probe is configured with.
#[derive(Clone, Debug, PartialEq)]
pub struct Config {
    /// Clusters by name; `default` is always there.
    pub clusters: BTreeMap<String, ClusterConfig>,
    /// Principals that every cluster knows, by `clientPrincipal`.
    pub principals: BTreeMap<String, PrincipalConfig>,
    /// Timeouts of verbs.
    pub dsl: DslConfig,
    /// Limits.
    pub limits: Limits,
    /// Whether an unknown `clientPrincipal` is UNKNOWN_PRINCIPAL.
    pub strict_principals: bool,
    /// Which groups positions are committed for.
    pub commit: CommitPolicy,
    /// Multiplies deadlines on slow machines, not the windows of `expect_none`.
    pub time_factor: f64,
}

/// The name of the cluster that directives mean when they name none.
pub const DEFAULT_CLUSTER: &str = "default";

/// The bootstrap servers of the default cluster when nothing is configured (seed 000).
pub const DEFAULT_BOOTSTRAP_SERVERS: &str = "localhost:9092";

impl Default for Config {
    fn default() -> Self {
        Self {
            clusters: BTreeMap::from([(
                DEFAULT_CLUSTER.to_owned(),
                ClusterConfig::at(DEFAULT_BOOTSTRAP_SERVERS),
            )]),
            principals: BTreeMap::new(),
            dsl: DslConfig::default(),
            limits: Limits::default(),
            strict_principals: false,
            commit: CommitPolicy::Session,
            time_factor: 1.0,
        }
    }
}

impl Config {
    /// The defaults, with the default cluster at these bootstrap servers.
    #[must_use]
    pub fn with_bootstrap_servers(servers: &str) -> Self {
        let mut config = Self::default();
        config.clusters.insert(DEFAULT_CLUSTER.to_owned(), ClusterConfig::at(servers));
        config
    }
}

/// One cluster.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ClusterConfig {
    /// Comma-separated `host:port`, normalised; empty for an embedded cluster.
    pub bootstrap_servers: String,
    /// An in-process cluster in place of bootstrap servers.
    pub embedded: Option<EmbeddedConfig>,
    /// Its schema registry.
    pub schema_registry: Option<SchemaRegistryConfig>,
    /// Its token endpoint and scope, for principals that name none.
    pub oauth: Option<OauthConfig>,
    /// librdkafka properties that pass through.
    pub properties: BTreeMap<String, Secret>,
    /// Principals of this cluster, before the common ones.
    pub principals: BTreeMap<String, PrincipalConfig>,
    /// Properties that load code or weaken security are let through, and shown in every report.
    pub allow_unsafe: bool,
}

impl ClusterConfig {
    /// A cluster at these bootstrap servers, PLAINTEXT.
    #[must_use]
    pub fn at(servers: &str) -> Self {
        Self { bootstrap_servers: servers.to_owned(), ..Self::default() }
    }
}

/// Where tokens come from.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct OauthConfig {
    /// The token endpoint.
    pub token_endpoint: Option<String>,
    /// The scope to ask for.
    pub client_scope: Option<String>,
}

/// How a worker connects as somebody.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct PrincipalConfig {
    /// PLAINTEXT, SSL, SASL_PLAINTEXT or SASL_SSL.
    pub protocol: Protocol,
    /// The SASL mechanism.
    pub mechanism: Option<Mechanism>,
    /// User name of PLAIN and SCRAM.
    pub username: Option<String>,
    /// Password of PLAIN and SCRAM.
    pub password: Option<Secret>,
    /// OAuth client id.
    pub client_id: Option<String>,
    /// OAuth client secret.
    pub client_secret: Option<Secret>,
    /// Token endpoint; the cluster's when absent.
    pub token_endpoint: Option<String>,
    /// Scope; the cluster's when absent.
    pub scope: Option<String>,
    /// Certificate authorities, a PEM file.
    pub ca: Option<String>,
    /// Client certificate, a PEM file.
    pub certificate: Option<String>,
    /// Client key, a PEM file.
    pub key: Option<Secret>,
    /// Its passphrase.
    pub key_password: Option<Secret>,
    /// librdkafka properties that pass through.
    pub properties: BTreeMap<String, Secret>,
}

/// The security protocol, by Kafka's names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Protocol {
    /// No encryption, no authentication.
    #[default]
    Plaintext,
    /// TLS.
    Ssl,
    /// SASL without encryption.
    SaslPlaintext,
    /// SASL over TLS.
    SaslSsl,
}

impl Protocol {
    pub(super) const ALL: [Self; 4] = [Self::Plaintext, Self::Ssl, Self::SaslPlaintext, Self::SaslSsl];

    /// Returns Kafka's name, as `SASL_SSL`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Plaintext => "PLAINTEXT",
            Self::Ssl => "SSL",
            Self::SaslPlaintext => "SASL_PLAINTEXT",
            Self::SaslSsl => "SASL_SSL",
        }
    }
}

/// The SASL mechanism, by Kafka's names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mechanism {
    /// PLAIN.
    Plain,
    /// SCRAM-SHA-256.
    ScramSha256,
    /// SCRAM-SHA-512.
    ScramSha512,
    /// OAUTHBEARER.
    OauthBearer,
}

impl Mechanism {
    pub(super) const ALL: [Self; 4] = [Self::Plain, Self::ScramSha256, Self::ScramSha512, Self::OauthBearer];

    /// Returns Kafka's name, as `SCRAM-SHA-256`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Plain => "PLAIN",
            Self::ScramSha256 => "SCRAM-SHA-256",
            Self::ScramSha512 => "SCRAM-SHA-512",
            Self::OauthBearer => "OAUTHBEARER",
        }
    }
}

/// Timeouts of verbs, before the time factor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DslConfig {
    /// Bounds an asynchronous produce, and opening a session.
    pub ask_timeout: Duration,
    /// Bounds a blocking produce.
    pub blocking_timeout: Duration,
    /// How long expectations wait when the test does not say.
    pub within: Duration,
    /// How long after its deadline a verdict may take to be certain.
    pub verdict_grace: Duration,
    /// How long after its deadline a failure listens for events that come late, within `verdict_grace`:
    /// its report says how late. No pass ever waits for it.
    pub late_grace: Duration,
}

impl Default for DslConfig {
    fn default() -> Self {
        Self {
            ask_timeout: Duration::from_secs(3),
            blocking_timeout: Duration::from_secs(5),
            within: Duration::from_secs(5),
            verdict_grace: Duration::from_millis(500),
            late_grace: Duration::from_millis(500),
        }
    }
}

/// Limits; reaching one is an explicit error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Events that one session may keep.
    pub journal_events_per_session: usize,
    /// Records without a test id that a topic keeps for its sessions.
    pub unattributed_records_per_topic: usize,
    /// Open sessions of one probe.
    pub sessions: usize,
    /// How long closing the probe may take.
    pub close_timeout: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            journal_events_per_session: 100_000,
            unattributed_records_per_topic: 10_000,
            sessions: 10_000,
            close_timeout: Duration::from_secs(1),
        }
    }
}

/// Which groups positions are committed for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CommitPolicy {
    /// `test-probe-<test id>`, each session its own records.
    Session,
    /// One group for the probe.
    Probe,
    /// None.
    None,
}

/// A value that no log, error or Debug print shows.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct Secret(String);

impl Secret {
    /// Wraps a value.
    #[must_use]
    pub fn new(value: impl Into<String>) -> Self {
        Self(value.into())
    }

    /// Returns the value, for the client that needs it and for nobody else.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}
