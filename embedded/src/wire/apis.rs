//! The one table of what is answered, and in which versions.

use kafka_protocol::ResponseError;
use kafka_protocol::messages::ApiKey;
use kafka_protocol::messages::api_versions_response::{ApiVersion, ApiVersionsResponse};

/// An API with the versions in which it is answered.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Api {
    /// Which API.
    pub(crate) key: ApiKey,
    /// The oldest version that is answered.
    pub(crate) oldest: i16,
    /// The newest version that is answered.
    pub(crate) newest: i16,
}

const fn on(key: ApiKey, oldest: i16, newest: i16) -> Api {
    Api { key, oldest, newest }
}

/// Every API, by its number, with the versions that are tested.
///
/// The ceilings keep to what the codec knows and what is tested with real clients. AddPartitionsToTxn goes on to
/// 5 in Kafka, which only brokers send; so does WriteTxnMarkers to 2, which administrators do not need.
pub(crate) static APIS: &[Api] = &[
    on(ApiKey::Produce, 3, 13),
    on(ApiKey::Fetch, 4, 18),
    on(ApiKey::ListOffsets, 1, 10),
    on(ApiKey::Metadata, 0, 12),
    on(ApiKey::OffsetCommit, 2, 9),
    on(ApiKey::OffsetFetch, 1, 9),
    on(ApiKey::FindCoordinator, 0, 4),
    on(ApiKey::JoinGroup, 0, 9),
    on(ApiKey::Heartbeat, 0, 4),
    on(ApiKey::LeaveGroup, 0, 5),
    on(ApiKey::SyncGroup, 0, 5),
    on(ApiKey::DescribeGroups, 0, 6),
    on(ApiKey::ListGroups, 0, 5),
    on(ApiKey::SaslHandshake, 0, 1),
    on(ApiKey::ApiVersions, 0, 4),
    on(ApiKey::CreateTopics, 2, 7),
    on(ApiKey::DeleteTopics, 1, 6),
    on(ApiKey::DeleteRecords, 0, 2),
    on(ApiKey::InitProducerId, 0, 5),
    on(ApiKey::OffsetForLeaderEpoch, 2, 4),
    on(ApiKey::AddPartitionsToTxn, 0, 3),
    on(ApiKey::AddOffsetsToTxn, 0, 4),
    on(ApiKey::EndTxn, 0, 5),
    on(ApiKey::WriteTxnMarkers, 1, 1),
    on(ApiKey::TxnOffsetCommit, 0, 5),
    on(ApiKey::DescribeAcls, 1, 3),
    on(ApiKey::CreateAcls, 1, 3),
    on(ApiKey::DeleteAcls, 1, 3),
    on(ApiKey::DescribeConfigs, 1, 4),
    on(ApiKey::AlterConfigs, 0, 2),
    on(ApiKey::SaslAuthenticate, 0, 2),
    on(ApiKey::CreatePartitions, 0, 3),
    on(ApiKey::DeleteGroups, 0, 2),
    on(ApiKey::IncrementalAlterConfigs, 0, 1),
    on(ApiKey::ListPartitionReassignments, 0, 0),
    on(ApiKey::OffsetDelete, 0, 0),
    on(ApiKey::DescribeCluster, 0, 1),
    on(ApiKey::DescribeProducers, 0, 0),
    on(ApiKey::DescribeTransactions, 0, 0),
    on(ApiKey::ListTransactions, 0, 2),
    on(ApiKey::ConsumerGroupHeartbeat, 0, 1),
    on(ApiKey::ConsumerGroupDescribe, 0, 1),
    on(ApiKey::DescribeTopicPartitions, 0, 0),
];

/// Returns the API with this number, if it is answered in any version.
pub(crate) fn find(api_key: i16) -> Option<&'static Api> {
    APIS.iter().find(|api| api.key as i16 == api_key)
}

impl Api {
    /// Whether this version of it is answered.
    pub(crate) fn has(&self, version: i16) -> bool {
        self.oldest <= version && version <= self.newest
    }

    /// What ApiVersions says of it.
    pub(crate) fn advertised(&self) -> ApiVersion {
        // librdkafka wants Produce 0-2 in the list before it compresses; like Kafka 4, they are listed and
        // refused (KAFKA-18659).
        let oldest = if self.key == ApiKey::Produce { 0 } else { self.oldest };
        ApiVersion::default()
            .with_api_key(self.key as i16)
            .with_min_version(oldest)
            .with_max_version(self.newest)
    }
}

/// Returns the list for the answer to ApiVersions.
pub(crate) fn advertised() -> Vec<ApiVersion> {
    APIS.iter().map(Api::advertised).collect()
}

/// Returns the answer to an ApiVersions of a version that is not known, to be encoded as version 0 (KIP-511).
///
/// As with Kafka, it lists ApiVersions alone: enough for the client to ask again in a version that is known.
pub(crate) fn too_new() -> ApiVersionsResponse {
    ApiVersionsResponse::default()
        .with_error_code(ResponseError::UnsupportedVersion.code())
        .with_api_keys(find(ApiKey::ApiVersions as i16).map(Api::advertised).into_iter().collect())
}

#[cfg(test)]
mod tests {
    use kafka_protocol::protocol::VersionRange;

    use super::*;
    use crate::wire::shapes;

    #[test]
    fn the_codec_and_the_shapes_know_every_version_in_the_table() {
        for api in APIS {
            let VersionRange { min, max } = api.key.valid_versions();
            assert!(min <= api.oldest && api.newest <= max, "{api:?}: the codec has {min}-{max}");
            let shape = shapes::of(api.key as i16).unwrap_or_else(|| panic!("{api:?} has no shape"));
            assert!(shape.versions.has(api.oldest) && shape.versions.has(api.newest), "{api:?}: {shape:?}");
            assert_eq!(shape.name, format!("{:?}Request", api.key));
            for version in api.oldest..=api.newest {
                let header = if shape.is_flexible(version) { 2 } else { 1 };
                assert_eq!(api.key.request_header_version(version), header, "{api:?} v{version}");
            }
        }
    }

    #[test]
    fn the_table_is_sorted_and_names_each_api_once() {
        assert!(APIS.is_sorted_by(|one, next| (one.key as i16) < next.key as i16));
        assert!(APIS.iter().all(|api| 0 <= api.oldest && api.oldest <= api.newest));
    }

    #[test]
    fn every_api_in_the_table_is_advertised() {
        let on: Vec<i16> = APIS.iter().map(|api| api.key as i16).collect();
        let advertised = advertised();
        assert_eq!(advertised.iter().map(|api| api.api_key).collect::<Vec<_>>(), on);
        assert!(on.contains(&(ApiKey::ApiVersions as i16)));
    }

    #[test]
    fn old_versions_of_produce_are_listed_and_refused() {
        let produce = find(ApiKey::Produce as i16).expect("Produce");
        assert_eq!(produce.advertised().min_version, 0);
        assert!(!produce.has(2) && produce.has(3));
    }
}
