//! Brokers that come and go under a real client.

use std::collections::BTreeMap;
use std::net::TcpStream;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use rdkafka::config::ClientConfig;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::message::Message;
use rdkafka::producer::{BaseProducer, BaseRecord, DeliveryResult, Producer, ProducerContext};
use rdkafka::{ClientContext, Offset, TopicPartitionList};
use test_probe_embedded::{BrokerError, EmbeddedKafka, Options};

const PARTITIONS: i32 = 3;
const WAIT: Duration = Duration::from_secs(60);

fn three() -> EmbeddedKafka {
    let options = Options { default_partitions: PARTITIONS, ..Options::with_brokers(3) };
    EmbeddedKafka::start(options).expect("the cluster starts")
}

fn client(kafka: &EmbeddedKafka) -> ClientConfig {
    let mut config = ClientConfig::new();
    config
        .set("bootstrap.servers", kafka.bootstrap_servers())
        .set("reconnect.backoff.ms", "5")
        .set("reconnect.backoff.max.ms", "50")
        .set("retry.backoff.ms", "5")
        .set("topic.metadata.refresh.fast.interval.ms", "10");
    config
}

/// Fails the test when a record that was to be delivered was not.
struct NoneLost;

impl ClientContext for NoneLost {}

impl ProducerContext for NoneLost {
    type DeliveryOpaque = ();

    fn delivery(&self, result: &DeliveryResult<'_>, (): ()) {
        if let Err((error, _)) = result {
            panic!("a record was not delivered: {error}");
        }
    }
}

/// Reads what is in all partitions of a topic, as each partition has it.
fn read(kafka: &EmbeddedKafka, topic: &str, expected: usize) -> BTreeMap<i32, Vec<u32>> {
    let consumer: BaseConsumer =
        client(kafka).set("group.id", "reader").create().expect("a consumer is created");
    let mut places = TopicPartitionList::new();
    for partition in 0..PARTITIONS {
        places.add_partition_offset(topic, partition, Offset::Beginning).expect("a place");
    }
    consumer.assign(&places).expect("places are assigned");
    let mut found: BTreeMap<i32, Vec<u32>> = BTreeMap::new();
    let until = Instant::now() + WAIT;
    while found.values().map(Vec::len).sum::<usize>() < expected {
        assert!(Instant::now() < until, "only {found:?} came");
        if let Some(Ok(message)) = consumer.poll(Duration::from_millis(100)) {
            let value = message.payload().and_then(|value| std::str::from_utf8(value).ok());
            let number = value.and_then(|value| value.parse().ok()).expect("a number");
            found.entry(message.partition()).or_default().push(number);
        }
    }
    // Whatever came twice would come now.
    for partition in 0..PARTITIONS {
        let (_, end) = consumer.fetch_watermarks(topic, partition, WAIT).expect("watermarks");
        assert_eq!(end, found.get(&partition).map_or(0, Vec::len) as i64, "end of partition {partition}");
    }
    found
}

/// One broker after the other goes and comes back, and leaders move besides.
fn shake(kafka: &EmbeddedKafka, topic: &str) {
    for broker in kafka.brokers() {
        kafka.stop_broker(broker.id).expect("a broker stops");
        std::thread::sleep(Duration::from_millis(30));
        kafka.start_broker(broker.id).expect("a broker starts");
        for partition in 0..PARTITIONS {
            kafka.move_leader(topic, partition, broker.id).expect("a leader moves");
        }
        std::thread::sleep(Duration::from_millis(30));
    }
}

#[test]
fn no_record_is_lost_doubled_or_moved_while_brokers_and_leaders_change() {
    let kafka = three();
    let producer: BaseProducer<NoneLost> = client(&kafka)
        .set("enable.idempotence", "true")
        .set("acks", "all")
        .set("linger.ms", "1")
        .create_with_context(NoneLost)
        .expect("a producer is created");
    let metadata = || producer.client().fetch_metadata(Some("t"), WAIT).expect("metadata");
    let until = Instant::now() + WAIT;
    while metadata().topics()[0].partitions().is_empty() {
        assert!(Instant::now() < until, "the topic was not made");
    }
    let is_over = AtomicBool::new(false);
    let mut sent = 0_u32;
    std::thread::scope(|scope| {
        scope.spawn(|| {
            for _ in 0..5 {
                shake(&kafka, "t");
            }
            is_over.store(true, Ordering::Release);
        });
        while !is_over.load(Ordering::Acquire) {
            let (value, partition) = (sent.to_string(), sent as i32 % PARTITIONS);
            let record = BaseRecord::<(), _>::to("t").payload(&value).partition(partition);
            producer.send(record).map_err(|(error, _)| error).expect("a record is taken");
            sent += 1;
            producer.poll(Duration::from_millis(1));
        }
    });
    producer.flush(WAIT).expect("every record is delivered");
    assert!(sent > 100, "only {sent} records were sent meanwhile");
    let found = read(&kafka, "t", sent as usize);
    for (partition, values) in found {
        let expected: Vec<u32> = (0..sent).filter(|value| *value as i32 % PARTITIONS == partition).collect();
        assert_eq!(values, expected, "partition {partition}");
    }
}

#[test]
fn a_stopped_broker_refuses_connections_cuts_those_it_had_and_comes_back_where_it_was() {
    use std::io::Read;
    let kafka = three();
    let address = kafka.brokers()[1].address;
    let mut connection = TcpStream::connect(address).expect("the broker listens");
    connection.set_read_timeout(Some(WAIT)).expect("a timeout");
    for _ in 0..3 {
        kafka.stop_broker(2).expect("it stops");
        assert!(TcpStream::connect(address).is_err(), "nobody listens");
        let ended = matches!(connection.read(&mut [0; 1]), Ok(0) | Err(_));
        assert!(ended, "the connection ended");
        let up: Vec<bool> = kafka.brokers().iter().map(|broker| broker.up).collect();
        assert_eq!(up, [true, false, true]);
        kafka.stop_broker(2).expect("once more is no error");
        kafka.start_broker(2).expect("it starts");
        kafka.start_broker(2).expect("once more is no error");
        connection = TcpStream::connect(address).expect("it listens where it did");
        connection.set_read_timeout(Some(WAIT)).expect("a timeout");
        assert_eq!(kafka.brokers()[1].address, address);
    }
    assert!(matches!(kafka.stop_broker(9), Err(BrokerError::UnknownBroker(9))));
}

#[test]
fn a_partition_without_another_replica_is_there_again_with_its_broker() {
    let kafka = EmbeddedKafka::start(Options { default_partitions: PARTITIONS, ..Options::default() })
        .expect("the cluster starts");
    let producer: BaseProducer<NoneLost> =
        client(&kafka).create_with_context(NoneLost).expect("a producer is created");
    let send = |value: &str| {
        let record = BaseRecord::<(), _>::to("t").payload(value).partition(0);
        producer.send(record).map_err(|(error, _)| error).expect("a record is taken");
    };
    send("1");
    producer.flush(WAIT).expect("it is delivered");
    kafka.stop_broker(1).expect("it stops");
    send("2");
    kafka.start_broker(1).expect("it starts");
    producer.flush(WAIT).expect("it is delivered");
    assert_eq!(read(&kafka, "t", 2), BTreeMap::from([(0, vec![1, 2])]));
}
