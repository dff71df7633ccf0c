//! What groups commit, and who may.

use kafka_protocol::ResponseError;
use kafka_protocol::messages::delete_topics_request::DeleteTopicState;
use kafka_protocol::messages::offset_commit_request::{
    OffsetCommitRequestPartition, OffsetCommitRequestTopic,
};
use kafka_protocol::messages::offset_delete_request::{
    OffsetDeleteRequestPartition, OffsetDeleteRequestTopic,
};
use kafka_protocol::messages::offset_fetch_request::{
    OffsetFetchRequestGroup, OffsetFetchRequestTopic, OffsetFetchRequestTopics,
};
use kafka_protocol::messages::offset_fetch_response::OffsetFetchResponsePartitions;
use kafka_protocol::messages::{
    DeleteTopicsRequest, DeleteTopicsResponse, JoinGroupResponse, OffsetCommitRequest, OffsetCommitResponse,
    OffsetDeleteRequest, OffsetDeleteResponse, OffsetFetchRequest, OffsetFetchResponse,
};

use super::world::{Member, OK, World, id, joining, text, topic};
use crate::groups::commits::{CommitKind, Committer};
use crate::groups::offsets::Committed;
use crate::options::Options;

fn committing(name: &str, partition: i32, offset: i64) -> OffsetCommitRequest {
    let partition = OffsetCommitRequestPartition::default()
        .with_partition_index(partition)
        .with_committed_offset(offset)
        .with_committed_leader_epoch(3)
        .with_committed_metadata(Some(text("note")));
    let topics =
        vec![OffsetCommitRequestTopic::default().with_name(topic(name)).with_partitions(vec![partition])];
    OffsetCommitRequest::default()
        .with_group_id(id("g"))
        .with_generation_id_or_member_epoch(-1)
        .with_topics(topics)
}

fn commit(world: &mut World, version: i16, request: OffsetCommitRequest) -> i16 {
    world.send(version, request).now::<OffsetCommitResponse>().topics[0].partitions[0].error_code
}

fn fetch(world: &mut World, stable: bool) -> Vec<OffsetFetchResponsePartitions> {
    let topics = OffsetFetchRequestTopics::default().with_name(topic("t")).with_partition_indexes(vec![0, 1]);
    let group = OffsetFetchRequestGroup::default().with_group_id(id("g")).with_topics(Some(vec![topics]));
    let request = OffsetFetchRequest::default().with_groups(vec![group]).with_require_stable(stable);
    let mut response: OffsetFetchResponse = world.send(9, request).now();
    response.groups.remove(0).topics.remove(0).partitions
}

fn offsets(world: &mut World) -> [i64; 2] {
    let found = fetch(world, false);
    [found[0].committed_offset, found[1].committed_offset]
}

fn committed(offset: i64) -> Committed {
    Committed { offset, leader_epoch: -1, metadata: text("") }
}

#[test]
fn what_was_committed_is_fetched_in_every_version() {
    let mut world = World::with_topic("t", 2);
    for version in 2..=9 {
        assert_eq!(commit(&mut world, version, committing("t", 1, i64::from(version))), OK, "v{version}");
        assert_eq!(offsets(&mut world), [-1, i64::from(version)]);
    }
    for version in 1..=7 {
        let topics =
            OffsetFetchRequestTopic::default().with_name(topic("t")).with_partition_indexes(vec![0, 1]);
        let request = OffsetFetchRequest::default().with_group_id(id("g")).with_topics(Some(vec![topics]));
        let found: OffsetFetchResponse = world.send(version, request).now();
        let partitions = &found.topics[0].partitions;
        assert_eq!(partitions[0].committed_offset, -1, "v{version}");
        assert_eq!(partitions[0].metadata.as_deref(), Some(""), "v{version}");
        let epoch = if version >= 5 { 3 } else { -1 };
        assert_eq!((partitions[1].committed_offset, partitions[1].committed_leader_epoch), (9, epoch));
        assert_eq!(partitions[1].metadata.as_deref(), Some("note"), "v{version}");
    }
}

#[test]
fn all_topics_are_fetched_when_none_is_named() {
    let mut world = World::with_topic("t", 2);
    world.create_topic("u", 1);
    for (name, partition) in [("t", 0), ("t", 1), ("u", 0)] {
        commit(&mut world, 8, committing(name, partition, 5));
    }
    let group = |name: &str| OffsetFetchRequestGroup::default().with_group_id(id(name)).with_topics(None);
    let request = OffsetFetchRequest::default().with_groups(vec![group("g"), group("unknown")]);
    let found: OffsetFetchResponse = world.send(8, request).now();
    let counts: Vec<usize> = found.groups[0].topics.iter().map(|topic| topic.partitions.len()).collect();
    assert_eq!(counts, [2, 1]);
    assert_eq!((found.groups[1].error_code, found.groups[1].topics.len()), (OK, 0));
    let request = OffsetFetchRequest::default().with_group_id(id("g")).with_topics(None);
    assert_eq!(world.send(2, request).now::<OffsetFetchResponse>().topics.len(), 2);
}

#[test]
fn an_offset_of_nothing_or_with_too_much_to_say_is_refused() {
    let mut world = World::with_topic("t", 1);
    let unknown = ResponseError::UnknownTopicOrPartition.code();
    assert_eq!(commit(&mut world, 8, committing("t", 7, 1)), unknown);
    assert_eq!(commit(&mut world, 8, committing("none", 0, 1)), unknown);
    let mut request = committing("t", 0, 1);
    request.topics[0].partitions[0].committed_metadata = Some(text(&"x".repeat(4097)));
    assert_eq!(commit(&mut world, 8, request), ResponseError::OffsetMetadataTooLarge.code());
    assert_eq!(offsets(&mut world), [-1, -1]);
}

#[test]
fn only_members_of_this_generation_commit() {
    let mut world = World::with_topic("t", 1);
    let member = world.stable("g");
    let by = |member: &Member| {
        committing("t", 0, 1)
            .with_member_id(member.id.clone())
            .with_generation_id_or_member_epoch(member.generation)
    };
    assert_eq!(commit(&mut world, 8, by(&member)), OK);
    let stale = Member { id: member.id.clone(), generation: member.generation + 1 };
    assert_eq!(commit(&mut world, 8, by(&stale)), ResponseError::IllegalGeneration.code());
    let stranger = Member { id: text("stranger"), generation: member.generation };
    let unknown = ResponseError::UnknownMemberId.code();
    assert_eq!(commit(&mut world, 8, by(&stranger)), unknown);
    assert_eq!(commit(&mut world, 8, committing("t", 0, 1)), unknown);
    let fenced = by(&member).with_group_instance_id(Some(text("i")));
    assert_eq!(commit(&mut world, 8, fenced), unknown);
    world.leave("g", &member.id);
    assert_eq!(commit(&mut world, 8, committing("t", 0, 2)), OK);
}

#[test]
fn a_commit_while_assignments_are_awaited_has_to_wait() {
    let mut world = World::with_topic("t", 1);
    let (member, answer) = world.join_new("g");
    let joined: JoinGroupResponse = answer.now();
    let request =
        committing("t", 0, 1).with_member_id(member).with_generation_id_or_member_epoch(joined.generation_id);
    assert_eq!(commit(&mut world, 8, request), ResponseError::RebalanceInProgress.code());
}

#[test]
fn a_member_may_commit_while_others_join() {
    let mut world = World::with_topic("t", 1);
    let member = world.stable("g");
    let (_, _waiting) = world.join_new("g");
    let request = committing("t", 0, 1)
        .with_member_id(member.id.clone())
        .with_generation_id_or_member_epoch(member.generation);
    assert_eq!(commit(&mut world, 8, request), OK);
}

#[test]
fn a_member_of_a_missing_group_is_told_so() {
    let mut world = World::with_topic("t", 1);
    let request = committing("t", 0, 1).with_member_id(text("m")).with_generation_id_or_member_epoch(4);
    assert_eq!(commit(&mut world, 8, request.clone()), ResponseError::IllegalGeneration.code());
    assert_eq!(commit(&mut world, 9, request), ResponseError::GroupIdNotFound.code());
}

#[test]
fn staged_offsets_count_when_their_transaction_commits() {
    let mut world = World::with_topic("t", 2);
    let place = (topic("t"), 0);
    commit(&mut world, 8, committing("t", 0, 1));
    world.state.groups.offsets.stage(&id("g"), 7, place.clone(), committed(10));
    assert_eq!(offsets(&mut world), [1, -1]);
    let unstable = fetch(&mut world, true);
    assert_eq!(unstable[0].error_code, ResponseError::UnstableOffsetCommit.code());
    assert_eq!((unstable[0].committed_offset, unstable[1].error_code), (-1, OK));
    world.state.groups.offsets.end_transaction(7, false);
    assert_eq!(offsets(&mut world), [1, -1]);
    world.state.groups.offsets.stage(&id("g"), 7, place, committed(10));
    world.state.groups.offsets.end_transaction(7, true);
    assert_eq!(offsets(&mut world), [10, -1]);
    assert_eq!(fetch(&mut world, true)[0].committed_offset, 10);
}

#[test]
fn a_transaction_commits_for_a_member_of_this_generation_or_for_nobody() {
    let mut world = World::with_topic("t", 1);
    let check = |world: &mut World, member: &str, generation| {
        let group = id("g");
        let now = world.time();
        let (groups, mut context) = world.state.groups_with(now, &group);
        let committer = Committer {
            member_id: &text(member),
            instance_id: None,
            generation,
            kind: CommitKind::InTransaction,
        };
        groups.check_commit(&mut context, &committer)
    };
    assert_eq!(check(&mut world, "m", 1), Err(ResponseError::IllegalGeneration));
    assert_eq!(check(&mut world, "", -1), Ok(()));
    let member = world.stable("g");
    assert_eq!(check(&mut world, "", -1), Ok(()));
    assert_eq!(check(&mut world, &member.id, member.generation), Ok(()));
    assert_eq!(check(&mut world, &member.id, 9), Err(ResponseError::IllegalGeneration));
    assert_eq!(check(&mut world, "m", member.generation), Err(ResponseError::UnknownMemberId));
}

#[test]
fn a_commit_that_came_after_the_staged_one_stands() {
    let mut world = World::with_topic("t", 2);
    world.state.groups.offsets.stage(&id("g"), 7, (topic("t"), 0), committed(10));
    commit(&mut world, 8, committing("t", 0, 20));
    world.state.groups.offsets.end_transaction(7, true);
    assert_eq!(offsets(&mut world), [20, -1]);
}

#[test]
fn the_offsets_of_a_deleted_topic_are_gone() {
    let mut world = World::with_topic("t", 2);
    commit(&mut world, 8, committing("t", 0, 5));
    world.state.groups.offsets.stage(&id("g"), 7, (topic("t"), 1), committed(10));
    let request = DeleteTopicsRequest::default()
        .with_topics(vec![DeleteTopicState::default().with_name(Some(topic("t")))]);
    world.send(6, request).now::<DeleteTopicsResponse>();
    world.create_topic("t", 2);
    world.state.groups.offsets.end_transaction(7, true);
    assert_eq!(offsets(&mut world), [-1, -1]);
}

#[test]
fn an_offset_is_deleted_unless_the_group_consumes_the_topic() {
    let mut world = World::with_topic("t", 1);
    let delete = |world: &mut World, name: &str| -> OffsetDeleteResponse {
        let partition = OffsetDeleteRequestPartition::default().with_partition_index(0);
        let topics =
            vec![OffsetDeleteRequestTopic::default().with_name(topic(name)).with_partitions(vec![partition])];
        world.send(0, OffsetDeleteRequest::default().with_group_id(id("g")).with_topics(topics)).now()
    };
    assert_eq!(delete(&mut world, "t").error_code, ResponseError::GroupIdNotFound.code());
    commit(&mut world, 8, committing("t", 0, 5));
    world.create_topic("u", 1);
    commit(&mut world, 8, committing("u", 0, 5));
    world.stable("g");
    let partition = |response: OffsetDeleteResponse| response.topics[0].partitions[0].error_code;
    assert_eq!(partition(delete(&mut world, "t")), ResponseError::GroupSubscribedToTopic.code());
    assert_eq!(partition(delete(&mut world, "u")), OK);
    assert_eq!(partition(delete(&mut world, "none")), ResponseError::UnknownTopicOrPartition.code());
    assert_eq!(offsets(&mut world)[0], 5);
    assert_eq!(world.state.groups.offsets.all(&id("g")).count(), 1);
}

#[test]
fn only_the_coordinator_stores_and_returns_offsets() {
    let mut world = World::with(Options::with_brokers(2));
    world.create_topic("t", 1);
    let here = world.state.nodes.coordinator("g").expect("a node is up").id;
    let not_here = ResponseError::NotCoordinator.code();
    let stored: OffsetCommitResponse = world.send_to(3 - here, 8, committing("t", 0, 1)).now();
    assert_eq!(stored.topics[0].partitions[0].error_code, not_here);
    let topics = OffsetFetchRequestTopic::default().with_name(topic("t")).with_partition_indexes(vec![0]);
    for version in [1, 7] {
        let request =
            OffsetFetchRequest::default().with_group_id(id("g")).with_topics(Some(vec![topics.clone()]));
        let found: OffsetFetchResponse = world.send_to(3 - here, version, request).now();
        let code = match version {
            1 => found.topics[0].partitions[0].error_code,
            _ => found.error_code,
        };
        assert_eq!(code, not_here, "v{version}");
    }
    world.stable_on(here);
}

impl World {
    /// Shows that a member of the same group is served there.
    fn stable_on(&mut self, node: i32) {
        let joined: JoinGroupResponse = self.send_to(node, 3, joining("g", "")).now();
        assert_eq!(joined.error_code, OK);
    }
}
