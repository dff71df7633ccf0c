//! The properties of each kind of client.
//!
//! Three layers: what suits tests, then what the user set, then what the engine's verdicts rest on
//! and nobody may change.

use std::time::Duration;

use rdkafka_sys as rd;

use super::values::Conf;
use crate::broker::{Isolation, ReaderOptions, WriterOptions};
use crate::config::{ClusterConfig, PrincipalConfig};
use crate::error::{ErrorCode, ProbeError, Result};

/// How to connect as somebody to a cluster.
#[derive(Clone, Debug)]
pub struct LibrdkafkaConfig {
    /// The cluster's name, for errors.
    pub cluster_name: String,
    /// The cluster.
    pub cluster: ClusterConfig,
    /// The principal and its name; without one nobody in particular.
    pub principal: Option<(String, PrincipalConfig)>,
    /// The client id that brokers see in their logs and quotas.
    pub client_id: String,
}

/// Good for tests on any kind of client; the user may say otherwise.
const COMMON: &[(&str, &str)] = &[
    ("log.queue", "true"),
    ("enable.metrics.push", "false"),
    ("socket.keepalive.enable", "true"),
    ("socket.timeout.ms", "10000"),
    ("socket.connection.setup.timeout.ms", "3000"),
    ("reconnect.backoff.ms", "20"),
    ("reconnect.backoff.max.ms", "500"),
    ("retry.backoff.ms", "20"),
    ("topic.metadata.refresh.fast.interval.ms", "20"),
    ("topic.metadata.propagation.max.ms", "5000"),
];

const READER: &[(&str, &str)] = &[
    ("fetch.wait.max.ms", "100"),
    ("fetch.queue.backoff.ms", "10"),
    ("fetch.error.backoff.ms", "50"),
    ("queued.min.messages", "10000"),
    ("queued.max.messages.kbytes", "16384"),
];

/// Without these a reader would skip records, move its position or join a group.
const READER_FIXED: &[(&str, &str)] = &[
    ("group.id", "test-probe-reader"),
    ("enable.auto.commit", "false"),
    ("enable.auto.offset.store", "false"),
    ("enable.partition.eof", "true"),
    ("auto.offset.reset", "error"),
    ("allow.auto.create.topics", "false"),
    // Where assertions are on, one batch with a wrong checksum would abort the process (adr/0003).
    ("check.crcs", if cfg!(crc_check) { "true" } else { "false" }),
];

const WRITER: &[(&str, &str)] = &[("linger.ms", "0"), ("partitioner", "murmur2_random")];

/// Without these a record could be written twice or a topic by a typing error.
const WRITER_FIXED: &[(&str, &str)] =
    &[("enable.idempotence", "true"), ("acks", "all"), ("allow.auto.create.topics", "false")];

/// The cache of leaders and partition counts is what ListOffsets goes by: a partition that was
/// added must not stay unknown for long.
const ADMIN: &[(&str, &str)] = &[("metadata.max.age.ms", "500"), ("allow.auto.create.topics", "false")];

/// How long ListOffsets may go by leaders and partition counts that changed meanwhile.
pub(super) const METADATA_AGE: Duration = Duration::from_millis(500);

const EVENTS: i32 = rd::RD_KAFKA_EVENT_ERROR | rd::RD_KAFKA_EVENT_LOG;

impl LibrdkafkaConfig {
    /// Refuses what this build cannot do.
    pub(super) fn check(&self) -> Result<()> {
        if self.cluster.bootstrap_servers.is_empty() {
            return Err(ProbeError::new(
                ErrorCode::InvalidBootstrapServers,
                format!("cluster `{}` has no bootstrap servers", self.cluster_name),
            ));
        }
        let by_principal = self.principal.as_ref().map(|(_, principal)| principal.protocol.name());
        let by_property = self.user_properties().filter(|(name, _)| *name == "security.protocol");
        match by_property.map(|(_, value)| value).chain(by_principal).find(|name| !is_plaintext(name)) {
            None => Ok(()),
            Some(protocol) => Err(ProbeError::new(
                ErrorCode::Unsupported,
                format!("`{protocol}` is not possible: this build connects with PLAINTEXT only"),
            )
            .with("cluster", self.cluster_name.as_str())
            .with("protocol", protocol)),
        }
    }

    /// The properties of the client for questions and commands.
    pub(super) fn admin(&self) -> Result<Conf> {
        self.conf(EVENTS, &[], ADMIN)
    }

    /// The properties of a consumer.
    pub(super) fn reader(&self, options: ReaderOptions) -> Result<Conf> {
        let mut conf = self.conf(EVENTS, READER, READER_FIXED)?;
        let isolation = match options.isolation {
            Isolation::ReadCommitted => "read_committed",
            Isolation::ReadUncommitted => "read_uncommitted",
        };
        conf.set("isolation.level", isolation)?;
        Ok(conf)
    }

    /// The properties of a producer.
    pub(super) fn writer(&self, options: WriterOptions) -> Result<Conf> {
        let mut conf = self.conf(EVENTS | rd::RD_KAFKA_EVENT_DR, WRITER, WRITER_FIXED)?;
        let timeout = options.delivery_timeout.as_millis().clamp(1, i32::MAX as u128);
        conf.set("message.timeout.ms", &timeout.to_string())?;
        // A topic that is not there is said as such before the record runs out of time.
        conf.set("topic.metadata.propagation.max.ms", &(timeout / 2).min(1_000).to_string())?;
        Ok(conf)
    }

    fn conf(&self, events: i32, tuned: &[(&str, &str)], fixed: &[(&str, &str)]) -> Result<Conf> {
        let mut conf = Conf::new(events);
        for (name, value) in COMMON.iter().chain(tuned) {
            conf.set(name, value)?;
        }
        for (name, value) in self.user_properties() {
            conf.set(name, value)?;
        }
        conf.set("bootstrap.servers", &self.cluster.bootstrap_servers)?;
        conf.set("client.id", &self.client_id)?;
        for (name, value) in fixed {
            conf.set(name, value)?;
        }
        Ok(conf)
    }

    /// The cluster's properties, then the principal's.
    fn user_properties(&self) -> impl Iterator<Item = (&str, &str)> {
        let principal = self.principal.iter().flat_map(|(_, principal)| &principal.properties);
        self.cluster.properties.iter().chain(principal).map(|(name, value)| (name.as_str(), value.expose()))
    }
}

fn is_plaintext(protocol: &str) -> bool {
    protocol.eq_ignore_ascii_case("PLAINTEXT")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Secret;

    fn config() -> LibrdkafkaConfig {
        LibrdkafkaConfig {
            cluster_name: "default".to_owned(),
            cluster: ClusterConfig::at("localhost:1"),
            principal: None,
            client_id: "test".to_owned(),
        }
    }

    #[test]
    fn a_protocol_that_this_build_cannot_speak_is_refused_by_name() {
        let mut config = config();
        let principal =
            PrincipalConfig { protocol: crate::config::Protocol::SaslSsl, ..PrincipalConfig::default() };
        config.principal = Some(("alice".to_owned(), principal));
        let error = config.check().expect_err("refused");
        assert_eq!(error.code(), ErrorCode::Unsupported);
        assert!(error.message().contains("SASL_SSL"), "{error}");
    }

    #[test]
    fn a_property_that_is_refused_is_named_without_its_value() {
        let mut config = config();
        config.cluster.properties.insert("socket.timeout.ms".to_owned(), Secret::new("hunter2"));
        let error = config.admin().expect_err("refused");
        assert_eq!(error.code(), ErrorCode::InvalidConfig);
        assert!(error.message().contains("socket.timeout.ms"), "{error}");
        assert!(!format!("{error:?}").contains("hunter2"), "{error:?}");
    }

    #[test]
    fn what_verdicts_rest_on_cannot_be_set_by_a_property() {
        let mut config = config();
        config.cluster.properties.insert("auto.offset.reset".to_owned(), Secret::new("earliest"));
        assert!(config.reader(ReaderOptions { isolation: Isolation::ReadCommitted }).is_ok());
        assert!(READER_FIXED.contains(&("auto.offset.reset", "error")));
    }

    #[test]
    fn this_build_checks_checksums_because_it_has_no_assertions() {
        assert!(READER_FIXED.contains(&("check.crcs", "true")), "CPPFLAGS has no -DNDEBUG");
    }
}
