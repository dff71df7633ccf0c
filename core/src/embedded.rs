//! The in-process clusters of a probe: started with it, stopped after its clients, and reached through the
//! protocol like any other.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use test_probe_embedded::{EmbeddedKafka, Options, StartError};

use crate::completion::lock;
use crate::config::{Config, EmbeddedConfig};
use crate::error::{ErrorCode, ProbeError, Result};

/// The running in-process clusters, by the name of their configuration.
#[derive(Debug, Default)]
pub(crate) struct EmbeddedClusters(Mutex<BTreeMap<String, Arc<EmbeddedKafka>>>);

impl EmbeddedClusters {
    /// Starts every cluster that the configuration calls embedded, and writes its servers there, so that
    /// nobody else has to know the difference.
    pub(crate) fn start(config: &mut Config) -> Result<Self> {
        let mut running = BTreeMap::new();
        for (name, cluster) in &mut config.clusters {
            let Some(embedded) = &cluster.embedded else { continue };
            let kafka = EmbeddedKafka::start(options(embedded)).map_err(|error| refused(name, &error))?;
            cluster.bootstrap_servers = kafka.bootstrap_servers();
            running.insert(name.clone(), Arc::new(kafka));
        }
        Ok(Self(Mutex::new(running)))
    }

    /// Returns a running cluster.
    pub(crate) fn get(&self, name: &str) -> Option<Arc<EmbeddedKafka>> {
        lock(&self.0).get(name).cloned()
    }

    /// Stops every cluster that nobody else holds.
    pub(crate) fn stop(&self) {
        let running = std::mem::take(&mut *lock(&self.0));
        drop(running);
    }
}

fn options(config: &EmbeddedConfig) -> Options {
    Options::with_brokers(u16::try_from(config.brokers).unwrap_or(u16::MAX))
}

fn refused(cluster: &str, error: &StartError) -> ProbeError {
    let code = match error {
        StartError::InvalidOption { .. } => ErrorCode::InvalidConfig,
        _ => ErrorCode::BrokerUnreachable,
    };
    ProbeError::new(code, format!("the embedded cluster did not start: {error}")).with("cluster", cluster)
}
