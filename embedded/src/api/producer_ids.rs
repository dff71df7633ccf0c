//! InitProducerId: who an idempotent or transactional producer is.

use kafka_protocol::ResponseError;
use kafka_protocol::messages::{InitProducerIdRequest, InitProducerIdResponse, ProducerId};

use super::{Call, coordinators, transactions};
use crate::security::acl::Operation;
use crate::state::State;
use crate::transactions::{self as coordinator, Producer};

/// From this version on clients know `PRODUCER_FENCED`.
const KNOWS_FENCED: i16 = 4;

pub(super) fn init(
    state: &mut State,
    call: &Call<'_>,
    request: &InitProducerIdRequest,
) -> InitProducerIdResponse {
    let (error_code, producer) = match producer(state, call, request) {
        Ok(producer) => (0, producer),
        Err(error) => (transactions::code(error, call.version, KNOWS_FENCED), Producer::NONE),
    };
    InitProducerIdResponse::default()
        .with_error_code(error_code)
        .with_producer_id(ProducerId(producer.id))
        .with_producer_epoch(producer.epoch)
}

fn producer(
    state: &mut State,
    call: &Call<'_>,
    request: &InitProducerIdRequest,
) -> Result<Producer, ResponseError> {
    match &request.transactional_id {
        Some(id) => call.check_transaction(state, Operation::Write, id)?,
        // Whoever may write may also write once.
        None if call.may_write_somewhere(state) => {}
        None => call.check_cluster(state, Operation::IdempotentWrite)?,
    }
    let expected = match (request.producer_id.0, request.producer_epoch) {
        (-1, -1) => None,
        (-1, _) | (_, -1) => return Err(ResponseError::InvalidRequest),
        (id, epoch) => Some(Producer { id, epoch }),
    };
    match &request.transactional_id {
        // Without a transactional id nobody is fenced, and whoever asks again gets another id.
        None => Ok(Producer { id: state.new_producer_id(), epoch: 0 }),
        Some(id) if id.is_empty() => Err(ResponseError::InvalidRequest),
        Some(id) => {
            coordinators::check(state, call, id)?;
            coordinator::init(state, call.now, id, request.transaction_timeout_ms, expected)
        }
    }
}
