//! Verdicts and their proof as documents.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::{Map, Value, json};

use super::{Coverage, Doubt, Expected, Finding, Funnel, Lag, Verdict};
use crate::event::ReceivedEvent;

impl Verdict {
    /// Returns the verdict as a document: `{events, coverage, otherTopics, warnings: [{code, message}]}`, and of
    /// `verify_delivery` its report under `delivery`.
    #[must_use]
    pub fn to_json(&self) -> Value {
        let own = self.own.iter().copied().chain(std::iter::repeat(false));
        let mut document = json!({
            "events": self.events.iter().zip(own).map(|(event, own)| event.to_json(own)).collect::<Vec<_>>(),
            "coverage": self.coverage.to_json(),
            "otherTopics": coverages(&self.other_topics),
            "warnings": self.warnings.iter()
                .map(|warning| json!({ "code": warning.code, "message": warning.message }))
                .collect::<Vec<_>>(),
        });
        if let Some(report) = &self.delivery {
            document["delivery"] = report.to_json();
        }
        document
    }
}

/// Returns the coverage of several topics, by their names.
pub(super) fn coverages(topics: &BTreeMap<Arc<str>, Coverage>) -> Value {
    topics.iter().map(|(topic, coverage)| (topic.to_string(), coverage.to_json())).collect()
}

impl Expected {
    /// Returns what was expected as a document: a match, `{"order", "matches": [{..., "topic"}]}`,
    /// `{"group", "hint"}`, or `{"checks", "output", "match"}`.
    #[must_use]
    pub fn to_json(&self) -> Value {
        match self {
            Self::Match(matching) => matching.to_json(),
            Self::AllOf(order, rows) => {
                let matches: Vec<Value> = rows
                    .iter()
                    .map(|row| {
                        let mut document = row.matching.to_json();
                        document["topic"] = json!(&*row.topic);
                        document
                    })
                    .collect();
                json!({ "order": order.name(), "matches": matches })
            }
            Self::CaughtUp { group, hint } => json!({ "group": group, "hint": hint }),
            Self::Delivery(verified) => verified.to_json(),
        }
    }
}

impl Lag {
    /// Returns the lag as a document; `committed` is null when nothing was.
    #[must_use]
    pub fn to_json(&self) -> Value {
        let lag = self.end - self.committed.unwrap_or(0).min(self.end);
        json!({ "partition": self.partition, "committed": self.committed, "end": self.end, "lag": lag })
    }
}

impl Coverage {
    /// Returns the coverage as a document:
    /// `{"topicId": ..., "partitions": {"0": {"from": 0, "next": 12, "end": 12}}}`.
    #[must_use]
    pub fn to_json(&self) -> Value {
        let partitions: Map<String, Value> = self
            .partitions
            .iter()
            .map(|(partition, read)| {
                (partition.to_string(), json!({ "from": read.from, "next": read.next, "end": read.end }))
            })
            .collect();
        json!({ "topicId": self.topic_id, "partitions": partitions })
    }
}

impl Funnel {
    /// Returns the funnel as a document; `stages` is a list of pairs in the order in which a match looks.
    #[must_use]
    pub fn to_json(&self) -> Value {
        json!({
            "seen": self.seen, "otherTests": self.other_tests, "unattributed": self.unattributed,
            "stages": self.stages, "matched": self.matched,
        })
    }
}

impl Finding {
    /// Returns the finding as a document: `{"kind": "missing" | "unexpected" | "count" | "unserved" |
    /// "wrong order" | "not caught" | "refused" | "lagging" | "misdelivered" | "doubtful", ...}`. `own` of a forbidden
    /// event is there when it is known.
    pub(super) fn to_json(&self, own: Option<bool>) -> Value {
        match self {
            Self::Missing { wanted, found } => json!({ "kind": "missing", "wanted": wanted, "found": found }),
            Self::Unexpected(event) => json!({ "kind": "unexpected", "event": event_to_json(event, own) }),
            Self::Count { wanted, found, extra } => {
                let mut document = json!({ "kind": "count", "wanted": wanted, "found": found });
                if let Some(event) = extra {
                    document["event"] = event_to_json(event, own);
                }
                document
            }
            Self::Unserved => json!({ "kind": "unserved" }),
            Self::WrongOrder { until } => json!({ "kind": "wrong order", "until": until }),
            Self::NotCaught { shown, collected } => {
                json!({ "kind": "not caught", "shown": shown, "collected": collected })
            }
            Self::Refused { event, text } => {
                json!({ "kind": "refused", "event": event_to_json(event, own), "text": text })
            }
            Self::Lagging(partitions) => {
                let partitions: Vec<Value> = partitions.iter().map(Lag::to_json).collect();
                json!({ "kind": "lagging", "partitions": partitions })
            }
            Self::Misdelivered(worst) => json!({ "kind": "misdelivered", "worst": worst.name() }),
            Self::Doubtful(doubt) => {
                let mut document = json!({ "kind": "doubtful", "doubt": doubt.code().name() });
                match doubt {
                    Doubt::NotCovered { partition, why } | Doubt::ReadGap { partition, why } => {
                        document["partition"] = json!(partition);
                        document["why"] = json!(why);
                    }
                    Doubt::Undecodable(event) | Doubt::NotAttributable(event) => {
                        document["event"] = event_to_json(event, None);
                    }
                    Doubt::Unanswered { why } => document["why"] = json!(why),
                    Doubt::TooManyUnattributed { dropped } => document["dropped"] = json!(dropped),
                }
                document
            }
        }
    }
}

/// Returns an event as a document, without `own` when nobody knows.
fn event_to_json(event: &ReceivedEvent, own: Option<bool>) -> Value {
    let mut document = event.to_json(own.unwrap_or_default());
    if let (None, Some(members)) = (own, document.as_object_mut()) {
        members.remove("own");
    }
    document
}
