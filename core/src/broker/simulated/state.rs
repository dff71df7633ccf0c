//! Everything behind the lock, and the agenda of what happens next.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::fmt;
use std::fmt::Write as _;
use std::sync::Arc;

use tokio::time::Instant;

use super::faults::{Faults, ProduceFault};
use super::fetch::ReaderState;
use super::log::{Entry, Partition, SimRecord, Topic, Transaction, TxnState};
use super::produce::WriterState;
use super::truth::CommitSeen;
use crate::broker::{TopicId, TopicPartition, Wake};
use crate::error::ProbeError;

/// What the cluster's wall clock says at its start, milliseconds since the epoch.
const WALL_CLOCK: i64 = 1_700_000_000_000;

pub(super) struct State {
    pub(super) origin: Instant,
    /// Milliseconds since the origin; read whenever the lock is taken.
    pub(super) now: u64,
    pub(super) rng: fastrand::Rng,
    pub(super) faults: Faults,
    pub(super) topics: BTreeMap<Arc<str>, Topic>,
    /// Deleted topics in the order of their end.
    pub(super) past: Vec<(Arc<str>, Topic)>,
    pub(super) transactions: BTreeMap<Transaction, Vec<(TopicPartition, TopicId)>>,
    pub(super) groups: BTreeMap<String, BTreeMap<TopicPartition, i64>>,
    pub(super) commits: Vec<CommitSeen>,
    pub(super) denied: BTreeSet<(Arc<str>, Resource)>,
    pub(super) unopenable: BTreeMap<Arc<str>, (u32, ProbeError)>,
    pub(super) injected: BTreeMap<Arc<str>, VecDeque<ProduceFault>>,
    pub(super) disconnected_until: u64,
    pub(super) stalled_until: u64,
    pub(super) problem: Option<ProbeError>,
    pub(super) readers: BTreeMap<u64, ReaderState>,
    pub(super) writers: BTreeMap<u64, WriterState>,
    pub(super) wakes: Vec<Wake>,
    pub(super) trace: Option<String>,
    agenda: BTreeMap<(u64, u64), Event>,
    /// The time the pump sleeps until.
    armed: u64,
    numbers: u64,
}

/// What a principal may be denied.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Resource {
    Topic(Arc<str>),
    Group(Arc<str>),
}

/// What is on the agenda.
pub(super) enum Event {
    /// A fetcher's next step.
    Fetch {
        reader: u64,
        slot: u32,
    },
    /// A lane's next step.
    Lane {
        writer: u64,
        lane: TopicPartition,
    },
    /// A record's delivery timeout.
    Expire {
        writer: u64,
        lane: TopicPartition,
        token: u64,
    },
    /// A wake for nothing.
    WakeReader {
        reader: u64,
    },
    WakeWriter {
        writer: u64,
    },
    /// Something a reader says about its client.
    Problem {
        reader: u64,
        error: ProbeError,
        fatal: bool,
    },
    /// The end of a writer.
    WriterFatal {
        writer: u64,
        error: ProbeError,
    },
    /// A transaction's marker reaches a partition.
    Marker {
        at: TopicPartition,
        id: TopicId,
        txn: Transaction,
        commit: bool,
    },
}

impl State {
    pub(super) fn new(seed: u64, faults: Faults) -> Self {
        Self {
            origin: Instant::now(),
            now: 0,
            rng: fastrand::Rng::with_seed(seed),
            faults,
            topics: BTreeMap::new(),
            past: Vec::new(),
            transactions: BTreeMap::new(),
            groups: BTreeMap::new(),
            commits: Vec::new(),
            denied: BTreeSet::new(),
            unopenable: BTreeMap::new(),
            injected: BTreeMap::new(),
            disconnected_until: 0,
            stalled_until: 0,
            problem: None,
            readers: BTreeMap::new(),
            writers: BTreeMap::new(),
            wakes: Vec::new(),
            trace: None,
            agenda: BTreeMap::new(),
            armed: u64::MAX,
            numbers: 0,
        }
    }

    pub(super) fn read_clock(&mut self) {
        let elapsed = Instant::now().saturating_duration_since(self.origin);
        self.now = u64::try_from(elapsed.as_millis()).unwrap_or(u64::MAX);
    }

    pub(super) fn wall_clock(&self) -> i64 {
        WALL_CLOCK.saturating_add_unsigned(self.now)
    }

    /// Returns a number that was not returned before.
    pub(super) fn number(&mut self) -> u64 {
        self.numbers += 1;
        self.numbers
    }

    pub(super) fn fresh_id(&mut self) -> TopicId {
        TopicId(uuid::Uuid::from_u128(self.rng.u128(1..)))
    }

    pub(super) fn chance(&mut self, probability: f64) -> bool {
        probability > 0.0 && self.rng.f64() < probability
    }

    pub(super) fn delay(&mut self, most: u64) -> u64 {
        if most == 0 { 0 } else { self.rng.u64(0..=most) }
    }

    pub(super) fn note(&mut self, line: fmt::Arguments<'_>) {
        let now = self.now;
        if let Some(trace) = &mut self.trace {
            // Writing to a string cannot fail.
            let _ = writeln!(trace, "{now} {line}");
        }
    }

    // The agenda.

    pub(super) fn schedule(&mut self, at: u64, event: Event) {
        let number = self.number();
        self.agenda.insert((at, number), event);
    }

    fn earliest(&self) -> Option<u64> {
        self.agenda.first_key_value().map(|((at, _), _)| *at)
    }

    /// Returns whether the pump sleeps for too long.
    pub(super) fn must_ring(&mut self) -> bool {
        match self.earliest() {
            Some(at) if at < self.armed => {
                self.armed = at;
                true
            }
            _ => false,
        }
    }

    /// Runs everything that is due; returns until when to sleep and what to call without the lock.
    pub(super) fn run_due(&mut self) -> (Option<Instant>, Vec<Wake>) {
        while let Some(entry) = self.agenda.first_entry()
            && entry.key().0 <= self.now
        {
            let due = entry.key().0;
            let event = entry.remove();
            self.run(due, event);
        }
        let next = self.earliest();
        self.armed = next.unwrap_or(u64::MAX);
        (next.map(|at| super::instant(self.origin, at)), std::mem::take(&mut self.wakes))
    }

    fn run(&mut self, due: u64, event: Event) {
        match event {
            Event::Fetch { reader, slot } => self.fetch_step(reader, slot, due),
            Event::Lane { writer, lane } => self.lane_step(writer, &lane, due),
            Event::Expire { writer, lane, token } => self.expire(writer, &lane, token),
            Event::WakeReader { reader } => {
                self.wakes.extend(self.readers.get(&reader).map(|reader| Arc::clone(&reader.wake)));
            }
            Event::WakeWriter { writer } => {
                self.wakes.extend(self.writers.get(&writer).map(|writer| Arc::clone(&writer.wake)));
            }
            Event::Problem { reader, error, fatal } => self.reader_problem(reader, error, fatal),
            Event::WriterFatal { writer, error } => self.writer_fatal(writer, &error),
            Event::Marker { at, id, txn, commit } => self.place_marker(&at, id, txn, commit),
        }
    }

    // The cluster as clients find it.

    /// Returns the end of the outage that is on, if one is.
    pub(super) fn outage(&self) -> Option<u64> {
        let until = self.disconnected_until.max(self.stalled_until);
        (until > self.now).then_some(until)
    }

    pub(super) fn disconnected(&self) -> bool {
        self.disconnected_until > self.now
    }

    pub(super) fn may(&self, principal: &Arc<str>, topic: &Arc<str>) -> bool {
        self.denied.is_empty()
            || !self.denied.contains(&(Arc::clone(principal), Resource::Topic(Arc::clone(topic))))
    }

    /// Returns a topic that requests know of.
    pub(super) fn known(&self, topic: &str) -> Option<&Topic> {
        self.topics.get(topic).filter(|topic| topic.known_from <= self.now)
    }

    pub(super) fn partition(&self, at: &TopicPartition) -> Option<&Partition> {
        self.topics.get(&at.topic)?.partition(at.partition)
    }

    pub(super) fn partition_mut(&mut self, at: &TopicPartition) -> Option<&mut Partition> {
        self.topics.get_mut(&at.topic)?.partition_mut(at.partition)
    }

    /// Makes a topic, or returns `false` when there is one of that name.
    pub(super) fn make_topic(&mut self, name: &str, partitions: i32, log_append_time: bool) -> bool {
        if self.topics.contains_key(name) {
            return false;
        }
        let id = self.fresh_id();
        let known_from = self.now + self.delay(self.faults.metadata_ms);
        let partitions = (0..partitions).map(|_| Partition::new()).collect();
        self.topics.insert(Arc::from(name), Topic { id, partitions, log_append_time, known_from });
        self.note(format_args!("created {name}"));
        self.nudge(name, None);
        true
    }

    /// Appends a record, within a transaction or not.
    pub(super) fn append(
        &mut self,
        at: &TopicPartition,
        record: &Arc<SimRecord>,
        txn: Option<Transaction>,
        principal: Option<&Arc<str>>,
    ) -> Option<i64> {
        let (now, clock) = (self.now, self.wall_clock());
        let topic = self.topics.get_mut(&at.topic)?;
        let (id, log_append_time) = (topic.id, topic.log_append_time);
        let partition = topic.partition_mut(at.partition)?;
        let offset = partition.high();
        let said = if log_append_time { None } else { record.timestamp };
        partition.entries.push(Entry {
            offset,
            timestamp: Some(said.unwrap_or(clock)).filter(|timestamp| *timestamp >= 0),
            log_append_time,
            epoch: partition.epoch(),
            record: Some(Arc::clone(record)),
            txn: txn.map_or(TxnState::Plain, TxnState::Open),
            principal: principal.cloned(),
            appended: now,
            decided: None,
            gone: None,
        });
        if let Some(txn) = txn {
            partition.open.entry(txn).or_insert(offset);
            let members = self.transactions.entry(txn).or_default();
            if !members.iter().any(|(member, member_id)| member == at && *member_id == id) {
                members.push((at.clone(), id));
            }
        }
        self.note(format_args!("appended {}/{} {offset}", at.topic, at.partition));
        self.nudge(&at.topic, Some(at.partition));
        Some(offset)
    }

    pub(super) fn place_marker(&mut self, at: &TopicPartition, id: TopicId, txn: Transaction, commit: bool) {
        let (now, clock) = (self.now, self.wall_clock());
        let Some(topic) = self.topics.get_mut(&at.topic).filter(|topic| topic.id == id) else { return };
        let Some(partition) = topic.partition_mut(at.partition) else { return };
        partition.decide(txn, commit, now, clock);
        self.note(format_args!("decided {}/{} {}", at.topic, at.partition, txn.0));
        self.nudge(&at.topic, Some(at.partition));
    }
}
