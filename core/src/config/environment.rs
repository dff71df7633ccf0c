//! Environment variables as a layer.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::document::{Content, Entry, Node, Origin, Place, Problems, plain_from_outside};

use super::model::DEFAULT_CLUSTER;
use super::registry::REGISTRY;

const PREFIX: &str = "TEST_PROBE__";

/// The variables that everybody knows, and what they set.
const KNOWN: &[(&str, &[&str])] = &[
    ("KAFKA_BOOTSTRAP_SERVERS", &["clusters", DEFAULT_CLUSTER, "bootstrap-servers"]),
    ("SCHEMA_REGISTRY_URL", &["clusters", DEFAULT_CLUSTER, "schema-registry", "url"]),
    ("OAUTH_TOKEN_ENDPOINT", &["clusters", DEFAULT_CLUSTER, "oauth", "token-endpoint"]),
    ("OAUTH_CLIENT_SCOPE", &["clusters", DEFAULT_CLUSTER, "oauth", "client-scope"]),
];

/// Returns one layer a variable: first those with names of their own, then `TEST_PROBE__A__B`, so that the
/// more particular wins. A variable that is set to nothing counts as not set.
pub(super) fn layers(vars: &BTreeMap<String, String>, lower: &Node, problems: &mut Problems) -> Vec<Node> {
    let set = |name: &str| vars.get(name).filter(|value| !value.is_empty());
    let mut layers = Vec::new();
    for (name, path) in KNOWN {
        if let Some(value) = set(name) {
            let path: Vec<String> = path.iter().map(|step| (*step).to_owned()).collect();
            layers.push(layer(name, &path, value));
        }
    }
    for (name, value) in vars.iter().filter(|(_, value)| !value.is_empty()) {
        let Some(rest) = name.strip_prefix(PREFIX) else { continue };
        let steps: Vec<&str> = rest.split("__").collect();
        if steps.iter().any(|step| step.is_empty()) {
            let place = place(name);
            problems
                .add(&place, format!("`{name}` named no key"))
                .hint("write `TEST_PROBE__A__B`, two underscores between levels");
            continue;
        }
        layers.push(layer(name, &keys(&steps, lower), value));
    }
    layers
}

/// Returns whether an environment variable of this name sets a key of the configuration.
#[must_use]
pub fn is_key(name: &str) -> bool {
    name.starts_with(PREFIX) || KNOWN.iter().any(|(known, _)| *known == name)
}

fn place(variable: &str) -> Place {
    let label = format!("environment variable {variable}");
    let origin = Origin { label, directory: None, literal: true };
    Place { origin: Some(Arc::new(origin)), ..Place::default() }
}

/// Names of clusters and principals are taken from the lower layers when they fit, so that
/// `ORDER_SERVICE` finds `order.service`. Below `properties` and `auth` an underscore means a dot.
fn keys(steps: &[&str], lower: &Node) -> Vec<String> {
    let mut below = Some(lower);
    let mut keys: Vec<String> = Vec::new();
    for step in steps {
        let existing = below
            .and_then(Node::entries)
            .and_then(|entries| entries.iter().find(|entry| as_variable(&entry.key) == *step));
        let dotted = matches!(keys.last().map(String::as_str), Some("properties" | "auth"));
        let dotted_too = keys.last().is_some_and(|above| above == "schema-registry");
        let of_table = REGISTRY.keys.iter().find(|key| dotted_too && as_variable(key.name) == *step);
        let key = match (existing, of_table) {
            (Some(entry), _) => entry.key.to_string(),
            (None, Some(key)) => key.name.to_owned(),
            (None, None) => step.to_ascii_lowercase().replace('_', if dotted { "." } else { "-" }),
        };
        below = match (keys.is_empty(), key.as_str()) {
            (true, "kafka") => lower.get("clusters").and_then(|clusters| clusters.get(DEFAULT_CLUSTER)),
            _ => below.and_then(|node| node.get(&key)),
        };
        keys.push(key);
    }
    keys
}

fn as_variable(key: &str) -> String {
    key.chars().map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_uppercase() } else { '_' }).collect()
}

fn layer(variable: &str, keys: &[String], value: &str) -> Node {
    let mut place = place(variable);
    let mut levels = Vec::new();
    for key in keys {
        let key: Arc<str> = Arc::from(key.as_str());
        let above = place.clone();
        place.path = place.path.key(&key);
        levels.push((key, above));
    }
    let leaf = Node::scalar(value, plain_from_outside(value), place);
    levels.into_iter().rev().fold(leaf, |value, (key, above)| {
        let key_place = value.place.clone();
        Node { place: above, content: Content::Object(vec![Entry { key, key_place, value }]) }
    })
}
