//! A delivery as a document.

use serde_json::{Value, json};

use super::{Anomalies, Delivered, DeliveryReport, Fate, Kind, Place};
use crate::verdict::Verified;

impl Verified {
    /// Returns what was asked for as a document: `{"checks", "output", "match"}`.
    #[must_use]
    pub fn to_json(&self) -> Value {
        let checks: Vec<&str> = self.checks.iter().map(|check| check.name()).collect();
        json!({ "checks": checks, "output": self.output.as_deref(), "match": self.matching.to_json() })
    }
}

impl DeliveryReport {
    /// Returns the report as a document: `{"sent", "acknowledged", "unknown", "refused", "seen", "awaited",
    /// "ambiguous", "lost", "duplicated", "outOfOrder", "unexpected"}`, the last four as
    /// `{"count", "examples": [{"id", "key", "term", "delivery", "sent", "seen", "behind"}]}`.
    #[must_use]
    pub fn to_json(&self) -> Value {
        json!({
            "sent": self.sent, "acknowledged": self.acknowledged, "unknown": self.unknown,
            "refused": self.refused, "seen": self.seen, "awaited": self.awaited, "ambiguous": self.ambiguous,
            "lost": anomalies(&self.lost, Kind::Lost),
            "duplicated": anomalies(&self.duplicated, Kind::Duplicated),
            "outOfOrder": anomalies(&self.out_of_order, Kind::OutOfOrder),
            "unexpected": anomalies(&self.unexpected, Kind::Unexpected),
        })
    }
}

fn anomalies(anomalies: &Anomalies, kind: Kind) -> Value {
    let examples: Vec<Value> = anomalies.examples.iter().map(|example| delivered(example, kind)).collect();
    json!({ "count": anomalies.count, "examples": examples })
}

fn delivered(event: &Delivered, kind: Kind) -> Value {
    let delivery = event.fate.map(|fate| match fate {
        Fate::Acknowledged(_) => "acknowledged",
        Fate::Unknown => "unknown",
        Fate::Refused(code) => code.name(),
    });
    json!({
        "id": event.id, "key": event.key, "term": event.term(kind), "delivery": delivery,
        "sent": event.fate.and_then(Fate::place).map(place),
        "seen": event.seen.iter().copied().map(place).collect::<Vec<_>>(),
        "behind": event.behind.as_ref().map(|behind| delivered_behind(behind, event.same_key)),
    })
}

fn delivered_behind(event: &Delivered, same_key: bool) -> Value {
    json!({
        "id": event.id, "key": event.key, "sameKey": same_key,
        "sent": event.fate.and_then(Fate::place).map(place),
        "seen": event.seen.iter().copied().map(place).collect::<Vec<_>>(),
    })
}

fn place(at: Place) -> Value {
    json!({ "partition": at.partition, "offset": at.offset })
}
