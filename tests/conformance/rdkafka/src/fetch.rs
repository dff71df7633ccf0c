//! Reading records.

use std::sync::Arc;
use std::time::{Duration, Instant};

use rdkafka::consumer::{Consumer, StreamConsumer};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::Message;
use rdkafka::producer::BaseRecord;
use rdkafka::{Offset, TopicPartitionList};

use crate::scope::{Scope, WAIT, at, held, next_error, read, read_through, refused, value};

crate::checks!("fetch":
    a_waiting_fetch_wakes_when_a_record_comes,
    the_end_of_a_partition_is_reported_each_time,
    a_seek_is_followed,
    a_paused_partition_waits_and_goes_on_after_resume,
    an_offset_out_of_range_is_an_error_when_none_is_chosen,
    an_offset_out_of_range_falls_back_to_the_start,
    an_offset_out_of_range_falls_back_to_the_end,
    a_record_larger_than_the_fetch_still_comes,
    small_fetches_still_bring_every_record,
    partitions_are_assigned_and_dropped_one_by_one,
    a_partition_has_a_queue_of_its_own,
    a_stream_yields_records_as_they_come,
    a_reader_from_the_end_gets_only_what_is_new,
    two_readers_get_everything,
    many_partitions_are_read_to_their_ends,
);

fn a_waiting_fetch_wakes_when_a_record_comes(scope: &Scope) {
    let topic = scope.filled(&["first"]);
    let reader = scope.reader(
        &topic,
        Offset::Beginning,
        &[("fetch.wait.max.ms", "8000"), ("enable.partition.eof", "true")],
    );
    read(&reader, 1);
    assert_eq!(next_error(&reader), KafkaError::PartitionEOF(0));
    let started = Instant::now();
    scope.producer(&[]).send_all(&topic, &["wake"]);
    assert_eq!(value(&read(&reader, 1)[0]), "wake");
    assert!(started.elapsed() < Duration::from_secs(4), "the fetch was only answered after its longest wait");
}

fn the_end_of_a_partition_is_reported_each_time(scope: &Scope) {
    let topic = scope.filled(&["a", "b"]);
    let reader = scope.reader(&topic, Offset::Beginning, &[("enable.partition.eof", "true")]);
    read(&reader, 2);
    assert_eq!(next_error(&reader), KafkaError::PartitionEOF(0));
    scope.producer(&[]).send_all(&topic, &["c"]);
    read(&reader, 1);
    assert_eq!(next_error(&reader), KafkaError::PartitionEOF(0));
}

fn a_seek_is_followed(scope: &Scope) {
    let topic = scope.filled(&["a", "b", "c", "d"]);
    let reader = scope.reader(&topic, Offset::Beginning, &[]);
    read(&reader, 4);
    reader.seek(&topic, 0, Offset::Offset(2), WAIT).expect("the seek was done");
    let records = read(&reader, 2);
    assert_eq!(
        records.iter().map(|one| (one.offset(), value(one))).collect::<Vec<_>>(),
        [(2, "c".to_owned()), (3, "d".to_owned())]
    );
}

fn a_paused_partition_waits_and_goes_on_after_resume(scope: &Scope) {
    let topic = scope.topic(2);
    let mut both = TopicPartitionList::new();
    both.add_partition_range(&topic, 0, 1);
    both.set_all_offsets(Offset::Beginning).expect("the offsets were fit");
    let reader = scope.consumer(&[]);
    reader.assign(&both).expect("the partitions were assigned");
    reader.pause(&at(&topic, 0, Offset::Invalid)).expect("the partition was paused");
    let producer = scope.producer(&[]);
    for (partition, text) in [(0, "held"), (1, "free"), (1, "free too")] {
        producer.send(BaseRecord::to(&topic).payload(text).partition(partition)).expect("it was delivered");
    }
    assert_eq!(read_through(&reader, "free too"), ["free", "free too"]);
    reader.resume(&at(&topic, 0, Offset::Invalid)).expect("the partition was resumed");
    assert_eq!(read_through(&reader, "held"), ["held"]);
}

fn an_offset_out_of_range_is_an_error_when_none_is_chosen(scope: &Scope) {
    let topic = scope.filled(&["a"]);
    let reader = scope.reader(&topic, Offset::Offset(4_000), &[("auto.offset.reset", "error")]);
    refused::<()>(Err(next_error(&reader)), RDKafkaErrorCode::AutoOffsetReset);
}

fn an_offset_out_of_range_falls_back_to_the_start(scope: &Scope) {
    let topic = scope.filled(&["a", "b"]);
    let reader = scope.reader(&topic, Offset::Offset(4_000), &[("auto.offset.reset", "earliest")]);
    assert_eq!(read_through(&reader, "b"), ["a", "b"]);
}

fn an_offset_out_of_range_falls_back_to_the_end(scope: &Scope) {
    let topic = scope.filled(&["a", "b"]);
    let settings = [("auto.offset.reset", "latest"), ("enable.partition.eof", "true")];
    let reader = scope.reader(&topic, Offset::Offset(4_000), &settings);
    assert_eq!(next_error(&reader), KafkaError::PartitionEOF(0));
    scope.producer(&[]).send_all(&topic, &["new"]);
    assert_eq!(read_through(&reader, "new"), ["new"]);
}

fn a_record_larger_than_the_fetch_still_comes(scope: &Scope) {
    let topic = scope.topic(1);
    let large = "x".repeat(200_000);
    scope.producer(&[]).send_all(&topic, &[&large, "small"]);
    let settings =
        [("fetch.message.max.bytes", "1000"), ("fetch.max.bytes", "1000"), ("message.max.bytes", "1000")];
    let reader = scope.reader(&topic, Offset::Beginning, &settings);
    assert_eq!(read_through(&reader, "small"), [large.as_str(), "small"]);
}

fn small_fetches_still_bring_every_record(scope: &Scope) {
    let topic = scope.topic(1);
    let producer = scope.producer(&[("batch.num.messages", "1")]);
    let values: Vec<String> = (0..60).map(|i| format!("{i:0>400}")).collect();
    producer.send_all(&topic, &values.iter().map(String::as_str).collect::<Vec<_>>());
    let settings =
        [("fetch.message.max.bytes", "1100"), ("fetch.max.bytes", "1100"), ("message.max.bytes", "1100")];
    let reader = scope.reader(&topic, Offset::Beginning, &settings);
    assert_eq!(read(&reader, 60).iter().map(value).collect::<Vec<_>>(), values);
}

fn partitions_are_assigned_and_dropped_one_by_one(scope: &Scope) {
    let topic = scope.topic(2);
    let producer = scope.producer(&[]);
    for partition in 0..2 {
        let text = format!("p{partition}");
        producer
            .send(BaseRecord::to(&topic).payload(text.as_str()).partition(partition))
            .expect("it was delivered");
    }
    let reader = scope.consumer(&[]);
    reader.incremental_assign(&at(&topic, 0, Offset::Beginning)).expect("the first was assigned");
    assert_eq!(read_through(&reader, "p0"), ["p0"]);
    reader.incremental_assign(&at(&topic, 1, Offset::Beginning)).expect("the second was assigned");
    assert_eq!(read_through(&reader, "p1"), ["p1"]);
    assert_eq!(held(&reader), [0, 1]);
    reader.incremental_unassign(&at(&topic, 0, Offset::Invalid)).expect("the first was dropped");
    assert_eq!(held(&reader), [1]);
    for (partition, text) in [(0, "dropped"), (1, "kept")] {
        producer.send(BaseRecord::to(&topic).payload(text).partition(partition)).expect("it was delivered");
    }
    assert_eq!(read_through(&reader, "kept"), ["kept"]);
}

fn a_partition_has_a_queue_of_its_own(scope: &Scope) {
    let topic = scope.topic(2);
    let producer = scope.producer(&[]);
    for partition in 0..2 {
        let text = format!("p{partition}");
        producer
            .send(BaseRecord::to(&topic).payload(text.as_str()).partition(partition))
            .expect("it was delivered");
    }
    let mut both = TopicPartitionList::new();
    both.add_partition_range(&topic, 0, 1);
    both.set_all_offsets(Offset::Beginning).expect("the offsets were fit");
    let reader = Arc::new(scope.consumer(&[]));
    reader.assign(&both).expect("the partitions were assigned");
    let queue = reader.split_partition_queue(&topic, 1).expect("the queue was split off");
    assert_eq!(read_through(&reader, "p0"), ["p0"]);
    let end = Instant::now() + WAIT;
    let record = loop {
        assert!(reader.poll(Duration::from_millis(20)).is_none(), "the record came by the wrong queue");
        if let Some(record) = queue.poll(Duration::from_millis(100)) {
            break record.expect("no error came").detach();
        }
        assert!(Instant::now() < end, "nothing came by the queue");
    };
    assert_eq!((record.partition(), value(&record)), (1, "p1".to_owned()));
}

fn a_stream_yields_records_as_they_come(scope: &Scope) {
    let _runtime = scope.enter();
    let topic = scope.filled(&["a", "b"]);
    let group = scope.name("group");
    let settings =
        [("group.id", group.as_str()), ("auto.offset.reset", "earliest"), ("fetch.wait.max.ms", "50")];
    let consumer: StreamConsumer = scope.config(&settings).create().expect("a consumer was made");
    consumer.subscribe(&[&topic]).expect("the topic was subscribed");
    let producer = scope.producer(&[]);
    scope.wait(async {
        for expected in ["a", "b", "c"] {
            if expected == "c" {
                producer.send_all(&topic, &["c"]);
            }
            let record = consumer.recv().await.expect("no error came").detach();
            assert_eq!(value(&record), expected);
        }
    });
}

fn a_reader_from_the_end_gets_only_what_is_new(scope: &Scope) {
    let topic = scope.filled(&["old"]);
    let reader = scope.reader(&topic, Offset::End, &[("enable.partition.eof", "true")]);
    assert_eq!(next_error(&reader), KafkaError::PartitionEOF(0));
    scope.producer(&[]).send_all(&topic, &["new"]);
    assert_eq!(read_through(&reader, "new"), ["new"]);
}

fn two_readers_get_everything(scope: &Scope) {
    let topic = scope.filled(&["a", "b", "c"]);
    let readers =
        [scope.reader(&topic, Offset::Beginning, &[]), scope.reader(&topic, Offset::Beginning, &[])];
    for reader in &readers {
        assert_eq!(read_through(reader, "c"), ["a", "b", "c"]);
    }
}

fn many_partitions_are_read_to_their_ends(scope: &Scope) {
    let topic = scope.topic(30);
    let producer = scope.producer(&[]);
    for partition in 0..30 {
        producer.queue(BaseRecord::to(&topic).payload("x").partition(partition));
    }
    rdkafka::producer::Producer::flush(&producer.0, WAIT).expect("the producer was flushed");
    let mut all = TopicPartitionList::new();
    all.add_partition_range(&topic, 0, 29);
    all.set_all_offsets(Offset::Beginning).expect("the offsets were fit");
    let reader = scope.consumer(&[]);
    reader.assign(&all).expect("the partitions were assigned");
    let mut seen: Vec<i32> = read(&reader, 30).iter().map(Message::partition).collect();
    seen.sort_unstable();
    assert!(seen.into_iter().eq(0..30));
}
