//! What the cluster says that it serves.

use kafka_protocol::messages::{ApiVersionsRequest, ApiVersionsResponse};

use super::world::World;

#[test]
fn features_are_told_to_clients_that_know_of_them() {
    let mut world = World::new();
    for (version, supported, finalized, epoch) in
        [(0, 0, 0, -1), (1, 0, 0, -1), (2, 0, 0, -1), (3, 1, 2, 0), (4, 2, 2, 0)]
    {
        let said: ApiVersionsResponse = world.ask(version, ApiVersionsRequest::default());
        let told = (said.supported_features.len(), said.finalized_features.len());
        assert_eq!((told, said.finalized_features_epoch), ((supported, finalized), epoch), "{version}");
        let is_transactional = |name: &str| name == "transaction.version";
        assert!(!said.finalized_features.iter().any(|feature| is_transactional(&feature.name)));
    }
}
