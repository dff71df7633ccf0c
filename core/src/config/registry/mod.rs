//! `schema-registry:`: where schemas are kept, how to be let in, and what may be asked of it.

mod keys;
mod read;

use std::time::Duration;

use super::model::Secret;

pub(super) use keys::REGISTRY;
pub(super) use read::read;

/// What a URL begins with that names a registry within this process.
pub const MOCK: &str = "mock://";

/// A schema registry.
#[derive(Clone, Debug, PartialEq)]
pub struct SchemaRegistryConfig {
    /// Its URLs, with a comma between, in the order in which they are tried; or `mock://SCOPE`. User information in
    /// them is refused (use `auth`).
    pub url: String,
    /// How to authenticate.
    pub auth: RegistryAuth,
    /// A schema that its subject lacks is registered by who writes with it.
    pub auto_register_schemas: bool,
    /// What is written is written with the subject's latest schema, whatever schema it came with.
    pub use_latest_version: bool,
    /// The registry compares schemas by what they mean and not by their text.
    pub normalize_schemas: bool,
    /// How long one call to one URL may take.
    pub request_timeout: Duration,
    /// How often a call is tried again.
    pub max_retries: u32,
    /// How long the answer to "the latest version" holds.
    pub latest_cache_ttl: Duration,
}

impl SchemaRegistryConfig {
    /// The registry at a URL, without authentication, with the defaults.
    #[must_use]
    pub fn at(url: impl Into<String>) -> Self {
        Self {
            url: url.into(),
            auth: RegistryAuth::default(),
            auto_register_schemas: false,
            use_latest_version: false,
            normalize_schemas: false,
            request_timeout: Duration::from_secs(2),
            max_retries: 3,
            latest_cache_ttl: Duration::from_secs(60),
        }
    }

    /// Returns its URLs, in the order in which they are tried.
    pub fn urls(&self) -> impl Iterator<Item = &str> {
        self.url.split(',').map(str::trim)
    }
}

/// How a registry lets somebody in.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RegistryAuth {
    /// Who calls.
    pub credentials: RegistryCredentials,
    /// The cluster that a token is for, the header `target-sr-cluster` (`bearer.auth.logical.cluster`).
    pub logical_cluster: Option<String>,
    /// The pool of identities that a token is for, the header `Confluent-Identity-Pool-Id`
    /// (`bearer.auth.identity.pool.id`).
    pub identity_pool: Option<String>,
    /// Whom to trust, and who calls by certificate.
    pub tls: RegistryTls,
}

/// Who calls a registry.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum RegistryCredentials {
    /// Nobody in particular, or the owner of the client certificate.
    #[default]
    None,
    /// `user:password` (`basic.auth.user.info`).
    Basic(Secret),
    /// A token that does not change (`bearer.auth.token`).
    Token(Secret),
    /// Tokens by client credentials.
    Oauth(RegistryOauth),
}

/// Client credentials, for tokens.
#[derive(Clone, Debug, PartialEq)]
pub struct RegistryOauth {
    /// Where tokens come from; the cluster's endpoint when absent (`bearer.auth.issuer.endpoint.url`).
    pub token_endpoint: Option<String>,
    /// The client id.
    pub client_id: String,
    /// The client secret.
    pub client_secret: Secret,
    /// The scope to ask for; the cluster's when absent.
    pub scope: Option<String>,
}

/// Whom a client trusts, and who it is by certificate.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RegistryTls {
    /// Certificate authorities, a PEM file; those of the system when absent.
    pub ca: Option<String>,
    /// Client certificate, a PEM file.
    pub certificate: Option<String>,
    /// Client key, a PEM file.
    pub key: Option<Secret>,
    /// Its passphrase.
    pub key_password: Option<Secret>,
}
