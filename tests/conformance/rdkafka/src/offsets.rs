//! Looking offsets up, by name and by time.

use rdkafka::consumer::Consumer;
use rdkafka::producer::BaseRecord;
use rdkafka::{Offset, TopicPartitionList};

use crate::scope::{Scope, WAIT, at, read};

crate::checks!("offsets":
    watermarks_are_told_per_partition,
    a_time_finds_the_first_record_not_older,
    a_time_finds_a_record_inside_a_batch,
    times_of_several_partitions_are_answered_together,
    a_position_follows_what_was_read,
    the_end_counted_backwards_starts_there,
);

fn for_time(scope: &Scope, topic: &str, time: i64) -> Offset {
    let asked = at(topic, 0, Offset::Offset(time));
    let answer = scope.consumer(&[]).offsets_for_times(asked, WAIT).expect("the time was looked up");
    answer.elements()[0].offset()
}

fn watermarks_are_told_per_partition(scope: &Scope) {
    let topic = scope.topic(2);
    scope.producer(&[]).send_all(&topic, &["a", "b"]);
    let consumer = scope.consumer(&[]);
    assert_eq!(consumer.fetch_watermarks(&topic, 0, WAIT), Ok((0, 2)));
    assert_eq!(consumer.fetch_watermarks(&topic, 1, WAIT), Ok((0, 0)));
}

fn a_time_finds_the_first_record_not_older(scope: &Scope) {
    let topic = scope.topic(1);
    let producer = scope.producer(&[]);
    for time in [1_000, 2_000, 3_000] {
        producer.send(BaseRecord::to(&topic).payload("x").timestamp(time)).expect("it was delivered");
    }
    for (time, offset) in [(1, 0), (1_000, 0), (1_001, 1), (2_000, 1), (3_000, 2)] {
        assert_eq!(for_time(scope, &topic, time), Offset::Offset(offset), "at {time}");
    }
    assert_eq!(for_time(scope, &topic, 3_001), Offset::End);
}

fn a_time_finds_a_record_inside_a_batch(scope: &Scope) {
    for codec in ["none", "gzip", "snappy", "lz4", "zstd"] {
        let topic = scope.topic(1);
        let producer = scope.producer(&[("linger.ms", "200"), ("compression.type", codec)]);
        let text = "x".repeat(200);
        for time in [100, 300, 200, 400] {
            producer.queue(BaseRecord::to(&topic).payload(text.as_str()).timestamp(time));
        }
        rdkafka::producer::Producer::flush(&producer.0, WAIT).expect("the producer was flushed");
        for (time, offset) in [(100, 0), (150, 1), (301, 3), (400, 3)] {
            assert_eq!(for_time(scope, &topic, time), Offset::Offset(offset), "at {time} with {codec}");
        }
        assert_eq!(for_time(scope, &topic, 401), Offset::End, "with {codec}");
    }
}

fn times_of_several_partitions_are_answered_together(scope: &Scope) {
    let topic = scope.topic(3);
    let producer = scope.producer(&[]);
    for (partition, time) in [(0, 10), (0, 20), (1, 15)] {
        let record = BaseRecord::to(&topic).payload("x").partition(partition).timestamp(time);
        producer.send(record).expect("it was delivered");
    }
    let mut asked = TopicPartitionList::new();
    for partition in 0..3 {
        asked.add_partition_offset(&topic, partition, Offset::Offset(15)).expect("the offset was fit");
    }
    let answer = scope.consumer(&[]).offsets_for_times(asked, WAIT).expect("the times were looked up");
    let mut found: Vec<_> = answer.elements().iter().map(|one| (one.partition(), one.offset())).collect();
    found.sort_by_key(|one| one.0);
    assert_eq!(found, [(0, Offset::Offset(1)), (1, Offset::Offset(0)), (2, Offset::End)]);
}

fn a_position_follows_what_was_read(scope: &Scope) {
    let topic = scope.filled(&["a", "b", "c"]);
    let reader = scope.reader(&topic, Offset::Offset(1), &[]);
    read(&reader, 2);
    let position = reader.position().expect("the position was told");
    assert_eq!(position.elements()[0].offset(), Offset::Offset(3));
}

fn the_end_counted_backwards_starts_there(scope: &Scope) {
    let topic = scope.filled(&["a", "b", "c", "d"]);
    let reader = scope.reader(&topic, Offset::OffsetTail(2), &[]);
    assert_eq!(crate::scope::read_through(&reader, "d"), ["c", "d"]);
}
