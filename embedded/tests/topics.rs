//! Topics that the holder of a cluster creates.

#[expect(dead_code, reason = "each test binary uses its part of it")]
mod support;

use kafka_protocol::messages::MetadataRequest;
use support::Client;
use test_probe_embedded::{EmbeddedKafka, Options};

#[test]
fn the_holder_of_a_cluster_creates_topics_by_the_rules_of_every_client() {
    let options = Options { default_partitions: 2, auto_create_topics: false, ..Options::with_brokers(3) };
    let kafka = EmbeddedKafka::start(options).expect("a cluster");
    kafka.create_topic("orders", Some(4)).expect("a topic");
    kafka.create_topic("confirmations", None).expect("a topic");
    let mut client = Client::connect(kafka.bootstrap_servers().split(',').next().expect("a broker"));
    let metadata = client.call(12, &MetadataRequest::default().with_topics(None));
    let mut topics: Vec<(String, usize)> = metadata
        .topics
        .iter()
        .map(|topic| (topic.name.as_ref().expect("a name").to_string(), topic.partitions.len()))
        .collect();
    topics.sort();
    assert_eq!(topics, [("confirmations".to_owned(), 2), ("orders".to_owned(), 4)]);
    let refused = |name, partitions| kafka.create_topic(name, partitions).expect_err("refused").to_string();
    assert_eq!(refused("orders", None), "topic `orders` existed already");
    assert_eq!(refused("no name", None), "`no name` is no legal topic name");
    assert_eq!(refused("none", Some(0)), "`0` partitions are too few");
}
