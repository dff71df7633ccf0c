//! The names of topics in requests that have their ids (KIP-516). Everything behind works with names: faults, the
//! record of requests, rights. What answers such a request compares the id once more, since a name may be
//! another topic's by the time.

use kafka_protocol::ResponseError;
use kafka_protocol::messages::{RequestKind, TopicName};
use uuid::Uuid;

use crate::state::State;

/// From this version on a Fetch has ids instead of names.
const FETCH: i16 = 13;
/// From this version on a Produce has ids instead of names.
const PRODUCE: i16 = 13;

/// Gives the topics of a request their names, where it has ids; one that is not known keeps the empty name.
pub(crate) fn name(state: &State, version: i16, request: &mut RequestKind) {
    let name = |id: &Uuid| state.topics.name_of(*id).cloned().unwrap_or_default();
    match request {
        RequestKind::Fetch(request) if version >= FETCH => {
            request.topics.iter_mut().for_each(|topic| topic.topic = name(&topic.topic_id));
        }
        RequestKind::Produce(request) if version >= PRODUCE => {
            request.topic_data.iter_mut().for_each(|topic| topic.name = name(&topic.topic_id));
        }
        _ => {}
    }
}

/// Checks that a topic of a Fetch is the one that was asked for.
pub(super) fn check_fetch(
    state: &State,
    version: i16,
    topic: &TopicName,
    id: Uuid,
) -> Result<(), ResponseError> {
    check(state, version >= FETCH, topic, id)
}

/// Checks that a topic of a Produce is the one that was asked for.
pub(super) fn check_produce(
    state: &State,
    version: i16,
    topic: &TopicName,
    id: Uuid,
) -> Result<(), ResponseError> {
    check(state, version >= PRODUCE, topic, id)
}

fn check(state: &State, is_by_id: bool, topic: &TopicName, id: Uuid) -> Result<(), ResponseError> {
    match state.topics.get(topic) {
        Some(known) if is_by_id && known.id == id => Ok(()),
        _ if is_by_id => Err(ResponseError::UnknownTopicId),
        _ => Ok(()),
    }
}
