//! Frames to requests, responses to frames.

use std::fmt;

use bytes::{Buf, BufMut, Bytes, BytesMut};
use kafka_protocol::messages::{ApiKey, RequestHeader, RequestKind, ResponseHeader, ResponseKind};
use kafka_protocol::protocol::{Decodable, Encodable, StrBytes};

/// What a frame was.
#[derive(Debug)]
pub(crate) enum Incoming {
    Request(Request),
    /// A request for a newer ApiVersions than ours, which is answered with version 0 and error 35 (KIP-511).
    ApiVersionsTooNew {
        correlation_id: i32,
    },
}

/// A request that may be answered.
#[derive(Debug)]
pub(crate) struct Request {
    pub(crate) api: ApiKey,
    pub(crate) version: i16,
    pub(crate) correlation_id: i32,
    pub(crate) client_id: StrBytes,
    pub(crate) body: RequestKind,
}

/// Why a frame was refused; Kafka closes the connection then.
#[derive(Debug)]
pub(crate) struct Refusal(String);

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The APIs that are advertised, each with its lowest and highest version.
pub(crate) const APIS: &[(ApiKey, i16, i16)] = &[
    (ApiKey::Produce, 3, 11),
    (ApiKey::Fetch, 4, 12),
    (ApiKey::ListOffsets, 1, 8),
    (ApiKey::Metadata, 0, 12),
    (ApiKey::OffsetCommit, 2, 9),
    (ApiKey::OffsetFetch, 1, 9),
    (ApiKey::FindCoordinator, 0, 4),
    (ApiKey::JoinGroup, 0, 9),
    (ApiKey::Heartbeat, 0, 4),
    (ApiKey::LeaveGroup, 0, 5),
    (ApiKey::SyncGroup, 0, 5),
    (ApiKey::DescribeGroups, 0, 6),
    (ApiKey::ListGroups, 0, 5),
    (ApiKey::ApiVersions, 0, 4),
    (ApiKey::CreateTopics, 2, 7),
    (ApiKey::DeleteTopics, 1, 6),
    (ApiKey::InitProducerId, 0, 4),
    (ApiKey::DeleteGroups, 0, 2),
    (ApiKey::OffsetDelete, 0, 0),
    (ApiKey::OffsetForLeaderEpoch, 2, 4),
    (ApiKey::ConsumerGroupHeartbeat, 0, 1),
    (ApiKey::ConsumerGroupDescribe, 0, 1),
    (ApiKey::DescribeTopicPartitions, 0, 0),
];

pub(crate) fn parse(mut frame: Bytes) -> Result<Incoming, Refusal> {
    if frame.len() < 8 {
        return Err(Refusal("a frame was too short for a header".to_owned()));
    }
    let key = i16::from_be_bytes([frame[0], frame[1]]);
    let version = i16::from_be_bytes([frame[2], frame[3]]);
    let correlation_id = i32::from_be_bytes([frame[4], frame[5], frame[6], frame[7]]);
    let api = ApiKey::try_from(key).map_err(|()| Refusal(format!("API key {key} is unknown")))?;
    let Some((_, min, max)) = APIS.iter().find(|(known, ..)| *known == api) else {
        return Err(Refusal(format!("{api:?} is not served")));
    };
    if version < *min || version > *max {
        if api == ApiKey::ApiVersions {
            return Ok(Incoming::ApiVersionsTooNew { correlation_id });
        }
        return Err(Refusal(format!("{api:?} v{version} is not served")));
    }
    let header = RequestHeader::decode(&mut frame, api.request_header_version(version))
        .map_err(|error| Refusal(error.to_string()))?;
    let body = RequestKind::decode(api, &mut frame, version).map_err(|error| Refusal(error.to_string()))?;
    if frame.has_remaining() {
        return Err(Refusal(format!("{api:?} v{version} had {} bytes too many", frame.remaining())));
    }
    let client_id = header.client_id.unwrap_or_default();
    Ok(Incoming::Request(Request { api, version, correlation_id, client_id, body }))
}

pub(crate) fn encode(
    correlation_id: i32,
    api: ApiKey,
    version: i16,
    response: &ResponseKind,
) -> Result<BytesMut, String> {
    let mut output = BytesMut::with_capacity(512);
    output.put_i32(0);
    ResponseHeader::default()
        .with_correlation_id(correlation_id)
        .encode(&mut output, api.response_header_version(version))
        .map_err(|error| error.to_string())?;
    response.encode(&mut output, version).map_err(|error| error.to_string())?;
    let size = (output.len() - 4) as i32;
    output[..4].copy_from_slice(&size.to_be_bytes());
    Ok(output)
}

pub(crate) fn encode_api_versions_too_new(correlation_id: i32) -> BytesMut {
    let response = crate::api::versions::response(kafka_protocol::ResponseError::UnsupportedVersion.code());
    encode(correlation_id, ApiKey::ApiVersions, 0, &response).unwrap_or_default()
}
