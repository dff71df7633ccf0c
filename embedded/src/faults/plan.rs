//! What faults do to one request.

use std::time::Duration;

use bytes::BytesMut;
use kafka_protocol::ResponseError;
use kafka_protocol::messages::{FetchResponse, RequestKind, ResponseKind};

use super::FaultId;
use crate::api::places::{self, Place};
use crate::api::{answers, refuse};
use crate::wire::records::Batch;

/// What faults do to one request.
#[derive(Debug, Default)]
pub(crate) struct Plan {
    pub(crate) delay: Duration,
    pub(crate) throttle: Duration,
    pub(crate) ending: Option<Ending>,
    pub(super) refusals: Vec<Refusal>,
    pub(super) corruptions: Vec<(FaultId, Place)>,
}

/// How a conversation ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ending {
    Disconnect,
    DisconnectAfter,
    Silence,
}

/// An error for a part of a request.
#[derive(Debug, Clone)]
pub(super) struct Refusal {
    pub(super) place: Place,
    pub(super) code: i16,
    pub(super) is_applied: bool,
}

/// A request, taken apart by errors.
#[derive(Debug, Default)]
pub(crate) struct Parts {
    /// What is served, if anything is left.
    pub(crate) served: Option<RequestKind>,
    /// What is applied, and whose answers nobody sees.
    pub(crate) applied: Vec<RequestKind>,
    /// The errors, as answers to the parts that are not served.
    pub(crate) answers: Vec<ResponseKind>,
}

impl Plan {
    /// Takes a request apart into what is served and what is refused.
    pub(crate) fn part(&self, request: RequestKind, version: i16) -> Parts {
        let mut parts = Parts::default();
        let mut left = Some(request);
        for refusal in &self.refusals {
            let Some(request) = left.take() else { break };
            let (rest, refused) = places::split(request, version, &refusal.place);
            left = rest;
            let Some(refused) = refused else { continue };
            parts.answers.push(refuse::error_answer(&refused, version, refusal.code));
            if refusal.is_applied {
                parts.applied.push(refused);
            }
        }
        if !parts.answers.is_empty() {
            left = left.and_then(|rest| parts.spoil(rest, version));
        }
        parts.served = left;
        parts
    }

    /// Returns the faults that need an answer to strike.
    pub(crate) fn unanswered(&self) -> Vec<FaultId> {
        self.corruptions.iter().map(|(id, _)| *id).collect()
    }

    /// Puts into an answer what the faults do to it. Returns the faults that found nothing to spoil.
    pub(crate) fn spoil(&self, response: &mut ResponseKind) -> Vec<FaultId> {
        if let ResponseKind::Metadata(response) = response {
            for Refusal { place, code, .. } in &self.refusals {
                places::refuse_in_metadata(response, place, *code);
            }
        }
        let mut without_effect = Vec::new();
        for (id, place) in &self.corruptions {
            let is_hit = match response {
                ResponseKind::Fetch(response) => corrupt(response, place),
                _ => false,
            };
            if !is_hit {
                without_effect.push(*id);
            }
        }
        if !self.throttle.is_zero() {
            answers::throttle(response, self.throttle);
        }
        without_effect
    }
}

impl Parts {
    /// Does to the rest of a request what errors of its other parts do to it in Kafka.
    fn spoil(&mut self, mut rest: RequestKind, version: i16) -> Option<RequestKind> {
        match &mut rest {
            // A fetch with an error does not wait.
            RequestKind::Fetch(fetch) => fetch.max_wait_ms = 0,
            // One partition that cannot be added spoils the others.
            RequestKind::AddPartitionsToTxn(_) => {
                let code = ResponseError::OperationNotAttempted.code();
                self.answers.push(refuse::error_answer(&rest, version, code));
                return None;
            }
            _ => {}
        }
        Some(rest)
    }
}

/// Flips a byte in the first batch of each partition; returns whether there was one.
fn corrupt(response: &mut FetchResponse, place: &Place) -> bool {
    let mut is_hit = false;
    for topic in &mut response.responses {
        for partition in &mut topic.partitions {
            let Some(records) = &mut partition.records else { continue };
            if !place.covers(topic.topic.as_str(), Some(partition.partition_index)) {
                continue;
            }
            let Ok(Some(batch)) = Batch::read(&mut records.clone()) else { continue };
            let mut spoiled = BytesMut::from(&records[..]);
            spoiled[batch.header.size - 1] ^= 0xff;
            *records = spoiled.freeze();
            is_hit = true;
        }
    }
    is_hit
}
