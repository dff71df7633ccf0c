//! What a log knows of its producers: which batches it has already (idempotence), which transactions are open,
//! and which were aborted. The rules are those of Kafka's `ProducerAppendInfo` (KIP-98, KIP-360).

use std::collections::{BTreeMap, HashMap, VecDeque};

use kafka_protocol::ResponseError;

use super::batch::BatchHeader;

/// How many batches of a producer are remembered, which is how many it may have in flight.
const WINDOW: usize = 5;
/// The producer id of a batch that has none.
const NOBODY: i64 = -1;

/// The producers of one partition.
#[derive(Debug, Default)]
pub(crate) struct Producers {
    by_id: HashMap<i64, Producer>,
    /// The open transactions by their first offset, with their producers.
    open: BTreeMap<i64, i64>,
    /// The aborted transactions in the order of their markers.
    aborted: Vec<Aborted>,
}

/// One producer, as admin tools see it too.
#[derive(Debug)]
pub(crate) struct Producer {
    pub(crate) epoch: i16,
    /// Timestamp of the last batch or marker, in milliseconds since 1970.
    pub(crate) last_timestamp: i64,
    /// The first offset of the transaction that is open.
    pub(crate) transaction: Option<i64>,
    batches: VecDeque<Written>,
}

/// A batch that the log has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Written {
    first_sequence: i32,
    last_sequence: i32,
    pub(crate) first_offset: i64,
    pub(crate) timestamp: i64,
}

/// The epoch of a producer that says none: its sequences are not compared.
const NO_EPOCH: i16 = -1;

/// An aborted transaction, as the index of transactions keeps it.
#[derive(Debug, Clone, Copy)]
struct Aborted {
    producer_id: i64,
    first_offset: i64,
    /// The offset of the marker.
    last_offset: i64,
    /// What was stable when the marker came: an abort behind this one cannot begin below it.
    last_stable: i64,
}

impl Producers {
    /// Checks a batch before it is appended; some batch is returned that the log has already, which is then the
    /// answer.
    pub(crate) fn check(&self, batch: &BatchHeader) -> Result<Option<Written>, ResponseError> {
        if batch.producer_id == NOBODY {
            return Ok(None);
        }
        // A producer that the log does not know may begin with any sequence: its records may be gone.
        let Some(known) = self.by_id.get(&batch.producer_id) else { return Ok(None) };
        let (first, last) = (batch.base_sequence, batch.last_sequence());
        if batch.producer_epoch == known.epoch {
            let is_same =
                |written: &&Written| written.first_sequence == first && written.last_sequence == last;
            if let Some(written) = known.batches.iter().find(is_same) {
                return Ok(Some(*written));
            }
        }
        if batch.producer_epoch < known.epoch {
            return Err(ResponseError::InvalidProducerEpoch);
        }
        let last_known = match known.batches.back() {
            Some(last) if batch.producer_epoch == known.epoch => last.last_sequence,
            _ => -1,
        };
        if first != next_sequence(last_known) && known.epoch != NO_EPOCH {
            return Err(ResponseError::OutOfOrderSequenceNumber);
        }
        if known.transaction.is_some() && !batch.is_transactional() {
            return Err(ResponseError::InvalidTxnState);
        }
        Ok(None)
    }

    /// Remembers a batch that was checked and appended.
    pub(crate) fn appended(&mut self, batch: &BatchHeader) {
        if batch.producer_id == NOBODY {
            return;
        }
        let producer =
            self.by_id.entry(batch.producer_id).or_insert_with(|| Producer::new(batch.producer_epoch));
        producer.enter(batch.producer_epoch);
        if producer.batches.len() == WINDOW {
            producer.batches.pop_front();
        }
        producer.batches.push_back(Written {
            first_sequence: batch.base_sequence,
            last_sequence: batch.last_sequence(),
            first_offset: batch.base_offset,
            timestamp: batch.max_timestamp,
        });
        producer.last_timestamp = batch.max_timestamp;
        if batch.is_transactional() && producer.transaction.is_none() {
            producer.transaction = Some(batch.base_offset);
            self.open.insert(batch.base_offset, batch.producer_id);
        }
    }

    /// Returns whether a marker of this epoch may be written: one of an older epoch comes from a zombie.
    pub(crate) fn check_marker(&self, producer_id: i64, epoch: i16) -> Result<(), ResponseError> {
        match self.by_id.get(&producer_id) {
            Some(known) if epoch < known.epoch => Err(ResponseError::InvalidProducerEpoch),
            _ => Ok(()),
        }
    }

    /// Ends the transaction of a producer with a marker that was appended. `end` is the offset after it.
    pub(crate) fn ended(&mut self, marker: &BatchHeader, commit: bool, end: i64) {
        let producer =
            self.by_id.entry(marker.producer_id).or_insert_with(|| Producer::new(marker.producer_epoch));
        producer.enter(marker.producer_epoch);
        producer.last_timestamp = marker.max_timestamp;
        let Some(first_offset) = producer.transaction.take() else { return };
        self.open.remove(&first_offset);
        if !commit {
            self.aborted.push(Aborted {
                producer_id: marker.producer_id,
                first_offset,
                last_offset: marker.base_offset,
                last_stable: self.first_unstable().unwrap_or(end),
            });
        }
    }

    /// Returns the first offset of the oldest open transaction.
    pub(crate) fn first_unstable(&self) -> Option<i64> {
        self.open.first_key_value().map(|(first, _)| *first)
    }

    /// Returns whether this producer has an open transaction here in this epoch.
    pub(crate) fn has_transaction(&self, producer_id: i64, epoch: i16) -> bool {
        let is_open = |producer: &Producer| producer.transaction.is_some() && producer.epoch == epoch;
        self.by_id.get(&producer_id).is_some_and(is_open)
    }

    /// Returns whether batches of this producer are remembered.
    pub(crate) fn has_batches(&self, producer_id: i64) -> bool {
        self.by_id.get(&producer_id).is_some_and(|producer| !producer.batches.is_empty())
    }

    /// Returns the aborted transactions that have records in a range of offsets: producer and first offset.
    pub(crate) fn aborted(&self, from: i64, up_to: i64) -> Vec<(i64, i64)> {
        // Markers are in the order of their offsets: those below the range end transactions below it.
        let first = self.aborted.partition_point(|aborted| aborted.last_offset < from);
        let mut found = Vec::new();
        for aborted in &self.aborted[first..] {
            if aborted.first_offset < up_to {
                found.push((aborted.producer_id, aborted.first_offset));
            }
            if aborted.last_stable >= up_to {
                break;
            }
        }
        found
    }

    /// Returns whether a batch belongs to a transaction that was aborted.
    pub(crate) fn is_aborted(&self, batch: &BatchHeader) -> bool {
        let after = self.aborted.partition_point(|aborted| aborted.last_offset < batch.base_offset);
        let is_here = |aborted: &Aborted| aborted.producer_id == batch.producer_id;
        // The next marker of this producer that aborts ends its transaction, unless that began later.
        batch.is_transactional()
            && self.aborted[after..]
                .iter()
                .find(|aborted| is_here(aborted))
                .is_some_and(|aborted| aborted.first_offset <= batch.base_offset)
    }

    /// Forgets the aborted transactions whose markers were compacted away, in the order of their offsets.
    pub(crate) fn forget_aborted(&mut self, markers: &[i64]) {
        self.aborted.retain(|aborted| markers.binary_search(&aborted.last_offset).is_err());
    }

    /// Forgets the aborted transactions that lie below the start of the log.
    pub(crate) fn start_at(&mut self, start: i64) {
        let gone = self.aborted.partition_point(|aborted| aborted.last_offset < start);
        self.aborted.drain(..gone);
    }

    /// Returns the producers with their ids.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (i64, &Producer)> {
        self.by_id.iter().map(|(id, producer)| (*id, producer))
    }
}

impl Producer {
    fn new(epoch: i16) -> Self {
        Self { epoch, last_timestamp: -1, transaction: None, batches: VecDeque::new() }
    }

    /// Returns the sequence of the last record; -1 when none is remembered.
    pub(crate) fn last_sequence(&self) -> i32 {
        self.batches.back().map_or(-1, |written| written.last_sequence)
    }

    /// Takes up an epoch; a new one begins its sequences anew.
    fn enter(&mut self, epoch: i16) {
        if self.epoch != epoch {
            self.epoch = epoch;
            self.batches.clear();
        }
    }
}

/// Returns the sequence that follows; after the largest comes 0.
fn next_sequence(last: i32) -> i32 {
    last.checked_add(1).unwrap_or(0)
}
