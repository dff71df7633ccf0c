//! ConsumerGroupHeartbeat and ConsumerGroupDescribe: groups that the coordinator assigns (KIP-848).

use kafka_protocol::ResponseError;
use kafka_protocol::messages::consumer_group_describe_response::{
    Assignment as DescribedAssignment, DescribedGroup, Member as DescribedMember,
    TopicPartitions as DescribedPartitions,
};
use kafka_protocol::messages::consumer_group_heartbeat_response::{Assignment, TopicPartitions};
use kafka_protocol::messages::{
    ConsumerGroupDescribeRequest, ConsumerGroupDescribeResponse, ConsumerGroupHeartbeatRequest,
    ConsumerGroupHeartbeatResponse, GroupId,
};
use kafka_protocol::protocol::StrBytes;
use uuid::Uuid;

use super::authorization::operations;
use super::group_members::{check, host, millis};
use super::{Call, coordinators, text};
use crate::groups::Group;
use crate::groups::consumer::{Assignor, Consumer, Heartbeat, Joined, Member, Pattern, Refusal, Share};
use crate::groups::kept::Kept;
use crate::security::acl::{Operation, Resource};
use crate::state::State;

/// From this version on clients choose their member id (KIP-1082).
const CLIENT_CHOOSES_ID: i16 = 1;
/// Epochs that are no epochs: the member leaves, for good or for a while.
const LEAVES: i32 = -1;
const LEAVES_FOR_A_WHILE: i32 = -2;
/// A member that uses this protocol, for DescribeGroups of admin clients.
const CONSUMER_MEMBER: i8 = 1;

pub(super) fn heartbeat(
    state: &mut State,
    call: &Call<'_>,
    mut request: ConsumerGroupHeartbeatRequest,
) -> ConsumerGroupHeartbeatResponse {
    if request.member_id.is_empty() && request.member_epoch == 0 && call.version < CLIENT_CHOOSES_ID {
        request.member_id = StrBytes::from_string(state.new_uuid().to_string());
    }
    let member_id = request.member_id.clone();
    let interval = state.options.consumer_heartbeat_interval.as_millis() as i32;
    let response = ConsumerGroupHeartbeatResponse::default();
    match beat(state, call, request) {
        Ok(Joined { epoch, assignment }) => response
            .with_member_id(Some(member_id))
            .with_member_epoch(epoch)
            .with_heartbeat_interval_ms(interval)
            .with_assignment(
                assignment.map(|share| Assignment::default().with_topic_partitions(by_topic(&share))),
            ),
        Err((error, reason)) => {
            response.with_error_code(error.code()).with_error_message(text(reason)).with_member_id(None)
        }
    }
}

fn beat(
    state: &mut State,
    call: &Call<'_>,
    request: ConsumerGroupHeartbeatRequest,
) -> Result<Joined, Refusal> {
    let group_id = request.group_id.kept();
    check(state, call, &group_id).map_err(|error| (error, "the group was not served here".to_owned()))?;
    for topic in request.subscribed_topic_names.iter().flatten() {
        call.check_topic(state, Operation::Describe, topic)
            .map_err(|error| (error, "the client was not authorized to subscribe to this".to_owned()))?;
    }
    check_form(&request)?;
    let epoch = request.member_epoch;
    let assignor = match &request.server_assignor {
        None => None,
        Some(name) => Some(Assignor::by_name(name).ok_or_else(|| {
            let known = Assignor::ALL.map(Assignor::name).join("`, `");
            (
                ResponseError::UnsupportedAssignor,
                format!("assignor `{name}` was unknown, there are `{known}`"),
            )
        })?),
    };
    let owned = request.topic_partitions.map(|topics| {
        let place = |topic: kafka_protocol::messages::consumer_group_heartbeat_request::TopicPartitions| {
            topic.partitions.into_iter().map(move |partition| (topic.topic_id, partition))
        };
        topics.into_iter().flat_map(place).collect::<Share>()
    });
    let pattern = request.subscribed_topic_regex.as_ref().map(Pattern::new).transpose()?;
    let (groups, mut context) = state.groups_with(call.now, &group_id);
    let group = groups.consumer(&mut context, epoch == 0)?;
    if epoch < 0 {
        let for_a_while = epoch == LEAVES_FOR_A_WHILE;
        group.leave(&mut context, &request.member_id, request.instance_id.as_ref(), for_a_while)?;
        return Ok(Joined { epoch, assignment: None });
    }
    let heartbeat = Heartbeat {
        member_id: request.member_id.kept(),
        epoch,
        instance_id: request.instance_id.kept(),
        rack_id: request.rack_id.kept(),
        client_id: call.client_id.kept(),
        client_host: host(call),
        rebalance_timeout: (request.rebalance_timeout_ms >= 0).then(|| millis(request.rebalance_timeout_ms)),
        topics: request.subscribed_topic_names.map(|names| names.iter().map(Kept::kept).collect()),
        pattern,
        assignor,
        owned,
    };
    group.heartbeat(&mut context, heartbeat)
}

/// Checks what a member may leave out.
fn check_form(request: &ConsumerGroupHeartbeatRequest) -> Result<(), Refusal> {
    let is_blank = |text: &Option<StrBytes>| text.as_ref().is_some_and(|text| text.is_empty());
    let subscribes = request.subscribed_topic_names.is_some() || request.subscribed_topic_regex.is_some();
    let reason = match request.member_epoch {
        _ if request.member_id.is_empty() => "the member id was empty",
        _ if is_blank(&request.instance_id) => "the instance id was empty",
        _ if is_blank(&request.rack_id) => "the rack id was empty",
        0 if request.rebalance_timeout_ms == -1 => "a member joined without a rebalance timeout",
        0 if request.topic_partitions.as_ref().is_none_or(|owned| !owned.is_empty()) => {
            "a member that joins was to own no partitions"
        }
        0 if !subscribes => "a member joined without a subscription",
        LEAVES_FOR_A_WHILE if request.instance_id.is_none() => "only a static member leaves for a while",
        LEAVES_FOR_A_WHILE | LEAVES | 0.. => return Ok(()),
        _ => "the member epoch was invalid",
    };
    Err((ResponseError::InvalidRequest, reason.to_owned()))
}

fn by_topic(share: &Share) -> Vec<TopicPartitions> {
    grouped(share)
        .map(|(topic, partitions)| {
            TopicPartitions::default().with_topic_id(topic).with_partitions(partitions)
        })
        .collect()
}

/// Returns the topics of a share, each with its partitions.
fn grouped(share: &Share) -> impl Iterator<Item = (Uuid, Vec<i32>)> {
    let mut topics: Vec<(Uuid, Vec<i32>)> = Vec::new();
    for (topic, partition) in share {
        match topics.last_mut().filter(|(last, _)| last == topic) {
            Some((_, partitions)) => partitions.push(*partition),
            None => topics.push((*topic, vec![*partition])),
        }
    }
    topics.into_iter()
}

pub(super) fn describe(
    state: &State,
    call: &Call<'_>,
    request: ConsumerGroupDescribeRequest,
) -> ConsumerGroupDescribeResponse {
    let asked = request.include_authorized_operations;
    let groups = request.group_ids.into_iter().map(|id| {
        let group = match described(state, call, &id) {
            Ok(group) => {
                group.with_authorized_operations(operations(state, call, asked, Resource::Group, &id))
            }
            Err((error, reason)) => {
                DescribedGroup::default().with_error_code(error.code()).with_error_message(text(reason))
            }
        };
        group.with_group_id(id)
    });
    ConsumerGroupDescribeResponse::default().with_groups(groups.collect())
}

fn described(state: &State, call: &Call<'_>, id: &GroupId) -> Result<DescribedGroup, Refusal> {
    call.check_group(state, Operation::Describe, id)
        .and_then(|()| coordinators::check(state, call, id))
        .map_err(|error| (error, "the group was not served here".to_owned()))?;
    let group = match state.groups.get(id) {
        Some(Group::Consumer(group)) => group,
        Some(Group::Classic(_)) => {
            return Err((ResponseError::GroupIdNotFound, format!("group `{}` was no consumer group", **id)));
        }
        None => return Err((ResponseError::GroupIdNotFound, format!("group `{}` was not found", **id))),
    };
    Ok(DescribedGroup::default()
        .with_error_message(None)
        .with_group_state(StrBytes::from_static_str(group.state()))
        .with_group_epoch(group.epoch())
        .with_assignment_epoch(group.target_epoch())
        .with_assignor_name(StrBytes::from_static_str(group.assignor().name()))
        .with_members(members(state, call, group)))
}

fn members(state: &State, call: &Call<'_>, group: &Consumer) -> Vec<DescribedMember> {
    let member = |(id, member): (&StrBytes, &Member)| {
        let described = DescribedMember::default()
            .with_member_id(id.clone())
            .with_instance_id(member.instance_id.clone())
            .with_rack_id(member.rack_id.clone())
            .with_member_epoch(member.epoch)
            .with_client_id(member.client_id.clone())
            .with_client_host(member.client_host.clone())
            .with_subscribed_topic_names(member.topics().cloned().collect())
            .with_subscribed_topic_regex(member.regex().cloned())
            .with_assignment(named(state, &member.assigned))
            .with_target_assignment(named(state, &member.target));
        match call.version {
            0 => described,
            _ => described.with_member_type(CONSUMER_MEMBER),
        }
    };
    group.members().map(member).collect()
}

fn named(state: &State, share: &Share) -> DescribedAssignment {
    let topics = grouped(share).filter_map(|(topic, partitions)| {
        let name = state.topics.name_of(topic)?.clone();
        Some(
            DescribedPartitions::default()
                .with_topic_id(topic)
                .with_topic_name(name)
                .with_partitions(partitions),
        )
    });
    DescribedAssignment::default().with_topic_partitions(topics.collect())
}
