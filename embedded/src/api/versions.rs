//! ApiVersions: what is served.

use kafka_protocol::messages::api_versions_response::ApiVersion;
use kafka_protocol::messages::{ApiVersionsResponse, ResponseKind};

use crate::wire::APIS;

/// Returns the APIs that are served, with an error code.
pub(crate) fn response(error_code: i16) -> ResponseKind {
    let api = |(key, min, max): &(_, i16, i16)| {
        ApiVersion::default().with_api_key(*key as i16).with_min_version(*min).with_max_version(*max)
    };
    ApiVersionsResponse::default()
        .with_error_code(error_code)
        .with_api_keys(APIS.iter().map(api).collect())
        .into()
}
