//! TEMPORARY until the directive branch lands.
use super::{ClusterConfig, Config, DEFAULT_CLUSTER};
use crate::directive::Location;
use crate::error::{ErrorCode, ProbeError, Result};
impl Config {
    pub(crate) fn cluster_of(&self, location: &Location) -> Result<(String, ClusterConfig)> {
        let name = match location {
            Location::Default => DEFAULT_CLUSTER,
            Location::Cluster(n) => n,
            Location::BootstrapServers(s) => return Ok((s.clone(), ClusterConfig::at(s))),
        };
        self.clusters
            .get(name)
            .map(|c| (name.to_owned(), c.clone()))
            .ok_or_else(|| ProbeError::new(ErrorCode::UnknownCluster, name))
    }
}
