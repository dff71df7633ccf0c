//! librdkafka properties: which pass, which the engine owns, which are unsafe.

use std::collections::BTreeMap;

use super::model::Secret;
use crate::document::{Entry, Node, Place, Problems, safe_key, text_of};

/// Set by the engine; another value would break its promises.
const OWNED: &[(&str, &str)] = &[
    ("bootstrap.servers", "use `bootstrap-servers`"),
    ("metadata.broker.list", "use `bootstrap-servers`"),
    ("group.id", "the engine reads without a group; see `commit`"),
    ("group.instance.id", "the engine reads without a group"),
    ("enable.auto.commit", "the engine commits by itself; see `commit`"),
    ("enable.auto.offset.store", "the engine commits by itself; see `commit`"),
    ("enable.idempotence", "every producer of the engine is idempotent"),
    ("transactional.id", "the engine produces without transactions"),
    ("isolation.level", "set `isolation` in the topic directive"),
    ("auto.offset.reset", "set `start` in the topic directive"),
    ("enable.partition.eof", "the engine needs the end of a partition"),
    ("allow.auto.create.topics", "set `create` in the topic directive"),
    ("log.queue", "the engine forwards the client's log"),
];

/// Unsafe with any value.
const UNSAFE: &[&str] = &[
    "plugin.library.paths",
    "sasl.kerberos.kinit.cmd",
    "ssl.engine.location",
    "ssl.engine.id",
    "ssl.providers",
];

/// Unsafe unless the value is one of these.
const UNSAFE_UNLESS: &[(&str, &[&str])] = &[
    ("enable.ssl.certificate.verification", &["true", "t", "1"]),
    ("ssl.endpoint.identification.algorithm", &["https"]),
    ("enable.sasl.oauthbearer.unsecure.jwt", &["false", "f", "0"]),
];

/// Reads `properties:`.
pub(super) fn properties(
    node: Option<&Node>,
    allow_unsafe: bool,
    problems: &mut Problems,
) -> BTreeMap<String, Secret> {
    let Some(node) = node else { return BTreeMap::new() };
    let Some(entries) = node.entries() else {
        problems.add(&node.place, format!("`properties` was {}, not an object", node.kind()));
        return BTreeMap::new();
    };
    let mut properties = BTreeMap::new();
    for entry in entries {
        let name = entry.key.trim();
        let Some(value) = text_of(&entry.value, &safe_key(name), problems) else { continue };
        check(name, value, entry, allow_unsafe, problems);
        properties.insert(name.to_owned(), Secret::new(value));
    }
    properties
}

fn check(name: &str, value: &str, entry: &Entry, allow_unsafe: bool, problems: &mut Problems) {
    let place: &Place = &entry.key_place;
    let lower = name.to_ascii_lowercase();
    if let Some((_, hint)) = OWNED.iter().find(|(owned, _)| *owned == lower) {
        problems.add(place, format!("property `{lower}` belonged to the engine")).hint(*hint);
    }
    let value = value.trim().to_ascii_lowercase();
    let unsafe_value =
        UNSAFE_UNLESS.iter().any(|(property, safe)| *property == lower && !safe.contains(&value.as_str()));
    if !allow_unsafe && (unsafe_value || UNSAFE.contains(&lower.as_str())) {
        problems
            .add(place, format!("property `{lower}` loaded code or weakened security"))
            .hint("remove it, or set `allow-unsafe: true` for the cluster; reports will show it");
    }
}
