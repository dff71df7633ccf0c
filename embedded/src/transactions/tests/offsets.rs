//! Offsets of groups in transactions.

use std::time::Duration;

use kafka_protocol::ResponseError;
use kafka_protocol::messages::join_group_request::JoinGroupRequestProtocol;
use kafka_protocol::messages::{GroupId, JoinGroupRequest, JoinGroupResponse, ResponseKind};
use kafka_protocol::protocol::StrBytes;

use super::world::{OffsetCommit, TOPIC, World};
use crate::api::Reply;

const GROUP: &str = "group";

fn world() -> World {
    World::new(1, 2)
}

fn offset(value: i64) -> OffsetCommit {
    OffsetCommit::new(GROUP, TOPIC, 0, value)
}

fn join(world: &mut World, instance: Option<&str>) -> JoinGroupResponse {
    let protocol = JoinGroupRequestProtocol::default().with_name(StrBytes::from_static_str("range"));
    let request = JoinGroupRequest::default()
        .with_group_id(GroupId(StrBytes::from_static_str(GROUP)))
        .with_session_timeout_ms(30_000)
        .with_rebalance_timeout_ms(30_000)
        .with_protocol_type(StrBytes::from_static_str("consumer"))
        .with_group_instance_id(instance.map(|name| StrBytes::from_string(name.to_owned())))
        .with_protocols(vec![protocol]);
    let node = world.coordinator(GROUP);
    let version = if instance.is_some() { 5 } else { 3 };
    let reply = world.call(node, version, request);
    world.pass(Duration::ZERO);
    let response = match reply {
        Reply::Now(response) => response,
        Reply::Later(mut waiting) => waiting.try_recv().unwrap(),
        other => panic!("{other:?}"),
    };
    match response {
        ResponseKind::JoinGroup(response) => response,
        other => panic!("{other:?}"),
    }
}

#[test]
fn offsets_count_when_the_transaction_is_committed() {
    let mut world = world();
    let producer = world.init("a").unwrap();
    assert_eq!(world.add_offsets("a", producer, GROUP), Ok(()));
    assert_eq!(world.commit_offset("a", producer, &offset(7)), Ok(()));
    assert_eq!(world.committed(GROUP, 0), None);
    world.end("a", producer, true).unwrap();
    assert_eq!(world.committed(GROUP, 0), Some(7));
}

#[test]
fn offsets_of_an_aborted_transaction_are_forgotten() {
    let mut world = world();
    let producer = world.init("a").unwrap();
    for (value, commit) in [(7, true), (8, false)] {
        world.add_offsets("a", producer, GROUP).unwrap();
        world.commit_offset("a", producer, &offset(value)).unwrap();
        world.end("a", producer, commit).unwrap();
        assert_eq!(world.committed(GROUP, 0), Some(7));
    }
}

#[test]
fn offsets_of_a_transaction_that_took_too_long_or_was_fenced_are_forgotten() {
    let mut world = world();
    for fence in [true, false] {
        let producer = world.init("a").unwrap();
        world.add_offsets("a", producer, GROUP).unwrap();
        world.commit_offset("a", producer, &offset(7)).unwrap();
        if fence {
            world.init("a").unwrap();
        } else {
            world.pass(Duration::from_secs(60));
        }
        assert_eq!(world.committed(GROUP, 0), None);
        let late = world.commit_offset("a", producer, &offset(8));
        assert_eq!(late, Err(ResponseError::InvalidProducerEpoch));
        assert_eq!(world.add_offsets("a", producer, GROUP), Err(ResponseError::ProducerFenced));
    }
}

#[test]
fn offsets_of_a_group_that_was_not_added_are_refused() {
    let mut world = world();
    let producer = world.init("a").unwrap();
    assert_eq!(world.commit_offset("a", producer, &offset(7)), Err(ResponseError::InvalidTxnState));
    world.add("a", producer, 0).unwrap();
    assert_eq!(world.commit_offset("a", producer, &offset(7)), Err(ResponseError::InvalidTxnState));
    let unknown = world.commit_offset("unknown", producer, &offset(7));
    assert_eq!(unknown, Err(ResponseError::InvalidProducerIdMapping));
    world.end("a", producer, true).unwrap();
    assert_eq!(world.committed(GROUP, 0), None);
}

#[test]
fn a_request_without_sense_or_place_is_refused() {
    let mut world = World::new(3, 1);
    let producer = world.init("a").unwrap();
    world.add_offsets("a", producer, GROUP).unwrap();
    let missing = OffsetCommit::new(GROUP, "unknown", 0, 7);
    let unknown = Err(ResponseError::UnknownTopicOrPartition);
    assert_eq!(world.commit_offset("a", producer, &missing), unknown);
    let missing = OffsetCommit { index: 5, ..offset(7) };
    assert_eq!(world.commit_offset("a", producer, &missing), unknown);
    let nameless = OffsetCommit::new("", TOPIC, 0, 7);
    assert_eq!(world.commit_offset("a", producer, &nameless), Err(ResponseError::InvalidGroupId));
    let long = OffsetCommit { metadata: "m".repeat(4097), ..offset(7) };
    assert_eq!(world.commit_offset("a", producer, &long), Err(ResponseError::OffsetMetadataTooLarge));
    let other = world.coordinator(GROUP) % 3 + 1;
    let elsewhere = OffsetCommit { node: Some(other), ..offset(7) };
    assert_eq!(world.commit_offset("a", producer, &elsewhere), Err(ResponseError::NotCoordinator));
}

#[test]
fn only_a_member_of_the_present_generation_may_commit_a_group_s_offsets() {
    let mut world = world();
    let joined = join(&mut world, None);
    let member = joined.member_id.to_string();
    let producer = world.init("a").unwrap();
    world.add_offsets("a", producer, GROUP).unwrap();
    let mut commit = |member: &str, generation: i32| {
        let commit = OffsetCommit { member: member.to_owned(), generation, ..offset(7) };
        world.commit_offset("a", producer, &commit)
    };
    assert_eq!(commit("somebody", joined.generation_id), Err(ResponseError::UnknownMemberId));
    assert_eq!(commit(&member, joined.generation_id + 1), Err(ResponseError::IllegalGeneration));
    assert_eq!(commit(&member, joined.generation_id), Ok(()));
    assert_eq!(commit("", -1), Ok(()), "a client that knows nothing of members");
}

#[test]
fn a_static_member_whose_place_was_taken_may_not_commit() {
    let mut world = world();
    let before = join(&mut world, Some("i"));
    let after = join(&mut world, Some("i"));
    assert_ne!(before.member_id, after.member_id);
    let producer = world.init("a").unwrap();
    world.add_offsets("a", producer, GROUP).unwrap();
    let mut commit = |joined: &JoinGroupResponse| {
        let commit = OffsetCommit {
            member: joined.member_id.to_string(),
            instance: Some("i".to_owned()),
            generation: after.generation_id,
            ..offset(7)
        };
        world.commit_offset("a", producer, &commit)
    };
    assert_eq!(commit(&before), Err(ResponseError::FencedInstanceId));
    assert_eq!(commit(&after), Ok(()));
}

#[test]
fn a_group_that_does_not_exist_has_no_generation() {
    let mut world = world();
    let producer = world.init("a").unwrap();
    world.add_offsets("a", producer, GROUP).unwrap();
    let commit = OffsetCommit { member: "somebody".to_owned(), generation: 1, ..offset(7) };
    assert_eq!(world.commit_offset("a", producer, &commit), Err(ResponseError::IllegalGeneration));
}
