use bytes::{BufMut, Bytes, BytesMut};
use kafka_protocol::messages::RequestKind;

use super::*;
use crate::allocations;
use crate::wire::frame::{Refusal, parse};
use crate::wire::sampling;

fn fault(api: ApiKey, version: i16, body: &[u8]) -> String {
    check(api, version, body).expect_err("it should be refused").to_string()
}

/// A body of Metadata 9 whose topics are these bytes, behind their count.
fn metadata(topics: &[u8]) -> Vec<u8> {
    [topics, b"\x01\0\0\0"].concat()
}

#[test]
fn every_request_of_every_version_passes_and_is_decoded_as_it_was_encoded() {
    let mut random = fastrand::Rng::with_seed(1);
    for (api, version) in sampling::calls() {
        for round in 0..20 {
            let body = sampling::body(api.key, version, 3, &mut random);
            let at = format!("{:?} v{version}, round {round}: {body:?}", api.key);
            assert_eq!(measure(api.key, version, &body).map(|measured| measured.left), Ok(0), "{at}");
            let mut left = body.clone();
            let decoded = RequestKind::decode(api.key, &mut left, version).expect(&at);
            assert!(left.is_empty(), "{at}");
            let mut encoded = BytesMut::new();
            decoded.encode(&mut encoded, version).expect(&at);
            assert_eq!(encoded, body, "{at}");
        }
    }
}

#[test]
fn a_body_that_is_cut_off_anywhere_is_refused() {
    let mut random = fastrand::Rng::with_seed(2);
    for (api, version) in sampling::calls() {
        let body = sampling::body(api.key, version, 2, &mut random);
        for length in 0..body.len() {
            assert!(check(api.key, version, &body[..length]).is_err(), "{:?} v{version}: {length}", api.key);
        }
    }
}

#[test]
fn an_error_says_where() {
    assert_eq!(
        fault(ApiKey::Metadata, 9, &metadata(b"\x03\x02a\0\0\0")),
        "MetadataRequest v9: topics[1].name: it is null and must not be"
    );
    assert_eq!(
        fault(ApiKey::DeleteTopics, 1, b"\0\0\0\x02\0\x01a\0\x05b"),
        "DeleteTopicsRequest v1: topicNames[1]: 5 bytes are wanted and 1 are left"
    );
    assert_eq!(
        fault(ApiKey::Heartbeat, 0, b"\0"),
        "HeartbeatRequest v0: groupId: 2 bytes are wanted and 1 are left"
    );
    assert_eq!(fault(ApiKey::Fetch, 99, b""), "request v99: Fetch: there is no version 99 of this API");
}

#[test]
fn a_metadata_bomb_of_20_bytes_is_refused_and_costs_nothing() {
    // Two billion topics, in the classic and in the compact form.
    for (version, body) in [(4, &b"\x7f\xff\xff\xff\0\0"[..]), (9, b"\xff\xff\xff\xff\x0f\0\0\0\0")] {
        let frame = sampling::frame(ApiKey::Metadata, version, body);
        assert!(frame.len() <= 24);
        let peak = allocations::peak(|| assert!(matches!(parse(frame), Err(Refusal::Malformed(_)))));
        assert!(peak < 4096, "{peak}");
        assert!(fault(ApiKey::Metadata, version, body).contains("topics: "), "{version}");
        assert!(fault(ApiKey::Metadata, version, body).contains(" elements cannot stand in "), "{version}");
    }
}

#[test]
fn bombs_in_fetch_and_produce_are_refused_and_cost_nothing() {
    // Zeroes up to the number of topics.
    let fetch = [&[0; 17][..], &[0; 8], b"\x7f\xff\xff\xff"].concat();
    let partitions = [&[0; 17][..], &[0; 8], b"\0\0\0\x01\0\x01t\x7f\xff\xff\xff"].concat();
    let produce = b"\xff\xff\0\0\0\0\0\0\x7f\xff\xff\xff";
    let records = b"\xff\xff\0\0\0\0\0\0\0\0\0\x01\0\x01t\0\0\0\x01\0\0\0\0\x7f\xff\xff\xff";
    for (api, version, body, field) in [
        (ApiKey::Fetch, 7, &fetch[..], "topics"),
        (ApiKey::Fetch, 7, &partitions, "topics[0].partitions"),
        (ApiKey::Produce, 3, produce, "topicData"),
        (ApiKey::Produce, 3, records, "topicData[0].partitionData[0].records"),
    ] {
        let frame = sampling::frame(api, version, body);
        let peak = allocations::peak(|| match parse(frame) {
            Err(Refusal::Malformed(malformed)) => {
                let text = malformed.to_string();
                assert!(text.contains(&format!(" v{version}: {field}: ")), "{text}");
            }
            other => panic!("{other:?}"),
        });
        assert!(peak < 4096, "{api:?}: {peak}");
    }
}

#[test]
fn elements_that_take_a_byte_each_are_bounded_by_what_they_take_decoded() {
    // Empty topic names, one byte each, become 32 bytes each.
    let count = 1 << 20;
    let mut heartbeat = BytesMut::new();
    heartbeat.put_slice(b"\x02g\x02m\0\0\0\0\0\0\0\0\0\0");
    // The number of names plus one, as a varint.
    heartbeat.put_slice(b"\x81\x80\x40");
    heartbeat.put_bytes(1, count);
    heartbeat.put_slice(b"\0\0\0");
    let text = fault(ApiKey::ConsumerGroupHeartbeat, 0, &heartbeat);
    assert!(text.contains("subscribedTopicNames: the request would take more than 16777216 bytes"), "{text}");
}

#[test]
fn unknown_tagged_fields_are_bounded_by_what_they_take_decoded() {
    // A topic of five bytes, with one empty tagged field that makes a node of a tree.
    let count = 100_000;
    let mut body = BytesMut::new();
    body.put_slice(b"\xa1\x8d\x06");
    (0..count).for_each(|_| body.put_slice(b"\x01\x01\x63\0"));
    body.put_slice(b"\x01\0\0\0");
    let text = fault(ApiKey::Metadata, 9, &body);
    assert!(text.ends_with("the request would take more than 16777216 bytes decoded"), "{text}");
    let few = [&b"\x02\x01\x01\x63\0"[..], b"\x01\0\0\0"].concat();
    assert!(check(ApiKey::Metadata, 9, &few).is_ok());
}

#[test]
fn what_the_codec_takes_is_never_more_than_was_measured() {
    let mut random = fastrand::Rng::with_seed(3);
    for (api, version) in sampling::calls() {
        for elements in [1, 4, 9] {
            let body = sampling::body(api.key, version, elements, &mut random);
            let measured = measure(api.key, version, &body).expect("valid").decoded;
            let mut left = body;
            let mut decoded = None;
            let peak = allocations::peak(|| decoded = RequestKind::decode(api.key, &mut left, version).ok());
            assert!(
                decoded.is_some() && peak <= measured + 64,
                "{:?} v{version}: {peak} > {measured}",
                api.key
            );
        }
    }
}

#[test]
fn a_request_as_large_as_a_test_may_need_passes() {
    // CreateTopics 2 with a hundred thousand topics.
    let count: u32 = 100_000;
    let mut body = BytesMut::new();
    body.put_u32(count);
    for number in 0..count {
        body.put_slice(b"\0\x0ctopic-");
        body.put_slice(format!("{number:06}").as_bytes());
        body.put_slice(b"\0\0\0\x01\0\x01\0\0\0\0\0\0\0\0");
    }
    body.put_slice(b"\0\0\0\0\0");
    assert_eq!(check(ApiKey::CreateTopics, 2, &body), Ok(()));
}

#[test]
fn nulls_are_refused_where_the_version_has_none() {
    assert!(check(ApiKey::Metadata, 1, b"\xff\xff\xff\xff").is_ok());
    assert_eq!(
        fault(ApiKey::Metadata, 0, b"\xff\xff\xff\xff"),
        "MetadataRequest v0: topics: it is null and must not be"
    );
    assert_eq!(
        fault(ApiKey::Metadata, 1, b"\xff\xff\xff\xfe"),
        "MetadataRequest v1: topics: the length -2 is negative"
    );
}

#[test]
fn strings_are_text_and_no_longer_than_kafka_allows() {
    assert_eq!(
        fault(ApiKey::Heartbeat, 4, b"\x03a\xff\0\0\0\0\x01\0\0"),
        "HeartbeatRequest v4: groupId: not UTF-8 from byte 1 on"
    );
    let long = |length: usize| {
        let mut body = BytesMut::new();
        let count = length as u32 + 1;
        body.put_slice(&[count as u8 | 0x80, (count >> 7) as u8 | 0x80, (count >> 14) as u8]);
        body.put_bytes(b'a', length);
        body.put_slice(b"\0\0\0\0\x01\0\0");
        body
    };
    assert_eq!(check(ApiKey::Heartbeat, 4, &long(32_767)), Ok(()));
    let text = fault(ApiKey::Heartbeat, 4, &long(32_768));
    assert_eq!(text, "HeartbeatRequest v4: groupId: 32768 bytes are too long for a string");
}

#[test]
fn variable_length_numbers_may_be_padded_but_not_beyond_five_bytes() {
    assert_eq!(check(ApiKey::Heartbeat, 4, b"\x82\x80\0g\0\0\0\0\x01\0\0"), Ok(()));
    let text = fault(ApiKey::Heartbeat, 4, b"\x82\x80\x80\x80\x80\0g\0\0\0\0\x01\0\0");
    assert_eq!(text, "HeartbeatRequest v4: groupId: a variable-length number has more than five bytes");
}

/// A Fetch 12 with these tagged fields.
fn fetch(tags: &[u8]) -> Vec<u8> {
    [b"\xff\xff\xff\xff", &[0; 12][..], b"\0", &[0; 8], b"\x01\x01\x01", tags].concat()
}

#[test]
fn known_tagged_fields_are_walked_and_those_of_later_versions_refused() {
    assert_eq!(check(ApiKey::Fetch, 12, &fetch(b"\x01\x00\x02\x02x")), Ok(()));
    assert_eq!(check(ApiKey::Fetch, 12, &fetch(b"\x01\x00\x01\x00")), Ok(()));
    assert_eq!(
        fault(ApiKey::Fetch, 12, &fetch(b"\x01\x00\x02\x09x")),
        "FetchRequest v12: clusterId: 8 bytes are wanted and 1 are left"
    );
    let text = fault(ApiKey::Fetch, 12, &fetch(b"\x01\x01\x00"));
    assert_eq!(text, "FetchRequest v12: replicaState: tag 1 is not valid in version 12");
    assert!(fault(ApiKey::Fetch, 12, &fetch(b"\x01\x63\x05abc")).contains("tag 99: 5 bytes"));
    let text = fault(ApiKey::Fetch, 12, &fetch(b"\xff\x01\0\0"));
    assert_eq!(text, "FetchRequest v12: 255 tagged fields cannot stand in 2 bytes");
}

#[test]
fn tags_out_of_order_or_twice_and_bytes_after_the_end_pass_as_with_kafka() {
    let heartbeat = |rest: &[u8]| [&b"\x02g\0\0\0\x01\x02m\0"[..], rest].concat();
    for rest in [&b"\x02\x08\x01a\x07\x01b"[..], b"\x02\x07\x01a\x07\x01b", b"\0junk"] {
        let body = heartbeat(rest);
        assert_eq!(check(ApiKey::Heartbeat, 4, &body), Ok(()), "{rest:?}");
        let frame = sampling::frame(ApiKey::Heartbeat, 4, &body);
        assert!(parse(frame).is_ok(), "{rest:?}");
    }
    assert_eq!(check(ApiKey::Fetch, 12, &fetch(b"\x02\x00\x02\x02x\x00\x02\x02y")), Ok(()));
}

#[test]
fn a_structure_is_there_or_null_and_nothing_else() {
    let with = |presence: &[u8]| [b"\x01\0\0\0\0", presence, b"\0"].concat();
    assert_eq!(check(ApiKey::DescribeTopicPartitions, 0, &with(b"\xff")), Ok(()));
    assert_eq!(check(ApiKey::DescribeTopicPartitions, 0, &with(b"\x01\x02t\0\0\0\0\0")), Ok(()));
    let text = fault(ApiKey::DescribeTopicPartitions, 0, &with(b"\0\x02t\0\0\0\0\0"));
    assert_eq!(text, "DescribeTopicPartitionsRequest v0: cursor: 0 does not say whether it is null");
}

#[test]
fn the_check_itself_allocates_nothing() {
    let mut random = fastrand::Rng::with_seed(4);
    for (api, version) in sampling::calls() {
        let body: Bytes = sampling::body(api.key, version, 5, &mut random);
        let peak = allocations::peak(|| assert!(check(api.key, version, &body).is_ok()));
        assert_eq!(peak, 0, "{:?} v{version}", api.key);
    }
}
