//! Who consumes what: the target of each member.

use std::collections::BTreeMap;

use kafka_protocol::messages::TopicName;
use kafka_protocol::protocol::StrBytes;
use uuid::Uuid;

use super::{Consumer, Share};

/// How partitions are shared out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Assignor {
    /// Evenly over all topics; who had a partition keeps it if it can. The default.
    Uniform,
    /// Topic by topic in runs, so that partitions of one number meet.
    Range,
}

impl Assignor {
    /// Returns all assignors, the default first.
    pub(crate) const ALL: [Self; 2] = [Self::Uniform, Self::Range];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Uniform => "uniform",
            Self::Range => "range",
        }
    }

    pub(crate) fn by_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|assignor| assignor.name() == name)
    }
}

impl Consumer {
    /// Gives every member its target for the present epoch of the group.
    pub(super) fn assign(&mut self) {
        let mut targets = match self.assignor() {
            Assignor::Uniform => self.uniform(),
            Assignor::Range => self.range(),
        };
        for (id, member) in &mut self.members {
            member.target = targets.remove(id).unwrap_or_default();
        }
        self.target_epoch = self.epoch;
    }

    /// Returns who subscribes to each topic. The order makes no difference between members that come and go:
    /// static ones first, by their instance id.
    fn subscribers(&self) -> Vec<(&TopicName, Uuid, i32, Vec<&StrBytes>)> {
        let mut members: Vec<_> = self.members.iter().collect();
        members.sort_by_key(|(id, member)| (member.instance_id.is_none(), member.instance_id.as_ref(), *id));
        let topic = |(name, (id, partitions)): (_, &(Uuid, i32))| {
            let subscribed = members.iter().filter(|(_, member)| member.subscription.has(name));
            (name, *id, *partitions, subscribed.map(|(id, _)| *id).collect())
        };
        self.topics.iter().map(topic).collect()
    }

    fn range(&self) -> BTreeMap<StrBytes, Share> {
        let mut targets: BTreeMap<StrBytes, Share> = BTreeMap::new();
        for (_, topic, partitions, subscribers) in self.subscribers() {
            let mut next = 0;
            for (index, id) in subscribers.iter().enumerate() {
                let left = (subscribers.len() - index) as i32;
                // The first ones take what does not divide evenly.
                let count = (partitions - next + left - 1) / left;
                let run = (next..next + count).map(|partition| (topic, partition));
                targets.entry((*id).clone()).or_default().extend(run);
                next += count;
            }
        }
        targets
    }

    fn uniform(&self) -> BTreeMap<StrBytes, Share> {
        let mut targets: BTreeMap<&StrBytes, Share> =
            self.members.keys().map(|id| (id, Share::new())).collect();
        let mut placed = Vec::new();
        for (_, topic, partitions, subscribers) in self.subscribers() {
            if subscribers.is_empty() {
                continue;
            }
            for place in (0..partitions).map(|partition| (topic, partition)) {
                let had = |id: &&&StrBytes| self.members[**id].target.contains(&place);
                if let Some(id) = subscribers.iter().find(had) {
                    targets.entry(id).or_default().insert(place);
                }
                placed.push((place, subscribers.clone()));
            }
        }
        // What nobody had goes to who has least; then who has most gives, until it makes no difference.
        let mut moved = true;
        while moved {
            moved = false;
            for (place, subscribers) in &placed {
                let least = subscribers.iter().min_by_key(|id| targets[**id].len());
                let Some(least) = least.copied() else { continue };
                let owner = subscribers.iter().find(|id| targets[**id].contains(place)).copied();
                if owner.is_some_and(|owner| targets[owner].len() <= targets[least].len() + 1) {
                    continue;
                }
                if let Some(share) = owner.and_then(|owner| targets.get_mut(owner)) {
                    share.remove(place);
                }
                targets.entry(least).or_default().insert(*place);
                moved = true;
            }
        }
        targets.into_iter().map(|(id, share)| (id.clone(), share)).collect()
    }
}
