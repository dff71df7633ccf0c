//! ApiVersions: what is served.

use kafka_protocol::messages::api_versions_response::{FinalizedFeatureKey, SupportedFeatureKey};
use kafka_protocol::messages::{ApiKey, ApiVersionsResponse};
use kafka_protocol::protocol::StrBytes;

use super::Call;
use crate::wire::apis;

/// From this version on a response names features (KIP-584).
const HAS_FEATURES: i16 = 3;
/// From this version on clients understand a range that begins with 0 (KAFKA-17011).
const KNOWS_RANGES_FROM_ZERO: i16 = 4;
/// A finalized feature never changes here, so one epoch does for all.
const FEATURES_EPOCH: i64 = 1;

/// What a cluster of Kafka 4.3 agreed on.
struct Feature {
    name: &'static str,
    oldest: i16,
    /// The newest level that is known, which is in use.
    level: i16,
    /// The feature is that this API is served in this version.
    proof: (ApiKey, i16),
}

const FEATURES: [Feature; 3] = [
    // KIP-848
    Feature { name: "group.version", oldest: 0, level: 1, proof: (ApiKey::ConsumerGroupHeartbeat, 0) },
    // The level of Kafka 4.3, that of a new cluster.
    Feature { name: "metadata.version", oldest: 7, level: 30, proof: (ApiKey::Metadata, 12) },
    // KIP-890
    Feature { name: "transaction.version", oldest: 0, level: 2, proof: (ApiKey::EndTxn, 5) },
];

impl Feature {
    fn is_served(&self) -> bool {
        let (key, version) = self.proof;
        apis::find(key as i16).is_some_and(|api| api.has(version))
    }

    fn supported(&self) -> SupportedFeatureKey {
        SupportedFeatureKey::default()
            .with_name(StrBytes::from_static_str(self.name))
            .with_min_version(self.oldest)
            .with_max_version(self.level)
    }

    fn finalized(&self) -> FinalizedFeatureKey {
        FinalizedFeatureKey::default()
            .with_name(StrBytes::from_static_str(self.name))
            .with_min_version_level(self.level)
            .with_max_version_level(self.level)
    }
}

pub(super) fn handle(call: &Call<'_>) -> ApiVersionsResponse {
    let response = ApiVersionsResponse::default().with_api_keys(apis::advertised());
    if call.version < HAS_FEATURES {
        return response;
    }
    let served = || FEATURES.iter().filter(|feature| feature.is_served());
    let is_understood = |feature: &&Feature| call.version >= KNOWS_RANGES_FROM_ZERO || feature.oldest > 0;
    response
        .with_supported_features(served().filter(is_understood).map(Feature::supported).collect())
        .with_finalized_features_epoch(FEATURES_EPOCH)
        .with_finalized_features(served().map(Feature::finalized).collect())
}

#[cfg(test)]
mod tests {
    use std::net::{IpAddr, Ipv4Addr};
    use std::time::Instant;

    use super::*;
    use crate::security::Principal;
    use crate::state::Now;

    fn answer(version: i16) -> ApiVersionsResponse {
        let now = Now { mono: Instant::now(), wall_ms: 0 };
        let (client_id, peer) = (StrBytes::default(), IpAddr::V4(Ipv4Addr::LOCALHOST));
        let principal = &Principal::anonymous();
        handle(&Call { now, node: 1, listener: 0, version, client_id: &client_id, peer, principal })
    }

    fn supported(version: i16) -> Vec<String> {
        answer(version).supported_features.iter().map(|feature| feature.name.to_string()).collect()
    }

    #[test]
    fn the_second_transaction_protocol_is_in_use() {
        let features = answer(3).finalized_features;
        let levels: Vec<_> = features.iter().map(|one| (one.name.as_str(), one.max_version_level)).collect();
        assert!(levels.contains(&("transaction.version", 2)), "{levels:?}");
        assert!(answer(3).finalized_features_epoch >= 0);
    }

    #[test]
    fn a_feature_is_in_use_when_what_it_stands_for_is_served() {
        let features = answer(4).finalized_features;
        let has_groups = features.iter().any(|one| one.name.as_str() == "group.version");
        assert_eq!(has_groups, apis::find(ApiKey::ConsumerGroupHeartbeat as i16).is_some());
    }

    #[test]
    fn old_versions_hide_what_their_clients_would_stumble_over() {
        assert!(supported(4).contains(&"transaction.version".to_owned()));
        assert_eq!(supported(3), ["metadata.version"]);
        assert!(answer(2).finalized_features.is_empty() && supported(2).is_empty());
    }
}
