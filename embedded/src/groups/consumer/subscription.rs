//! What members subscribe to.

use std::collections::{BTreeMap, BTreeSet};

use kafka_protocol::ResponseError;
use kafka_protocol::messages::TopicName;
use kafka_protocol::protocol::StrBytes;
use regex::{Regex, RegexBuilder};
use uuid::Uuid;

use super::{Consumer, Refusal};
use crate::groups::kept::Kept;
use crate::state::topics::Topics;

/// The most memory that a compiled expression may take, in bytes.
const LARGEST_PATTERN: usize = 1024 * 1024;

/// What a member subscribes to: names, and those that match.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(super) struct Subscription {
    pub(super) names: BTreeSet<TopicName>,
    pub(super) pattern: Option<Pattern>,
}

/// An expression that a whole name has to match.
#[derive(Debug, Clone)]
pub(crate) struct Pattern {
    pub(super) source: StrBytes,
    regex: Regex,
}

impl PartialEq for Pattern {
    fn eq(&self, other: &Self) -> bool {
        self.source == other.source
    }
}

impl Eq for Pattern {}

impl Pattern {
    /// Compiles an expression, an empty one to none; its syntax is close to that of RE2, which Kafka takes.
    pub(crate) fn new(source: &StrBytes) -> Result<Option<Self>, Refusal> {
        if source.is_empty() {
            return Ok(None);
        }
        let whole = format!("^(?:{source})$");
        match RegexBuilder::new(&whole).size_limit(LARGEST_PATTERN).build() {
            Ok(regex) => Ok(Some(Self { source: source.kept(), regex })),
            Err(error) => Err((
                ResponseError::InvalidRegularExpression,
                format!("`{source}` is no regular expression: {error}"),
            )),
        }
    }

    /// Returns whether a whole name matches.
    pub(crate) fn matches(&self, name: &str) -> bool {
        self.regex.is_match(name)
    }
}

impl Subscription {
    pub(super) fn has(&self, topic: &TopicName) -> bool {
        self.names.contains(topic) || self.pattern.as_ref().is_some_and(|pattern| pattern.matches(topic))
    }
}

impl Consumer {
    /// Returns the topics that exist of those that members subscribe to.
    pub(super) fn subscribed(&self, topics: &Topics) -> BTreeMap<TopicName, (Uuid, i32)> {
        let known = |name: &TopicName| {
            let topic = topics.get(name)?;
            Some((name.clone(), (topic.id, topic.partitions.len() as i32)))
        };
        let names = self.members.values().flat_map(|member| &member.subscription.names);
        let mut found: BTreeMap<_, _> = names.filter_map(known).collect();
        let patterns: BTreeMap<&StrBytes, &Pattern> = self
            .members
            .values()
            .filter_map(|member| member.subscription.pattern.as_ref())
            .map(|pattern| (&pattern.source, pattern))
            .collect();
        for pattern in patterns.into_values() {
            let matching = topics.iter().map(|(name, _)| name).filter(|name| pattern.matches(name));
            found.extend(matching.filter_map(known));
        }
        found
    }
}
