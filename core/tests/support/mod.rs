//! What the tests of the Kafka client share: brokers, a driver for readers and writers, a foreign client.

#![expect(dead_code, reason = "each test binary uses its part of it")]

pub(crate) mod drive;
pub(crate) mod foreign;
pub(crate) mod kafka;
pub(crate) mod proxy;

use std::sync::Arc;
use std::time::Duration;

use test_probe::broker::librdkafka::{Librdkafka, LibrdkafkaConfig};
use test_probe::broker::{
    Broker, Isolation, Listed, NewTopic, OffsetAnswer, OffsetQuery, OffsetSpec, TopicPartition,
};
use test_probe::config::ClusterConfig;
use test_probe::runtime::Deadline;

/// Long enough for a slow machine; a test that waits for this long fails.
pub(crate) const LONG: Duration = Duration::from_secs(30);

/// The deadline of a call that should succeed.
pub(crate) fn soon() -> Deadline {
    Deadline::after(LONG)
}

/// Connects as nobody in particular.
pub(crate) fn connect(bootstrap_servers: &str) -> Arc<dyn Broker> {
    let config = LibrdkafkaConfig {
        cluster_name: "default".to_owned(),
        cluster: ClusterConfig::at(bootstrap_servers),
        principal: None,
        client_id: "test-probe-tests".to_owned(),
    };
    Librdkafka::connect(config).expect("connected")
}

/// Creates a topic with a name that no other test uses.
pub(crate) async fn new_topic(broker: &dyn Broker, partitions: i32, config: &[(&str, &str)]) -> String {
    let name = format!("t-{}", uuid::Uuid::new_v4());
    let config = config.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    let topic = NewTopic { topic: name.clone(), partitions, replication_factor: 1, config };
    assert!(broker.create_topic(topic, soon()).await.expect("created"));
    name
}

/// Asks for one offset.
pub(crate) async fn offset(
    broker: &dyn Broker,
    at: &TopicPartition,
    spec: OffsetSpec,
    isolation: Isolation,
    by: Deadline,
) -> test_probe::Result<Option<Listed>> {
    let mut answers = broker.offsets(vec![OffsetQuery { at: at.clone(), spec, isolation }], by).await;
    let OffsetAnswer { at: answered, listed } = answers.pop().expect("an answer");
    assert_eq!(answered, *at);
    listed
}

/// A probe whose verdicts may take their time to be certain: a busy machine is no doubt. Its failures do
/// not wait for what comes late.
pub(crate) fn patient_probe(bootstrap_servers: &str) -> test_probe::Probe {
    let yaml = "test-probe: {dsl: {verdict-grace: 5s, late-grace: 0s}}";
    let mut config =
        test_probe::Config::from_texts(Some(yaml), None, &Default::default()).expect("a configuration");
    config.clusters.insert("default".to_owned(), ClusterConfig::at(bootstrap_servers));
    test_probe::Probe::builder().config(config).build().expect("a probe")
}
