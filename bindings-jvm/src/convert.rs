//! Documents and bytes in, documents and bytes out.

use std::sync::Arc;

use bytes::Bytes;
use jni::Env;
use jni::objects::JByteArray;
use serde_json::{Value, json};
use test_probe::call::Raw;
use test_probe::operation::Outcome;
use test_probe::{ConsumedResult, ErrorCode, Headers, ProbeError, ReceivedEvent};

use crate::error::Failure;
use crate::frame::{Reader, Writer};

/// Copies an array; `None` for null.
pub(crate) fn optional_bytes(env: &Env<'_>, array: &JByteArray<'_>) -> Result<Option<Bytes>, Failure> {
    if array.is_null() {
        return Ok(None);
    }
    Ok(Some(env.convert_byte_array(array)?.into()))
}

/// Reads UTF-8; `None` for null.
pub(crate) fn optional_text(env: &Env<'_>, array: &JByteArray<'_>) -> Result<Option<String>, Failure> {
    let Some(bytes) = optional_bytes(env, array)? else { return Ok(None) };
    let text = String::from_utf8(bytes.into());
    Ok(Some(text.map_err(|_| ProbeError::new(ErrorCode::InvalidArgument, "a text was not UTF-8"))?))
}

/// Reads UTF-8.
pub(crate) fn text(env: &Env<'_>, array: &JByteArray<'_>) -> Result<String, Failure> {
    let missing = || ProbeError::new(ErrorCode::InvalidArgument, "a text was null");
    Ok(optional_text(env, array)?.ok_or_else(missing)?)
}

/// Reads what crosses beside the document of an event; headers are a frame of names and values.
pub(crate) fn raw(
    env: &Env<'_>,
    key: &JByteArray<'_>,
    value: &JByteArray<'_>,
    headers: &JByteArray<'_>,
) -> Result<Raw, Failure> {
    let mut frame = Reader::new(optional_bytes(env, headers)?.unwrap_or_default());
    let mut pairs = Vec::new();
    while !frame.is_empty() {
        pairs.push((frame.text()?, frame.optional()?));
    }
    let headers: Headers = pairs.into_iter().collect();
    Ok(Raw { key: optional_bytes(env, key)?, value: optional_bytes(env, value)?, headers })
}

/// Writes `document, count, events`; an event is `document, key, value, count, (name, value)...`.
pub(crate) fn write_outcome(frame: &mut Writer, session: &test_probe::Session, outcome: Outcome) {
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
    write_answer(frame, &document, &events);
}

/// Writes `document, count, events`.
pub(crate) fn write_answer(frame: &mut Writer, document: &Value, events: &[(Arc<ReceivedEvent>, bool)]) {
    frame.bytes(document.to_string().as_bytes());
    frame.count(events.len());
    for (event, own) in events {
        write_event(frame, event, *own);
    }
}

fn write_event(frame: &mut Writer, event: &Arc<ReceivedEvent>, own: bool) {
    let mut document = event.to_json(own);
    if let Some(fields) = document.as_object_mut() {
        fields.remove("headers"); // they cross as bytes
    }
    frame.bytes(document.to_string().as_bytes());
    frame.optional(event.raw_key.as_deref());
    frame.optional(event.raw_value.as_deref());
    frame.count(event.headers.iter().count());
    for (name, value) in event.headers.iter() {
        frame.bytes(name.as_bytes());
        frame.optional(value);
    }
}
