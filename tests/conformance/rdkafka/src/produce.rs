//! Writing records.

use std::collections::BTreeSet;
use std::time::Duration;

use rdkafka::Offset;
use rdkafka::consumer::Consumer;
use rdkafka::error::RDKafkaErrorCode;
use rdkafka::message::{Header, Headers, Message, OwnedHeaders, OwnedMessage, Timestamp};
use rdkafka::producer::{BaseProducer, BaseRecord, FutureProducer, FutureRecord, Producer};

use crate::scope::{Scope, WAIT, now_ms, partitions_of, read, read_through, until, value};

crate::checks!("produce":
    acks_of_every_kind_deliver,
    key_value_time_and_headers_come_back_as_sent,
    headers_of_one_name_and_without_value_keep_their_order,
    null_and_empty_differ,
    a_record_without_a_time_gets_the_time_of_sending,
    log_append_time_replaces_the_time_of_the_record,
    every_codec_comes_back_as_sent,
    ten_thousand_records_keep_their_order,
    a_record_of_nearly_a_megabyte_passes,
    a_record_above_the_limit_of_the_topic_is_refused,
    a_record_at_the_limit_of_the_topic_passes,
    a_compacted_topic_refuses_records_without_a_key,
    an_idempotent_producer_writes_each_record_once,
    a_future_producer_is_told_partition_and_offset,
    a_base_producer_delivers_when_polled,
    a_topic_is_made_by_producing_to_it,
    an_unknown_partition_fails_the_delivery,
    keys_spread_over_all_partitions,
);

fn first(scope: &Scope, topic: &str) -> OwnedMessage {
    read(&scope.reader(topic, Offset::Beginning, &[]), 1).remove(0)
}

fn acks_of_every_kind_deliver(scope: &Scope) {
    for acks in ["0", "1", "all"] {
        let topic = scope.topic(1);
        let producer = scope.producer(&[("acks", acks)]);
        producer.send_all(&topic, &["a", "b"]);
        // Without acks, the client is told no offsets.
        if acks != "0" {
            assert_eq!(producer.reports(), [Ok((0, 0)), Ok((0, 1))], "with acks {acks}");
        }
        assert_eq!(read_through(&scope.reader(&topic, Offset::Beginning, &[]), "b"), ["a", "b"]);
    }
}

fn key_value_time_and_headers_come_back_as_sent(scope: &Scope) {
    let topic = scope.topic(1);
    let headers = OwnedHeaders::new()
        .insert(Header { key: "text", value: Some("value") })
        .insert(Header { key: "bytes", value: Some(&[0_u8, 128, 255]) });
    let record = BaseRecord::to(&topic)
        .key("schlüssel ☃")
        .payload("wert")
        .timestamp(1_700_000_000_123)
        .headers(headers);
    assert_eq!(scope.producer(&[]).send(record), Ok((0, 0)));
    let record = first(scope, &topic);
    assert_eq!(record.key(), Some("schlüssel ☃".as_bytes()));
    assert_eq!(record.payload(), Some("wert".as_bytes()));
    assert_eq!(record.timestamp(), Timestamp::CreateTime(1_700_000_000_123));
    assert_eq!((record.partition(), record.offset()), (0, 0));
    let headers: Vec<_> =
        record.headers().expect("there are headers").iter().map(|one| (one.key, one.value)).collect();
    assert_eq!(headers, [("text", Some(&b"value"[..])), ("bytes", Some(&[0_u8, 128, 255][..]))]);
}

fn headers_of_one_name_and_without_value_keep_their_order(scope: &Scope) {
    let topic = scope.topic(1);
    let headers = OwnedHeaders::new()
        .insert(Header { key: "x", value: Some("1") })
        .insert::<str>(Header { key: "y", value: None })
        .insert(Header { key: "x", value: Some("2") })
        .insert(Header { key: "", value: Some("") });
    let _ = scope
        .producer(&[])
        .send(BaseRecord::to(&topic).payload("v").headers(headers))
        .expect("it was delivered");
    let record = first(scope, &topic);
    let headers: Vec<_> =
        record.headers().expect("there are headers").iter().map(|one| (one.key, one.value)).collect();
    assert_eq!(headers, [("x", Some(&b"1"[..])), ("y", None), ("x", Some(&b"2"[..])), ("", Some(&b""[..]))]);
}

fn null_and_empty_differ(scope: &Scope) {
    let topic = scope.topic(1);
    let producer = scope.producer(&[]);
    producer.queue(BaseRecord::to(&topic).key("").payload(""));
    producer.queue(BaseRecord::to(&topic).key("k"));
    producer.queue(BaseRecord::to(&topic).payload("v"));
    producer.queue(BaseRecord::to(&topic));
    let records = read(&scope.reader(&topic, Offset::Beginning, &[]), 4);
    let pairs: Vec<_> = records.iter().map(|one| (one.key(), one.payload())).collect();
    assert_eq!(
        pairs,
        [(Some(&b""[..]), Some(&b""[..])), (Some(b"k"), None), (None, Some(b"v")), (None, None)]
    );
}

fn a_record_without_a_time_gets_the_time_of_sending(scope: &Scope) {
    let before = now_ms();
    let topic = scope.filled(&["a"]);
    let Timestamp::CreateTime(time) = first(scope, &topic).timestamp() else {
        panic!("expected a create time")
    };
    assert!((before..=now_ms()).contains(&time));
}

fn log_append_time_replaces_the_time_of_the_record(scope: &Scope) {
    let topic = scope.topic_with(1, &[("message.timestamp.type", "LogAppendTime")]);
    let before = now_ms();
    let sent = scope.producer(&[]).send(BaseRecord::to(&topic).payload("a").timestamp(1_000));
    assert_eq!(sent, Ok((0, 0)));
    let Timestamp::LogAppendTime(time) = first(scope, &topic).timestamp() else {
        panic!("expected an append time")
    };
    assert!((before..=now_ms()).contains(&time), "{time} is not the time of appending");
}

fn every_codec_comes_back_as_sent(scope: &Scope) {
    for codec in ["gzip", "snappy", "lz4", "zstd"] {
        let topic = scope.topic(1);
        let producer = scope.producer(&[("compression.type", codec), ("linger.ms", "100")]);
        let values: Vec<String> = (0..200).map(|i| format!("{i} {}", "abc ".repeat(50))).collect();
        producer.send_all(&topic, &values.iter().map(String::as_str).collect::<Vec<_>>());
        let records = read(&scope.reader(&topic, Offset::Beginning, &[]), 200);
        assert_eq!(records.iter().map(value).collect::<Vec<_>>(), values, "with {codec}");
        assert!(records.iter().map(Message::offset).eq(0..200), "with {codec}");
    }
}

fn ten_thousand_records_keep_their_order(scope: &Scope) {
    let topic = scope.topic(1);
    let values: Vec<String> = (0..10_000).map(|i| i.to_string()).collect();
    scope.producer(&[]).send_all(&topic, &values.iter().map(String::as_str).collect::<Vec<_>>());
    let records = read(&scope.reader(&topic, Offset::Beginning, &[]), 10_000);
    assert_eq!(records.iter().map(value).collect::<Vec<_>>(), values);
    assert!(records.iter().map(Message::offset).eq(0..10_000));
}

fn a_record_of_nearly_a_megabyte_passes(scope: &Scope) {
    let topic = scope.topic(1);
    let text = "x".repeat(999_000);
    assert_eq!(scope.producer(&[]).send(BaseRecord::to(&topic).payload(text.as_str())), Ok((0, 0)));
    assert_eq!(value(&first(scope, &topic)), text);
}

fn a_record_above_the_limit_of_the_topic_is_refused(scope: &Scope) {
    let topic = scope.topic_with(1, &[("max.message.bytes", "2000")]);
    let text = "x".repeat(3_000);
    let sent = scope.producer(&[]).send(BaseRecord::to(&topic).payload(text.as_str()));
    assert_eq!(sent, Err(RDKafkaErrorCode::MessageSizeTooLarge));
    assert_eq!(scope.consumer(&[]).fetch_watermarks(&topic, 0, WAIT), Ok((0, 0)));
}

fn a_record_at_the_limit_of_the_topic_passes(scope: &Scope) {
    // 61 bytes are the header of the batch; 10 are what surrounds a value of this length (KIP-98).
    let topic = scope.topic_with(1, &[("max.message.bytes", "2000")]);
    let producer = scope.producer(&[]);
    let fits = "x".repeat(2_000 - 61 - 9);
    let too_long = "x".repeat(2_000 - 61 - 8);
    assert_eq!(producer.send(BaseRecord::to(&topic).payload(&fits)), Ok((0, 0)));
    assert_eq!(
        producer.send(BaseRecord::to(&topic).payload(&too_long)),
        Err(RDKafkaErrorCode::MessageSizeTooLarge)
    );
}

fn a_compacted_topic_refuses_records_without_a_key(scope: &Scope) {
    let topic = scope.topic_with(1, &[("cleanup.policy", "compact")]);
    let producer = scope.producer(&[]);
    assert_eq!(producer.send(BaseRecord::to(&topic).payload("no key")), Err(RDKafkaErrorCode::InvalidRecord));
    assert_eq!(producer.send(BaseRecord::to(&topic).key("k").payload("v")), Ok((0, 0)));
}

fn an_idempotent_producer_writes_each_record_once(scope: &Scope) {
    let topic = scope.topic(2);
    let producer = scope.producer(&[("enable.idempotence", "true")]);
    let values: Vec<String> = (0..1_000).map(|i| i.to_string()).collect();
    for (i, value) in values.iter().enumerate() {
        producer.queue(BaseRecord::to(&topic).payload(value.as_str()).partition((i % 2) as i32));
    }
    producer.0.flush(WAIT).expect("the producer was flushed");
    let consumer = scope.consumer(&[]);
    for partition in 0..2 {
        assert_eq!(consumer.fetch_watermarks(&topic, partition, WAIT), Ok((0, 500)));
    }
    let odd = scope.consumer(&[]);
    odd.assign(&crate::scope::at(&topic, 1, Offset::Beginning)).expect("the partition was assigned");
    let expected: Vec<&String> = values.iter().skip(1).step_by(2).collect();
    assert!(read(&odd, 500).iter().map(value).eq(expected.into_iter().cloned()));
}

fn a_future_producer_is_told_partition_and_offset(scope: &Scope) {
    let _runtime = scope.enter();
    let topic = scope.topic(2);
    let producer: FutureProducer = scope.config(&[("linger.ms", "0")]).create().expect("a producer was made");
    for offset in 0..3 {
        let before = now_ms();
        let record = FutureRecord::to(&topic).key("k").payload("v").partition(1);
        let sent = scope.wait(producer.send(record, WAIT)).expect("it was delivered");
        assert_eq!((sent.partition, sent.offset), (1, offset));
        let Timestamp::CreateTime(time) = sent.timestamp else { panic!("expected a create time") };
        assert!((before..=now_ms()).contains(&time));
    }
}

fn a_base_producer_delivers_when_polled(scope: &Scope) {
    let topic = scope.topic(1);
    let producer: BaseProducer = scope.config(&[("linger.ms", "0")]).create().expect("a producer was made");
    producer
        .send(BaseRecord::<str, str>::to(&topic).payload("a"))
        .map_err(|(error, _)| error)
        .expect("it was queued");
    until("nothing is in flight", || {
        producer.poll(Duration::from_millis(20));
        producer.in_flight_count() == 0
    });
    assert_eq!(value(&first(scope, &topic)), "a");
}

fn a_topic_is_made_by_producing_to_it(scope: &Scope) {
    let name = scope.name("made-by-producing");
    let producer = scope.producer(&[]);
    assert_eq!(producer.send(BaseRecord::to(&name).payload("a")), Ok((0, 0)));
    assert_eq!(partitions_of(&scope.consumer(&[]), &name), Some(1));
}

fn an_unknown_partition_fails_the_delivery(scope: &Scope) {
    let topic = scope.topic(1);
    let producer = scope.producer(&[("topic.metadata.propagation.max.ms", "300")]);
    let record = BaseRecord::<str, str>::to(&topic).payload("a").partition(7);
    let code = match producer.0.send(record) {
        Err((error, _)) => error.rdkafka_error_code(),
        Ok(()) => {
            until("the delivery was reported", || !producer.reports().is_empty());
            producer.reports()[0].err()
        }
    };
    assert_eq!(code, Some(RDKafkaErrorCode::UnknownPartition));
}

fn keys_spread_over_all_partitions(scope: &Scope) {
    let topic = scope.topic(4);
    let producer = scope.producer(&[("partitioner", "murmur2_random")]);
    let keys: Vec<String> = (0..100).map(|i| format!("key-{i}")).collect();
    for key in &keys {
        producer.queue(BaseRecord::to(&topic).key(key.as_str()).payload("v"));
    }
    producer.0.flush(WAIT).expect("the producer was flushed");
    until("a hundred deliveries were reported", || producer.reports().len() == 100);
    let used: BTreeSet<i32> = producer.reports().iter().map(|one| one.expect("it was delivered").0).collect();
    assert_eq!(used, BTreeSet::from([0, 1, 2, 3]));
}
