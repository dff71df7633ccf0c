//! ApiVersions: what is served.

use kafka_protocol::messages::ApiVersionsResponse;
use kafka_protocol::messages::api_versions_response::{FinalizedFeatureKey, SupportedFeatureKey};
use kafka_protocol::protocol::StrBytes;

use super::Call;
use crate::wire::apis;

/// From this version on features are told.
const HAS_FEATURES: i16 = 3;
/// From this version on clients know that a feature may be off (KAFKA-17011).
const MAY_BE_OFF: i16 = 4;

/// A feature of the cluster: its name, the least and the highest level, which is the one in use (KIP-584).
type Feature = (&'static str, i16, i16);

/// There is no `transaction.version`: the second protocol of transactions (KIP-890) is not served.
const FEATURES: [Feature; 2] = [("group.version", 0, 1), ("metadata.version", 7, 25)];

pub(super) fn handle(call: &Call<'_>) -> ApiVersionsResponse {
    let response = ApiVersionsResponse::default().with_api_keys(apis::advertised());
    if call.version < HAS_FEATURES {
        return response;
    }
    let supported = FEATURES.iter().filter(|(_, least, _)| *least > 0 || call.version >= MAY_BE_OFF);
    let supported = supported.map(|(name, least, highest)| {
        SupportedFeatureKey::default()
            .with_name(StrBytes::from_static_str(name))
            .with_min_version(*least)
            .with_max_version(*highest)
    });
    let finalized = FEATURES.iter().map(|(name, _, level)| {
        FinalizedFeatureKey::default()
            .with_name(StrBytes::from_static_str(name))
            .with_min_version_level(*level)
            .with_max_version_level(*level)
    });
    response
        .with_supported_features(supported.collect())
        .with_finalized_features(finalized.collect())
        .with_finalized_features_epoch(0)
}
