//! ApiVersions: what is served.

use kafka_protocol::messages::ApiVersionsResponse;

use crate::wire::apis;

pub(super) fn handle() -> ApiVersionsResponse {
    ApiVersionsResponse::default().with_api_keys(apis::advertised())
}
