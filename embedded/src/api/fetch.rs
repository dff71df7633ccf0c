//! Fetch: records out of logs. A fetch that finds too little waits in the state, and is answered by the
//! append that completes it, or by its timer.

use std::collections::HashMap;
use std::time::Duration;

use kafka_protocol::ResponseError;
use kafka_protocol::messages::fetch_request::FetchPartition;
use kafka_protocol::messages::fetch_response::{
    AbortedTransaction, FetchableTopicResponse, LeaderIdAndEpoch, PartitionData,
};
use kafka_protocol::messages::{BrokerId, FetchRequest, FetchResponse, ProducerId, TopicName};

use super::{Call, Reply, Responder};
use crate::state::timers::{Timer, TimerId};
use crate::state::{NodeId, Now, State};

/// The most bytes of one answer, whatever the client asks for (`fetch.max.bytes` of a broker).
const MOST_BYTES: i32 = 55 * 1024 * 1024;
const READ_COMMITTED: i8 = 1;

/// The fetches that wait for records.
#[derive(Debug, Default)]
pub(crate) struct Fetches {
    waiting: HashMap<u64, Pending>,
    next: u64,
}

#[derive(Debug)]
struct Pending {
    fetch: Fetch,
    responder: Responder,
    timer: TimerId,
}

#[derive(Debug)]
struct Fetch {
    node: NodeId,
    version: i16,
    request: FetchRequest,
}

/// What a fetch found, and whether that is enough to answer.
struct Found {
    response: FetchResponse,
    bytes: usize,
    at_once: bool,
}

pub(super) fn handle(state: &mut State, call: &Call<'_>, request: FetchRequest) -> Reply {
    let fetch = Fetch { node: call.node, version: call.version, request };
    let found = fetch.read(state);
    if fetch.is_enough(&found) || fetch.request.max_wait_ms <= 0 {
        return found.response.into();
    }
    let id = state.fetches.next;
    state.fetches.next += 1;
    fetch.wait_at_partitions(state, id);
    let until = call.now.mono + Duration::from_millis(fetch.request.max_wait_ms as u64);
    let timer = state.timers.set(until, Timer::Fetch(id));
    let (responder, reply) = Responder::new();
    state.fetches.waiting.insert(id, Pending { fetch, responder, timer });
    reply
}

/// Looks again at fetches whose partitions changed; those that still find too little go on waiting.
pub(crate) fn wake(state: &mut State, _now: Now, ids: Vec<u64>) {
    for id in ids {
        let Some(pending) = state.fetches.waiting.remove(&id) else { continue };
        if pending.responder.is_closed() {
            state.timers.cancel(pending.timer);
            continue;
        }
        let found = pending.fetch.read(state);
        if pending.fetch.is_enough(&found) {
            state.timers.cancel(pending.timer);
            pending.responder.answer(found.response);
        } else {
            pending.fetch.wait_at_partitions(state, id);
            state.fetches.waiting.insert(id, pending);
        }
    }
}

/// Answers a fetch that waited as long as it may, with what there is.
pub(crate) fn expire(state: &mut State, _now: Now, id: u64) {
    if let Some(pending) = state.fetches.waiting.remove(&id) {
        pending.fetch.leave_partitions(state, id);
        let found = pending.fetch.read(state);
        pending.responder.answer(found.response);
    }
}

impl Fetch {
    fn is_enough(&self, found: &Found) -> bool {
        found.at_once || found.bytes as i64 >= i64::from(self.request.min_bytes)
    }

    fn read(&self, state: &State) -> Found {
        let mut left = self.request.max_bytes.clamp(0, MOST_BYTES) as usize;
        let mut found = Found { response: FetchResponse::default(), bytes: 0, at_once: false };
        found.at_once = self.request.topics.is_empty();
        for topic in &self.request.topics {
            let mut partitions = Vec::with_capacity(topic.partitions.len());
            for asked in &topic.partitions {
                let data = self.read_partition(state, &topic.topic, asked, left, found.bytes == 0);
                let bytes = data.records.as_ref().map_or(0, |records| records.len());
                left = left.saturating_sub(bytes);
                found.bytes += bytes;
                found.at_once |= data.error_code != 0;
                partitions.push(data);
            }
            found.response.responses.push(
                FetchableTopicResponse::default().with_topic(topic.topic.clone()).with_partitions(partitions),
            );
        }
        found
    }

    fn read_partition(
        &self,
        state: &State,
        topic: &TopicName,
        asked: &FetchPartition,
        left: usize,
        is_first: bool,
    ) -> PartitionData {
        let data = PartitionData::default()
            .with_partition_index(asked.partition)
            .with_high_watermark(-1)
            .with_last_stable_offset(-1)
            .with_log_start_offset(-1)
            .with_aborted_transactions(None)
            .with_records(Some(bytes::Bytes::new()));
        let partition = match state.led(self.node, topic, asked.partition) {
            Ok(partition) => partition,
            Err(error) => {
                let leader = state.topics.get(topic).and_then(|topic| topic.partition(asked.partition));
                return match leader.and_then(|partition| Some((partition.leader?, partition.leader_epoch))) {
                    Some((leader, epoch)) if self.version >= 12 => data.with_current_leader(
                        LeaderIdAndEpoch::default()
                            .with_leader_id(BrokerId(leader))
                            .with_leader_epoch(epoch),
                    ),
                    _ => data,
                }
                .with_error_code(error.code());
            }
        };
        let log = &partition.log;
        let data = data
            .with_high_watermark(log.end())
            .with_last_stable_offset(log.last_stable())
            .with_log_start_offset(log.start());
        if asked.fetch_offset < log.start() || asked.fetch_offset > log.end() {
            return data.with_error_code(ResponseError::OffsetOutOfRange.code());
        }
        let (data, up_to) = match self.request.isolation_level {
            READ_COMMITTED => {
                let aborted = log.aborted(asked.fetch_offset, log.last_stable()).into_iter();
                let aborted = aborted.map(|(producer_id, first_offset)| {
                    AbortedTransaction::default()
                        .with_producer_id(ProducerId(producer_id))
                        .with_first_offset(first_offset)
                });
                (data.with_aborted_transactions(Some(aborted.collect())), log.last_stable())
            }
            _ => (data, log.end()),
        };
        let most = left.min(asked.partition_max_bytes.max(0) as usize);
        data.with_records(Some(log.read(asked.fetch_offset, up_to, most, is_first)))
    }

    fn wait_at_partitions(&self, state: &mut State, id: u64) {
        self.for_each_partition(state, |waiting| {
            if !waiting.contains(&id) {
                waiting.push(id);
            }
        });
    }

    fn leave_partitions(&self, state: &mut State, id: u64) {
        self.for_each_partition(state, |waiting| waiting.retain(|other| *other != id));
    }

    fn for_each_partition(&self, state: &mut State, mut change: impl FnMut(&mut Vec<u64>)) {
        for topic in &self.request.topics {
            let Some(known) = state.topics.get_mut(&topic.topic) else { continue };
            for asked in &topic.partitions {
                if let Some(partition) = known.partition_mut(asked.partition) {
                    change(&mut partition.waiting);
                }
            }
        }
    }
}
