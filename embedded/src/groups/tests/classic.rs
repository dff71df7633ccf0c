//! The life of a classic group while nobody fails.

use std::time::Duration;

use kafka_protocol::ResponseError;
use kafka_protocol::messages::describe_groups_response::DescribedGroup;
use kafka_protocol::messages::leave_group_request::MemberIdentity;
use kafka_protocol::messages::{
    DeleteGroupsRequest, DeleteGroupsResponse, DescribeGroupsRequest, DescribeGroupsResponse,
    FindCoordinatorRequest, FindCoordinatorResponse, JoinGroupResponse, LeaveGroupRequest,
    LeaveGroupResponse, ListGroupsRequest, ListGroupsResponse, SyncGroupResponse,
};

use super::world::{Member, OK, World, id, joining, protocol, syncing, text};
use crate::options::Options;

fn described(world: &mut World, group: &str) -> DescribedGroup {
    let request = DescribeGroupsRequest::default().with_groups(vec![id(group)]);
    world.send(6, request).now::<DescribeGroupsResponse>().groups.remove(0)
}

#[test]
fn the_first_member_leads_at_once() {
    let mut world = World::new();
    let (member, answer) = world.join_new("g");
    let joined: JoinGroupResponse = answer.now();
    assert_eq!(joined.error_code, OK);
    assert_eq!((joined.generation_id, &joined.leader), (1, &member));
    assert_eq!(joined.protocol_name.as_deref(), Some("range"));
    assert_eq!(joined.members.len(), 1);
    assert!(member.starts_with("client-"));
}

#[test]
fn every_version_of_join_and_sync_is_answered() {
    for version in 0..=9 {
        let mut world = World::new();
        let mut joined: JoinGroupResponse = world.join(version, joining("g", "")).now();
        if version >= 4 {
            assert_eq!(joined.error_code, ResponseError::MemberIdRequired.code(), "v{version}");
            joined = world.join(version, joining("g", &joined.member_id)).now();
        }
        assert_eq!(joined.error_code, OK, "v{version}");
        let assignments = [(&joined.member_id, "all")];
        let sync = syncing("g", &joined.member_id, joined.generation_id, &assignments);
        let synced: SyncGroupResponse = world.send(version.min(5), sync).now();
        assert_eq!((synced.error_code, &synced.assignment[..]), (OK, &b"all"[..]), "v{version}");
        // Errors have to be encodable too.
        let refused: JoinGroupResponse = world.join(version, joining("g", "stranger")).now();
        assert_eq!(refused.error_code, ResponseError::UnknownMemberId.code(), "v{version}");
        let stale = syncing("g", &joined.member_id, 99, &[]);
        let refused: SyncGroupResponse = world.send(version.min(5), stale).now();
        assert_eq!(refused.error_code, ResponseError::IllegalGeneration.code(), "v{version}");
    }
}

#[test]
fn a_second_member_settles_as_soon_as_the_first_joins_again() {
    let mut world = World::new();
    let first = world.stable("g");
    let (_, mut waiting) = world.join_new("g");
    waiting.still_waits();
    assert_eq!(world.heartbeat("g", &first), ResponseError::RebalanceInProgress.code());
    let led: JoinGroupResponse = world.join(9, joining("g", &first.id)).now();
    let followed: JoinGroupResponse = waiting.now();
    assert_eq!((led.generation_id, led.members.len()), (2, 2));
    assert_eq!((followed.generation_id, followed.members.len()), (2, 0));
    assert_eq!(followed.leader, first.id);
}

#[test]
fn followers_wait_for_the_assignment_of_the_leader() {
    let mut world = World::new();
    let first = world.stable("g");
    let (second, waiting) = world.join_new("g");
    let led: JoinGroupResponse = world.join(9, joining("g", &first.id)).now();
    assert_eq!(waiting.now::<JoinGroupResponse>().error_code, OK);
    let mut follower = world.send(5, syncing("g", &second, led.generation_id, &[]));
    follower.still_waits();
    assert_eq!(described(&mut world, "g").group_state, text("CompletingRebalance"));
    let shares = [(&first.id, "one"), (&second, "two")];
    let leader: SyncGroupResponse = world.send(5, syncing("g", &first.id, led.generation_id, &shares)).now();
    assert_eq!(leader.assignment, "one");
    assert_eq!(follower.now::<SyncGroupResponse>().assignment, "two");
    let group = described(&mut world, "g");
    assert_eq!((group.group_state, group.members.len()), (text("Stable"), 2));
    assert_eq!(group.protocol_data, text("range"));
}

#[test]
fn a_cooperative_group_rebalances_twice_without_losing_a_member() {
    let mut world = World::new();
    let (first, second) = world.stable_pair("g");
    // What was revoked is given away in a generation of its own, which any member may ask for by leading.
    let mut led = world.join(9, joining("g", &first.id));
    led.still_waits();
    assert_eq!(world.heartbeat("g", &second), ResponseError::RebalanceInProgress.code());
    let followed: JoinGroupResponse = world.join(9, joining("g", &second.id)).now();
    assert_eq!(followed.generation_id, second.generation + 1);
    assert_eq!(led.now::<JoinGroupResponse>().members.len(), 2);
}

#[test]
fn a_follower_that_joins_again_unchanged_stays_in_its_generation() {
    let mut world = World::new();
    let (_, second) = world.stable_pair("g");
    let again: JoinGroupResponse = world.join(9, joining("g", &second.id)).now();
    assert_eq!((again.error_code, again.generation_id), (OK, second.generation));
    let changed = joining("g", &second.id).with_protocols(vec![protocol("range", &["t", "u"])]);
    world.join(9, changed).still_waits();
}

#[test]
fn the_protocol_is_one_that_all_members_have() {
    let mut world = World::new();
    let many = |member: &str, names: &[&str]| {
        joining("g", member).with_protocols(names.iter().map(|name| protocol(name, &["t"])).collect())
    };
    let first: JoinGroupResponse = world.join(3, many("", &["sticky", "range"])).now();
    assert_eq!(first.protocol_name.as_deref(), Some("sticky"));
    let second = world.join(3, many("", &["range", "round"]));
    let first: JoinGroupResponse = world.join(3, many(&first.member_id, &["sticky", "range"])).now();
    assert_eq!(first.protocol_name.as_deref(), Some("range"));
    assert_eq!(second.now::<JoinGroupResponse>().protocol_name.as_deref(), Some("range"));
    let foreign: JoinGroupResponse = world.join(3, many("", &["round"])).now();
    assert_eq!(foreign.error_code, ResponseError::InconsistentGroupProtocol.code());
    let other_kind = joining("g", "").with_protocol_type(text("connect"));
    let foreign: JoinGroupResponse = world.join(3, other_kind).now();
    assert_eq!(foreign.error_code, ResponseError::InconsistentGroupProtocol.code());
}

#[test]
fn a_group_waits_for_first_members_as_long_as_it_is_told() {
    let delay = Duration::from_secs(3);
    let mut world = World::with(Options { initial_rebalance_delay: delay, ..Options::default() });
    let (_, mut first) = world.join_new("g");
    world.pass(Duration::from_secs(2));
    first.still_waits();
    let (_, mut second) = world.join_new("g");
    // Another one came, so it waits once more.
    world.pass(Duration::from_secs(3));
    second.still_waits();
    world.pass(Duration::from_secs(1));
    assert_eq!(first.now::<JoinGroupResponse>().generation_id, 1);
    assert_eq!(second.now::<JoinGroupResponse>().generation_id, 1);
}

#[test]
fn members_that_leave_are_gone_at_once() {
    let mut world = World::new();
    let (first, second) = world.stable_pair("g");
    let member = |id: &str| MemberIdentity::default().with_member_id(text(id));
    let request = LeaveGroupRequest::default()
        .with_group_id(id("g"))
        .with_members(vec![member(&second.id), member("stranger")]);
    let left: LeaveGroupResponse = world.send(5, request).now();
    let codes: Vec<i16> = left.members.iter().map(|member| member.error_code).collect();
    assert_eq!(codes, [OK, ResponseError::UnknownMemberId.code()]);
    assert_eq!(world.heartbeat("g", &first), ResponseError::RebalanceInProgress.code());
    let alone: JoinGroupResponse = world.join(9, joining("g", &first.id)).now();
    assert_eq!(alone.members.len(), 1);
    assert_eq!(world.leave("g", &first.id), OK);
    assert_eq!(described(&mut world, "g").group_state, text("Empty"));
    assert_eq!(world.leave("g", &first.id), ResponseError::UnknownMemberId.code());
}

#[test]
fn groups_are_listed_by_state_and_type() {
    let mut world = World::new();
    world.stable("a");
    let member = world.stable("b");
    world.leave("b", &member.id);
    let mut list = |version, states: &[&str], types: &[&str]| {
        let request = ListGroupsRequest::default()
            .with_states_filter(states.iter().copied().map(text).collect())
            .with_types_filter(types.iter().copied().map(text).collect());
        let listed: ListGroupsResponse = world.send(version, request).now();
        listed.groups.into_iter().map(|group| group.group_id.to_string()).collect::<Vec<_>>()
    };
    for version in 0..=5 {
        assert_eq!(list(version, &[], &[]), ["a", "b"]);
    }
    assert_eq!(list(5, &["stable"], &[]), ["a"]);
    assert_eq!(list(5, &["Empty", "Dead"], &["Classic"]), ["b"]);
    assert!(list(5, &[], &["consumer"]).is_empty());
}

#[test]
fn a_missing_group_is_dead_or_an_error_by_version() {
    let mut world = World::new();
    for version in 0..=6 {
        let request = DescribeGroupsRequest::default().with_groups(vec![id("none")]);
        let response: DescribeGroupsResponse = world.send(version, request).now();
        let group = &response.groups[0];
        let expected = if version >= 6 { ResponseError::GroupIdNotFound.code() } else { OK };
        assert_eq!((&group.group_state[..], group.error_code), ("Dead", expected), "v{version}");
    }
}

#[test]
fn only_an_empty_group_is_deleted() {
    let mut world = World::new();
    let member = world.stable("g");
    let delete = |world: &mut World, group: &str| {
        let request = DeleteGroupsRequest::default().with_groups_names(vec![id(group)]);
        world.send(2, request).now::<DeleteGroupsResponse>().results[0].error_code
    };
    assert_eq!(delete(&mut world, "g"), ResponseError::NonEmptyGroup.code());
    world.leave("g", &member.id);
    assert_eq!(delete(&mut world, "g"), OK);
    assert_eq!(delete(&mut world, "g"), ResponseError::GroupIdNotFound.code());
    let next = world.stable("g");
    assert_eq!(next.generation, 1);
}

#[test]
fn only_the_coordinator_answers_for_a_group() {
    let mut world = World::with(Options::with_brokers(3));
    for version in 0..=4 {
        let request = match version {
            4 => FindCoordinatorRequest::default().with_coordinator_keys(vec![text("g"), text("h")]),
            _ => FindCoordinatorRequest::default().with_key(text("g")),
        };
        let found: FindCoordinatorResponse = world.send(version, request).now();
        let node = found.coordinators.first().map_or(found.node_id, |first| first.node_id);
        assert_eq!(found.coordinators.len(), if version == 4 { 2 } else { 0 });
        for other in 1..=3 {
            let joined: JoinGroupResponse = world.send_to(other, 5, joining("g", "")).now();
            let expected = match other == node.0 {
                true => ResponseError::MemberIdRequired,
                false => ResponseError::NotCoordinator,
            };
            assert_eq!(joined.error_code, expected.code(), "node {other}, v{version}");
        }
    }
    let unknown = FindCoordinatorRequest::default().with_key(text("g")).with_key_type(9);
    let refused: FindCoordinatorResponse = world.send(3, unknown).now();
    assert_eq!(refused.error_code, ResponseError::InvalidRequest.code());
}

#[test]
fn groups_and_sessions_have_limits() {
    let mut world = World::new();
    let nameless: JoinGroupResponse = world.join(9, joining("", "")).now();
    assert_eq!(nameless.error_code, ResponseError::InvalidGroupId.code());
    for session in [999, 30 * 60_000 + 1, -1] {
        let refused: JoinGroupResponse =
            world.join(9, joining("g", "").with_session_timeout_ms(session)).now();
        assert_eq!(refused.error_code, ResponseError::InvalidSessionTimeout.code());
    }
    let stranger = Member { id: text("stranger"), generation: 1 };
    assert_eq!(world.heartbeat("g", &stranger), ResponseError::UnknownMemberId.code());
}
