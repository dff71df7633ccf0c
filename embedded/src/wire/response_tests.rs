//! Responses that the codec must be able to write: it refuses some fields that a version does not have, and
//! leaves out others without a word.

use kafka_protocol::messages::*;
use kafka_protocol::protocol::StrBytes;

use super::frame::encode;
use super::sampling;

macro_rules! filled {
    ($response:path) => { <$response>::default() };
    ($response:path { $($field:ident: $value:expr),* $(,)? }) => {{
        let mut response = <$response>::default();
        $(response.$field = $value;)*
        response
    }};
}

fn text() -> Option<StrBytes> {
    Some(StrBytes::from_static_str("said"))
}

/// Returns the response with an element in each array that the version has, and what it has beside.
fn filled(api: ApiKey, version: i16) -> ResponseKind {
    match api {
        ApiKey::Produce => {
            use produce_response::*;
            let said = if version >= 8 { text() } else { None };
            let error = filled!(BatchIndexAndErrorMessage { batch_index_error_message: said.clone() });
            let errors = if version >= 8 { vec![error] } else { vec![] };
            let partition = filled!(PartitionProduceResponse {
                base_offset: 5,
                log_append_time_ms: 6,
                record_errors: errors,
                error_message: said,
                log_start_offset: if version >= 5 { 2 } else { -1 },
            });
            let topic = filled!(TopicProduceResponse { partition_responses: vec![partition] });
            filled!(ProduceResponse { responses: vec![topic], throttle_time_ms: 1 }).into()
        }
        ApiKey::Fetch => {
            use fetch_response::*;
            let partition = filled!(PartitionData {
                high_watermark: 4,
                last_stable_offset: 3,
                records: Some("records".into()),
                aborted_transactions: Some(vec![AbortedTransaction::default()]),
            });
            let topic = filled!(FetchableTopicResponse { partitions: vec![partition] });
            filled!(FetchResponse { responses: vec![topic], throttle_time_ms: 1 }).into()
        }
        ApiKey::ListOffsets => {
            use list_offsets_response::*;
            let partition = filled!(ListOffsetsPartitionResponse {
                timestamp: 3,
                offset: 4,
                leader_epoch: if version >= 4 { 2 } else { -1 },
            });
            let topic = filled!(ListOffsetsTopicResponse { partitions: vec![partition] });
            filled!(ListOffsetsResponse { topics: vec![topic] }).into()
        }
        ApiKey::Metadata => {
            use metadata_response::*;
            let partition = filled!(MetadataResponsePartition {
                replica_nodes: vec![1.into()],
                isr_nodes: vec![1.into()],
                offline_replicas: if version >= 5 { vec![2.into()] } else { vec![] },
            });
            let topic = filled!(MetadataResponseTopic {
                partitions: vec![partition],
                name: Some(StrBytes::from_static_str("t").into()),
            });
            filled!(MetadataResponse { brokers: vec![Default::default()], topics: vec![topic] }).into()
        }
        ApiKey::OffsetCommit => {
            use offset_commit_response::*;
            let topic = filled!(OffsetCommitResponseTopic { partitions: vec![Default::default()] });
            filled!(OffsetCommitResponse { topics: vec![topic] }).into()
        }
        ApiKey::OffsetFetch if version >= 8 => {
            use offset_fetch_response::*;
            let topic = filled!(OffsetFetchResponseTopics { partitions: vec![Default::default()] });
            let group = filled!(OffsetFetchResponseGroup { topics: vec![topic] });
            filled!(OffsetFetchResponse { groups: vec![group] }).into()
        }
        ApiKey::OffsetFetch => {
            use offset_fetch_response::*;
            let topic = filled!(OffsetFetchResponseTopic { partitions: vec![Default::default()] });
            filled!(OffsetFetchResponse { topics: vec![topic] }).into()
        }
        ApiKey::FindCoordinator if version >= 4 => {
            filled!(FindCoordinatorResponse { coordinators: vec![Default::default()] }).into()
        }
        ApiKey::FindCoordinator => filled!(FindCoordinatorResponse {
            host: StrBytes::from_static_str("here"),
            port: 9,
            node_id: 1.into(),
            error_message: if version >= 1 { text() } else { Some(StrBytes::default()) },
        })
        .into(),
        ApiKey::JoinGroup => filled!(JoinGroupResponse {
            members: vec![Default::default()],
            protocol_name: text(),
            protocol_type: if version >= 7 { text() } else { None },
        })
        .into(),
        ApiKey::Heartbeat => HeartbeatResponse::default().into(),
        ApiKey::LeaveGroup if version >= 3 => {
            filled!(LeaveGroupResponse { members: vec![Default::default()] }).into()
        }
        ApiKey::LeaveGroup => LeaveGroupResponse::default().into(),
        ApiKey::SyncGroup => filled!(SyncGroupResponse {
            assignment: "mine".into(),
            protocol_type: if version >= 5 { text() } else { None },
            protocol_name: if version >= 5 { text() } else { None },
        })
        .into(),
        ApiKey::DescribeGroups => {
            use describe_groups_response::*;
            let group = filled!(DescribedGroup { members: vec![Default::default()] });
            filled!(DescribeGroupsResponse { groups: vec![group] }).into()
        }
        ApiKey::ListGroups => filled!(ListGroupsResponse { groups: vec![Default::default()] }).into(),
        ApiKey::SaslHandshake => {
            filled!(SaslHandshakeResponse { mechanisms: vec!["PLAIN".to_owned().into()] }).into()
        }
        ApiKey::ApiVersions => {
            let mut response = filled!(ApiVersionsResponse { api_keys: super::apis::advertised() });
            if version >= 3 {
                response.supported_features = vec![Default::default()];
                response.finalized_features = vec![Default::default()];
            }
            response.into()
        }
        ApiKey::CreateTopics => {
            use create_topics_response::*;
            let configs =
                if version >= 5 { Some(vec![CreatableTopicConfigs::default()]) } else { Some(vec![]) };
            let topic = filled!(CreatableTopicResult { configs: configs, error_message: text() });
            filled!(CreateTopicsResponse { topics: vec![topic] }).into()
        }
        ApiKey::DeleteTopics => {
            use delete_topics_response::*;
            let name = Some(StrBytes::from_static_str("t").into());
            filled!(DeleteTopicsResponse { responses: vec![filled!(DeletableTopicResult { name: name })] })
                .into()
        }
        ApiKey::DeleteRecords => {
            use delete_records_response::*;
            let topic = filled!(DeleteRecordsTopicResult { partitions: vec![Default::default()] });
            filled!(DeleteRecordsResponse { topics: vec![topic] }).into()
        }
        ApiKey::InitProducerId => filled!(InitProducerIdResponse { producer_id: 3.into() }).into(),
        ApiKey::OffsetForLeaderEpoch => {
            use offset_for_leader_epoch_response::*;
            let topic = filled!(OffsetForLeaderTopicResult { partitions: vec![Default::default()] });
            filled!(OffsetForLeaderEpochResponse { topics: vec![topic] }).into()
        }
        ApiKey::AddPartitionsToTxn => {
            use add_partitions_to_txn_response::*;
            let topic =
                filled!(AddPartitionsToTxnTopicResult { results_by_partition: vec![Default::default()] });
            filled!(AddPartitionsToTxnResponse { results_by_topic_v3_and_below: vec![topic] }).into()
        }
        ApiKey::AddOffsetsToTxn => AddOffsetsToTxnResponse::default().into(),
        ApiKey::EndTxn => {
            let (id, epoch) = if version >= 5 { (3, 4) } else { (-1, -1) };
            filled!(EndTxnResponse { producer_id: id.into(), producer_epoch: epoch }).into()
        }
        ApiKey::WriteTxnMarkers => {
            use write_txn_markers_response::*;
            let topic = filled!(WritableTxnMarkerTopicResult { partitions: vec![Default::default()] });
            let marker = filled!(WritableTxnMarkerResult { topics: vec![topic] });
            filled!(WriteTxnMarkersResponse { markers: vec![marker] }).into()
        }
        ApiKey::TxnOffsetCommit => {
            use txn_offset_commit_response::*;
            let topic = filled!(TxnOffsetCommitResponseTopic { partitions: vec![Default::default()] });
            filled!(TxnOffsetCommitResponse { topics: vec![topic] }).into()
        }
        ApiKey::DescribeAcls => {
            use describe_acls_response::*;
            let resource = filled!(DescribeAclsResource { acls: vec![Default::default()] });
            filled!(DescribeAclsResponse { resources: vec![resource], error_message: text() }).into()
        }
        ApiKey::CreateAcls => filled!(CreateAclsResponse { results: vec![Default::default()] }).into(),
        ApiKey::DeleteAcls => {
            use delete_acls_response::*;
            let result = filled!(DeleteAclsFilterResult { matching_acls: vec![Default::default()] });
            filled!(DeleteAclsResponse { filter_results: vec![result] }).into()
        }
        ApiKey::DescribeConfigs => {
            use describe_configs_response::*;
            let config = filled!(DescribeConfigsResourceResult {
                value: text(),
                synonyms: vec![Default::default()],
                documentation: if version >= 3 { text() } else { Some(StrBytes::default()) },
                config_type: if version >= 3 { 2 } else { 0 },
            });
            let result = filled!(DescribeConfigsResult { configs: vec![config] });
            filled!(DescribeConfigsResponse { results: vec![result] }).into()
        }
        ApiKey::AlterConfigs => filled!(AlterConfigsResponse { responses: vec![Default::default()] }).into(),
        ApiKey::SaslAuthenticate => filled!(SaslAuthenticateResponse {
            auth_bytes: "v=1".into(),
            session_lifetime_ms: if version >= 1 { 4 } else { 0 },
        })
        .into(),
        ApiKey::CreatePartitions => {
            filled!(CreatePartitionsResponse { results: vec![Default::default()] }).into()
        }
        ApiKey::DeleteGroups => filled!(DeleteGroupsResponse { results: vec![Default::default()] }).into(),
        ApiKey::IncrementalAlterConfigs => {
            filled!(IncrementalAlterConfigsResponse { responses: vec![Default::default()] }).into()
        }
        ApiKey::OffsetDelete => {
            use offset_delete_response::*;
            let topic = filled!(OffsetDeleteResponseTopic { partitions: vec![Default::default()] });
            filled!(OffsetDeleteResponse { topics: vec![topic] }).into()
        }
        ApiKey::DescribeCluster => filled!(DescribeClusterResponse {
            brokers: vec![Default::default()],
            endpoint_type: if version >= 1 { 2 } else { 1 },
        })
        .into(),
        ApiKey::ListPartitionReassignments => {
            use list_partition_reassignments_response::*;
            let partition = filled!(OngoingPartitionReassignment { replicas: vec![1.into()] });
            let topic = filled!(OngoingTopicReassignment { partitions: vec![partition] });
            filled!(ListPartitionReassignmentsResponse { topics: vec![topic] }).into()
        }
        ApiKey::DescribeProducers => {
            use describe_producers_response::*;
            let partition = filled!(PartitionResponse { active_producers: vec![Default::default()] });
            let topic = filled!(TopicResponse { partitions: vec![partition] });
            filled!(DescribeProducersResponse { topics: vec![topic] }).into()
        }
        ApiKey::DescribeTransactions => {
            use describe_transactions_response::*;
            let topic = filled!(TopicData { partitions: vec![1] });
            let state = filled!(TransactionState { topics: vec![topic] });
            filled!(DescribeTransactionsResponse { transaction_states: vec![state] }).into()
        }
        ApiKey::ListTransactions => filled!(ListTransactionsResponse {
            unknown_state_filters: text().into_iter().collect(),
            transaction_states: vec![Default::default()],
        })
        .into(),
        ApiKey::ConsumerGroupHeartbeat => {
            use consumer_group_heartbeat_response::*;
            let partitions = filled!(TopicPartitions { partitions: vec![1] });
            let assignment = filled!(Assignment { topic_partitions: vec![partitions] });
            filled!(ConsumerGroupHeartbeatResponse { member_id: text(), assignment: Some(assignment) }).into()
        }
        ApiKey::ConsumerGroupDescribe => {
            use consumer_group_describe_response::*;
            let partitions = filled!(TopicPartitions { partitions: vec![1] });
            let assignment = filled!(Assignment { topic_partitions: vec![partitions] });
            let member = filled!(Member {
                subscribed_topic_names: vec![StrBytes::from_static_str("t").into()],
                assignment: assignment.clone(),
                target_assignment: assignment,
            });
            let group = filled!(DescribedGroup { members: vec![member] });
            filled!(ConsumerGroupDescribeResponse { groups: vec![group] }).into()
        }
        ApiKey::DescribeTopicPartitions => {
            use describe_topic_partitions_response::*;
            let partition = filled!(DescribeTopicPartitionsResponsePartition {
                replica_nodes: vec![1.into()],
                isr_nodes: vec![1.into()],
                offline_replicas: vec![2.into()],
                eligible_leader_replicas: Some(vec![1.into()]),
                last_known_elr: Some(vec![1.into()]),
            });
            let topic = filled!(DescribeTopicPartitionsResponseTopic { partitions: vec![partition] });
            filled!(DescribeTopicPartitionsResponse {
                topics: vec![topic],
                next_cursor: Some(Cursor::default())
            })
            .into()
        }
        other => panic!("{other:?} is advertised and has no response here"),
    }
}

/// Reads a response again: what follows its header.
fn decoded(api: ApiKey, version: i16, frame: &[u8]) -> ResponseKind {
    let header = if api.response_header_version(version) >= 1 { 9 } else { 8 };
    let mut body = bytes::Bytes::copy_from_slice(&frame[header..]);
    let response = ResponseKind::decode(api, &mut body, version).expect("a response");
    assert!(body.is_empty(), "{api:?} v{version}: {body:?}");
    response
}

/// Returns the response of an API as its constructor leaves it.
fn empty(api: ApiKey) -> ResponseKind {
    macro_rules! of {
        ($($name:ident)*) => {
            match api {
                $(ApiKey::$name => ResponseKind::$name(Default::default()),)*
                other => panic!("{other:?} is advertised and has no response here"),
            }
        };
    }
    of!(Produce Fetch ListOffsets Metadata OffsetCommit OffsetFetch FindCoordinator JoinGroup Heartbeat LeaveGroup
        SyncGroup DescribeGroups ListGroups SaslHandshake ApiVersions CreateTopics DeleteTopics DeleteRecords
        InitProducerId OffsetForLeaderEpoch AddPartitionsToTxn AddOffsetsToTxn EndTxn WriteTxnMarkers TxnOffsetCommit DescribeAcls
        CreateAcls DeleteAcls DescribeConfigs AlterConfigs SaslAuthenticate CreatePartitions DeleteGroups
        IncrementalAlterConfigs ListPartitionReassignments OffsetDelete DescribeCluster DescribeProducers DescribeTransactions
        ListTransactions ConsumerGroupHeartbeat ConsumerGroupDescribe DescribeTopicPartitions)
}

/// Writes a response in every version of every API, and returns what went wrong.
fn problems(of: impl Fn(ApiKey, i16) -> ResponseKind, is_same: bool) -> Vec<String> {
    let mut problems = Vec::new();
    for (api, version) in sampling::calls() {
        let response = of(api.key, version);
        match encode(7, api.key, version, &response) {
            Err(error) => problems.push(format!("{:?} v{version}: {error}", api.key)),
            Ok(frame) => {
                let again = decoded(api.key, version, &frame);
                if is_same && again != response {
                    problems.push(format!("{:?} v{version}: wrote {response:?}, read {again:?}", api.key));
                }
            }
        }
    }
    problems
}

#[test]
fn a_response_with_every_array_filled_is_written_in_every_version_and_nothing_is_left_out() {
    let problems = problems(filled, true);
    assert!(problems.is_empty(), "{}", problems.join("\n"));
}

#[test]
fn a_response_as_its_constructor_leaves_it_is_written_in_every_version() {
    let problems = problems(|api, _| empty(api), false);
    assert!(problems.is_empty(), "{}", problems.join("\n"));
}
