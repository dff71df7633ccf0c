//! Produce and Fetch by the ids of topics (KIP-516).

use bytes::Bytes;
use kafka_protocol::ResponseError::{
    self, NotLeaderOrFollower, TopicAuthorizationFailed, UnknownTopicId, UnknownTopicOrPartition,
};
use kafka_protocol::messages::delete_topics_request::DeleteTopicState;
use kafka_protocol::messages::fetch_request::{FetchPartition, FetchTopic};
use kafka_protocol::messages::fetch_response::PartitionData;
use kafka_protocol::messages::produce_request::{PartitionProduceData, TopicProduceData};
use kafka_protocol::messages::{
    DeleteTopicsRequest, DeleteTopicsResponse, FetchRequest, FetchResponse, ProduceRequest, ProduceResponse,
    ResponseKind,
};
use uuid::Uuid;

use super::world::{OK, World, name, topic};
use crate::api::Reply;
use crate::options::Options;
use crate::security::AclOptions;
use crate::wire::records::BatchWriter;

/// The first versions with ids, and the last ones with names.
const PRODUCE: i16 = 13;
const FETCH: i16 = 13;
const NEWEST_FETCH: i16 = 18;

fn id_of(world: &World, called: &str) -> Uuid {
    world.state.topics.get(&name(called)).expect("a topic").id
}

fn batch() -> Bytes {
    BatchWriter::new().record(1_000, None, Some(b"v"), &[]).build()
}

fn produce_request(id: Uuid, index: i32) -> ProduceRequest {
    let data = PartitionProduceData::default().with_index(index).with_records(Some(batch()));
    let topic = TopicProduceData::default().with_topic_id(id).with_partition_data(vec![data]);
    ProduceRequest::default().with_acks(-1).with_timeout_ms(1_000).with_topic_data(vec![topic])
}

/// Writes one record by the id of its topic.
fn produce(world: &mut World, id: Uuid, index: i32) -> Result<i64, ResponseError> {
    let response: ProduceResponse = world.ask(PRODUCE, produce_request(id, index));
    assert_eq!((response.responses[0].topic_id, response.responses[0].name.as_str()), (id, ""));
    let partition = &response.responses[0].partition_responses[0];
    ResponseError::try_from_code(partition.error_code).map_or(Ok(partition.base_offset), Err)
}

fn fetch_request(id: Uuid, index: i32, wait_ms: i32) -> FetchRequest {
    let partition = FetchPartition::default()
        .with_partition(index)
        .with_current_leader_epoch(-1)
        .with_partition_max_bytes(1_000_000);
    let topic = FetchTopic::default().with_topic_id(id).with_partitions(vec![partition]);
    FetchRequest::default()
        .with_max_wait_ms(wait_ms)
        .with_min_bytes(1)
        .with_max_bytes(1_000_000)
        .with_topics(vec![topic])
}

/// Reads from the beginning by the id of the topic.
fn fetch(world: &mut World, version: i16, id: Uuid, index: i32) -> (PartitionData, FetchResponse) {
    let response: FetchResponse = world.ask(version, fetch_request(id, index, 0));
    assert_eq!((response.responses[0].topic_id, response.responses[0].topic.as_str()), (id, ""));
    (response.responses[0].partitions[0].clone(), response)
}

fn delete(world: &mut World, called: &str) {
    let topic = DeleteTopicState::default().with_name(Some(name(called)));
    let response: DeleteTopicsResponse =
        world.ask(6, DeleteTopicsRequest::default().with_topics(vec![topic]));
    assert_eq!(response.responses[0].error_code, OK);
}

#[test]
fn records_are_written_and_read_by_the_id_of_their_topic() {
    let mut world = World::new();
    world.create(vec![topic("t", 2, 1), topic("other", 1, 1)]);
    let id = id_of(&world, "t");
    assert_eq!(produce(&mut world, id, 1), Ok(0));
    assert_eq!(produce(&mut world, id, 1), Ok(1));
    for version in FETCH..=NEWEST_FETCH {
        let (read, _) = fetch(&mut world, version, id, 1);
        assert_eq!((read.error_code, read.high_watermark), (OK, 2), "v{version}");
        assert!(!read.records.expect("records").is_empty(), "v{version}");
    }
    assert_eq!(fetch(&mut world, FETCH, id, 0).0.high_watermark, 0);
    assert_eq!(produce(&mut world, id, 2), Err(UnknownTopicOrPartition));
}

#[test]
fn an_id_that_nobody_has_is_unknown_and_so_is_that_of_a_topic_that_was_created_again() {
    let mut world = World::new();
    world.create(vec![topic("t", 1, 1)]);
    let before = id_of(&world, "t");
    assert_eq!(produce(&mut world, before, 0), Ok(0));
    delete(&mut world, "t");
    world.create(vec![topic("t", 1, 1)]);
    for id in [before, Uuid::nil(), Uuid::from_u128(5)] {
        let (read, _) = fetch(&mut world, FETCH, id, 0);
        assert_eq!((read.error_code, read.high_watermark), (UnknownTopicId.code(), -1));
        assert_eq!(produce(&mut world, id, 0), Err(UnknownTopicId));
    }
    let after = id_of(&world, "t");
    assert_eq!(produce(&mut world, after, 0), Ok(0));
}

#[test]
fn a_fetch_that_waits_is_told_that_its_topic_was_created_again() {
    let mut world = World::new();
    world.create(vec![topic("t", 1, 1)]);
    let id = id_of(&world, "t");
    let Reply::Later(mut waiting) = world.reply(1, FETCH, fetch_request(id, 0, 60_000)) else {
        panic!("there was something to read");
    };
    delete(&mut world, "t");
    world.create(vec![topic("t", 1, 1)]);
    let Ok(ResponseKind::Fetch(response)) = waiting.try_recv() else { panic!("it was not answered") };
    assert_eq!(response.responses[0].partitions[0].error_code, UnknownTopicId.code());
    let id = id_of(&world, "t");
    assert_eq!(produce(&mut world, id, 0), Ok(0));
}

#[test]
fn who_may_not_read_a_topic_is_told_so_by_its_id_as_well() {
    let acls = AclOptions { super_users: vec!["User:root".to_owned()], ..AclOptions::default() };
    let mut world = World::with(Options { acls: Some(acls), ..Options::default() });
    world.state.create_topic(&name("t"), 1, 1);
    let id = id_of(&world, "t");
    assert_eq!(fetch(&mut world, FETCH, id, 0).0.error_code, TopicAuthorizationFailed.code());
    assert_eq!(produce(&mut world, id, 0), Err(TopicAuthorizationFailed));
    assert_eq!(produce(&mut world, Uuid::from_u128(5), 0), Err(UnknownTopicId));
}

#[test]
fn who_asks_another_broker_is_told_the_leader_and_its_address() {
    let mut world = World::with(Options::with_brokers(2));
    world.create(vec![topic("t", 1, 1)]);
    let id = id_of(&world, "t");
    let led = |world: &World| world.state.topics.get(&name("t")).expect("a topic").partitions[0].leader;
    let leader = led(&world).expect("a leader");
    let other = 3 - leader;
    let response: FetchResponse = world.ask_at(other, 16, fetch_request(id, 0, 0));
    let partition = &response.responses[0].partitions[0];
    assert_eq!(partition.error_code, NotLeaderOrFollower.code());
    assert_eq!(partition.current_leader.leader_id.0, leader);
    let endpoint = &response.node_endpoints[0];
    assert_eq!((endpoint.node_id.0, endpoint.port), (leader, 9000 + leader - 1));
    let old: FetchResponse = world.ask_at(other, 15, fetch_request(id, 0, 0));
    assert!(old.node_endpoints.is_empty());
}
