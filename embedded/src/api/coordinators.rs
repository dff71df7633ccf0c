//! FindCoordinator, and the check that the broker that was asked is the coordinator.

use kafka_protocol::ResponseError;
use kafka_protocol::messages::find_coordinator_response::Coordinator;
use kafka_protocol::messages::{BrokerId, FindCoordinatorRequest, FindCoordinatorResponse};
use kafka_protocol::protocol::StrBytes;

use super::{Call, text};
use crate::security::acl::Operation;
use crate::state::State;
use crate::state::topics::{OFFSETS_TOPIC, TRANSACTIONS_TOPIC};

/// What a key names.
const GROUP: i8 = 0;
const TRANSACTION: i8 = 1;
/// From this version on a request has many keys (KIP-699).
const BATCHED: i16 = 4;

pub(super) fn find(
    state: &mut State,
    call: &Call<'_>,
    request: FindCoordinatorRequest,
) -> FindCoordinatorResponse {
    if call.version >= BATCHED {
        let found = request.coordinator_keys.into_iter().map(|key| found(state, call, key, request.key_type));
        return FindCoordinatorResponse::default().with_coordinators(found.collect());
    }
    let found = found(state, call, request.key, request.key_type);
    FindCoordinatorResponse::default()
        .with_error_code(found.error_code)
        .with_error_message(found.error_message.filter(|_| call.version >= 1))
        .with_node_id(found.node_id)
        .with_host(found.host)
        .with_port(found.port)
}

fn found(state: &mut State, call: &Call<'_>, key: StrBytes, key_type: i8) -> Coordinator {
    let node = authorize(state, call, &key, key_type).and_then(|topic| {
        state.create_internal_topic(topic);
        state.nodes.coordinator(&key).ok_or((ResponseError::CoordinatorNotAvailable, "no broker was up"))
    });
    let coordinator = Coordinator::default().with_key(key);
    match node {
        Ok(node) => {
            let address = node.address(call.listener);
            coordinator
                .with_node_id(BrokerId(node.id))
                .with_host(address.host.clone())
                .with_port(address.port)
        }
        Err((error, reason)) => coordinator
            .with_error_code(error.code())
            .with_error_message(text(reason))
            .with_node_id(BrokerId(-1))
            .with_port(-1),
    }
}

/// Returns the topic of the coordinator that the client may ask for.
fn authorize(
    state: &State,
    call: &Call<'_>,
    key: &str,
    key_type: i8,
) -> Result<&'static str, (ResponseError, &'static str)> {
    let (checked, topic) = match key_type {
        GROUP => (call.check_group(state, Operation::Describe, key), OFFSETS_TOPIC),
        TRANSACTION => (call.check_transaction(state, Operation::Describe, key), TRANSACTIONS_TOPIC),
        _ => return Err((ResponseError::InvalidRequest, "the key was of an unknown type")),
    };
    match checked {
        Ok(()) => Ok(topic),
        Err(error) => Err((error, "the client was not authorized to ask for this")),
    }
}

/// Returns an error unless the broker that was asked coordinates this group or transactional id.
pub(super) fn check(state: &State, call: &Call<'_>, key: &str) -> Result<(), ResponseError> {
    match state.nodes.coordinator(key) {
        Some(node) if node.id == call.node => Ok(()),
        Some(_) => Err(ResponseError::NotCoordinator),
        None => Err(ResponseError::CoordinatorNotAvailable),
    }
}
