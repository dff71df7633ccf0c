//! What the client of a call may do.

use kafka_protocol::ResponseError;

use super::Call;
use crate::security::acl::{self, Asker, Authorizer, CLUSTER_NAME, Operation, Resource};
use crate::state::State;

/// What one may do was not asked for.
const NOT_ASKED: i32 = i32::MIN;

impl Call<'_> {
    /// Returns whether the client may do this to the resource; all may do all where there is no authorizer.
    pub(super) fn may(&self, state: &State, operation: Operation, resource: Resource, name: &str) -> bool {
        self.decide(state, |authorizer, asker| authorizer.authorize(asker, operation, resource, name))
    }

    /// Returns the error of the resource unless the client may do this to it.
    pub(super) fn check(
        &self,
        state: &State,
        operation: Operation,
        resource: Resource,
        name: &str,
    ) -> Result<(), ResponseError> {
        match self.may(state, operation, resource, name) {
            true => Ok(()),
            false => Err(refusal(resource)),
        }
    }

    pub(super) fn check_topic(
        &self,
        state: &State,
        operation: Operation,
        name: &str,
    ) -> Result<(), ResponseError> {
        self.check(state, operation, Resource::Topic, name)
    }

    pub(super) fn check_group(
        &self,
        state: &State,
        operation: Operation,
        name: &str,
    ) -> Result<(), ResponseError> {
        self.check(state, operation, Resource::Group, name)
    }

    pub(super) fn check_transaction(
        &self,
        state: &State,
        operation: Operation,
        name: &str,
    ) -> Result<(), ResponseError> {
        self.check(state, operation, Resource::TransactionalId, name)
    }

    pub(super) fn check_cluster(&self, state: &State, operation: Operation) -> Result<(), ResponseError> {
        self.check(state, operation, Resource::Cluster, CLUSTER_NAME)
    }

    /// Returns whether there may be a topic that the client may write to (KIP-679).
    pub(super) fn may_write_somewhere(&self, state: &State) -> bool {
        self.decide(state, |authorizer, asker| {
            authorizer.authorize_some(asker, Operation::Write, Resource::Topic)
        })
    }

    fn decide(&self, state: &State, ask: impl FnOnce(&Authorizer, Asker<'_>) -> bool) -> bool {
        state.authorizer.as_ref().is_none_or(|authorizer| {
            let host = acl::host(self.peer);
            ask(authorizer, Asker { principal: self.principal, host: &host })
        })
    }
}

fn refusal(resource: Resource) -> ResponseError {
    match resource {
        Resource::Topic => ResponseError::TopicAuthorizationFailed,
        Resource::Group => ResponseError::GroupAuthorizationFailed,
        Resource::TransactionalId => ResponseError::TransactionalIdAuthorizationFailed,
        Resource::DelegationToken => ResponseError::DelegationTokenAuthorizationFailed,
        Resource::Cluster | Resource::User => ResponseError::ClusterAuthorizationFailed,
    }
}

/// What there is to do with a resource of a kind, as Kafka lists it for each.
fn possible(resource: Resource) -> &'static [Operation] {
    use Operation::{
        Alter, AlterConfigs, ClusterAction, Create, CreateTokens, Delete, Describe, DescribeConfigs,
        DescribeTokens, IdempotentWrite, Read, TwoPhaseCommit, Write,
    };
    match resource {
        Resource::Topic => &[Read, Write, Create, Delete, Alter, Describe, DescribeConfigs, AlterConfigs],
        Resource::Group => &[Read, Describe, Delete, DescribeConfigs, AlterConfigs],
        Resource::Cluster => {
            &[Create, ClusterAction, DescribeConfigs, AlterConfigs, IdempotentWrite, Alter, Describe]
        }
        Resource::TransactionalId => &[Describe, Write, TwoPhaseCommit],
        Resource::DelegationToken => &[Describe],
        Resource::User => &[CreateTokens, DescribeTokens],
    }
}

/// Returns the operations that the client may do to a resource, each a bit, if that was asked for (KIP-430).
pub(super) fn operations(state: &State, call: &Call<'_>, asked: bool, resource: Resource, name: &str) -> i32 {
    if !asked {
        return NOT_ASKED;
    }
    let allowed = possible(resource).iter().filter(|operation| call.may(state, **operation, resource, name));
    allowed.fold(0, |bits, operation| bits | 1 << operation.code())
}
