//! What the pure parts of the engine make of given data, without a cluster: the door through which each language runs
//! the vectors. It calls what the engine calls, and its answers cross as those of verbs do.
//!
//! In a build with debug assertions only: a release answers UNSUPPORTED.

use std::sync::Arc;

use serde_json::Value;

use crate::call::Raw;
use crate::error::Result;
use crate::event::{Event, ReceivedEvent};

/// What a trial came to; it crosses as the outcome of a verb does.
#[derive(Debug)]
pub struct Answer {
    /// A document; null where there are events.
    pub document: Value,
    /// Events, each with whether it is own.
    pub events: Vec<(Arc<ReceivedEvent>, bool)>,
}

/// Runs one trial.
///
/// - `{"trial": "write", "topic", ...}` with an event as `produce_event` takes it: `{"record", "id", "ceId"}`.
/// - `{"trial": "read", "topic", "record"}`: the event that the record is.
/// - `{"trial": "compare", "topic", "match", "own", ...}` with an event: `{"result", "paths", "hints"}`.
/// - `{"trial": "words", "match"}`: `{"words", "match"}`.
/// - `{"trial": "explain", "evidence"}`: fails as a verdict of that evidence does.
///
/// `topic` has the keys of a directive; the documents are those of `tests/vectors`.
///
/// # Errors
/// UNSUPPORTED in a release build, and those of what was tried.
pub fn run(document: &str, raw: Raw) -> Result<Answer> {
    imp::run(document, imp::Given::Raw(raw))
}

/// Runs one trial with an event that was read already.
///
/// # Errors
/// As [`run`].
pub fn run_with(document: &str, event: Event) -> Result<Answer> {
    imp::run(document, imp::Given::Event(event))
}

#[cfg(not(any(test, debug_assertions)))]
mod imp {
    use super::{Answer, Event, Raw, Result};
    use crate::error::{ErrorCode, ProbeError};

    #[expect(dead_code, reason = "a release tries nothing")]
    pub(super) enum Given {
        Raw(Raw),
        Event(Event),
    }

    pub(super) fn run(_document: &str, given: Given) -> Result<Answer> {
        match given {
            Given::Raw(_) | Given::Event(_) => {
                Err(ProbeError::new(ErrorCode::Unsupported, "trials are run in a debug build only"))
            }
        }
    }
}

#[cfg(any(test, debug_assertions))]
mod imp {
    use std::sync::Arc;

    use serde_json::{Map, Value, json};

    use super::{Answer, Event, Raw, ReceivedEvent, Result};
    use crate::call;
    use crate::codec::testing::{read_of, wire, wire_to_json, write_of};
    use crate::error::{ErrorCode, ProbeError};
    use crate::matcher::{Comparison, Match};
    use crate::verdict::testing::evidence;

    pub(super) enum Given {
        Raw(Raw),
        Event(Event),
    }

    pub(super) fn run(document: &str, given: Given) -> Result<Answer> {
        let mut trial: Map<String, Value> = serde_json::from_str(document).map_err(|error| {
            ProbeError::new(ErrorCode::InvalidArgument, format!("a trial did not parse: {error}"))
        })?;
        let kind = trial.get("trial").and_then(Value::as_str).unwrap_or_default().to_owned();
        let topic = trial.get("topic").cloned().unwrap_or_default();
        let matching = trial.get("match").cloned().unwrap_or_default();
        let document = match kind.as_str() {
            "write" => {
                let (record, written) = write_of(&topic, &event(&mut trial, given)?)?;
                json!({ "record": wire_to_json(&record), "id": &*written.id, "ceId": written.ce_id })
            }
            "read" => {
                let record = wire(trial.get("record").unwrap_or(&Value::Null));
                let event = read_of(&topic, &record)?;
                return Ok(Answer { document: Value::Null, events: vec![(Arc::new(event), false)] });
            }
            "compare" => {
                let own = trial.get("own") == Some(&Value::Bool(true));
                compared(&Match::from_json(&matching)?.compare(&received(&topic, &mut trial, given)?, own))
            }
            "words" => {
                let matched = Match::from_json(&matching)?;
                json!({ "words": matched.describe(), "match": matched.to_json() })
            }
            "explain" => return Err(evidence(trial.get("evidence").unwrap_or(&Value::Null)).into_error()),
            other => {
                return Err(ProbeError::new(ErrorCode::InvalidArgument, format!("`{other}` was no trial")));
            }
        };
        Ok(Answer { document, events: Vec::new() })
    }

    fn event(trial: &mut Map<String, Value>, given: Given) -> Result<Event> {
        match given {
            Given::Raw(raw) => call::event(trial, raw),
            Given::Event(event) => Ok(event),
        }
    }

    /// Sends the event round, out as a record and back.
    fn received(topic: &Value, trial: &mut Map<String, Value>, given: Given) -> Result<ReceivedEvent> {
        let (record, _) = write_of(topic, &event(trial, given)?)?;
        read_of(topic, &record)
    }

    fn compared(comparison: &Comparison) -> Value {
        match comparison {
            Comparison::Matches => json!({ "result": "matches" }),
            Comparison::Undecided => json!({ "result": "undecided" }),
            Comparison::Differs(found) => json!({
                "result": "differs",
                "paths": found.iter().map(|one| &one.path).collect::<Vec<_>>(),
                "hints": found.iter().map(|one| &one.hint).collect::<Vec<_>>(),
            }),
        }
    }
}
