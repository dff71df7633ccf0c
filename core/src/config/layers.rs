//! The layers of a configuration, brought to one form and laid over each other.

use crate::document::{Content, Entry, Node, Problems};

use super::model::DEFAULT_CLUSTER;
use super::tree::{child, overlay, take};

/// Returns what stands below `test-probe:`, or the tree itself when it has no such root.
pub(super) fn without_root(mut tree: Node, problems: &mut Problems) -> Node {
    let Some(root) = take(&mut tree, "test-probe") else { return tree };
    for entry in tree.entries().unwrap_or_default() {
        if !entry.key.starts_with("x-") {
            problems
                .add(&entry.key_place, "a key stood beside `test-probe`")
                .hint("move it below `test-probe:`, or begin its name with `x-`");
        }
    }
    if root.value.is_null() {
        Node { place: root.value.place, content: Content::Object(Vec::new()) }
    } else {
        root.value
    }
}

/// Brings the short forms to the long ones: `kafka` to `clusters.default`, `schema-registry-url` to
/// `schema-registry.url`. Only then can one layer replace what another says in the other form.
pub(super) fn long_forms(tree: &mut Node, problems: &mut Problems) {
    if let Some(kafka) = take(tree, "kafka").filter(|entry| !entry.value.is_null()) {
        add_default_cluster(tree, kafka, problems);
    }
    if let Some(Content::Object(clusters)) = get_mut(tree, "clusters").map(|node| &mut node.content) {
        for cluster in clusters {
            long_registry(&mut cluster.value, problems);
        }
    }
}

fn get_mut<'a>(node: &'a mut Node, key: &str) -> Option<&'a mut Node> {
    let Content::Object(entries) = &mut node.content else { return None };
    entries.iter_mut().find(|entry| &*entry.key == key).map(|entry| &mut entry.value)
}

fn add_default_cluster(tree: &mut Node, kafka: Entry, problems: &mut Problems) {
    let place = kafka.key_place.clone();
    let Some(clusters) = child(tree, "clusters", &place) else { return };
    if clusters.get(DEFAULT_CLUSTER).is_some() {
        problems
            .add(&place, "`kafka` and `clusters.default` were both given, and are the same cluster")
            .hint("leave out one of them");
        return;
    }
    if clusters.is_null() {
        clusters.content = Content::Object(Vec::new());
    }
    if let Content::Object(entries) = &mut clusters.content {
        entries.push(Entry { key: DEFAULT_CLUSTER.into(), ..kafka });
    }
}

fn long_registry(cluster: &mut Node, problems: &mut Problems) {
    let Some(short) = take(cluster, "schema-registry-url") else { return };
    let place = short.key_place.clone();
    let Some(registry) = child(cluster, "schema-registry", &place) else { return };
    if registry.get("url").is_some() {
        problems
            .add(&place, "`schema-registry-url` and `schema-registry.url` were both given")
            .hint("leave out one of them");
        return;
    }
    if let Content::Object(entries) = &mut registry.content {
        entries.push(Entry { key: "url".into(), ..short });
    }
}

/// Lays a layer over the lower ones. What excludes each other within one layer replaces each other
/// between layers: `embedded` and `bootstrap-servers`.
pub(super) fn lay_over(lower: &mut Node, mut upper: Node, problems: &mut Problems) {
    long_forms(&mut upper, problems);
    for cluster in upper.get("clusters").and_then(Node::entries).unwrap_or_default() {
        let below = get_mut(lower, "clusters").and_then(|clusters| get_mut(clusters, &cluster.key));
        let Some(below) = below else { continue };
        for (one, other) in [("embedded", "bootstrap-servers"), ("bootstrap-servers", "embedded")] {
            if cluster.value.get(one).is_some_and(|value| !value.is_null()) {
                drop(take(below, other));
            }
        }
    }
    overlay(lower, upper);
}
