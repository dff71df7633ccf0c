//! What an embedded cluster is started with.

use std::net::{IpAddr, Ipv4Addr};
use std::path::PathBuf;
use std::time::Duration;

use crate::security::{AclOptions, Protocol, SecurityOptions};

/// What an embedded cluster is started with. The default is one broker that creates topics on demand.
#[derive(Debug, Clone)]
pub struct Options {
    /// How many brokers there are, each with listeners of its own over one state; 1 to 100.
    pub brokers: u16,
    /// The address that the brokers listen on and name to clients.
    pub host: IpAddr,
    /// The port of the first broker, the next ones follow, and then those of the second listener; 0 lets the
    /// system choose.
    pub port: u16,
    /// What each broker listens for, each on a port of its own and none twice (`listeners`). Clients are told the
    /// addresses of the listener that they came by; the default is PLAINTEXT.
    pub listeners: Vec<Protocol>,
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
    /// How much memory records may take, and what happens then.
    pub limits: Limits,
    /// How often topics are looked at that delete by `retention.ms` or `retention.bytes` of their own, or are
    /// compacted. Kafka looks each 5 minutes (`log.retention.check.interval.ms`) and 15 s
    /// (`log.cleaner.backoff.ms`), which is long for a test.
    pub cleaning_interval: Duration,
    /// How clients authenticate on the listeners that ask for it.
    pub security: SecurityOptions,
    /// What clients may do; none lets all of them do everything (`authorizer.class.name`).
    pub acls: Option<AclOptions>,
    /// How many requests are remembered for [`crate::EmbeddedKafka::requests`], the latest ones; 0 for none.
    pub recorded_requests: usize,
    /// Seeds all randomness (ids, faults), so that a run can be repeated; none takes a random seed.
    pub seed: Option<u64>,
}

/// How much memory the records of a cluster may take. No record that was acknowledged is ever lost to a limit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of record batches, of all topics together.
    pub memory_bytes: usize,
    /// What happens when there is no room for another batch.
    pub when_full: WhenFull,
}

/// What happens to a batch for which there is no room.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum WhenFull {
    /// It is refused with `POLICY_VIOLATION`, which producers report at once, with the limit.
    Refuse,
    /// The oldest records are moved to temporary files, which have no name where the system allows that, and are
    /// gone with the cluster in any case. When they cannot be written, the batch is refused with
    /// `KAFKA_STORAGE_ERROR`.
    Spill {
        /// Where the files are; none is the system's folder for temporary files.
        dir: Option<PathBuf>,
    },
}

impl Default for Limits {
    /// 512 MiB, then files.
    fn default() -> Self {
        Self { memory_bytes: 512 * 1024 * 1024, when_full: WhenFull::Spill { dir: None } }
    }
}

impl Default for Options {
    fn default() -> Self {
        Self {
            brokers: 1,
            host: IpAddr::V4(Ipv4Addr::LOCALHOST),
            port: 0,
            listeners: vec![Protocol::Plaintext],
            cluster_id: None,
            auto_create_topics: true,
            default_partitions: 1,
            initial_rebalance_delay: Duration::ZERO,
            min_session_timeout: Duration::from_secs(1),
            max_session_timeout: Duration::from_secs(30 * 60),
            consumer_heartbeat_interval: Duration::from_millis(100),
            consumer_session_timeout: Duration::from_secs(45),
            limits: Limits::default(),
            cleaning_interval: Duration::from_secs(1),
            security: SecurityOptions::default(),
            acls: None,
            recorded_requests: 10_000,
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
