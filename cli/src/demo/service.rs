//! The system under test of the demonstration: a service with a Kafka client of its own, which knows nothing
//! of test-probe.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use rdkafka::ClientConfig;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::KafkaResult;
use rdkafka::message::{BorrowedMessage, Header, Headers, Message, OwnedHeaders};
use rdkafka::producer::{BaseProducer, BaseRecord, Producer};
use rdkafka::{Offset, TopicPartitionList};

/// The order whose answer comes without the test's id.
pub(super) const FORGETFUL: &str = "order-2";

const TURN: Duration = Duration::from_millis(20);
const FLUSH: Duration = Duration::from_secs(5);

/// The running service.
pub(super) struct Service {
    ended: Arc<AtomicBool>,
    thread: JoinHandle<KafkaResult<()>>,
}

impl Service {
    /// Starts it; it reads the orders from their beginning, so that it misses none.
    pub(super) fn start(servers: &str) -> KafkaResult<Self> {
        let mut config = ClientConfig::new();
        config.set("bootstrap.servers", servers).set("linger.ms", "0").set("group.id", "stub-service");
        let consumer: BaseConsumer = config.create()?;
        let producer: BaseProducer = config.create()?;
        let mut orders = TopicPartitionList::new();
        orders.add_partition_offset("orders", 0, Offset::Beginning)?;
        // Clients that know their topics begin at once, and not half a second later.
        consumer.fetch_metadata(Some("orders"), FLUSH)?;
        consumer.assign(&orders)?;
        producer.client().fetch_metadata(Some("confirmations"), FLUSH)?;
        let ended = Arc::new(AtomicBool::new(false));
        let end = ended.clone();
        let thread = std::thread::spawn(move || serve(&consumer, &producer, &end));
        Ok(Self { ended, thread })
    }

    /// Stops it; returns what went wrong in it, if anything did.
    pub(super) fn stop(self) -> KafkaResult<()> {
        self.ended.store(true, Ordering::Relaxed);
        self.thread.join().unwrap_or(Err(rdkafka::error::KafkaError::Canceled))
    }
}

fn serve(consumer: &BaseConsumer, producer: &BaseProducer, end: &AtomicBool) -> KafkaResult<()> {
    while !end.load(Ordering::Relaxed) {
        producer.poll(Duration::ZERO);
        if let Some(order) = consumer.poll(TURN) {
            answer(producer, &order?)?;
        }
    }
    producer.flush(FLUSH)
}

/// Confirms an order, with its headers, as services do that pass on what they do not know.
fn answer(producer: &BaseProducer, order: &BorrowedMessage<'_>) -> KafkaResult<()> {
    let value = order.payload().unwrap_or_default();
    let is = |header: &Header<'_, &[u8]>, key: &str, value: &str| {
        header.key == key && header.value == Some(value.as_bytes())
    };
    let headers = order.headers();
    let forgets = headers
        .is_some_and(|headers| headers.iter().any(|header| is(&header, "ce_correlationid", FORGETFUL)));
    let mut answered = OwnedHeaders::new();
    let kind = if forgets { "OrderForgotten" } else { "OrderConfirmed" };
    answered = answered.insert(Header { key: "ce_type", value: Some(kind) });
    for header in headers.iter().flat_map(|headers| headers.iter()) {
        let belongs_to_the_test = header.key == "ce_testid";
        if header.key != "ce_type" && !(forgets && belongs_to_the_test) {
            answered = answered.insert(header);
        }
    }
    let record = BaseRecord::<[u8], [u8]>::to("confirmations").payload(value).headers(answered);
    producer.send(record).map_err(|(error, _)| error)
}
