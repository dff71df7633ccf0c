//! Names and addresses: the validators of seed 003, public in every language.

use std::collections::{BTreeMap, BTreeSet};
use std::net::{Ipv4Addr, Ipv6Addr};

use crate::document::shown;
use crate::error::{ErrorCode, ProbeError, Result};

/// Checks that all names are different (seed 003).
///
/// # Errors
/// DUPLICATE_TOPIC with every duplicate, sorted and comma separated.
///
/// ```
/// let error = test_probe::directive::validate_uniqueness(&["b", "a", "b"]).unwrap_err();
/// assert_eq!(error.message(), "Topics must be unique. Duplicates found: b");
/// ```
pub fn validate_uniqueness<S: AsRef<str>>(names: &[S]) -> Result<()> {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for name in names {
        *counts.entry(name.as_ref()).or_default() += 1;
    }
    let duplicates: BTreeSet<&str> =
        counts.into_iter().filter(|(_, count)| *count > 1).map(|(name, _)| name).collect();
    if duplicates.is_empty() {
        return Ok(());
    }
    let list = duplicates.iter().map(|name| shown(name)).collect::<Vec<_>>().join(", ");
    let message = format!("Topics must be unique. Duplicates found: {list}");
    Err(ProbeError::new(ErrorCode::DuplicateTopic, message)
        .hint("use `role: both` for one topic with both roles, or give each its own name with `as`"))
}

/// Checks bootstrap servers (seed 003) and returns them normalised: no blanks, lower case hosts, in the
/// order given. `None` is fine and means the default cluster.
///
/// # Errors
/// INVALID_BOOTSTRAP_SERVERS when one entry is not host:port.
///
/// ```
/// let normalised = test_probe::directive::validate_bootstrap_servers(Some("H1:9092 , [::1]:9093"));
/// assert_eq!(normalised.unwrap().unwrap(), "h1:9092,[::1]:9093");
/// ```
pub fn validate_bootstrap_servers(servers: Option<&str>) -> Result<Option<String>> {
    let Some(servers) = servers else { return Ok(None) };
    let normalised: Option<Vec<String>> = servers.split(',').map(|server| address(server.trim())).collect();
    match normalised {
        Some(addresses) => Ok(Some(addresses.join(","))),
        None => Err(invalid_servers(servers)),
    }
}

fn invalid_servers(servers: &str) -> ProbeError {
    let visible: Vec<String> = servers.split(',').map(without_user).collect();
    let message = format!(
        "Bootstrap servers \"{}\" has invalid format. Expected: host:port or comma-separated list",
        shown(&visible.join(","))
    );
    let error = ProbeError::new(ErrorCode::InvalidBootstrapServers, message);
    if servers.contains("://") { error.hint("leave out the protocol; write `host:port`") } else { error }
}

/// What stands before an `@` may be a password.
fn without_user(server: &str) -> String {
    server.rsplit_once('@').map_or_else(|| server.to_owned(), |(_, host)| format!("***@{host}"))
}

fn address(server: &str) -> Option<String> {
    let (host, port) = match server.strip_prefix('[') {
        Some(rest) => {
            let (host, port) = rest.split_once("]:")?;
            (format!("[{}]", host.parse::<Ipv6Addr>().ok()?), port)
        }
        None => {
            let (host, port) = server.split_once(':')?;
            (legal_host(host)?, port)
        }
    };
    let digits = (1..=5).contains(&port.len()) && port.bytes().all(|byte| byte.is_ascii_digit());
    let port: u16 = if digits { port.parse().ok()? } else { return None };
    (port > 0).then(|| format!("{host}:{port}"))
}

fn legal_host(host: &str) -> Option<String> {
    let labels = host.strip_suffix('.').unwrap_or(host);
    let legal = !labels.is_empty() && labels.len() <= 253 && labels.split('.').all(legal_label);
    let numeric = labels.rsplit('.').next()?.bytes().all(|byte| byte.is_ascii_digit());
    let is_host = legal && (!numeric || labels.parse::<Ipv4Addr>().is_ok());
    is_host.then(|| host.to_ascii_lowercase())
}

/// An underscore is no host name by RFC 952, and container networks are full of it.
fn legal_label(label: &str) -> bool {
    let legal = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    (1..=63).contains(&label.len())
        && label.bytes().all(legal)
        && !label.starts_with('-')
        && !label.ends_with('-')
}

/// Returns what is wrong with a topic name, by Kafka's own rule.
pub(super) fn illegal_topic(name: &str) -> Option<&'static str> {
    let legal = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
    if name.is_empty() {
        Some("was empty")
    } else if name == "." || name == ".." {
        Some("was no legal Kafka topic name")
    } else if name.chars().count() > 249 {
        Some("was longer than 249 characters")
    } else if !name.chars().all(legal) {
        Some("was no legal Kafka topic name")
    } else {
        None
    }
}
