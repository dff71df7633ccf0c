//! InitProducerId: who an idempotent producer is.

use kafka_protocol::messages::{InitProducerIdRequest, InitProducerIdResponse, ProducerId};

use crate::state::State;

pub(super) fn init(state: &mut State, _request: InitProducerIdRequest) -> InitProducerIdResponse {
    let id = state.new_producer_id();
    InitProducerIdResponse::default().with_producer_id(ProducerId(id)).with_producer_epoch(0)
}
