//! Documents and bytes in, documents and bytes out.

use std::sync::Arc;
use std::time::Duration;

use pyo3::prelude::*;
use pyo3::pybacked::PyBackedBytes;
use pyo3::types::{PyBytes, PyList, PyTuple};
use serde_json::{Map, Value, json};
use test_probe::operation::{Expectation, Operation, Outcome};
use test_probe::{
    ConsumedResult, Directives, ErrorCode, Event, Headers, Payload, ProbeError, ReceivedEvent, Result,
};

/// What crosses beside a document, as it is on the wire.
pub(crate) struct Bytes {
    pub(crate) key: Option<PyBackedBytes>,
    /// The payload as it is; absent for a tombstone, and when the document has a `value`.
    pub(crate) value: Option<PyBackedBytes>,
    pub(crate) headers: Vec<(String, Option<PyBackedBytes>)>,
}

/// What opens a session: `{"directives", "testId"}`.
pub(crate) struct Opening {
    pub(crate) directives: Directives,
    pub(crate) test_id: Option<String>,
}

impl Opening {
    pub(crate) fn from_document(text: &str) -> Result<Self> {
        let document = parse(text)?;
        let test_id = optional_text(&document, "testId")?;
        Ok(Self { directives: directives(&document)?, test_id })
    }
}

/// Reads a verb: `{"verb", "topic", ...}`.
pub(crate) fn operation_from_document(text: &str, bytes: Bytes) -> Result<Operation> {
    let mut document = parse(text)?;
    let topic = |document: &Map<String, Value>| text_of(document, "topic");
    Ok(match text_of(&document, "verb")?.as_str() {
        "produce_event" => Operation::Produce {
            topic: topic(&document)?,
            timeout: timeout(&document)?,
            event: Box::new(event(&mut document, bytes)?),
        },
        "try_produce_event" => Operation::TryProduce {
            topic: topic(&document)?,
            timeout: timeout(&document)?,
            event: Box::new(event(&mut document, bytes)?),
        },
        "fetch_consumed_event" => {
            Operation::Fetch { topic: topic(&document)?, id: text_of(&document, "id")? }
        }
        "fetch_consumed_events" => {
            Operation::FetchAll { topic: topic(&document)?, id: text_of(&document, "id")? }
        }
        "mark" => Operation::Mark,
        "journal" => Operation::Journal { topic: topic(&document)? },
        "coverage" => Operation::Coverage { topic: topic(&document)? },
        "add_topics" => Operation::AddTopics(directives(&document)?),
        "close" => Operation::Close,
        _ => Operation::Expect(Expectation::from_json(&Value::Object(document))?),
    })
}

/// Returns (document, events); an event is (document, key, value, headers).
pub(crate) fn outcome_to_python<'py>(
    py: Python<'py>,
    session: &test_probe::Session,
    outcome: Outcome,
) -> PyResult<Bound<'py, PyTuple>> {
    let (document, events) = match outcome {
        Outcome::Events(events) => (Value::Null, events),
        Outcome::Consumed(ConsumedResult::Ack(event)) => {
            let own = session.is_own(&event);
            (json!({ "found": true }), vec![(event, own)])
        }
        Outcome::Verdict(mut verdict) => {
            let own = std::mem::take(&mut verdict.own);
            let events = std::mem::take(&mut verdict.events).into_iter().zip(own).collect();
            (verdict.to_json(), events)
        }
        other => (other.to_json(), Vec::new()),
    };
    let list = PyList::empty(py);
    for (event, own) in &events {
        list.append(event_to_python(py, event, *own)?)?;
    }
    (document.to_string(), list).into_pyobject(py)
}

fn event_to_python<'py>(
    py: Python<'py>,
    event: &Arc<ReceivedEvent>,
    own: bool,
) -> PyResult<Bound<'py, PyTuple>> {
    let mut document = event.to_json(own);
    if let Some(fields) = document.as_object_mut() {
        fields.remove("headers"); // they cross as bytes
    }
    let headers = PyList::empty(py);
    for (name, value) in event.headers.iter() {
        headers.append((name, value.map(|value| PyBytes::new(py, value))))?;
    }
    let key = event.raw_key.as_deref().map(|key| PyBytes::new(py, key));
    let value = event.raw_value.as_deref().map(|value| PyBytes::new(py, value));
    (document.to_string(), key, value, headers).into_pyobject(py)
}

fn event(document: &mut Map<String, Value>, bytes: Bytes) -> Result<Event> {
    let payload = match (document.remove("value"), bytes.value) {
        (Some(value), _) => Payload::Json(value),
        (None, Some(raw)) => Payload::Raw(owned(&raw)),
        (None, None) => Payload::Null,
    };
    let headers: Headers =
        bytes.headers.into_iter().map(|(name, value)| (name, value.as_ref().map(owned))).collect();
    Ok(Event {
        id: optional_text(document, "id")?,
        event_type: optional_text(document, "type")?,
        version: optional_text(document, "version")?,
        key: bytes.key.as_ref().map(owned),
        headers,
        payload,
        partition: optional_integer(document, "partition")?
            .map(|number| {
                i32::try_from(number).map_err(|_| wrong("partition", &number.into(), "a partition"))
            })
            .transpose()?,
        timestamp: optional_integer(document, "timestamp")?,
    })
}

/// Copied once: the engine's threads must not drop a Python object.
fn owned(bytes: &PyBackedBytes) -> bytes::Bytes {
    bytes::Bytes::copy_from_slice(bytes)
}

/// Directives are YAML text, or data.
fn directives(document: &Map<String, Value>) -> Result<Directives> {
    match document.get("directives") {
        Some(Value::String(yaml)) => Directives::from_yaml(yaml),
        Some(data) => Directives::from_json(data),
        None => Err(missing("directives")),
    }
}

fn timeout(document: &Map<String, Value>) -> Result<Option<Duration>> {
    let Some(value) = present(document, "timeout_ms") else { return Ok(None) };
    value
        .as_f64()
        .and_then(|millis| Duration::try_from_secs_f64(millis / 1e3).ok())
        .map(Some)
        .ok_or_else(|| wrong("timeout_ms", value, "a number of milliseconds"))
}

fn parse(text: &str) -> Result<Map<String, Value>> {
    match serde_json::from_str(text) {
        Ok(Value::Object(document)) => Ok(document),
        Ok(_) => Err(ProbeError::new(ErrorCode::Internal, "a document was not a JSON object")),
        Err(error) => {
            Err(ProbeError::new(ErrorCode::InvalidArgument, format!("a document did not parse: {error}")))
        }
    }
}

fn present<'a>(document: &'a Map<String, Value>, key: &str) -> Option<&'a Value> {
    document.get(key).filter(|value| !value.is_null())
}

fn text_of(document: &Map<String, Value>, key: &str) -> Result<String> {
    optional_text(document, key)?.ok_or_else(|| missing(key))
}

fn optional_text(document: &Map<String, Value>, key: &str) -> Result<Option<String>> {
    present(document, key)
        .map(|value| value.as_str().map(str::to_owned).ok_or_else(|| wrong(key, value, "a text")))
        .transpose()
}

fn optional_integer(document: &Map<String, Value>, key: &str) -> Result<Option<i64>> {
    present(document, key)
        .map(|value| value.as_i64().ok_or_else(|| wrong(key, value, "a 64-bit integer")))
        .transpose()
}

fn missing(key: &str) -> ProbeError {
    ProbeError::new(ErrorCode::InvalidArgument, format!("`{key}` was missing"))
}

fn wrong(key: &str, value: &Value, wanted: &str) -> ProbeError {
    ProbeError::new(ErrorCode::InvalidArgument, format!("`{key}` was `{value}`, not {wanted}"))
}
