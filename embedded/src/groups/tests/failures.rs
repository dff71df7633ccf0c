//! Members of classic groups that die, fall silent or come back.

use std::time::Duration;

use kafka_protocol::ResponseError;
use kafka_protocol::messages::{JoinGroupResponse, SyncGroupResponse};

use super::world::{Member, OK, World, joining, syncing};

const SESSION: Duration = Duration::from_secs(10);
const REBALANCE: Duration = Duration::from_secs(60);
const MOMENT: Duration = Duration::from_millis(1);

#[test]
fn a_silent_member_is_gone_after_its_session() {
    let mut world = World::new();
    let (first, second) = world.stable_pair("g");
    world.pass(SESSION - MOMENT);
    assert_eq!(world.heartbeat("g", &first), OK);
    world.pass(MOMENT);
    assert_eq!(world.heartbeat("g", &second), ResponseError::UnknownMemberId.code());
    assert_eq!(world.heartbeat("g", &first), ResponseError::RebalanceInProgress.code());
    let alone: JoinGroupResponse = world.join(9, joining("g", &first.id)).now();
    assert_eq!((alone.error_code, alone.members.len()), (OK, 1));
}

#[test]
fn heartbeats_keep_a_session() {
    let mut world = World::new();
    let member = world.stable("g");
    for _ in 0..20 {
        world.pass(SESSION - MOMENT);
        assert_eq!(world.heartbeat("g", &member), OK);
    }
    let stale = Member { generation: member.generation - 1, ..member };
    assert_eq!(world.heartbeat("g", &stale), ResponseError::IllegalGeneration.code());
}

#[test]
fn an_id_that_is_not_used_expires_without_a_rebalance() {
    let mut world = World::new();
    let member = world.stable("g");
    let unused: JoinGroupResponse = world.join(9, joining("g", "")).now();
    for _ in 0..3 {
        world.pass(SESSION / 2);
        assert_eq!(world.heartbeat("g", &member), OK);
    }
    let late: JoinGroupResponse = world.join(9, joining("g", &unused.member_id)).now();
    assert_eq!(late.error_code, ResponseError::UnknownMemberId.code());
}

#[test]
fn a_rebalance_goes_on_without_members_that_do_not_join_in_time() {
    let mut world = World::new();
    let (first, second) = world.stable_pair("g");
    let mut waiting = world.join(9, joining("g", &first.id));
    // The other one is alive, and never joins.
    for _ in 0..11 {
        world.pass(Duration::from_secs(5));
        assert_eq!(world.heartbeat("g", &second), ResponseError::RebalanceInProgress.code());
    }
    waiting.still_waits();
    world.pass(Duration::from_secs(5));
    let alone: JoinGroupResponse = waiting.now();
    assert_eq!((alone.error_code, alone.members.len()), (OK, 1));
    assert_eq!(world.heartbeat("g", &second), ResponseError::UnknownMemberId.code());
}

#[test]
fn the_death_of_the_last_one_waited_for_completes_a_rebalance() {
    let mut world = World::new();
    let (first, _dead) = world.stable_pair("g");
    let mut waiting = world.join(9, joining("g", &first.id));
    world.pass(SESSION - MOMENT);
    waiting.still_waits();
    world.pass(MOMENT);
    assert_eq!(waiting.now::<JoinGroupResponse>().members.len(), 1);
}

#[test]
fn a_member_that_died_while_it_joined_is_gone_a_session_after_the_generation() {
    let mut world = World::new();
    let first = world.stable("g");
    let (_, dead) = world.join_new("g");
    drop(dead);
    let led: JoinGroupResponse = world.join(9, joining("g", &first.id)).now();
    assert_eq!(led.members.len(), 2);
    let all = [(&first.id, "all")];
    let synced: SyncGroupResponse = world.send(5, syncing("g", &first.id, led.generation_id, &all)).now();
    assert_eq!(synced.error_code, OK);
    let now = Member { id: first.id.clone(), generation: led.generation_id };
    world.pass(SESSION - MOMENT);
    assert_eq!(world.heartbeat("g", &now), OK);
    world.pass(MOMENT);
    assert_eq!(world.heartbeat("g", &now), ResponseError::RebalanceInProgress.code());
    let alone: JoinGroupResponse = world.join(9, joining("g", &first.id)).now();
    assert_eq!(alone.members.len(), 1);
}

#[test]
fn the_death_of_the_leader_before_it_assigned_sends_followers_back_to_join() {
    let mut world = World::new();
    let first = world.stable("g");
    let (second, waiting) = world.join_new("g");
    let led: JoinGroupResponse = world.join(9, joining("g", &first.id)).now();
    waiting.now::<JoinGroupResponse>();
    let mut follower = world.send(5, syncing("g", &second, led.generation_id, &[]));
    world.pass(SESSION - MOMENT);
    follower.still_waits();
    world.pass(MOMENT);
    assert_eq!(follower.now::<SyncGroupResponse>().error_code, ResponseError::RebalanceInProgress.code());
    let next: JoinGroupResponse = world.join(9, joining("g", &second)).now();
    assert_eq!((next.error_code, &next.leader), (OK, &second));
}

#[test]
fn members_that_do_not_ask_for_their_assignment_are_removed() {
    let mut world = World::new();
    let first = world.stable("g");
    let (second, waiting) = world.join_new("g");
    let led: JoinGroupResponse = world.join(9, joining("g", &first.id)).now();
    let generation = led.generation_id;
    waiting.now::<JoinGroupResponse>();
    world.send(5, syncing("g", &first.id, generation, &[(&first.id, "all")])).now::<SyncGroupResponse>();
    let (first, second) = (Member { id: first.id, generation }, Member { id: second, generation });
    for _ in 0..11 {
        world.pass(Duration::from_secs(5));
        assert_eq!(world.heartbeat("g", &first), OK);
        assert_eq!(world.heartbeat("g", &second), OK);
    }
    world.pass(REBALANCE - Duration::from_secs(55));
    assert_eq!(world.heartbeat("g", &second), ResponseError::UnknownMemberId.code());
    assert_eq!(world.heartbeat("g", &first), ResponseError::RebalanceInProgress.code());
}

#[test]
fn a_new_subscription_of_a_member_breaks_a_sync() {
    let mut world = World::new();
    let first = world.stable("g");
    let (second, waiting) = world.join_new("g");
    let led: JoinGroupResponse = world.join(9, joining("g", &first.id)).now();
    waiting.now::<JoinGroupResponse>();
    let follower = world.send(5, syncing("g", &second, led.generation_id, &[]));
    let changed = joining("g", &first.id).with_protocols(vec![super::world::protocol("range", &["u"])]);
    world.join(9, changed).still_waits();
    assert_eq!(follower.now::<SyncGroupResponse>().error_code, ResponseError::RebalanceInProgress.code());
}

#[test]
fn nothing_is_due_in_a_deleted_group() {
    let mut world = World::new();
    let member = world.stable("g");
    world.leave("g", &member.id);
    let request = kafka_protocol::messages::DeleteGroupsRequest::default()
        .with_groups_names(vec![super::world::id("g")]);
    world.send(2, request).now::<kafka_protocol::messages::DeleteGroupsResponse>();
    assert_eq!(world.state.timers.next(), None);
}
