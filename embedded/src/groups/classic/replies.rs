//! The answers that members wait for.

use bytes::Bytes;
use kafka_protocol::ResponseError;
use kafka_protocol::messages::join_group_response::JoinGroupResponseMember;
use kafka_protocol::messages::{JoinGroupResponse, SyncGroupResponse};
use kafka_protocol::protocol::StrBytes;

use super::Classic;
use crate::api::Responder;

/// From this version on the name of the protocol may be missing.
const PROTOCOL_MAY_BE_NULL: i16 = 7;
/// From this version on a leader may be told not to assign (KIP-814).
const MAY_SKIP_ASSIGNMENT: i16 = 9;

/// Answers a JoinGroup.
#[derive(Debug)]
pub(crate) struct JoinReply {
    pub(crate) responder: Responder,
    pub(crate) version: i16,
}

impl JoinReply {
    /// Answers with an error and the id that the member has, or is given.
    pub(crate) fn refuse(self, member_id: StrBytes, error: ResponseError) {
        let response = JoinGroupResponse::default()
            .with_error_code(error.code())
            .with_generation_id(-1)
            .with_protocol_name((self.version < PROTOCOL_MAY_BE_NULL).then(StrBytes::default))
            .with_protocol_type(None)
            .with_member_id(member_id);
        self.responder.answer(response);
    }

    /// Answers with the generation of the group; its leader also learns of all members.
    pub(super) fn accept(self, group: &Classic, member_id: StrBytes) {
        let is_leader = group.is_leader(&member_id);
        let response = joined(group, member_id, group.leader.clone());
        self.responder.answer(match is_leader {
            true => response.with_members(listed(group)),
            false => response,
        });
    }

    /// Answers a static member that came back and whose assignment is still good.
    pub(super) fn accept_replacement(
        self,
        group: &Classic,
        member_id: StrBytes,
        old_leader: Option<StrBytes>,
    ) {
        let response = match self.version {
            MAY_SKIP_ASSIGNMENT.. => {
                let is_leader = group.is_leader(&member_id);
                let members = if is_leader { listed(group) } else { Vec::new() };
                joined(group, member_id, group.leader.clone())
                    .with_members(members)
                    .with_skip_assignment(is_leader)
            }
            // A leader that does not know it is one assigns nothing.
            _ => joined(group, member_id, old_leader),
        };
        self.responder.answer(response);
    }
}

fn joined(group: &Classic, member_id: StrBytes, leader: Option<StrBytes>) -> JoinGroupResponse {
    JoinGroupResponse::default()
        .with_generation_id(group.generation)
        .with_protocol_name(group.protocol.clone())
        .with_protocol_type(group.protocol_type.clone())
        .with_leader(leader.unwrap_or_default())
        .with_member_id(member_id)
}

fn listed(group: &Classic) -> Vec<JoinGroupResponseMember> {
    let protocol = group.protocol.clone().unwrap_or_default();
    let member = |(id, member): (&StrBytes, &super::Member)| {
        JoinGroupResponseMember::default()
            .with_member_id(id.clone())
            .with_group_instance_id(member.instance_id.clone())
            .with_metadata(member.protocols.metadata(&protocol))
    };
    group.members().map(member).collect()
}

/// Answers a SyncGroup.
#[derive(Debug)]
pub(crate) struct SyncReply {
    pub(crate) responder: Responder,
}

impl SyncReply {
    pub(crate) fn refuse(self, error: ResponseError) {
        let response = SyncGroupResponse::default()
            .with_error_code(error.code())
            .with_protocol_name(None)
            .with_protocol_type(None);
        self.responder.answer(response);
    }

    pub(super) fn assign(self, group: (Option<StrBytes>, Option<StrBytes>), assignment: Bytes) {
        let (protocol_type, protocol) = group;
        let response = SyncGroupResponse::default()
            .with_protocol_type(protocol_type)
            .with_protocol_name(protocol)
            .with_assignment(assignment);
        self.responder.answer(response);
    }
}
