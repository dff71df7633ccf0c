//! Reaching the cluster and asking who is there.

use rdkafka::client::ClientContext;
use rdkafka::consumer::{Consumer, StreamConsumer};
use rdkafka::error::RDKafkaErrorCode;
use rdkafka::producer::{BaseProducer, FutureProducer, Producer};
use rdkafka::types::RDKafkaRespErr;

use crate::scope::{Scope, WAIT, refused};

crate::checks!("connect":
    every_kind_of_handle_describes_the_same_topic,
    every_listed_server_is_a_node_of_the_cluster,
    all_clients_are_told_one_cluster_id,
    an_unreachable_seed_is_passed_over,
    an_unknown_topic_is_named_as_such,
    all_topics_are_described_without_naming_one,
);

/// Leader, replicas and in-sync replicas of each partition.
type Description = Vec<(i32, i32, Vec<i32>, Vec<i32>)>;

fn describe<C: ClientContext>(client: &rdkafka::client::Client<C>, topic: &str) -> Description {
    let metadata = client.fetch_metadata(Some(topic), WAIT).expect("metadata was answered");
    let [topic] = metadata.topics() else {
        panic!("expected one topic, but got {}", metadata.topics().len())
    };
    assert_eq!(topic.error(), None);
    let mut all: Description = topic
        .partitions()
        .iter()
        .map(|one| (one.id(), one.leader(), one.replicas().to_vec(), one.isr().to_vec()))
        .collect();
    all.sort();
    all
}

fn every_kind_of_handle_describes_the_same_topic(scope: &Scope) {
    let _runtime = scope.enter();
    let topic = scope.topic(3);
    let expected = describe(scope.admin().inner(), &topic);
    assert_eq!(expected.iter().map(|one| one.0).collect::<Vec<_>>(), [0, 1, 2]);
    for (_, leader, replicas, isr) in &expected {
        assert_eq!((replicas, isr), (&vec![*leader], &vec![*leader]));
    }
    assert_eq!(describe(scope.consumer(&[]).client(), &topic), expected);
    let base: BaseProducer = scope.config(&[]).create().expect("a producer was made");
    assert_eq!(describe(base.client(), &topic), expected);
    let future: FutureProducer = scope.config(&[]).create().expect("a producer was made");
    assert_eq!(describe(future.client(), &topic), expected);
    let stream: StreamConsumer = scope.config(&[("group.id", "any")]).create().expect("a consumer was made");
    assert_eq!(describe(stream.client(), &topic), expected);
}

fn every_listed_server_is_a_node_of_the_cluster(scope: &Scope) {
    let metadata = scope.consumer(&[]).fetch_metadata(None, WAIT).expect("metadata was answered");
    let nodes: Vec<String> =
        metadata.brokers().iter().map(|one| format!("{}:{}", one.host(), one.port())).collect();
    for server in scope.servers() {
        assert!(nodes.iter().any(|node| node == server), "`{server}` was not among {nodes:?}");
    }
}

fn all_clients_are_told_one_cluster_id(scope: &Scope) {
    let first = scope.admin().inner().fetch_cluster_id(WAIT).expect("a cluster id was told");
    let second = scope.consumer(&[]).client().fetch_cluster_id(WAIT).expect("a cluster id was told");
    assert_eq!(first, second);
    assert_eq!(first.len(), 22, "`{first}` is no cluster id");
}

fn an_unreachable_seed_is_passed_over(scope: &Scope) {
    let servers = format!("127.0.0.1:1,{}", scope.servers().join(","));
    let consumer = scope.consumer(&[("bootstrap.servers", &servers)]);
    assert!(!consumer.fetch_metadata(None, WAIT).expect("metadata was answered").brokers().is_empty());
}

fn an_unknown_topic_is_named_as_such(scope: &Scope) {
    let name = scope.name("nowhere");
    let consumer = scope.consumer(&[]);
    let metadata = consumer.fetch_metadata(Some(&name), WAIT).expect("metadata was answered");
    let [topic] = metadata.topics() else { panic!("expected one topic") };
    assert_eq!(topic.error(), Some(RDKafkaRespErr::RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART));
    refused(consumer.fetch_watermarks(&name, 0, WAIT), RDKafkaErrorCode::UnknownPartition);
}

fn all_topics_are_described_without_naming_one(scope: &Scope) {
    let topics = [scope.topic(1), scope.topic(2)];
    let metadata = scope.consumer(&[]).fetch_metadata(None, WAIT).expect("metadata was answered");
    for (topic, count) in topics.iter().zip([1, 2]) {
        let found =
            metadata.topics().iter().find(|one| one.name() == topic).expect("the topic was described");
        assert_eq!(found.partitions().len(), count);
    }
}
