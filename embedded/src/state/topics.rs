//! Topics and their partitions.

use std::collections::BTreeMap;
use std::sync::Arc;

use kafka_protocol::ResponseError;
use kafka_protocol::messages::TopicName;
use uuid::Uuid;

use super::{NodeId, State};
use crate::api::fetch::Waiter;
use crate::log::Log;

/// Kafka's limit on the length of a topic's name.
const LONGEST_NAME: usize = 249;

/// The topics of a cluster, in the order of their names.
#[derive(Debug, Default)]
pub(crate) struct Topics {
    by_name: BTreeMap<TopicName, Topic>,
    names: BTreeMap<Uuid, TopicName>,
}

/// One topic.
#[derive(Debug)]
pub(crate) struct Topic {
    /// Another one each time a topic of this name is created.
    pub(crate) id: Uuid,
    pub(crate) partitions: Vec<Partition>,
}

/// One partition.
#[derive(Debug)]
pub(crate) struct Partition {
    pub(crate) leader: Option<NodeId>,
    /// Rises with every change of the leader.
    pub(crate) leader_epoch: i32,
    pub(crate) replicas: Vec<NodeId>,
    pub(crate) log: Log,
    /// The fetches that wait for records of this partition.
    pub(crate) waiting: Vec<Waiter>,
}

impl Topics {
    pub(crate) fn get(&self, name: &TopicName) -> Option<&Topic> {
        self.by_name.get(name)
    }

    pub(crate) fn get_mut(&mut self, name: &TopicName) -> Option<&mut Topic> {
        self.by_name.get_mut(name)
    }

    pub(crate) fn name_of(&self, id: Uuid) -> Option<&TopicName> {
        self.names.get(&id)
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (&TopicName, &Topic)> {
        self.by_name.iter()
    }

    /// Returns every partition, to change it.
    pub(crate) fn partitions_mut(&mut self) -> impl Iterator<Item = &mut Partition> {
        self.by_name.values_mut().flat_map(|topic| &mut topic.partitions)
    }

    pub(crate) fn insert(&mut self, name: TopicName, topic: Topic) {
        self.names.insert(topic.id, name.clone());
        self.by_name.insert(name, topic);
    }

    pub(crate) fn remove(&mut self, name: &TopicName) -> Option<Topic> {
        let topic = self.by_name.remove(name)?;
        self.names.remove(&topic.id);
        Some(topic)
    }
}

impl Topic {
    pub(crate) fn partition(&self, index: i32) -> Option<&Partition> {
        self.partitions.get(usize::try_from(index).ok()?)
    }

    pub(crate) fn partition_mut(&mut self, index: i32) -> Option<&mut Partition> {
        self.partitions.get_mut(usize::try_from(index).ok()?)
    }
}

/// Returns whether Kafka takes this name for a topic.
pub(crate) fn is_legal(name: &str) -> bool {
    let legal = |character: char| character.is_ascii_alphanumeric() || "._-".contains(character);
    !name.is_empty() && name != "." && name != ".." && name.len() <= LONGEST_NAME && name.chars().all(legal)
}

impl State {
    /// Returns a partition that this broker leads.
    pub(crate) fn led(
        &self,
        node: NodeId,
        topic: &TopicName,
        partition: i32,
    ) -> Result<&Partition, ResponseError> {
        let found = self.topics.get(topic).and_then(|topic| topic.partition(partition));
        let found = found.ok_or(ResponseError::UnknownTopicOrPartition)?;
        match found.leader {
            Some(leader) if leader == node => Ok(found),
            Some(_) => Err(ResponseError::NotLeaderOrFollower),
            None => Err(ResponseError::LeaderNotAvailable),
        }
    }

    /// Returns a partition that this broker leads, to change it.
    pub(crate) fn led_mut(
        &mut self,
        node: NodeId,
        topic: &TopicName,
        partition: i32,
    ) -> Result<&mut Partition, ResponseError> {
        self.led(node, topic, partition)?;
        let found = self.topics.get_mut(topic).and_then(|topic| topic.partition_mut(partition));
        found.ok_or(ResponseError::UnknownTopicOrPartition)
    }

    /// Creates a topic whose name and numbers were checked.
    pub(crate) fn create_topic(
        &mut self,
        name: &TopicName,
        partitions: i32,
        replication_factor: i16,
    ) -> Uuid {
        let id = self.new_uuid();
        // Leaders are spread, and so are the first partitions of many topics.
        let start = self.random.usize(..self.nodes.all().len());
        let partitions = (0..partitions as usize)
            .map(|index| self.new_partition(start + index, replication_factor))
            .collect();
        self.topics.insert(name.clone(), Topic { id, partitions });
        id
    }

    fn new_partition(&self, start: usize, replication_factor: i16) -> Partition {
        let nodes = self.nodes.all();
        let replicas: Vec<NodeId> =
            (0..replication_factor as usize).map(|next| nodes[(start + next) % nodes.len()].id).collect();
        let is_up = |id: &NodeId| self.nodes.get(*id).is_some_and(|node| node.up);
        Partition {
            leader: replicas.iter().copied().find(|id| is_up(id)),
            leader_epoch: 0,
            replicas,
            log: Log::new(Arc::default(), self.memory.clone()),
            waiting: Vec::new(),
        }
    }
}
