//! Principals: which fields go with which protocol and mechanism.

use std::collections::BTreeMap;

use super::keys::PRINCIPAL;
use super::model::{Mechanism, PrincipalConfig, Protocol, Secret};
use super::properties::properties;
use super::read::http_url;
use crate::document::{Fields, Node, Problems, shown};

/// What a principal may take from around it.
#[derive(Clone, Copy)]
pub(super) struct Around {
    /// Some cluster names a token endpoint.
    pub(super) token_endpoint: bool,
    /// Its cluster allows unsafe properties.
    pub(super) allow_unsafe: bool,
}

pub(super) fn principals(
    node: Option<&Node>,
    around: Around,
    problems: &mut Problems,
) -> BTreeMap<String, PrincipalConfig> {
    let Some(node) = node else { return BTreeMap::new() };
    let Some(entries) = node.entries() else {
        problems.add(&node.place, format!("`principals` was {}, not an object", node.kind()));
        return BTreeMap::new();
    };
    let read = entries.iter().filter(|entry| !entry.key.starts_with("x-")).filter_map(|entry| {
        let principal = principal(&entry.value, &entry.key, around, problems)?;
        Some((entry.key.to_string(), principal))
    });
    read.collect()
}

fn principal(node: &Node, name: &str, around: Around, problems: &mut Problems) -> Option<PrincipalConfig> {
    let fields = Fields::open(node, &PRINCIPAL, problems)?;
    let protocol = fields.choice("protocol", problems).and_then(protocol).unwrap_or_default();
    let mechanism = fields.choice("mechanism", problems).and_then(mechanism);
    let token_endpoint = fields.text("token-endpoint", problems);
    if let (Some(url), Some(node)) = (&token_endpoint, fields.node("token-endpoint")) {
        http_url("token-endpoint", url, &node.place, problems);
    }
    let secret = |name: &str, problems: &mut Problems| fields.text(name, problems).map(Secret::new);
    let read = PrincipalConfig {
        protocol,
        mechanism,
        username: fields.text("username", problems),
        password: secret("password", problems),
        client_id: fields.text("client-id", problems),
        client_secret: secret("client-secret", problems),
        token_endpoint,
        scope: fields.text("scope", problems),
        ca: fields.text("ca", problems),
        certificate: fields.text("certificate", problems),
        key: secret("key", problems),
        key_password: secret("key-password", problems),
        properties: properties(fields.node("properties"), around.allow_unsafe, problems),
    };
    check_sasl(&fields, name, &read, around, problems);
    check_tls(&fields, name, &read, problems);
    Some(read)
}

/// Returns the protocol that is one of the words for it.
pub(super) fn protocol(word: &str) -> Option<Protocol> {
    Protocol::ALL.into_iter().find(|protocol| protocol.name() == word)
}

/// Returns the mechanism that is one of the words for it.
pub(super) fn mechanism(word: &str) -> Option<Mechanism> {
    Mechanism::ALL.into_iter().find(|mechanism| mechanism.name() == word)
}

fn check_sasl(
    fields: &Fields<'_>,
    name: &str,
    read: &PrincipalConfig,
    around: Around,
    problems: &mut Problems,
) {
    let place = &fields.object().place;
    let name = shown(name);
    let sasl = matches!(read.protocol, Protocol::SaslPlaintext | Protocol::SaslSsl);
    match (sasl, fields.node("mechanism")) {
        (true, None) => {
            problems
                .add(place, format!("principal `{name}` used SASL without `mechanism`"))
                .hint("add `mechanism: PLAIN`, `SCRAM-SHA-256`, `SCRAM-SHA-512` or `OAUTHBEARER`");
        }
        (false, Some(node)) if fields.node("protocol").is_none() || read.mechanism.is_some() => {
            problems
                .add(&node.place, format!("principal `{name}` had `mechanism` without SASL"))
                .hint("set `protocol: SASL_SSL` or `protocol: SASL_PLAINTEXT`");
        }
        _ => {}
    }
    let needed: &[&str] = match read.mechanism {
        Some(Mechanism::Plain | Mechanism::ScramSha256 | Mechanism::ScramSha512) => &["username", "password"],
        Some(Mechanism::OauthBearer) if around.token_endpoint => &["client-id", "client-secret"],
        Some(Mechanism::OauthBearer) => &["client-id", "client-secret", "token-endpoint"],
        None => &[],
    };
    for key in needed.iter().filter(|key| fields.node(key).is_none()) {
        problems
            .add(place, format!("principal `{name}` lacked `{key}`, which its mechanism needs"))
            .hint(format!("add `{key}:`"));
    }
}

fn check_tls(fields: &Fields<'_>, name: &str, read: &PrincipalConfig, problems: &mut Problems) {
    let place = &fields.object().place;
    let name = shown(name);
    for (one, other) in [("certificate", "key"), ("key", "certificate"), ("key-password", "key")] {
        if fields.node(one).is_some() && fields.node(other).is_none() {
            problems.add(place, format!("principal `{name}` had `{one}` without `{other}`"));
        }
    }
    if matches!(read.protocol, Protocol::Ssl | Protocol::SaslSsl) {
        return;
    }
    for key in ["ca", "certificate", "key"] {
        if let Some(node) = fields.node(key) {
            problems
                .add(&node.place, format!("principal `{name}` had `{key}` without TLS"))
                .hint("set `protocol: SSL` or `protocol: SASL_SSL`");
        }
    }
}
