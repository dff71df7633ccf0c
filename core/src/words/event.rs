//! Events in YAML.

use base64::Engine as _;
use bytes::Bytes;
use serde_json::{Map, Value, json};

use crate::directive::rfc3339_millis;
use crate::document::{self, Content, Fields, Key, Kind, Node, Problems, Table, shown};
use crate::error::{ErrorCode, Result};
use crate::event::{Event, Headers, Payload};

const WIRE: Kind = Kind::AnyOf(&[Kind::Text, Kind::Object(&BASE64)]);

static EVENT: Table = Table {
    what: "an event",
    keys: &[
        Key::new("type", Kind::Text, "The event type."),
        Key::new("version", Kind::Text, "The version of the payload."),
        Key::new("id", Kind::Text, "The name by which the test calls it; a fresh one when absent."),
        Key::new("key", WIRE, "The record key."),
        Key::new("headers", Kind::Free, "Headers: an object, or a list of [name, value]."),
        Key::new("value", Kind::Free, "The value, in the format of the topic; a tombstone when absent."),
        Key::new("raw", WIRE, "The value as it is on the wire; excludes `value`."),
        Key::new("partition", Kind::Integer(0, i32::MAX as i64), "The partition; by key when absent."),
        Key::new("timestamp", Kind::Text, "Milliseconds since the epoch, or RFC 3339; now when absent."),
    ],
};

static BASE64: Table =
    Table { what: "bytes", keys: &[Key::new("base64", Kind::Text, "Bytes as base64.").required()] };

impl Event {
    /// Reads an event as people write it: `{type, version, id, key, headers, value, partition, timestamp}`, in YAML or
    /// JSON. `raw` in the place of `value` is the value as it is on the wire; `key`, `raw` and header values are text
    /// or `{base64: ...}`.
    ///
    /// # Errors
    /// INVALID_ARGUMENT with everything that is wrong at once, each with line, column and hint.
    ///
    /// ```
    /// let event = test_probe::Event::from_yaml("{type: OrderCreated, id: evt-1, value: {total: 5}}")?;
    /// assert_eq!(event.id.as_deref(), Some("evt-1"));
    /// # Ok::<(), test_probe::ProbeError>(())
    /// ```
    pub fn from_yaml(text: &str) -> Result<Self> {
        let mut problems = Problems::new(ErrorCode::InvalidArgument);
        let root = document::parse(text, None, &mut problems);
        let event = root.map(|root| event(&root, &mut problems));
        problems.finish(event)
    }
}

/// Reads one event, or a list of events; see [`Event::from_yaml`].
///
/// # Errors
/// As [`Event::from_yaml`].
pub fn events_from_yaml(text: &str) -> Result<Vec<Event>> {
    let mut problems = Problems::new(ErrorCode::InvalidArgument);
    let root = document::parse(text, None, &mut problems);
    let events = root.map(|root| match &root.content {
        Content::List(items) => items.iter().map(|item| event(item, &mut problems)).collect(),
        _ => vec![event(&root, &mut problems)],
    });
    problems.finish(events)
}

pub(super) fn documents(yaml: &str) -> Result<Vec<Value>> {
    Ok(events_from_yaml(yaml)?.iter().map(to_json).collect())
}

fn event(node: &Node, problems: &mut Problems) -> Event {
    let Some(fields) = Fields::open(node, &EVENT, problems) else { return Event::default() };
    let payload = match (fields.node("value"), fields.node("raw")) {
        (Some(_), Some(raw)) => {
            problems.add(&raw.place, "`value` and `raw` excluded each other");
            Payload::Null
        }
        (Some(value), None) => Payload::Json(value.to_json()),
        (None, Some(raw)) => wire(raw, "raw", problems).map_or(Payload::Null, Payload::Raw),
        (None, None) => Payload::Null,
    };
    Event {
        id: fields.text("id", problems),
        event_type: fields.text("type", problems),
        version: fields.text("version", problems),
        key: fields.node("key").and_then(|key| wire(key, "key", problems)),
        headers: fields.node("headers").map(|headers| pairs(headers, problems)).unwrap_or_default(),
        payload,
        partition: fields.integer("partition", problems).and_then(|number| i32::try_from(number).ok()),
        timestamp: fields.node("timestamp").and_then(|time| timestamp(time, problems)),
    }
}

/// Milliseconds, or a time by RFC 3339.
fn timestamp(node: &Node, problems: &mut Problems) -> Option<i64> {
    let millis = node.integer().or_else(|| node.text().and_then(rfc3339_millis));
    if millis.is_none() {
        let found = node.text().map_or_else(|| node.kind().to_owned(), |text| format!("`{}`", shown(text)));
        problems
            .add(&node.place, format!("`timestamp` was {found}, no time"))
            .hint("write milliseconds since the epoch, or `2026-01-31T12:00:00Z`");
    }
    millis
}

/// Text as UTF-8, or bytes as `{base64: ...}`.
fn wire(node: &Node, name: &str, problems: &mut Problems) -> Option<Bytes> {
    if let Content::Object(_) = node.content {
        let fields = Fields::open(node, &BASE64, problems)?;
        let text = fields.text("base64", problems)?;
        let decoded = base64::engine::general_purpose::STANDARD.decode(&text);
        return match decoded {
            Ok(bytes) => Some(bytes.into()),
            Err(error) => {
                problems.add(&node.place, format!("`{name}` was not base64: {error}"));
                None
            }
        };
    }
    document::text_of(node, name, problems).map(|text| Bytes::copy_from_slice(text.as_bytes()))
}

fn pairs(node: &Node, problems: &mut Problems) -> Headers {
    let mut headers = Headers::default();
    let mut add = |name: &str, value: &Node, problems: &mut Problems| {
        let value = if value.is_null() { None } else { wire(value, "a header", problems) };
        headers.push(name, value);
    };
    match &node.content {
        Content::Object(entries) => {
            for entry in entries {
                match &entry.value.content {
                    Content::List(values) => values.iter().for_each(|value| add(&entry.key, value, problems)),
                    _ => add(&entry.key, &entry.value, problems),
                }
            }
        }
        Content::List(items) => {
            for item in items {
                match &item.content {
                    Content::List(pair) if pair.len() == 2 && pair[0].text().is_some() => {
                        add(pair[0].text().unwrap_or_default(), &pair[1], problems);
                    }
                    _ => {
                        problems.add(&item.place, "a header was no pair of name and value");
                    }
                }
            }
        }
        Content::Scalar { .. } => {
            problems.add(&node.place, "`headers` was neither an object nor a list of pairs");
        }
    }
    headers
}

/// Returns the event as [`super::read`] gives it.
pub(super) fn to_json(event: &Event) -> Value {
    let bytes = |bytes: &[u8]| crate::event::bytes_to_json(bytes);
    let mut read = Map::new();
    let mut add = |key: &str, value: Option<Value>| {
        read.extend(value.map(|value| (key.to_owned(), value)));
    };
    add("type", event.event_type.as_deref().map(Value::from));
    add("version", event.version.as_deref().map(Value::from));
    add("id", event.id.as_deref().map(Value::from));
    add("key", event.key.as_deref().map(bytes));
    let headers: Vec<Value> =
        event.headers.iter().map(|(name, value)| json!([name, value.map(bytes)])).collect();
    add("headers", (!headers.is_empty()).then_some(Value::Array(headers)));
    match &event.payload {
        Payload::Null => {}
        Payload::Json(value) => add("value", Some(value.clone())),
        Payload::Text(text) => add("value", Some(text.as_str().into())),
        Payload::Raw(raw) => add("raw", Some(bytes(raw))),
    }
    add("partition", event.partition.map(Value::from));
    add("timestamp", event.timestamp.map(Value::from));
    Value::Object(read)
}
