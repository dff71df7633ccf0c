//! Fetch: records out of logs. A fetch that finds too little waits in the state, and is answered by the
//! append that completes it, or by its timer. Each answer is whole: no fetch session is ever given (KIP-227).

use std::collections::{BTreeSet, HashMap};
use std::time::{Duration, Instant};

use kafka_protocol::ResponseError;
use kafka_protocol::messages::fetch_request::{FetchPartition, FetchTopic};
use kafka_protocol::messages::fetch_response::{
    AbortedTransaction, EpochEndOffset, FetchableTopicResponse, LeaderIdAndEpoch, NodeEndpoint, PartitionData,
};
use kafka_protocol::messages::{BrokerId, FetchRequest, FetchResponse, ProducerId, TopicName};

use super::{Call, Reply, Responder, topic_ids};
use crate::log::epochs::{self, NO_EPOCH};
use crate::log::{Log, Read};
use crate::security::acl::Operation;
use crate::state::nodes::Node;
use crate::state::timers::{Timer, TimerId};
use crate::state::topics::Partition;
use crate::state::{ListenerId, NodeId, Now, State};

/// The most bytes of one answer, whatever the client asks for (`fetch.max.bytes` of a broker).
const MOST_BYTES: i32 = 55 * 1024 * 1024;
const READ_COMMITTED: i8 = 1;
/// From this version on an answer says who leads instead, and where that is.
const NAMES_LEADERS: i16 = 16;

/// The fetches that wait for records.
#[derive(Debug, Default)]
pub(crate) struct Fetches {
    waiting: HashMap<u64, Pending>,
    next: u64,
}

#[derive(Debug)]
struct Pending {
    fetch: Fetch,
    /// How much there is already, of all its partitions.
    bytes: usize,
    responder: Responder,
    until: Instant,
    timer: TimerId,
}

#[derive(Debug)]
struct Fetch {
    node: NodeId,
    listener: ListenerId,
    version: i16,
    request: FetchRequest,
    /// Topics that the client may not read.
    forbidden: Vec<TopicName>,
}

/// What a waiting fetch wants of one partition. It stays there when the fetch was answered, until the list is
/// swept: so neither waiting nor answering costs more than the partitions of one fetch.
#[derive(Debug)]
pub(crate) struct Waiter {
    fetch: u64,
    from: i64,
    most: usize,
    is_committed: bool,
    /// How much of this partition the fetch has counted.
    counted: usize,
}

/// What a fetch found, and whether that is enough to answer.
struct Found {
    response: FetchResponse,
    bytes: usize,
    at_once: bool,
}

pub(super) fn handle(state: &mut State, call: &Call<'_>, request: FetchRequest) -> Reply {
    if request.session_id != 0 {
        return FetchResponse::default().with_error_code(ResponseError::FetchSessionIdNotFound.code()).into();
    }
    let topics = request.topics.iter().map(|topic| &topic.topic);
    let forbidden = topics.filter(|name| call.check_topic(state, Operation::Read, name).is_err());
    let forbidden = forbidden.cloned().collect();
    let Call { node, listener, version, .. } = *call;
    let fetch = Fetch { node, listener, version, request, forbidden };
    let found = fetch.read(state);
    if found.at_once || found.bytes >= fetch.least() || fetch.request.max_wait_ms <= 0 {
        return found.response.into();
    }
    let until = call.now.mono + Duration::from_millis(fetch.request.max_wait_ms as u64);
    let (responder, reply) = Responder::new();
    wait(state, fetch, until, responder);
    reply
}

/// Lets a fetch wait at its partitions, under a new name.
fn wait(state: &mut State, fetch: Fetch, until: Instant, responder: Responder) {
    let id = state.fetches.next;
    state.fetches.next += 1;
    let timer = state.timers.set(until, Timer::Fetch(id));
    let bytes = fetch.wait_at_partitions(state, id);
    state.fetches.waiting.insert(id, Pending { fetch, bytes, responder, until, timer });
}

/// Counts what was appended to a partition, or became stable there, for the fetches that wait for it; answers
/// those that have enough.
pub(crate) fn grown(state: &mut State, topic: &TopicName, partition: i32) {
    let found = state.topics.get_mut(topic).and_then(|topic| topic.partition_mut(partition));
    let Some(Partition { log, waiting, .. }) = found else { return };
    let mut complete = Vec::new();
    waiting.retain_mut(|waiter| {
        let Some(pending) = state.fetches.waiting.get_mut(&waiter.fetch) else { return false };
        let (bytes, is_cut) = log.available(waiter.from, end(log, waiter.is_committed), waiter.most);
        pending.bytes += bytes.saturating_sub(waiter.counted);
        waiter.counted = bytes;
        let is_complete = is_cut || pending.bytes >= pending.fetch.least();
        if is_complete {
            complete.push(waiter.fetch);
        }
        !is_complete
    });
    for id in complete {
        answer(state, id);
    }
}

/// Looks again at fetches that were taken from a partition that went away or changed its leader; those that
/// still find too little go on waiting.
pub(crate) fn wake(state: &mut State, _now: Now, waiting: Vec<Waiter>) {
    for Waiter { fetch: id, .. } in waiting {
        let Some(pending) = state.fetches.waiting.remove(&id) else { continue };
        let Pending { fetch, responder, until, timer, .. } = pending;
        state.timers.cancel(timer);
        let found = fetch.read(state);
        if found.at_once || found.bytes >= fetch.least() {
            responder.answer(found.response);
        } else {
            // Under a new name, so that what it left at its partitions counts no more.
            wait(state, fetch, until, responder);
        }
    }
}

/// Answers a fetch that waited as long as it may, with what there is.
pub(crate) fn expire(state: &mut State, _now: Now, id: u64) {
    answer(state, id);
}

fn answer(state: &mut State, id: u64) {
    let Some(pending) = state.fetches.waiting.remove(&id) else { return };
    state.timers.cancel(pending.timer);
    if !pending.responder.is_closed() {
        let found = pending.fetch.read(state);
        pending.responder.answer(found.response);
    }
}

/// Returns a partition to a client that knows its leader epoch, or none of them.
pub(super) fn led<'a>(
    state: &'a State,
    node: NodeId,
    topic: &TopicName,
    index: i32,
    known_epoch: i32,
) -> Result<&'a Partition, ResponseError> {
    let known = state.topics.get(topic).and_then(|topic| topic.partition(index));
    if let Some(partition) = known {
        epochs::check(known_epoch, partition.leader_epoch)?;
    }
    state.led(node, topic, index)
}

/// Returns the offset before which a client may read.
fn end(log: &Log, is_committed: bool) -> i64 {
    if is_committed { log.last_stable() } else { log.end() }
}

impl Fetch {
    /// Returns how many bytes are enough for an answer.
    fn least(&self) -> usize {
        self.request.min_bytes.min(self.most()).max(0) as usize
    }

    fn most(&self) -> i32 {
        self.request.max_bytes.clamp(0, MOST_BYTES)
    }

    fn is_committed(&self) -> bool {
        self.request.isolation_level == READ_COMMITTED
    }

    fn read(&self, state: &State) -> Found {
        let mut found =
            Found { response: FetchResponse::default(), bytes: 0, at_once: self.request.topics.is_empty() };
        found.response.responses =
            self.request.topics.iter().map(|topic| self.read_topic(state, topic, &mut found)).collect();
        if self.version >= NAMES_LEADERS && found.at_once {
            found.response.node_endpoints = self.endpoints(state, &found.response);
        }
        found
    }

    fn read_topic(&self, state: &State, topic: &FetchTopic, found: &mut Found) -> FetchableTopicResponse {
        let mut partitions = Vec::with_capacity(topic.partitions.len());
        for asked in &topic.partitions {
            let left = (self.most() as usize).saturating_sub(found.bytes);
            let read = topic_ids::check_fetch(state, self.version, &topic.topic, topic.topic_id)
                .and_then(|()| self.read_partition(state, &topic.topic, asked, left, found.bytes == 0));
            let (data, is_cut) =
                read.unwrap_or_else(|error| (self.refused(state, &topic.topic, asked, error), true));
            found.bytes += data.records.as_ref().map_or(0, |records| records.len());
            found.at_once |= is_cut;
            partitions.push(data);
        }
        let response = FetchableTopicResponse::default().with_topic(topic.topic.clone());
        response.with_topic_id(topic.topic_id).with_partitions(partitions)
    }

    /// Reads one partition; says also whether that is enough for an answer, however little it is.
    fn read_partition(
        &self,
        state: &State,
        topic: &TopicName,
        asked: &FetchPartition,
        left: usize,
        is_first: bool,
    ) -> Result<(PartitionData, bool), ResponseError> {
        if self.forbidden.contains(topic) {
            return Err(ResponseError::TopicAuthorizationFailed);
        }
        let partition = led(state, self.node, topic, asked.partition, asked.current_leader_epoch)?;
        let log = &partition.log;
        let data = empty(asked)
            .with_high_watermark(log.end())
            .with_last_stable_offset(log.last_stable())
            .with_log_start_offset(log.start());
        if let Some(diverging) = diverging(partition, asked)? {
            return Ok((data.with_diverging_epoch(diverging), true));
        }
        let from = asked.fetch_offset;
        if from < log.start() || from > log.end() {
            return Err(ResponseError::OffsetOutOfRange);
        }
        let most = left.min(asked.partition_max_bytes.max(0) as usize);
        let Read { records, end, is_cut } = log.read(from, end(log, self.is_committed()), most, is_first)?;
        let aborted = self.is_committed().then(|| {
            let transaction = |(producer, first)| {
                AbortedTransaction::default().with_producer_id(ProducerId(producer)).with_first_offset(first)
            };
            log.aborted(from, end).into_iter().map(transaction).collect()
        });
        Ok((data.with_aborted_transactions(aborted).with_records(Some(records)), is_cut))
    }

    fn refused(
        &self,
        state: &State,
        topic: &TopicName,
        asked: &FetchPartition,
        error: ResponseError,
    ) -> PartitionData {
        let data = empty(asked)
            .with_error_code(error.code())
            .with_high_watermark(-1)
            .with_last_stable_offset(-1)
            .with_log_start_offset(-1);
        if matches!(error, ResponseError::UnknownTopicOrPartition | ResponseError::UnknownTopicId) {
            // As in Kafka, where this error is found before the log is asked.
            return data.with_aborted_transactions(Some(Vec::new()));
        }
        let moved = matches!(error, ResponseError::NotLeaderOrFollower | ResponseError::FencedLeaderEpoch);
        let known = state.topics.get(topic).and_then(|topic| topic.partition(asked.partition));
        match known.and_then(|partition| Some((partition.leader?, partition.leader_epoch))) {
            Some((leader, epoch)) if moved && self.version >= NAMES_LEADERS => data.with_current_leader(
                LeaderIdAndEpoch::default().with_leader_id(BrokerId(leader)).with_leader_epoch(epoch),
            ),
            _ => data,
        }
    }

    /// Returns where the leaders are that the answer names, so that clients need not ask (KIP-951).
    fn endpoints(&self, state: &State, response: &FetchResponse) -> Vec<NodeEndpoint> {
        let partitions = response.responses.iter().flat_map(|topic| &topic.partitions);
        let leaders = partitions.map(|partition| partition.current_leader.leader_id.0);
        let endpoint = |node: &Node| {
            NodeEndpoint::default()
                .with_node_id(BrokerId(node.id))
                .with_host(node.address(self.listener).host.clone())
                .with_port(node.address(self.listener).port)
                .with_rack(None)
        };
        let leaders: BTreeSet<i32> = leaders.collect();
        leaders.into_iter().filter_map(|id| state.nodes.get(id)).map(endpoint).collect()
    }

    /// Waits at each partition; returns how much there is.
    fn wait_at_partitions(&self, state: &mut State, id: u64) -> usize {
        let mut bytes = 0;
        for topic in &self.request.topics {
            let Some(known) = state.topics.get_mut(&topic.topic) else { continue };
            for asked in &topic.partitions {
                let Some(Partition { log, waiting, .. }) = known.partition_mut(asked.partition) else {
                    continue;
                };
                let (from, most) = (asked.fetch_offset, asked.partition_max_bytes.max(0) as usize);
                let is_committed = self.is_committed();
                let (counted, _) = log.available(from, end(log, is_committed), most);
                bytes += counted;
                if waiting.len() == waiting.capacity() {
                    waiting.retain(|waiter| state.fetches.waiting.contains_key(&waiter.fetch));
                    // As many again may come before the next sweep.
                    waiting.reserve(waiting.len() + 1);
                }
                waiting.push(Waiter { fetch: id, from, most, is_committed, counted });
            }
        }
        bytes
    }
}

fn empty(asked: &FetchPartition) -> PartitionData {
    PartitionData::default()
        .with_partition_index(asked.partition)
        .with_aborted_transactions(None)
        .with_preferred_read_replica(BrokerId(-1))
        .with_records(Some(bytes::Bytes::new()))
}

/// Finds where the log of a client left the leader's, if it did (KIP-595).
fn diverging(partition: &Partition, asked: &FetchPartition) -> Result<Option<EpochEndOffset>, ResponseError> {
    if asked.last_fetched_epoch == NO_EPOCH {
        return Ok(None);
    }
    let found = partition.log.end_of_epoch(asked.last_fetched_epoch, partition.leader_epoch);
    let (epoch, end) = found.ok_or(ResponseError::OffsetOutOfRange)?;
    if asked.fetch_offset < partition.log.start() {
        return Err(ResponseError::OffsetOutOfRange);
    }
    let is_diverging = epoch < asked.last_fetched_epoch || end < asked.fetch_offset;
    Ok(is_diverging.then(|| EpochEndOffset::default().with_epoch(epoch).with_end_offset(end)))
}
