//! `embedded:`: what an in-process cluster is asked for. What is not said is the embedded cluster's own default.

mod keys;
mod read;

use std::collections::BTreeMap;
use std::time::Duration;

use super::model::{Mechanism, Protocol, Secret};

pub(super) use keys::EMBEDDED;
pub(super) use read::read;

/// An in-process cluster.
#[derive(Clone, Debug, PartialEq)]
pub struct EmbeddedConfig {
    /// How many brokers, 1 to 100.
    pub brokers: u32,
    /// Partitions of a topic that is made without a number.
    pub default_partitions: Option<u32>,
    /// Whether asking for a topic makes it.
    pub auto_create_topics: Option<bool>,
    /// The cluster id; none makes a random one.
    pub cluster_id: Option<String>,
    /// Bytes that records may take in memory.
    pub memory: Option<u64>,
    /// What happens when they take more.
    pub when_full: Option<WhenFull>,
    /// Seeds all randomness, so that a run can be repeated.
    pub seed: Option<u64>,
    /// Timings of consumer groups.
    pub groups: GroupTimings,
    /// Listeners beside the PLAINTEXT one, and who may do what.
    pub security: EmbeddedSecurity,
}

impl EmbeddedConfig {
    /// A cluster with this many brokers, and defaults.
    #[must_use]
    pub fn with_brokers(brokers: u32) -> Self {
        Self {
            brokers,
            default_partitions: None,
            auto_create_topics: None,
            cluster_id: None,
            memory: None,
            when_full: None,
            seed: None,
            groups: GroupTimings::default(),
            security: EmbeddedSecurity::default(),
        }
    }
}

impl Default for EmbeddedConfig {
    fn default() -> Self {
        Self::with_brokers(1)
    }
}

/// What happens to records for which there is no memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WhenFull {
    /// Producers are told POLICY_VIOLATION.
    Refuse,
    /// The oldest records are moved to temporary files.
    Spill,
}

/// Timings of consumer groups, by the names of Kafka's broker settings.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct GroupTimings {
    /// How long an empty classic group waits for more members (`group.initial.rebalance.delay.ms`).
    pub initial_rebalance_delay: Option<Duration>,
    /// The shortest session timeout of a classic member (`group.min.session.timeout.ms`).
    pub min_session_timeout: Option<Duration>,
    /// The longest session timeout of a classic member (`group.max.session.timeout.ms`).
    pub max_session_timeout: Option<Duration>,
    /// How often a KIP-848 member is told to call (`group.consumer.heartbeat.interval.ms`).
    pub consumer_heartbeat_interval: Option<Duration>,
    /// How long a KIP-848 member may be silent (`group.consumer.session.timeout.ms`).
    pub consumer_session_timeout: Option<Duration>,
}

/// How systems under test may connect, and what they may do.
#[derive(Clone, Debug, PartialEq)]
pub struct EmbeddedSecurity {
    /// What is listened for, on a port of its own each. PLAINTEXT is always there, for the probe itself.
    pub listeners: Vec<Protocol>,
    /// The SASL mechanisms that clients may choose from.
    pub mechanisms: Vec<Mechanism>,
    /// Passwords of PLAIN and SCRAM, by user.
    pub users: BTreeMap<String, Secret>,
    /// How long a SASL session lasts before the client authenticates again; none is for ever.
    pub max_reauth: Option<Duration>,
    /// Certificates.
    pub tls: EmbeddedTls,
    /// How tokens of OAUTHBEARER are checked.
    pub oauth: Option<EmbeddedOauth>,
    /// Who may do what; none lets everybody do everything.
    pub acls: Option<EmbeddedAcls>,
}

impl Default for EmbeddedSecurity {
    fn default() -> Self {
        Self {
            listeners: vec![Protocol::Plaintext],
            mechanisms: Vec::new(),
            users: BTreeMap::new(),
            max_reauth: None,
            tls: EmbeddedTls::default(),
            oauth: None,
            acls: None,
        }
    }
}

/// Certificates of an in-process cluster.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct EmbeddedTls {
    /// The chain that brokers show, and its key, each a PEM file or PEM text; none makes one.
    pub identity: Option<(String, Secret)>,
    /// The authorities of clients' certificates, a PEM file or PEM text; none is the authority that was made.
    pub client_ca: Option<String>,
    /// Whether clients show a certificate.
    pub client_auth: ClientAuth,
}

/// Whether clients show a certificate (`ssl.client.auth`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ClientAuth {
    /// They are not asked.
    #[default]
    None,
    /// They may.
    Requested,
    /// They have to.
    Required,
}

/// How tokens are checked.
#[derive(Clone, Debug, PartialEq)]
pub struct EmbeddedOauth {
    /// What proves a token.
    pub proof: TokenProof,
    /// Who must have issued it.
    pub issuer: Option<String>,
    /// Whom it must be for, one of these.
    pub audiences: Vec<String>,
}

/// What proves a token.
#[derive(Clone, Debug, PartialEq)]
pub enum TokenProof {
    /// A signature by one of these keys: a JWK set as a file or as JSON text.
    Jwks(Secret),
    /// HS256, HS384 or HS512 with this secret.
    Hmac(Secret),
    /// Nothing: whoever connects is who they say.
    Unsecured,
}

/// Who may do what, beside the rules that tests make by Kafka's own calls.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EmbeddedAcls {
    /// Who may do everything, as `User:admin`. Who did not authenticate (`User:ANONYMOUS`), and so the probe,
    /// always may.
    pub super_users: Vec<String>,
    /// Whether what no rule is about is allowed to everybody.
    pub allow_everyone_if_no_acl: bool,
}
