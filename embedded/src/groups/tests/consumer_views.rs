//! Consumer groups (KIP-848) as admin clients, commits and classic members see them.

use kafka_protocol::ResponseError;
use kafka_protocol::messages::offset_commit_request::{
    OffsetCommitRequestPartition, OffsetCommitRequestTopic,
};
use kafka_protocol::messages::offset_fetch_request::OffsetFetchRequestGroup;
use kafka_protocol::messages::{
    ConsumerGroupDescribeRequest, ConsumerGroupDescribeResponse, DeleteGroupsRequest, DeleteGroupsResponse,
    DescribeGroupsRequest, DescribeGroupsResponse, JoinGroupResponse, ListGroupsRequest, ListGroupsResponse,
    OffsetCommitRequest, OffsetCommitResponse, OffsetFetchRequest, OffsetFetchResponse,
};

use super::client::{Client, pair, refused, state};
use super::world::{OK, World, id, joining, text, topic};

#[test]
fn admin_clients_see_a_group_of_this_kind() {
    let mut world = World::with_topic("t", 4);
    let (mut first, _) = pair(&mut world);
    let listed: ListGroupsResponse =
        world.send(5, ListGroupsRequest::default().with_types_filter(vec![text("consumer")])).now();
    let group = &listed.groups[0];
    assert_eq!((&group.group_type[..], &group.protocol_type[..]), ("consumer", "consumer"));
    for version in 0..=1 {
        let request = ConsumerGroupDescribeRequest::default().with_group_ids(vec![id("g"), id("none")]);
        let described: ConsumerGroupDescribeResponse = world.send(version, request).now();
        let group = &described.groups[0];
        assert_eq!((group.error_code, &group.assignor_name[..], group.members.len()), (OK, "uniform", 2));
        let assignment = &group.members[0].assignment.topic_partitions[0];
        assert_eq!((&assignment.topic_name, assignment.partitions.len()), (&topic("t"), 2));
        assert_eq!(described.groups[1].error_code, ResponseError::GroupIdNotFound.code());
    }
    let classic = DescribeGroupsRequest::default().with_groups(vec![id("g")]);
    let dead: DescribeGroupsResponse = world.send(5, classic).now();
    assert_eq!(&dead.groups[0].group_state[..], "Dead");
    let delete = |world: &mut World| {
        let request = DeleteGroupsRequest::default().with_groups_names(vec![id("g")]);
        world.send(2, request).now::<DeleteGroupsResponse>().results[0].error_code
    };
    assert_eq!(delete(&mut world), ResponseError::NonEmptyGroup.code());
    first.leave(&mut world, -1);
    Client::new("b").leave(&mut world, -1);
    assert_eq!(state(&mut world), "Empty");
    assert_eq!(delete(&mut world), OK);
    assert_eq!(world.state.timers.next(), None);
}

#[test]
fn offsets_are_for_members_at_their_epoch() {
    let mut world = World::with_topic("t", 4);
    let (first, _) = pair(&mut world);
    let commit = |world: &mut World, version, member: &str, epoch| {
        let partition = OffsetCommitRequestPartition::default().with_committed_offset(5);
        let topics =
            vec![OffsetCommitRequestTopic::default().with_name(topic("t")).with_partitions(vec![partition])];
        let request = OffsetCommitRequest::default()
            .with_group_id(id("g"))
            .with_member_id(text(member))
            .with_generation_id_or_member_epoch(epoch)
            .with_topics(topics);
        world.send(version, request).now::<OffsetCommitResponse>().topics[0].partitions[0].error_code
    };
    let stale = ResponseError::StaleMemberEpoch.code();
    assert_eq!(commit(&mut world, 9, "a", first.epoch), OK);
    assert_eq!(commit(&mut world, 9, "a", first.epoch - 1), stale);
    assert_eq!(commit(&mut world, 8, "a", first.epoch), ResponseError::UnsupportedVersion.code());
    assert_eq!(commit(&mut world, 9, "c", first.epoch), ResponseError::UnknownMemberId.code());
    assert_eq!(commit(&mut world, 9, "", -1), ResponseError::UnknownMemberId.code());
    let fetch = |world: &mut World, member: Option<&str>, epoch| {
        let group = OffsetFetchRequestGroup::default()
            .with_group_id(id("g"))
            .with_member_id(member.map(text))
            .with_member_epoch(epoch)
            .with_topics(None);
        let request = OffsetFetchRequest::default().with_groups(vec![group]);
        world.send(9, request).now::<OffsetFetchResponse>().groups[0].error_code
    };
    assert_eq!(fetch(&mut world, None, -1), OK);
    assert_eq!(fetch(&mut world, Some("a"), first.epoch), OK);
    assert_eq!(fetch(&mut world, Some("a"), first.epoch + 1), stale);
    assert_eq!(fetch(&mut world, Some("c"), first.epoch), ResponseError::UnknownMemberId.code());
}

#[test]
fn an_empty_group_changes_its_kind_and_one_with_members_does_not() {
    let mut world = World::new();
    world.create_topic("t", 1);
    let member = world.stable("g");
    let mut client = Client::new("a");
    assert_eq!(refused(&mut world, client.joining(&["t"])), ResponseError::GroupIdNotFound.code());
    world.leave("g", &member.id);
    client.join(&mut world, &["t"]);
    let classic: JoinGroupResponse = world.join(9, joining("g", "")).now();
    assert_eq!(classic.error_code, ResponseError::InconsistentGroupProtocol.code());
    assert_eq!(client.leave(&mut world, -1), OK);
    world.stable("g");
}
