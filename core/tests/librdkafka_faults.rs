//! The Kafka client against brokers that freeze, die or corrupt what they send.

mod support;

use std::time::{Duration, Instant};

use support::drive::{Driven, Written, record};
use support::kafka::{shared, to_harm};
use support::proxy::Proxy;
use support::{LONG, connect, new_topic, offset, soon};
use test_probe::ErrorCode;
use test_probe::broker::librdkafka::reaper;
use test_probe::broker::{Isolation, OffsetSpec, StopReason, TopicPartition};
use test_probe::runtime::Deadline;

/// A drop or close that takes this long waited for something.
const AT_ONCE: Duration = Duration::from_millis(50);

/// Short enough to wait for, long enough to be answered by a broker that can.
fn briefly() -> Deadline {
    Deadline::after(Duration::from_millis(700))
}

// Trap 1: librdkafka reports success with offset -1001 when nobody answered.
#[tokio::test]
async fn offsets_that_a_frozen_broker_did_not_answer_are_errors() {
    let mut kafka = to_harm().await;
    let broker = connect(&kafka.bootstrap_servers);
    let topic = new_topic(&*broker, 1, &[]).await;
    let at = TopicPartition::new(topic.as_str(), 0);
    for spec in [OffsetSpec::Latest, OffsetSpec::Timestamp(5)] {
        offset(&*broker, &at, spec, Isolation::ReadUncommitted, soon()).await.expect("answered");
    }
    kafka.stop();
    let began = Instant::now();
    for spec in [OffsetSpec::Earliest, OffsetSpec::Latest, OffsetSpec::Timestamp(5)] {
        let listed = offset(&*broker, &at, spec, Isolation::ReadUncommitted, briefly()).await;
        assert_eq!(listed.expect_err("nobody answered").code(), ErrorCode::BrokerUnreachable);
    }
    let error = broker.describe(vec![topic], briefly()).await.expect_err("nobody answered");
    assert_eq!(error.code(), ErrorCode::BrokerUnreachable);
    assert!(began.elapsed() < Duration::from_secs(10), "{:?}", began.elapsed());
    kafka.cont();
    let listed = offset(&*broker, &at, OffsetSpec::Latest, Isolation::ReadUncommitted, soon()).await;
    assert_eq!(listed.expect("answered").expect("an offset").offset, 0);
}

// Trap 6: one batch with a wrong checksum must neither pass nor end the process.
#[tokio::test]
async fn a_batch_that_is_corrupted_on_its_way_stops_the_partition() {
    let direct = connect(shared());
    let topic = new_topic(&*direct, 1, &[]).await;
    let at = TopicPartition::new(topic.as_str(), 0);
    Written::open(&*direct, LONG).send(&record(&topic, "the-truth")).expect("delivered");

    let proxy = Proxy::start(shared(), b"the-truth");
    let broker = connect(&proxy.address);
    let mut reader = Driven::open(&*broker, Isolation::ReadCommitted);
    proxy.corrupt(true);
    reader.add(1, &at, 0);
    reader.until("the stop", |said| !said.stopped.is_empty());
    let (slot, stopped_at, why) = &reader.said.stopped[0];
    assert!(matches!(why, StopReason::Corrupt(_)), "{why:?}");
    assert_eq!((*slot, *stopped_at), (1, 0));
    assert!(reader.said.records.is_empty() && reader.said.progress.is_empty(), "{:?}", reader.said);
    reader.ticks(5);
    assert_eq!(reader.said.stopped.len(), 1, "it is said once");

    proxy.corrupt(false);
    reader.add(2, &at, 0);
    reader.until("the record", |said| said.progress.get(&2) == Some(&1));
    assert_eq!(reader.said.records[0].value.as_deref(), Some(b"the-truth".as_slice()));
}

// Trap 7: nothing rests on being told that all brokers are down.
#[tokio::test]
async fn a_reader_goes_on_at_the_exact_next_record_after_its_broker_came_back() {
    let mut kafka = to_harm().await;
    let broker = connect(&kafka.bootstrap_servers);
    let topic = new_topic(&*broker, 1, &[]).await;
    let at = TopicPartition::new(topic.as_str(), 0);
    let mut writer = Written::open(&*broker, LONG);
    let mut reader = Driven::open(&*broker, Isolation::ReadCommitted);
    reader.add(0, &at, 0);
    writer.send(&record(&topic, "0")).expect("delivered");
    reader.until("the first record", |said| said.records.len() == 1);

    kafka.kill();
    let listed = offset(&*broker, &at, OffsetSpec::Latest, Isolation::ReadUncommitted, briefly()).await;
    let error = listed.expect_err("nobody answered");
    assert_eq!(error.code(), ErrorCode::BrokerUnreachable);
    assert!(error.cause().is_some(), "the client said why: {error:?}");
    reader.ticks(3);
    assert!(reader.said.stopped.is_empty(), "{:?}", reader.said);
    assert!(reader.said.errors.iter().all(|(_, fatal)| !fatal), "{:?}", reader.said);

    kafka.restart();
    writer.send(&record(&topic, "1")).expect("delivered");
    reader.until("the second record", |said| said.progress.get(&0) == Some(&2));
    assert_eq!(reader.said.offsets(), [0, 1]);
    offset(&*broker, &at, OffsetSpec::Latest, Isolation::ReadUncommitted, soon()).await.expect("answered");
    assert!(broker.last_problem().is_none(), "an answer ends the problem");
}

#[tokio::test]
async fn a_record_that_no_broker_acknowledged_says_what_is_known_of_it() {
    let mut kafka = to_harm().await;
    let broker = connect(&kafka.bootstrap_servers);
    let topic = new_topic(&*broker, 1, &[]).await;
    let mut writer = Written::open(&*broker, Duration::from_secs(2));
    writer.send(&record(&topic, "0")).expect("delivered");
    kafka.stop();
    let error = writer.send(&record(&topic, "1")).expect_err("not acknowledged");
    kafka.cont();
    assert_eq!(error.code(), ErrorCode::ProduceFailed, "{error:?}");
    assert!(error.retriable());
    assert_eq!(error.context()["delivery"], "unknown", "it was on its way: {error:?}");
}

#[tokio::test]
async fn letting_go_takes_no_time_whatever_the_broker_does() {
    let mut kafka = to_harm().await;
    for harm in ["none", "stop", "kill"] {
        let broker = connect(&kafka.bootstrap_servers);
        let topic = new_topic(&*broker, 1, &[]).await;
        let at = TopicPartition::new(topic.as_str(), 0);
        let mut writer = Written::open(&*broker, LONG);
        writer.send(&record(&topic, "0")).expect("delivered");
        let mut reader = Driven::open(&*broker, Isolation::ReadCommitted);
        reader.add(0, &at, 0);
        reader.until("the record", |said| said.records.len() == 1);
        match harm {
            "stop" => kafka.stop(),
            "kill" => kafka.kill(),
            _ => {}
        }
        // Something is under way on each handle.
        writer.writer.send(&record(&topic, "1"), 1).expect("queued");
        let call = broker.describe(vec![topic], soon());
        let _ = tokio::time::timeout(Duration::from_millis(1), call).await;

        let began = Instant::now();
        drop(reader);
        let after_reader = began.elapsed();
        drop(writer);
        let after_writer = began.elapsed();
        broker.close();
        drop(broker);
        let all = began.elapsed();
        assert!(all < AT_ONCE, "{harm}: {after_reader:?}, {after_writer:?}, {all:?}");

        let deadline = Instant::now() + LONG;
        while reaper::pending() > 0 {
            assert!(Instant::now() < deadline, "{harm}: {} handles were left", reaper::pending());
            tokio::task::yield_now().await;
        }
        assert_eq!(reaper::leaked(), 0, "{harm}");
        match harm {
            "stop" => kafka.cont(),
            "kill" => kafka.restart(),
            _ => {}
        }
    }
}

#[tokio::test]
async fn a_cluster_that_is_not_there_is_named_with_the_cause() {
    // Nobody listens on the discard port of a machine without inetd.
    let broker = connect("127.0.0.1:9");
    let error = broker.describe(vec!["t".to_owned()], briefly()).await.expect_err("nobody answered");
    assert_eq!(error.code(), ErrorCode::BrokerUnreachable);
    assert!(error.message().contains("`default`"), "{error}");
    let cause = error.cause().expect("the client said why").message().to_owned();
    assert!(cause.contains("127.0.0.1:9"), "{cause}");
}
