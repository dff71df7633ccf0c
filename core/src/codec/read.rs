//! From a record to an event.

use std::borrow::Cow;
use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use serde_json::Value;

use super::envelope::{Data, cloud_event, take_data};
use super::json::scalar_text;
use super::payload::{decode_text, not_json, supported};
use super::scratch::Scratch;
use crate::broker::RecordRef;
use crate::directive::{EnvelopeMode, Format, KeyFormat, Source, TopicDirective};
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
    key_format: KeyFormat,
    test_id: Place,
    pub(super) id: Place,
    pub(super) event_type: Place,
    version: Place,
}

/// Where one field is looked for, in this order.
#[derive(Clone, Debug)]
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
            test_id: Place::new(&from.test_id, "ce_testid", mode),
            id: Place::new(&from.id, "ce_correlationid", mode),
            event_type: Place::new(&from.event_type, "ce_type", mode),
            version: Place::new(&from.version, "ce_payloadversion", mode),
        }
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
        let value = match self.decode(record, scratch) {
            Data::Decoded(decoded) => decoded,
            Data::Bytes(bytes) => {
                raw_value = Some(Bytes::from(bytes));
                Decoded::Bytes
            }
        };
        let key_text = match self.key_format {
            KeyFormat::String => record.key.and_then(text).map(str::to_owned),
            KeyFormat::Json | KeyFormat::Bytes => None,
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
            generation,
        }
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
                let members = self.load_envelope(record, scratch).and_then(cloud_event);
                let member = |name: &str| members.and_then(|m| m.get(name)).and_then(scalar_text);
                member(attribute)
                    .or_else(|| otherwise.and_then(|name| header(record, name)).map(Cow::Borrowed))
                    .or_else(|| otherwise.and_then(|name| member(&name["ce_".len()..])))
            }
            Source::Key => record.key.and_then(text).map(Cow::Borrowed),
            Source::KeyPointer(pointer) => {
                scratch.load_key(record);
                scratch.key()?.pointer(pointer).and_then(scalar_text)
            }
            Source::ValuePointer(pointer) => {
                scratch.load_value(record);
                let value = scratch.value()?;
                let structured = match self.mode {
                    EnvelopeMode::CeStructured => cloud_event(value),
                    EnvelopeMode::CeBinary | EnvelopeMode::CeKey | EnvelopeMode::None => None,
                };
                let value = match structured {
                    Some(event) => event.get("data")?,
                    None => value,
                };
                value.pointer(pointer).and_then(scalar_text)
            }
            Source::ProducedId | Source::None => None,
        }
    }

    fn load_envelope<'s>(&self, record: &RecordRef<'_>, scratch: &'s mut Scratch) -> Option<&'s Value> {
        if self.mode == EnvelopeMode::CeKey {
            scratch.load_key(record);
            scratch.key()
        } else {
            scratch.load_value(record);
            scratch.value()
        }
    }

    fn decode(&self, record: &RecordRef<'_>, scratch: &mut Scratch) -> Data {
        let Some(bytes) = record.value else { return Data::Decoded(Decoded::Null) };
        if let Err(error) = supported(self.format) {
            return Data::Decoded(Decoded::Failed(error));
        }
        if self.mode == EnvelopeMode::CeStructured {
            scratch.load_value(record);
            if scratch.value().is_some_and(|value| cloud_event(value).is_some())
                && let Some(Ok(Value::Object(event))) = scratch.take_value()
            {
                return take_data(event, self.format);
            }
        }
        Data::Decoded(match self.format {
            Format::String => decode_text(bytes),
            Format::Bytes => Decoded::Bytes,
            Format::Json | Format::Avro | Format::Protobuf | Format::JsonSchema => {
                scratch.load_value(record);
                match scratch.take_value() {
                    Some(Ok(value)) => Decoded::Json(value),
                    Some(Err(error)) => Decoded::Failed(not_json(&error, bytes)),
                    None => Decoded::Null,
                }
            }
        })
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
