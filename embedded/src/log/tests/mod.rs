//! The log in virtual time.

mod cleaning;
mod fetching;
mod limits;
mod producing;
mod reading;
mod validation;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Instant;

use bytes::Bytes;
use kafka_protocol::ResponseError;

use super::batch;
use super::config::LogConfig;
use super::memory::Memory;
use super::{Appended, Log, Refused};
use crate::state::Now;
use crate::wire::records::BatchWriter;

/// A batch of as many records without key and value, all of one time.
#[derive(Clone, Copy)]
struct Batch {
    records: i32,
    producer: (i64, i16, i32),
    is_transactional: bool,
    timestamp: i64,
}

const PLAIN: Batch = Batch { records: 1, producer: (-1, -1, -1), is_transactional: false, timestamp: 1000 };

impl Batch {
    fn by(id: i64, epoch: i16, sequence: i32) -> Self {
        Self { producer: (id, epoch, sequence), ..PLAIN }
    }

    fn transactional(id: i64, epoch: i16, sequence: i32) -> Self {
        Self { is_transactional: true, ..Self::by(id, epoch, sequence) }
    }

    fn of(self, records: i32) -> Self {
        Self { records, ..self }
    }

    fn at(self, timestamp: i64) -> Self {
        Self { timestamp, ..self }
    }

    fn bytes(self) -> Bytes {
        let (id, epoch, sequence) = self.producer;
        let mut writer = BatchWriter::new().producer(id, epoch, sequence);
        if self.is_transactional {
            writer = writer.transactional();
        }
        (0..self.records).fold(writer, |writer, _| writer.record(self.timestamp, None, None, &[])).build()
    }
}

/// Returns a batch of records with these timestamps.
fn timed(timestamps: &[i64]) -> Bytes {
    let add = |writer: BatchWriter, at: &i64| writer.record(*at, None, Some(b"value"), &[]);
    timestamps.iter().fold(BatchWriter::new(), add).build()
}

/// Returns a batch of one record with a value of this size.
fn sized(bytes: usize) -> Bytes {
    BatchWriter::new().record(1000, None, Some(&vec![b'x'; bytes]), &[]).build()
}

fn now(wall_ms: i64) -> Now {
    Now { mono: Instant::now(), wall_ms }
}

fn log(settings: &[(&str, &str)]) -> Log {
    Log::new(Arc::new(config(settings)), Memory::default())
}

fn config(settings: &[(&str, &str)]) -> LogConfig {
    let own = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
    LogConfig::new(&settings.iter().map(own).collect::<BTreeMap<_, _>>()).expect("the settings are right")
}

fn write(log: &mut Log, bytes: Bytes, now_ms: i64) -> Result<Appended, Refused> {
    log.append(batch::only(bytes, 11)?, 0, now(now_ms))
}

fn append(log: &mut Log, batch: Batch) -> Result<Appended, ResponseError> {
    write(log, batch.bytes(), batch.timestamp).map_err(|refused| refused.error)
}

fn offset(log: &mut Log, batch: Batch) -> i64 {
    append(log, batch).expect("the batch was appended").base_offset
}

/// Reads all batches from an offset.
fn read(log: &Log, from: i64) -> Vec<batch::Batch> {
    let (mut from, mut batches) = (from, Vec::new());
    loop {
        let mut read = log.read(from, log.end(), usize::MAX, true).expect("the log was read");
        if read.records.is_empty() {
            return batches;
        }
        while let Some(batch) = batch::Batch::read(&mut read.records).expect("the batch was whole") {
            batch.check_crc().expect("the checksum was right");
            batches.push(batch);
        }
        from = read.end;
    }
}
