//! Calls as they cross a boundary: a document, and beside it bytes exactly as they are on the wire.
//! Bindings that speak in documents read them here, so that each language's calls mean the same.

use std::time::Duration;

use bytes::Bytes;
use serde_json::{Map, Value};

use crate::directive::Directives;
use crate::error::{ErrorCode, ProbeError, Result};
use crate::event::{Event, Headers, Payload};
use crate::operation::Operation;

/// What crosses beside the document of an event.
#[derive(Debug, Default)]
pub struct Raw {
    /// The key.
    pub key: Option<Bytes>,
    /// The payload as it is; absent for a tombstone, and when the document has a `value` or a `text`.
    pub value: Option<Bytes>,
    /// The headers in their order.
    pub headers: Headers,
}

/// What opens a session: `{"directives", "testId"}`.
#[derive(Debug)]
pub struct Opening {
    /// The topics.
    pub directives: Directives,
    /// The test id; a fresh one when absent.
    pub test_id: Option<String>,
}

impl Opening {
    /// Reads the document; `directives` are YAML text, or data. Errors: INVALID_ARGUMENT, and those of
    /// the directives.
    pub fn from_document(text: &str) -> Result<Self> {
        let document = parse(text)?;
        let test_id = optional_text(&document, "testId")?;
        Ok(Self { directives: directives(&document)?, test_id })
    }
}

impl Operation {
    /// Reads a verb: `{"verb", "topic", ...}`. Errors: INVALID_ARGUMENT, UNSUPPORTED, and those of directives.
    pub fn from_document(text: &str, raw: Raw) -> Result<Self> {
        let mut document = parse(text)?;
        let topic = |document: &Map<String, Value>| text_of(document, "topic");
        Ok(match text_of(&document, "verb")?.as_str() {
            "produce_event" => Self::Produce {
                topic: topic(&document)?,
                timeout: timeout(&document)?,
                event: Box::new(event(&mut document, raw)?),
            },
            "try_produce_event" => Self::TryProduce {
                topic: topic(&document)?,
                timeout: timeout(&document)?,
                event: Box::new(event(&mut document, raw)?),
            },
            "fetch_consumed_event" => Self::Fetch { topic: topic(&document)?, id: text_of(&document, "id")? },
            "fetch_consumed_events" => {
                Self::FetchAll { topic: topic(&document)?, id: text_of(&document, "id")? }
            }
            "mark" => Self::Mark,
            "preflight" => Self::Preflight,
            "journal" => Self::Journal { topic: topic(&document)? },
            "coverage" => Self::Coverage { topic: topic(&document)? },
            "add_topics" => Self::AddTopics(directives(&document)?),
            "close" => Self::Close,
            _ => Self::expectation(&Value::Object(document))?,
        })
    }
}

/// Reads an event: its fields, and as its payload `value` (data), `text` (as it is spelled), or the bytes beside it.
pub(crate) fn event(document: &mut Map<String, Value>, raw: Raw) -> Result<Event> {
    let payload = match (document.remove("value"), optional_text(document, "text")?, raw.value) {
        (Some(value), ..) => Payload::Json(value),
        (None, Some(text), _) => Payload::Text(text),
        (None, None, Some(bytes)) => Payload::Raw(bytes),
        (None, None, None) => Payload::Null,
    };
    Ok(Event {
        id: optional_text(document, "id")?,
        event_type: optional_text(document, "type")?,
        version: optional_text(document, "version")?,
        key: raw.key,
        headers: raw.headers,
        payload,
        partition: optional_integer(document, "partition")?
            .map(|number| {
                i32::try_from(number).map_err(|_| wrong("partition", &number.into(), "a partition"))
            })
            .transpose()?,
        timestamp: optional_integer(document, "timestamp")?,
    })
}

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

/// Reads a text that crossed a boundary as JSON; `what` is how an error calls it.
pub fn json(text: &str, what: &str) -> Result<Value> {
    serde_json::from_str(text)
        .map_err(|error| ProbeError::new(ErrorCode::InvalidArgument, format!("{what} was not JSON: {error}")))
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

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_event_is_read_from_its_document_and_its_bytes() {
        let text = json!({"verb": "produce_event", "topic": "orders", "id": "e", "partition": 2}).to_string();
        let raw = Raw { key: Some(Bytes::from_static(b"k")), ..Raw::default() };
        let Ok(Operation::Produce { event, .. }) = Operation::from_document(&text, raw) else {
            panic!("not an event")
        };
        assert_eq!(
            (event.id.as_deref(), event.key.as_deref(), event.partition),
            (Some("e"), Some(&b"k"[..]), Some(2))
        );
        assert_eq!(event.payload, Payload::Null);
    }

    #[test]
    fn what_is_missing_or_of_another_kind_is_named() {
        for (text, message) in [
            (r#"{"verb": "journal"}"#, "`topic` was missing"),
            (r#"{"verb": "journal", "topic": 5}"#, "`topic` was `5`, not a text"),
            (
                r#"{"verb": "produce_event", "topic": "a", "partition": 4294967296}"#,
                "`partition` was `4294967296`, not a partition",
            ),
        ] {
            let error = Operation::from_document(text, Raw::default()).expect_err("an error");
            assert_eq!((error.code(), error.message()), (ErrorCode::InvalidArgument, message));
        }
    }
}
