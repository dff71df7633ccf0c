//! From what the configuration says to what the embedded cluster takes.

use std::borrow::Cow;
use std::time::Duration;

use test_probe_embedded::security::{
    self, AclOptions, KeySet, OAuthBearer, SecurityOptions, ServerIdentity, TlsOptions, TokenRules, User,
};
use test_probe_embedded::{Limits, Options, WhenFull};

use crate::config::{
    self, EmbeddedConfig, EmbeddedOauth, EmbeddedSecurity, EmbeddedTls, GroupTimings, TokenProof,
};
use crate::document::shown;
use crate::error::{ErrorCode, ProbeError, Result};

/// Whoever did not authenticate, as Kafka names them; the probe, too, connects without.
const ANONYMOUS: &str = "User:ANONYMOUS";

/// Errors: INVALID_CONFIG for a file that was not read or keys that were none.
pub(super) fn options(config: &EmbeddedConfig) -> Result<Options> {
    let mut options = Options::with_brokers(u16::try_from(config.brokers).unwrap_or(u16::MAX));
    if let Some(partitions) = config.default_partitions {
        options.default_partitions = i32::try_from(partitions).unwrap_or(i32::MAX);
    }
    options.auto_create_topics = config.auto_create_topics.unwrap_or(options.auto_create_topics);
    options.cluster_id = config.cluster_id.clone();
    options.limits = limits(config);
    options.seed = config.seed;
    timings(&config.groups, &mut options);
    options.listeners = config.security.listeners.iter().copied().map(protocol).collect();
    options.security = security(&config.security)?;
    options.acls = config.security.acls.as_ref().map(|acls| AclOptions {
        super_users: acls.super_users.iter().cloned().chain([ANONYMOUS.to_owned()]).collect(),
        allow_everyone_if_no_acl_found: acls.allow_everyone_if_no_acl,
    });
    Ok(options)
}

fn limits(config: &EmbeddedConfig) -> Limits {
    let mut limits = Limits::default();
    if let Some(bytes) = config.memory {
        limits.memory_bytes = usize::try_from(bytes).unwrap_or(usize::MAX);
    }
    match config.when_full {
        Some(config::WhenFull::Refuse) => limits.when_full = WhenFull::Refuse,
        Some(config::WhenFull::Spill) => limits.when_full = WhenFull::Spill { dir: None },
        None => {}
    }
    limits
}

fn timings(groups: &GroupTimings, options: &mut Options) {
    let set = |slot: &mut Duration, asked: Option<Duration>| *slot = asked.unwrap_or(*slot);
    set(&mut options.initial_rebalance_delay, groups.initial_rebalance_delay);
    set(&mut options.min_session_timeout, groups.min_session_timeout);
    set(&mut options.max_session_timeout, groups.max_session_timeout);
    set(&mut options.consumer_heartbeat_interval, groups.consumer_heartbeat_interval);
    set(&mut options.consumer_session_timeout, groups.consumer_session_timeout);
}

fn protocol(protocol: config::Protocol) -> security::Protocol {
    match protocol {
        config::Protocol::Plaintext => security::Protocol::Plaintext,
        config::Protocol::Ssl => security::Protocol::Ssl,
        config::Protocol::SaslPlaintext => security::Protocol::SaslPlaintext,
        config::Protocol::SaslSsl => security::Protocol::SaslSsl,
    }
}

fn mechanism(mechanism: config::Mechanism) -> security::Mechanism {
    match mechanism {
        config::Mechanism::Plain => security::Mechanism::Plain,
        config::Mechanism::ScramSha256 => security::Mechanism::ScramSha256,
        config::Mechanism::ScramSha512 => security::Mechanism::ScramSha512,
        config::Mechanism::OauthBearer => security::Mechanism::OAuthBearer,
    }
}

fn security(config: &EmbeddedSecurity) -> Result<SecurityOptions> {
    let user = |(name, password): (&String, &config::Secret)| User::new(name.clone(), password.expose());
    Ok(SecurityOptions {
        mechanisms: config.mechanisms.iter().copied().map(mechanism).collect(),
        users: config.users.iter().map(user).collect(),
        oauthbearer: config.oauth.as_ref().map(oauthbearer).transpose()?,
        max_reauth: config.max_reauth.unwrap_or_default(),
        tls: tls(&config.tls)?,
    })
}

fn tls(config: &EmbeddedTls) -> Result<TlsOptions> {
    let identity = match &config.identity {
        None => ServerIdentity::Generated,
        Some((certificate, key)) => ServerIdentity::Given {
            certificates_pem: pem("certificate", certificate)?.into_owned(),
            key_pem: pem("key", key.expose())?.into_owned().into(),
        },
    };
    let client_ca = config.client_ca.as_deref().map(|ca| pem("client-ca", ca)).transpose()?;
    Ok(TlsOptions {
        identity,
        client_auth: match config.client_auth {
            config::ClientAuth::None => security::ClientAuth::None,
            config::ClientAuth::Requested => security::ClientAuth::Requested,
            config::ClientAuth::Required => security::ClientAuth::Required,
        },
        client_ca_pem: client_ca.map(Cow::into_owned),
        ..TlsOptions::default()
    })
}

fn oauthbearer(config: &EmbeddedOauth) -> Result<OAuthBearer> {
    let rules = TokenRules {
        issuer: config.issuer.clone(),
        audiences: config.audiences.clone(),
        ..TokenRules::default()
    };
    Ok(match &config.proof {
        TokenProof::Unsecured => OAuthBearer::Unsecured(rules),
        TokenProof::Hmac(secret) => OAuthBearer::Signed(KeySet::hmac(secret.expose().as_bytes()), rules),
        TokenProof::Jwks(keys) => {
            let text = given("jwks", keys.expose(), keys.expose().trim_start().starts_with('{'))?;
            // It names a key and what is wrong with it, and never what is in it.
            let keys = KeySet::from_jwks(&text).map_err(|reason| {
                ProbeError::new(ErrorCode::InvalidConfig, format!("`jwks` was refused: {reason}"))
            })?;
            OAuthBearer::Signed(keys, rules)
        }
    })
}

fn pem<'a>(key: &str, text: &'a str) -> Result<Cow<'a, str>> {
    given(key, text, text.contains("-----BEGIN"))
}

/// Returns what stands under a key, or what the file has that is named there.
fn given<'a>(key: &str, text: &'a str, is_inline: bool) -> Result<Cow<'a, str>> {
    if is_inline {
        return Ok(Cow::Borrowed(text));
    }
    std::fs::read_to_string(text).map(Cow::Owned).map_err(|error| {
        // A key without its first line would be shown as a path that is long and has lines.
        let is_path = text.len() < 256 && !text.contains('\n');
        let path =
            if is_path { format!("`{}`", shown(text)) } else { "a value that is not shown".to_owned() };
        ProbeError::new(
            ErrorCode::InvalidConfig,
            format!("{path}, the file of `{key}`, was not read: {}", error.kind()),
        )
        .hint("relative paths start in the working directory; `${file:path}` starts beside the configuration")
    })
}
