//! CreateTopics, CreatePartitions, DeleteTopics: topics come, grow and go.

mod assignment;
mod create;
mod delete;
mod grow;

use std::collections::HashMap;
use std::hash::Hash;

use kafka_protocol::ResponseError;

pub(crate) use create::create_directly;
pub(super) use create::{create, may_create};
pub(super) use delete::delete;
pub(super) use grow::grow;

/// How many partitions one request may make; Kafka writes no more records for one request.
const MOST_PARTITIONS: usize = 10_000;

/// Why something was refused: the error and its message.
pub(crate) type Refusal = (ResponseError, String);

fn unauthorized() -> Refusal {
    (ResponseError::TopicAuthorizationFailed, "the client was not authorized to do this".to_owned())
}

fn too_many() -> Refusal {
    let reason = format!("more than `{MOST_PARTITIONS}` partitions were asked for in one request");
    (ResponseError::PolicyViolation, reason)
}

/// Counts how often each name is in a request; those that are in it twice are refused.
pub(super) fn count<T: Eq + Hash + Clone>(names: impl Iterator<Item = T>) -> HashMap<T, usize> {
    let mut counts = HashMap::new();
    for name in names {
        *counts.entry(name).or_default() += 1;
    }
    counts
}
