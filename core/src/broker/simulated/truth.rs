//! What a checker may ask: the log as it is and as it was.

use std::collections::BTreeMap;
use std::sync::Arc;

use tokio::time::Instant;

use super::log::{Entry, Gone, SimRecord, Topic, TxnState};
use super::state::State;
use super::{SimCluster, instant};
use crate::broker::{Isolation, TopicId, TopicPartition};

/// One offset that was ever written, whatever became of it.
#[derive(Clone, Debug)]
pub struct LoggedRecord {
    /// The topic's id: records of an earlier topic of the same name have another one.
    pub topic_id: TopicId,
    /// The offset. After truncation another record may have the same one.
    pub offset: i64,
    /// The leader epoch under which it was written.
    pub leader_epoch: i32,
    /// Its timestamp as readers see it.
    pub timestamp: Option<i64>,
    /// What was written; `None` for a transaction's control marker.
    pub record: Option<Arc<SimRecord>>,
    /// What its transaction came to.
    pub txn: TxnState,
    /// The principal that wrote it through a writer; `None` for the world.
    pub principal: Option<Arc<str>>,
    /// When it was appended.
    pub appended: Instant,
    /// When its transaction was decided here.
    pub decided: Option<Instant>,
    /// Whether it lies below the last stable offset, or did when it was lost.
    pub stable: bool,
    /// Why it is in the log no more, and since when.
    pub gone: Option<(Gone, Instant)>,
}

impl LoggedRecord {
    /// Returns whether a reader of this isolation that reads now is given it.
    #[must_use]
    pub fn visible(&self, isolation: Isolation) -> bool {
        self.gone.is_none() && self.meant_for(isolation)
    }

    /// Returns whether a reader of this isolation is given it, or was while it was there.
    #[must_use]
    pub fn meant_for(&self, isolation: Isolation) -> bool {
        let undecided = matches!(self.txn, TxnState::Open(_) | TxnState::Aborted(_));
        self.record.is_some() && (isolation == Isolation::ReadUncommitted || self.stable && !undecided)
    }
}

/// The bounds of a partition.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Watermarks {
    /// The low watermark.
    pub low: i64,
    /// The last stable offset.
    pub stable: i64,
    /// The high watermark.
    pub high: i64,
    /// The leader epoch.
    pub leader_epoch: i32,
    /// The leader.
    pub leader: i32,
}

/// One commit of a group's offsets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CommitSeen {
    /// When it reached the cluster.
    pub at: Instant,
    /// The group.
    pub group: String,
    /// What it said.
    pub offsets: Vec<(TopicPartition, i64)>,
}

impl SimCluster {
    /// Returns everything that was ever written to a partition: of deleted topics of that name
    /// first, then of this one, what was truncated before what is in the log.
    #[must_use]
    pub fn records(&self, topic: &str, partition: i32) -> Vec<LoggedRecord> {
        self.with(|state| {
            let past = state.past.iter().filter(|(name, _)| &**name == topic).map(|(_, log)| log);
            let mut records = Vec::new();
            for log in past.chain(state.topics.get(topic)) {
                state.truth(log, partition, &mut records);
            }
            records
        })
    }

    /// Returns the truncations of a partition of the present topic: the end that was left, and
    /// when. Also one that lost nothing but a gap is here.
    #[must_use]
    pub fn truncations(&self, topic: &str, partition: i32) -> Vec<(i64, Instant)> {
        self.with(|state| {
            let log = state.topics.get(topic).and_then(|topic| topic.partition(partition));
            let cuts = log.map_or(&[][..], |log| log.cuts.as_slice());
            cuts.iter().map(|(end, at)| (*end, instant(state.origin, *at))).collect()
        })
    }

    /// Returns a partition's bounds, or `None` when it is not there.
    #[must_use]
    pub fn watermarks(&self, topic: &str, partition: i32) -> Option<Watermarks> {
        self.with(|state| {
            let log = state.topics.get(topic)?.partition(partition)?;
            Some(Watermarks {
                low: log.low,
                stable: log.stable(),
                high: log.high(),
                leader_epoch: log.epoch(),
                leader: log.leader,
            })
        })
    }

    /// Returns a topic's id and partition count, or `None` when it is not there.
    #[must_use]
    pub fn topic(&self, topic: &str) -> Option<(TopicId, i32)> {
        self.with(|state| {
            let topic = state.topics.get(topic)?;
            Some((topic.id, i32::try_from(topic.partitions.len()).unwrap_or(i32::MAX)))
        })
    }

    /// Returns every id that a topic of this name has had, the present one last.
    #[must_use]
    pub fn topic_ids(&self, topic: &str) -> Vec<TopicId> {
        self.with(|state| {
            let past = state.past.iter().filter(|(name, _)| &**name == topic).map(|(_, log)| log);
            past.chain(state.topics.get(topic)).map(|topic| topic.id).collect()
        })
    }

    /// Returns the committed offsets of a group.
    #[must_use]
    pub fn committed(&self, group: &str) -> BTreeMap<TopicPartition, i64> {
        self.with(|state| state.groups.get(group).cloned().unwrap_or_default())
    }

    /// Returns every commit in the order of arrival.
    #[must_use]
    pub fn commits(&self) -> Vec<CommitSeen> {
        self.with(|state| state.commits.clone())
    }

    /// Returns how many readers and writers are open.
    #[must_use]
    pub fn clients(&self) -> (usize, usize) {
        self.with(|state| (state.readers.len(), state.writers.len()))
    }
}

impl State {
    fn truth(&self, topic: &Topic, partition: i32, records: &mut Vec<LoggedRecord>) {
        let Some(log) = topic.partition(partition) else { return };
        let stable = log.stable();
        let when = |at: u64| instant(self.origin, at);
        let told = |entry: &Entry, stable: bool| LoggedRecord {
            topic_id: topic.id,
            offset: entry.offset,
            leader_epoch: entry.epoch,
            timestamp: entry.timestamp,
            record: entry.record.clone(),
            txn: entry.txn,
            principal: entry.principal.clone(),
            appended: when(entry.appended),
            decided: entry.decided.map(when),
            stable,
            gone: entry.gone.map(|(why, at)| (why, when(at))),
        };
        records.extend(log.truncated.iter().map(|(entry, stable)| told(entry, *stable)));
        records.extend(log.entries.iter().map(|entry| told(entry, entry.offset < stable)));
    }
}
