use kafka_protocol::messages::{ApiVersionsRequest, HeartbeatRequest, MetadataResponse};

use super::*;

/// A frame with this header and body.
fn frame(api_key: i16, version: i16, client_id: &[u8], rest: &[u8]) -> Bytes {
    let mut out = BytesMut::new();
    out.put_i16(api_key);
    out.put_i16(version);
    out.put_i32(7);
    out.put_i16(client_id.len() as i16);
    out.put_slice(client_id);
    out.put_slice(rest);
    out.freeze()
}

fn heartbeat(client_id: &[u8], tags: &[u8]) -> Bytes {
    frame(12, 4, client_id, &[tags, b"\x02g\0\0\0\x01\x02m\0\0"].concat())
}

#[test]
fn a_request_is_taken_apart_into_header_and_body() {
    let Ok(Incoming::Request { header, body }) = parse(heartbeat(b"me", b"\0")) else { panic!("refused") };
    assert_eq!((header.api, header.version, header.correlation_id), (ApiKey::Heartbeat, 4, 7));
    assert_eq!(header.client_id.as_deref(), Some("me"));
    let expected = HeartbeatRequest::default()
        .with_group_id(StrBytes::from_static_str("g").into())
        .with_generation_id(1)
        .with_member_id(StrBytes::from_static_str("m"));
    assert_eq!(body, RequestKind::Heartbeat(expected));
}

#[test]
fn tagged_fields_of_the_header_are_skipped() {
    let whole = parse(heartbeat(b"me", b"\x02\x00\x03abc\x07\x00"));
    assert_eq!(whole, parse(heartbeat(b"me", b"\0")));
    assert_eq!(
        parse(heartbeat(b"me", b"\xff\xff\xff\xff\x0f")),
        Err(Refusal::Header("its tagged fields do not end within the frame"))
    );
}

#[test]
fn a_client_id_may_be_null_empty_or_no_text_as_with_kafka() {
    let client_id = |frame: Bytes| match parse(frame) {
        Ok(Incoming::Request { header, .. }) => header.client_id,
        other => panic!("{other:?}"),
    };
    assert_eq!(client_id(heartbeat(b"", b"\0")).as_deref(), Some(""));
    assert_eq!(client_id(heartbeat(b"a\xff", b"\0")).as_deref(), Some("a\u{fffd}"));
    let mut null = BytesMut::from(&heartbeat(b"", b"\0")[..]);
    null[8..10].copy_from_slice(&[0xff, 0xff]);
    assert_eq!(client_id(null.freeze()), None);
}

#[test]
fn a_header_that_does_not_end_within_the_frame_is_refused() {
    let whole = heartbeat(b"me", b"\0");
    for length in 0..13 {
        assert!(matches!(parse(whole.slice(..length)), Err(Refusal::Header(_))), "{length}");
    }
}

#[test]
fn an_api_or_a_version_outside_the_table_is_refused() {
    assert_eq!(parse(frame(999, 0, b"", b"")), Err(Refusal::UnknownApi(999)));
    assert_eq!(parse(frame(-1, 0, b"", b"")), Err(Refusal::UnknownApi(-1)));
    for version in [-1, 2, 14] {
        let refusal = Refusal::UnsupportedVersion(ApiKey::Produce, version);
        assert_eq!(parse(frame(0, version, b"", b"")), Err(refusal));
    }
}

#[test]
fn api_versions_of_a_newer_client_is_told_apart_before_its_body_is_read() {
    // Java 4.4 sends version 5 with fields that nobody here knows.
    for (version, rest) in [(5, &b"\0\x05whatever"[..]), (-1, b""), (i16::MAX, b"\xff\xff")] {
        let incoming = parse(frame(18, version, b"me", rest));
        assert_eq!(incoming, Ok(Incoming::ApiVersionsTooNew { correlation_id: 7 }));
    }
    let known = parse(frame(18, 0, b"me", b""));
    let body = RequestKind::ApiVersions(ApiVersionsRequest::default());
    assert!(matches!(known, Ok(Incoming::Request { body: found, .. }) if found == body));
}

#[test]
fn api_versions_that_is_too_new_is_answered_in_version_0_with_error_35() {
    let response = ResponseKind::ApiVersions(apis::too_new());
    let out = encode(7, ApiKey::ApiVersions, 0, &response).expect("a frame");
    assert_eq!(out[..], [0, 0, 0, 16, 0, 0, 0, 7, 0, 35, 0, 0, 0, 1, 0, 18, 0, 0, 0, 4]);
}

#[test]
fn a_response_has_its_size_and_the_header_of_its_version() {
    let api_versions = ResponseKind::ApiVersions(Default::default());
    let out = encode(7, ApiKey::ApiVersions, 4, &api_versions).expect("a frame");
    // Never tagged fields in the header: two bytes of error code follow at once.
    assert_eq!(out[..10], [0, 0, 0, 12, 0, 0, 0, 7, 0, 0]);
    let metadata = ResponseKind::Metadata(MetadataResponse::default().with_throttle_time_ms(5));
    let plain = encode(7, ApiKey::Metadata, 8, &metadata).expect("a frame");
    assert_eq!(plain[4..12], [0, 0, 0, 7, 0, 0, 0, 5]);
    let flexible = encode(7, ApiKey::Metadata, 9, &metadata).expect("a frame");
    assert_eq!(flexible[4..13], [0, 0, 0, 7, 0, 0, 0, 0, 5]);
    assert_eq!(flexible[..4], (flexible.len() as i32 - 4).to_be_bytes());
}

#[test]
fn frames_other_than_produce_have_the_smaller_limit() {
    let limits = Limits::default();
    assert_eq!(limits.admit(100 << 20, 0), Ok(100 << 20));
    assert_eq!(limits.admit(4 << 20, 3), Ok(4 << 20));
    for (size, api_key) in [((100 << 20) + 1, 0), ((4 << 20) + 1, 3), (i32::MAX, 0), (-1, 0), (7, 0)] {
        assert!(matches!(limits.admit(size, api_key), Err(Refusal::Size { .. })), "{size}");
    }
}

#[test]
fn records_of_a_produce_request_stay_a_slice_of_the_frame() {
    let body =
        [&b"\xff\xff\xff\xff\0\0\0\0\0\0\0\x01\0\x01t\0\0\0\x01\0\0\0\0\0\0\0\x03"[..], b"abc"].concat();
    let frame = frame(0, 8, b"", &body);
    let within = frame.as_ptr_range();
    let Ok(Incoming::Request { body: RequestKind::Produce(produce), .. }) = parse(frame) else {
        panic!("refused")
    };
    let records = produce.topic_data[0].partition_data[0].records.clone().expect("records");
    assert_eq!(&records[..], b"abc");
    assert!(within.contains(&records.as_ptr()));
}
