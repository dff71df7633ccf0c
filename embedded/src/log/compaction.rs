//! Compaction: of each key, the last record stays. Offsets stay too, so that what is gone leaves holes.
//!
//! The rules are those of Kafka's `Cleaner`: the segment that is written to is never touched, nor anything at or
//! behind an open transaction; records of aborted transactions go; tombstones, and markers of transactions of
//! which nothing is left, go `delete.retention.ms` after the compaction that met them first (KIP-534). Batches
//! that lose records are written without compression.

use std::collections::{HashMap, HashSet, VecDeque};

use bytes::{BufMut, Bytes, BytesMut};
use kafka_protocol::ResponseError;

use super::Log;
use super::batch::{self, Batch, BatchHeader, HEADER};
use super::search::batches;
use super::segment::Segment;
use crate::state::Now;
use crate::wire::records::{Record, write_record};

/// What one compaction knows.
struct Cleaner {
    now_ms: i64,
    delete_retention_ms: i64,
    /// The offset of the last record of each key, of those that were not compacted before.
    latest: HashMap<Bytes, i64>,
    /// The producers whose transactions had records since their last marker.
    with_records: HashSet<i64>,
}

/// What becomes of a batch.
enum Fate {
    Kept(Batch),
    Gone,
}

impl Log {
    /// Compacts what can be and is worth it.
    pub(crate) fn compact(&mut self, now: Now) -> Result<(), ResponseError> {
        let end = self.compactable_end(now);
        if !self.config.is_compacted || !self.is_worth_compacting(end, now) {
            return Ok(());
        }
        let mut cleaner = Cleaner {
            now_ms: now.wall_ms,
            delete_retention_ms: self.config.delete_retention_ms,
            latest: self.latest_offsets(end)?,
            with_records: HashSet::new(),
        };
        let count = self.segments.partition_point(|segment| segment.base_offset() < end);
        let mut cleaned = VecDeque::new();
        let mut markers_gone = Vec::new();
        for segment in self.segments.range(..count) {
            for batch in batches(segment)? {
                let header = batch.header;
                if header.last_offset() >= end {
                    self.keep(&mut cleaned, &batch);
                    continue;
                }
                match cleaner.clean(batch, |header| self.producers.is_aborted(header))? {
                    Fate::Kept(batch) => self.keep(&mut cleaned, &batch),
                    Fate::Gone if header.is_control() => markers_gone.push(header.base_offset),
                    Fate::Gone => {}
                }
            }
        }
        self.producers.forget_aborted(&markers_gone);
        cleaned.extend(self.segments.drain(..).skip(count));
        self.segments = cleaned;
        self.compacted_to = end;
        Ok(())
    }

    fn keep(&self, cleaned: &mut VecDeque<Segment>, batch: &Batch) {
        if cleaned.back().is_none_or(|last| !last.has_room(&batch.header)) {
            if let Some(last) = cleaned.back_mut() {
                last.seal(&self.memory);
            }
            cleaned.push_back(Segment::new(batch.header.base_offset, &self.memory, cleaned.is_empty()));
        }
        if let Some(last) = cleaned.back_mut() {
            last.push(&batch.header, &batch.bytes, false);
        }
    }

    /// Returns the offset from which on nothing may be compacted.
    fn compactable_end(&self, now: Now) -> i64 {
        let youngest = now.wall_ms.saturating_sub(self.config.min_compaction_lag_ms);
        let lags =
            |segment: &Segment| self.config.min_compaction_lag_ms > 0 && segment.max_timestamp() > youngest;
        let mut number = 0;
        // Kafka's last segment is the one that is written to.
        while self.next_rolled(number) < self.segments.len() {
            let next = self.next_rolled(number);
            if self.segments.range(number..next).any(lags) {
                break;
            }
            number = next;
        }
        let end = self.segments.get(number).map_or(self.start, Segment::base_offset);
        end.min(self.last_stable())
    }

    fn is_worth_compacting(&self, end: i64, now: Now) -> bool {
        let (clean, dirty): (Vec<&Segment>, Vec<&Segment>) = self
            .segments
            .iter()
            .filter(|segment| segment.base_offset() < end)
            .partition(|segment| segment.end_offset() <= self.compacted_to);
        if dirty.is_empty() || end <= self.compacted_to {
            return false;
        }
        let bytes =
            |segments: &[&Segment]| segments.iter().map(|segment| segment.bytes()).sum::<usize>() as f64;
        let ratio = bytes(&dirty) / (bytes(&clean) + bytes(&dirty));
        let is_old = now.wall_ms.saturating_sub(dirty[0].max_timestamp()) > self.config.max_compaction_lag_ms;
        ratio >= self.config.min_cleanable_dirty_ratio || is_old
    }

    /// Returns the last offset of each key, of what was not compacted before.
    fn latest_offsets(&self, end: i64) -> Result<HashMap<Bytes, i64>, ResponseError> {
        let mut latest = HashMap::new();
        let is_dirty =
            |segment: &&Segment| segment.end_offset() > self.compacted_to && segment.base_offset() < end;
        for segment in self.segments.iter().filter(is_dirty) {
            for batch in batches(segment)? {
                let header = &batch.header;
                if header.is_control() || header.last_offset() >= end || self.producers.is_aborted(header) {
                    continue;
                }
                for record in batch::open(&batch)? {
                    let record = record.map_err(batch::invalid)?;
                    if let Some(key) = record.key {
                        latest.insert(key, record.offset);
                    }
                }
            }
        }
        Ok(latest)
    }
}

impl Cleaner {
    fn clean(
        &mut self,
        batch: Batch,
        is_aborted: impl Fn(&BatchHeader) -> bool,
    ) -> Result<Fate, ResponseError> {
        let header = &batch.header;
        if header.is_control() {
            // The records that go with this compaction count: a reader may still be among them.
            return match (self.with_records.remove(&header.producer_id), header.delete_horizon()) {
                (true, _) => Ok(Fate::Kept(batch)),
                (false, None) => self.rewritten(&batch, true, |_| true),
                (false, Some(horizon)) if horizon <= self.now_ms => Ok(Fate::Gone),
                (false, Some(_)) => Ok(Fate::Kept(batch)),
            };
        }
        if header.is_transactional() {
            self.with_records.insert(header.producer_id);
        }
        if is_aborted(header) {
            return Ok(Fate::Gone);
        }
        let forgets_tombstones = header.delete_horizon().is_some_and(|horizon| horizon <= self.now_ms);
        let stays = |record: &Record| match &record.key {
            Some(key) => {
                let is_last = self.latest.get(key).is_none_or(|last| *last <= record.offset);
                is_last && (record.value.is_some() || !forgets_tombstones)
            }
            None => false,
        };
        let (mut kept, mut tombstones) = (0, false);
        for record in batch::open(&batch)? {
            let record = record.map_err(batch::invalid)?;
            if stays(&record) {
                kept += 1;
                tombstones |= record.value.is_none();
            }
        }
        let needs_horizon = tombstones && header.delete_horizon().is_none();
        match kept {
            0 => Ok(Fate::Gone),
            _ if kept == header.record_count && !needs_horizon => Ok(Fate::Kept(batch)),
            _ => self.rewritten(&batch, needs_horizon, stays),
        }
    }

    /// Writes a batch with the records that stay. Its offsets are those it had, also where its first or last
    /// record is gone.
    fn rewritten(
        &self,
        batch: &Batch,
        needs_horizon: bool,
        stays: impl Fn(&Record) -> bool,
    ) -> Result<Fate, ResponseError> {
        let mut header = batch.header;
        header.set_plain();
        if needs_horizon {
            header.set_delete_horizon(self.now_ms.saturating_add(self.delete_retention_ms));
        }
        let mut records = BytesMut::new();
        let (mut count, mut max_timestamp) = (0, -1);
        for record in batch::open(batch)? {
            let record = record.map_err(batch::invalid)?;
            if stays(&record) {
                count += 1;
                max_timestamp = record.timestamp.max(max_timestamp);
                write_record(&mut records, &record, header.base_offset, header.base_timestamp);
            }
        }
        header.record_count = count;
        header.max_timestamp = max_timestamp;
        header.size = HEADER + records.len();
        let mut bytes = BytesMut::with_capacity(header.size);
        batch::write_header(&mut bytes, &header);
        bytes.put_slice(&records);
        batch::seal(&mut bytes);
        Ok(Fate::Kept(Batch { header, bytes: bytes.freeze() }))
    }
}
