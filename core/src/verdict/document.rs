//! Verdicts and their proof as documents.

use serde_json::{Map, Value, json};

use super::{Coverage, Doubt, Finding, Funnel, Verdict};
use crate::event::ReceivedEvent;

impl Verdict {
    /// Returns the verdict as a document: `{events, coverage, warnings: [{code, message}]}`.
    #[must_use]
    pub fn to_json(&self) -> Value {
        let own = self.own.iter().copied().chain(std::iter::repeat(false));
        json!({
            "events": self.events.iter().zip(own).map(|(event, own)| event.to_json(own)).collect::<Vec<_>>(),
            "coverage": self.coverage.to_json(),
            "warnings": self.warnings.iter()
                .map(|warning| json!({ "code": warning.code, "message": warning.message }))
                .collect::<Vec<_>>(),
        })
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
    /// Returns the finding as a document: `{"kind": "missing" | "unexpected" | "doubtful", ...}`.
    /// `own` of a forbidden event is there when it is known.
    pub(super) fn to_json(&self, own: Option<bool>) -> Value {
        match self {
            Self::Missing { wanted, found } => json!({ "kind": "missing", "wanted": wanted, "found": found }),
            Self::Unexpected(event) => json!({ "kind": "unexpected", "event": event_to_json(event, own) }),
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
