//! Named clusters, started lazily and once, that live until the probe closes.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};
use tokio::runtime::Handle;

use crate::broker::Broker;
use crate::completion::lock;
use crate::config::{ClusterConfig, Config, PrincipalConfig, SchemaRegistryConfig};
use crate::directive::TopicDirective;
use crate::error::{ErrorCode, ProbeError, Result};
use crate::schemas::SchemaRegistry;
use crate::workers::link::Link;
use crate::workers::undecodable::Kind;

/// Makes the client of a cluster. The real one is librdkafka; simulations bring their own.
pub trait Connector: Send + Sync {
    /// Connects as a principal, without waiting for the cluster.
    fn connect(
        &self,
        cluster: &str,
        config: &ClusterConfig,
        principal: Option<(&str, &PrincipalConfig)>,
    ) -> Result<Arc<dyn Broker>>;
}

/// The links of a probe: one per (cluster, principal).
pub(crate) struct Clusters {
    connector: Arc<dyn Connector>,
    links: Mutex<Links>,
    /// One per cluster that has one and of which a topic needed it.
    registries: Mutex<BTreeMap<String, Arc<SchemaRegistry>>>,
}

#[derive(Default)]
struct Links {
    by_key: BTreeMap<(String, Option<String>), Arc<Link>>,
    /// Principals that the configuration does not have, with the cluster that they connected to.
    unknown: BTreeSet<(String, String)>,
    closed: Option<ProbeError>,
}

impl Clusters {
    pub(crate) fn new(connector: Arc<dyn Connector>) -> Self {
        Self { connector, links: Mutex::default(), registries: Mutex::default() }
    }

    /// Returns the link that a directive's topic is reached by; the first caller starts it.
    pub(crate) fn get_or_create(
        &self,
        config: &Config,
        directive: &TopicDirective,
        runtime: &Handle,
    ) -> Result<Arc<Link>> {
        let (name, cluster) = config.cluster_of(&directive.location)?;
        let principal = known_principal(config, &cluster, directive)?;
        let mut links = lock(&self.links);
        if let Some(reason) = &links.closed {
            return Err(reason.clone());
        }
        if let (None, Some(unknown)) = (principal, &directive.client_principal) {
            links.unknown.insert((unknown.clone(), name.clone()));
        }
        let key = (name, principal.map(|(name, _)| name.to_owned()));
        if let Some(link) = links.by_key.get(&key) {
            return Ok(link.clone());
        }
        let broker = self.connector.connect(&key.0, &cluster, principal)?;
        let delivery_timeout =
            config.dsl.ask_timeout.max(config.dsl.blocking_timeout).mul_f64(config.time_factor);
        let link = Link::open(
            &key.0,
            &cluster.bootstrap_servers,
            broker,
            delivery_timeout,
            config.limits.unattributed_records_per_topic,
            runtime,
        )?;
        links.by_key.insert(key, link.clone());
        Ok(link)
    }

    /// Returns the schema registry of the cluster that a directive's topic is on; `None` when it has none. The first
    /// caller makes its client, which connects when it is asked.
    pub(crate) fn registry(
        &self,
        config: &Config,
        directive: &TopicDirective,
        runtime: &Handle,
    ) -> Result<Option<(Arc<SchemaRegistry>, SchemaRegistryConfig)>> {
        let (name, cluster) = config.cluster_of(&directive.location)?;
        let Some(registry) = &cluster.schema_registry else { return Ok(None) };
        let mut registries = lock(&self.registries);
        if let Some(known) = registries.get(&name) {
            return Ok(Some((known.clone(), registry.clone())));
        }
        let opened = SchemaRegistry::open(&name, registry, cluster.oauth.as_ref(), runtime)?;
        registries.insert(name, opened.clone());
        Ok(Some((opened, registry.clone())))
    }

    /// Returns what is known of the schema registries that were asked, by cluster.
    pub(crate) fn registries(&self) -> BTreeMap<String, Arc<SchemaRegistry>> {
        lock(&self.registries).clone()
    }

    /// Returns the links that were started.
    pub(crate) fn started(&self) -> Vec<Arc<Link>> {
        lock(&self.links).by_key.values().cloned().collect()
    }

    /// Returns what deserves a look: principals that connected with their cluster's default security.
    pub(crate) fn warnings(&self) -> Vec<String> {
        let said = |(principal, cluster): &(String, String)| {
            format!(
                "principal `{principal}` was not configured and connected with the default security of cluster `{cluster}`"
            )
        };
        lock(&self.links).unknown.iter().map(said).collect()
    }

    /// Returns the records that could not be read, by cluster, topic and kind.
    pub(crate) fn undecodable(&self) -> Vec<Value> {
        let mut kinds = BTreeMap::<(String, Arc<str>, &'static str), Kind>::new();
        for link in self.started() {
            for kind in link.undecodable.kinds() {
                let key = (link.cluster.clone(), kind.topic.clone(), kind.error_type);
                // Another principal on the same topic: together they are one count.
                let count = kinds.get(&key).map_or(0, |known| known.count);
                let known = kinds.entry(key).or_insert(kind.clone());
                known.count = count + kind.count;
            }
        }
        let told = kinds.into_iter().map(|((cluster, topic, error_type), kind)| {
            json!({"cluster": cluster, "topic": &*topic, "error_type": error_type,
                "count": kind.count, "first": kind.first})
        });
        told.collect()
    }

    /// Stops every link without blocking; whoever waits gets the reason.
    pub(crate) fn close(&self, reason: &ProbeError) {
        lock(&self.registries).clear();
        let links = {
            let mut links = lock(&self.links);
            links.closed.get_or_insert_with(|| reason.clone());
            std::mem::take(&mut links.by_key)
        };
        for link in links.into_values() {
            link.close(reason);
        }
    }
}

/// Returns the principal that a directive connects as; one that the configuration does not have
/// connects with the cluster's default security, unless principals are strict.
fn known_principal<'a>(
    config: &'a Config,
    cluster: &'a ClusterConfig,
    directive: &'a TopicDirective,
) -> Result<Option<(&'a str, &'a PrincipalConfig)>> {
    let Some(name) = directive.client_principal.as_deref() else { return Ok(None) };
    match cluster.principals.get(name).or_else(|| config.principals.get(name)) {
        Some(principal) => Ok(Some((name, principal))),
        None if config.strict_principals => Err(ProbeError::new(
            ErrorCode::UnknownPrincipal,
            format!("principal `{name}` was not configured"),
        )
        .with("principal", name)
        .with("topic", &*directive.topic)
        .hint("add it under `principals:`, or switch `strict-principals` off")),
        None => {
            tracing::info!(
                principal = name,
                topic = &*directive.topic,
                "an unknown principal connects by default"
            );
            Ok(None)
        }
    }
}
