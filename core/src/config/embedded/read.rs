//! `embedded:` from its tree. What does not go together is told here, with its place, and not at the start.

use std::collections::BTreeMap;
use std::time::Duration;

use super::keys::{ACLS, EMBEDDED, OAUTH, SECURITY, TLS};
use super::*;
use crate::config::keys::{MECHANISMS, PROTOCOLS};
use crate::config::principals::{mechanism, protocol};
use crate::config::read::read_duration;
use crate::document::{Content, Fields, Node, Problems, closest, quoted, safe_key, shown, text_of};

pub(in crate::config) fn read(node: &Node, problems: &mut Problems) -> Option<EmbeddedConfig> {
    let fields = Fields::open(node, &EMBEDDED, problems)?;
    let small = |number: i64| u32::try_from(number).ok();
    Some(EmbeddedConfig {
        brokers: fields.integer("brokers", problems).and_then(small).unwrap_or(1),
        default_partitions: fields.integer("default-partitions", problems).and_then(small),
        auto_create_topics: fields.boolean("auto-create-topics", problems),
        cluster_id: fields.text("cluster-id", problems),
        memory: memory(&fields, problems),
        when_full: fields.choice("when-full", problems).map(|word| match word {
            "refuse" => WhenFull::Refuse,
            _ => WhenFull::Spill,
        }),
        seed: fields.integer("seed", problems).and_then(|seed| u64::try_from(seed).ok()),
        groups: groups(&fields, problems),
        security: fields.node("security").and_then(|node| security(node, problems)).unwrap_or_default(),
    })
}

fn memory(fields: &Fields<'_>, problems: &mut Problems) -> Option<u64> {
    let node = fields.node("memory")?;
    let bytes = node.text().and_then(bytes);
    if bytes.is_none() {
        let found = fields.describe("memory", node);
        problems
            .add(&node.place, format!("`memory` was {found}, not an amount of memory"))
            .hint("write it as `512MiB`, `1GiB` or as a number of bytes");
    }
    bytes
}

/// Reads an amount of memory, as `512MiB`, `64 kB` or a number of bytes; `None` when it is none.
#[must_use]
pub fn bytes(text: &str) -> Option<u64> {
    let text = text.trim();
    let end = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let number: u64 = text[..end].parse().ok()?;
    let unit: u64 = match text[end..].trim_start() {
        "" | "B" => 1,
        "KiB" => 1 << 10,
        "MiB" => 1 << 20,
        "GiB" => 1 << 30,
        "kB" => 1_000,
        "MB" => 1_000_000,
        "GB" => 1_000_000_000,
        _ => return None,
    };
    number.checked_mul(unit)
}

fn groups(fields: &Fields<'_>, problems: &mut Problems) -> GroupTimings {
    let mut timing = |name: &str, may_be_zero: bool| {
        let node = fields.node(name)?;
        let before = problems.len();
        let mut duration = Duration::ZERO;
        read_duration(fields, name, &mut duration, problems);
        if duration.is_zero() && !may_be_zero && problems.len() == before {
            problems.add(&node.place, format!("`{name}` was no time at all"));
        }
        Some(duration)
    };
    GroupTimings {
        initial_rebalance_delay: timing("initial-rebalance-delay", true),
        min_session_timeout: timing("min-session-timeout", false),
        max_session_timeout: timing("max-session-timeout", false),
        consumer_heartbeat_interval: timing("consumer-heartbeat-interval", false),
        consumer_session_timeout: timing("consumer-session-timeout", false),
    }
}

fn security(node: &Node, problems: &mut Problems) -> Option<EmbeddedSecurity> {
    let fields = Fields::open(node, &SECURITY, problems)?;
    let mut listeners: Vec<Protocol> =
        words(&fields, "listeners", PROTOCOLS, problems).into_iter().filter_map(protocol).collect();
    if !listeners.contains(&Protocol::Plaintext) {
        listeners.insert(0, Protocol::Plaintext);
    }
    let mut max_reauth = None;
    if fields.node("max-reauth").is_some() {
        read_duration(&fields, "max-reauth", max_reauth.insert(Duration::ZERO), problems);
    }
    let mut read = EmbeddedSecurity {
        listeners,
        mechanisms: words(&fields, "mechanisms", MECHANISMS, problems)
            .into_iter()
            .filter_map(mechanism)
            .collect(),
        users: users(&fields, problems),
        max_reauth,
        tls: fields.node("tls").and_then(|node| tls(node, problems)).unwrap_or_default(),
        oauth: fields.node("oauth").and_then(|node| oauth(node, problems)),
        acls: fields.node("acls").and_then(|node| acls(node, problems)),
    };
    if fields.node("mechanisms").is_none() {
        read.mechanisms = possible_mechanisms(&fields);
    }
    check_sasl(&fields, &read, problems);
    let has_tls = read.listeners.iter().any(|listener| matches!(listener, Protocol::Ssl | Protocol::SaslSsl));
    if let Some(node) = fields.node("tls").filter(|_| !has_tls) {
        problems
            .add(&node.place, "`tls` was given without a listener that uses it")
            .hint("add `SSL` or `SASL_SSL` to `listeners`");
    }
    Some(read)
}

fn possible_mechanisms(fields: &Fields<'_>) -> Vec<Mechanism> {
    let by_password = [Mechanism::Plain, Mechanism::ScramSha256, Mechanism::ScramSha512];
    let by_password = by_password.into_iter().filter(|_| fields.node("users").is_some());
    by_password.chain(fields.node("oauth").map(|_| Mechanism::OauthBearer)).collect()
}

fn check_sasl(fields: &Fields<'_>, read: &EmbeddedSecurity, problems: &mut Problems) {
    let sasl = [Protocol::SaslPlaintext, Protocol::SaslSsl];
    if !read.listeners.iter().any(|listener| sasl.contains(listener)) {
        for key in ["mechanisms", "users", "max-reauth", "oauth"] {
            if let Some(node) = fields.node(key) {
                problems
                    .add(&node.place, format!("`{key}` was given without a listener that uses it"))
                    .hint("add `SASL_PLAINTEXT` or `SASL_SSL` to `listeners`");
            }
        }
        return;
    }
    let place = &fields.node("mechanisms").unwrap_or(fields.object()).place;
    if read.mechanisms.is_empty() {
        problems
            .add(place, "a SASL listener was asked for, and nobody could log in")
            .hint("add `users: {name: password}` or `oauth:`");
    }
    for mechanism in &read.mechanisms {
        let (lacks, key) = match mechanism {
            Mechanism::OauthBearer => (fields.node("oauth").is_none(), "oauth"),
            _ => (fields.node("users").is_none(), "users"),
        };
        if lacks {
            problems
                .add(place, format!("a mechanism was enabled without `{key}`, which it needs"))
                .hint(format!("add `{key}:`"));
            return;
        }
    }
}

fn users(fields: &Fields<'_>, problems: &mut Problems) -> BTreeMap<String, Secret> {
    let mut users = BTreeMap::new();
    let Some(node) = fields.node("users") else { return users };
    let Some(entries) = node.entries() else {
        problems
            .add(&node.place, format!("`users` was {}, not an object", node.kind()))
            .hint("write it as `{alice: \"${env:ALICE_PASSWORD}\"}`");
        return users;
    };
    for entry in entries {
        let name = safe_key(&entry.key);
        match text_of(&entry.value, &name, problems) {
            Some("") => {
                problems.add(&entry.value.place, format!("the password of `{name}` was empty"));
            }
            Some(password) => {
                users.insert(entry.key.to_string(), Secret::new(password));
            }
            None => {}
        }
    }
    users
}

fn tls(node: &Node, problems: &mut Problems) -> Option<EmbeddedTls> {
    let fields = Fields::open(node, &TLS, problems)?;
    for (one, other) in [("certificate", "key"), ("key", "certificate")] {
        if let (Some(node), None) = (fields.node(one), fields.node(other)) {
            problems.add(&node.place, format!("`{one}` was given without `{other}`"));
        }
    }
    let certificate = fields.text("certificate", problems);
    let key = fields.text("key", problems).map(Secret::new);
    let read = EmbeddedTls {
        identity: certificate.zip(key),
        client_ca: fields.text("client-ca", problems),
        client_auth: match fields.choice("client-auth", problems) {
            Some("requested") => ClientAuth::Requested,
            Some("required") => ClientAuth::Required,
            _ => ClientAuth::None,
        },
    };
    if read.client_auth != ClientAuth::None && read.identity.is_some() && read.client_ca.is_none() {
        problems
            .add(&node.place, "clients were asked for certificates, and no authority was given for them")
            .hint("add `client-ca:`, or leave out `certificate` and `key` so that an authority is made");
    }
    Some(read)
}

fn oauth(node: &Node, problems: &mut Problems) -> Option<EmbeddedOauth> {
    let fields = Fields::open(node, &OAUTH, problems)?;
    let unsecured = fields.boolean("unsecured", problems).unwrap_or(false).then_some(TokenProof::Unsecured);
    let hmac = fields.text("hmac-secret", problems).map(|secret| TokenProof::Hmac(Secret::new(secret)));
    let jwks = match fields.node("jwks") {
        Some(node) if node.entries().is_some() => Some(node.to_json().to_string()),
        _ => fields.text("jwks", problems),
    };
    let jwks = jwks.map(|keys| TokenProof::Jwks(Secret::new(keys)));
    let issuer = fields.text("issuer", problems);
    let audiences = fields.text("audience", problems).unwrap_or_default();
    let audiences = audiences.split(',').map(str::trim).filter(|audience| !audience.is_empty());
    let audiences = audiences.map(str::to_owned).collect();
    let mut proofs = [jwks, hmac, unsecured].into_iter().flatten();
    match (proofs.next(), proofs.next()) {
        (Some(proof), None) => Some(EmbeddedOauth { proof, issuer, audiences }),
        (first, _) => {
            let how = if first.is_some() { "more than one way" } else { "no way" };
            problems
                .add(&node.place, format!("`oauth` named {how} to check tokens"))
                .hint("give one of `jwks`, `hmac-secret` and `unsecured: true`");
            None
        }
    }
}

fn acls(node: &Node, problems: &mut Problems) -> Option<EmbeddedAcls> {
    let fields = Fields::open(node, &ACLS, problems)?;
    let mut super_users = Vec::new();
    for node in items(&fields, "super-users", problems) {
        match text_of(node, "super-users", problems) {
            Some(name) if name.strip_prefix("User:").is_some_and(|name| !name.is_empty()) => {
                super_users.push(name.to_owned());
            }
            Some(name) => {
                let found = shown(name);
                let message = format!("`super-users` held `{found}`, which was no principal");
                problems.add(&node.place, message).hint(format!("did you mean `User:{found}`?"));
            }
            None => {}
        }
    }
    let allow_everyone_if_no_acl = fields.boolean("allow-everyone-if-no-acl", problems).unwrap_or(false);
    Some(EmbeddedAcls { super_users, allow_everyone_if_no_acl })
}

/// Returns the items of a list under a key.
fn items<'a>(fields: &Fields<'a>, key: &str, problems: &mut Problems) -> &'a [Node] {
    match fields.node(key).map(|node| (node, &node.content)) {
        None => &[],
        Some((_, Content::List(items))) => items,
        Some((node, _)) => {
            problems
                .add(&node.place, format!("`{key}` was {}, not a list", node.kind()))
                .hint(format!("write it as `{key}: [...]`"));
            &[]
        }
    }
}

/// Returns the words of a list under a key, in any case, each once.
fn words(
    fields: &Fields<'_>,
    key: &str,
    known: &[&'static str],
    problems: &mut Problems,
) -> Vec<&'static str> {
    let mut words = Vec::new();
    for node in items(fields, key, problems) {
        let text = node.text().unwrap_or_default();
        let Some(word) = known.iter().find(|word| word.eq_ignore_ascii_case(text)) else {
            let known = known.iter().copied();
            let message =
                format!("`{key}` held {}, not one of {}", fields.describe(key, node), quoted(known.clone()));
            let problem = problems.add(&node.place, message);
            if let Some(word) = closest(text, known) {
                problem.hint(format!("did you mean `{word}`?"));
            }
            continue;
        };
        if words.contains(word) {
            problems.add(&node.place, format!("`{key}` held `{word}` twice"));
        } else {
            words.push(*word);
        }
    }
    words
}

#[cfg(test)]
mod tests {
    use super::bytes;

    #[test]
    fn memory_is_read_in_the_forms_people_know() {
        for (text, expected) in [
            ("512MiB", 512 << 20),
            ("1 GiB", 1 << 30),
            ("64kB", 64_000),
            ("1000", 1000),
            ("3 B", 3),
            ("0", 0),
        ] {
            assert_eq!(bytes(text), Some(expected), "{text}");
        }
        for text in ["", "MiB", "1.5GiB", "-1", "1mib", "99999999999GiB"] {
            assert_eq!(bytes(text), None, "{text}");
        }
    }
}
