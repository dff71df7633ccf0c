//! The in-process clusters of a probe, and its in-process schema registries: started with it, stopped after its clients,
//! and reached through their protocols like any other.

mod options;
mod registries;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use serde_json::{Map, Value, json};
use test_probe_embedded::security::Protocol;
use test_probe_embedded::{EmbeddedKafka, StartError};

use crate::completion::lock;
use crate::config::Config;
use crate::error::{ErrorCode, ProbeError, Result};
use registries::Registries;

/// The running in-process clusters, by the name of their configuration, with the schema registries.
#[derive(Debug, Default)]
pub(crate) struct EmbeddedClusters {
    running: Mutex<BTreeMap<String, Arc<EmbeddedKafka>>>,
    pub(crate) registries: Registries,
}

impl EmbeddedClusters {
    /// Starts every cluster that the configuration calls embedded, and writes its servers there, so that
    /// nobody else has to know the difference.
    pub(crate) fn start(config: &mut Config) -> Result<Self> {
        let mut running = BTreeMap::new();
        for (name, cluster) in &mut config.clusters {
            let Some(embedded) = &cluster.embedded else { continue };
            let options = options::options(embedded).map_err(|error| error.with("cluster", name.as_str()))?;
            let kafka = EmbeddedKafka::start(options).map_err(|error| refused(name, &error))?;
            // The probe itself connects without encryption, whatever else there is.
            cluster.bootstrap_servers =
                kafka.bootstrap_servers_of(Protocol::Plaintext).unwrap_or_else(|| kafka.bootstrap_servers());
            running.insert(name.clone(), Arc::new(kafka));
        }
        Ok(Self { running: Mutex::new(running), registries: Registries::start(config)? })
    }

    /// Returns a running cluster.
    pub(crate) fn get(&self, name: &str) -> Option<Arc<EmbeddedKafka>> {
        lock(&self.running).get(name).cloned()
    }

    /// Stops every cluster and every registry that nobody else holds.
    pub(crate) fn stop(&self) {
        let running = std::mem::take(&mut *lock(&self.running));
        drop(running);
        self.registries.stop();
    }
}

/// Returns what a system under test needs to connect: `{listeners: {PROTOCOL: servers}, certificate_authority,
/// cluster_id}`.
pub(crate) fn about(kafka: &EmbeddedKafka) -> Map<String, Value> {
    let listeners = kafka.listeners().into_iter();
    let listeners = listeners.map(|(protocol, servers)| (protocol.name().to_owned(), servers.into()));
    let mut about = Map::new();
    about.insert("listeners".to_owned(), Value::Object(listeners.collect()));
    let authority = kafka.certificate_authority().map(|authority| authority.pem());
    about.insert("certificate_authority".to_owned(), json!(authority));
    about.insert("cluster_id".to_owned(), kafka.cluster_id().into());
    about
}

fn refused(cluster: &str, error: &StartError) -> ProbeError {
    let code = match error {
        StartError::InvalidOption { .. } => ErrorCode::InvalidConfig,
        _ => ErrorCode::BrokerUnreachable,
    };
    ProbeError::new(code, format!("the embedded cluster did not start: {error}")).with("cluster", cluster)
}
