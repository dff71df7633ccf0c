//! Tree to directives.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

use serde_json::Value;

use super::filters::event_filters;
use super::keys::{CREATE, DIRECTIVE, DOCUMENT};
use super::model::*;
use super::names::{illegal_topic, validate_bootstrap_servers, validate_uniqueness};
use super::schemas;
use super::sources::correlation;
use super::start::start;
use crate::broker::Isolation;
use crate::document::{self, Content, Fields, Node, Place, Problems, shown, text_of};
use crate::error::{ErrorCode, Result};

impl Directives {
    /// Reads a document in YAML or JSON: an object with `topics:`, or the list itself.
    ///
    /// # Errors
    /// Everything that is wrong at once, with line, column and hint in `context["problems"]`. The code is
    /// the one that all problems share (DUPLICATE_TOPIC, INVALID_BOOTSTRAP_SERVERS), else INVALID_DIRECTIVE.
    ///
    /// ```
    /// let directives = test_probe::Directives::from_yaml("topics: [{topic: orders, role: PRODUCER}]").unwrap();
    /// assert_eq!(&*directives.topics[0].name, "orders");
    /// let error = test_probe::Directives::from_yaml("topics: [{topic: orders, rôle: both}]").unwrap_err();
    /// assert_eq!(error.context()["problems"][1]["column"], 26);
    /// ```
    pub fn from_yaml(text: &str) -> Result<Self> {
        let mut problems = Problems::new(ErrorCode::InvalidDirective);
        let root = document::parse(text, None, &mut problems);
        let directives = root.map(|root| read(&root, &mut problems));
        problems.finish(directives)
    }

    /// Validates a document before anything connects; the same as [`Directives::from_yaml`].
    ///
    /// # Errors
    /// As [`Directives::from_yaml`].
    pub fn validate(text: &str) -> Result<Self> {
        Self::from_yaml(text)
    }

    /// Returns whether a text means to be directives and not, for one, a configuration: a list, or an object
    /// with `topics:`, right or wrong. `None` for text that does not parse.
    #[must_use]
    pub fn recognise(text: &str) -> Option<bool> {
        let root = document::parse(text, None, &mut Problems::new(ErrorCode::InvalidDirective))?;
        Some(match &root.content {
            Content::List(_) => true,
            Content::Object(_) => root.get("topics").is_some(),
            Content::Scalar { .. } => false,
        })
    }

    /// Reads a value that a language built from its own lists and dicts. Problems carry paths, as
    /// `topics[0].role`, in place of lines.
    ///
    /// # Errors
    /// As [`Directives::from_yaml`].
    pub fn from_json(value: &Value) -> Result<Self> {
        let mut problems = Problems::new(ErrorCode::InvalidDirective);
        let root = document::from_json(value, &mut problems);
        let directives = root.map(|root| read(&root, &mut problems));
        problems.finish(directives)
    }
}

fn read(root: &Node, problems: &mut Problems) -> Directives {
    let list = match &root.content {
        Content::List(_) => Some(root),
        _ => Fields::open(root, &DOCUMENT, problems).and_then(|fields| fields.node("topics")),
    };
    let Some(list) = list else { return Directives::default() };
    let Content::List(items) = &list.content else {
        problems.add(&list.place, format!("`topics` was {}, not a list", list.kind()));
        return Directives::default();
    };
    let mut names = Vec::new();
    let topics = items.iter().filter_map(|item| directive(item, &mut names, problems)).collect();
    check_unique(&names, problems);
    Directives { topics }
}

fn check_unique(names: &[(String, Place)], problems: &mut Problems) {
    let list: Vec<&str> = names.iter().map(|(name, _)| name.as_str()).collect();
    let Err(error) = validate_uniqueness(&list) else { return };
    let mut seen = HashSet::new();
    if let Some((_, place)) = names.iter().find(|(name, _)| !seen.insert(name)) {
        problems.add_error(place, &error);
    }
}

/// The name counts for uniqueness even where the rest of the directive is wrong.
fn directive(
    item: &Node,
    names: &mut Vec<(String, Place)>,
    problems: &mut Problems,
) -> Option<TopicDirective> {
    let fields = Fields::open(item, &DIRECTIVE, problems)?;
    let topic = topic(&fields, problems);
    let alias = fields.text("as", problems);
    let name_node = fields.node("as").or(fields.node("topic"));
    if let (Some(name), Some(node)) = (alias.as_ref().or(topic.as_ref()), name_node) {
        names.push((name.clone(), node.place.clone()));
    }
    let role = match fields.choice("role", problems) {
        Some("producer") => Some(Role::Producer),
        Some("consumer") => Some(Role::Consumer),
        Some(_) => Some(Role::Both),
        None => None,
    };
    let mut read = TopicDirective::new(topic.as_deref().unwrap_or_default(), role.unwrap_or(Role::Both));
    if let Some(alias) = alias {
        read.name = Arc::from(alias);
    }
    read.client_principal = fields.text("clientPrincipal", problems);
    read.location = location(&fields, problems);
    fill(&mut read, &fields, problems);
    (topic.is_some() && role.is_some()).then_some(read)
}

fn fill(read: &mut TopicDirective, fields: &Fields<'_>, problems: &mut Problems) {
    if let Some(node) = fields.node("eventFilters") {
        read.event_filters = event_filters(node, problems);
    }
    if let Some(node) = fields.node("metadata") {
        read.metadata = metadata(node, problems);
    }
    if let Some(node) = fields.node("create") {
        read.create = create(node, problems);
    }
    if let Some(node) = fields.node("start") {
        read.start = start(node, problems);
    }
    if let Some(node) = fields.node("correlation") {
        read.correlation = correlation(node, problems);
    }
    if fields.choice("missing", problems) == Some("wait") {
        read.missing = Missing::Wait;
        if let Some(node) = fields.node("create") {
            let problem = problems.add(&node.place, "`create` and `missing: wait` excluded each other");
            problem.hint("who creates the topic? leave out one of them");
        }
    }
    if fields.choice("isolation", problems) == Some("read_uncommitted") {
        read.isolation = Isolation::ReadUncommitted;
    }
    if fields.choice("unattributed", problems) == Some("ignore") {
        read.unattributed = Unattributed::Ignore;
    }
    read.envelope = match fields.choice("envelope", problems) {
        Some("ce-structured") => EnvelopeMode::CeStructured,
        Some("ce-key") => EnvelopeMode::CeKey,
        Some("none") => EnvelopeMode::None,
        _ => EnvelopeMode::CeBinary,
    };
    let format = |key, problems: &mut Problems| fields.choice(key, problems).and_then(Format::of_name);
    read.format = format("format", problems).unwrap_or(read.format);
    read.key_format = format("keyFormat", problems).unwrap_or(read.key_format);
    schemas::read(read, fields, problems);
}

fn topic(fields: &Fields<'_>, problems: &mut Problems) -> Option<String> {
    let node = fields.node("topic")?;
    let name = text_of(node, "topic", problems)?;
    let Some(reason) = illegal_topic(name) else { return Some(name.to_owned()) };
    let message = if name.is_empty() {
        format!("`topic` {reason}")
    } else {
        format!("topic `{}` {reason}", shown(name))
    };
    problems.add(&node.place, message).hint("use 1 to 249 of `a-z A-Z 0-9 . _ -`, and neither `.` nor `..`");
    None
}

fn location(fields: &Fields<'_>, problems: &mut Problems) -> Location {
    let cluster = fields.text("cluster", problems);
    let Some(node) = fields.node("bootstrapServers") else {
        return cluster.map_or(Location::Default, Location::Cluster);
    };
    if fields.node("cluster").is_some() {
        problems
            .add(&node.place, "`cluster` and `bootstrapServers` excluded each other")
            .hint("leave out one of them");
    }
    let Some(servers) = text_of(node, "bootstrapServers", problems) else { return Location::Default };
    match validate_bootstrap_servers(Some(servers)) {
        Ok(Some(servers)) => Location::BootstrapServers(servers),
        Ok(None) => Location::Default,
        Err(error) => {
            problems.add_error(&node.place, &error);
            Location::Default
        }
    }
}

fn metadata(node: &Node, problems: &mut Problems) -> BTreeMap<String, Value> {
    let Some(entries) = node.entries() else {
        problems.add(&node.place, format!("`metadata` was {}, not an object", node.kind()));
        return BTreeMap::new();
    };
    entries.iter().map(|entry| (entry.key.to_string(), entry.value.to_json())).collect()
}

fn create(node: &Node, problems: &mut Problems) -> Option<CreateTopic> {
    let fields = Fields::open(node, &CREATE, problems)?;
    let mut number = |name: &str| {
        let number = fields.integer(name, problems).unwrap_or(1);
        i32::try_from(number).unwrap_or(1)
    };
    let (partitions, replication_factor) = (number("partitions"), number("replicationFactor"));
    let mut config = BTreeMap::new();
    match fields.node("config").map(|node| (node, node.entries())) {
        None => {}
        Some((node, None)) => {
            problems.add(&node.place, format!("`config` was {}, not an object", node.kind()));
        }
        Some((_, Some(entries))) => {
            for entry in entries {
                let text = text_of(&entry.value, &shown(&entry.key), problems);
                config.extend(text.map(|text| (entry.key.to_string(), text.to_owned())));
            }
        }
    }
    Some(CreateTopic { partitions, replication_factor, config })
}
