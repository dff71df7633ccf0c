//! Drives readers and writers as a worker would: poll when woken, or every tick.

use std::collections::HashMap;
use std::sync::{Arc, Condvar, Mutex};
use std::time::{Duration, Instant};

use test_probe::broker::{
    Assignment, Broker, Delivery, Isolation, OutgoingRecord, Reader, ReaderOptions, RecordRef, Sink,
    StopReason, TopicPartition, Wake, Writer, WriterOptions,
};
use test_probe::{ProbeError, Result};

use super::LONG;

const TICK: Duration = Duration::from_millis(100);

/// A wake-up that a test thread waits for.
#[derive(Clone, Debug, Default)]
pub(crate) struct Bell(Arc<(Mutex<bool>, Condvar)>);

impl Bell {
    pub(crate) fn wake(&self) -> Wake {
        let bell = self.clone();
        Arc::new(move || {
            *bell.0.0.lock().expect("not poisoned") = true;
            bell.0.1.notify_all();
        })
    }

    fn wait(&self) {
        let rung = self.0.0.lock().expect("not poisoned");
        let (mut rung, _) = self.0.1.wait_timeout_while(rung, TICK, |rung| !*rung).expect("not poisoned");
        *rung = false;
    }
}

/// A record, kept.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Kept {
    pub(crate) slot: u32,
    pub(crate) offset: i64,
    pub(crate) timestamp: Option<i64>,
    pub(crate) key: Option<Vec<u8>>,
    pub(crate) value: Option<Vec<u8>>,
    pub(crate) headers: Vec<(String, Option<Vec<u8>>)>,
}

/// Everything that a reader said.
#[derive(Debug, Default)]
pub(crate) struct Said {
    pub(crate) records: Vec<Kept>,
    pub(crate) progress: HashMap<u32, i64>,
    pub(crate) stopped: Vec<(u32, i64, StopReason)>,
    pub(crate) errors: Vec<(ProbeError, bool)>,
}

impl Said {
    pub(crate) fn offsets(&self) -> Vec<i64> {
        self.records.iter().map(|record| record.offset).collect()
    }
}

impl Sink for Said {
    fn record(&mut self, record: &RecordRef<'_>) {
        let headers = record.headers.iter();
        self.records.push(Kept {
            slot: record.slot,
            offset: record.offset,
            timestamp: record.timestamp,
            key: record.key.map(<[u8]>::to_vec),
            value: record.value.map(<[u8]>::to_vec),
            headers: headers.map(|(name, value)| ((*name).to_owned(), value.map(<[u8]>::to_vec))).collect(),
        });
    }

    fn progress(&mut self, slot: u32, next: i64) {
        let before = self.progress.insert(slot, next);
        assert!(before < Some(next), "progress went from {before:?} to {next}");
    }

    fn stopped(&mut self, slot: u32, at: i64, why: StopReason) {
        self.stopped.push((slot, at, why));
    }

    fn client_error(&mut self, error: ProbeError, fatal: bool) {
        self.errors.push((error, fatal));
    }
}

/// A reader and what it said.
pub(crate) struct Driven {
    pub(crate) reader: Box<dyn Reader>,
    pub(crate) said: Said,
    bell: Bell,
}

impl Driven {
    pub(crate) fn open(broker: &dyn Broker, isolation: Isolation) -> Self {
        let bell = Bell::default();
        let reader = broker.reader(ReaderOptions { isolation }, bell.wake()).expect("opened");
        Self { reader, said: Said::default(), bell }
    }

    /// Adds one partition.
    pub(crate) fn add(&mut self, slot: u32, at: &TopicPartition, from: i64) {
        let assignment = Assignment { slot, at: at.clone(), from, leader_epoch: None };
        self.reader.add(&[assignment]).expect("added");
    }

    /// Polls until the condition holds.
    pub(crate) fn until(&mut self, what: &str, holds: impl Fn(&Said) -> bool) {
        let began = Instant::now();
        loop {
            while self.reader.poll(&mut self.said, 500) {}
            if holds(&self.said) {
                return;
            }
            assert!(began.elapsed() < LONG, "waited in vain for {what}: {:#?}", self.said);
            self.bell.wait();
        }
    }

    /// Polls through so many ticks or wake-ups.
    pub(crate) fn ticks(&mut self, count: usize) {
        for _ in 0..count {
            self.bell.wait();
            while self.reader.poll(&mut self.said, 500) {}
        }
    }
}

/// A writer and what became of its records.
pub(crate) struct Written {
    pub(crate) writer: Box<dyn Writer>,
    bell: Bell,
    next: u64,
}

impl Written {
    pub(crate) fn open(broker: &dyn Broker, delivery_timeout: Duration) -> Self {
        let bell = Bell::default();
        let writer = broker.writer(WriterOptions { delivery_timeout }, bell.wake()).expect("opened");
        Self { writer, bell, next: u64::from(u32::MAX) }
    }

    /// Sends a record and waits for its delivery.
    pub(crate) fn send(&mut self, record: &OutgoingRecord) -> Result<test_probe::broker::Delivered> {
        let mut deliveries = self.send_all(std::slice::from_ref(record));
        deliveries.pop().expect("one").result
    }

    /// Sends records and waits for all deliveries, in the order of the records.
    pub(crate) fn send_all(&mut self, records: &[OutgoingRecord]) -> Vec<Delivery> {
        let first = self.next;
        for record in records {
            self.writer.send(record, self.next).expect("queued");
            self.next += 1;
        }
        let mut deliveries = Vec::new();
        let began = Instant::now();
        while deliveries.len() < records.len() {
            while self.writer.poll(&mut deliveries) {}
            assert!(began.elapsed() < LONG, "{} of {} delivered", deliveries.len(), records.len());
            if deliveries.len() < records.len() {
                self.bell.wait();
            }
        }
        deliveries.sort_by_key(|delivery| delivery.token);
        let tokens: Vec<u64> = deliveries.iter().map(|delivery| delivery.token).collect();
        assert_eq!(tokens, (first..self.next).collect::<Vec<_>>());
        deliveries
    }
}

/// A record with a value, to partition 0.
pub(crate) fn record(topic: &str, value: &str) -> OutgoingRecord {
    OutgoingRecord {
        topic: topic.into(),
        partition: Some(0),
        timestamp: None,
        key: None,
        value: Some(value.to_owned().into()),
        headers: Vec::new(),
    }
}
