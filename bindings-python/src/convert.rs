//! Documents and bytes in, documents and bytes out.

use std::sync::Arc;

use pyo3::prelude::*;
use pyo3::pybacked::PyBackedBytes;
use pyo3::types::{PyBytes, PyList, PyTuple};
use serde_json::{Value, json};
use test_probe::call::Raw;
use test_probe::operation::{Operation, Outcome};
use test_probe::{ConsumedResult, Headers, ReceivedEvent, Result};

/// What crosses beside a document, as it is on the wire.
pub(crate) struct Bytes {
    pub(crate) key: Option<PyBackedBytes>,
    /// The payload as it is; absent for a tombstone, and when the document has a `value`.
    pub(crate) value: Option<PyBackedBytes>,
    pub(crate) headers: Vec<(String, Option<PyBackedBytes>)>,
}

impl Bytes {
    /// Copies them for the engine.
    pub(crate) fn into_raw(self) -> Raw {
        let headers: Headers =
            self.headers.into_iter().map(|(name, value)| (name, value.as_ref().map(owned))).collect();
        Raw { key: self.key.as_ref().map(owned), value: self.value.as_ref().map(owned), headers }
    }
}

/// Reads a verb: `{"verb", "topic", ...}`.
pub(crate) fn operation_from_document(text: &str, bytes: Bytes) -> Result<Operation> {
    Operation::from_document(text, bytes.into_raw())
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
        Outcome::Catch { fishing, events } => (json!({ "fishing": fishing.to_json() }), events),
        other => (other.to_json(), Vec::new()),
    };
    answer_to_python(py, &document, &events)
}

/// Returns (document, events); an event is (document, key, value, headers).
pub(crate) fn answer_to_python<'py>(
    py: Python<'py>,
    document: &Value,
    events: &[(Arc<ReceivedEvent>, bool)],
) -> PyResult<Bound<'py, PyTuple>> {
    let list = PyList::empty(py);
    for (event, own) in events {
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

/// Copied once: the engine's threads must not drop a Python object.
fn owned(bytes: &PyBackedBytes) -> bytes::Bytes {
    bytes::Bytes::copy_from_slice(bytes)
}
