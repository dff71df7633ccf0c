//! What any answer can be asked or given, whatever API it is of: its first error, and a throttle time.

use std::time::Duration;

use kafka_protocol::messages::ResponseKind;

/// The answers that name a throttle time.
macro_rules! throttled {
    ($response:ident, $ms:expr, $($name:ident)*) => {
        match $response {
            $(ResponseKind::$name(response) => response.throttle_time_ms = $ms,)*
            _ => {}
        }
    };
}

/// Sets the throttle time of an answer that has one.
pub(crate) fn throttle(response: &mut ResponseKind, time: Duration) {
    let ms = i32::try_from(time.as_millis()).unwrap_or(i32::MAX);
    throttled!(response, ms, Produce Fetch ListOffsets Metadata OffsetCommit OffsetFetch FindCoordinator JoinGroup
        Heartbeat LeaveGroup SyncGroup DescribeGroups ListGroups ApiVersions CreateTopics DeleteTopics
        DeleteRecords InitProducerId OffsetForLeaderEpoch AddPartitionsToTxn AddOffsetsToTxn EndTxn
        TxnOffsetCommit DescribeAcls CreateAcls DeleteAcls DescribeConfigs AlterConfigs CreatePartitions
        DeleteGroups IncrementalAlterConfigs OffsetDelete DescribeCluster DescribeProducers
        DescribeTransactions ListTransactions ListPartitionReassignments ConsumerGroupHeartbeat ConsumerGroupDescribe
        DescribeTopicPartitions)
}

/// Returns the first error that an answer carries: of the whole, else of one of its parts.
pub(crate) fn first_error(response: &ResponseKind) -> Option<i16> {
    /// The error of the whole, else those of the parts.
    macro_rules! first {
        ($($error:expr)?; $($parts:expr)?) => {
            [0 $(, $error)?].into_iter() $(.chain($parts))? .find(|code| *code != 0)
        };
    }
    /// The errors of the partitions of all topics.
    macro_rules! each {
        ($topics:expr, $partitions:ident) => {
            each!($topics, $partitions, error_code)
        };
        ($topics:expr, $partitions:ident, $error:ident) => {
            $topics.iter().flat_map(|topic| topic.$partitions.iter().map(|one| one.$error))
        };
        ($parts:expr) => {
            $parts.iter().map(|one| one.error_code)
        };
    }
    use ResponseKind as R;
    match response {
        R::Produce(r) => first!(; each!(r.responses, partition_responses)),
        R::Fetch(r) => first!(r.error_code; each!(r.responses, partitions)),
        R::ListOffsets(r) => first!(; each!(r.topics, partitions)),
        R::Metadata(r) => {
            first!(r.error_code; r.topics.iter().flat_map(|topic| {
                [topic.error_code].into_iter().chain(each!(topic.partitions))
            }))
        }
        R::OffsetCommit(r) => first!(; each!(r.topics, partitions)),
        R::OffsetFetch(r) => {
            let groups = r
                .groups
                .iter()
                .flat_map(|group| [group.error_code].into_iter().chain(each!(group.topics, partitions)));
            first!(r.error_code; each!(r.topics, partitions).chain(groups))
        }
        R::FindCoordinator(r) => first!(r.error_code; each!(r.coordinators)),
        R::JoinGroup(r) => first!(r.error_code;),
        R::Heartbeat(r) => first!(r.error_code;),
        R::LeaveGroup(r) => first!(r.error_code; each!(r.members)),
        R::SyncGroup(r) => first!(r.error_code;),
        R::DescribeGroups(r) => first!(; each!(r.groups)),
        R::ListGroups(r) => first!(r.error_code;),
        R::SaslHandshake(r) => first!(r.error_code;),
        R::ApiVersions(r) => first!(r.error_code;),
        R::CreateTopics(r) => first!(; each!(r.topics)),
        R::DeleteTopics(r) => first!(; each!(r.responses)),
        R::DeleteRecords(r) => first!(; each!(r.topics, partitions)),
        R::InitProducerId(r) => first!(r.error_code;),
        R::OffsetForLeaderEpoch(r) => first!(; each!(r.topics, partitions)),
        R::AddPartitionsToTxn(r) => {
            let topics = &r.results_by_topic_v3_and_below;
            first!(r.error_code; each!(topics, results_by_partition, partition_error_code))
        }
        R::AddOffsetsToTxn(r) => first!(r.error_code;),
        R::EndTxn(r) => first!(r.error_code;),
        R::WriteTxnMarkers(r) => {
            let topics = || r.markers.iter().flat_map(|marker| &marker.topics);
            first!(; each!(topics().collect::<Vec<_>>(), partitions))
        }
        R::TxnOffsetCommit(r) => first!(; each!(r.topics, partitions)),
        R::DescribeAcls(r) => first!(r.error_code;),
        R::CreateAcls(r) => first!(; each!(r.results)),
        R::DeleteAcls(r) => first!(; each!(r.filter_results)),
        R::DescribeConfigs(r) => first!(; each!(r.results)),
        R::AlterConfigs(r) => first!(; each!(r.responses)),
        R::SaslAuthenticate(r) => first!(r.error_code;),
        R::CreatePartitions(r) => first!(; each!(r.results)),
        R::DeleteGroups(r) => first!(; each!(r.results)),
        R::IncrementalAlterConfigs(r) => first!(; each!(r.responses)),
        R::OffsetDelete(r) => first!(r.error_code; each!(r.topics, partitions)),
        R::DescribeCluster(r) => first!(r.error_code;),
        R::ListPartitionReassignments(r) => first!(r.error_code;),
        R::DescribeProducers(r) => first!(; each!(r.topics, partitions)),
        R::DescribeTransactions(r) => first!(; each!(r.transaction_states)),
        R::ListTransactions(r) => first!(r.error_code;),
        R::ConsumerGroupHeartbeat(r) => first!(r.error_code;),
        R::ConsumerGroupDescribe(r) => first!(; each!(r.groups)),
        R::DescribeTopicPartitions(r) => first!(; each!(r.topics)),
        _ => None,
    }
}
