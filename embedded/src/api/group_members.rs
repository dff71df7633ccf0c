//! JoinGroup, SyncGroup, Heartbeat and LeaveGroup: the life of a member of a classic group.

use std::time::Duration;

use kafka_protocol::ResponseError;
use kafka_protocol::messages::leave_group_request::MemberIdentity;
use kafka_protocol::messages::leave_group_response::MemberResponse;
use kafka_protocol::messages::{
    GroupId, HeartbeatRequest, HeartbeatResponse, JoinGroupRequest, LeaveGroupRequest, LeaveGroupResponse,
    SyncGroupRequest,
};
use kafka_protocol::protocol::StrBytes;

use super::{Call, Reply, Responder, coordinators};
use crate::groups::Group;
use crate::groups::classic::{Join, JoinReply, Leave, Protocols, Sync, SyncReply};
use crate::groups::kept::Kept;
use crate::security::acl::Operation;
use crate::state::State;

/// From this version of JoinGroup on a rebalance has its own timeout.
const HAS_REBALANCE_TIMEOUT: i16 = 1;
/// From this version of LeaveGroup on several members may leave at once.
const LEAVES_IN_BATCHES: i16 = 3;

pub(super) fn join(state: &mut State, call: &Call<'_>, request: JoinGroupRequest) -> Reply {
    let (responder, reply) = Responder::new();
    let answer = JoinReply { responder, version: call.version };
    let group_id = request.group_id.kept();
    let session_timeout = millis(request.session_timeout_ms);
    let allowed = state.options.min_session_timeout..=state.options.max_session_timeout;
    let checked = check(state, call, &group_id).and_then(|()| match allowed.contains(&session_timeout) {
        true => Ok(()),
        false => Err(ResponseError::InvalidSessionTimeout),
    });
    if let Err(error) = checked {
        answer.refuse(request.member_id, error);
        return reply;
    }
    let protocols =
        request.protocols.into_iter().map(|protocol| (protocol.name.kept(), protocol.metadata.kept()));
    let join = Join {
        instance_id: request.group_instance_id.kept(),
        client_id: call.client_id.kept(),
        client_host: host(call),
        session_timeout,
        rebalance_timeout: match call.version {
            HAS_REBALANCE_TIMEOUT.. => millis(request.rebalance_timeout_ms),
            _ => session_timeout,
        },
        protocol_type: request.protocol_type.kept(),
        protocols: Protocols(protocols.collect()),
        member_id: request.member_id.kept(),
    };
    let (groups, mut context) = state.groups_with(call.now, &group_id);
    if groups.get(&group_id).is_none() && !join.member_id.is_empty() {
        answer.refuse(join.member_id, ResponseError::UnknownMemberId);
        return reply;
    }
    match groups.classic_or_new(&group_id) {
        Ok(group) => group.join(&mut context, join, answer),
        Err(error) => answer.refuse(join.member_id, error),
    }
    reply
}

pub(super) fn sync(state: &mut State, call: &Call<'_>, request: SyncGroupRequest) -> Reply {
    let (responder, reply) = Responder::new();
    let answer = SyncReply { responder };
    let group_id = request.group_id.kept();
    if let Err(error) = check(state, call, &group_id) {
        answer.refuse(error);
        return reply;
    }
    let assignments = request.assignments.into_iter().map(|one| (one.member_id, one.assignment.kept()));
    let sync = Sync {
        member_id: request.member_id.kept(),
        instance_id: request.group_instance_id,
        generation: request.generation_id,
        protocol_type: request.protocol_type,
        protocol: request.protocol_name,
        assignments: assignments.collect(),
    };
    let (groups, mut context) = state.groups_with(call.now, &group_id);
    match groups.get_mut(&group_id) {
        Some(Group::Classic(group)) => group.sync(&mut context, sync, answer),
        Some(Group::Consumer(_)) | None => answer.refuse(ResponseError::UnknownMemberId),
    }
    reply
}

pub(super) fn heartbeat(state: &mut State, call: &Call<'_>, request: HeartbeatRequest) -> HeartbeatResponse {
    let kept = check(state, call, &request.group_id).and_then(|()| {
        let group_id = request.group_id.kept();
        let (groups, mut context) = state.groups_with(call.now, &group_id);
        let (member, instance) = (&request.member_id.kept(), request.group_instance_id.as_ref());
        match groups.get_mut(&request.group_id) {
            Some(Group::Classic(group)) => {
                group.heartbeat(&mut context, member, instance, request.generation_id)
            }
            Some(Group::Consumer(_)) | None => Err(ResponseError::UnknownMemberId),
        }
    });
    HeartbeatResponse::default().with_error_code(code(kept))
}

pub(super) fn leave(state: &mut State, call: &Call<'_>, request: LeaveGroupRequest) -> LeaveGroupResponse {
    if let Err(error) = check(state, call, &request.group_id) {
        return LeaveGroupResponse::default().with_error_code(error.code());
    }
    let leaving = match call.version {
        LEAVES_IN_BATCHES.. => request.members,
        _ => vec![MemberIdentity::default().with_member_id(request.member_id)],
    };
    let leaves: Vec<Leave> = leaving
        .iter()
        .map(|member| Leave {
            member_id: member.member_id.clone(),
            instance_id: member.group_instance_id.clone(),
        })
        .collect();
    let group_id = request.group_id.kept();
    let (groups, mut context) = state.groups_with(call.now, &group_id);
    let verdicts = match groups.get_mut(&request.group_id) {
        Some(Group::Classic(group)) => group.leave(&mut context, &leaves),
        Some(Group::Consumer(_)) | None => vec![Err(ResponseError::UnknownMemberId); leaves.len()],
    };
    let mut codes = verdicts.into_iter().map(code);
    if call.version < LEAVES_IN_BATCHES {
        return LeaveGroupResponse::default().with_error_code(codes.next().unwrap_or_default());
    }
    let members = leaving.into_iter().zip(codes).map(|(member, code)| {
        MemberResponse::default()
            .with_member_id(member.member_id)
            .with_group_instance_id(member.group_instance_id)
            .with_error_code(code)
    });
    LeaveGroupResponse::default().with_members(members.collect())
}

/// Returns an error for a group in which the client may have no members, or nobody may, or not here.
pub(super) fn check(state: &State, call: &Call<'_>, group: &GroupId) -> Result<(), ResponseError> {
    call.check_group(state, Operation::Read, group)?;
    check_id(state, call, group)
}

/// Returns an error for a group that can have no members, or not here.
pub(super) fn check_id(state: &State, call: &Call<'_>, group: &GroupId) -> Result<(), ResponseError> {
    match group.is_empty() {
        true => Err(ResponseError::InvalidGroupId),
        false => coordinators::check(state, call, group),
    }
}

/// Returns the host of a client as Kafka shows it.
pub(super) fn host(call: &Call<'_>) -> StrBytes {
    StrBytes::from_string(format!("/{}", call.peer))
}

pub(super) fn millis(millis: i32) -> Duration {
    Duration::from_millis(millis.max(0) as u64)
}

pub(super) fn code(result: Result<(), ResponseError>) -> i16 {
    result.err().map_or(0, |error| error.code())
}
