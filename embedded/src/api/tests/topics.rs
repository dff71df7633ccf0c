//! Topics come, grow and go.

use kafka_protocol::ResponseError::{
    InvalidConfig, InvalidPartitions, InvalidReplicaAssignment, InvalidReplicationFactor, InvalidRequest,
    InvalidTopicException, NotLeaderOrFollower, OffsetOutOfRange, PolicyViolation, TopicAlreadyExists,
    UnknownTopicId, UnknownTopicOrPartition,
};
use kafka_protocol::messages::create_partitions_request::{
    CreatePartitionsAssignment, CreatePartitionsTopic,
};
use kafka_protocol::messages::create_topics_request::{
    CreatableReplicaAssignment, CreatableTopic, CreatableTopicConfig,
};
use kafka_protocol::messages::delete_records_request::{DeleteRecordsPartition, DeleteRecordsTopic};
use kafka_protocol::messages::delete_topics_request::DeleteTopicState;
use kafka_protocol::messages::fetch_request::{FetchPartition, FetchTopic};
use kafka_protocol::messages::{
    BrokerId, CreatePartitionsRequest, CreatePartitionsResponse, CreateTopicsRequest, CreateTopicsResponse,
    DeleteRecordsRequest, DeleteRecordsResponse, DeleteTopicsRequest, DeleteTopicsResponse, FetchRequest,
    MetadataRequest, MetadataResponse, ResponseKind,
};
use uuid::Uuid;

use super::world::{OK, World, name, text, topic, with_settings};
use crate::api::Reply;
use crate::options::Options;

fn assigned(called: &str, replicas: &[(i32, &[i32])]) -> CreatableTopic {
    let assignment = |(index, replicas): &(i32, &[i32])| {
        CreatableReplicaAssignment::default()
            .with_partition_index(*index)
            .with_broker_ids(replicas.iter().map(|id| BrokerId(*id)).collect())
    };
    topic(called, -1, -1).with_assignments(replicas.iter().map(assignment).collect())
}

fn grow(world: &mut World, called: &str, count: i32, assignments: Option<&[&[i32]]>) -> i16 {
    let assignment = |ids: &&[i32]| {
        CreatePartitionsAssignment::default().with_broker_ids(ids.iter().map(|id| BrokerId(*id)).collect())
    };
    let topic = CreatePartitionsTopic::default()
        .with_name(name(called))
        .with_count(count)
        .with_assignments(assignments.map(|all| all.iter().map(assignment).collect()));
    let response: CreatePartitionsResponse =
        world.ask(3, CreatePartitionsRequest::default().with_topics(vec![topic]));
    response.results[0].error_code
}

fn delete(world: &mut World, topics: Vec<DeleteTopicState>) -> Vec<i16> {
    let response: DeleteTopicsResponse = world.ask(6, DeleteTopicsRequest::default().with_topics(topics));
    response.responses.iter().map(|topic| topic.error_code).collect()
}

fn by_name(called: &str) -> DeleteTopicState {
    DeleteTopicState::default().with_name(Some(name(called)))
}

fn by_id(id: Uuid) -> DeleteTopicState {
    DeleteTopicState::default().with_name(None).with_topic_id(id)
}

fn delete_records(world: &mut World, called: &str, partition: i32, offset: i64) -> (i16, i64) {
    let partition = DeleteRecordsPartition::default().with_partition_index(partition).with_offset(offset);
    let topic = DeleteRecordsTopic::default().with_name(name(called)).with_partitions(vec![partition]);
    let response: DeleteRecordsResponse =
        world.ask(2, DeleteRecordsRequest::default().with_topics(vec![topic]));
    let found = &response.topics[0].partitions[0];
    (found.error_code, found.low_watermark)
}

/// Ends a transaction that nobody began: each time that makes a record of its own.
fn write(world: &mut World, called: &str, records: usize) {
    let now = world.now;
    let log = &mut world.state.topics.get_mut(&name(called)).expect("a topic").partitions[0].log;
    for _ in 0..records {
        log.end_transaction(1, 0, true, 0, now).expect("a marker is written");
    }
}

fn partitions(world: &World, called: &str) -> usize {
    world.state.topics.get(&name(called)).map_or(0, |topic| topic.partitions.len())
}

#[test]
fn the_answer_tells_the_settings_of_a_new_topic_and_where_they_are_from() {
    let mut world = World::new();
    for version in 2..=7 {
        let called = format!("t{version}");
        let asked = with_settings(topic(&called, 3, 1), &[("retention.ms", "1000")]);
        let request = CreateTopicsRequest::default().with_topics(vec![asked]);
        let response: CreateTopicsResponse = world.ask(version, request);
        let made = &response.topics[0];
        assert_eq!((made.error_code, &made.error_message), (OK, &None));
        if version < 5 {
            continue;
        }
        assert_eq!((made.num_partitions, made.replication_factor), (3, 1));
        let configs = made.configs.as_ref().expect("configs");
        let found = |name: &str| {
            let config = configs.iter().find(|config| config.name.as_str() == name).expect("a config");
            (config.value.as_ref().map(|value| value.to_string()), config.config_source)
        };
        assert_eq!(found("retention.ms"), (Some("1000".to_owned()), 1));
        assert_eq!(found("cleanup.policy"), (Some("delete".to_owned()), 5));
    }
}

#[test]
fn what_cannot_be_made_is_refused_as_kafka_does() {
    let mut world = World::new();
    assert_eq!(world.create(vec![topic("there.1", 1, 1)]), [OK]);
    let null = topic("t", 1, 1).with_configs(vec![CreatableTopicConfig::default().with_value(None)]);
    for (asked, error) in [
        (topic("there.1", 1, 1), TopicAlreadyExists),
        (topic("there_1", 1, 1), InvalidTopicException),
        (topic("a/b", 1, 1), InvalidTopicException),
        (topic("t", 0, 1), InvalidPartitions),
        (topic("t", -2, 1), InvalidPartitions),
        (topic("t", 0, 0), InvalidReplicationFactor),
        (topic("t", 1, 2), InvalidReplicationFactor),
        (topic("t", 10_001, 1), PolicyViolation),
        (topic("t", i32::MAX, 1), PolicyViolation),
        (with_settings(topic("t", 1, 1), &[("no.such.setting", "1")]), InvalidConfig),
        (with_settings(topic("t", 1, 1), &[("retention.ms", "soon")]), InvalidConfig),
        (null, InvalidConfig),
        (assigned("t", &[(0, &[1])]).with_num_partitions(1), InvalidRequest),
        (assigned("t", &[(0, &[1])]).with_replication_factor(1), InvalidRequest),
        (assigned("t", &[(0, &[4])]), InvalidReplicaAssignment),
        (assigned("t", &[(0, &[1, 1])]), InvalidReplicaAssignment),
        (assigned("t", &[(0, &[])]), InvalidReplicaAssignment),
        (assigned("t", &[(0, &[1]), (2, &[1])]), InvalidReplicaAssignment),
        (assigned("t", &[(0, &[1]), (0, &[1])]), InvalidReplicaAssignment),
    ] {
        assert_eq!(world.create(vec![asked.clone()]), [error.code()], "{asked:?}");
    }
    assert_eq!(world.state.topics.iter().count(), 1);
}

#[test]
fn a_topic_that_is_named_twice_is_refused_and_the_others_are_made() {
    let mut world = World::new();
    let asked = vec![topic("a", 1, 1), topic("b", 1, 1), topic("a", 2, 1)];
    assert_eq!(world.create(asked), [InvalidRequest.code(), OK]);
    assert_eq!((partitions(&world, "a"), partitions(&world, "b")), (0, 1));
}

#[test]
fn all_topics_of_a_request_share_one_limit_of_partitions() {
    let mut world = World::new();
    let asked = vec![topic("a", 6_000, 1), topic("b", 6_000, 1), topic("c", 4_000, 1)];
    assert_eq!(world.create(asked), [OK, PolicyViolation.code(), OK]);
}

#[test]
fn assigned_replicas_are_kept_in_their_order() {
    let mut world = World::with(Options::with_brokers(3));
    let asked = assigned("t", &[(1, &[2, 1]), (0, &[3, 2])]);
    assert_eq!(world.create(vec![asked]), [OK]);
    let made = world.state.topics.get(&name("t")).expect("the topic");
    let replicas: Vec<_> = made.partitions.iter().map(|one| (one.replicas.clone(), one.leader)).collect();
    assert_eq!(replicas, [(vec![3, 2], Some(3)), (vec![2, 1], Some(2))]);
    let uneven = assigned("u", &[(0, &[3, 2]), (1, &[1])]);
    assert_eq!(world.create(vec![uneven]), [InvalidReplicaAssignment.code()]);
}

#[test]
fn leaders_are_spread() {
    let mut world = World::with(Options::with_brokers(3));
    world.create(vec![topic("t", 6, 2)]);
    let made = world.state.topics.get(&name("t")).expect("the topic");
    for broker in 1..=3 {
        let led = made.partitions.iter().filter(|partition| partition.leader == Some(broker));
        assert_eq!(led.count(), 2, "broker {broker}");
    }
}

#[test]
fn validating_only_makes_nothing() {
    let mut world = World::new();
    let request = CreateTopicsRequest::default()
        .with_validate_only(true)
        .with_topics(vec![topic("t", 3, 1), topic("u", 0, 1)]);
    let response: CreateTopicsResponse = world.ask(7, request);
    assert_eq!((response.topics[0].error_code, response.topics[0].num_partitions), (OK, 3));
    assert_eq!(response.topics[1].error_code, InvalidPartitions.code());
    assert_eq!(partitions(&world, "t"), 0);
}

#[test]
fn partitions_are_added_and_seen_at_once_with_the_settings_of_the_others() {
    let mut world = World::new();
    world.create(vec![with_settings(topic("t", 1, 1), &[("max.message.bytes", "77")])]);
    assert_eq!(grow(&mut world, "t", 3, None), OK);
    let asked = kafka_protocol::messages::metadata_request::MetadataRequestTopic::default()
        .with_name(Some(name("t")));
    let found: MetadataResponse = world.ask(9, MetadataRequest::default().with_topics(Some(vec![asked])));
    assert_eq!(found.topics[0].partitions.len(), 3);
    let made = world.state.topics.get(&name("t")).expect("the topic");
    assert_eq!(made.partitions[2].log.config().max_message_bytes, 77);
}

#[test]
fn partitions_are_only_added() {
    let mut world = World::new();
    world.create(vec![topic("t", 2, 1)]);
    for count in [-1, 0, 1, 2] {
        assert_eq!(grow(&mut world, "t", count, None), InvalidPartitions.code(), "{count}");
    }
    assert_eq!(grow(&mut world, "none", 3, None), UnknownTopicOrPartition.code());
    assert_eq!(grow(&mut world, "t", i32::MAX, None), PolicyViolation.code());
    assert_eq!(grow(&mut world, "t", 4, Some(&[&[1]])), InvalidReplicaAssignment.code());
    assert_eq!(grow(&mut world, "t", 3, Some(&[&[9]])), InvalidReplicaAssignment.code());
    assert_eq!(partitions(&world, "t"), 2);
    assert_eq!(grow(&mut world, "t", 3, Some(&[&[1]])), OK);
    assert_eq!(partitions(&world, "t"), 3);
}

#[test]
fn topics_are_deleted_by_name_and_by_id() {
    let mut world = World::new();
    world.create(vec![topic("a", 1, 1), topic("b", 1, 1)]);
    let id = world.state.topics.get(&name("b")).expect("b").id;
    assert_eq!(delete(&mut world, vec![by_name("a"), by_id(id)]), [OK, OK]);
    assert_eq!(
        delete(&mut world, vec![by_name("a"), by_id(id), by_id(Uuid::nil()), by_name("c").with_topic_id(id)]),
        [UnknownTopicOrPartition, UnknownTopicId, InvalidRequest, InvalidRequest].map(|error| error.code())
    );
    for version in 1..=5 {
        world.create(vec![topic("c", 1, 1)]);
        let request = DeleteTopicsRequest::default().with_topic_names(vec![name("c"), name("none")]);
        let response: DeleteTopicsResponse = world.ask(version, request);
        let codes: Vec<i16> = response.responses.iter().map(|topic| topic.error_code).collect();
        assert_eq!(codes, [OK, UnknownTopicOrPartition.code()], "version {version}");
    }
}

#[test]
fn a_topic_that_is_named_twice_is_not_deleted() {
    let mut world = World::new();
    world.create(vec![topic("a", 1, 1)]);
    let id = world.state.topics.get(&name("a")).expect("a").id;
    let invalid = InvalidRequest.code();
    assert_eq!(delete(&mut world, vec![by_name("a"), by_name("a")]), [invalid]);
    assert_eq!(delete(&mut world, vec![by_name("a"), by_id(id)]), [invalid, invalid]);
    assert_eq!(partitions(&world, "a"), 1);
}

#[test]
fn a_topic_that_comes_back_has_another_id_and_the_default_settings() {
    let mut world = World::new();
    world.create(vec![with_settings(topic("t", 1, 1), &[("retention.ms", "5")])]);
    let before = world.state.topics.get(&name("t")).expect("t").id;
    assert_eq!(delete(&mut world, vec![by_name("t")]), [OK]);
    world.create(vec![topic("t", 1, 1)]);
    let after = world.state.topics.get(&name("t")).expect("t");
    assert_ne!(after.id, before);
    assert!(after.settings.is_empty());
    assert_eq!(world.state.topics.name_of(before), None);
}

#[test]
fn a_fetch_that_waits_is_answered_when_its_topic_goes() {
    let mut world = World::new();
    world.create(vec![topic("t", 1, 1)]);
    let partition = FetchPartition::default().with_partition_max_bytes(100);
    let request = FetchRequest::default().with_max_wait_ms(60_000).with_min_bytes(1).with_max_bytes(100);
    let asked = FetchTopic::default().with_topic(name("t")).with_partitions(vec![partition]);
    let Reply::Later(mut waiting) = world.reply(1, 12, request.with_topics(vec![asked])) else {
        panic!("the fetch did not wait");
    };
    assert_eq!(grow(&mut world, "t", 2, None), OK);
    assert!(waiting.try_recv().is_err(), "another partition was no reason to answer");
    delete(&mut world, vec![by_name("t")]);
    let Ok(ResponseKind::Fetch(response)) = waiting.try_recv() else { panic!("the fetch was not answered") };
    assert_eq!(response.responses[0].partitions[0].error_code, UnknownTopicOrPartition.code());
}

#[test]
fn records_are_deleted_up_to_an_offset_or_all() {
    let mut world = World::new();
    world.create(vec![topic("t", 1, 1)]);
    write(&mut world, "t", 5);
    assert_eq!(delete_records(&mut world, "t", 0, 2), (OK, 2));
    assert_eq!(delete_records(&mut world, "t", 0, 1), (OK, 2), "nothing comes back");
    assert_eq!(delete_records(&mut world, "t", 0, 6), (OffsetOutOfRange.code(), -1));
    assert_eq!(delete_records(&mut world, "t", 0, -2), (OffsetOutOfRange.code(), -1));
    assert_eq!(delete_records(&mut world, "t", 0, -1), (OK, 5));
    assert_eq!(delete_records(&mut world, "t", 1, 0), (UnknownTopicOrPartition.code(), -1));
}

#[test]
fn records_are_not_deleted_where_that_is_not_the_policy_nor_by_another_broker() {
    let mut world = World::with(Options::with_brokers(2));
    world.create(vec![
        with_settings(assigned("compacted", &[(0, &[1])]), &[("cleanup.policy", "compact")]),
        with_settings(assigned("both", &[(0, &[1])]), &[("cleanup.policy", "compact,delete")]),
        assigned("other", &[(0, &[2])]),
    ]);
    assert_eq!(delete_records(&mut world, "compacted", 0, 0), (PolicyViolation.code(), -1));
    assert_eq!(delete_records(&mut world, "both", 0, 0), (OK, 0));
    assert_eq!(delete_records(&mut world, "other", 0, 0), (NotLeaderOrFollower.code(), -1));
}

#[test]
fn kafkas_own_topics_come_with_their_coordinator_and_are_nobody_elses() {
    use kafka_protocol::messages::{FindCoordinatorRequest, FindCoordinatorResponse};
    let mut world = World::new();
    let find = FindCoordinatorRequest::default().with_key(text("group"));
    let found: FindCoordinatorResponse = world.ask(3, find);
    assert_eq!(found.error_code, OK);
    let all: MetadataResponse = world.ask(12, MetadataRequest::default().with_topics(None));
    let [internal] = &all.topics[..] else { panic!("{:?}", all.topics) };
    assert!(internal.is_internal && internal.partitions.len() == 50);
    let deleted = delete_records(&mut world, "__consumer_offsets", 0, -1);
    assert_eq!(deleted, (InvalidTopicException.code(), -1));
}
