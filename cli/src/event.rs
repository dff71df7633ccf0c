//! How a received event is shown.

use std::io::{self, Write};

use serde_json::{Value, json};
use test_probe::codec::rfc3339;
use test_probe::event::bytes_to_json;
use test_probe::{Decoded, ReceivedEvent};

use crate::output::{DIM, GREEN, RED};

/// What of an event is shown besides the usual.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Shown {
    /// The test id, where events of several tests are shown.
    pub(crate) test_id: bool,
    /// The headers, a line each.
    pub(crate) headers: bool,
}

/// Writes an event on one line, its headers on lines below. Everything that came from outside is JSON, so that
/// it has no control characters.
pub(crate) fn write(out: &mut impl Write, event: &ReceivedEvent, shown: Shown) -> io::Result<()> {
    write!(out, "{}[{}]@{}", event.topic, event.partition, event.offset)?;
    if let Some(timestamp) = event.timestamp {
        write!(out, "  {DIM}{}{DIM:#}", rfc3339(timestamp))?;
    }
    let envelope = &event.envelope;
    if let Some(kind) = &envelope.event_type {
        write!(out, "  {GREEN}{}{GREEN:#}", plain(kind))?;
        if let Some(version) = &envelope.version {
            write!(out, " v{}", plain(version))?;
        }
    }
    if let Some(id) = &envelope.id {
        write!(out, "  id {}", json!(id))?;
    }
    if let Some(key) = &event.raw_key {
        write!(out, "  key {}", bytes_to_json(key))?;
    }
    if shown.test_id {
        match &envelope.test_id {
            Some(test_id) => write!(out, "  test {}", json!(test_id))?,
            None => write!(out, "  no test id")?,
        }
    }
    match &event.value {
        Decoded::Null => write!(out, "  tombstone")?,
        Decoded::Json(value) => write!(out, "  {value}")?,
        Decoded::Text(text) => write!(out, "  {}", json!(text))?,
        Decoded::Bytes => write!(out, "  {}", raw(event))?,
        Decoded::Failed(error) => {
            write!(out, "  {RED}undecodable{RED:#} {}: {}", raw(event), plain(error.message()))?;
        }
    }
    writeln!(out)?;
    if shown.headers {
        for (name, value) in event.headers.iter() {
            let value = value.map_or(Value::Null, bytes_to_json);
            writeln!(out, "    {DIM}{}: {value}{DIM:#}", plain(name))?;
        }
    }
    Ok(())
}

/// Returns an event as a document: that of the libraries, and the bytes where they are all there is.
pub(crate) fn document(event: &ReceivedEvent, own: bool) -> Value {
    let mut document = event.to_json(own);
    if matches!(event.value, Decoded::Bytes | Decoded::Failed(_)) {
        document["rawValue"] = raw(event);
    }
    document
}

fn raw(event: &ReceivedEvent) -> Value {
    event.raw_value.as_deref().map_or(Value::Null, bytes_to_json)
}

/// Returns text as it is, or quoted where it holds what a terminal would obey.
fn plain(text: &str) -> String {
    if text.chars().any(char::is_control) { json!(text).to_string() } else { text.to_owned() }
}
