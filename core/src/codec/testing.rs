//! Documents of the vector files as values of the engine, for tests.

use base64::Engine as _;
use bytes::Bytes;
use serde_json::{Value, json};

use super::*;
use crate::broker::{OutgoingRecord, RecordRef};
use crate::directive::{Correlation, EnvelopeMode, Format, KeyFormat, Role, Source, TopicDirective};
use crate::event::{Event, Payload, ReceivedEvent, bytes_to_json};

/// `"text"` or `{"base64": ...}`.
pub(crate) fn bytes(value: &Value) -> Bytes {
    match value {
        Value::String(text) => Bytes::copy_from_slice(text.as_bytes()),
        other => {
            let text = other["base64"].as_str().unwrap_or_else(|| panic!("no bytes: {other}"));
            base64::engine::general_purpose::STANDARD.decode(text).unwrap().into()
        }
    }
}

pub(crate) fn nullable(value: &Value) -> Option<Bytes> {
    (!value.is_null()).then(|| bytes(value))
}

fn pairs(value: &Value) -> Vec<(String, Option<Bytes>)> {
    let list = value.as_array().map_or(&[][..], Vec::as_slice);
    list.iter().map(|pair| (pair[0].as_str().unwrap().to_owned(), nullable(&pair[1]))).collect()
}

pub(crate) fn source(text: &str) -> Source {
    let tail = |prefix: &str| text.strip_prefix(prefix).map(str::to_owned);
    match text {
        "key" => Source::Key,
        "none" => Source::None,
        "produced-id" => Source::ProducedId,
        _ => tail("header:")
            .map(Source::Header)
            .or_else(|| tail("key:").map(Source::KeyPointer))
            .or_else(|| tail("value:").map(Source::ValuePointer))
            .unwrap_or_else(|| panic!("no source: {text}")),
    }
}

/// `{topic, envelope, format, keyFormat, correlation}` with the defaults of a directive.
pub(crate) fn directive(document: &Value) -> TopicDirective {
    let word = |key: &str, default: &'static str| document[key].as_str().unwrap_or(default).to_owned();
    let mut directive = TopicDirective::new(word("topic", "orders"), Role::Both);
    directive.envelope = match &*word("envelope", "ce-binary") {
        "ce-binary" => EnvelopeMode::CeBinary,
        "ce-structured" => EnvelopeMode::CeStructured,
        "ce-key" => EnvelopeMode::CeKey,
        "none" => EnvelopeMode::None,
        other => panic!("no envelope: {other}"),
    };
    let formats =
        [Format::Json, Format::String, Format::Bytes, Format::Avro, Format::Protobuf, Format::JsonSchema];
    let format = word("format", "json");
    directive.format = formats.into_iter().find(|f| f.name() == format).unwrap();
    directive.key_format = match &*word("keyFormat", "string") {
        "json" => KeyFormat::Json,
        "bytes" => KeyFormat::Bytes,
        _ => KeyFormat::String,
    };
    let from = &document["correlation"];
    let pick = |key: &str, default: Source| from[key].as_str().map_or(default, source);
    let default = Correlation::default();
    directive.correlation = Correlation {
        test_id: pick("testId", default.test_id),
        id: pick("id", default.id),
        event_type: pick("type", default.event_type),
        version: pick("version", default.version),
    };
    directive
}

/// `{id, type, version, key, headers, partition, timestamp, value | text | raw}`.
pub(crate) fn event(document: &Value) -> Event {
    let text = |key: &str| document[key].as_str().map(str::to_owned);
    Event {
        id: text("id"),
        event_type: text("type"),
        version: text("version"),
        key: nullable(&document["key"]),
        headers: pairs(&document["headers"]).into_iter().collect(),
        payload: match (document.get("value"), text("text"), document.get("raw")) {
            (Some(value), ..) => Payload::Json(value.clone()),
            (_, Some(text), _) => Payload::Text(text),
            (.., Some(raw)) => Payload::Raw(bytes(raw)),
            _ => Payload::Null,
        },
        partition: document["partition"].as_i64().map(|p| i32::try_from(p).unwrap()),
        timestamp: document["timestamp"].as_i64(),
    }
}

/// The stamp of all vectors.
pub(crate) fn stamp() -> Stamp<'static> {
    Stamp {
        test_id: "test-1",
        ce_id: "ce-1".to_owned(),
        time: 1_767_323_045_678,
        traceparent: "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01".to_owned(),
        source: "test-probe",
    }
}

/// `{key, value, headers}` of the wire.
pub(crate) fn wire(document: &Value) -> OutgoingRecord {
    OutgoingRecord {
        topic: "orders".into(),
        partition: None,
        timestamp: None,
        key: nullable(&document["key"]),
        value: nullable(&document["value"]),
        headers: pairs(&document["headers"]),
    }
}

pub(crate) fn wire_to_json(record: &OutgoingRecord) -> Value {
    json!({
        "key": record.key.as_deref().map(bytes_to_json),
        "value": record.value.as_deref().map(bytes_to_json),
        "headers": record.headers.iter().map(|(name, value)| json!([name, value.as_deref().map(bytes_to_json)])).collect::<Vec<_>>(),
    })
}

/// Lends a record as a reader would.
pub(crate) fn lend<T>(record: &OutgoingRecord, take: impl FnOnce(&RecordRef<'_>) -> T) -> T {
    let headers: Vec<(&str, Option<&[u8]>)> =
        record.headers.iter().map(|(name, value)| (name.as_str(), value.as_deref())).collect();
    take(&RecordRef {
        slot: 0,
        offset: 12,
        timestamp: Some(record.timestamp.unwrap_or(1_767_323_045_678)),
        log_append_time: false,
        key: record.key.as_deref(),
        value: record.value.as_deref(),
        headers: &headers,
    })
}

pub(crate) fn read(directive: &TopicDirective, record: &OutgoingRecord) -> ReceivedEvent {
    let mut event = lend(record, |record| Reading::new(directive).read(record, 0, &mut Scratch::new()));
    event.partition = 0;
    event
}

/// Sends an event document round: out as a record and back as an event.
pub(crate) fn received(topic: &Value, document: &Value) -> ReceivedEvent {
    let directive = directive(topic);
    let (record, _) = encode(&directive, &event(document), &stamp()).unwrap();
    read(&directive, &record)
}
