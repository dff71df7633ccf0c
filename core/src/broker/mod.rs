//! The seam below the workers: what the engine needs of a Kafka client, and nothing more.
//!
//! Two implementations: [`librdkafka`] for real clusters and `simulated` for seeded schedules in
//! virtual time. Neither leaks its types: what comes up is ours, errors included. The rules of the
//! seam are the traps that the client lays (adr/0004): an offset that was not answered is an error
//! and never a sentinel, progress is said by the reader and never computed from a position, and
//! every call ends by its deadline.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use crate::error::{ProbeError, Result};
use crate::runtime::Deadline;

pub mod librdkafka;
#[cfg(any(test, feature = "simulation"))]
pub mod simulated;

/// A future that a trait object can return.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// Called when a reader or a writer has something to poll: from any thread, at any time, also
/// needlessly. It never blocks and never calls back into the client.
pub type Wake = Arc<dyn Fn() + Send + Sync>;

/// What a Kafka cluster is to the engine, as one principal. Calls may run side by side.
pub trait Broker: Send + Sync {
    /// Describes topics. A topic that does not exist is an answer, not an error.
    fn describe(&self, topics: Vec<String>, by: Deadline) -> BoxFuture<'_, Result<Vec<TopicInfo>>>;

    /// Lists offsets, one request per leader in parallel. Each partition answers for itself;
    /// a partition that was not answered by the deadline is an error.
    fn offsets(&self, queries: Vec<OffsetQuery>, by: Deadline) -> BoxFuture<'_, Vec<OffsetAnswer>>;

    /// Creates a topic. Returns `false` when it was there already.
    fn create_topic(&self, topic: NewTopic, by: Deadline) -> BoxFuture<'_, Result<bool>>;

    /// Sets the committed offsets of a group without joining it.
    fn commit(
        &self,
        group: String,
        offsets: Vec<(TopicPartition, i64)>,
        by: Deadline,
    ) -> BoxFuture<'_, Result<()>>;

    /// Returns what a group has committed of partitions, in their order; `None` where it committed
    /// nothing. A group that nobody knows has committed nothing.
    fn committed(
        &self,
        group: String,
        partitions: Vec<TopicPartition>,
        by: Deadline,
    ) -> BoxFuture<'_, Result<Vec<Option<i64>>>>;

    /// Opens a reader with no partitions.
    fn reader(&self, options: ReaderOptions, wake: Wake) -> Result<Box<dyn Reader>>;

    /// Opens the producer of this principal, idempotent, and lets it find the cluster.
    fn writer(&self, options: WriterOptions, wake: Wake) -> Result<Box<dyn Writer>>;

    /// Returns the last thing the client said about its connection, for errors that must name a cause.
    fn last_problem(&self) -> Option<ProbeError>;

    /// Lets go of everything without blocking; handles are destroyed behind the caller's back.
    fn close(&self);
}

/// A consumer without a group. Dropping it does not block.
pub trait Reader: Send {
    /// Adds partitions, each from an offset that was answered by [`Broker::offsets`].
    /// `slot` is the caller's name for the partition and comes back with everything about it.
    /// A slot is used once: a partition that is removed and added again gets a new one.
    fn add(&mut self, partitions: &[Assignment]) -> Result<()>;

    /// Removes partitions by slot. Nothing about a removed slot is said afterwards.
    fn remove(&mut self, slots: &[u32]);

    /// Hands up to `max` things to the sink and returns whether more is waiting. Never blocks.
    fn poll(&mut self, sink: &mut dyn Sink, max: usize) -> bool;
}

/// Takes what a reader has to say, in the order of each partition.
pub trait Sink {
    /// A record; everything in it is borrowed and must be copied to be kept.
    fn record(&mut self, record: &RecordRef<'_>);
    /// Everything below `next` was delivered or is proven invisible (markers, aborted, compacted).
    fn progress(&mut self, slot: u32, next: i64);
    /// The partition stopped at `at` and stays stopped until it is added again under a new slot.
    fn stopped(&mut self, slot: u32, at: i64, why: StopReason);
    /// The client as a whole reported a problem. Fatal ones end the reader.
    fn client_error(&mut self, error: ProbeError, fatal: bool);
}

/// A producer. Dropping it does not block; what was not acknowledged gets no delivery.
pub trait Writer: Send {
    /// Queues a record; `token` comes back in its [`Delivery`]. Order per partition is call order.
    fn send(&mut self, record: &OutgoingRecord, token: u64) -> std::result::Result<(), SendError>;

    /// Moves deliveries out and returns whether more is waiting. Never blocks.
    fn poll(&mut self, out: &mut Vec<Delivery>) -> bool;
}

/// A topic's 128-bit id, which changes when the topic is created anew.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct TopicId(pub uuid::Uuid);

/// One partition of one Kafka topic.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct TopicPartition {
    /// The Kafka topic.
    pub topic: Arc<str>,
    /// The partition, from 0.
    pub partition: i32,
}

impl TopicPartition {
    /// Names a partition.
    pub fn new(topic: impl Into<Arc<str>>, partition: i32) -> Self {
        Self { topic: topic.into(), partition }
    }
}

/// What [`Broker::describe`] found under a name.
#[derive(Clone, Debug)]
pub struct TopicInfo {
    /// The Kafka topic that was asked for.
    pub topic: String,
    /// Its state.
    pub state: TopicState,
}

/// Whether a topic is there.
#[derive(Clone, Debug)]
pub enum TopicState {
    /// It exists, with partitions `0..partitions`.
    Known {
        /// The topic id at the time of the answer.
        id: TopicId,
        /// How many partitions it has.
        partitions: i32,
    },
    /// The cluster does not know it.
    Unknown,
    /// The cluster would not say (authorisation, for one).
    Failed(ProbeError),
}

/// Which offset to list.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum OffsetSpec {
    /// The low watermark.
    Earliest,
    /// The end: the high watermark, or under read_committed the last stable offset.
    Latest,
    /// The first record at or after this time, milliseconds since the epoch.
    Timestamp(i64),
}

/// Which records a reader sees.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub enum Isolation {
    /// Committed transactions only (default).
    #[default]
    ReadCommitted,
    /// Everything that was written.
    ReadUncommitted,
}

/// One question to [`Broker::offsets`].
#[derive(Clone, Debug)]
pub struct OffsetQuery {
    /// The partition.
    pub at: TopicPartition,
    /// The offset that is wanted.
    pub spec: OffsetSpec,
    /// The isolation level of the question. `Latest` under `ReadUncommitted` is the high watermark.
    pub isolation: Isolation,
}

/// One answer of [`Broker::offsets`].
#[derive(Clone, Debug)]
pub struct OffsetAnswer {
    /// The partition.
    pub at: TopicPartition,
    /// The offset, or why there is none. `Ok(None)` only for a timestamp after the last record.
    pub listed: Result<Option<Listed>>,
}

/// An offset that a broker answered; never negative.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Listed {
    /// The offset.
    pub offset: i64,
    /// The leader epoch of that offset: without it a reader does not notice truncation (KIP-320).
    pub leader_epoch: Option<i32>,
}

/// A topic to create.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewTopic {
    /// The Kafka topic.
    pub topic: String,
    /// How many partitions.
    pub partitions: i32,
    /// How many replicas.
    pub replication_factor: i32,
    /// Topic configuration by Kafka's own names.
    pub config: Vec<(String, String)>,
}

/// How a reader reads.
#[derive(Clone, Copy, Debug)]
pub struct ReaderOptions {
    /// Which records it sees.
    pub isolation: Isolation,
}

/// How a writer writes.
#[derive(Clone, Copy, Debug)]
pub struct WriterOptions {
    /// After this long a record that the broker has not acknowledged is given up.
    pub delivery_timeout: std::time::Duration,
}

/// A partition to read.
#[derive(Clone, Debug)]
pub struct Assignment {
    /// The caller's name for it.
    pub slot: u32,
    /// The partition.
    pub at: TopicPartition,
    /// The first offset to read.
    pub from: i64,
    /// The leader epoch that came with the offset.
    pub leader_epoch: Option<i32>,
}

/// Why a partition stopped.
#[derive(Clone, Debug)]
pub enum StopReason {
    /// The next offset is gone: retention, delete-records, truncation. Records from `at` on may
    /// have been lost.
    OffsetGone(ProbeError),
    /// A batch failed its checksum again and again.
    Corrupt(ProbeError),
    /// The topic is not known any more.
    TopicGone,
    /// The principal may not read it.
    NotAuthorized(ProbeError),
}

/// A record as the client holds it; nothing outlives the call that hands it over.
#[derive(Debug)]
pub struct RecordRef<'a> {
    /// The caller's name for the partition.
    pub slot: u32,
    /// The offset.
    pub offset: i64,
    /// Milliseconds since the epoch; `None` when the record has none.
    pub timestamp: Option<i64>,
    /// Whether the broker set the timestamp when it appended (LogAppendTime).
    pub log_append_time: bool,
    /// The key.
    pub key: Option<&'a [u8]>,
    /// The value; `None` is a tombstone.
    pub value: Option<&'a [u8]>,
    /// The headers in order; a name may repeat, a value may be null. A name that is not UTF-8 is
    /// handed over with its bad bytes replaced.
    pub headers: &'a [(&'a str, Option<&'a [u8]>)],
}

/// A record on its way out.
#[derive(Clone, Debug)]
pub struct OutgoingRecord {
    /// The Kafka topic.
    pub topic: Arc<str>,
    /// The partition, or the client's choice by key.
    pub partition: Option<i32>,
    /// Milliseconds since the epoch, or now.
    pub timestamp: Option<i64>,
    /// The key.
    pub key: Option<bytes::Bytes>,
    /// The value; `None` is a tombstone.
    pub value: Option<bytes::Bytes>,
    /// The headers in order.
    pub headers: Vec<(String, Option<bytes::Bytes>)>,
}

/// Why a record was not queued.
#[derive(Debug)]
pub enum SendError {
    /// The queue is full: poll and try again.
    Full,
    /// It will never be accepted.
    Failed(ProbeError),
}

/// What became of a record.
#[derive(Debug)]
pub struct Delivery {
    /// The caller's token.
    pub token: u64,
    /// Where it went, or why it did not. The error's context says under `delivery` whether the
    /// record may be in the log all the same: `none` or `unknown`.
    pub result: Result<Delivered>,
}

/// A broker's acknowledgement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Delivered {
    /// The partition.
    pub partition: i32,
    /// The offset.
    pub offset: i64,
    /// Milliseconds since the epoch, as the broker reported it.
    pub timestamp: Option<i64>,
}
