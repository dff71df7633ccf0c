//! A cluster in virtual time, and the clients that the tests play.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::{Duration, Instant};

use bytes::Bytes;
use kafka_protocol::ResponseError;
use kafka_protocol::error::ParseResponseErrorCode;
use kafka_protocol::messages::add_partitions_to_txn_request::AddPartitionsToTxnTopic;
use kafka_protocol::messages::produce_request::{PartitionProduceData, TopicProduceData};
use kafka_protocol::messages::txn_offset_commit_request::{
    TxnOffsetCommitRequestPartition, TxnOffsetCommitRequestTopic,
};
use kafka_protocol::messages::*;
use kafka_protocol::protocol::StrBytes;

use super::records::{TRANSACTIONAL, record};
use crate::Options;
use crate::api::{self, Call, Reply};
use crate::state::{NodeId, Now, State};
use crate::transactions::Producer;

pub(super) const TOPIC: &str = "events";
pub(super) const MINUTE_MS: i32 = 60_000;

/// What the clients speak.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Speaks {
    /// The first protocol, in versions from before `PRODUCER_FENCED`.
    Old,
    /// The first protocol.
    First,
    /// The first protocol, in versions that know `TRANSACTION_ABORTABLE`.
    FirstWithAborts,
    Second,
}

/// A cluster, the time, and the versions that its clients speak.
pub(super) struct World {
    pub(super) state: State,
    pub(super) now: Now,
    pub(super) speaks: Speaks,
}

/// An offset that a client commits for a group.
pub(super) struct OffsetCommit {
    /// Another broker than the coordinator.
    pub(super) node: Option<NodeId>,
    pub(super) group: String,
    pub(super) topic: String,
    pub(super) index: i32,
    pub(super) offset: i64,
    pub(super) metadata: String,
    pub(super) member: String,
    pub(super) instance: Option<String>,
    pub(super) generation: i32,
}

impl OffsetCommit {
    /// By a client that is no member.
    pub(super) fn new(group: &str, topic: &str, index: i32, offset: i64) -> Self {
        Self {
            node: None,
            group: group.to_owned(),
            topic: topic.to_owned(),
            index,
            offset,
            metadata: String::new(),
            member: String::new(),
            instance: None,
            generation: -1,
        }
    }
}

impl World {
    /// A cluster with a topic of so many partitions.
    pub(super) fn new(brokers: u16, partitions: i32) -> Self {
        let addresses: Vec<SocketAddr> =
            (0..brokers).map(|index| SocketAddr::new(Ipv4Addr::LOCALHOST.into(), 9000 + index)).collect();
        let options = Options { seed: Some(1), ..Options::with_brokers(brokers) };
        let mut state = State::new(options, &addresses);
        state.create_topic(&topic(TOPIC), partitions, 1);
        let now = Now { mono: Instant::now(), wall_ms: 1_000_000 };
        Self { state, now, speaks: Speaks::First }
    }

    /// Lets time pass, and what is due happen on its instant.
    pub(super) fn pass(&mut self, time: Duration) {
        let until = self.now.mono + time;
        while let Some(next) = self.state.timers.next().filter(|next| *next <= until) {
            self.go_to(next);
            self.state.tick(self.now);
        }
        self.go_to(until);
    }

    fn go_to(&mut self, instant: Instant) {
        self.now.wall_ms += instant.saturating_duration_since(self.now.mono).as_millis() as i64;
        self.now.mono = instant;
    }

    /// Asks a broker; the answer comes at once.
    pub(super) fn ask(
        &mut self,
        node: NodeId,
        version: i16,
        request: impl Into<RequestKind>,
    ) -> ResponseKind {
        match self.call(node, version, request) {
            Reply::Now(response) => response,
            other => panic!("no answer: {other:?}"),
        }
    }

    pub(super) fn call(&mut self, node: NodeId, version: i16, request: impl Into<RequestKind>) -> Reply {
        let client_id = StrBytes::from_static_str("test");
        let peer = IpAddr::V4(Ipv4Addr::LOCALHOST);
        let principal = &crate::security::Principal::anonymous();
        let call = Call { now: self.now, node, listener: 0, version, client_id: &client_id, peer, principal };
        api::handle(&mut self.state, &call, request.into())
    }

    /// Returns the version of what clients speak: of old ones, the first protocol, and the second.
    fn version(&self, old: i16, first: i16, second: i16) -> i16 {
        match self.speaks {
            Speaks::Old => old,
            Speaks::First => first,
            Speaks::FirstWithAborts => second - 1,
            Speaks::Second => second,
        }
    }

    pub(super) fn coordinator(&self, key: &str) -> NodeId {
        self.state.nodes.coordinator(key).unwrap().id
    }

    pub(super) fn leader(&self, index: i32) -> NodeId {
        let partition = self.state.topics.get(&topic(TOPIC)).and_then(|topic| topic.partition(index));
        partition.and_then(|partition| partition.leader).unwrap_or(1)
    }

    pub(super) fn init(&mut self, id: &str) -> Result<Producer, ResponseError> {
        self.init_with(id, MINUTE_MS, None)
    }

    pub(super) fn init_with(
        &mut self,
        id: &str,
        timeout_ms: i32,
        expected: Option<Producer>,
    ) -> Result<Producer, ResponseError> {
        let expected = expected.unwrap_or(Producer::NONE);
        let request = InitProducerIdRequest::default()
            .with_transactional_id(Some(transactional(id)))
            .with_transaction_timeout_ms(timeout_ms)
            .with_producer_id(ProducerId(expected.id))
            .with_producer_epoch(expected.epoch);
        let version = self.version(3, 4, 5);
        match self.ask(self.coordinator(id), version, request) {
            ResponseKind::InitProducerId(response) => result(response.error_code)
                .map(|()| Producer { id: response.producer_id.0, epoch: response.producer_epoch }),
            other => panic!("{other:?}"),
        }
    }

    /// Adds one partition of the topic.
    pub(super) fn add(&mut self, id: &str, producer: Producer, index: i32) -> Result<(), ResponseError> {
        self.add_all(id, producer, &[(TOPIC, index)]).remove(0)
    }

    pub(super) fn add_all(
        &mut self,
        id: &str,
        producer: Producer,
        places: &[(&str, i32)],
    ) -> Vec<Result<(), ResponseError>> {
        let topics = places.iter().map(|(name, index)| {
            AddPartitionsToTxnTopic::default().with_name(topic(name)).with_partitions(vec![*index])
        });
        let request = AddPartitionsToTxnRequest::default()
            .with_v3_and_below_transactional_id(transactional(id))
            .with_v3_and_below_producer_id(ProducerId(producer.id))
            .with_v3_and_below_producer_epoch(producer.epoch)
            .with_v3_and_below_topics(topics.collect());
        let version = self.version(1, 3, 4).min(3);
        let ResponseKind::AddPartitionsToTxn(response) = self.ask(self.coordinator(id), version, request)
        else {
            panic!("another answer")
        };
        let results = response.results_by_topic_v3_and_below.into_iter();
        results.map(|topic| result(topic.results_by_partition[0].partition_error_code)).collect()
    }

    pub(super) fn add_offsets(
        &mut self,
        id: &str,
        producer: Producer,
        group: &str,
    ) -> Result<(), ResponseError> {
        let request = AddOffsetsToTxnRequest::default()
            .with_transactional_id(transactional(id))
            .with_producer_id(ProducerId(producer.id))
            .with_producer_epoch(producer.epoch)
            .with_group_id(group_id(group));
        let version = self.version(1, 3, 4);
        match self.ask(self.coordinator(id), version, request) {
            ResponseKind::AddOffsetsToTxn(response) => result(response.error_code),
            other => panic!("{other:?}"),
        }
    }

    pub(super) fn commit_offset(
        &mut self,
        id: &str,
        producer: Producer,
        commit: &OffsetCommit,
    ) -> Result<(), ResponseError> {
        let text = |text: &String| StrBytes::from_string(text.clone());
        let partition = TxnOffsetCommitRequestPartition::default()
            .with_partition_index(commit.index)
            .with_committed_offset(commit.offset)
            .with_committed_metadata(Some(text(&commit.metadata)));
        let topic = TxnOffsetCommitRequestTopic::default()
            .with_name(topic(&commit.topic))
            .with_partitions(vec![partition]);
        let request = TxnOffsetCommitRequest::default()
            .with_transactional_id(transactional(id))
            .with_producer_id(ProducerId(producer.id))
            .with_producer_epoch(producer.epoch)
            .with_group_id(group_id(&commit.group))
            .with_member_id(text(&commit.member))
            .with_group_instance_id(commit.instance.as_ref().map(text))
            .with_generation_id(commit.generation)
            .with_topics(vec![topic]);
        let node = commit.node.unwrap_or_else(|| self.coordinator(&commit.group));
        let version = self.version(3, 3, 5);
        match self.ask(node, version, request) {
            ResponseKind::TxnOffsetCommit(response) => result(response.topics[0].partitions[0].error_code),
            other => panic!("{other:?}"),
        }
    }

    /// Returns the offset that counts for a group in a partition of the topic.
    pub(super) fn committed(&self, group: &str, index: i32) -> Option<i64> {
        let place = (topic(TOPIC), index);
        self.state.groups.offsets.get(&group_id(group), &place).map(|committed| committed.offset)
    }

    pub(super) fn end(&mut self, id: &str, producer: Producer, commit: bool) -> Result<(), ResponseError> {
        self.end_at(self.coordinator(id), id, producer, commit).map(|_| ())
    }

    /// Ends a transaction of the second protocol, and returns the producer to go on as.
    pub(super) fn end_and_go_on(
        &mut self,
        id: &str,
        producer: Producer,
        commit: bool,
    ) -> Result<Producer, ResponseError> {
        self.speaks = Speaks::Second;
        self.end_at(self.coordinator(id), id, producer, commit)
    }

    pub(super) fn end_at(
        &mut self,
        node: NodeId,
        id: &str,
        producer: Producer,
        commit: bool,
    ) -> Result<Producer, ResponseError> {
        let request = EndTxnRequest::default()
            .with_transactional_id(transactional(id))
            .with_producer_id(ProducerId(producer.id))
            .with_producer_epoch(producer.epoch)
            .with_committed(commit);
        let version = self.version(1, 3, 5);
        match self.ask(node, version, request) {
            ResponseKind::EndTxn(response) => result(response.error_code)
                .map(|()| Producer { id: response.producer_id.0, epoch: response.producer_epoch }),
            other => panic!("{other:?}"),
        }
    }

    /// Produces one record of a transaction, and returns its offset.
    pub(super) fn produce(
        &mut self,
        id: &str,
        producer: Producer,
        index: i32,
        sequence: i32,
        value: u64,
    ) -> Result<i64, ResponseError> {
        self.write(Some(id), index, record(producer, sequence, value, TRANSACTIONAL))
    }

    /// Produces one record of a transaction, without saying under which id.
    pub(super) fn produce_nameless(
        &mut self,
        producer: Producer,
        index: i32,
        sequence: i32,
        value: u64,
    ) -> Result<i64, ResponseError> {
        self.write(None, index, record(producer, sequence, value, TRANSACTIONAL))
    }

    /// Produces one record outside of any transaction.
    pub(super) fn produce_plain(&mut self, index: i32, value: u64) -> Result<i64, ResponseError> {
        self.write(None, index, record(Producer::NONE, -1, value, 0))
    }

    fn write(&mut self, id: Option<&str>, index: i32, records: Bytes) -> Result<i64, ResponseError> {
        let data = PartitionProduceData::default().with_index(index).with_records(Some(records));
        let data = TopicProduceData::default().with_name(topic(TOPIC)).with_partition_data(vec![data]);
        let request = ProduceRequest::default()
            .with_transactional_id(id.map(transactional))
            .with_acks(-1)
            .with_topic_data(vec![data]);
        let version = self.version(9, 9, 12);
        match self.ask(self.leader(index), version, request) {
            ResponseKind::Produce(response) => {
                let response = &response.responses[0].partition_responses[0];
                result(response.error_code).map(|()| response.base_offset)
            }
            other => panic!("{other:?}"),
        }
    }
}

pub(super) fn transactional(id: &str) -> TransactionalId {
    TransactionalId(StrBytes::from_string(id.to_owned()))
}

fn group_id(name: &str) -> GroupId {
    GroupId(StrBytes::from_string(name.to_owned()))
}

pub(super) fn topic(name: &str) -> TopicName {
    TopicName(StrBytes::from_string(name.to_owned()))
}

pub(super) fn result(code: i16) -> Result<(), ResponseError> {
    code.err().map_or(Ok(()), Err)
}
