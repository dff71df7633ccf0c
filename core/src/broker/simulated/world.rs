//! What the system under test and the world do to the cluster.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use super::SimCluster;
use super::faults::ProduceFault;
use super::log::{Gone, Partition, SimRecord, Transaction};
use super::state::{Event, Resource, State};
use crate::broker::{TopicId, TopicPartition};
use crate::error::{ErrorCode, ProbeError};

/// Records.
impl SimCluster {
    /// Appends a record as a foreign client; `None` when the partition is not there.
    pub fn append(&self, topic: &str, partition: i32, record: SimRecord) -> Option<i64> {
        let at = TopicPartition::new(topic, partition);
        self.with(|state| state.append(&at, &Arc::new(record), None, None))
    }

    /// Begins a transaction, over any partitions.
    #[must_use]
    pub fn begin(&self) -> Transaction {
        self.with(|state| Transaction(state.number()))
    }

    /// Appends a record in a transaction; `None` when the partition is not there.
    pub fn append_in(&self, txn: Transaction, topic: &str, partition: i32, record: SimRecord) -> Option<i64> {
        let at = TopicPartition::new(topic, partition);
        self.with(|state| state.append(&at, &Arc::new(record), Some(txn), None))
    }

    /// Commits a transaction. Its markers reach each partition in their own time.
    pub fn commit(&self, txn: Transaction) {
        self.with(|state| state.end_transaction(txn, true));
    }

    /// Aborts a transaction. Its markers reach each partition in their own time.
    pub fn abort(&self, txn: Transaction) {
        self.with(|state| state.end_transaction(txn, false));
    }

    /// Raises the low watermark, as retention and delete-records do.
    pub fn delete_records(&self, topic: &str, partition: i32, before: i64) {
        self.change(topic, partition, |log, now| {
            let low = before.clamp(log.low, log.high());
            for offset in log.low..low {
                if let Some(entry) = log.entry_mut(offset) {
                    entry.gone.get_or_insert((Gone::Deleted, now));
                }
            }
            log.low = low;
        });
    }

    /// Compacts offsets away, records and markers alike; their offsets stay. At or above the last
    /// stable offset nothing is compacted.
    pub fn compact(&self, topic: &str, partition: i32, offsets: impl IntoIterator<Item = i64>) {
        self.change(topic, partition, |log, now| {
            let stable = log.stable();
            for offset in offsets.into_iter().filter(|offset| *offset < stable) {
                if let Some(entry) = log.entry_mut(offset) {
                    entry.gone.get_or_insert((Gone::Compacted, now));
                }
            }
        });
    }

    /// Compacts by chance: some offsets below the tail, or the tail as a whole, so that only a gap
    /// lies before the high watermark. Returns the offsets.
    pub fn compact_some(&self, topic: &str, partition: i32, tail: bool) -> Vec<i64> {
        let offsets: Vec<i64> = self.with(|state| {
            let at = TopicPartition::new(topic, partition);
            let Some(log) = state.partition(&at) else { return Vec::new() };
            let (low, stable) = (log.low, log.stable());
            if low >= stable {
                return Vec::new();
            }
            let first = state.rng.i64(low..stable);
            if tail {
                return (first..stable).collect();
            }
            (low..stable - 1).filter(|_| state.rng.bool()).collect()
        });
        self.compact(topic, partition, offsets.iter().copied());
        offsets
    }

    /// An unclean election: what was at or after `end` is lost, the leader epoch rises, and other
    /// records may take the same offsets.
    pub fn truncate(&self, topic: &str, partition: i32, end: i64) {
        self.change(topic, partition, |log, now| log.truncate(end, now));
    }

    /// Makes the batch at an offset fail its checksum for every reader.
    pub fn corrupt(&self, topic: &str, partition: i32, offset: i64) {
        self.change(topic, partition, |log, _| {
            log.corrupt.insert(offset);
        });
    }

    fn change(&self, topic: &str, partition: i32, change: impl FnOnce(&mut Partition, u64)) {
        self.with(|state| {
            let (at, now) = (TopicPartition::new(topic, partition), state.now);
            let Some(log) = state.partition_mut(&at) else { return };
            change(log, now);
            let (low, stable, high) = (log.low, log.stable(), log.high());
            state.note(format_args!("changed {topic}/{partition} {low} {stable} {high}"));
            state.nudge(topic, Some(partition));
        });
    }
}

/// Topics.
impl SimCluster {
    /// Creates a topic; `false` when there is one of that name.
    pub fn create_topic(&self, topic: &str, partitions: i32) -> bool {
        self.with(|state| state.make_topic(topic, partitions, false))
    }

    /// Lets the broker stamp a topic's records from now on (LogAppendTime), or not.
    pub fn log_append_time(&self, topic: &str, on: bool) {
        self.with(|state| {
            if let Some(topic) = state.topics.get_mut(topic) {
                topic.log_append_time = on;
            }
        });
    }

    /// Deletes a topic; `false` when there is none.
    pub fn delete_topic(&self, topic: &str) -> bool {
        self.with(|state| state.delete(topic))
    }

    /// Deletes a topic and creates it anew under another id, in one instant.
    pub fn recreate_topic(&self, topic: &str, partitions: i32) -> Option<TopicId> {
        self.with(|state| {
            state.delete(topic);
            state.make_topic(topic, partitions, false);
            state.topics.get(topic).map(|topic| topic.id)
        })
    }

    /// Raises the number of partitions to `partitions`.
    pub fn add_partitions(&self, topic: &str, partitions: i32) {
        self.with(|state| {
            let Some(log) = state.topics.get_mut(topic) else { return };
            let count = usize::try_from(partitions).unwrap_or(0).max(log.partitions.len());
            log.partitions.resize_with(count, Partition::new);
            state.note(format_args!("partitions {topic} {count}"));
            state.nudge(topic, None);
        });
    }

    /// Moves a partition's leadership: the epoch rises, and for a moment there is no leader.
    pub fn move_leader(&self, topic: &str, partition: i32) {
        self.with(|state| {
            let pause = state.delay(state.faults.leader_ms);
            let away_until = state.now + pause;
            let Some(log) = state.partition_mut(&TopicPartition::new(topic, partition)) else { return };
            log.away_until = away_until;
            log.leader = (log.leader + 1) % 3;
            let end = log.high();
            log.elect(end);
            state.note(format_args!("leader {topic}/{partition} away for {pause}"));
            state.nudge(topic, Some(partition));
        });
    }
}

/// Faults.
impl SimCluster {
    /// Cuts every connection for a while. Clients connect again by themselves.
    pub fn disconnect(&self, duration: Duration) {
        self.with(|state| {
            state.disconnected_until = state.disconnected_until.max(state.now + milliseconds(duration));
            let error =
                ProbeError::new(ErrorCode::BrokerUnreachable, "the connection to the broker was lost");
            state.problem = Some(error.clone());
            state.drop_answers();
            let readers: Vec<u64> = state.readers.keys().copied().collect();
            for reader in readers {
                if state.chance(state.faults.disconnect_told) {
                    let at = state.now + state.delay(50);
                    state.schedule(at, Event::Problem { reader, error: error.clone(), fatal: false });
                }
            }
            state.note(format_args!("disconnected for {duration:?}"));
        });
    }

    /// Lets every request hang for a while, as a stopped process does: nothing fails.
    pub fn stall(&self, duration: Duration) {
        self.with(|state| {
            state.stalled_until = state.stalled_until.max(state.now + milliseconds(duration));
            state.note(format_args!("stalled for {duration:?}"));
        });
    }

    /// Ends disconnects and stalls.
    pub fn resume(&self) {
        self.with(|state| {
            state.disconnected_until = state.now;
            state.stalled_until = state.now;
            state.note(format_args!("resumed"));
            state.rearm_fetchers();
            state.rearm_lanes();
        });
        self.inner.resumed.notify_waiters();
    }

    /// Denies a principal a topic: describing, listing, reading, writing, creating.
    pub fn deny(&self, principal: &str, topic: &str) {
        self.with(|state| {
            state.denied.insert((Arc::from(principal), Resource::Topic(Arc::from(topic))));
            state.nudge(topic, None);
        });
    }

    /// Denies a principal a group.
    pub fn deny_group(&self, principal: &str, group: &str) {
        self.with(|state| state.denied.insert((Arc::from(principal), Resource::Group(Arc::from(group)))));
    }

    /// Takes back every denial of a principal.
    pub fn allow(&self, principal: &str) {
        self.with(|state| state.denied.retain(|(denied, _)| &**denied != principal));
    }

    /// Ends the open readers of a principal with a fatal client error. New ones work.
    pub fn fail_readers(&self, principal: &str, error: &ProbeError) {
        self.with(|state| {
            let meant = state.readers.iter().filter(|(_, reader)| &*reader.principal == principal);
            let readers: BTreeSet<u64> = meant.map(|(&reader, _)| reader).collect();
            for reader in readers {
                state.schedule(state.now, Event::Problem { reader, error: error.clone(), fatal: true });
            }
        });
    }

    /// Ends the open writers of a principal with a fatal client error. New ones work.
    pub fn fail_writers(&self, principal: &str, error: &ProbeError) {
        self.with(|state| {
            let meant = state.writers.iter().filter(|(_, writer)| &*writer.principal == principal);
            let writers: BTreeSet<u64> = meant.map(|(&writer, _)| writer).collect();
            for writer in writers {
                state.schedule(state.now, Event::WriterFatal { writer, error: error.clone() });
            }
        });
    }

    /// Lets the next readers and writers of a principal fail to open.
    pub fn fail_opening(&self, principal: &str, times: u32, error: ProbeError) {
        self.with(|state| match times {
            0 => state.unopenable.remove(principal),
            _ => state.unopenable.insert(Arc::from(principal), (times, error)),
        });
    }

    /// Decides what happens to the next record that a writer sends to a topic; calls queue up.
    pub fn fail_next_produce(&self, topic: &str, fault: ProduceFault) {
        self.with(|state| state.injected.entry(Arc::from(topic)).or_default().push_back(fault));
    }
}

impl State {
    fn delete(&mut self, topic: &str) -> bool {
        let Some((name, mut log)) = self.topics.remove_entry(topic) else { return false };
        for entry in log.partitions.iter_mut().flat_map(|partition| &mut partition.entries) {
            entry.gone.get_or_insert((Gone::TopicDeleted, self.now));
        }
        self.past.push((name, log));
        self.note(format_args!("deleted {topic}"));
        self.nudge(topic, None);
        true
    }

    fn end_transaction(&mut self, txn: Transaction, commit: bool) {
        for (at, id) in self.transactions.get(&txn).cloned().unwrap_or_default() {
            match self.delay(self.faults.marker_ms) {
                0 => self.place_marker(&at, id, txn, commit),
                delay => self.schedule(self.now + delay, Event::Marker { at, id, txn, commit }),
            }
        }
    }
}

fn milliseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
