//! Static members of classic groups (KIP-345).

use std::time::Duration;

use kafka_protocol::ResponseError;
use kafka_protocol::messages::leave_group_request::MemberIdentity;
use kafka_protocol::messages::{
    HeartbeatRequest, HeartbeatResponse, JoinGroupRequest, JoinGroupResponse, LeaveGroupRequest,
    LeaveGroupResponse, SyncGroupResponse,
};

use super::world::{Member, OK, World, id, joining, protocol, syncing, text};

fn joining_as(instance: &str, member: &str) -> JoinGroupRequest {
    joining("g", member).with_group_instance_id(Some(text(instance)))
}

/// Makes a stable group of one static member.
fn stable(world: &mut World, instance: &str) -> Member {
    let joined: JoinGroupResponse = world.join(9, joining_as(instance, "")).now();
    assert_eq!(joined.error_code, OK);
    let (member, generation) = (joined.member_id, joined.generation_id);
    let synced: SyncGroupResponse =
        world.send(5, syncing("g", &member, generation, &[(&member, "all")])).now();
    assert_eq!(synced.error_code, OK);
    Member { id: member, generation }
}

#[test]
fn a_static_member_comes_back_into_the_same_generation() {
    let mut world = World::new();
    let member = stable(&mut world, "i");
    let again: JoinGroupResponse = world.join(9, joining_as("i", "")).now();
    assert_eq!((again.error_code, again.generation_id), (OK, member.generation));
    assert_ne!(again.member_id, member.id);
    // It leads, sees the members, and is told that its assignment stands.
    assert_eq!(
        (again.leader, again.skip_assignment, again.members.len()),
        (again.member_id.clone(), true, 1)
    );
    let synced: SyncGroupResponse =
        world.send(5, syncing("g", &again.member_id, member.generation, &[])).now();
    assert_eq!(synced.assignment, "all");
}

#[test]
fn a_leader_of_an_older_protocol_comes_back_as_a_follower() {
    let mut world = World::new();
    let member = stable(&mut world, "i");
    let again: JoinGroupResponse = world.join(8, joining_as("i", "")).now();
    assert_eq!((again.error_code, again.generation_id), (OK, member.generation));
    assert_eq!((again.leader, again.members.len()), (member.id, 0));
}

#[test]
fn the_incarnation_before_is_fenced() {
    let mut world = World::new();
    let old = stable(&mut world, "i");
    world.join(9, joining_as("i", "")).now::<JoinGroupResponse>();
    let fenced = ResponseError::FencedInstanceId.code();
    let heartbeat = HeartbeatRequest::default()
        .with_group_id(id("g"))
        .with_member_id(old.id.clone())
        .with_generation_id(old.generation)
        .with_group_instance_id(Some(text("i")));
    assert_eq!(world.send(4, heartbeat).now::<HeartbeatResponse>().error_code, fenced);
    let join: JoinGroupResponse = world.join(9, joining_as("i", &old.id)).now();
    assert_eq!(join.error_code, fenced);
    let sync = syncing("g", &old.id, old.generation, &[]).with_group_instance_id(Some(text("i")));
    assert_eq!(world.send(5, sync).now::<SyncGroupResponse>().error_code, fenced);
}

#[test]
fn two_that_wait_under_one_instance_id_do_not_both_join() {
    let mut world = World::new();
    let first = world.stable("g");
    let older = world.join(9, joining_as("i", ""));
    let mut younger = world.join(9, joining_as("i", ""));
    assert_eq!(older.now::<JoinGroupResponse>().error_code, ResponseError::FencedInstanceId.code());
    younger.still_waits();
    let led: JoinGroupResponse = world.join(9, joining("g", &first.id)).now();
    assert_eq!(led.members.len(), 2);
    assert_eq!(younger.now::<JoinGroupResponse>().error_code, OK);
}

#[test]
fn a_static_member_that_comes_back_with_another_protocol_makes_a_generation() {
    let mut world = World::new();
    let member = stable(&mut world, "i");
    let both = vec![protocol("sticky", &["t"]), protocol("range", &["t"])];
    let again: JoinGroupResponse = world.join(9, joining_as("i", "").with_protocols(both)).now();
    assert_eq!((again.error_code, again.generation_id), (OK, member.generation + 1));
    assert_eq!(again.protocol_name.as_deref(), Some("sticky"));
}

#[test]
fn a_rebalance_keeps_the_place_of_a_static_member_that_is_away() {
    let mut world = World::new();
    stable(&mut world, "i");
    let long = joining_as("i", "").with_session_timeout_ms(600_000);
    let away: JoinGroupResponse = world.join(9, long).now();
    // The longer session begins with the first heartbeat.
    let away = Member { id: away.member_id, generation: away.generation_id };
    assert_eq!(world.heartbeat("g", &away), OK);
    let (_, mut waiting) = world.join_new("g");
    world.pass(Duration::from_secs(59));
    waiting.still_waits();
    world.pass(Duration::from_secs(1));
    let led: JoinGroupResponse = waiting.now();
    assert_eq!((&led.leader, led.members.len()), (&led.member_id, 2));
}

#[test]
fn an_admin_removes_a_static_member_by_its_instance_id() {
    let mut world = World::new();
    stable(&mut world, "i");
    let remove = |world: &mut World, instance: &str| {
        let member = MemberIdentity::default().with_group_instance_id(Some(text(instance)));
        let request = LeaveGroupRequest::default().with_group_id(id("g")).with_members(vec![member]);
        world.send(5, request).now::<LeaveGroupResponse>().members[0].error_code
    };
    assert_eq!(remove(&mut world, "other"), ResponseError::UnknownMemberId.code());
    assert_eq!(remove(&mut world, "i"), OK);
    assert_eq!(remove(&mut world, "i"), ResponseError::UnknownMemberId.code());
}
