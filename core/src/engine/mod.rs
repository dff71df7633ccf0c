//! The probe: one runtime, the clusters, the registry of running tests.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Map, Value, json};
use test_probe_embedded::{EmbeddedKafka, EmbeddedRegistry};
use tokio::runtime::Handle;
use tokio::time::Instant;

use crate::broker::Broker;
use crate::broker::librdkafka::{Librdkafka, LibrdkafkaConfig, reaper};
use crate::clusters::{Clusters, Connector};
use crate::completion::Operations;
use crate::config::{Config, DEFAULT_CLUSTER, EmbeddedConfig};
use crate::directive::{Directives, Location, TopicDirective};
use crate::document::shown;
use crate::embedded::{self, EmbeddedClusters};
use crate::error::{ErrorCode, ProbeError, Result};
use crate::operation::Outcome;
use crate::registry::Registry;
use crate::runtime::{Runtime, Signal};

mod acquaintance;
mod assign;
mod blocking;
mod calls;
mod caught_up;
mod delivery;
#[cfg(test)]
mod delivery_tests;
pub mod dsl;
mod expect;
mod explain;
mod fish;
mod hints;
mod judge;
mod late;
mod look_back;
mod mark;
mod open;
mod outbox;
mod preflight;
mod produce;
mod records;
mod samples;
mod schemas;
pub(crate) mod session;
mod tally;
#[cfg(test)]
mod tests;
mod verbs;

pub use preflight::{Preflight, PreflightCheck, PreflightFinding, PreflightStatus};
pub use session::Session;

/// The engine of one process: clusters, workers, sessions. Cheap to clone; dropping the last clone
/// does not block.
///
/// ```no_run
/// # async fn example() -> test_probe::Result<()> {
/// use test_probe::{Directives, Event, Match, Probe};
/// let probe = Probe::builder().bootstrap_servers("localhost:9092").build()?;
/// let session = probe.open_session(Directives::from_yaml("topics: [{topic: orders, role: both}]")?).await?;
/// session.produce_event("orders", Event::new("OrderCreated").id("evt-1")).await?;
/// session.expect_event("orders", Match::new().id("evt-1"), None).await?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Probe(pub(crate) Arc<ProbeInner>);

pub(crate) struct ProbeInner {
    pub(crate) config: Config,
    pub(crate) clusters: Clusters,
    /// Dropped after the clients that talk to them.
    embedded: EmbeddedClusters,
    pub(crate) registry: Registry,
    pub(crate) operations: Operations<Outcome>,
    /// Raised when the probe closes; everything that waits looks at it.
    pub(crate) closing: Signal,
    pub(crate) runtime: Runtime,
    /// What the deadlines of fishings count from.
    pub(crate) began: Instant,
    pid: u32,
}

/// Makes a [`Probe`].
pub struct ProbeBuilder {
    config: Config,
    connector: Arc<dyn Connector>,
    runtime: Option<Runtime>,
}

impl ProbeBuilder {
    /// Sets the configuration.
    #[must_use]
    pub fn config(mut self, config: Config) -> Self {
        self.config = config;
        self
    }

    /// Sets the bootstrap servers of the default cluster.
    #[must_use]
    pub fn bootstrap_servers(mut self, servers: &str) -> Self {
        let cluster = self.config.clusters.entry(DEFAULT_CLUSTER.to_owned()).or_default();
        cluster.bootstrap_servers = servers.to_owned();
        cluster.embedded = None;
        self
    }

    /// Makes the default cluster one in this process, with this many brokers.
    #[must_use]
    pub fn embedded(mut self, brokers: u32) -> Self {
        let cluster = self.config.clusters.entry(DEFAULT_CLUSTER.to_owned()).or_default();
        cluster.bootstrap_servers = String::new();
        cluster.embedded = Some(EmbeddedConfig::with_brokers(brokers));
        self
    }

    /// Sets what connects to clusters, as a simulation does.
    #[must_use]
    pub fn connector(mut self, connector: Arc<dyn Connector>) -> Self {
        self.connector = connector;
        self
    }

    /// Runs in a runtime that exists already, as a simulation in virtual time does.
    #[must_use]
    pub fn runtime(mut self, runtime: Runtime) -> Self {
        self.runtime = Some(runtime);
        self
    }

    /// Starts the probe, and with it the embedded clusters of its configuration. Nothing connects before a
    /// session asks for it. Errors: INVALID_CONFIG or BROKER_UNREACHABLE for a cluster that did not start.
    pub fn build(self) -> Result<Probe> {
        let mut config = self.config;
        let embedded = EmbeddedClusters::start(&mut config)?;
        let runtime = match self.runtime {
            Some(runtime) => runtime,
            None => Runtime::start()?,
        };
        Ok(Probe(Arc::new(ProbeInner {
            config,
            clusters: Clusters::new(self.connector),
            embedded,
            registry: Registry::default(),
            operations: Operations::default(),
            closing: Signal::default(),
            runtime,
            began: Instant::now(),
            pid: std::process::id(),
        })))
    }
}

struct RealClusters;

impl Connector for RealClusters {
    fn connect(
        &self,
        cluster: &str,
        config: &crate::config::ClusterConfig,
        principal: Option<(&str, &crate::config::PrincipalConfig)>,
    ) -> Result<Arc<dyn crate::broker::Broker>> {
        Librdkafka::connect(LibrdkafkaConfig {
            cluster_name: cluster.to_owned(),
            cluster: config.clone(),
            principal: principal.map(|(name, principal)| (name.to_owned(), principal.clone())),
            client_id: "test-probe".to_owned(),
        })
    }
}

impl Probe {
    /// Begins a probe with the built-in configuration: `localhost:9092`.
    #[must_use]
    pub fn builder() -> ProbeBuilder {
        ProbeBuilder { config: Config::default(), connector: Arc::new(RealClusters), runtime: None }
    }

    /// Starts a probe with a Kafka in this process: one broker, gone when the probe closes.
    ///
    /// ```
    /// # fn main() -> test_probe::Result<()> {
    /// use test_probe::{Directives, Event, Match, Probe};
    /// let probe = Probe::embedded()?;
    /// let directives = Directives::from_yaml("topics: [{topic: orders, role: both, create: {partitions: 1}}]")?;
    /// let session = probe.open_session_blocking(directives)?;
    /// session.produce_event_blocking("orders", Event::new("OrderCreated").id("evt-1"))?;
    /// session.expect_event_blocking("orders", Match::new().id("evt-1"), None)?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn embedded() -> Result<Self> {
        Self::builder().embedded(1).build()
    }

    /// Returns the in-process cluster of this name, while the probe is open.
    #[must_use]
    pub fn embedded_cluster(&self, name: &str) -> Option<Arc<EmbeddedKafka>> {
        self.0.embedded.get(name)
    }

    /// Returns the in-process schema registry of the cluster of this name, while the probe is open.
    #[must_use]
    pub fn embedded_registry(&self, cluster: &str) -> Option<Arc<EmbeddedRegistry>> {
        self.0.embedded.registries.get(cluster)
    }

    /// Has an in-process cluster inject faults, tell of requests, stop brokers or move leaders. Commands and answers
    /// are the documents of [`EmbeddedKafka::control`]; those with `registry` go to the cluster's in-process schema
    /// registry, and are the documents of [`EmbeddedRegistry::control`]. In Rust [`Probe::embedded_cluster`] has the same as methods.
    ///
    /// ```
    /// # fn main() -> test_probe::Result<()> {
    /// use serde_json::json;
    /// let probe = test_probe::Probe::embedded()?;
    /// let fault = json!({"api": "Produce", "topic": "orders", "times": 1, "then": "disconnect"});
    /// probe.embedded_control("default", &json!({"do": "inject", "fault": fault}))?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// Errors: UNKNOWN_CLUSTER for a cluster that is not embedded, INVALID_ARGUMENT for a command that was refused,
    /// with the place in it.
    pub fn embedded_control(&self, cluster: &str, command: &Value) -> Result<Value> {
        self.check()?;
        let done = if command.get("registry").is_some() {
            let registry = self.0.embedded.registries.get(cluster);
            registry.ok_or_else(|| self.not_embedded(cluster, "registry"))?.control(command)
        } else {
            let kafka = self.0.embedded.get(cluster).ok_or_else(|| self.not_embedded(cluster, "cluster"))?;
            kafka.control(command)
        };
        done.map_err(|error| {
            let message = format!("the command to cluster `{}` was refused: {error}", shown(cluster));
            ProbeError::new(ErrorCode::InvalidArgument, message).with("cluster", cluster)
        })
    }

    fn not_embedded(&self, cluster: &str, what: &str) -> ProbeError {
        if let Err(unknown) = self.0.config.cluster_of(&Location::Cluster(cluster.to_owned())) {
            return unknown;
        }
        let (message, hint) = match what {
            "registry" => (
                format!("the schema registry of cluster `{}` was not embedded", shown(cluster)),
                "only a registry of this process can be told to fail: that of a cluster with `embedded:` that names no \
                 other, or `schema-registry: {url: mock://SCOPE}`",
            ),
            _ => (
                format!("cluster `{}` was not embedded", shown(cluster)),
                "only clusters with `embedded:` in the configuration have faults and brokers to stop",
            ),
        };
        ProbeError::new(ErrorCode::UnknownCluster, message).with("cluster", cluster).hint(hint)
    }

    /// Fails with FORKED in a forked child and with SHUTTING_DOWN after close. Every verb calls it.
    pub fn check(&self) -> Result<()> {
        self.0.check()
    }

    /// Returns the runtime, for `Pending::spawn` and `Operations::submit`.
    #[must_use]
    pub fn handle(&self) -> Handle {
        self.0.runtime.handle()
    }

    /// Returns the operations that bindings submit; closing the probe ends them.
    #[must_use]
    pub fn operations(&self) -> &Operations<Outcome> {
        &self.0.operations
    }

    /// Returns the configuration.
    #[must_use]
    pub fn config(&self) -> &Config {
        &self.0.config
    }

    /// Returns `{version, clusters: {name: {bootstrap_servers, schema_registry_url, schema_registry, started}}, sessions, topics,
    /// decode_errors, warnings, ask_timeout_ms}`; no secrets. An embedded cluster also has `listeners` (servers by protocol),
    /// `certificate_authority` (PEM or null) and `cluster_id`.
    ///
    /// `schema_registry` is `{url, circuit, calls, failures, retries, ...}` once it was asked; `circuit` is `closed`, `open` or
    /// `half-open`. `decode_errors` are `{cluster, topic, error_type, count, first}`: how many records of the topic in Kafka
    /// sessions could not read, by [`classify_error`](crate::classify_error), and what was wrong with the first. What waits for
    /// a schema that cannot be had yet is not among them.
    #[must_use]
    pub fn info(&self) -> Value {
        let started = self.0.clusters.started();
        let registries = self.0.clusters.registries();
        let clusters: Map<String, Value> = self
            .0
            .config
            .clusters
            .iter()
            .map(|(name, cluster)| {
                let mut about = json!({
                    "bootstrap_servers": cluster.bootstrap_servers,
                    "schema_registry_url": cluster.schema_registry.as_ref().map(|registry| &registry.url),
                    "started": started.iter().any(|link| link.cluster == *name),
                    "schema_registry": registries.get(name).map(|registry| registry.state()),
                    "allow_unsafe": cluster.allow_unsafe,
                });
                if let (Some(about), Some(kafka)) = (about.as_object_mut(), self.0.embedded.get(name)) {
                    about.extend(embedded::about(&kafka));
                }
                (name.clone(), about)
            })
            .collect();
        let topics: Vec<Value> = started
            .iter()
            .flat_map(|link| link.lanes())
            .map(|lane| json!({ "topic": &*lane.topic, "sessions": lane.views() }))
            .collect();
        json!({
            "version": env!("CARGO_PKG_VERSION"),
            "clusters": clusters,
            "sessions": self.0.registry.all().len(),
            "topics": topics,
            "decode_errors": self.0.clusters.undecodable(),
            "warnings": self.0.clusters.warnings(),
            "ask_timeout_ms": self.0.config.dsl.ask_timeout.as_secs_f64() * 1e3,
        })
    }

    /// Returns the seam to the cluster that a directive means, connected as its principal: for tools that look
    /// at a topic past every session. It closes with the probe. Errors: UNKNOWN_CLUSTER, UNKNOWN_PRINCIPAL, and
    /// those of the client's configuration; nothing waits for the cluster.
    pub fn broker(&self, directive: &TopicDirective) -> Result<Arc<dyn Broker>> {
        self.check()?;
        let link = self.0.clusters.get_or_create(&self.0.config, directive, &self.handle())?;
        Ok(link.broker.clone())
    }

    /// Opens a session with a fresh test id. Once this returns, every event that is produced by
    /// anybody is seen. Errors: those of the directives' clusters and topics, each naming what was
    /// asked for; nothing stays open after an error.
    pub fn open_session(
        &self,
        directives: Directives,
    ) -> impl Future<Output = Result<Session>> + Send + 'static {
        self.open_session_as(directives, None)
    }

    /// Opens a session under a test id: 1 to 128 visible ASCII characters, in use by no other session.
    pub fn open_session_as(
        &self,
        directives: Directives,
        test_id: Option<String>,
    ) -> impl Future<Output = Result<Session>> + Send + 'static {
        let probe = self.clone();
        async move {
            probe.check()?;
            let closing = probe.0.closing.clone();
            tokio::select! {
                biased;
                reason = closing.wait() => Err(reason),
                opened = open::open(probe, directives, test_id) => opened,
            }
        }
    }

    /// Closes the probe: wakes every waiter with SHUTTING_DOWN and lets go of every client. Bounded
    /// by the timeout (`limits.close-timeout` when `None`), idempotent, from any thread.
    pub fn close_blocking(&self, timeout: Option<Duration>) -> Result<()> {
        if self.0.pid != std::process::id() {
            return Ok(());
        }
        self.0.close();
        reaper::settle(timeout.unwrap_or(self.0.config.limits.close_timeout));
        self.0.embedded.stop();
        Ok(())
    }

    /// Does what [`Probe::close_blocking`] does, without blocking the runtime.
    pub fn close(&self, timeout: Option<Duration>) -> impl Future<Output = Result<()>> + Send + 'static {
        let probe = self.clone();
        async move {
            let close = tokio::task::spawn_blocking(move || probe.close_blocking(timeout));
            close.await.unwrap_or_else(|_| Err(ProbeError::new(ErrorCode::Internal, "closing panicked")))
        }
    }

    /// Makes the worker of a topic panic at its next turn: for tests of the panic policy.
    #[doc(hidden)]
    pub fn inject_panic(&self, topic: &str) -> Result<()> {
        let lanes = self.0.clusters.started().into_iter().flat_map(|link| link.lanes());
        let lane = lanes.into_iter().find(|lane| &*lane.topic == topic);
        let lane = lane.ok_or_else(|| {
            ProbeError::new(ErrorCode::InvalidArgument, format!("no worker reads topic `{topic}`"))
        })?;
        lane.worker.inject_panic();
        Ok(())
    }
}

impl ProbeInner {
    pub(crate) fn check(&self) -> Result<()> {
        if self.pid != std::process::id() {
            return Err(ProbeError::new(
                ErrorCode::Forked,
                "the probe was made in another process, before a fork",
            )
            .hint("make a probe in the child, or start children by `spawn`"));
        }
        self.closing.check()
    }

    fn close(&self) {
        let reason = ProbeError::new(ErrorCode::ShuttingDown, "the probe was closed");
        if !self.closing.raise(reason.clone()) {
            return;
        }
        self.operations.close(&reason);
        for session in self.registry.all() {
            session.detach(&reason);
        }
        self.clusters.close(&reason);
    }

    /// Multiplies a deadline as `time-factor` says.
    pub(crate) fn scaled(&self, duration: Duration) -> Duration {
        duration.mul_f64(self.config.time_factor)
    }
}

impl Drop for ProbeInner {
    fn drop(&mut self) {
        if self.pid == std::process::id() {
            self.close();
        }
    }
}
