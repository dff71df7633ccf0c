//! Brokers come and go, and leaders with them.

use kafka_protocol::ResponseError::{
    LeaderNotAvailable, MismatchedEndpointType, NotCoordinator, NotEnoughReplicas, NotLeaderOrFollower,
    UnsupportedEndpointType,
};
use kafka_protocol::messages::create_topics_request::CreatableReplicaAssignment;
use kafka_protocol::messages::fetch_request::{FetchPartition, FetchTopic};
use kafka_protocol::messages::produce_request::{PartitionProduceData, TopicProduceData};
use kafka_protocol::messages::{
    BrokerId, DescribeClusterRequest, DescribeClusterResponse, FetchRequest, FindCoordinatorRequest,
    FindCoordinatorResponse, GroupId, MetadataRequest, MetadataResponse, OffsetFetchRequest,
    OffsetFetchResponse, ProduceRequest, ProduceResponse, ResponseKind,
};

use super::world::{OK, World, name, text, topic, with_settings};
use crate::api::{Reply, Waiting};
use crate::options::Options;
use crate::state::NodeId;
use crate::state::leaders::BrokerError;
use crate::wire::records::BatchWriter;

/// Three brokers with topic `t`, whose replicas are 1 and 2, and `alone` on 1.
fn world() -> World {
    let mut world = World::with(Options::with_brokers(3));
    let on = |ids: &[NodeId]| {
        let ids = ids.iter().map(|id| BrokerId(*id)).collect();
        vec![CreatableReplicaAssignment::default().with_broker_ids(ids)]
    };
    let t = with_settings(topic("t", -1, -1), &[("min.insync.replicas", "2")]);
    let topics = vec![t.with_assignments(on(&[1, 2])), topic("alone", -1, -1).with_assignments(on(&[1]))];
    assert_eq!(world.create(topics), [OK, OK]);
    world
}

fn stop(world: &mut World, id: NodeId) {
    let now = world.now;
    world.state.stop_broker(now, id).expect("it stops");
}

fn leader(world: &World, called: &str) -> (Option<NodeId>, i32) {
    let partition = &world.state.topics.get(&name(called)).expect("a topic").partitions[0];
    (partition.leader, partition.leader_epoch)
}

fn produce(world: &mut World, node: NodeId, acks: i16) -> ProduceResponse {
    let batch = BatchWriter::new().record(5, None, Some(b"value"), &[]).build();
    let data = PartitionProduceData::default().with_records(Some(batch));
    let data = TopicProduceData::default().with_name(name("t")).with_partition_data(vec![data]);
    world.ask_at(node, 10, ProduceRequest::default().with_acks(acks).with_topic_data(vec![data]))
}

fn wait(world: &mut World, node: NodeId) -> Waiting {
    let partition = FetchPartition::default().with_partition_max_bytes(100);
    let asked = FetchTopic::default().with_topic(name("t")).with_partitions(vec![partition]);
    let request = FetchRequest::default().with_max_wait_ms(60_000).with_min_bytes(1).with_max_bytes(100);
    match world.reply(node, 12, request.with_topics(vec![asked])) {
        Reply::Later(waiting) => waiting,
        other => panic!("the fetch did not wait: {other:?}"),
    }
}

#[test]
fn what_a_stopped_broker_led_is_led_by_the_next_replica_in_another_epoch() {
    let mut world = world();
    assert_eq!((leader(&world, "t"), leader(&world, "alone")), ((Some(1), 0), (Some(1), 0)));
    stop(&mut world, 1);
    assert_eq!((leader(&world, "t"), leader(&world, "alone")), ((Some(2), 1), (None, 1)));
    stop(&mut world, 2);
    assert_eq!(leader(&world, "t"), (None, 2));
    world.state.start_broker(1).expect("it starts");
    assert_eq!((leader(&world, "t"), leader(&world, "alone")), ((Some(1), 3), (Some(1), 2)));
    world.state.start_broker(2).expect("it starts");
    assert_eq!(leader(&world, "t"), (Some(1), 3), "whoever leads goes on");
}

#[test]
fn metadata_tell_who_is_left() {
    let mut world = world();
    stop(&mut world, 1);
    let found: MetadataResponse = world.ask_at(2, 9, MetadataRequest::default().with_topics(None));
    let brokers: Vec<i32> = found.brokers.iter().map(|broker| broker.node_id.0).collect();
    assert_eq!((brokers, found.controller_id.0), (vec![2, 3], 2));
    let alone = &found.topics[0].partitions[0];
    assert_eq!((alone.error_code, alone.leader_id.0), (LeaderNotAvailable.code(), -1));
    let t = &found.topics[1].partitions[0];
    assert_eq!((t.error_code, t.leader_id.0, t.leader_epoch), (OK, 2, 1));
    assert_eq!((&t.isr_nodes[..], &t.offline_replicas[..]), (&[BrokerId(2)][..], &[BrokerId(1)][..]));
}

#[test]
fn a_producer_at_the_old_leader_is_told_where_the_new_one_is() {
    let mut world = world();
    let now = world.now;
    world.state.move_leader(now, &name("t"), 0, 2).expect("it moves");
    assert_eq!(leader(&world, "t"), (Some(2), 1));
    let refused = produce(&mut world, 1, -1);
    let partition = &refused.responses[0].partition_responses[0];
    assert_eq!(partition.error_code, NotLeaderOrFollower.code());
    assert_eq!((partition.current_leader.leader_id.0, partition.current_leader.leader_epoch), (2, 1));
    let endpoints: Vec<_> = refused.node_endpoints.iter().map(|node| (node.node_id.0, node.port)).collect();
    assert_eq!(endpoints, [(2, 9001)]);
}

#[test]
fn a_fetch_that_waits_at_the_old_leader_is_answered() {
    let mut world = world();
    let mut waiting = wait(&mut world, 1);
    let now = world.now;
    world.state.move_leader(now, &name("t"), 0, 2).expect("it moves");
    let Ok(ResponseKind::Fetch(response)) = waiting.try_recv() else { panic!("it was not answered") };
    assert_eq!(response.responses[0].partitions[0].error_code, NotLeaderOrFollower.code());
}

#[test]
fn a_leader_moves_only_to_a_replica_that_is_up() {
    let mut world = world();
    let now = world.now;
    stop(&mut world, 2);
    let mut to = |called: &str, index, id| world.state.move_leader(now, &name(called), index, id);
    assert!(matches!(to("t", 0, 3), Err(BrokerError::NoReplica(3))));
    assert!(matches!(to("t", 0, 2), Err(BrokerError::Down(2))));
    assert!(matches!(to("t", 0, 9), Err(BrokerError::UnknownBroker(9))));
    assert!(matches!(to("t", 1, 1), Err(BrokerError::UnknownPartition { partition: 1, .. })));
    assert_eq!(leader(&world, "t"), (Some(1), 0));
    assert!(matches!(world.state.stop_broker(now, 0), Err(BrokerError::UnknownBroker(0))));
    assert!(matches!(world.state.start_broker(4), Err(BrokerError::UnknownBroker(4))));
}

#[test]
fn too_few_replicas_take_no_record_that_all_must_have() {
    let mut world = world();
    stop(&mut world, 2);
    let refused = produce(&mut world, 1, -1);
    let refused = &refused.responses[0].partition_responses[0];
    assert_eq!(refused.error_code, NotEnoughReplicas.code());
    let taken = produce(&mut world, 1, 1);
    assert_ne!(taken.responses[0].partition_responses[0].error_code, NotEnoughReplicas.code());
}

#[test]
fn the_coordinator_moves_while_its_broker_is_down_and_others_stay() {
    let mut world = world();
    let coordinators = |world: &mut World, node: NodeId| -> Vec<i32> {
        let find = |key: usize| FindCoordinatorRequest::default().with_key(text(&format!("g{key}")));
        let keys = 0..20;
        keys.map(|key| world.ask_at::<FindCoordinatorResponse>(node, 3, find(key)).node_id.0).collect()
    };
    let before = coordinators(&mut world, 2);
    assert!((1..=3).all(|id| before.contains(&id)), "they are spread: {before:?}");
    stop(&mut world, 1);
    let between = coordinators(&mut world, 2);
    let moved = |(before, now): (&i32, &i32)| (*before == 1) == (before != now) && *now != 1;
    assert!(before.iter().zip(&between).all(moved), "{before:?} {between:?}");
    world.state.start_broker(1).expect("it starts");
    assert_eq!(coordinators(&mut world, 2), before);
}

#[test]
fn whoever_is_no_coordinator_says_so() {
    let mut world = world();
    let request = OffsetFetchRequest::default().with_group_id(GroupId(text("g"))).with_topics(None);
    let codes: Vec<i16> = (1..=3)
        .map(|node| world.ask_at::<OffsetFetchResponse>(node, 7, request.clone()).error_code)
        .collect();
    assert_eq!(codes.iter().filter(|code| **code == OK).count(), 1);
    assert_eq!(codes.iter().filter(|code| **code == NotCoordinator.code()).count(), 2);
}

#[test]
fn the_cluster_is_described_without_brokers_that_are_down_and_without_controllers() {
    let mut world = world();
    stop(&mut world, 3);
    for version in 0..=1 {
        let found: DescribeClusterResponse = world.ask(version, DescribeClusterRequest::default());
        let ids: Vec<i32> = found.brokers.iter().map(|broker| broker.broker_id.0).collect();
        assert_eq!((found.error_code, ids, found.controller_id.0), (OK, vec![1, 2], 1));
        assert_eq!(found.cluster_authorized_operations, i32::MIN, "they were not asked for");
    }
    for (endpoint, error) in [(2, MismatchedEndpointType), (3, UnsupportedEndpointType)] {
        let request = DescribeClusterRequest::default().with_endpoint_type(endpoint);
        let found: DescribeClusterResponse = world.ask(1, request);
        assert_eq!(found.error_code, error.code());
    }
}
