//! Topics and their partitions.

use std::collections::BTreeMap;
use std::sync::Arc;

use kafka_protocol::ResponseError;
use kafka_protocol::messages::TopicName;
use kafka_protocol::protocol::StrBytes;
use uuid::Uuid;

use super::{NodeId, Now, State};
use crate::api::fetch::Waiter;
use crate::groups::kept::Kept;
use crate::log::Log;
use crate::log::config::{InvalidConfig, LogConfig};

/// Kafka's limit on the length of a topic's name.
const LONGEST_NAME: usize = 249;

/// Kafka's own topics.
pub(crate) const OFFSETS_TOPIC: &str = "__consumer_offsets";
pub(crate) const TRANSACTIONS_TOPIC: &str = "__transaction_state";
/// How many partitions each of them has (`offsets.topic.num.partitions`, `transaction.state.log.num.partitions`).
pub(crate) const INTERNAL_PARTITIONS: i32 = 50;

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
    /// The settings that it has of its own; they were checked.
    pub(crate) settings: Settings,
    pub(crate) partitions: Vec<Partition>,
}

/// Settings by name.
pub(crate) type Settings = BTreeMap<String, String>;

/// The replicas of some partitions, the first of each preferred as leader.
pub(crate) type Assignment = Vec<Vec<NodeId>>;

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

/// Returns whether a topic is Kafka's own.
pub(crate) fn is_internal(name: &str) -> bool {
    matches!(name, OFFSETS_TOPIC | TRANSACTIONS_TOPIC)
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
            // As in Kafka, where metadata alone say that there is no leader.
            Some(_) | None => Err(ResponseError::NotLeaderOrFollower),
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

    /// Creates a topic whose name and numbers were checked, without settings of its own.
    pub(crate) fn create_topic(
        &mut self,
        name: &TopicName,
        partitions: i32,
        replication_factor: i16,
    ) -> Uuid {
        let assignment = self.place(partitions as usize, replication_factor);
        self.insert_topic(name, assignment)
    }

    /// Creates one of Kafka's own topics unless it is there. Clients see it; what it is about is kept elsewhere, so
    /// that it stays empty.
    pub(crate) fn create_internal_topic(&mut self, name: &'static str) {
        let name = TopicName(StrBytes::from_static_str(name));
        if self.topics.get(&name).is_some() {
            return;
        }
        self.create_topic(&name, INTERNAL_PARTITIONS, self.options.brokers.min(3) as i16);
        let settings = [("cleanup.policy", "compact"), ("segment.bytes", "104857600")];
        let settings = settings.map(|(name, value)| (name.to_owned(), value.to_owned()));
        // There is nothing that logs would have to do by them.
        if let Some(topic) = self.topics.get_mut(&name) {
            topic.settings = settings.into();
        }
    }

    /// Creates a topic with these replicas, without settings of its own.
    pub(crate) fn insert_topic(&mut self, name: &TopicName, assignment: Assignment) -> Uuid {
        let id = self.new_uuid();
        let config = Arc::default();
        let partitions = assignment.into_iter().map(|replicas| self.new_partition(replicas, &config));
        let partitions = partitions.collect();
        self.topics.insert(name.kept(), Topic { id, settings: Settings::new(), partitions });
        id
    }

    /// Adds partitions with these replicas to a topic.
    pub(crate) fn add_partitions(&mut self, name: &TopicName, assignment: Assignment) {
        let Some(topic) = self.topics.get(name) else { return };
        let config = topic.partitions.first().map(|first| first.log.shared_config()).unwrap_or_default();
        let partitions = assignment.into_iter().map(|replicas| self.new_partition(replicas, &config));
        let partitions: Vec<Partition> = partitions.collect();
        if let Some(topic) = self.topics.get_mut(name) {
            topic.partitions.extend(partitions);
        }
    }

    /// Gives a topic these settings instead of those it has, if they are valid.
    pub(crate) fn set_settings(
        &mut self,
        now: Now,
        name: &TopicName,
        settings: Settings,
    ) -> Result<(), InvalidConfig> {
        let config = LogConfig::new(&settings)?;
        if let Some(topic) = self.topics.get_mut(name) {
            topic.settings = settings;
            self.configure_logs(now, name, config);
        }
        Ok(())
    }

    /// Spreads partitions over the brokers: leaders one after the other, from a random one on.
    pub(crate) fn place(&mut self, partitions: usize, replication_factor: i16) -> Assignment {
        let nodes = self.nodes.all();
        let start = self.random.usize(..nodes.len());
        let node = |index: usize| nodes[index % nodes.len()].id;
        let replicas =
            |first: usize| (0..replication_factor as usize).map(|next| node(first + next)).collect();
        (start..start + partitions).map(replicas).collect()
    }

    fn new_partition(&self, replicas: Vec<NodeId>, config: &Arc<LogConfig>) -> Partition {
        Partition {
            leader: replicas.iter().copied().find(|id| self.nodes.is_up(*id)),
            leader_epoch: 0,
            replicas,
            log: Log::new(config.clone(), self.memory.clone()),
            waiting: Vec::new(),
        }
    }
}
