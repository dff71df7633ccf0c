//! Records as the tests' producers write and its readers read them.

use bytes::{BufMut, Bytes, BytesMut};
use kafka_protocol::messages::fetch_request::{FetchPartition, FetchTopic};
use kafka_protocol::messages::{FetchRequest, ResponseKind};

use super::world::{TOPIC, World, topic};
use crate::log::batch::{self, Batch, HEADER};
use crate::transactions::Producer;

pub(super) const TRANSACTIONAL: i16 = 0x10;

/// What a reader sees of a partition.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Seen {
    pub(super) values: Vec<u64>,
    pub(super) last_stable: i64,
    /// Where the reader goes on.
    pub(super) position: i64,
}

impl World {
    /// Reads a partition as a client does, in fetches of about `max_bytes`.
    pub(super) fn read(&mut self, index: i32, committed: bool, max_bytes: i32) -> Seen {
        let mut seen = Seen { values: Vec::new(), last_stable: -1, position: 0 };
        loop {
            let before = seen.position;
            self.fetch_into(&mut seen, index, committed, max_bytes);
            if seen.position == before {
                return seen;
            }
        }
    }

    fn fetch_into(&mut self, seen: &mut Seen, index: i32, committed: bool, max_bytes: i32) {
        let request = fetch(index, seen.position, committed, max_bytes);
        let ResponseKind::Fetch(response) = self.ask(self.leader(index), 11, request) else {
            panic!("another answer")
        };
        let data = &response.responses[0].partitions[0];
        assert_eq!(data.error_code, 0);
        seen.last_stable = data.last_stable_offset;
        let mut aborted: Vec<(i64, i64)> = data
            .aborted_transactions
            .iter()
            .flatten()
            .map(|aborted| (aborted.first_offset, aborted.producer_id.0))
            .collect();
        aborted.sort_unstable();
        let mut aborted = aborted.into_iter().peekable();
        let mut aborting: Vec<i64> = Vec::new();
        let mut records = data.records.clone().unwrap_or_default();
        while !records.is_empty() {
            let Batch { header, bytes } = Batch::read(&mut records).unwrap().unwrap();
            while let Some((_, producer)) = aborted.next_if(|(first, _)| *first <= header.last_offset()) {
                aborting.push(producer);
            }
            if header.is_control() {
                // The key: its length, its version, and then 0 for abort.
                if bytes[HEADER + 8] == 0 {
                    aborting.retain(|producer| *producer != header.producer_id);
                }
            } else if header.last_offset() >= seen.position
                && !(committed && header.is_transactional() && aborting.contains(&header.producer_id))
            {
                seen.values.push(value(&bytes));
            }
            seen.position = header.last_offset() + 1;
        }
    }
}

pub(super) fn fetch(index: i32, offset: i64, committed: bool, max_bytes: i32) -> FetchRequest {
    let partition = FetchPartition::default()
        .with_partition(index)
        .with_fetch_offset(offset)
        .with_partition_max_bytes(max_bytes);
    let topic = FetchTopic::default().with_topic(topic(TOPIC)).with_partitions(vec![partition]);
    FetchRequest::default()
        .with_max_bytes(max_bytes)
        .with_min_bytes(1)
        .with_isolation_level(committed.into())
        .with_topics(vec![topic])
}

/// A batch of one record, without key and headers, whose value is a number.
pub(super) fn record(producer: Producer, sequence: i32, value: u64, attributes: i16) -> Bytes {
    let mut bytes = BytesMut::new();
    bytes.put_i64(0);
    bytes.put_i32((HEADER + 15 - 12) as i32);
    bytes.put_i32(-1);
    bytes.put_i8(2);
    bytes.put_u32(0);
    bytes.put_i16(attributes);
    bytes.put_i32(0);
    bytes.put_i64(1000);
    bytes.put_i64(1000);
    bytes.put_i64(producer.id);
    bytes.put_i16(producer.epoch);
    bytes.put_i32(sequence);
    bytes.put_i32(1);
    bytes.put_slice(&[2 * 14, 0, 0, 0, 1, 2 * 8]);
    bytes.put_u64(value);
    bytes.put_u8(0);
    batch::seal(&mut bytes);
    bytes.freeze()
}

fn value(batch: &[u8]) -> u64 {
    u64::from_be_bytes(batch[HEADER + 6..HEADER + 14].try_into().unwrap())
}
