//! Requests to answers, one file per family of APIs.

mod acls;
pub(crate) mod answers;
mod authorization;
mod cluster;
mod configs;
mod consumer_groups;
pub(crate) mod coordinators;
pub(crate) mod fetch;
mod group_admin;
mod group_members;
mod group_offsets;
mod metadata;
mod offsets;
pub(crate) mod places;
mod produce;
mod producer_ids;
mod reassignments;
mod records;
pub(crate) mod refuse;
#[cfg(test)]
mod tests;
pub(crate) mod topic_ids;
pub(crate) mod topics;
mod transaction_admin;
mod transaction_markers;
mod transaction_offsets;
mod transactions;
mod versions;

use std::net::IpAddr;

use kafka_protocol::messages::{RequestKind, ResponseKind};
use kafka_protocol::protocol::StrBytes;
use tokio::sync::oneshot;

use crate::security::Principal;
use crate::state::{ListenerId, NodeId, Now, State};

/// Who asks what when.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Call<'a> {
    pub(crate) now: Now,
    /// The broker that was asked.
    pub(crate) node: NodeId,
    /// The listener that the client came by: it is told the addresses of that one.
    pub(crate) listener: ListenerId,
    pub(crate) version: i16,
    pub(crate) client_id: &'a StrBytes,
    pub(crate) peer: IpAddr,
    /// Who authenticated on the connection.
    pub(crate) principal: &'a Principal,
}

/// What a request is answered with.
#[derive(Debug)]
#[expect(clippy::large_enum_variant, reason = "it is taken apart at once; a box would cost each request")]
pub(crate) enum Reply {
    Now(ResponseKind),
    /// The state answers later, through a [`Responder`].
    Later(Waiting),
    /// The client wants no answer.
    Nothing,
    /// The connection is closed, for this reason.
    Close(&'static str),
}

/// An answer that is still to come.
pub(crate) type Waiting = oneshot::Receiver<ResponseKind>;

/// Answers a request that waits. Dropping it closes the connection.
#[derive(Debug)]
pub(crate) struct Responder(oneshot::Sender<ResponseKind>);

impl Responder {
    pub(crate) fn new() -> (Self, Reply) {
        let (sender, receiver) = oneshot::channel();
        (Self(sender), Reply::Later(receiver))
    }

    /// Answers; a client that went away is no error.
    pub(crate) fn answer(self, response: impl Into<ResponseKind>) {
        let _ = self.0.send(response.into());
    }

    /// Returns whether the client went away.
    pub(crate) fn is_closed(&self) -> bool {
        self.0.is_closed()
    }
}

impl<T: Into<ResponseKind>> From<T> for Reply {
    fn from(response: T) -> Self {
        Self::Now(response.into())
    }
}

/// Answers a request, whose topics have their names: see [`topic_ids::name`].
pub(crate) fn handle(state: &mut State, call: &Call<'_>, request: RequestKind) -> Reply {
    match request {
        RequestKind::ApiVersions(_) => versions::handle(call).into(),
        RequestKind::Metadata(request) => metadata::handle(state, call, request).into(),
        RequestKind::DescribeTopicPartitions(request) => {
            metadata::describe_topic_partitions(state, call, request).into()
        }
        RequestKind::CreateTopics(request) => topics::create(state, call, request).into(),
        RequestKind::CreatePartitions(request) => topics::grow(state, call, request).into(),
        RequestKind::DeleteTopics(request) => topics::delete(state, call, request).into(),
        RequestKind::DeleteRecords(request) => records::delete(state, call, request).into(),
        RequestKind::DescribeConfigs(request) => configs::describe(state, call, request).into(),
        RequestKind::IncrementalAlterConfigs(request) => configs::incrementally(state, call, request).into(),
        RequestKind::AlterConfigs(request) => configs::replace(state, call, request).into(),
        RequestKind::DescribeAcls(request) => acls::describe(state, call, &request).into(),
        RequestKind::CreateAcls(request) => acls::create(state, call, request).into(),
        RequestKind::DeleteAcls(request) => acls::delete(state, call, &request).into(),
        RequestKind::DescribeCluster(request) => cluster::describe(state, call, request).into(),
        RequestKind::ListPartitionReassignments(_) => reassignments::list(state, call).into(),
        RequestKind::InitProducerId(request) => producer_ids::init(state, call, &request).into(),
        RequestKind::AddPartitionsToTxn(request) => transactions::add_partitions(state, call, request).into(),
        RequestKind::AddOffsetsToTxn(request) => transactions::add_offsets(state, call, &request).into(),
        RequestKind::TxnOffsetCommit(request) => transaction_offsets::commit(state, call, request).into(),
        RequestKind::EndTxn(request) => transactions::end(state, call, &request).into(),
        RequestKind::WriteTxnMarkers(request) => transaction_markers::write(state, call, request).into(),
        RequestKind::DescribeTransactions(request) => {
            transaction_admin::describe(state, call, request).into()
        }
        RequestKind::ListTransactions(request) => transaction_admin::list(state, call, request).into(),
        RequestKind::DescribeProducers(request) => {
            transaction_admin::describe_producers(state, call, request).into()
        }
        RequestKind::Produce(request) => produce::handle(state, call, request),
        RequestKind::Fetch(request) => fetch::handle(state, call, request),
        RequestKind::ListOffsets(request) => offsets::list(state, call, request).into(),
        RequestKind::OffsetForLeaderEpoch(request) => offsets::for_leader_epoch(state, call, request).into(),
        RequestKind::FindCoordinator(request) => coordinators::find(state, call, request).into(),
        RequestKind::JoinGroup(request) => group_members::join(state, call, request),
        RequestKind::SyncGroup(request) => group_members::sync(state, call, request),
        RequestKind::Heartbeat(request) => group_members::heartbeat(state, call, request).into(),
        RequestKind::LeaveGroup(request) => group_members::leave(state, call, request).into(),
        RequestKind::OffsetCommit(request) => group_offsets::commit(state, call, request).into(),
        RequestKind::OffsetFetch(request) => group_offsets::fetch(state, call, request).into(),
        RequestKind::OffsetDelete(request) => group_offsets::delete(state, call, request).into(),
        RequestKind::ConsumerGroupHeartbeat(request) => {
            consumer_groups::heartbeat(state, call, request).into()
        }
        RequestKind::ConsumerGroupDescribe(request) => consumer_groups::describe(state, call, request).into(),
        RequestKind::ListGroups(request) => group_admin::list(state, call, request).into(),
        RequestKind::DescribeGroups(request) => group_admin::describe(state, call, request).into(),
        RequestKind::DeleteGroups(request) => group_admin::delete(state, call, request).into(),
        _ => Reply::Close("the API is not served"),
    }
}

/// Returns a text for a response.
pub(crate) fn text(text: impl Into<String>) -> Option<StrBytes> {
    Some(StrBytes::from_string(text.into()))
}
