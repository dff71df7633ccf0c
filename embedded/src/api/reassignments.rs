//! ListPartitionReassignments: none is ever under way, since replicas share one memory.

use kafka_protocol::messages::ListPartitionReassignmentsResponse;

use super::Call;
use crate::security::acl::Operation;
use crate::state::State;

/// Answers that there is none. Kafka leaves out what is not moved, and what does not exist as well.
pub(super) fn list(state: &State, call: &Call<'_>) -> ListPartitionReassignmentsResponse {
    let refused = call.check_cluster(state, Operation::Describe).err();
    let response = ListPartitionReassignmentsResponse::default().with_error_message(None);
    response.with_error_code(refused.map_or(0, |error| error.code()))
}
