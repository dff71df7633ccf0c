//! The verbs of a session as data, so that every binding speaks of them in one way.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};

use crate::directive::Directives;
use crate::error::{ErrorCode, ProbeError, Result};
use crate::event::{ConsumedResult, Event, ProduceResult, ProducedAck, ReceivedEvent};
use crate::matcher::{After, Mark, Match};
use crate::verdict::{Coverage, Verdict};

/// One call of a verb.
#[expect(clippy::large_enum_variant, reason = "one is made per call and moved once")]
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
    /// `add_topics`: ends in [`Outcome::Done`].
    AddTopics(Directives),
    /// `close`: ends in [`Outcome::Done`].
    Close,
}

/// An expectation: a verb with a match, a point to look from and a deadline.
#[derive(Clone, Debug, PartialEq)]
pub struct Expectation {
    /// What is expected.
    pub verb: Verb,
    /// The name of the topic.
    pub topic: String,
    /// The conditions.
    pub matching: Match,
    /// How long to wait; the configured default when absent, required for [`Verb::None`].
    pub within: Option<Duration>,
}

/// What is expected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verb {
    /// `expect_event`: one event matches.
    Event,
    /// `expect_none`: no event matches.
    None,
    /// `receive_event`, `receive_n`: the next events of the journal, each handed out once.
    Receive(usize),
}

impl Verb {
    /// Returns the verb's name in documents and failure texts.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Event => "expect_event",
            Self::None => "expect_none",
            Self::Receive(1) => "receive_event",
            Self::Receive(_) => "receive_n",
        }
    }
}

impl Expectation {
    /// Reads `{"verb", "topic", "match", "n", "after", "within_ms"}`. `after` may stand here or in `match`.
    pub fn from_json(document: &Value) -> Result<Self> {
        let invalid = |message: String| ProbeError::new(ErrorCode::InvalidArgument, message);
        let object =
            document.as_object().ok_or_else(|| invalid("an expectation was not a JSON object".to_owned()))?;
        const KEYS: [&str; 6] = ["verb", "topic", "match", "n", "after", "within_ms"];
        if let Some(key) = object.keys().find(|key| !KEYS.contains(&key.as_str())) {
            return Err(invalid(format!("`{key}` was not a key of an expectation"))
                .hint(format!("the keys are {}", KEYS.join(", "))));
        }
        let text = |key: &str| {
            object
                .get(key)
                .and_then(Value::as_str)
                .map(str::to_owned)
                .ok_or_else(|| invalid(format!("`{key}` was missing")))
        };
        let verb = match (text("verb")?.as_str(), object.get("n")) {
            ("expect_event", None) => Verb::Event,
            ("expect_none", None) => Verb::None,
            ("receive_event", None) => Verb::Receive(1),
            ("receive_n", Some(n)) => Verb::Receive(
                n.as_u64()
                    .and_then(|n| usize::try_from(n).ok())
                    .filter(|n| *n > 0)
                    .ok_or_else(|| invalid(format!("`n` was `{n}`, not a number of at least 1")))?,
            ),
            ("receive_n", None) => return Err(invalid("`n` was missing".to_owned())),
            ("expect_event" | "expect_none" | "receive_event", Some(_)) => {
                return Err(invalid("`n` goes with `receive_n`".to_owned()));
            }
            ("expect_exactly" | "expect_all_of" | "fish_for_event" | "expect_group_caught_up", _) => {
                return Err(ProbeError::new(
                    ErrorCode::Unsupported,
                    format!("verb `{}` is not in this version", text("verb")?),
                ));
            }
            (other, _) => {
                return Err(invalid(format!("`{other}` was not a verb"))
                    .hint("the verbs are expect_event, expect_none, receive_event, receive_n"));
            }
        };
        let mut matching = match object.get("match") {
            None | Some(Value::Null) => Match::new(),
            Some(document) => Match::from_json(document)?,
        };
        if let Some(after) = object.get("after") {
            matching.after = After::from_json(after)?;
        }
        let within = match object.get("within_ms") {
            None | Some(Value::Null) => None,
            Some(millis) => Some(
                millis
                    .as_f64()
                    .and_then(|millis| Duration::try_from_secs_f64(millis / 1e3).ok())
                    .ok_or_else(|| {
                        invalid(format!("`within_ms` was `{millis}`, not a number of milliseconds"))
                    })?,
            ),
        };
        Ok(Self { verb, topic: text("topic")?, matching, within })
    }
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
    /// A mark.
    Mark(Mark),
    /// A coverage.
    Coverage(Coverage),
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
            Self::Mark(mark) => mark.to_json(),
            Self::Coverage(coverage) => coverage.to_json(),
        }
    }
}
