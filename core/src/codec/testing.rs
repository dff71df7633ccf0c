//! Documents of the vector files as values of the engine, for tests.

use std::collections::BTreeMap;
use std::sync::Arc;

use base64::Engine as _;
use bytes::Bytes;
use serde_json::{Value, json};
use test_probe_formats::framing::SchemaId;
use test_probe_formats::{Schema, SchemaSource, SchemaType};

use super::*;
use crate::broker::{OutgoingRecord, RecordRef};
#[cfg(test)]
use crate::directive::Source;
use crate::directive::{Directives, Format, SchemaOrigin, TopicDirective};
use crate::error::{ErrorCode, ProbeError, Result};
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

#[cfg(test)]
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

/// The keys of a directive, `topic` and `role` with defaults. What they refuse is a broken vector.
#[cfg(test)]
pub(crate) fn directive(keys: &Value) -> TopicDirective {
    parsed(keys).unwrap_or_else(|error| panic!("{error}: {keys}"))
}

/// The keys of a directive, `topic` and `role` with defaults.
pub(crate) fn parsed(keys: &Value) -> Result<TopicDirective> {
    let mut one = json!({"topic": "orders", "role": "both"});
    if let (Some(one), Some(keys)) = (one.as_object_mut(), keys.as_object()) {
        one.extend(keys.clone());
    }
    let read = Directives::from_json(&json!({"topics": [one]}))?;
    read.topics.into_iter().next().ok_or_else(|| ProbeError::new(ErrorCode::Internal, "no directive"))
}

/// A schema registry of fixed content: the schema of values has id 7, that of keys id 8, and each has its id in
/// every byte of its GUID. `x-schemas` of a topic names more: `{"9": {"format", "schema"}}`.
#[derive(Debug, Default)]
pub(crate) struct FixedSchemas(BTreeMap<u32, Arc<Schema>>);

impl FixedSchemas {
    /// Those of a topic; `keys` is the directive's document.
    pub(crate) fn of(keys: &Value) -> Result<Self> {
        let (directive, mut known) = (parsed(keys)?, BTreeMap::new());
        let uses = &directive.schemas;
        for (id, choice, format) in [(7, &uses.value, directive.format), (8, &uses.key, directive.key_format)]
        {
            let text = choice.schemas.first().map(|schema| &schema.origin);
            if let (Some(schema_type), Some(SchemaOrigin::Text(text))) = (format.schema_type(), text) {
                known.insert(id, schema(schema_type, text)?);
            }
        }
        for (id, more) in keys["x-schemas"].as_object().into_iter().flatten() {
            let format = Format::of_name(more["format"].as_str().unwrap_or_default());
            let schema_type = format.and_then(Format::schema_type);
            let text = match &more["schema"] {
                Value::String(text) => text.clone(),
                other => other.to_string(),
            };
            if let (Ok(id), Some(schema_type)) = (id.parse(), schema_type) {
                known.insert(id, schema(schema_type, &text)?);
            }
        }
        Ok(Self(known))
    }

    /// What a topic's records are written with.
    pub(crate) fn writers(&self) -> Writers {
        let writer = |id: u32, side: &str| {
            let schema = self.0.get(&id)?.clone();
            let guid = Some([u8::try_from(id).unwrap_or_default(); 16]);
            let subject = format!("orders-{side}");
            Some(Arc::new(Writer { subject, id, guid, version: Some(1), schema }))
        };
        Writers { key: writer(8, "key"), value: writer(7, "value") }
    }
}

fn schema(schema_type: SchemaType, text: &str) -> Result<Arc<Schema>> {
    let parsed = Schema::parse(&SchemaSource::new(schema_type, text));
    parsed
        .map(Arc::new)
        .map_err(|fault| faulty(ErrorCode::InvalidDirective, "the schema did not parse", &fault))
}

impl Schemas for FixedSchemas {
    fn by_id(&self, id: SchemaId) -> Lookup {
        let number = match id {
            SchemaId::Number(number) => number,
            SchemaId::Guid(guid) => u32::from(guid[0]),
        };
        match self.0.get(&number) {
            Some(schema) => Lookup::Ready(schema.clone()),
            None => Lookup::Failed(ProbeError::new(
                ErrorCode::SchemaNotFound,
                format!("the schema registry had no schema {id}"),
            )),
        }
    }
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

#[cfg(test)]
pub(crate) fn read(directive: &TopicDirective, record: &OutgoingRecord) -> ReceivedEvent {
    read_with(Reading::new(directive), record)
}

/// Reads a record with the schemas of its topic.
pub(crate) fn read_of(keys: &Value, record: &OutgoingRecord) -> Result<ReceivedEvent> {
    let schemas = FixedSchemas::of(keys)?;
    if schemas.0.is_empty() {
        return Ok(read_with(Reading::new(&parsed(keys)?), record));
    }
    let readers = |id| schemas.0.get(&id).into_iter().cloned().collect();
    let (keys_readers, values_readers) = (readers(8), readers(7));
    let registry: Arc<dyn Schemas> = Arc::new(schemas);
    let reading = Reading::new(&parsed(keys)?).with_schemas(&registry, keys_readers, values_readers);
    Ok(read_with(reading, record))
}

fn read_with(reading: Reading, record: &OutgoingRecord) -> ReceivedEvent {
    let mut event = lend(record, |record| reading.read(record, 0, &mut Scratch::new()));
    event.partition = 0;
    event
}

/// Writes an event with the schemas of its topic.
pub(crate) fn write_of(keys: &Value, event: &Event) -> Result<(OutgoingRecord, Written)> {
    encode(&parsed(keys)?, event, &stamp(), &FixedSchemas::of(keys)?.writers())
}

/// Sends an event document round: out as a record and back as an event.
pub(crate) fn received(topic: &Value, document: &Value) -> ReceivedEvent {
    let (record, _) = write_of(topic, &event(document)).unwrap();
    read_of(topic, &record).unwrap()
}
