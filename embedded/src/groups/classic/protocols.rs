//! What members can assign by, and what they agree on.

use std::collections::{BTreeMap, BTreeSet};

use bytes::{Buf, Bytes};
use kafka_protocol::messages::TopicName;
use kafka_protocol::protocol::StrBytes;

use super::{Classic, Phase};

/// The kind of group whose members subscribe to topics.
const CONSUMER: &str = "consumer";

/// The protocols that a member can, the best first, each with what the leader needs to know for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Protocols(pub(crate) Vec<(StrBytes, Bytes)>);

impl Protocols {
    fn names(&self) -> impl Iterator<Item = &StrBytes> {
        self.0.iter().map(|(name, _)| name)
    }

    fn has(&self, protocol: &StrBytes) -> bool {
        self.names().any(|name| name == protocol)
    }

    /// Returns what the member says for this protocol.
    pub(crate) fn metadata(&self, protocol: &StrBytes) -> Bytes {
        let known = self.0.iter().find(|(name, _)| name == protocol);
        known.map(|(_, metadata)| metadata.clone()).unwrap_or_default()
    }
}

impl Classic {
    /// Returns whether a member of this kind could agree with the members that there are.
    pub(super) fn supports(&self, protocol_type: &StrBytes, protocols: &Protocols) -> bool {
        if self.phase == Phase::Empty {
            return !protocol_type.is_empty() && !protocols.0.is_empty();
        }
        let by_all = |name: &StrBytes| self.members.values().all(|member| member.protocols.has(name));
        self.protocol_type.as_ref() == Some(protocol_type) && protocols.names().any(by_all)
    }

    /// Returns the protocol of the next generation: each member votes for the first of its protocols that
    /// all have.
    pub(super) fn vote(&self) -> Option<StrBytes> {
        let mut votes: BTreeMap<&StrBytes, usize> = BTreeMap::new();
        for member in self.members.values() {
            let by_all = |name: &&StrBytes| self.members.values().all(|other| other.protocols.has(name));
            *votes.entry(member.protocols.names().find(by_all)?).or_default() += 1;
        }
        // Of equals the first member's choice, so that a run can be repeated.
        let most = votes.values().max().copied()?;
        votes.into_iter().find(|(_, count)| *count == most).map(|(name, _)| name.clone())
    }

    /// Returns whether a member consumes this topic; a group whose subscriptions cannot be read is taken to.
    pub(crate) fn is_subscribed(&self, topic: &TopicName) -> bool {
        if self.protocol_type.as_deref() != Some(CONSUMER) {
            return false;
        }
        let Some(protocol) = &self.protocol else { return !self.members.is_empty() };
        self.members.values().any(|member| {
            subscription(member.protocols.metadata(protocol)).is_none_or(|topics| topics.contains(topic))
        })
    }

    /// Returns whether the group consumes topics, rather than shares other work.
    pub(crate) fn consumes(&self) -> bool {
        self.protocol_type.as_deref() == Some(CONSUMER)
    }
}

/// Reads the topics of a consumer's subscription: a version, then an array of strings.
fn subscription(mut bytes: Bytes) -> Option<BTreeSet<TopicName>> {
    let mut topics = BTreeSet::new();
    let _version = bytes.try_get_i16().ok()?;
    for _ in 0..bytes.try_get_i32().ok()? {
        let length = usize::try_from(bytes.try_get_i16().ok()?).ok()?;
        if bytes.remaining() < length {
            return None;
        }
        topics.insert(TopicName(StrBytes::try_from(bytes.split_to(length)).ok()?));
    }
    Some(topics)
}
