//! Every API's own way to say that a request failed: an error for all that it asked for.

use kafka_protocol::ResponseError;
use kafka_protocol::messages::*;
use kafka_protocol::protocol::StrBytes;

/// From this version of FindCoordinator on several are asked for at once.
const COORDINATORS_IN_BATCHES: i16 = 4;
/// From this version of OffsetFetch on several groups are asked for at once.
const OFFSETS_IN_BATCHES: i16 = 8;
/// From this version of OffsetFetch on a group has an error of its own.
const GROUP_HAS_ERROR: i16 = 2;
/// From this version of JoinGroup on the name of the protocol may be missing.
const PROTOCOL_MAY_BE_NULL: i16 = 7;

/// Answers each partition of each topic.
fn rows<T, P, A, B>(
    topics: &[T],
    partitions: impl Fn(&T) -> &Vec<P>,
    partition: impl Fn(&P) -> A,
    topic: impl Fn(&T, Vec<A>) -> B,
) -> Vec<B> {
    topics.iter().map(|one| topic(one, partitions(one).iter().map(&partition).collect())).collect()
}

/// Answers each of what was asked.
fn each<T, A>(asked: &[T], answer: impl Fn(&T) -> A) -> Vec<A> {
    asked.iter().map(answer).collect()
}

/// Returns the answer that gives all of a request one error. A request that names nothing which the error could
/// go to gets an empty answer.
pub(crate) fn error_answer(request: &RequestKind, version: i16, code: i16) -> ResponseKind {
    use RequestKind as Request;
    match request {
        Request::Produce(request) => {
            use produce_response::*;
            let partition = |asked: &produce_request::PartitionProduceData| {
                PartitionProduceResponse::default()
                    .with_index(asked.index)
                    .with_error_code(code)
                    .with_base_offset(-1)
                    .with_log_append_time_ms(-1)
                    .with_log_start_offset(-1)
            };
            let topics = rows(
                &request.topic_data,
                |topic| &topic.partition_data,
                partition,
                |topic, rows| {
                    TopicProduceResponse::default()
                        .with_name(topic.name.clone())
                        .with_topic_id(topic.topic_id)
                        .with_partition_responses(rows)
                },
            );
            ProduceResponse::default().with_responses(topics).into()
        }
        Request::Fetch(request) => fetch(request, code).into(),
        Request::ListOffsets(request) => {
            use list_offsets_response::*;
            let partition = |asked: &list_offsets_request::ListOffsetsPartition| {
                ListOffsetsPartitionResponse::default()
                    .with_partition_index(asked.partition_index)
                    .with_error_code(code)
            };
            let topics = rows(
                &request.topics,
                |topic| &topic.partitions,
                partition,
                |topic, rows| {
                    ListOffsetsTopicResponse::default().with_name(topic.name.clone()).with_partitions(rows)
                },
            );
            ListOffsetsResponse::default().with_topics(topics).into()
        }
        Request::Metadata(request) => {
            use metadata_response::MetadataResponseTopic;
            let topics = request.topics.iter().flatten().map(|topic| {
                let refused = MetadataResponseTopic::default().with_error_code(code);
                refused.with_name(topic.name.clone()).with_topic_id(topic.topic_id)
            });
            let nobody = MetadataResponse::default().with_controller_id((-1).into());
            nobody.with_topics(topics.collect()).into()
        }
        Request::OffsetCommit(request) => {
            use offset_commit_response::*;
            let partition = |asked: &offset_commit_request::OffsetCommitRequestPartition| {
                OffsetCommitResponsePartition::default()
                    .with_partition_index(asked.partition_index)
                    .with_error_code(code)
            };
            let topics = rows(
                &request.topics,
                |topic| &topic.partitions,
                partition,
                |topic, rows| {
                    OffsetCommitResponseTopic::default().with_name(topic.name.clone()).with_partitions(rows)
                },
            );
            OffsetCommitResponse::default().with_topics(topics).into()
        }
        Request::OffsetFetch(request) => offset_fetch(request, version, code).into(),
        Request::FindCoordinator(request) => {
            use find_coordinator_response::Coordinator;
            let nowhere = |key: &StrBytes| {
                let coordinator = Coordinator::default().with_key(key.clone()).with_error_code(code);
                coordinator.with_node_id((-1).into()).with_port(-1)
            };
            let response = FindCoordinatorResponse::default();
            match version {
                COORDINATORS_IN_BATCHES.. => {
                    response.with_coordinators(each(&request.coordinator_keys, nowhere)).into()
                }
                _ => response.with_error_code(code).with_node_id((-1).into()).with_port(-1).into(),
            }
        }
        Request::JoinGroup(request) => JoinGroupResponse::default()
            .with_error_code(code)
            .with_protocol_name((version < PROTOCOL_MAY_BE_NULL).then(StrBytes::default))
            .with_protocol_type(None)
            .with_member_id(request.member_id.clone())
            .into(),
        Request::DescribeGroups(request) => {
            use describe_groups_response::DescribedGroup;
            let group =
                |id: &GroupId| DescribedGroup::default().with_group_id(id.clone()).with_error_code(code);
            DescribeGroupsResponse::default().with_groups(each(&request.groups, group)).into()
        }
        Request::CreateTopics(request) => {
            use create_topics_response::CreatableTopicResult;
            let topic = |asked: &create_topics_request::CreatableTopic| {
                CreatableTopicResult::default()
                    .with_name(asked.name.clone())
                    .with_error_code(code)
                    .with_num_partitions(-1)
                    .with_replication_factor(-1)
                    .with_configs(Some(Vec::new()))
            };
            CreateTopicsResponse::default().with_topics(each(&request.topics, topic)).into()
        }
        Request::DeleteTopics(request) => {
            use delete_topics_response::DeletableTopicResult;
            let named = request.topic_names.iter().map(|name| (Some(name.clone()), Default::default()));
            let topics = request.topics.iter().map(|topic| (topic.name.clone(), topic.topic_id)).chain(named);
            let refused = topics.map(|(name, id)| {
                DeletableTopicResult::default().with_name(name).with_topic_id(id).with_error_code(code)
            });
            DeleteTopicsResponse::default().with_responses(refused.collect()).into()
        }
        Request::DeleteRecords(request) => {
            use delete_records_response::*;
            let partition = |asked: &delete_records_request::DeleteRecordsPartition| {
                DeleteRecordsPartitionResult::default()
                    .with_partition_index(asked.partition_index)
                    .with_low_watermark(-1)
                    .with_error_code(code)
            };
            let topics = rows(
                &request.topics,
                |topic| &topic.partitions,
                partition,
                |topic, rows| {
                    DeleteRecordsTopicResult::default().with_name(topic.name.clone()).with_partitions(rows)
                },
            );
            DeleteRecordsResponse::default().with_topics(topics).into()
        }
        Request::CreatePartitions(request) => {
            use create_partitions_response::CreatePartitionsTopicResult;
            let topic = |asked: &create_partitions_request::CreatePartitionsTopic| {
                CreatePartitionsTopicResult::default().with_name(asked.name.clone()).with_error_code(code)
            };
            CreatePartitionsResponse::default().with_results(each(&request.topics, topic)).into()
        }
        Request::InitProducerId(_) => {
            let nobody = InitProducerIdResponse::default().with_error_code(code);
            nobody.with_producer_id((-1).into()).with_producer_epoch(-1).into()
        }
        Request::OffsetForLeaderEpoch(request) => {
            use offset_for_leader_epoch_response::*;
            let partition = |asked: &offset_for_leader_epoch_request::OffsetForLeaderPartition| {
                EpochEndOffset::default()
                    .with_partition(asked.partition)
                    .with_error_code(code)
                    .with_leader_epoch(-1)
                    .with_end_offset(-1)
            };
            let topics = rows(
                &request.topics,
                |topic| &topic.partitions,
                partition,
                |topic, rows| {
                    OffsetForLeaderTopicResult::default()
                        .with_topic(topic.topic.clone())
                        .with_partitions(rows)
                },
            );
            OffsetForLeaderEpochResponse::default().with_topics(topics).into()
        }
        Request::AddPartitionsToTxn(request) => {
            use add_partitions_to_txn_response::*;
            let partition = |index: &i32| {
                let refused = AddPartitionsToTxnPartitionResult::default().with_partition_index(*index);
                refused.with_partition_error_code(code)
            };
            let topics = &request.v3_and_below_topics;
            let topics = rows(
                topics,
                |topic| &topic.partitions,
                partition,
                |topic, rows| {
                    let refused = AddPartitionsToTxnTopicResult::default().with_name(topic.name.clone());
                    refused.with_results_by_partition(rows)
                },
            );
            AddPartitionsToTxnResponse::default().with_results_by_topic_v3_and_below(topics).into()
        }
        Request::TxnOffsetCommit(request) => {
            use txn_offset_commit_response::*;
            let partition = |asked: &txn_offset_commit_request::TxnOffsetCommitRequestPartition| {
                TxnOffsetCommitResponsePartition::default()
                    .with_partition_index(asked.partition_index)
                    .with_error_code(code)
            };
            let topics = rows(
                &request.topics,
                |topic| &topic.partitions,
                partition,
                |topic, rows| {
                    TxnOffsetCommitResponseTopic::default()
                        .with_name(topic.name.clone())
                        .with_partitions(rows)
                },
            );
            TxnOffsetCommitResponse::default().with_topics(topics).into()
        }
        Request::DeleteGroups(request) => {
            use delete_groups_response::DeletableGroupResult;
            let group = |id: &GroupId| {
                DeletableGroupResult::default().with_group_id(id.clone()).with_error_code(code)
            };
            DeleteGroupsResponse::default().with_results(each(&request.groups_names, group)).into()
        }
        Request::ConsumerGroupDescribe(request) => {
            use consumer_group_describe_response::DescribedGroup;
            let group =
                |id: &GroupId| DescribedGroup::default().with_group_id(id.clone()).with_error_code(code);
            ConsumerGroupDescribeResponse::default().with_groups(each(&request.group_ids, group)).into()
        }
        Request::CreateAcls(request) => {
            use create_acls_response::AclCreationResult;
            let refused = each(&request.creations, |_| AclCreationResult::default().with_error_code(code));
            CreateAclsResponse::default().with_results(refused).into()
        }
        Request::DeleteAcls(request) => {
            use delete_acls_response::DeleteAclsFilterResult;
            let refused = each(&request.filters, |_| DeleteAclsFilterResult::default().with_error_code(code));
            DeleteAclsResponse::default().with_filter_results(refused).into()
        }
        Request::DescribeConfigs(request) => {
            use describe_configs_response::DescribeConfigsResult;
            let refused = each(&request.resources, |asked| {
                DescribeConfigsResult::default()
                    .with_error_code(code)
                    .with_resource_type(asked.resource_type)
                    .with_resource_name(asked.resource_name.clone())
            });
            DescribeConfigsResponse::default().with_results(refused).into()
        }
        Request::AlterConfigs(request) => {
            use alter_configs_response::AlterConfigsResourceResponse;
            let refused = each(&request.resources, |asked| {
                AlterConfigsResourceResponse::default()
                    .with_error_code(code)
                    .with_resource_type(asked.resource_type)
                    .with_resource_name(asked.resource_name.clone())
            });
            AlterConfigsResponse::default().with_responses(refused).into()
        }
        Request::IncrementalAlterConfigs(request) => {
            use incremental_alter_configs_response::AlterConfigsResourceResponse;
            let refused = each(&request.resources, |asked| {
                AlterConfigsResourceResponse::default()
                    .with_error_code(code)
                    .with_resource_type(asked.resource_type)
                    .with_resource_name(asked.resource_name.clone())
            });
            IncrementalAlterConfigsResponse::default().with_responses(refused).into()
        }
        Request::DescribeProducers(request) => {
            use describe_producers_response::*;
            let partition =
                |index: &i32| PartitionResponse::default().with_partition_index(*index).with_error_code(code);
            let topics = rows(
                &request.topics,
                |topic| &topic.partition_indexes,
                partition,
                |topic, rows| TopicResponse::default().with_name(topic.name.clone()).with_partitions(rows),
            );
            DescribeProducersResponse::default().with_topics(topics).into()
        }
        Request::DescribeTransactions(request) => {
            use describe_transactions_response::TransactionState;
            let refused = each(&request.transactional_ids, |id| {
                TransactionState::default().with_transactional_id(id.clone()).with_error_code(code)
            });
            DescribeTransactionsResponse::default().with_transaction_states(refused).into()
        }
        Request::DescribeTopicPartitions(request) => {
            use describe_topic_partitions_response::DescribeTopicPartitionsResponseTopic;
            let refused = each(&request.topics, |asked| {
                let topic = DescribeTopicPartitionsResponseTopic::default().with_error_code(code);
                topic.with_name(Some(asked.name.clone()))
            });
            DescribeTopicPartitionsResponse::default().with_topics(refused).into()
        }
        Request::WriteTxnMarkers(request) => {
            use write_txn_markers_response::*;
            let partition = |index: &i32| {
                WritableTxnMarkerPartitionResult::default().with_partition_index(*index).with_error_code(code)
            };
            let refused = each(&request.markers, |marker| {
                let topics = rows(
                    &marker.topics,
                    |topic| &topic.partition_indexes,
                    partition,
                    |topic, rows| {
                        let refused = WritableTxnMarkerTopicResult::default().with_name(topic.name.clone());
                        refused.with_partitions(rows)
                    },
                );
                WritableTxnMarkerResult::default().with_producer_id(marker.producer_id).with_topics(topics)
            });
            WriteTxnMarkersResponse::default().with_markers(refused).into()
        }
        Request::ListPartitionReassignments(_) => {
            ListPartitionReassignmentsResponse::default().with_error_code(code).into()
        }
        Request::Heartbeat(_) => HeartbeatResponse::default().with_error_code(code).into(),
        Request::LeaveGroup(_) => LeaveGroupResponse::default().with_error_code(code).into(),
        Request::SyncGroup(_) => SyncGroupResponse::default().with_error_code(code).into(),
        Request::ListGroups(_) => ListGroupsResponse::default().with_error_code(code).into(),
        Request::OffsetDelete(request) => offset_delete(request, code).into(),
        Request::SaslHandshake(_) => SaslHandshakeResponse::default().with_error_code(code).into(),
        Request::SaslAuthenticate(_) => SaslAuthenticateResponse::default().with_error_code(code).into(),
        Request::AddOffsetsToTxn(_) => AddOffsetsToTxnResponse::default().with_error_code(code).into(),
        Request::EndTxn(_) => EndTxnResponse::default().with_error_code(code).into(),
        Request::DescribeAcls(_) => DescribeAclsResponse::default().with_error_code(code).into(),
        Request::DescribeCluster(_) => DescribeClusterResponse::default().with_error_code(code).into(),
        Request::ListTransactions(_) => ListTransactionsResponse::default().with_error_code(code).into(),
        Request::ConsumerGroupHeartbeat(_) => {
            ConsumerGroupHeartbeatResponse::default().with_error_code(code).into()
        }
        // Nothing else is served, as a test proves.
        _ => ApiVersionsResponse::default().with_error_code(code).into(),
    }
}

/// Whether an error says something about a partition, where an API has room for errors of the whole as well.
fn is_of_partitions(code: i16) -> bool {
    let error = ResponseError::try_from_code(code);
    error.is_some_and(|error| {
        matches!(
            error,
            ResponseError::UnknownTopicOrPartition
                | ResponseError::TopicAuthorizationFailed
                | ResponseError::GroupSubscribedToTopic
                | ResponseError::UnstableOffsetCommit
        )
    })
}

/// Errors of fetch sessions go to the whole answer, all others to the partitions.
fn fetch(request: &FetchRequest, code: i16) -> FetchResponse {
    use fetch_response::*;
    let is_of_session = ResponseError::try_from_code(code).is_some_and(|error| {
        use ResponseError::*;
        matches!(error, FetchSessionIdNotFound | InvalidFetchSessionEpoch | FetchSessionTopicIdError)
    });
    if is_of_session || request.topics.is_empty() {
        return FetchResponse::default().with_error_code(code);
    }
    let partition = |asked: &fetch_request::FetchPartition| {
        PartitionData::default()
            .with_partition_index(asked.partition)
            .with_error_code(code)
            .with_high_watermark(-1)
            .with_last_stable_offset(-1)
            .with_log_start_offset(-1)
            .with_records(Some(Default::default()))
    };
    let topics = rows(
        &request.topics,
        |topic| &topic.partitions,
        partition,
        |topic, rows| {
            let refused = FetchableTopicResponse::default().with_topic(topic.topic.clone());
            refused.with_topic_id(topic.topic_id).with_partitions(rows)
        },
    );
    FetchResponse::default().with_responses(topics)
}

fn offset_fetch(request: &OffsetFetchRequest, version: i16, code: i16) -> OffsetFetchResponse {
    use offset_fetch_response::*;
    let is_of_partitions = is_of_partitions(code) || version < GROUP_HAS_ERROR;
    if version >= OFFSETS_IN_BATCHES {
        let partition = |index: &i32| {
            let none = OffsetFetchResponsePartitions::default().with_partition_index(*index);
            none.with_committed_offset(-1).with_metadata(Some(Default::default())).with_error_code(code)
        };
        let groups = each(&request.groups, |asked| {
            let group = OffsetFetchResponseGroup::default().with_group_id(asked.group_id.clone());
            if !is_of_partitions {
                return group.with_error_code(code);
            }
            let topics = asked.topics.as_deref().unwrap_or_default();
            group.with_topics(rows(
                topics,
                |topic| &topic.partition_indexes,
                partition,
                |topic, rows| {
                    OffsetFetchResponseTopics::default().with_name(topic.name.clone()).with_partitions(rows)
                },
            ))
        });
        return OffsetFetchResponse::default().with_groups(groups);
    }
    if !is_of_partitions {
        return OffsetFetchResponse::default().with_error_code(code);
    }
    let partition = |index: &i32| {
        let none = OffsetFetchResponsePartition::default().with_partition_index(*index);
        none.with_committed_offset(-1).with_metadata(Some(Default::default())).with_error_code(code)
    };
    let topics = request.topics.as_deref().unwrap_or_default();
    let topics = rows(
        topics,
        |topic| &topic.partition_indexes,
        partition,
        |topic, rows| OffsetFetchResponseTopic::default().with_name(topic.name.clone()).with_partitions(rows),
    );
    OffsetFetchResponse::default().with_topics(topics)
}

fn offset_delete(request: &OffsetDeleteRequest, code: i16) -> OffsetDeleteResponse {
    use offset_delete_response::*;
    if !is_of_partitions(code) {
        return OffsetDeleteResponse::default().with_error_code(code);
    }
    let partition = |asked: &offset_delete_request::OffsetDeleteRequestPartition| {
        let refused = OffsetDeleteResponsePartition::default().with_partition_index(asked.partition_index);
        refused.with_error_code(code)
    };
    let topics = rows(
        &request.topics,
        |topic| &topic.partitions,
        partition,
        |topic, rows| {
            OffsetDeleteResponseTopic::default().with_name(topic.name.clone()).with_partitions(rows)
        },
    );
    OffsetDeleteResponse::default().with_topics(topics)
}

#[cfg(test)]
#[path = "refuse_tests.rs"]
mod tests;
