use std::time::Duration;

use super::*;
use crate::api::answers;
use crate::wire::{frame, sampling};

const CODE: i16 = ResponseError::NotCoordinator.code();

/// Calls `check` with a request of every API and version, filled along its shape.
fn for_each_call(mut check: impl FnMut(ApiKey, i16, RequestKind)) {
    let mut random = fastrand::Rng::with_seed(4);
    for (api, version) in sampling::calls() {
        for _ in 0..5 {
            let mut body = sampling::body(api.key, version, 3, &mut random);
            let request = RequestKind::decode(api.key, &mut body, version).expect("a request");
            check(api.key, version, request);
        }
    }
}

#[test]
fn an_error_is_answered_in_every_version_of_every_api_and_clients_read_it() {
    for_each_call(|api, version, request| {
        let answer = error_answer(&request, version, CODE);
        let frame = frame::encode(7, api, version, &answer);
        let frame = frame.unwrap_or_else(|error| panic!("{api:?} v{version}: {error}"));
        let header = if api.response_header_version(version) >= 1 { 9 } else { 8 };
        let mut body = bytes::Bytes::copy_from_slice(&frame[header..]);
        let read = ResponseKind::decode(api, &mut body, version).expect("a response");
        let asks_for_nothing = match &request {
            RequestKind::Metadata(request) => request.topics.as_ref().is_none_or(Vec::is_empty),
            RequestKind::OffsetFetch(request) if version < GROUP_HAS_ERROR => {
                request.topics.as_ref().is_none_or(|topics| topics.is_empty())
            }
            _ => false,
        };
        let expected = (!asks_for_nothing).then_some(CODE);
        assert_eq!(answers::first_error(&read), expected, "{api:?} v{version}: {request:?}, {read:?}");
    });
}

#[test]
fn an_error_of_a_partition_is_answered_in_every_version_and_names_every_topic_that_was_asked_for() {
    let code = ResponseError::UnknownTopicOrPartition.code();
    for_each_call(|api, version, request| {
        let answer = error_answer(&request, version, code);
        frame::encode(7, api, version, &answer).unwrap_or_else(|error| panic!("{api:?} v{version}: {error}"));
        if !matches!(api, ApiKey::Metadata | ApiKey::OffsetFetch) {
            assert_eq!(answers::first_error(&answer), Some(code), "{api:?} v{version}");
        }
    });
}

#[test]
fn a_throttle_time_is_written_in_every_version_of_every_api() {
    for_each_call(|api, version, request| {
        let mut answer = error_answer(&request, version, CODE);
        answers::throttle(&mut answer, Duration::from_millis(5));
        frame::encode(7, api, version, &answer).unwrap_or_else(|error| panic!("{api:?} v{version}: {error}"));
    });
}
