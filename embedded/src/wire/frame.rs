//! One frame: a request that came in, or a response that goes out.

use std::fmt;

use bytes::{Buf, BufMut, Bytes, BytesMut};
use kafka_protocol::messages::{ApiKey, RequestKind, ResponseKind};
use kafka_protocol::protocol::{Encodable, StrBytes};

use super::bounds::{self, Malformed};
use super::{apis, shapes};

/// How large frames may be, in bytes, without the four bytes of their size.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Limits {
    /// Produce requests; 100 MiB unless told, as Kafka's `socket.request.max.bytes`.
    pub(crate) produce: usize,
    /// All other requests; 4 MiB unless told.
    pub(crate) other: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { produce: 100 << 20, other: 4 << 20 }
    }
}

/// The fixed part of a request header: API, version and correlation id.
const LEAST: usize = 8;

impl Limits {
    /// Returns the size of a frame that may be read, given its size field and its first two bytes.
    ///
    /// A server that has only the size yet asks with `ApiKey::Produce`, and again when it knows the API.
    pub(crate) fn admit(&self, size: i32, api_key: i16) -> Result<usize, Refusal> {
        let most = if api_key == ApiKey::Produce as i16 { self.produce } else { self.other };
        match usize::try_from(size) {
            Ok(size) if (LEAST..=most).contains(&size) => Ok(size),
            _ => Err(Refusal::Size { size, most }),
        }
    }
}

/// What the header of a request says.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Header {
    /// Which API is called.
    pub(crate) api: ApiKey,
    /// In which version; one that [`apis`] has.
    pub(crate) version: i16,
    /// What the response begins with.
    pub(crate) correlation_id: i32,
    /// What the client calls itself, at most 32,767 bytes; a slice of the frame.
    pub(crate) client_id: Option<StrBytes>,
}

/// A frame that can be answered.
#[derive(Debug, Clone, PartialEq)]
#[expect(clippy::large_enum_variant, reason = "it is taken apart at once; a box would cost each request")]
pub(crate) enum Incoming {
    /// A request of a version that is known.
    Request {
        /// Its header.
        header: Header,
        /// Its body. Strings, bytes and records are slices of the frame.
        body: RequestKind,
    },
    /// ApiVersions of a version that is not known, whose body nobody can read. It is answered with
    /// [`apis::too_new`] in version 0.
    ApiVersionsTooNew {
        /// What the response begins with.
        correlation_id: i32,
    },
}

/// Why a connection is closed, as Kafka closes it, without an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// The size field is out of range.
    Size {
        /// What it says.
        size: i32,
        /// What was allowed.
        most: usize,
    },
    /// The request header does not end within the frame.
    Header(&'static str),
    /// The API is unknown or switched off.
    UnknownApi(i16),
    /// The API is not answered in this version.
    UnsupportedVersion(ApiKey, i16),
    /// The body is not one of this request.
    Malformed(Malformed),
    /// The codec refused what the check let through.
    Codec(String),
}

impl fmt::Display for Refusal {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Size { size, most } => {
                write!(out, "a frame of {size} bytes was refused, {most} are allowed")
            }
            Self::Header(what) => write!(out, "the request header could not be read: {what}"),
            Self::UnknownApi(api_key) => write!(out, "the API {api_key} is not answered"),
            Self::UnsupportedVersion(api, version) => write!(out, "{api:?} v{version} is not answered"),
            Self::Malformed(malformed) => malformed.fmt(out),
            Self::Codec(what) => out.write_str(what),
        }
    }
}

impl std::error::Error for Refusal {}

/// Reads a request from a frame, which is all that follows the size field.
pub(crate) fn parse(mut frame: Bytes) -> Result<Incoming, Refusal> {
    if frame.len() < LEAST {
        return Err(Refusal::Header("it is too short"));
    }
    let (api_key, version, correlation_id) = (frame.get_i16(), frame.get_i16(), frame.get_i32());
    let api = apis::find(api_key).ok_or(Refusal::UnknownApi(api_key))?;
    if !api.has(version) {
        return match api.key {
            ApiKey::ApiVersions => Ok(Incoming::ApiVersionsTooNew { correlation_id }),
            key => Err(Refusal::UnsupportedVersion(key, version)),
        };
    }
    let client_id = client_id(&mut frame)?;
    if shapes::of(api_key).is_some_and(|shape| shape.is_flexible(version)) {
        let left = bounds::skip_tags(&frame).map_err(Refusal::Header)?.len();
        frame.advance(frame.len() - left);
    }
    bounds::check(api.key, version, &frame).map_err(Refusal::Malformed)?;
    let body = RequestKind::decode(api.key, &mut frame, version)
        .map_err(|error| Refusal::Codec(format!("{error:#}")))?;
    Ok(Incoming::Request { header: Header { api: api.key, version, correlation_id, client_id }, body })
}

/// Reads the client id, whose length has 16 bits in every version of the header.
fn client_id(frame: &mut Bytes) -> Result<Option<StrBytes>, Refusal> {
    let length = frame.try_get_i16().map_err(|_| Refusal::Header("it has no client id"))?;
    // Kafka takes every negative length for null.
    let Ok(length) = usize::try_from(length) else { return Ok(None) };
    if length > frame.len() {
        return Err(Refusal::Header("the client id does not end within the frame"));
    }
    let client_id = frame.split_to(length);
    // Like Kafka, it is not refused for not being UTF-8.
    let lossy = |_| StrBytes::from_string(String::from_utf8_lossy(&client_id).into_owned());
    Ok(Some(StrBytes::from_utf8(client_id.clone()).unwrap_or_else(lossy)))
}

/// A response that the codec refuses in this version: a field is set that the version does not have.
#[derive(Debug)]
pub(crate) struct Unencodable(String);

impl Unencodable {
    pub(super) fn from_codec(error: impl fmt::Display) -> Self {
        Self(format!("a response could not be written: {error:#}"))
    }

    pub(super) fn too_large() -> Self {
        Self("a response is larger than 2 GiB".to_owned())
    }
}

impl fmt::Display for Unencodable {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.0)
    }
}

impl std::error::Error for Unencodable {}

/// Returns bytes as a frame without a header, which tokens of SASL are after version 0 of its handshake.
pub(crate) fn sized(bytes: &[u8]) -> BytesMut {
    let mut out = BytesMut::with_capacity(4 + bytes.len());
    out.put_i32(bytes.len() as i32);
    out.put_slice(bytes);
    out
}

/// Returns a response as a frame, with its size field.
pub(crate) fn encode(
    correlation_id: i32,
    api: ApiKey,
    version: i16,
    response: &ResponseKind,
) -> Result<BytesMut, Unencodable> {
    let failed = Unencodable::from_codec;
    let body = match response {
        ResponseKind::Fetch(response) => response.compute_size(version).map_err(failed)?,
        ResponseKind::Produce(response) => response.compute_size(version).map_err(failed)?,
        _ => 512,
    };
    let mut out = BytesMut::with_capacity(4 + 5 + body);
    out.put_i32(0);
    out.put_i32(correlation_id);
    // Version 1 adds tagged fields. ApiVersions keeps to version 0, for clients that do not know yet.
    if api.response_header_version(version) >= 1 {
        out.put_u8(0);
    }
    response.encode(&mut out, version).map_err(failed)?;
    let size = i32::try_from(out.len() - 4);
    let size = size.map_err(|_| Unencodable::too_large())?;
    out[..4].copy_from_slice(&size.to_be_bytes());
    Ok(out)
}

#[cfg(test)]
#[path = "frame_tests.rs"]
mod tests;
