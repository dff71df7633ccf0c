//! What an embedded cluster is started with.

use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

/// What an embedded cluster is started with. The default is one broker that creates topics on demand.
#[derive(Debug, Clone)]
pub struct Options {
    /// How many brokers there are, each a listener of its own over one state; 1 to 100.
    pub brokers: u16,
    /// The address that the brokers listen on and name to clients.
    pub host: IpAddr,
    /// The port of the first broker, the next ones follow; 0 lets the system choose.
    pub port: u16,
    /// The cluster id; none makes a random one.
    pub cluster_id: Option<String>,
    /// Whether producing to a topic, or asking for it with permission to create, makes it
    /// (`auto.create.topics.enable`).
    pub auto_create_topics: bool,
    /// Partitions of a topic that is made without a number (`num.partitions`).
    pub default_partitions: i32,
    /// How long an empty classic group waits for more members before its first assignment
    /// (`group.initial.rebalance.delay.ms`).
    pub initial_rebalance_delay: Duration,
    /// The shortest session timeout that a member of a classic group may ask for
    /// (`group.min.session.timeout.ms`). A second, where Kafka has six: tests want to see a member die soon.
    pub min_session_timeout: Duration,
    /// The longest session timeout that a member of a classic group may ask for
    /// (`group.max.session.timeout.ms`).
    pub max_session_timeout: Duration,
    /// How often a member of a consumer group (KIP-848) is told to call
    /// (`group.consumer.heartbeat.interval.ms`). It decides how soon others learn of a rebalance: a tenth of a
    /// second, where Kafka has five.
    pub consumer_heartbeat_interval: Duration,
    /// How long a member of a consumer group may be silent (`group.consumer.session.timeout.ms`). As in Kafka
    /// long enough for a process that is halted by a debugger for a while.
    pub consumer_session_timeout: Duration,
    /// Seeds all randomness (ids, faults), so that a run can be repeated; none takes a random seed.
    pub seed: Option<u64>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            brokers: 1,
            host: IpAddr::V4(Ipv4Addr::LOCALHOST),
            port: 0,
            cluster_id: None,
            auto_create_topics: true,
            default_partitions: 1,
            initial_rebalance_delay: Duration::ZERO,
            min_session_timeout: Duration::from_secs(1),
            max_session_timeout: Duration::from_secs(30 * 60),
            consumer_heartbeat_interval: Duration::from_millis(100),
            consumer_session_timeout: Duration::from_secs(45),
            seed: None,
        }
    }
}

impl Options {
    /// Returns the default options with this many brokers.
    pub fn with_brokers(brokers: u16) -> Self {
        Self { brokers, ..Self::default() }
    }

    /// Returns the replication factor of a topic that is made without one
    /// (`default.replication.factor`): 3 where there are as many brokers.
    pub(crate) fn default_replication_factor(&self) -> i16 {
        self.brokers.min(3) as i16
    }
}
