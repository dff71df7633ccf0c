//! WriteTxnMarkers: the ends of transactions, written by an administrator who is rid of one that hangs.
//!
//! Coordinators send it too in Kafka; here they share the logs and need not. The coordinator's epoch is not
//! looked at: coordinators never move, so that none is ever out of date.

use kafka_protocol::ResponseError;
use kafka_protocol::messages::write_txn_markers_request::{WritableTxnMarker, WritableTxnMarkerTopic};
use kafka_protocol::messages::write_txn_markers_response::{
    WritableTxnMarkerPartitionResult, WritableTxnMarkerResult, WritableTxnMarkerTopicResult,
};
use kafka_protocol::messages::{TopicName, WriteTxnMarkersRequest, WriteTxnMarkersResponse};

use super::Call;
use super::transactions::producer;
use crate::security::acl::Operation;
use crate::state::State;
use crate::transactions::{self as coordinator, Producer};

pub(super) fn write(
    state: &mut State,
    call: &Call<'_>,
    request: WriteTxnMarkersRequest,
) -> WriteTxnMarkersResponse {
    let allowed = call
        .check_cluster(state, Operation::ClusterAction)
        .or_else(|_| call.check_cluster(state, Operation::Alter));
    let markers = request.markers.into_iter().map(|marker| {
        let WritableTxnMarker { producer_id, producer_epoch, transaction_result: commit, topics, .. } =
            marker;
        let ended = producer(producer_id, producer_epoch);
        let topics = topics.into_iter().map(|WritableTxnMarkerTopic { name, partition_indexes, .. }| {
            let results = partition_indexes.into_iter().map(|index| {
                let written = allowed.and_then(|()| write_one(state, call, ended, (&name, index), commit));
                WritableTxnMarkerPartitionResult::default()
                    .with_partition_index(index)
                    .with_error_code(written.err().map_or(0, |error| error.code()))
            });
            let results = results.collect();
            WritableTxnMarkerTopicResult::default().with_name(name).with_partitions(results)
        });
        let topics = topics.collect();
        WritableTxnMarkerResult::default().with_producer_id(producer_id).with_topics(topics)
    });
    WriteTxnMarkersResponse::default().with_markers(markers.collect())
}

fn write_one(
    state: &mut State,
    call: &Call<'_>,
    ended: Producer,
    (topic, index): (&TopicName, i32),
    commit: bool,
) -> Result<(), ResponseError> {
    state.led(call.node, topic, index)?;
    coordinator::write_marker(state, call.now, ended, (topic.clone(), index), commit)
}
