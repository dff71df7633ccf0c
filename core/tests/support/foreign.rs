//! Another client on the same cluster: rust-rdkafka, for what the engine itself never does.

use std::sync::Arc;
use std::time::Duration;

use rdkafka::admin::{AdminClient, AdminOptions, NewPartitions};
use rdkafka::client::DefaultClientContext;
use rdkafka::config::ClientConfig;
use rdkafka::consumer::{BaseConsumer, CommitMode, Consumer};
use rdkafka::message::{Header, OwnedHeaders};
use rdkafka::producer::{BaseProducer, BaseRecord, Producer};
use rdkafka::topic_partition_list::{Offset, TopicPartitionList};

use super::LONG;
use super::kafka::shared;

fn config(bootstrap_servers: &str) -> ClientConfig {
    let mut config = ClientConfig::new();
    config.set("bootstrap.servers", bootstrap_servers);
    config
}

fn admin(bootstrap_servers: &str) -> AdminClient<DefaultClientContext> {
    config(bootstrap_servers).create().expect("an admin client")
}

/// Writes a record as it is, to any partition, and waits until it is acknowledged.
pub(crate) fn record(
    bootstrap_servers: &str,
    topic: &str,
    headers: &[(&str, &str)],
    key: Option<&str>,
    value: Option<&[u8]>,
) {
    let producer: BaseProducer =
        config(bootstrap_servers).set("linger.ms", "0").create().expect("a producer");
    let mut all = OwnedHeaders::new();
    for (name, value) in headers {
        all = all.insert(Header { key: name, value: Some(*value) });
    }
    let mut record = BaseRecord::<[u8], [u8]>::to(topic).headers(all);
    if let Some(key) = key {
        record = record.key(key.as_bytes());
    }
    if let Some(value) = value {
        record = record.payload(value);
    }
    assert!(producer.send(record).is_ok(), "not queued");
    producer.flush(LONG).expect("delivered");
}

/// A client that writes records as they are, one after the other.
#[derive(Clone)]
pub(crate) struct Foreign(Arc<BaseProducer>);

impl Foreign {
    pub(crate) fn new(bootstrap_servers: &str) -> Self {
        Self(Arc::new(config(bootstrap_servers).set("linger.ms", "0").create().expect("a producer")))
    }

    /// Writes a record; returns once it is acknowledged.
    pub(crate) async fn send(
        &self,
        topic: &str,
        partition: i32,
        headers: &[(String, String)],
        key: String,
        value: Option<String>,
    ) {
        let (producer, topic, headers) = (self.0.clone(), topic.to_owned(), owned(headers));
        let sent = tokio::task::spawn_blocking(move || {
            let record = BaseRecord::to(&topic).partition(partition).key(&key).headers(headers);
            let record = match &value {
                Some(value) => record.payload(value),
                None => record,
            };
            producer.send::<String, String>(record).map_err(|(error, _)| error).expect("queued");
            producer.flush(LONG).expect("delivered");
        });
        sent.await.expect("joined");
    }
}

fn owned(headers: &[(String, String)]) -> OwnedHeaders {
    let add = |all: OwnedHeaders, (name, value): &(String, String)| {
        all.insert(Header { key: name, value: Some(value) })
    };
    headers.iter().fold(OwnedHeaders::new(), add)
}

/// A transactional producer.
pub(crate) struct Transactions(BaseProducer);

impl Transactions {
    pub(crate) fn open(bootstrap_servers: &str) -> Self {
        let id = uuid::Uuid::new_v4().to_string();
        let producer: BaseProducer = config(bootstrap_servers)
            .set("transactional.id", id)
            .set("linger.ms", "0")
            .create()
            .expect("a producer");
        producer.init_transactions(LONG).expect("initialised");
        Self(producer)
    }

    /// Begins a transaction and writes records to partition 0, acknowledged.
    /// Opens a transaction with one record in it, of nobody, on the brokers that the tests share.
    pub(crate) async fn begun(topic: &str) -> Self {
        let topic = topic.to_owned();
        let begun = tokio::task::spawn_blocking(move || {
            let transactions = Self::open(shared());
            transactions.begin(&topic, &["{}"]);
            transactions
        });
        begun.await.expect("a transaction")
    }

    pub(crate) fn begin(&self, topic: &str, values: &[&str]) {
        self.0.begin_transaction().expect("begun");
        for value in values {
            let record = BaseRecord::<(), str>::to(topic).partition(0).payload(*value);
            self.0.send(record).map_err(|(error, _)| error).expect("queued");
        }
        self.0.flush(LONG).expect("flushed");
    }

    /// Begins a transaction with one record in partition 0, acknowledged.
    pub(crate) fn begin_with(
        &self,
        topic: &str,
        headers: &[(String, String)],
        key: &str,
        value: Option<&str>,
    ) {
        self.0.begin_transaction().expect("begun");
        let record = BaseRecord::to(topic).partition(0).key(key).headers(owned(headers));
        let record = match value {
            Some(value) => record.payload(value),
            None => record,
        };
        self.0.send::<str, str>(record).map_err(|(error, _)| error).expect("queued");
        self.0.flush(LONG).expect("flushed");
    }

    pub(crate) fn commit(&self) {
        self.0.commit_transaction(LONG).expect("committed");
    }

    pub(crate) fn abort(&self) {
        self.0.abort_transaction(LONG).expect("aborted");
    }
}

/// Deletes the records below an offset of partition 0.
pub(crate) async fn delete_records(bootstrap_servers: &str, topic: &str, before: i64) {
    let mut offsets = TopicPartitionList::new();
    offsets.add_partition_offset(topic, 0, Offset::Offset(before)).expect("an offset");
    admin(bootstrap_servers).delete_records(&offsets, &AdminOptions::new()).await.expect("deleted");
}

/// Deletes a topic.
pub(crate) async fn delete_topic(bootstrap_servers: &str, topic: &str) {
    let results =
        admin(bootstrap_servers).delete_topics(&[topic], &AdminOptions::new()).await.expect("asked");
    assert!(results.iter().all(Result::is_ok), "{results:?}");
}

/// Gives a topic more partitions.
pub(crate) async fn grow(bootstrap_servers: &str, topic: &str, partitions: usize) {
    let request = NewPartitions::new(topic, partitions);
    let results =
        admin(bootstrap_servers).create_partitions(&[request], &AdminOptions::new()).await.expect("asked");
    assert!(results.iter().all(Result::is_ok), "{results:?}");
}

/// Returns the committed offset of partition 0.
pub(crate) fn committed(bootstrap_servers: &str, group: &str, topic: &str) -> Option<i64> {
    let consumer: BaseConsumer = config(bootstrap_servers)
        .set("group.id", group)
        .set("enable.auto.commit", "false")
        .create()
        .expect("made");
    let mut asked = TopicPartitionList::new();
    asked.add_partition(topic, 0);
    let answered = consumer.committed_offsets(asked, Duration::from_secs(20)).expect("answered");
    match answered.elements()[0].offset() {
        Offset::Offset(offset) => Some(offset),
        _ => None,
    }
}

/// Commits offsets for a group, as a consumer does that nobody else is in the group with.
pub(crate) async fn commit(
    bootstrap_servers: &'static str,
    group: &str,
    topic: &str,
    offsets: &[(i32, i64)],
) {
    let mut list = TopicPartitionList::new();
    for (partition, offset) in offsets {
        list.add_partition_offset(topic, *partition, Offset::Offset(*offset)).expect("an offset");
    }
    let group = group.to_owned();
    let committed = tokio::task::spawn_blocking(move || {
        let consumer: BaseConsumer = config(bootstrap_servers)
            .set("group.id", &group)
            .set("enable.auto.commit", "false")
            .create()
            .expect("made");
        consumer.commit(&list, CommitMode::Sync).expect("committed");
    });
    committed.await.expect("joined");
}

/// Returns the broker that leads partition 0.
pub(crate) fn leader(bootstrap_servers: &str, topic: &str) -> i32 {
    let consumer: BaseConsumer = config(bootstrap_servers).create().expect("made");
    let metadata = consumer.fetch_metadata(Some(topic), Duration::from_secs(20)).expect("answered");
    metadata.topics()[0].partitions()[0].leader()
}
