//! ListGroups, DescribeGroups and DeleteGroups: groups as admin tools see them.

use kafka_protocol::ResponseError;
use kafka_protocol::messages::delete_groups_response::DeletableGroupResult;
use kafka_protocol::messages::describe_groups_response::{DescribedGroup, DescribedGroupMember};
use kafka_protocol::messages::list_groups_response::ListedGroup;
use kafka_protocol::messages::{
    DeleteGroupsRequest, DeleteGroupsResponse, DescribeGroupsRequest, DescribeGroupsResponse, GroupId,
    ListGroupsRequest, ListGroupsResponse,
};
use kafka_protocol::protocol::StrBytes;

use super::authorization::operations;
use super::group_members::{check_id, code};
use super::{Call, coordinators, text};
use crate::groups::Group;
use crate::groups::classic::{Classic, Member, Phase};
use crate::security::acl::{Operation, Resource};
use crate::state::State;

/// From this version of DescribeGroups on a missing group is an error (KIP-1043).
const NAMES_MISSING_GROUPS: i16 = 6;

pub(super) fn list(state: &State, call: &Call<'_>, request: ListGroupsRequest) -> ListGroupsResponse {
    let wanted = |filter: &[StrBytes], value: &str| {
        filter.is_empty() || filter.iter().any(|wanted| wanted.eq_ignore_ascii_case(value))
    };
    let may_see_all = call.check_cluster(state, Operation::Describe).is_ok();
    let may_see = |id: &GroupId| may_see_all || call.check_group(state, Operation::Describe, id).is_ok();
    let here = state.groups.iter().filter(|(id, _)| coordinators::check(state, call, id).is_ok());
    let here = here.filter(|(id, _)| may_see(id));
    let groups = here
        .map(|(id, group)| (id, group.state(), group.kind(), group.protocol_type()))
        .filter(|(_, state, kind, _)| {
            wanted(&request.states_filter, state) && wanted(&request.types_filter, kind)
        })
        .map(|(id, state, kind, protocol_type)| {
            ListedGroup::default()
                .with_group_id(id.clone())
                .with_protocol_type(protocol_type)
                .with_group_state(StrBytes::from_static_str(state))
                .with_group_type(StrBytes::from_static_str(kind))
        });
    ListGroupsResponse::default().with_groups(groups.collect())
}

pub(super) fn describe(
    state: &State,
    call: &Call<'_>,
    request: DescribeGroupsRequest,
) -> DescribeGroupsResponse {
    let asked = request.include_authorized_operations;
    let groups = request.groups.into_iter().map(|id| {
        let checked = call
            .check_group(state, Operation::Describe, &id)
            .and_then(|()| coordinators::check(state, call, &id));
        let described = match checked {
            Err(error) => DescribedGroup::default().with_error_code(error.code()),
            Ok(()) => match state.groups.get(&id) {
                Some(Group::Classic(group)) => described(group),
                Some(Group::Consumer(_)) => {
                    missing(call.version, format!("group `{}` was no classic group", *id))
                }
                None => missing(call.version, format!("group `{}` was not found", *id)),
            }
            .with_authorized_operations(operations(state, call, asked, Resource::Group, &id)),
        };
        described.with_group_id(id)
    });
    DescribeGroupsResponse::default().with_groups(groups.collect())
}

fn missing(version: i16, reason: String) -> DescribedGroup {
    let dead = DescribedGroup::default().with_group_state(StrBytes::from_static_str("Dead"));
    match version {
        NAMES_MISSING_GROUPS.. => {
            dead.with_error_code(ResponseError::GroupIdNotFound.code()).with_error_message(text(reason))
        }
        _ => dead,
    }
}

fn described(group: &Classic) -> DescribedGroup {
    // Until the group is stable, what its members say is not agreed upon; what they had stays.
    let protocol = group.protocol().filter(|_| group.phase() == Phase::Stable);
    let member = |(id, member): (&StrBytes, &Member)| {
        let described = DescribedGroupMember::default()
            .with_member_id(id.clone())
            .with_group_instance_id(member.instance_id.clone())
            .with_client_id(member.client_id.clone())
            .with_client_host(member.client_host.clone())
            .with_member_assignment(member.assignment.clone());
        match protocol {
            Some(protocol) => described.with_member_metadata(member.protocols.metadata(protocol)),
            None => described,
        }
    };
    DescribedGroup::default()
        .with_error_message(None)
        .with_group_state(StrBytes::from_static_str(group.phase().name()))
        .with_protocol_type(group.protocol_type().cloned().unwrap_or_default())
        .with_protocol_data(protocol.cloned().unwrap_or_default())
        .with_members(group.members().map(member).collect())
}

pub(super) fn delete(
    state: &mut State,
    call: &Call<'_>,
    request: DeleteGroupsRequest,
) -> DeleteGroupsResponse {
    let results = request.groups_names.into_iter().map(|id| {
        let deleted =
            call.check_group(state, Operation::Delete, &id).and_then(|()| check_id(state, call, &id));
        let deleted = deleted.and_then(|()| {
            let (groups, mut context) = state.groups_with(call.now, &id);
            groups.delete(&mut context)
        });
        DeletableGroupResult::default().with_group_id(id).with_error_code(code(deleted))
    });
    let results = results.collect();
    DeleteGroupsResponse::default().with_results(results)
}
