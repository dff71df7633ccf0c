//! Tree to configuration.

use std::time::Duration;

use super::duration::duration;
use super::embedded;
use super::keys::{CLUSTER, CONFIG, DSL, LIMITS, OAUTH};
use super::model::*;
use super::principals::{Around, principals};
use super::properties::properties;
use super::registry;
use crate::directive::validate_bootstrap_servers;
use crate::document::{Fields, Node, Place, Problems, shown, text_of};

pub(super) fn read(root: &Node, problems: &mut Problems) -> Config {
    let mut config = Config::default();
    let Some(fields) = Fields::open(root, &CONFIG, problems) else { return config };
    read_clusters(&fields, &mut config, problems);
    let token_endpoint = config
        .clusters
        .values()
        .any(|cluster| cluster.oauth.as_ref().is_some_and(|oauth| oauth.token_endpoint.is_some()));
    let around = Around { token_endpoint, allow_unsafe: false };
    config.principals = principals(fields.node("principals"), around, problems);
    if let Some(node) = fields.node("dsl") {
        read_dsl(node, &mut config.dsl, problems);
    }
    if let Some(node) = fields.node("limits") {
        read_limits(node, &mut config.limits, problems);
    }
    config.strict_principals = fields.boolean("strict-principals", problems).unwrap_or(false);
    config.commit = match fields.choice("commit", problems) {
        Some("probe") => CommitPolicy::Probe,
        Some("none") => CommitPolicy::None,
        _ => CommitPolicy::Session,
    };
    if let Some(node) = fields.node("time-factor") {
        let factor = node.number().filter(|factor| *factor > 0.0 && *factor <= 1_000.0);
        if factor.is_none() {
            let found = fields.describe("time-factor", node);
            let message = format!("`time-factor` was {found}, not a number above 0 and up to 1000");
            problems.add(&node.place, message);
        }
        config.time_factor = factor.unwrap_or(1.0);
    }
    config
}

fn read_clusters(fields: &Fields<'_>, config: &mut Config, problems: &mut Problems) {
    let Some(node) = fields.node("clusters") else { return };
    let Some(entries) = node.entries() else {
        problems.add(&node.place, format!("`clusters` was {}, not an object", node.kind()));
        return;
    };
    for entry in entries.iter().filter(|entry| !entry.key.starts_with("x-")) {
        if let Some(cluster) = cluster(&entry.value, &entry.key, problems) {
            config.clusters.insert(entry.key.to_string(), cluster);
        }
    }
}

fn cluster(node: &Node, name: &str, problems: &mut Problems) -> Option<ClusterConfig> {
    let fields = Fields::open(node, &CLUSTER, problems)?;
    let allow_unsafe = fields.boolean("allow-unsafe", problems).unwrap_or(false);
    let oauth = fields.node("oauth").and_then(|node| oauth(node, problems));
    let token_endpoint = oauth.as_ref().is_some_and(|oauth| oauth.token_endpoint.is_some());
    let around = Around { token_endpoint, allow_unsafe };
    Some(ClusterConfig {
        bootstrap_servers: bootstrap_servers(&fields, name, problems),
        embedded: fields.node("embedded").and_then(|node| embedded::read(node, problems)),
        schema_registry: fields
            .node("schema-registry")
            .and_then(|node| registry::read(node, oauth.as_ref(), problems)),
        oauth,
        properties: properties(fields.node("properties"), allow_unsafe, problems),
        principals: principals(fields.node("principals"), around, problems),
        allow_unsafe,
    })
}

fn bootstrap_servers(fields: &Fields<'_>, name: &str, problems: &mut Problems) -> String {
    match (fields.node("bootstrap-servers"), fields.node("embedded")) {
        (Some(node), Some(_)) => {
            problems
                .add(&node.place, "`bootstrap-servers` and `embedded` excluded each other")
                .hint("leave out one of them");
            String::new()
        }
        (None, Some(_)) => String::new(),
        (None, None) if name == DEFAULT_CLUSTER => DEFAULT_BOOTSTRAP_SERVERS.to_owned(),
        (None, None) => {
            let message = format!("cluster `{}` had neither `bootstrap-servers` nor `embedded`", shown(name));
            problems.add(&fields.object().place, message).hint("add one of them");
            String::new()
        }
        (Some(node), None) => {
            let Some(text) = text_of(node, "bootstrap-servers", problems) else { return String::new() };
            match validate_bootstrap_servers(Some(text)) {
                Ok(servers) => servers.unwrap_or_default(),
                Err(error) => {
                    // What a reference stood for is not shown; the reference is no list of servers either.
                    let hidden = node.reference().map(|text| validate_bootstrap_servers(Some(text)));
                    problems.add_error(&node.place, &hidden.and_then(Result::err).unwrap_or(error));
                    String::new()
                }
            }
        }
    }
}

fn oauth(node: &Node, problems: &mut Problems) -> Option<OauthConfig> {
    let fields = Fields::open(node, &OAUTH, problems)?;
    let token_endpoint = fields.text("token-endpoint", problems);
    if let (Some(url), Some(node)) = (&token_endpoint, fields.node("token-endpoint")) {
        http_url("token-endpoint", url, &node.place, problems);
    }
    Some(OauthConfig { token_endpoint, client_scope: fields.text("client-scope", problems) })
}

/// Notes what is wrong with a URL, without showing it: anything in it may be a secret.
pub(super) fn http_url(key: &str, url: &str, place: &Place, problems: &mut Problems) {
    let known = ["http://", "https://"].iter().find_map(|scheme| url.strip_prefix(scheme));
    let Some(rest) = known else {
        problems.add(place, format!("`{key}` was no URL by http or https")).hint("write `https://host:port`");
        return;
    };
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    if rest.contains('@') {
        problems
            .add(place, format!("`{key}` held user information"))
            .hint("move it out of the URL, where it would be logged: for a schema registry to `auth`");
    } else if authority.is_empty() || authority.contains(char::is_whitespace) {
        problems.add(place, format!("`{key}` named no host")).hint("write `https://host:port`");
    }
}

fn read_dsl(node: &Node, dsl: &mut DslConfig, problems: &mut Problems) {
    let Some(fields) = Fields::open(node, &DSL, problems) else { return };
    read_duration(&fields, "ask-timeout", &mut dsl.ask_timeout, problems);
    read_duration(&fields, "blocking-timeout", &mut dsl.blocking_timeout, problems);
    read_duration(&fields, "within", &mut dsl.within, problems);
    read_duration(&fields, "verdict-grace", &mut dsl.verdict_grace, problems);
    read_duration(&fields, "late-grace", &mut dsl.late_grace, problems);
}

fn read_limits(node: &Node, limits: &mut Limits, problems: &mut Problems) {
    let Some(fields) = Fields::open(node, &LIMITS, problems) else { return };
    let mut count = |name: &str, slot: &mut usize| {
        let number = fields.integer(name, problems).and_then(|number| usize::try_from(number).ok());
        *slot = number.unwrap_or(*slot);
    };
    count("journal-events-per-session", &mut limits.journal_events_per_session);
    count("unattributed-records-per-topic", &mut limits.unattributed_records_per_topic);
    count("sessions", &mut limits.sessions);
    read_duration(&fields, "close-timeout", &mut limits.close_timeout, problems);
}

pub(super) fn read_duration(fields: &Fields<'_>, name: &str, slot: &mut Duration, problems: &mut Problems) {
    let Some(node) = fields.node(name) else { return };
    match node.text().and_then(duration) {
        Some(duration) => *slot = duration,
        None => {
            let found = fields.describe(name, node);
            let message = format!("`{name}` was {found}, not a duration of at most a day");
            let bare = node.text().filter(|text| text.parse::<f64>().is_ok());
            let problem = problems.add(&node.place, message);
            match bare {
                Some(number) if node.reference().is_none() => {
                    problem.hint(format!("give the unit: `{number}s` or `{number}ms`"));
                }
                _ => problem.hint("write it as `3s`, `500ms`, `2 seconds` or `PT5S`"),
            }
        }
    }
}
