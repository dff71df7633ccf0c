//! The verbs of a session as data, so that every binding speaks of them in one way.

mod document;
mod expectation;
mod fishing;
#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};

pub use self::expectation::{Expectation, Verb, Wanted};
pub use self::fishing::{Fish, Fishing};
use crate::directive::Directives;
use crate::engine::Preflight;
use crate::error::ProbeError;
use crate::event::{ConsumedResult, Event, ProduceResult, ProducedAck, ReceivedEvent};
use crate::matcher::Mark;
pub use crate::verdict::Order;
use crate::verdict::{Coverage, Verdict};

/// One call of a verb.
#[derive(Clone, Debug)]
pub enum Operation {
    /// `produce_event`: ends in [`Outcome::Produced`] or the typed error.
    Produce {
        /// The name of the topic.
        topic: String,
        /// The event.
        event: Box<Event>,
        /// The ask timeout; the configured one when absent.
        timeout: Option<Duration>,
    },
    /// `try_produce_event`: ends in [`Outcome::Tried`].
    TryProduce {
        /// The name of the topic.
        topic: String,
        /// The event.
        event: Box<Event>,
        /// The ask timeout; the configured one when absent.
        timeout: Option<Duration>,
    },
    /// `fetch_consumed_event`: ends in [`Outcome::Consumed`].
    Fetch {
        /// The name of the topic.
        topic: String,
        /// The eventTestId.
        id: String,
    },
    /// `fetch_consumed_events`: ends in [`Outcome::Events`].
    FetchAll {
        /// The name of the topic.
        topic: String,
        /// The eventTestId.
        id: String,
    },
    /// An expectation: ends in [`Outcome::Verdict`] or the verdict's error.
    Expect(Expectation),
    /// `fish_for_event`, begun: ends in [`Outcome::Catch`] or the verdict's error.
    Fish(Expectation),
    /// `fish_for_event`, gone on with: ends in [`Outcome::Catch`], in [`Outcome::Verdict`], or in the
    /// verdict's error.
    FishOn {
        /// What the last catch said.
        fishing: Box<Fishing>,
        /// What the function answered to each event of the last catch, up to one that ends it.
        answers: Vec<Fish>,
    },
    /// `expect_group_caught_up`: ends in [`Outcome::Verdict`] without events, or the verdict's error.
    CaughtUp {
        /// The consumer group.
        group: String,
        /// The name of the topic.
        topic: String,
        /// How long to wait; the configured default when absent.
        within: Option<Duration>,
        /// A sentence of the test that failures repeat.
        hint: Option<String>,
    },
    /// `mark`: ends in [`Outcome::Mark`].
    Mark,
    /// `journal`: ends in [`Outcome::Events`].
    Journal {
        /// The name of the topic.
        topic: String,
    },
    /// `coverage`: ends in [`Outcome::Coverage`].
    Coverage {
        /// The name of the topic.
        topic: String,
    },
    /// `preflight`: ends in [`Outcome::Preflight`].
    Preflight,
    /// `add_topics`: ends in [`Outcome::Done`].
    AddTopics(Directives),
    /// `close`: ends in [`Outcome::Done`].
    Close,
}

/// What an [`Operation`] ended in.
#[derive(Clone, Debug)]
pub enum Outcome {
    /// Nothing to say.
    Done,
    /// An acknowledgement.
    Produced(ProducedAck),
    /// An acknowledgement or why there is none.
    Tried(ProduceResult),
    /// An event or why there is none.
    Consumed(ConsumedResult),
    /// Events of the journal, each with whether it is own.
    Events(Vec<(Arc<ReceivedEvent>, bool)>),
    /// A verdict that passed.
    Verdict(Verdict),
    /// Events for the function of a test, and what to go on with; never none.
    Catch {
        /// To be handed back with the answers.
        fishing: Box<Fishing>,
        /// Each with whether it is own.
        events: Vec<(Arc<ReceivedEvent>, bool)>,
    },
    /// A mark.
    Mark(Mark),
    /// A coverage.
    Coverage(Coverage),
    /// What was looked at before the first event.
    Preflight(Preflight),
}

impl Outcome {
    /// Returns the outcome as a document; events without their raw bytes.
    #[must_use]
    pub fn to_json(&self) -> Value {
        match self {
            Self::Done => Value::Null,
            Self::Produced(ack) => ack.to_json(),
            Self::Tried(ProduceResult::Ack(ack)) => json!({ "ack": ack.to_json() }),
            Self::Tried(ProduceResult::Nack(error)) => json!({ "error": error.to_json() }),
            Self::Consumed(ConsumedResult::Ack(event)) => {
                json!({ "found": true, "event": event.to_json(false) })
            }
            Self::Consumed(ConsumedResult::Nack(nack)) => json!({
                "found": false, "reason": nack.reason(), "error": nack.error().map(ProbeError::to_json),
            }),
            Self::Events(events) => events.iter().map(|(event, own)| event.to_json(*own)).collect(),
            Self::Verdict(verdict) => verdict.to_json(),
            Self::Catch { fishing, .. } => json!({ "fishing": fishing.to_json() }),
            Self::Mark(mark) => mark.to_json(),
            Self::Coverage(coverage) => coverage.to_json(),
            Self::Preflight(report) => report.to_json(),
        }
    }
}
