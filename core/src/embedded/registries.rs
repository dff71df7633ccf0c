//! The schema registries of a probe that live in this process: one for each embedded cluster that names none, and those
//! that `mock://SCOPE` names.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, Weak};

use test_probe_embedded::{EmbeddedRegistry, RegistryOptions};

use crate::completion::lock;
use crate::config::{Config, MOCK, SchemaRegistryConfig};
use crate::error::{ErrorCode, ProbeError, Result};

/// The registries that a scope names, with the process that started each: all probes of a process that name a scope share
/// its registry, which ends with the last of them.
static SCOPES: Mutex<BTreeMap<String, (u32, Weak<EmbeddedRegistry>)>> = Mutex::new(BTreeMap::new());

/// The running registries, by the name of their cluster's configuration.
#[derive(Debug, Default)]
pub(crate) struct Registries(Mutex<BTreeMap<String, Arc<EmbeddedRegistry>>>);

impl Registries {
    /// Starts what the configuration asks for, and writes its URL there, so that nobody else has to know the
    /// difference.
    pub(super) fn start(config: &mut Config) -> Result<Self> {
        let mut running = BTreeMap::new();
        for (name, cluster) in &mut config.clusters {
            let scope =
                cluster.schema_registry.as_ref().map(|registry| registry.url.trim().strip_prefix(MOCK));
            let registry = match scope {
                Some(Some(scope)) => of_scope(scope),
                None if cluster.embedded.is_some() => start(),
                Some(None) | None => continue,
            };
            let registry = registry.map_err(|error| error.with("cluster", name.as_str()))?;
            let url = registry.url();
            match &mut cluster.schema_registry {
                Some(config) => config.url = url,
                none => *none = Some(SchemaRegistryConfig::at(url)),
            }
            running.insert(name.clone(), registry);
        }
        Ok(Self(Mutex::new(running)))
    }

    /// Returns the registry of a cluster, where it is one of this process.
    pub(crate) fn get(&self, cluster: &str) -> Option<Arc<EmbeddedRegistry>> {
        lock(&self.0).get(cluster).cloned()
    }

    /// Stops every registry that nobody else holds.
    pub(super) fn stop(&self) {
        let running = std::mem::take(&mut *lock(&self.0));
        drop(running);
    }
}

fn start() -> Result<Arc<EmbeddedRegistry>> {
    EmbeddedRegistry::start(RegistryOptions::default()).map(Arc::new).map_err(|error| {
        let message = format!("the embedded schema registry did not start: {error}");
        ProbeError::new(ErrorCode::RegistryUnreachable, message)
    })
}

fn of_scope(scope: &str) -> Result<Arc<EmbeddedRegistry>> {
    let mut scopes = lock(&SCOPES);
    let pid = std::process::id();
    // A forked child has the handles of its parent, and none of the threads behind them.
    let running = scopes.get(scope).filter(|(owner, _)| *owner == pid).and_then(|(_, weak)| weak.upgrade());
    if let Some(running) = running {
        return Ok(running);
    }
    let registry = start()?;
    scopes.retain(|_, (_, registry)| registry.strong_count() > 0);
    scopes.insert(scope.to_owned(), (pid, Arc::downgrade(&registry)));
    Ok(registry)
}
