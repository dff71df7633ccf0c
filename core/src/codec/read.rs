//! From a record to an event.

use std::borrow::Cow;
use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use serde_json::Value;
use test_probe_formats::Schema;

use super::envelope::{Data, cloud_event, take_data};
use super::json::{field_text, scalar_text};
use super::lens::{Lens, Side, Unread};
use super::payload::{decode_text, not_json};
use super::schemas::Schemas;
use super::scratch::Scratch;
use crate::broker::RecordRef;
use crate::directive::{EnvelopeMode, Format, Source, TopicDirective};
use crate::event::{Decoded, Envelope, Headers, ReceivedEvent};

/// How records of one topic are read; made once per directive.
///
/// JSON is read with at most 128 levels; of a repeated member the last counts; integers keep their
/// exact value within `i64` and `u64` and become `f64` beyond; a number beyond `f64` does not parse.
#[derive(Clone, Debug)]
pub struct Reading {
    name: Arc<str>,
    mode: EnvelopeMode,
    format: Format,
    key_format: Format,
    pub(super) key: Lens,
    value: Lens,
    /// The value as JSON, whatever its format: where a structured CloudEvent is.
    object: Lens,
    test_id: Place,
    pub(super) id: Place,
    pub(super) event_type: Place,
    version: Place,
}

/// Where one field is looked for, in this order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) source: Source,
    /// The attribute that stands for the header where the envelope is a JSON object.
    pub(super) attribute: Option<&'static str>,
    /// The header, or attribute, that is looked at when the first has nothing.
    pub(super) otherwise: Option<&'static str>,
}

impl Place {
    fn new(source: &Source, header: &'static str, mode: EnvelopeMode) -> Self {
        let is_default = matches!(source, Source::Header(name) if name == header);
        let in_object = matches!(mode, EnvelopeMode::CeStructured | EnvelopeMode::CeKey);
        let attribute = (is_default && in_object).then(|| &header["ce_".len()..]);
        let otherwise = (is_default && header == "ce_correlationid").then_some("ce_id");
        Self { source: source.clone(), attribute, otherwise }
    }

    fn is_header_alone(&self) -> bool {
        matches!(self.source, Source::Header(_)) && self.attribute.is_none()
    }
}

impl Reading {
    /// Plans how to read the records of a topic.
    #[must_use]
    pub fn new(directive: &TopicDirective) -> Self {
        let (mode, from) = (directive.envelope, &directive.correlation);
        Self {
            name: directive.name.clone(),
            mode,
            format: directive.format,
            key_format: directive.key_format,
            key: Lens::new(Side::Key, directive.key_format),
            value: Lens::new(Side::Value, directive.format),
            object: Lens::new(Side::Value, Format::Json),
            test_id: Place::new(&from.test_id, "ce_testid", mode),
            id: Place::new(&from.id, "ce_correlationid", mode),
            event_type: Place::new(&from.event_type, "ce_type", mode),
            version: Place::new(&from.version, "ce_payloadversion", mode),
        }
    }

    /// Looks schemas up here, and reads with the eyes of the given ones (Avro's reader's schemas).
    #[must_use]
    pub fn with_schemas(
        mut self,
        registry: &Arc<dyn Schemas>,
        key_readers: Vec<Arc<Schema>>,
        value_readers: Vec<Arc<Schema>>,
    ) -> Self {
        self.key = self.key.with_schemas(registry.clone(), key_readers);
        self.value = self.value.with_schemas(registry.clone(), value_readers);
        self
    }

    /// Returns what tells whose a record is: its test id, or under `produced-id` its id.
    pub fn owner<'r>(&self, record: &'r RecordRef<'_>, scratch: &'r mut Scratch) -> Option<Cow<'r, str>> {
        if self.finds_owner_by_id() { self.id(record, scratch) } else { self.test_id(record, scratch) }
    }

    /// Returns whether the owner of a record is found by what sessions produced (`produced-id`).
    #[must_use]
    pub fn finds_owner_by_id(&self) -> bool {
        self.test_id.source == Source::ProducedId
    }

    /// Returns whether a record itself says whose it is.
    #[must_use]
    pub fn finds_owner_by_test_id(&self) -> bool {
        self.test_id.source.is_a_place()
    }

    /// Returns whether both find whose a record is in the same place and in the same way.
    #[must_use]
    pub fn attributes_as(&self, other: &Self) -> bool {
        let (mine, theirs) = (self.owner_place(), other.owner_place());
        mine == theirs
            && self.finds_owner_by_id() == other.finds_owner_by_id()
            && (mine.is_header_alone() || self.key.sees_as(&other.key) && self.value.sees_as(&other.value))
    }

    /// Returns whether nobody knows whose a record is because a schema has not come yet; to be asked when
    /// [`Reading::owner`] found nothing.
    #[must_use]
    pub fn awaits_owner(&self, scratch: &Scratch) -> bool {
        let place = self.owner_place();
        !place.is_header_alone() && (scratch.awaits(Side::Key) || scratch.awaits(Side::Value))
    }

    fn owner_place(&self) -> &Place {
        if self.finds_owner_by_id() { &self.id } else { &self.test_id }
    }

    /// Returns the test id that a record carries; an empty one is none. Under `produced-id` and
    /// `none` always `None`.
    ///
    /// From a header it costs a look-up and no allocation. Only a pointer, or an envelope in JSON,
    /// decodes the key or the value, once per record.
    pub fn test_id<'r>(&self, record: &'r RecordRef<'_>, scratch: &'r mut Scratch) -> Option<Cow<'r, str>> {
        self.find(&self.test_id, record, scratch).filter(|text| !text.is_empty())
    }

    /// Returns the event's id that a record carries, as [`Reading::test_id`] does. `ce_id` when
    /// the source is the default and has nothing.
    pub fn id<'r>(&self, record: &'r RecordRef<'_>, scratch: &'r mut Scratch) -> Option<Cow<'r, str>> {
        self.find(&self.id, record, scratch)
    }

    /// Copies a record out, once and into one buffer, and reads its envelope and its value.
    ///
    /// A record knows its slot and not its partition: **the caller sets `partition`**, which is -1
    /// until then. In `ce-structured` the value is the CloudEvent's data, and for format `bytes`
    /// so is `raw_value`; a value that is no CloudEvent is read as if in `ce-binary`.
    pub fn read(&self, record: &RecordRef<'_>, generation: u32, scratch: &mut Scratch) -> ReceivedEvent {
        let mut owned = |place| self.find(place, record, scratch).map(Cow::into_owned);
        let envelope = Envelope {
            test_id: owned(&self.test_id).filter(|text| !text.is_empty()),
            id: owned(&self.id),
            event_type: owned(&self.event_type),
            version: owned(&self.version),
        };
        let (raw_key, mut raw_value, headers) = copy_out(record);
        let key_text = self.key_text(record, scratch);
        let (data, value_awaits) = self.decode(record, scratch);
        let value = match data {
            // The journal keeps the bytes of the record; the value stands on them.
            Data::Decoded(Decoded::Json(value)) => Decoded::Json(match &raw_value {
                Some(raw) => value.on(raw),
                None => value,
            }),
            Data::Decoded(decoded) => decoded,
            Data::Bytes(bytes) => {
                raw_value = Some(Bytes::from(bytes));
                Decoded::Bytes
            }
        };
        let awaits_schema = value_awaits || scratch.awaits(Side::Key);
        // A record is read as a whole: one whose key cannot be read is undecodable.
        let value = match scratch.failure(Side::Key) {
            Some(error) if !matches!(value, Decoded::Failed(_)) => Decoded::Failed(error.clone()),
            _ => value,
        };
        ReceivedEvent {
            topic: self.name.clone(),
            partition: -1,
            offset: record.offset,
            timestamp: record.timestamp,
            log_append_time: record.log_append_time,
            raw_key,
            raw_value,
            headers,
            envelope,
            value,
            key_text,
            awaits_schema,
            generation,
        }
    }

    /// Reads an event anew that was read before: its schema may have come.
    #[must_use]
    pub fn read_again(&self, event: &ReceivedEvent, scratch: &mut Scratch) -> ReceivedEvent {
        let headers: Vec<(&str, Option<&[u8]>)> = event.headers.iter().collect();
        let record = RecordRef {
            slot: 0,
            offset: event.offset,
            timestamp: event.timestamp,
            log_append_time: event.log_append_time,
            key: event.raw_key.as_deref(),
            value: event.raw_value.as_deref(),
            headers: &headers,
        };
        scratch.clear();
        let mut again = self.read(&record, event.generation, scratch);
        again.partition = event.partition;
        again
    }

    fn find<'r>(
        &self,
        place: &Place,
        record: &'r RecordRef<'_>,
        scratch: &'r mut Scratch,
    ) -> Option<Cow<'r, str>> {
        match &place.source {
            Source::Header(name) => {
                if let Some(found) = header(record, name) {
                    return Some(Cow::Borrowed(found));
                }
                let otherwise = place.otherwise;
                let Some(attribute) = place.attribute else {
                    return otherwise.and_then(|name| header(record, name)).map(Cow::Borrowed);
                };
                let members = self.envelope(record, scratch).and_then(cloud_event);
                let text = |value| scalar_text(value).filter(|text: &Cow<'_, str>| !text.is_empty());
                let member = |name: &str| members.and_then(|m| m.get(name)).and_then(text);
                member(attribute)
                    .or_else(|| otherwise.and_then(|name| header(record, name)).map(Cow::Borrowed))
                    .or_else(|| otherwise.and_then(|name| member(&name["ce_".len()..])))
            }
            Source::Key if self.key.needs_schemas() => {
                scratch.see(record, &self.key).and_then(|key| scalar_text(key))
            }
            Source::Key => record.key.and_then(text).map(Cow::Borrowed),
            Source::KeyPointer(pointer) => {
                scratch.see(record, &self.key)?.field(pointer).and_then(field_text)
            }
            Source::ValuePointer(pointer) if self.is_structured(record, scratch) => {
                let data = scratch.see(record, &self.object)?.get("data")?;
                data.pointer(pointer).and_then(scalar_text)
            }
            Source::ValuePointer(pointer) => {
                scratch.see(record, &self.value)?.field(pointer).and_then(field_text)
            }
            Source::ProducedId | Source::None => None,
        }
    }

    /// Returns the object that may be a CloudEvent.
    fn envelope<'s>(&self, record: &RecordRef<'_>, scratch: &'s mut Scratch) -> Option<&'s Value> {
        let lens = if self.mode == EnvelopeMode::CeKey { &self.key } else { &self.object };
        scratch.see(record, lens).map(|value| &**value)
    }

    fn is_structured(&self, record: &RecordRef<'_>, scratch: &mut Scratch) -> bool {
        self.mode == EnvelopeMode::CeStructured
            && scratch.see(record, &self.object).is_some_and(|value| cloud_event(value).is_some())
    }

    fn key_text(&self, record: &RecordRef<'_>, scratch: &mut Scratch) -> Option<String> {
        match self.key_format {
            Format::String => record.key.and_then(text).map(str::to_owned),
            Format::Json | Format::Bytes => None,
            Format::Avro | Format::Protobuf | Format::JsonSchema => {
                match &**scratch.see(record, &self.key)? {
                    Value::String(text) => Some(text.clone()),
                    other => Some(other.to_string()),
                }
            }
        }
    }

    /// Returns the value, and whether its schema has not come yet.
    fn decode(&self, record: &RecordRef<'_>, scratch: &mut Scratch) -> (Data, bool) {
        let Some(bytes) = record.value else { return (Data::Decoded(Decoded::Null), false) };
        let parsed = if self.is_structured(record, scratch)
            && let Some(Ok(event)) = scratch.take(record, &self.object)
            && let Value::Object(event) = event.into_value()
        {
            match take_data(event, self.format) {
                Data::Bytes(bytes) if self.value.needs_schemas() => {
                    Some(self.value.read_framed(None, &bytes, std::iter::empty()))
                }
                data => return (data, false),
            }
        } else {
            match self.format {
                Format::String => return (Data::Decoded(decode_text(bytes)), false),
                Format::Bytes => return (Data::Decoded(Decoded::Bytes), false),
                Format::Json | Format::Avro | Format::Protobuf | Format::JsonSchema => {
                    scratch.take(record, &self.value)
                }
            }
        };
        let (decoded, awaits) = match parsed {
            Some(Ok(value)) => (Decoded::Json(value), false),
            Some(Err(Unread::Json(error))) => (Decoded::Failed(not_json(&error, bytes)), false),
            Some(Err(Unread::Failed(error))) => (Decoded::Failed(error), false),
            Some(Err(Unread::Awaited(error))) => (Decoded::Failed(error), true),
            None => (Decoded::Null, false),
        };
        (Data::Decoded(decoded), awaits)
    }
}

/// Copies key, value and header values into one allocation and slices it.
fn copy_out(record: &RecordRef<'_>) -> (Option<Bytes>, Option<Bytes>, Headers) {
    let parts =
        || [record.key, record.value].into_iter().chain(record.headers.iter().map(|(_, value)| *value));
    let mut buffer = BytesMut::with_capacity(parts().flatten().map(<[u8]>::len).sum());
    parts().flatten().for_each(|part| buffer.extend_from_slice(part));
    let mut rest = buffer.freeze();
    let mut next = |part: Option<&[u8]>| part.map(|part| rest.split_to(part.len()));
    let (key, value) = (next(record.key), next(record.value));
    let headers = record.headers.iter().map(|(name, value)| ((*name).to_owned(), next(*value))).collect();
    (key, value, headers)
}

pub(super) fn header<'r>(record: &'r RecordRef<'_>, name: &str) -> Option<&'r str> {
    record.headers.iter().find(|(n, _)| *n == name).and_then(|(_, value)| text((*value)?))
}

fn text(bytes: &[u8]) -> Option<&str> {
    std::str::from_utf8(bytes).ok()
}
