//! Reports of the vector file, for tests and trials.

use serde_json::Value;

use super::{Anomalies, Delivered, DeliveryReport, Fate, Place};
use crate::error::ErrorCode;

/// As [`DeliveryReport::to_json`] writes it.
pub(crate) fn report(document: &Value) -> DeliveryReport {
    let number = |name: &str| document[name].as_u64().unwrap_or_default();
    DeliveryReport {
        sent: number("sent"),
        acknowledged: number("acknowledged"),
        unknown: number("unknown"),
        refused: number("refused"),
        seen: number("seen"),
        awaited: number("awaited"),
        ambiguous: number("ambiguous"),
        lost: anomalies(&document["lost"]),
        duplicated: anomalies(&document["duplicated"]),
        out_of_order: anomalies(&document["outOfOrder"]),
        unexpected: anomalies(&document["unexpected"]),
    }
}

fn anomalies(document: &Value) -> Anomalies {
    let examples = document["examples"].as_array().into_iter().flatten().map(delivered);
    Anomalies { count: document["count"].as_u64().unwrap_or_default(), examples: examples.collect() }
}

fn delivered(document: &Value) -> Delivered {
    let text = |name: &str| document[name].as_str().map(str::to_owned);
    let fate = match document["delivery"].as_str() {
        None if document["sent"].is_null() => None,
        None | Some("acknowledged") => Some(Fate::Acknowledged(place(&document["sent"]))),
        Some("unknown") => Some(Fate::Unknown),
        Some(name) => {
            Some(Fate::Refused(ErrorCode::ALL.iter().copied().find(|code| code.name() == name).unwrap()))
        }
    };
    let behind = &document["behind"];
    Delivered {
        id: text("id"),
        key: text("key"),
        fate,
        seen: document["seen"].as_array().into_iter().flatten().map(place).collect(),
        behind: behind.is_object().then(|| Box::new(delivered(behind))),
        same_key: behind["sameKey"] == true,
        replaced: document["term"] == "inconsistent offsets",
    }
}

fn place(document: &Value) -> Place {
    Place {
        partition: document["partition"].as_i64().unwrap().try_into().unwrap(),
        offset: document["offset"].as_i64().unwrap(),
    }
}
