//! What tests send and get back: events, acknowledgements, received events.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use serde_json::{Value, json};

use crate::error::ProbeError;
use crate::lazy::LazyValue;

/// Headers in the order of the wire. A name may repeat; a value may be null.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Headers(Vec<(String, Option<Bytes>)>);

impl Headers {
    /// Returns the first value under exactly this name: `None` when there is no such header,
    /// `Some(None)` when its value is null.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<Option<&[u8]>> {
        self.0.iter().find(|(n, _)| n == name).map(|(_, v)| v.as_deref())
    }

    /// Returns every value under exactly this name, in order.
    pub fn get_all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = Option<&'a [u8]>> {
        self.0.iter().filter(move |(n, _)| n == name).map(|(_, v)| v.as_deref())
    }

    /// Returns the first value under this name as text, if it is there, not null and UTF-8.
    #[must_use]
    pub fn text(&self, name: &str) -> Option<&str> {
        self.get(name).flatten().and_then(|bytes| std::str::from_utf8(bytes).ok())
    }

    /// Adds a header at the end.
    pub fn push(&mut self, name: impl Into<String>, value: Option<Bytes>) {
        self.0.push((name.into(), value));
    }

    /// Returns the headers in order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, Option<&[u8]>)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value.as_deref()))
    }

    /// Returns how many headers there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Returns whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Returns the headers as they go to the wire.
    #[must_use]
    pub fn into_pairs(self) -> Vec<(String, Option<Bytes>)> {
        self.0
    }
}

impl FromIterator<(String, Option<Bytes>)> for Headers {
    fn from_iter<I: IntoIterator<Item = (String, Option<Bytes>)>>(pairs: I) -> Self {
        Self(pairs.into_iter().collect())
    }
}

/// What an event carries, before it is written in the topic's format.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Payload {
    /// A tombstone: a record with a null value.
    #[default]
    Null,
    /// JSON-like data; written as the topic's format says.
    Json(Value),
    /// Text; for formats `string` and `json` (where it must parse).
    Text(String),
    /// Bytes that go to the wire as they are, whatever the format.
    Raw(Bytes),
}

impl Payload {
    /// Returns whether a schema is asked to write it: what goes out as it is, and what is not there, needs none.
    #[must_use]
    pub fn needs_schema(&self) -> bool {
        matches!(self, Self::Json(_) | Self::Text(_))
    }

    /// Returns what a schema is asked to write; `None` for a tombstone and for bytes, which go out as they are.
    #[must_use]
    pub fn document(&self) -> Option<Value> {
        match self {
            Self::Json(value) => Some(value.clone()),
            Self::Text(text) => Some(document(text)),
            Self::Null | Self::Raw(_) => None,
        }
    }
}

/// Returns the document that text stands for where a schema tells what is meant: JSON, else the text itself.
pub(crate) fn document(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|_| Value::String(text.to_owned()))
}

/// An event to produce.
///
/// ```
/// use test_probe::Event;
/// let event = Event::new("OrderCreated").version("1").id("evt-1").key("o-1")
///     .json(serde_json::json!({"total": 5}));
/// assert_eq!(event.id.as_deref(), Some("evt-1"));
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Event {
    /// The name by which the test calls it; travels as correlation id. A fresh one when absent.
    pub id: Option<String>,
    /// The event type (`ce_type`).
    pub event_type: Option<String>,
    /// The payload version (`ce_payloadversion`).
    pub version: Option<String>,
    /// The record key.
    pub key: Option<Bytes>,
    /// Headers besides the envelope's, in order.
    pub headers: Headers,
    /// The value.
    pub payload: Payload,
    /// The partition; by key, or any, when absent.
    pub partition: Option<i32>,
    /// Milliseconds since the epoch; now when absent.
    pub timestamp: Option<i64>,
}

impl Event {
    /// Makes an event of a type.
    #[must_use]
    pub fn new(event_type: impl Into<String>) -> Self {
        Self { event_type: Some(event_type.into()), ..Self::default() }
    }

    /// Returns how people call it: its id, else its type.
    #[must_use]
    pub fn name(&self) -> Option<&str> {
        self.id.as_deref().or(self.event_type.as_deref())
    }

    /// Sets the id.
    #[must_use]
    pub fn id(mut self, id: impl Into<String>) -> Self {
        self.id = Some(id.into());
        self
    }

    /// Sets the payload version.
    #[must_use]
    pub fn version(mut self, version: impl Into<String>) -> Self {
        self.version = Some(version.into());
        self
    }

    /// Sets the key.
    #[must_use]
    pub fn key(mut self, key: impl Into<Bytes>) -> Self {
        self.key = Some(key.into());
        self
    }

    /// Adds a header.
    #[must_use]
    pub fn header(mut self, name: impl Into<String>, value: impl Into<Bytes>) -> Self {
        self.headers.push(name, Some(value.into()));
        self
    }

    /// Adds a header whose value is null.
    #[must_use]
    pub fn null_header(mut self, name: impl Into<String>) -> Self {
        self.headers.push(name, None);
        self
    }

    /// Sets the value as JSON-like data.
    #[must_use]
    pub fn json(mut self, value: Value) -> Self {
        self.payload = Payload::Json(value);
        self
    }

    /// Sets the value as text.
    #[must_use]
    pub fn text(mut self, value: impl Into<String>) -> Self {
        self.payload = Payload::Text(value.into());
        self
    }

    /// Sets the value as the bytes of the wire.
    #[must_use]
    pub fn raw(mut self, value: impl Into<Bytes>) -> Self {
        self.payload = Payload::Raw(value.into());
        self
    }

    /// Chooses the partition.
    #[must_use]
    pub fn partition(mut self, partition: i32) -> Self {
        self.partition = Some(partition);
        self
    }

    /// Chooses the timestamp, milliseconds since the epoch.
    #[must_use]
    pub fn timestamp(mut self, millis: i64) -> Self {
        self.timestamp = Some(millis);
        self
    }
}

/// A broker's acknowledgement of one event.
#[derive(Clone, Debug, PartialEq)]
pub struct ProducedAck {
    /// The name of the topic in the session's directives.
    pub topic: Arc<str>,
    /// The partition.
    pub partition: i32,
    /// The offset.
    pub offset: i64,
    /// Milliseconds since the epoch.
    pub timestamp: i64,
    /// From the call to the acknowledgement.
    pub latency: Duration,
    /// The id the event went out with.
    pub id: Arc<str>,
}

impl ProducedAck {
    /// Returns the acknowledgement as a document; `latencyMs` is a number with fractions.
    #[must_use]
    pub fn to_json(&self) -> Value {
        json!({
            "topic": &*self.topic, "partition": self.partition, "offset": self.offset,
            "timestamp": self.timestamp, "latencyMs": self.latency.as_secs_f64() * 1e3, "id": &*self.id,
        })
    }
}

/// The answer of `try_produce_event` and of the static DSL.
#[derive(Clone, Debug, PartialEq)]
pub enum ProduceResult {
    /// The broker acknowledged it (the seeds' ProducingSuccess).
    Ack(ProducedAck),
    /// It was not acknowledged, and why (the seeds' ProducingFailed).
    Nack(ProbeError),
}

/// The answer of `fetch_consumed_event`.
#[derive(Clone, Debug)]
pub enum ConsumedResult {
    /// The first event of that id in journal order.
    Ack(Arc<ReceivedEvent>),
    /// There is none to hand out.
    Nack(ConsumedNack),
}

/// Why there is no consumed event to hand out.
#[derive(Clone, Debug, PartialEq)]
pub enum ConsumedNack {
    /// No record of that id was seen.
    NotSeenYet,
    /// A record of that id was seen and could not be decoded.
    Undecodable(ProbeError),
    /// A record of that id was seen and an eventFilter keeps it out.
    FilteredOut,
    /// The worker that would have seen it failed.
    WorkerFailed(ProbeError),
}

impl ConsumedNack {
    /// Returns the reason as one stable word.
    #[must_use]
    pub fn reason(&self) -> &'static str {
        match self {
            Self::NotSeenYet => "not seen yet",
            Self::Undecodable(_) => "seen but undecodable",
            Self::FilteredOut => "seen but filtered out",
            Self::WorkerFailed(_) => "worker failed",
        }
    }

    /// Returns the error behind the reason, where there is one.
    #[must_use]
    pub fn error(&self) -> Option<&ProbeError> {
        match self {
            Self::Undecodable(error) | Self::WorkerFailed(error) => Some(error),
            Self::NotSeenYet | Self::FilteredOut => None,
        }
    }
}

/// A value that was read in the topic's format.
#[derive(Clone, Debug, PartialEq)]
pub enum Decoded {
    /// A tombstone.
    Null,
    /// JSON-like data.
    Json(LazyValue),
    /// Text.
    Text(String),
    /// Bytes of format `bytes`; they are the record's raw value.
    Bytes,
    /// It could not be read.
    Failed(ProbeError),
}

/// The envelope fields that were found in a record.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Envelope {
    /// Whose event it is.
    pub test_id: Option<String>,
    /// The eventTestId.
    pub id: Option<String>,
    /// The event type.
    pub event_type: Option<String>,
    /// The payload version.
    pub version: Option<String>,
}

/// A record of the log, copied out once, with what was read from it.
#[derive(Clone, Debug, PartialEq)]
pub struct ReceivedEvent {
    /// The name of the topic in the session's directives.
    pub topic: Arc<str>,
    /// The partition.
    pub partition: i32,
    /// The offset.
    pub offset: i64,
    /// Milliseconds since the epoch; `None` when the record has none.
    pub timestamp: Option<i64>,
    /// Whether the broker set the timestamp.
    pub log_append_time: bool,
    /// The raw key.
    pub raw_key: Option<Bytes>,
    /// The raw value.
    pub raw_value: Option<Bytes>,
    /// The headers in order.
    pub headers: Headers,
    /// What the envelope says.
    pub envelope: Envelope,
    /// The value in the topic's format.
    pub value: Decoded,
    /// The key as text: under keyFormat string when it is UTF-8; under a format with a schema what was
    /// decoded, as JSON where it is no string.
    pub key_text: Option<String>,
    /// Whether a schema that key or value need had not come when this was read. Until it does the event counts as
    /// undecodable; then it is read anew.
    pub awaits_schema: bool,
    /// How often the topic had been created anew when this was read; offsets compare only within one.
    pub generation: u32,
}

impl ReceivedEvent {
    /// Returns the key as tests speak of it: what was decoded, else the bytes of the wire.
    #[must_use]
    pub fn shown_key(&self) -> Option<&[u8]> {
        self.key_text.as_deref().map(str::as_bytes).or(self.raw_key.as_deref())
    }

    /// Returns why the value could not be decoded.
    #[must_use]
    pub fn error(&self) -> Option<&ProbeError> {
        match &self.value {
            Decoded::Failed(error) => Some(error),
            _ => None,
        }
    }

    /// Returns the event as a document. The value is natural JSON; text and bytes that are not
    /// JSON are under `valueText`, or only in the raw value; header values are text where they
    /// are UTF-8, else `{"base64": ...}`.
    #[must_use]
    pub fn to_json(&self, own: bool) -> Value {
        json!({
            "topic": &*self.topic, "partition": self.partition, "offset": self.offset,
            "timestamp": self.timestamp,
            "timestampType": if self.log_append_time { "LogAppendTime" } else { "CreateTime" },
            "id": self.envelope.id, "type": self.envelope.event_type, "version": self.envelope.version,
            "testId": self.envelope.test_id, "key": self.key_text,
            "headers": self.headers.iter().map(|(name, value)| json!([name, value.map(bytes_to_json)])).collect::<Vec<_>>(),
            "value": match &self.value { Decoded::Json(value) => value.to_value(), _ => Value::Null },
            "valueText": match &self.value { Decoded::Text(text) => Some(text), _ => None },
            "valueKind": match &self.value {
                Decoded::Null => "null", Decoded::Json(_) => "json", Decoded::Text(_) => "text",
                Decoded::Bytes => "bytes", Decoded::Failed(_) => "undecodable",
            },
            "error": self.error().map(ProbeError::to_json),
            "own": own,
        })
    }
}

/// Returns bytes as JSON: text where they are UTF-8, else `{"base64": ...}`.
#[must_use]
pub fn bytes_to_json(bytes: &[u8]) -> Value {
    match std::str::from_utf8(bytes) {
        Ok(text) => Value::String(text.to_owned()),
        Err(_) => json!({ "base64": base64(bytes) }),
    }
}

fn base64(bytes: &[u8]) -> String {
    use base64::Engine as _;
    base64::engine::general_purpose::STANDARD.encode(bytes)
}
