//! DescribeCluster, and what one may do as a set of bits (KIP-430).

use kafka_protocol::ResponseError;
use kafka_protocol::messages::describe_cluster_response::DescribeClusterBroker;
use kafka_protocol::messages::{BrokerId, DescribeClusterRequest, DescribeClusterResponse};

use super::authorization::operations;
use super::{Call, text};
use crate::security::acl::{CLUSTER_NAME, Resource};
use crate::state::State;

/// Whom a client wants to hear of.
const BROKERS: i8 = 1;
const CONTROLLERS: i8 = 2;

pub(super) fn describe(
    state: &State,
    call: &Call<'_>,
    request: DescribeClusterRequest,
) -> DescribeClusterResponse {
    let refused = |error: ResponseError, reason: &str| {
        DescribeClusterResponse::default()
            .with_error_code(error.code())
            .with_error_message(text(reason))
            .with_controller_id(BrokerId(-1))
    };
    match request.endpoint_type {
        BROKERS => {}
        CONTROLLERS => {
            return refused(ResponseError::MismatchedEndpointType, "a broker was asked for controllers");
        }
        _ => return refused(ResponseError::UnsupportedEndpointType, "the type of endpoint was unknown"),
    }
    let brokers = state.nodes.up().map(|node| {
        DescribeClusterBroker::default()
            .with_broker_id(BrokerId(node.id))
            .with_host(node.address(call.listener).host.clone())
            .with_port(node.address(call.listener).port)
            .with_rack(None)
    });
    let asked = request.include_cluster_authorized_operations;
    DescribeClusterResponse::default()
        .with_error_message(None)
        .with_cluster_id(state.cluster_id.clone())
        .with_controller_id(state.nodes.controller())
        .with_brokers(brokers.collect())
        .with_cluster_authorized_operations(operations(state, call, asked, Resource::Cluster, CLUSTER_NAME))
}
