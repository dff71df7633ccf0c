//! Which cluster a topic lives on.

use std::collections::BTreeSet;

use super::model::{ClusterConfig, Config, DEFAULT_CLUSTER};
use crate::directive::Location;
use crate::document::{closest, shown};
use crate::error::{ErrorCode, ProbeError, Result};

impl Config {
    /// Returns the name and the settings of the cluster that a directive means.
    ///
    /// Bootstrap servers that are those of a named cluster, in any order, mean that cluster. Any others
    /// are a cluster of their own, named by its servers, with the default cluster's registry, security
    /// and properties.
    ///
    /// # Errors
    /// UNKNOWN_CLUSTER when the configuration has no cluster of that name.
    ///
    /// ```
    /// use test_probe::{Config, directive::Location};
    /// let config = Config::with_bootstrap_servers("h1:9092,h2:9092");
    /// let location = Location::BootstrapServers("h2:9092,h1:9092".to_owned());
    /// assert_eq!(config.cluster_of(&location).unwrap().0, "default");
    /// ```
    pub fn cluster_of(&self, location: &Location) -> Result<(String, ClusterConfig)> {
        match location {
            Location::Default => self.named(DEFAULT_CLUSTER),
            Location::Cluster(name) => self.named(name),
            Location::BootstrapServers(servers) => self.at(servers),
        }
    }

    fn named(&self, name: &str) -> Result<(String, ClusterConfig)> {
        if let Some(cluster) = self.clusters.get(name) {
            return Ok((name.to_owned(), cluster.clone()));
        }
        let names = self.clusters.keys().map(String::as_str);
        let message = format!("cluster `{}` was not in the configuration", shown(name));
        let error = ProbeError::new(ErrorCode::UnknownCluster, message).with("cluster", name);
        Err(match closest(name, names.clone()) {
            Some(near) => error.hint(format!("did you mean `{near}`?")),
            None => error.hint(format!("known clusters: {}", crate::document::quoted(names))),
        })
    }

    fn at(&self, servers: &str) -> Result<(String, ClusterConfig)> {
        let wanted = addresses(servers);
        let is_wanted = |name: &&String| addresses(&self.clusters[*name].bootstrap_servers) == wanted;
        let default = self.clusters.keys().find(|name| *name == DEFAULT_CLUSTER);
        let others = self.clusters.keys().filter(|name| *name != DEFAULT_CLUSTER);
        if let Some(name) = default.into_iter().chain(others).find(is_wanted) {
            return self.named(name);
        }
        let (_, default) = self.named(DEFAULT_CLUSTER)?;
        let cluster = ClusterConfig { bootstrap_servers: servers.to_owned(), embedded: None, ..default };
        Ok((servers.to_owned(), cluster))
    }
}

fn addresses(servers: &str) -> BTreeSet<&str> {
    servers.split(',').collect()
}
