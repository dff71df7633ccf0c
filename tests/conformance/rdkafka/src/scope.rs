//! What a check works with: names of its own, clients with short waits, and ways to wait.

use std::fmt::Debug;
use std::future::Future;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use rdkafka::admin::{AdminClient, AdminOptions, NewTopic, TopicReplication};
use rdkafka::client::{ClientContext, DefaultClientContext};
use rdkafka::config::{ClientConfig, RDKafkaLogLevel};
use rdkafka::consumer::{BaseConsumer, CommitMode, Consumer, ConsumerContext, Rebalance};
use rdkafka::error::{KafkaError, KafkaResult, RDKafkaErrorCode};
use rdkafka::message::{DeliveryResult, Message, OwnedMessage};
use rdkafka::producer::{BaseRecord, Producer, ProducerContext, ThreadedProducer};
use rdkafka::{Offset, TopicPartitionList};

/// The longest wait of one call; the check as a whole has a deadline too.
pub(crate) const WAIT: Duration = Duration::from_secs(10);

/// Settings as `(name, value)`.
pub(crate) type Settings<'a> = &'a [(&'a str, &'a str)];

/// One check's view of the cluster.
pub(crate) struct Scope {
    id: String,
    servers: String,
    runtime: tokio::runtime::Handle,
    count: AtomicU32,
}

impl Scope {
    pub(crate) fn new(check: &str, servers: &str, runtime: tokio::runtime::Handle) -> Self {
        let name: String =
            check.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).take(60).collect();
        let id = format!("rs-{name}-{:x}", now_ms() ^ i64::from(std::process::id()));
        Self { id, servers: servers.to_owned(), runtime, count: AtomicU32::new(0) }
    }

    /// Returns a name that nobody else uses.
    pub(crate) fn name(&self, kind: &str) -> String {
        format!("{}-{kind}-{}", self.id, self.count.fetch_add(1, Ordering::Relaxed))
    }

    /// Waits for a future of the client.
    pub(crate) fn wait<F: Future>(&self, future: F) -> F::Output {
        self.runtime.block_on(future)
    }

    /// Returns a handle whose tasks run behind the checks.
    pub(crate) fn enter(&self) -> tokio::runtime::EnterGuard<'_> {
        self.runtime.enter()
    }

    pub(crate) fn servers(&self) -> Vec<&str> {
        self.servers.split(',').collect()
    }

    /// Returns settings for a client; those given win.
    pub(crate) fn config(&self, settings: Settings<'_>) -> ClientConfig {
        let mut config = ClientConfig::new();
        config.set_log_level(RDKafkaLogLevel::Emerg);
        config.set("bootstrap.servers", &self.servers).set("client.id", &self.id);
        for (name, value) in settings {
            config.set(*name, *value);
        }
        config
    }

    pub(crate) fn admin(&self) -> AdminClient<DefaultClientContext> {
        self.config(&[]).create().expect("an admin client was made")
    }

    /// Makes a topic with default settings.
    pub(crate) fn topic(&self, partitions: i32) -> String {
        self.topic_with(partitions, &[])
    }

    /// Makes a topic and waits until it is known.
    pub(crate) fn topic_with(&self, partitions: i32, settings: Settings<'_>) -> String {
        let name = self.name("topic");
        self.make(&name, partitions, settings);
        name
    }

    /// Makes a topic of this name and waits until it is known.
    pub(crate) fn make(&self, name: &str, partitions: i32, settings: Settings<'_>) {
        let mut topic = NewTopic::new(name, partitions, TopicReplication::Fixed(1));
        for (name, value) in settings {
            topic = topic.set(name, value);
        }
        let admin = self.admin();
        let made = self
            .wait(admin.create_topics([&topic], &AdminOptions::new()))
            .expect("create topics was answered");
        assert_eq!(made, [Ok(name.to_owned())]);
        let eyes = self.consumer(&[]);
        until("the topic has its leaders", || partitions_of(&eyes, name) == Some(partitions as usize));
    }

    /// Makes a topic of one partition that holds these values.
    pub(crate) fn filled(&self, values: &[&str]) -> String {
        let topic = self.topic(1);
        self.producer(&[]).send_all(&topic, values);
        topic
    }

    pub(crate) fn producer(&self, settings: Settings<'_>) -> Reporting {
        let mut config = self.config(&[("linger.ms", "0"), ("message.timeout.ms", "8000")]);
        for (name, value) in settings {
            config.set(*name, *value);
        }
        Reporting(config.create_with_context(Reports::default()).expect("a producer was made"))
    }

    /// Returns a producer with an initialised transactional id.
    pub(crate) fn transactional(&self, settings: Settings<'_>) -> Reporting {
        let id = self.name("transaction");
        let mut all = vec![("transactional.id", id.as_str()), ("transaction.timeout.ms", "20000")];
        all.extend_from_slice(settings);
        let producer = self.producer(&all);
        producer.0.init_transactions(WAIT).expect("transactions were initialised");
        producer
    }

    /// Returns a consumer of a group of its own, which reads from the start and commits nothing by itself.
    pub(crate) fn consumer(&self, settings: Settings<'_>) -> BaseConsumer<Watch> {
        let group = self.name("group");
        let mut config = self.config(&[
            ("group.id", &group),
            ("auto.offset.reset", "earliest"),
            ("enable.auto.commit", "false"),
            ("fetch.wait.max.ms", "50"),
            ("session.timeout.ms", "6000"),
            ("heartbeat.interval.ms", "200"),
            ("topic.metadata.refresh.interval.ms", "500"),
        ]);
        for (name, value) in settings {
            config.set(*name, *value);
        }
        config.create_with_context(Watch::default()).expect("a consumer was made")
    }

    /// Returns a consumer that is assigned partition 0 of the topic from an offset on.
    pub(crate) fn reader(&self, topic: &str, offset: Offset, settings: Settings<'_>) -> BaseConsumer<Watch> {
        let consumer = self.consumer(settings);
        consumer.assign(&at(topic, 0, offset)).expect("the partition was assigned");
        consumer
    }

    /// Returns a consumer that is subscribed to the topic.
    pub(crate) fn member(&self, topic: &str, settings: Settings<'_>) -> BaseConsumer<Watch> {
        let consumer = self.consumer(settings);
        consumer.subscribe(&[topic]).expect("the topic was subscribed");
        consumer
    }
}

/// Counts the partitions of a topic when all have a leader; a consumer does not make a topic by asking for it.
pub(crate) fn partitions_of(eyes: &BaseConsumer<Watch>, topic: &str) -> Option<usize> {
    let metadata = eyes.fetch_metadata(Some(topic), WAIT).expect("metadata was answered");
    let topic = metadata.topics().iter().find(|one| one.name() == topic)?;
    let all_led = topic.error().is_none() && topic.partitions().iter().all(|one| one.error().is_none());
    all_led.then(|| topic.partitions().len())
}

/// Waits until a condition holds.
#[track_caller]
pub(crate) fn until(what: &str, mut condition: impl FnMut() -> bool) {
    let end = Instant::now() + WAIT;
    while !condition() {
        assert!(Instant::now() < end, "gave up waiting until {what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

pub(crate) fn now_ms() -> i64 {
    SystemTime::now().duration_since(UNIX_EPOCH).expect("the clock is after 1970").as_millis() as i64
}

/// Returns a list of one partition.
pub(crate) fn at(topic: &str, partition: i32, offset: Offset) -> TopicPartitionList {
    let mut list = TopicPartitionList::new();
    list.add_partition_offset(topic, partition, offset).expect("the offset was fit");
    list
}

/// Requires an error of this code, whatever call it came from.
#[track_caller]
pub(crate) fn refused<T: Debug>(result: KafkaResult<T>, code: RDKafkaErrorCode) {
    let error = result.expect_err("the call had to be refused");
    let got = match &error {
        KafkaError::Transaction(inner) => Some(inner.code()),
        other => other.rdkafka_error_code(),
    };
    assert_eq!(got, Some(code), "{error}");
}

/// What a delivery report said: partition and offset, or the code of the error.
pub(crate) type Delivery = Result<(i32, i64), RDKafkaErrorCode>;

/// Keeps the delivery reports in the order in which they came.
#[derive(Default)]
pub(crate) struct Reports(Mutex<Vec<Delivery>>);

impl ClientContext for Reports {}

impl ProducerContext for Reports {
    type DeliveryOpaque = ();

    fn delivery(&self, result: &DeliveryResult<'_>, (): ()) {
        let delivery = match result {
            Ok(message) => Ok((message.partition(), message.offset())),
            Err((error, _)) => Err(error.rdkafka_error_code().expect("a delivery error has a code")),
        };
        self.0.lock().expect("no report panics").push(delivery);
    }
}

/// A producer whose delivery reports are kept.
pub(crate) struct Reporting(pub(crate) ThreadedProducer<Reports>);

impl Reporting {
    /// Queues a record.
    pub(crate) fn queue(&self, record: BaseRecord<'_, str, str>) {
        self.0.send(record).map_err(|(error, _)| error).expect("the record was queued");
    }

    /// Sends a record and returns what was reported of it.
    pub(crate) fn send(&self, record: BaseRecord<'_, str, str>) -> Delivery {
        let before = self.reports().len();
        self.queue(record);
        until("the delivery was reported", || self.reports().len() > before);
        self.reports()[before]
    }

    /// Sends values without keys to partition 0 and requires that all are delivered.
    #[track_caller]
    pub(crate) fn send_all(&self, topic: &str, values: &[&str]) {
        let before = self.reports().len();
        for value in values {
            self.queue(BaseRecord::to(topic).payload(*value).partition(0));
        }
        self.0.flush(WAIT).expect("the producer was flushed");
        until("all deliveries were reported", || self.reports().len() == before + values.len());
        for report in &self.reports()[before..] {
            assert!(report.is_ok(), "a delivery failed: {report:?}");
        }
    }

    pub(crate) fn reports(&self) -> Vec<Delivery> {
        self.0.context().0.lock().expect("no report panics").clone()
    }
}

/// Keeps what a consumer was told of its group.
#[derive(Default)]
pub(crate) struct Watch {
    rebalances: Mutex<Vec<String>>,
}

impl ClientContext for Watch {}

impl ConsumerContext for Watch {
    fn pre_rebalance(&self, _: &BaseConsumer<Self>, rebalance: &Rebalance<'_>) {
        let said = match rebalance {
            Rebalance::Assign(list) => format!("assign {:?}", partitions(list)),
            Rebalance::Revoke(list) => format!("revoke {:?}", partitions(list)),
            Rebalance::Error(error) => format!("error {error}"),
        };
        self.rebalances.lock().expect("no callback panics").push(said);
    }
}

impl Watch {
    /// Returns the rebalances so far, such as `assign [0, 1]`.
    pub(crate) fn rebalances(&self) -> Vec<String> {
        self.rebalances.lock().expect("no callback panics").clone()
    }
}

/// Returns the partitions of a list in their order.
pub(crate) fn partitions(list: &TopicPartitionList) -> Vec<i32> {
    let mut all: Vec<i32> = list.elements().iter().map(|one| one.partition()).collect();
    all.sort_unstable();
    all
}

/// Returns the partitions that a consumer has now.
pub(crate) fn held(consumer: &BaseConsumer<Watch>) -> Vec<i32> {
    partitions(&consumer.assignment().expect("the assignment was told"))
}

/// Polls the members in turn until a condition on what they hold is true; returns the records that came.
#[track_caller]
pub(crate) fn settle(
    members: &[&BaseConsumer<Watch>],
    mut condition: impl FnMut(&[Vec<i32>]) -> bool,
) -> Vec<OwnedMessage> {
    let mut records = Vec::new();
    let mut held_now = Vec::new();
    let end = Instant::now() + WAIT;
    loop {
        for member in members {
            if let Some(record) = member.poll(Duration::from_millis(10)) {
                records.push(record.expect("no error came").detach());
            }
        }
        held_now.clear();
        held_now.extend(members.iter().map(|member| held(member)));
        if condition(&held_now) {
            return records;
        }
        assert!(Instant::now() < end, "the members never held what was expected, but {held_now:?}");
    }
}

/// Reads until this many records came.
#[track_caller]
pub(crate) fn read(consumer: &BaseConsumer<Watch>, count: usize) -> Vec<OwnedMessage> {
    let mut records = Vec::new();
    let end = Instant::now() + WAIT;
    while records.len() < count {
        if let Some(record) = consumer.poll(Duration::from_millis(100)) {
            records.push(record.expect("no error came").detach());
        }
        assert!(Instant::now() < end, "only {} of {count} records came", records.len());
    }
    records
}

/// Reads through the record of this value and returns the values of all.
#[track_caller]
pub(crate) fn read_through(consumer: &BaseConsumer<Watch>, last: &str) -> Vec<String> {
    let mut values: Vec<String> = Vec::new();
    while values.last().is_none_or(|value| value != last) {
        values.extend(read(consumer, 1).iter().map(value));
    }
    values
}

/// Returns the payload as text; one that is null reads `(null)`.
pub(crate) fn value(record: &OwnedMessage) -> String {
    record.payload().map_or_else(|| "(null)".to_owned(), |bytes| String::from_utf8_lossy(bytes).into_owned())
}

/// Returns the offset that the group of a consumer committed for a partition.
pub(crate) fn committed(consumer: &BaseConsumer<Watch>, topic: &str, partition: i32) -> Offset {
    let asked = at(topic, partition, Offset::Invalid);
    let list = consumer.committed_offsets(asked, WAIT).expect("committed offsets were answered");
    list.elements()[0].offset()
}

/// Commits one offset and waits for the answer.
pub(crate) fn commit(
    consumer: &BaseConsumer<Watch>,
    topic: &str,
    partition: i32,
    offset: i64,
) -> KafkaResult<()> {
    consumer.commit(&at(topic, partition, Offset::Offset(offset)), CommitMode::Sync)
}

/// Waits for the next error of a consumer; records that come before it are dropped.
#[track_caller]
pub(crate) fn next_error(consumer: &BaseConsumer<Watch>) -> KafkaError {
    let end = Instant::now() + WAIT;
    loop {
        if let Some(Err(error)) = consumer.poll(Duration::from_millis(100)) {
            return error;
        }
        assert!(Instant::now() < end, "no error came");
    }
}
