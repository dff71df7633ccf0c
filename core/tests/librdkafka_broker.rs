//! The Kafka client against a real broker that stays healthy.

mod support;

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use support::drive::{Driven, Kept, Written, record};
use support::foreign::{self, Transactions};
use support::kafka::shared;
use support::{LONG, connect, new_topic, offset, soon};
use test_probe::ErrorCode;
use test_probe::broker::librdkafka::reaper;
use test_probe::broker::{
    Assignment, Broker, Isolation, NewTopic, OffsetQuery, OffsetSpec, OutgoingRecord, StopReason, TopicId,
    TopicPartition, TopicState,
};
use test_probe_embedded::faults::{Action, Api, Fault};
use test_probe_embedded::{EmbeddedKafka, Options};

async fn topic_id(broker: &dyn Broker, topic: &str) -> Option<TopicId> {
    let infos = broker.describe(vec![topic.to_owned()], soon()).await.expect("described");
    match &infos[0].state {
        TopicState::Known { id, .. } => Some(*id),
        TopicState::Unknown => None,
        TopicState::Failed(error) => panic!("{error:?}"),
    }
}

#[tokio::test]
async fn a_record_comes_back_as_it_was_sent() {
    let broker = connect(shared());
    let topic = new_topic(&*broker, 3, &[]).await;
    let mut writer = Written::open(&*broker, LONG);
    // Recent: retention deletes records by their own time.
    let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970");
    let an_hour_ago = i64::try_from(now.as_millis()).expect("fits") - 3_600_000;
    let full = OutgoingRecord {
        partition: Some(2),
        timestamp: Some(an_hour_ago),
        key: Some("key".into()),
        headers: vec![
            ("a".to_owned(), Some("1".into())),
            ("a".to_owned(), None),
            ("a".to_owned(), Some("".into())),
            ("ünïcode".to_owned(), Some(vec![0xff, 0x00].into())),
        ],
        ..record(&topic, "value")
    };
    let tombstone =
        OutgoingRecord { key: Some("".into()), value: None, partition: Some(2), ..record(&topic, "") };
    let delivered = writer.send(&full).expect("delivered");
    assert_eq!((delivered.partition, delivered.offset), (2, 0));
    assert_eq!(writer.send(&tombstone).expect("delivered").offset, 1);

    let mut reader = Driven::open(&*broker, Isolation::ReadCommitted);
    reader.add(7, &TopicPartition::new(topic.as_str(), 2), 0);
    reader.until("both records", |said| said.progress.get(&7) == Some(&2));
    let expected = Kept {
        slot: 7,
        offset: 0,
        timestamp: full.timestamp,
        key: Some(b"key".to_vec()),
        value: Some(b"value".to_vec()),
        headers: full
            .headers
            .iter()
            .map(|(name, value)| (name.clone(), value.as_ref().map(|v| v.to_vec())))
            .collect(),
    };
    assert_eq!(reader.said.records[0], expected);
    assert_eq!((&reader.said.records[1].key, &reader.said.records[1].value), (&Some(Vec::new()), &None));
}

#[tokio::test]
async fn many_records_arrive_in_order_and_each_is_delivered_once() {
    const COUNT: usize = 20_000;
    let broker = connect(shared());
    let topic = new_topic(&*broker, 1, &[]).await;
    let mut writer = Written::open(&*broker, LONG);
    let records: Vec<_> = (0..COUNT).map(|number| record(&topic, &number.to_string())).collect();
    let deliveries = writer.send_all(&records);
    let offsets: Vec<i64> = deliveries.iter().map(|d| d.result.as_ref().expect("delivered").offset).collect();
    assert!(offsets.is_sorted() && offsets.last() == Some(&(COUNT as i64 - 1)), "order is call order");

    let mut reader = Driven::open(&*broker, Isolation::ReadCommitted);
    let at = TopicPartition::new(topic.as_str(), 0);
    let listed = offset(&*broker, &at, OffsetSpec::Earliest, Isolation::ReadCommitted, soon()).await;
    let first = listed.expect("answered").expect("an offset");
    let assignment = Assignment { slot: 0, at, from: first.offset, leader_epoch: first.leader_epoch };
    reader.reader.add(&[assignment]).expect("added");
    reader.until("all records", |said| said.records.len() >= COUNT);
    assert_eq!(reader.said.offsets(), (0..COUNT as i64).collect::<Vec<_>>());
}

#[tokio::test]
async fn a_topic_that_is_not_there_is_an_answer_and_spoils_no_other() {
    let broker = connect(shared());
    let there = new_topic(&*broker, 2, &[]).await;
    let infos = broker.describe(vec!["no-such".to_owned(), there.clone()], soon()).await.expect("described");
    assert!(matches!(infos[0].state, TopicState::Unknown), "{infos:?}");
    assert!(matches!(infos[1].state, TopicState::Known { partitions: 2, .. }), "{infos:?}");

    let query = |topic: &str, partition| OffsetQuery {
        at: TopicPartition::new(topic, partition),
        spec: OffsetSpec::Latest,
        isolation: Isolation::ReadUncommitted,
    };
    let queries = vec![query("no-such", 0), query(&there, 0), query(&there, 9), query(&there, 1)];
    let answers = broker.offsets(queries, soon()).await;
    let codes: Vec<_> =
        answers.iter().map(|answer| answer.listed.as_ref().map_err(|error| error.code())).collect();
    assert_eq!(codes[0], Err(ErrorCode::UnknownTopic));
    assert_eq!(codes[1].expect("answered").expect("an offset").offset, 0);
    assert_eq!(codes[2], Err(ErrorCode::UnknownTopic));
    assert_eq!(codes[3].expect("answered").expect("an offset").offset, 0);

    let alone = broker.offsets(vec![query(&there, 9)], soon()).await;
    assert_eq!(alone[0].listed.as_ref().expect_err("unknown").code(), ErrorCode::UnknownTopic);
}

#[tokio::test]
async fn offsets_of_one_partition_can_be_asked_in_many_ways_at_once() {
    let broker = connect(shared());
    // The times are of 1970: retention would delete them.
    let topic = new_topic(&*broker, 1, &[("retention.ms", "-1")]).await;
    let mut writer = Written::open(&*broker, LONG);
    for time in [1_000, 2_000, 3_000] {
        writer.send(&OutgoingRecord { timestamp: Some(time), ..record(&topic, "x") }).expect("delivered");
    }
    let specs = [
        OffsetSpec::Earliest,
        OffsetSpec::Latest,
        OffsetSpec::Timestamp(1_500),
        OffsetSpec::Timestamp(3_001),
        OffsetSpec::Timestamp(-5),
    ];
    let at = TopicPartition::new(topic.as_str(), 0);
    let query = |spec| OffsetQuery { at: at.clone(), spec, isolation: Isolation::ReadCommitted };
    let answers = broker.offsets(specs.map(query).to_vec(), soon()).await;
    let offsets: Vec<Option<i64>> = answers
        .iter()
        .map(|answer| answer.listed.as_ref().expect("answered").map(|listed| listed.offset))
        .collect();
    assert_eq!(offsets, [Some(0), Some(3), Some(1), None, Some(0)]);
    let end = answers[1].listed.as_ref().expect("answered").expect("an offset");
    assert_eq!(end.leader_epoch, Some(0), "without it a reader does not notice truncation");
}

#[tokio::test]
async fn creating_a_topic_that_is_there_says_so() {
    let broker = connect(shared());
    let topic = new_topic(&*broker, 1, &[("cleanup.policy", "compact")]).await;
    let again = NewTopic { topic, partitions: 1, replication_factor: 1, config: Vec::new() };
    assert!(!broker.create_topic(again.clone(), soon()).await.expect("an answer"));
    let bad = NewTopic { topic: "not/valid".to_owned(), ..again };
    let error = broker.create_topic(bad, soon()).await.expect_err("refused");
    assert_eq!(error.code(), ErrorCode::InvalidArgument, "{error:?}");
}

#[tokio::test]
async fn a_committed_offset_is_seen_from_outside() {
    let broker = connect(shared());
    let topic = new_topic(&*broker, 1, &[]).await;
    let group = format!("g-{topic}");
    let at = TopicPartition::new(topic.as_str(), 0);
    broker.commit(group.clone(), vec![(at, 20)], soon()).await.expect("committed");
    assert_eq!(foreign::committed(shared(), &group, &topic), Some(20));
}

// Trap 2: the last stable offset is not the end.
#[tokio::test]
async fn the_end_for_coverage_is_the_high_watermark_behind_an_open_transaction() {
    let broker = connect(shared());
    let topic = new_topic(&*broker, 1, &[]).await;
    let at = TopicPartition::new(topic.as_str(), 0);
    let mut writer = Written::open(&*broker, LONG);
    writer.send(&record(&topic, "0")).expect("delivered");
    let transactions = Transactions::open(shared());
    transactions.begin(&topic, &["1"]);
    writer.send(&record(&topic, "2")).expect("delivered");

    let end = async |isolation| {
        let listed = offset(&*broker, &at, OffsetSpec::Latest, isolation, soon()).await;
        listed.expect("answered").expect("an offset").offset
    };
    assert_eq!(end(Isolation::ReadCommitted).await, 1);
    assert_eq!(end(Isolation::ReadUncommitted).await, 3);

    // The reader does not claim more than it can see, and sees the rest when the transaction ends.
    let mut reader = Driven::open(&*broker, Isolation::ReadCommitted);
    reader.add(0, &at, 0);
    reader.until("the first record", |said| said.progress.get(&0) == Some(&1));
    reader.ticks(5);
    assert_eq!((reader.said.offsets(), reader.said.progress[&0]), (vec![0], 1));
    transactions.abort();
    reader.until("the record behind it", |said| said.progress.get(&0).is_some_and(|next| *next >= 4));
    assert_eq!(reader.said.offsets(), [0, 2]);
    assert_eq!(reader.said.progress[&0], 4, "the abort marker is at 3");
}

// Trap 3: the client's position runs ahead after the end and after errors.
#[tokio::test]
async fn progress_never_passes_the_end_of_the_partition() {
    let broker = connect(shared());
    let topic = new_topic(&*broker, 1, &[]).await;
    let mut writer = Written::open(&*broker, LONG);
    writer.send_all(&[(); 5].map(|()| record(&topic, "x")));
    let mut reader = Driven::open(&*broker, Isolation::ReadUncommitted);
    reader.add(0, &TopicPartition::new(topic.as_str(), 0), 0);
    reader.until("all records", |said| said.records.len() == 5);
    // The end is told after the next empty fetch; five ticks are enough for that.
    reader.ticks(5);
    assert_eq!(reader.said.progress[&0], 5);
    writer.send(&record(&topic, "x")).expect("delivered");
    reader.until("one more", |said| said.progress.get(&0) == Some(&6));
    reader.ticks(5);
    assert_eq!(reader.said.progress[&0], 6);
}

#[tokio::test]
async fn markers_and_aborted_records_are_covered_though_nobody_sees_them() {
    let broker = connect(shared());
    let topic = new_topic(&*broker, 1, &[]).await;
    let transactions = Transactions::open(shared());
    transactions.begin(&topic, &["0", "1"]);
    transactions.commit();
    transactions.begin(&topic, &["3", "4"]);
    transactions.abort();
    let mut reader = Driven::open(&*broker, Isolation::ReadCommitted);
    reader.add(0, &TopicPartition::new(topic.as_str(), 0), 0);
    reader.until("everything up to the last marker", |said| said.progress.get(&0) == Some(&6));
    assert_eq!(reader.said.offsets(), [0, 1]);
    reader.ticks(5);
    assert_eq!(reader.said.progress[&0], 6);
}

// Trap 4: only the topic id tells that a topic was created anew.
#[tokio::test]
async fn a_topic_that_was_created_anew_has_another_id() {
    let broker = connect(shared());
    let topic = new_topic(&*broker, 1, &[]).await;
    let before = topic_id(&*broker, &topic).await.expect("known");
    assert_eq!(topic_id(&*broker, &topic).await, Some(before));
    foreign::delete_topic(shared(), &topic).await;
    let again = NewTopic { topic: topic.clone(), partitions: 1, replication_factor: 1, config: Vec::new() };
    let deadline = soon();
    while !broker.create_topic(again.clone(), deadline).await.expect("an answer") {
        assert!(!deadline.passed(), "the topic is still being deleted");
    }
    let after = loop {
        match topic_id(&*broker, &topic).await {
            Some(id) => break id,
            None => assert!(!deadline.passed(), "the new topic did not appear"),
        }
    };
    assert_ne!(before, after);
}

// Trap 5: records that are gone are never skipped in silence.
#[tokio::test]
async fn a_reader_whose_next_record_was_deleted_stops_and_says_so() {
    let broker = connect(shared());
    let topic = new_topic(&*broker, 1, &[]).await;
    let at = TopicPartition::new(topic.as_str(), 0);
    let mut writer = Written::open(&*broker, LONG);
    writer.send_all(&[(); 10].map(|()| record(&topic, "x")));
    foreign::delete_records(shared(), &topic, 5).await;

    let mut reader = Driven::open(&*broker, Isolation::ReadCommitted);
    reader.add(1, &at, 3);
    reader.until("the stop", |said| !said.stopped.is_empty());
    reader.ticks(3);
    let (slot, stopped_at, why) = &reader.said.stopped[0];
    assert!(matches!(why, StopReason::OffsetGone(_)), "{why:?}");
    assert_eq!((*slot, *stopped_at, reader.said.stopped.len()), (1, 3, 1));
    assert_eq!((reader.said.records.len(), reader.said.progress.get(&1)), (0, None), "nothing was covered");

    let low = offset(&*broker, &at, OffsetSpec::Earliest, Isolation::ReadUncommitted, soon()).await;
    reader.add(2, &at, low.expect("answered").expect("an offset").offset);
    reader.until("what is left", |said| said.progress.get(&2) == Some(&10));
    assert_eq!(reader.said.offsets(), [5, 6, 7, 8, 9]);
}

#[tokio::test]
async fn a_removed_partition_is_silent_and_can_be_read_again_from_anywhere() {
    let broker = connect(shared());
    let topic = new_topic(&*broker, 1, &[]).await;
    let at = TopicPartition::new(topic.as_str(), 0);
    let mut writer = Written::open(&*broker, LONG);
    writer.send_all(&[(); 10].map(|()| record(&topic, "x")));
    let mut reader = Driven::open(&*broker, Isolation::ReadCommitted);
    reader.add(1, &at, 0);
    reader.until("all records", |said| said.progress.get(&1) == Some(&10));
    reader.reader.remove(&[1]);
    reader.add(2, &at, 4);
    reader.until("some records again", |said| said.progress.get(&2) == Some(&10));
    let again: Vec<i64> = reader.said.records.iter().filter(|r| r.slot == 2).map(|r| r.offset).collect();
    assert_eq!(again, [4, 5, 6, 7, 8, 9]);
    assert_eq!(reader.said.records.iter().filter(|r| r.slot == 1).count(), 10);
}

#[tokio::test]
async fn a_partition_that_was_added_to_a_topic_is_listed_and_read() {
    let broker = connect(shared());
    let topic = new_topic(&*broker, 1, &[]).await;
    let first = TopicPartition::new(topic.as_str(), 0);
    offset(&*broker, &first, OffsetSpec::Latest, Isolation::ReadCommitted, soon()).await.expect("answered");
    let mut reader = Driven::open(&*broker, Isolation::ReadCommitted);
    reader.add(0, &first, 0);
    let mut writer = Written::open(&*broker, LONG);
    writer.send(&record(&topic, "x")).expect("delivered");
    reader.until("the first partition", |said| said.progress.get(&0) == Some(&1));

    foreign::grow(shared(), &topic, 2).await;
    let second = TopicPartition::new(topic.as_str(), 1);
    let listed = offset(&*broker, &second, OffsetSpec::Latest, Isolation::ReadCommitted, soon()).await;
    assert_eq!(listed.expect("answered").expect("an offset").offset, 0);
    reader.add(1, &second, 0);
    let mut fresh = Written::open(&*broker, LONG);
    fresh.send(&OutgoingRecord { partition: Some(1), ..record(&topic, "y") }).expect("delivered");
    reader.until("the new partition", |said| said.progress.get(&1) == Some(&1));
}

#[tokio::test]
async fn a_record_that_cannot_be_accepted_says_why_and_that_it_is_not_in_the_log() {
    let broker = connect(shared());
    let mut writer = Written::open(&*broker, Duration::from_secs(5));
    let error = writer.send(&record(&format!("none-{}", uuid::Uuid::new_v4()), "x")).expect_err("refused");
    assert_eq!(
        (error.code(), &error.context()["delivery"]),
        (ErrorCode::UnknownTopic, &"none".into()),
        "{error:?}"
    );

    let topic = new_topic(&*broker, 1, &[("max.message.bytes", "1000")]).await;
    let error = writer.send(&record(&topic, &"x".repeat(5_000))).expect_err("refused");
    assert_eq!(error.code(), ErrorCode::MessageTooLarge, "{error:?}");
    assert_eq!(error.context()["delivery"], "none");
    writer.send(&record(&topic, "small")).expect("the producer goes on");
}

#[tokio::test]
async fn the_first_record_of_a_writer_does_not_wait_for_half_a_second() {
    let broker = connect(shared());
    let topic = new_topic(&*broker, 1, &[]).await;
    let first = |_| {
        let mut writer = Written::open(&*broker, LONG);
        let began = Instant::now();
        writer.send(&record(&topic, "x")).expect("delivered");
        began.elapsed()
    };
    let mut times: Vec<Duration> = (0..5).map(first).collect();
    times.sort();
    assert!(times[2] < Duration::from_millis(450), "{times:?}");
}

#[tokio::test]
async fn a_call_that_nobody_waits_for_any_more_harms_no_other() {
    let broker = connect(shared());
    let topic = new_topic(&*broker, 1, &[]).await;
    for _ in 0..50 {
        let call = broker.describe(vec![topic.clone()], soon());
        // Polled once, then dropped with its answer on the way.
        let _ = tokio::time::timeout(Duration::ZERO, call).await;
    }
    assert!(topic_id(&*broker, &topic).await.is_some());
}

#[tokio::test]
async fn after_close_every_call_ends_at_once() {
    let broker = connect(shared());
    broker.close();
    let error = broker.describe(vec!["t".to_owned()], soon()).await.expect_err("closed");
    assert_eq!(error.code(), ErrorCode::ShuttingDown);
}

// Trap: librdkafka 2.12 reads a description whose answer finds the client ending from a null pointer, and ends the
// process. The moment is too short to be met by a test; that a client waits for the answers it is owed is not.
#[tokio::test]
async fn a_client_is_not_destroyed_while_a_description_is_on_its_way() {
    const LATE: Duration = Duration::from_millis(200);
    let kafka = EmbeddedKafka::start(Options::default()).expect("an embedded cluster");
    let broker = connect(&kafka.bootstrap_servers());
    let topic = new_topic(&*broker, 1, &[]).await;
    assert!(topic_id(&*broker, &topic).await.is_some());
    kafka
        .faults()
        .inject(Fault::on(Api::Metadata).until_cleared().then(Action::Delay(LATE)))
        .expect("a fault");
    let mut call = Box::pin(broker.describe(vec![topic.clone()], soon()));
    let polled = tokio::time::timeout(Duration::from_millis(20), &mut call).await;
    assert!(polled.is_err(), "the answer is late");
    drop(call);
    let begun = Instant::now();
    drop(broker);
    while reaper::pending() == 0 && begun.elapsed() < LONG {
        tokio::task::yield_now().await;
    }
    reaper::settle(LONG);
    assert!(begun.elapsed() >= LATE / 2, "destroyed after {:?}", begun.elapsed());
}
