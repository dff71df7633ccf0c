//! Who leads what, while brokers come and go. All replicas share one log, so that any of them that is up can lead.

use std::fmt;

use kafka_protocol::messages::TopicName;

use super::topics::Partition;
use super::{NodeId, Nodes, Now, State};
use crate::api::fetch;

/// Why brokers or leaders stayed as they were.
#[derive(Debug)]
#[non_exhaustive]
pub enum BrokerError {
    /// There is no broker with this id; the ids begin with 1.
    UnknownBroker(i32),
    /// There is no such partition.
    UnknownPartition {
        /// The topic's name.
        topic: String,
        /// The partition's number.
        partition: i32,
    },
    /// A partition is led only by its replicas.
    NoReplica(i32),
    /// The broker is down.
    Down(i32),
    /// A broker that was stopped could not listen again.
    Listen {
        /// Its port.
        port: u16,
        /// What the system said.
        source: std::io::Error,
    },
    /// The cluster's thread has ended.
    Ended,
}

impl fmt::Display for BrokerError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UnknownBroker(id) => write!(f, "there was no broker `{id}`"),
            Self::UnknownPartition { topic, partition } => {
                write!(f, "there was no partition `{partition}` of topic `{topic}`")
            }
            Self::NoReplica(id) => write!(f, "broker `{id}` was no replica of the partition"),
            Self::Down(id) => write!(f, "broker `{id}` was down"),
            Self::Listen { port, source } => write!(f, "port `{port}` could not be listened on: {source}"),
            Self::Ended => f.write_str("the embedded cluster had ended"),
        }
    }
}

impl std::error::Error for BrokerError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Listen { source, .. } => Some(source),
            _ => None,
        }
    }
}

impl Partition {
    /// Makes a broker the leader, or nobody.
    fn lead(&mut self, leader: Option<NodeId>) {
        self.leader = leader;
        self.leader_epoch += 1;
    }

    /// Returns the replica after this one that is up.
    fn successor(&self, of: NodeId, nodes: &Nodes) -> Option<NodeId> {
        let place = self.replicas.iter().position(|id| *id == of)?;
        let (before, from) = self.replicas.split_at(place);
        from.iter().chain(before).copied().find(|id| nodes.is_up(*id))
    }
}

impl State {
    /// Takes a broker out of the cluster: what it led is led by the next replica that is up, or by nobody. Returns
    /// whether it was up.
    pub(crate) fn stop_broker(&mut self, now: Now, id: NodeId) -> Result<bool, BrokerError> {
        let was_up = self.nodes.get(id).ok_or(BrokerError::UnknownBroker(id))?.up;
        self.nodes.set_up(id, false);
        let mut waiting = Vec::new();
        for partition in self.topics.partitions_mut().filter(|partition| partition.leader == Some(id)) {
            let successor = partition.successor(id, &self.nodes);
            partition.lead(successor);
            waiting.append(&mut partition.waiting);
        }
        fetch::wake(self, now, waiting);
        Ok(was_up)
    }

    /// Takes a broker back: it leads its partitions that nobody leads. Returns whether it was down.
    pub(crate) fn start_broker(&mut self, id: NodeId) -> Result<bool, BrokerError> {
        let was_up = self.nodes.get(id).ok_or(BrokerError::UnknownBroker(id))?.up;
        self.nodes.set_up(id, true);
        let leaderless = |partition: &&mut Partition| partition.leader.is_none();
        for partition in self.topics.partitions_mut().filter(leaderless) {
            if partition.replicas.contains(&id) {
                partition.lead(Some(id));
            }
        }
        Ok(!was_up)
    }

    /// Makes another replica the leader of a partition; the one that leads already begins another epoch.
    pub(crate) fn move_leader(
        &mut self,
        now: Now,
        topic: &TopicName,
        index: i32,
        to: NodeId,
    ) -> Result<(), BrokerError> {
        let is_up = self.nodes.get(to).ok_or(BrokerError::UnknownBroker(to))?.up;
        let found = self.topics.get_mut(topic).and_then(|topic| topic.partition_mut(index));
        let partition = found
            .ok_or_else(|| BrokerError::UnknownPartition { topic: topic.to_string(), partition: index })?;
        if !partition.replicas.contains(&to) {
            return Err(BrokerError::NoReplica(to));
        }
        if !is_up {
            return Err(BrokerError::Down(to));
        }
        partition.lead(Some(to));
        let waiting = std::mem::take(&mut partition.waiting);
        fetch::wake(self, now, waiting);
        Ok(())
    }
}
