//! The committed offsets of all groups, and those that a transaction has yet to commit.

use std::collections::{BTreeMap, HashMap};

use kafka_protocol::messages::{GroupId, TopicName};
use kafka_protocol::protocol::StrBytes;

use super::kept::Kept;

/// A partition.
pub(crate) type Place = (TopicName, i32);

/// How far a group is in a partition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Committed {
    pub(crate) offset: i64,
    /// -1 when the client named none.
    pub(crate) leader_epoch: i32,
    pub(crate) metadata: StrBytes,
}

/// An offset, with when it was written: of a commit and a transaction that ends later, the younger wins.
#[derive(Debug)]
struct Written {
    committed: Committed,
    write: u64,
}

/// The offsets of all groups. They outlive the members of a group, not the group nor the topic.
#[derive(Debug, Default)]
pub(crate) struct Offsets {
    committed: BTreeMap<GroupId, BTreeMap<Place, Written>>,
    /// By the producer whose transaction will commit or forget them.
    staged: HashMap<i64, BTreeMap<(GroupId, Place), Written>>,
    writes: u64,
}

impl Offsets {
    /// Stores an offset.
    pub(crate) fn commit(&mut self, group: &GroupId, place: Place, committed: Committed) {
        let written = self.written(committed);
        let place = (place.0.kept(), place.1);
        self.committed.entry(group.kept()).or_default().insert(place, written);
    }

    /// Stores an offset that counts when the producer's transaction commits.
    pub(crate) fn stage(&mut self, group: &GroupId, producer_id: i64, place: Place, committed: Committed) {
        let written = self.written(committed);
        let place = (place.0.kept(), place.1);
        self.staged.entry(producer_id).or_default().insert((group.kept(), place), written);
    }

    /// Commits or forgets what the producer's transaction staged.
    pub(crate) fn end_transaction(&mut self, producer_id: i64, commit: bool) {
        let staged = self.staged.remove(&producer_id).unwrap_or_default();
        for ((group, place), written) in staged.into_iter().filter(|_| commit) {
            let offsets = self.committed.entry(group).or_default();
            if offsets.get(&place).is_none_or(|current| current.write < written.write) {
                offsets.insert(place, written);
            }
        }
    }

    /// Returns what a group committed in a partition.
    pub(crate) fn get(&self, group: &GroupId, place: &Place) -> Option<&Committed> {
        Some(&self.committed.get(group)?.get(place)?.committed)
    }

    /// Returns all that a group committed, in the order of the topics' names.
    pub(crate) fn all(&self, group: &GroupId) -> impl Iterator<Item = (&Place, &Committed)> {
        let offsets = self.committed.get(group).into_iter().flatten();
        offsets.map(|(place, written)| (place, &written.committed))
    }

    /// Returns whether an open transaction may still change what the group committed in a partition.
    pub(crate) fn is_unstable(&self, group: &GroupId, place: &Place) -> bool {
        !self.staged.is_empty() && {
            let key = (group.clone(), place.clone());
            self.staged.values().any(|staged| staged.contains_key(&key))
        }
    }

    /// Deletes what a group committed in a partition.
    pub(crate) fn delete(&mut self, group: &GroupId, place: &Place) {
        if let Some(offsets) = self.committed.get_mut(group) {
            offsets.remove(place);
        }
        self.forget_staged(|other, staged| other == group && staged == place);
    }

    /// Deletes all that a group committed.
    pub(crate) fn forget_group(&mut self, group: &GroupId) {
        self.committed.remove(group);
        self.forget_staged(|other, _| other == group);
    }

    /// Deletes what all groups committed in a topic.
    pub(crate) fn forget_topic(&mut self, topic: &TopicName) {
        for offsets in self.committed.values_mut() {
            offsets.retain(|(name, _), _| name != topic);
        }
        self.forget_staged(|_, (name, _)| name == topic);
    }

    fn forget_staged(&mut self, gone: impl Fn(&GroupId, &Place) -> bool) {
        for staged in self.staged.values_mut() {
            staged.retain(|(group, place), _| !gone(group, place));
        }
    }

    fn written(&mut self, mut committed: Committed) -> Written {
        self.writes += 1;
        committed.metadata = committed.metadata.kept();
        Written { committed, write: self.writes }
    }
}
