//! A configuration as a document, by the keys that it is written with. People see it with everything hidden that
//! the key tables do not show: an allow-list, the same as for messages.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::{Map, Value, json};

use super::embedded::{
    ClientAuth, EmbeddedConfig, EmbeddedOauth, EmbeddedSecurity, EmbeddedTls, GroupTimings, TokenProof,
    WhenFull,
};
use super::keys::CONFIG;
use super::model::{ClusterConfig, CommitPolicy, Config, Mechanism, PrincipalConfig, Secret};
use super::registry::{RegistryAuth, RegistryCredentials, SchemaRegistryConfig};
use crate::document::{Kind, Table};

/// What stands in the place of what is not shown.
const HIDDEN: &str = "***";

impl Config {
    /// Returns the configuration as a document that people may see: by its keys, the default cluster under
    /// `clusters`, with all that was left out; what has no default is absent. Durations are as `3000ms`. What may
    /// hold a secret is `***`.
    #[must_use]
    pub fn to_json(&self) -> Value {
        let mut document = whole(self);
        hide_in(&CONFIG, &mut document);
        document
    }
}

/// Hides what a table does not show, and does not have.
fn hide_in(table: &Table, document: &mut Value) {
    for (name, value) in document.as_object_mut().into_iter().flatten() {
        match table.key(name) {
            Some(key) if key.show => hide(&key.kind, value),
            _ => hide_all(value),
        }
    }
}

fn hide(kind: &Kind, value: &mut Value) {
    match kind {
        Kind::Object(table) => hide_in(table, value),
        Kind::MapOf(kind) => {
            value.as_object_mut().into_iter().flatten().for_each(|(_, value)| hide(kind, value));
        }
        Kind::ListOf(kind) => value.as_array_mut().into_iter().flatten().for_each(|value| hide(kind, value)),
        Kind::Free => hide_all(value),
        Kind::Text
        | Kind::Pattern(_)
        | Kind::Integer(..)
        | Kind::Number
        | Kind::Boolean
        | Kind::Choice(_)
        | Kind::AnyCase(_)
        | Kind::Duration
        | Kind::AnyOf(_) => {}
    }
}

/// Hides every value; the names of a map stay, as those of users.
fn hide_all(value: &mut Value) {
    match value {
        Value::Object(fields) => fields.iter_mut().for_each(|(_, value)| hide_all(value)),
        other => *other = HIDDEN.into(),
    }
}

/// Returns the document with its secrets. It reads back as the same configuration.
pub(super) fn whole(config: &Config) -> Value {
    json!({
        "clusters": named(&config.clusters, cluster),
        "principals": named(&config.principals, principal),
        "dsl": {
            "ask-timeout": duration(config.dsl.ask_timeout),
            "blocking-timeout": duration(config.dsl.blocking_timeout),
            "within": duration(config.dsl.within),
            "verdict-grace": duration(config.dsl.verdict_grace),
            "late-grace": duration(config.dsl.late_grace),
        },
        "limits": {
            "journal-events-per-session": config.limits.journal_events_per_session,
            "unattributed-records-per-topic": config.limits.unattributed_records_per_topic,
            "sessions": config.limits.sessions,
            "close-timeout": duration(config.limits.close_timeout),
        },
        "strict-principals": config.strict_principals,
        "commit": match config.commit {
            CommitPolicy::Session => "session",
            CommitPolicy::Probe => "probe",
            CommitPolicy::None => "none",
        },
        "time-factor": config.time_factor,
    })
}

fn named<T>(all: &BTreeMap<String, T>, one: impl Fn(&T) -> Value) -> Value {
    Value::Object(all.iter().map(|(name, value)| (name.clone(), one(value))).collect())
}

/// Returns an object without what is null.
fn present(mut document: Value) -> Value {
    if let Value::Object(fields) = &mut document {
        *fields =
            std::mem::take(fields).into_iter().filter(|(_, value)| !value.is_null()).collect::<Map<_, _>>();
    }
    document
}

fn duration(time: Duration) -> String {
    format!("{}ms", time.as_secs_f64() * 1e3)
}

fn exposed(secret: Option<&Secret>) -> Option<&str> {
    secret.map(Secret::expose)
}

fn all_exposed(secrets: &BTreeMap<String, Secret>) -> Value {
    named(secrets, |secret| secret.expose().into())
}

fn cluster(cluster: &ClusterConfig) -> Value {
    let servers = cluster.embedded.is_none().then_some(&cluster.bootstrap_servers);
    let registry = cluster.schema_registry.as_ref();
    let oauth = cluster.oauth.as_ref();
    present(json!({
        "bootstrap-servers": servers,
        "embedded": cluster.embedded.as_ref().map(embedded),
        "schema-registry": registry.map(schema_registry),
        "oauth": oauth.map(|one| present(json!({
            "token-endpoint": one.token_endpoint, "client-scope": one.client_scope,
        }))),
        "properties": all_exposed(&cluster.properties),
        "principals": named(&cluster.principals, principal),
        "allow-unsafe": cluster.allow_unsafe,
    }))
}

fn schema_registry(registry: &SchemaRegistryConfig) -> Value {
    let auth = registry_auth(&registry.auth);
    present(json!({
        "url": registry.url,
        "auth": auth.as_object().is_some_and(|auth| !auth.is_empty()).then_some(auth),
        "auto.register.schemas": registry.auto_register_schemas,
        "use.latest.version": registry.use_latest_version,
        "normalize.schemas": registry.normalize_schemas,
        "request-timeout": duration(registry.request_timeout),
        "max-retries": registry.max_retries,
        "latest-cache-ttl": duration(registry.latest_cache_ttl),
    }))
}

fn registry_auth(auth: &RegistryAuth) -> Value {
    let (mut basic, mut token, mut client) = (None, None, None);
    match &auth.credentials {
        RegistryCredentials::None => {}
        RegistryCredentials::Basic(user_info) => basic = Some(user_info),
        RegistryCredentials::Token(one) => token = Some(one),
        RegistryCredentials::Oauth(one) => client = Some(one),
    }
    present(json!({
        "basic.auth.user.info": exposed(basic),
        "bearer.auth.token": exposed(token),
        "bearer.auth.issuer.endpoint.url": client.and_then(|one| one.token_endpoint.as_deref()),
        "bearer.auth.client.id": client.map(|one| &one.client_id),
        "bearer.auth.client.secret": client.map(|one| one.client_secret.expose()),
        "bearer.auth.scope": client.and_then(|one| one.scope.as_deref()),
        "bearer.auth.logical.cluster": auth.logical_cluster,
        "bearer.auth.identity.pool.id": auth.identity_pool,
        "ssl.ca": auth.tls.ca,
        "ssl.certificate": auth.tls.certificate,
        "ssl.key": exposed(auth.tls.key.as_ref()),
        "ssl.key.password": exposed(auth.tls.key_password.as_ref()),
    }))
}

fn principal(principal: &PrincipalConfig) -> Value {
    present(json!({
        "protocol": principal.protocol.name(),
        "mechanism": principal.mechanism.map(Mechanism::name),
        "username": principal.username,
        "password": exposed(principal.password.as_ref()),
        "client-id": principal.client_id,
        "client-secret": exposed(principal.client_secret.as_ref()),
        "token-endpoint": principal.token_endpoint,
        "scope": principal.scope,
        "ca": principal.ca,
        "certificate": principal.certificate,
        "key": exposed(principal.key.as_ref()),
        "key-password": exposed(principal.key_password.as_ref()),
        "properties": all_exposed(&principal.properties),
    }))
}

fn embedded(config: &EmbeddedConfig) -> Value {
    let GroupTimings {
        initial_rebalance_delay,
        min_session_timeout,
        max_session_timeout,
        consumer_heartbeat_interval,
        consumer_session_timeout,
    } = config.groups;
    present(json!({
        "brokers": config.brokers,
        "default-partitions": config.default_partitions,
        "auto-create-topics": config.auto_create_topics,
        "cluster-id": config.cluster_id,
        "memory": config.memory,
        "when-full": config.when_full.map(|when| match when {
            WhenFull::Refuse => "refuse",
            WhenFull::Spill => "spill",
        }),
        "seed": config.seed,
        "initial-rebalance-delay": initial_rebalance_delay.map(duration),
        "min-session-timeout": min_session_timeout.map(duration),
        "max-session-timeout": max_session_timeout.map(duration),
        "consumer-heartbeat-interval": consumer_heartbeat_interval.map(duration),
        "consumer-session-timeout": consumer_session_timeout.map(duration),
        "security": security(&config.security),
    }))
}

fn security(security: &EmbeddedSecurity) -> Value {
    let acls = security.acls.as_ref();
    let mechanisms: Vec<&str> = security.mechanisms.iter().map(|one| one.name()).collect();
    present(json!({
        "listeners": security.listeners.iter().map(|one| one.name()).collect::<Vec<_>>(),
        "mechanisms": (!mechanisms.is_empty()).then_some(mechanisms),
        "users": (!security.users.is_empty()).then(|| all_exposed(&security.users)),
        "max-reauth": security.max_reauth.map(duration),
        "tls": (security.tls != EmbeddedTls::default()).then(|| tls(&security.tls)),
        "oauth": security.oauth.as_ref().map(oauth),
        "acls": acls.map(|acls| json!({
            "super-users": acls.super_users, "allow-everyone-if-no-acl": acls.allow_everyone_if_no_acl,
        })),
    }))
}

fn tls(tls: &EmbeddedTls) -> Value {
    let identity = tls.identity.as_ref();
    present(json!({
        "certificate": identity.map(|(certificate, _)| certificate),
        "key": identity.map(|(_, key)| key.expose()),
        "client-ca": tls.client_ca,
        "client-auth": match tls.client_auth {
            ClientAuth::None => "none",
            ClientAuth::Requested => "requested",
            ClientAuth::Required => "required",
        },
    }))
}

fn oauth(oauth: &EmbeddedOauth) -> Value {
    let (proof, value) = match &oauth.proof {
        TokenProof::Jwks(keys) => ("jwks", keys.expose().into()),
        TokenProof::Hmac(secret) => ("hmac-secret", secret.expose().into()),
        TokenProof::Unsecured => ("unsecured", Value::Bool(true)),
    };
    let audience = (!oauth.audiences.is_empty()).then(|| oauth.audiences.join(","));
    present(json!({ proof: value, "issuer": oauth.issuer, "audience": audience }))
}
