//! What clients may do, and the rules that say so.

use kafka_protocol::ResponseError::{
    self, ClusterAuthorizationFailed, GroupAuthorizationFailed, InvalidRequest, SecurityDisabled,
    TopicAuthorizationFailed, TransactionalIdAuthorizationFailed, UnknownTopicOrPartition,
};
use kafka_protocol::messages::create_acls_request::AclCreation;
use kafka_protocol::messages::delete_acls_request::DeleteAclsFilter;
use kafka_protocol::messages::fetch_request::{FetchPartition, FetchTopic};
use kafka_protocol::messages::list_offsets_request::{ListOffsetsPartition, ListOffsetsTopic};
use kafka_protocol::messages::metadata_request::MetadataRequestTopic;
use kafka_protocol::messages::offset_commit_request::{
    OffsetCommitRequestPartition, OffsetCommitRequestTopic,
};
use kafka_protocol::messages::produce_request::{PartitionProduceData, TopicProduceData};
use kafka_protocol::messages::*;

use super::world::{OK, World, name, text, topic};
use crate::options::Options;
use crate::security::acl::{Operation, Permission, Resource};
use crate::security::{AclOptions, Principal};

const LITERAL: i8 = 3;
const ANY: i8 = 1;

/// A cluster with topic `t`, whose super user is `root` and who asks `alice`.
fn world() -> World {
    let acls = AclOptions { super_users: vec!["User:root".to_owned()], ..AclOptions::default() };
    let mut world = World::with(Options { acls: Some(acls), ..Options::default() });
    as_user(&mut world, "root", |world| assert_eq!(world.create(vec![topic("t", 1, 1)]), [OK]));
    world.principal = Principal::user("alice");
    world
}

fn as_user<T>(world: &mut World, user: &str, ask: impl FnOnce(&mut World) -> T) -> T {
    let before = std::mem::replace(&mut world.principal, Principal::user(user));
    let answer = ask(world);
    world.principal = before;
    answer
}

fn creation(resource: Resource, called: &str, operation: Operation, permission: Permission) -> AclCreation {
    AclCreation::default()
        .with_resource_type(resource.code())
        .with_resource_name(text(called))
        .with_resource_pattern_type(LITERAL)
        .with_principal(text("User:alice"))
        .with_host(text("*"))
        .with_operation(operation.code())
        .with_permission_type(permission.code())
}

fn create(world: &mut World, creations: Vec<AclCreation>) -> Vec<i16> {
    let request = CreateAclsRequest::default().with_creations(creations);
    let response: CreateAclsResponse = world.ask(3, request);
    response.results.iter().map(|result| result.error_code).collect()
}

/// Lets `alice` do something.
fn allow(world: &mut World, resource: Resource, called: &str, operation: Operation) {
    let rule = creation(resource, called, operation, Permission::Allow);
    assert_eq!(as_user(world, "root", |world| create(world, vec![rule])), [OK]);
}

fn filter() -> DeleteAclsFilter {
    DeleteAclsFilter::default()
        .with_resource_type_filter(ANY)
        .with_resource_name_filter(None)
        .with_pattern_type_filter(ANY)
        .with_principal_filter(None)
        .with_host_filter(None)
        .with_operation(ANY)
        .with_permission_type(ANY)
}

fn describe(world: &mut World, version: i16) -> DescribeAclsResponse {
    let request = DescribeAclsRequest::default()
        .with_resource_type_filter(ANY)
        .with_resource_name_filter(None)
        .with_pattern_type_filter(ANY)
        .with_principal_filter(None)
        .with_host_filter(None)
        .with_operation(ANY)
        .with_permission_type(ANY);
    world.ask(version, request)
}

fn code(error: ResponseError) -> i16 {
    error.code()
}

fn metadata(world: &mut World, called: Option<&str>) -> Vec<(String, i16)> {
    let asked = |called| MetadataRequestTopic::default().with_name(Some(name(called)));
    let request = MetadataRequest::default()
        .with_topics(called.map(|called| vec![asked(called)]))
        .with_allow_auto_topic_creation(true);
    let response: MetadataResponse = world.ask(9, request);
    let found = response.topics.into_iter();
    found
        .map(|topic| (topic.name.map(|name| name.to_string()).unwrap_or_default(), topic.error_code))
        .collect()
}

fn produce(world: &mut World, transactional_id: Option<&str>) -> i16 {
    let data = TopicProduceData::default()
        .with_name(name("t"))
        .with_partition_data(vec![PartitionProduceData::default()]);
    let request = ProduceRequest::default()
        .with_transactional_id(transactional_id.map(|id| TransactionalId(text(id))))
        .with_acks(-1)
        .with_topic_data(vec![data]);
    let response: ProduceResponse = world.ask(9, request);
    response.responses[0].partition_responses[0].error_code
}

fn fetch(world: &mut World) -> i16 {
    let partition = FetchPartition::default().with_partition_max_bytes(100);
    let asked = FetchTopic::default().with_topic(name("t")).with_partitions(vec![partition]);
    let response: FetchResponse = world.ask(12, FetchRequest::default().with_topics(vec![asked]));
    response.responses[0].partitions[0].error_code
}

fn list_offsets(world: &mut World) -> i16 {
    let partition = ListOffsetsPartition::default().with_timestamp(-1);
    let asked = ListOffsetsTopic::default().with_name(name("t")).with_partitions(vec![partition]);
    let response: ListOffsetsResponse = world.ask(5, ListOffsetsRequest::default().with_topics(vec![asked]));
    response.topics[0].partitions[0].error_code
}

fn commit(world: &mut World) -> i16 {
    let partition = OffsetCommitRequestPartition::default().with_committed_offset(1);
    let asked = OffsetCommitRequestTopic::default().with_name(name("t")).with_partitions(vec![partition]);
    let request = OffsetCommitRequest::default()
        .with_group_id(GroupId(text("g")))
        .with_generation_id_or_member_epoch(-1)
        .with_topics(vec![asked]);
    let response: OffsetCommitResponse = world.ask(8, request);
    response.topics[0].partitions[0].error_code
}

fn init(world: &mut World, id: Option<&str>) -> i16 {
    let request = InitProducerIdRequest::default()
        .with_transactional_id(id.map(|id| TransactionalId(text(id))))
        .with_transaction_timeout_ms(1000);
    let response: InitProducerIdResponse = world.ask(4, request);
    response.error_code
}

fn find(world: &mut World, key_type: i8) -> i16 {
    let request = FindCoordinatorRequest::default().with_key(text("g")).with_key_type(key_type);
    let response: FindCoordinatorResponse = world.ask(3, request);
    response.error_code
}

#[test]
fn without_an_authorizer_there_are_no_rules_and_all_is_allowed() {
    let mut world = World::new();
    let rule = creation(Resource::Topic, "t", Operation::Read, Permission::Allow);
    assert_eq!(create(&mut world, vec![rule]), [code(SecurityDisabled)]);
    assert_eq!(describe(&mut world, 1).error_code, code(SecurityDisabled));
    let response: DeleteAclsResponse =
        world.ask(1, DeleteAclsRequest::default().with_filters(vec![filter()]));
    assert_eq!(response.filter_results[0].error_code, code(SecurityDisabled));
    assert_eq!(metadata(&mut world, Some("t")), [("t".to_owned(), OK)]);
}

#[test]
fn rules_are_created_described_and_deleted() {
    for version in 1..=3 {
        let mut world = world();
        world.principal = Principal::user("root");
        let rules = [Operation::Read, Operation::Write];
        let rules = rules.map(|operation| creation(Resource::Topic, "t", operation, Permission::Allow));
        let request = CreateAclsRequest::default().with_creations(rules.to_vec());
        let created: CreateAclsResponse = world.ask(version, request);
        assert!(created.results.iter().all(|result| result.error_code == OK));
        let found = describe(&mut world, version);
        assert_eq!((found.resources.len(), found.resources[0].acls.len()), (1, 2), "one resource has both");
        let writing = filter().with_operation(Operation::Write.code());
        let request = DeleteAclsRequest::default().with_filters(vec![writing, filter()]);
        let deleted: DeleteAclsResponse = world.ask(version, request);
        let counts: Vec<usize> =
            deleted.filter_results.iter().map(|result| result.matching_acls.len()).collect();
        assert_eq!(counts, [1, 2], "both filters mean the rule about writing");
        assert!(describe(&mut world, version).resources.is_empty());
    }
}

#[test]
fn rules_of_unknown_words_are_refused_and_the_others_made() {
    let mut world = world();
    world.principal = Principal::user("root");
    let good = || creation(Resource::Topic, "t", Operation::Read, Permission::Allow);
    let invalid = code(InvalidRequest);
    let creations = vec![good().with_operation(0), good().with_resource_pattern_type(2), good()];
    assert_eq!(create(&mut world, creations), [invalid, invalid, OK]);
    let unknown = filter().with_operation(0);
    let response: DeleteAclsResponse = world.ask(3, DeleteAclsRequest::default().with_filters(vec![unknown]));
    assert_eq!(response.filter_results[0].error_code, invalid);
}

#[test]
fn only_whoever_may_alter_the_cluster_makes_rules() {
    let mut world = world();
    let rule = || creation(Resource::Topic, "t", Operation::Read, Permission::Allow);
    let refused = code(ClusterAuthorizationFailed);
    assert_eq!(create(&mut world, vec![rule()]), [refused]);
    assert_eq!(describe(&mut world, 3).error_code, refused);
    allow(&mut world, Resource::Cluster, "kafka-cluster", Operation::Alter);
    assert_eq!(create(&mut world, vec![rule()]), [OK]);
    assert_eq!(describe(&mut world, 3).error_code, OK, "who alters may look");
}

#[test]
fn a_topic_is_hidden_until_it_may_be_described() {
    let mut world = world();
    assert_eq!(metadata(&mut world, None), []);
    assert_eq!(metadata(&mut world, Some("t")), [("t".to_owned(), code(TopicAuthorizationFailed))]);
    assert_eq!(list_offsets(&mut world), code(TopicAuthorizationFailed));
    allow(&mut world, Resource::Topic, "t", Operation::Describe);
    assert_eq!(metadata(&mut world, None), [("t".to_owned(), OK)]);
    assert_eq!(metadata(&mut world, Some("t")), [("t".to_owned(), OK)]);
    assert_eq!(list_offsets(&mut world), OK);
}

#[test]
fn a_missing_topic_is_made_only_by_whoever_may_create_it() {
    let mut world = world();
    allow(&mut world, Resource::Topic, "new", Operation::Describe);
    assert_eq!(metadata(&mut world, Some("new"))[0].1, code(TopicAuthorizationFailed));
    assert_eq!(world.create(vec![topic("new", 1, 1)]), [code(TopicAuthorizationFailed)]);
    allow(&mut world, Resource::Topic, "new", Operation::Create);
    assert_eq!(metadata(&mut world, Some("new"))[0].1, OK);
    allow(&mut world, Resource::Cluster, "kafka-cluster", Operation::Create);
    assert_eq!(world.create(vec![topic("other", 1, 1)]), [OK]);
}

#[test]
fn records_are_written_and_read_only_with_leave() {
    let mut world = world();
    let refused = code(TopicAuthorizationFailed);
    assert_eq!((produce(&mut world, None), fetch(&mut world)), (refused, refused));
    allow(&mut world, Resource::Topic, "t", Operation::Read);
    assert_eq!((produce(&mut world, None), fetch(&mut world)), (refused, OK));
    allow(&mut world, Resource::Topic, "t", Operation::Write);
    assert_ne!(produce(&mut world, None), refused);
    let transactional = code(TransactionalIdAuthorizationFailed);
    assert_eq!(produce(&mut world, Some("x")), transactional);
}

#[test]
fn whoever_may_write_somewhere_gets_a_producer_id() {
    let mut world = world();
    assert_eq!(init(&mut world, None), code(ClusterAuthorizationFailed));
    allow(&mut world, Resource::Topic, "t", Operation::Write);
    assert_eq!(init(&mut world, None), OK);
    assert_eq!(init(&mut world, Some("x")), code(TransactionalIdAuthorizationFailed));
    allow(&mut world, Resource::TransactionalId, "x", Operation::Write);
    assert_eq!(init(&mut world, Some("x")), OK);
}

#[test]
fn a_group_is_for_whoever_may_read_it_and_its_topics() {
    let mut world = world();
    assert_eq!(find(&mut world, 0), code(GroupAuthorizationFailed));
    assert_eq!(find(&mut world, 1), code(TransactionalIdAuthorizationFailed));
    assert_eq!(commit(&mut world), code(GroupAuthorizationFailed));
    allow(&mut world, Resource::Group, "g", Operation::Read);
    assert_eq!(find(&mut world, 0), OK, "who reads may look");
    assert_eq!(commit(&mut world), code(TopicAuthorizationFailed));
    allow(&mut world, Resource::Topic, "t", Operation::Read);
    assert_eq!(commit(&mut world), OK);
}

#[test]
fn a_group_is_listed_to_whoever_may_describe_it() {
    let mut world = world();
    let list = |world: &mut World| {
        let response: ListGroupsResponse = world.ask(4, ListGroupsRequest::default());
        (response.error_code, response.groups.len())
    };
    as_user(&mut world, "root", |world| assert_eq!(commit(world), OK));
    assert_eq!(list(&mut world), (OK, 0));
    allow(&mut world, Resource::Group, "g", Operation::Describe);
    assert_eq!(list(&mut world), (OK, 1));
}

#[test]
fn topics_are_deleted_and_their_settings_seen_only_with_leave() {
    let mut world = world();
    let delete = |world: &mut World, called: &str| {
        let request = DeleteTopicsRequest::default().with_topic_names(vec![name(called)]);
        let response: DeleteTopicsResponse = world.ask(5, request);
        response.responses[0].error_code
    };
    assert_eq!(delete(&mut world, "t"), code(TopicAuthorizationFailed));
    assert_eq!(
        delete(&mut world, "missing"),
        code(TopicAuthorizationFailed),
        "nor is it said that it is missing"
    );
    allow(&mut world, Resource::Topic, "*", Operation::Delete);
    assert_eq!(delete(&mut world, "missing"), code(UnknownTopicOrPartition));
    assert_eq!(delete(&mut world, "t"), OK);
}

#[test]
fn one_is_told_what_one_may_do() {
    let mut world = world();
    let cluster = |world: &mut World| {
        let request = DescribeClusterRequest::default().with_include_cluster_authorized_operations(true);
        let response: DescribeClusterResponse = world.ask(1, request);
        response.cluster_authorized_operations
    };
    assert_eq!(cluster(&mut world), 0);
    allow(&mut world, Resource::Cluster, "kafka-cluster", Operation::Describe);
    assert_eq!(cluster(&mut world), 1 << Operation::Describe.code());
    allow(&mut world, Resource::Topic, "t", Operation::Read);
    let asked = MetadataRequestTopic::default().with_name(Some(name("t")));
    let request = MetadataRequest::default()
        .with_topics(Some(vec![asked]))
        .with_include_topic_authorized_operations(true);
    for version in 8..=12 {
        let found: MetadataResponse = world.ask(version, request.clone());
        let expected = 1 << Operation::Read.code() | 1 << Operation::Describe.code();
        assert_eq!(found.topics[0].topic_authorized_operations, expected, "version {version}");
    }
}

#[test]
fn who_may_not_see_or_change_the_cluster_sees_no_reassignments_and_ends_no_transaction() {
    use write_txn_markers_request::{WritableTxnMarker, WritableTxnMarkerTopic};
    let mut world = world();
    let list = |world: &mut World| {
        let request = ListPartitionReassignmentsRequest::default().with_topics(None);
        let response: ListPartitionReassignmentsResponse = world.ask(0, request);
        (response.error_code, response.topics.len())
    };
    let mark = |world: &mut World| {
        let topic = WritableTxnMarkerTopic::default().with_name(name("t")).with_partition_indexes(vec![0]);
        let marker = WritableTxnMarker::default().with_producer_id(1.into()).with_topics(vec![topic]);
        let response: WriteTxnMarkersResponse =
            world.ask(1, WriteTxnMarkersRequest::default().with_markers(vec![marker]));
        response.markers[0].topics[0].partitions[0].error_code
    };
    let refused = ClusterAuthorizationFailed.code();
    assert_eq!((list(&mut world), mark(&mut world)), ((refused, 0), refused));
    allow(&mut world, Resource::Cluster, "kafka-cluster", Operation::Describe);
    assert_eq!((list(&mut world), mark(&mut world)), ((OK, 0), refused));
    allow(&mut world, Resource::Cluster, "kafka-cluster", Operation::Alter);
    assert_eq!(mark(&mut world), OK);
}
