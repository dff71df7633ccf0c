//! Replicas that a client assigns by hand.

use std::collections::HashSet;

use kafka_protocol::ResponseError;
use kafka_protocol::messages::BrokerId;

use super::Refusal;
use crate::state::{NodeId, State};

/// Checks the replicas of one partition; `factor` is how many the others have.
pub(super) fn check(
    state: &State,
    asked: &[BrokerId],
    factor: Option<usize>,
) -> Result<Vec<NodeId>, Refusal> {
    let refused = |reason: String| Err((ResponseError::InvalidReplicaAssignment, reason));
    let replicas: Vec<NodeId> = asked.iter().map(|id| id.0).collect();
    if replicas.is_empty() {
        return refused("an assignment had no replicas".to_owned());
    }
    let mut seen = HashSet::new();
    for id in &replicas {
        if state.nodes.get(*id).is_none() {
            return refused(format!("an assignment had broker `{id}`, which does not exist"));
        }
        if !seen.insert(*id) {
            return refused(format!("an assignment had broker `{id}` twice"));
        }
    }
    match factor {
        Some(factor) if factor != replicas.len() => {
            return refused(format!(
                "an assignment had `{}` replicas, where others have `{factor}`",
                replicas.len()
            ));
        }
        _ => {}
    }
    match replicas.iter().any(|id| state.nodes.is_up(*id)) {
        true => Ok(replicas),
        false => refused("an assignment had only brokers that are down".to_owned()),
    }
}
