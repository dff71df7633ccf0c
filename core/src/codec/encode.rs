//! From an event to a record.

use std::sync::Arc;

use bytes::Bytes;
use serde_json::{Map, Value};
use test_probe_formats::rfc3339;

use super::envelope::{STRUCTURED, base64};
use super::json::{insert_absent, scalar_text};
use super::lens::{Side, no_registry};
use super::payload::{Body, content_type};
use super::schemas::{Writer, Writers};
use crate::broker::OutgoingRecord;
use crate::directive::{EnvelopeMode, Format, Source, TopicDirective};
use crate::error::{ErrorCode, ProbeError, Result};
use crate::event::{Event, Payload, document};

/// What the engine adds to an event when it goes out.
#[derive(Clone, Debug)]
pub struct Stamp<'a> {
    /// The session's test id.
    pub test_id: &'a str,
    /// A fresh id for this record (`ce_id`); also the event's id when the test gave none.
    pub ce_id: String,
    /// Milliseconds since the epoch.
    pub time: i64,
    /// The W3C traceparent; none when empty.
    pub traceparent: String,
    /// The CloudEvents source.
    pub source: &'a str,
}

/// The ids that an event went out with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Written {
    /// The id that a reader finds: the user's own where a header, key or value had one already,
    /// else the event's, else the stamp's.
    pub id: Arc<str>,
    /// The `ce_id` header, where one was written as text.
    pub ce_id: Option<String>,
}

/// One envelope field with the place where it belongs.
struct Field<'a> {
    source: &'a Source,
    header: &'static str,
    text: Option<&'a str>,
}

impl Field<'_> {
    fn is_default(&self) -> bool {
        matches!(self.source, Source::Header(name) if name == self.header)
    }
}

/// Turns an event into a record as its topic's directive says.
///
/// - `ce-binary`: one header a field; `ce_time` is the event's timestamp, else the stamp's;
///   `ce_subject` is the key where it is text; a tombstone has no `content-type`.
/// - `ce-structured`: the value is the CloudEvent. A tombstone and raw bytes have no room for an
///   envelope; theirs travels as in `ce-binary`.
/// - `ce-key`: the key is the CloudEvent without data, the event's key its `subject`; the members
///   of a key that is a CloudEvent already win. Where keys have a schema it is the record of ten fields
///   that has no room for a test id, which travels as in `ce-binary`.
/// - `none`: only correlation sources that differ from the default are written.
///
/// A field whose source is not the default is written there *instead*: under another header; as
/// the key when the event has none; at a pointer into a key or value that is a JSON object and has
/// nothing there (such a value is written anew, compactly). What the user put there stays.
///
/// A key or value whose format has a schema is written with its writer, last of all; a raw value and a key that
/// is no text go out as they are.
///
/// # Errors
/// ENCODE_FAILED when key or payload does not fit the format or the schema.
pub fn encode(
    directive: &TopicDirective,
    event: &Event,
    stamp: &Stamp<'_>,
    writers: &Writers,
) -> Result<(OutgoingRecord, Written)> {
    let mut body =
        Body::new(directive.format, &event.payload).map_err(|error| error.with("topic", &*directive.name))?;
    let mode = match (directive.envelope, &event.payload) {
        (EnvelopeMode::CeStructured, Payload::Null | Payload::Raw(_)) => EnvelopeMode::CeBinary,
        (mode, _) => mode,
    };
    let id = event.id.as_deref().unwrap_or(&stamp.ce_id);
    let correlation = &directive.correlation;
    let field = |source, header, text| Field { source, header, text };
    let fields = [
        field(&correlation.event_type, "ce_type", event.event_type.as_deref()),
        field(&correlation.id, "ce_correlationid", Some(id)),
        field(&correlation.version, "ce_payloadversion", event.version.as_deref()),
        field(&correlation.test_id, "ce_testid", Some(stamp.test_id)),
    ];

    let mut key = event.key.clone();
    if mode == EnvelopeMode::CeKey {
        let members = attributes(directive, event, stamp, &fields);
        let members = key_event(members, event.key.as_ref())?;
        let members = if directive.key_format.has_schema() { ten_fields(members, stamp) } else { members };
        key = Some(Bytes::from(Value::Object(members).to_string()));
    }
    for field in &fields {
        place(field, &mut key, &mut body);
    }
    let written_id = match mode {
        EnvelopeMode::CeKey if fields[1].is_default() && event.headers.text("ce_correlationid").is_none() => {
            found(&Source::KeyPointer("/correlationid".to_owned()), event, key.as_ref(), &body)
        }
        _ => found(&correlation.id, event, key.as_ref(), &body),
    };

    let mut content = match body {
        Body::Null => None,
        _ => Some(content_type(directive.format)),
    };
    let mut schema_ids = Vec::new();
    let in_header = directive.schemas.id_in_header;
    if let Some(text) = key.as_deref().and_then(|key| std::str::from_utf8(key).ok())
        && directive.key_format.has_schema()
    {
        let writer = writer(&writers.key, directive.key_format, directive)?;
        let message = directive.schemas.key_message.as_deref();
        let (written, id) = writer.write(Side::Key, &document(text), message, in_header)?;
        key = Some(written);
        schema_ids.extend(id.map(|id| (Side::Key.header(), id)));
    }
    let is_structured = mode == EnvelopeMode::CeStructured;
    if let Body::Json { value, .. } = &body
        && directive.format.has_schema()
    {
        let writer = writer(&writers.value, directive.format, directive)?;
        let message = event.event_type.as_deref().filter(|name| writer.schema.has_message(name));
        // Data of a structured event has no header of its own.
        let (written, id) = writer.write(Side::Value, value, message, in_header && !is_structured)?;
        body = Body::Bytes(written);
        schema_ids.extend(id.map(|id| (Side::Value.header(), id)));
    }
    let value = if is_structured {
        content = Some(STRUCTURED);
        Some(structured(attributes(directive, event, stamp, &fields), body))
    } else {
        body.into_wire()
    };
    let mut headers = Outgoing { user: event, envelope: Vec::with_capacity(12 + event.headers.len()) };
    headers.envelope(mode, &fields, event, stamp, content);
    if mode == EnvelopeMode::CeKey && directive.key_format.has_schema() && fields[3].is_default() {
        headers.add(fields[3].header, stamp.test_id);
    }
    for (name, id) in schema_ids {
        headers.envelope.push((name.to_owned(), Some(id)));
    }
    let headers = headers.finish();

    let ce_id = headers.iter().find(|(name, _)| name == "ce_id").and_then(|(_, value)| text(value.as_ref()?));
    let written = Written { id: written_id.as_deref().unwrap_or(id).into(), ce_id };
    let record = OutgoingRecord {
        topic: directive.topic.clone(),
        partition: event.partition,
        timestamp: event.timestamp,
        key,
        value,
        headers,
    };
    Ok((record, written))
}

/// Headers on their way out: the envelope's, then the user's.
struct Outgoing<'a> {
    user: &'a Event,
    envelope: Vec<(String, Option<Bytes>)>,
}

impl Outgoing<'_> {
    fn envelope(
        &mut self,
        mode: EnvelopeMode,
        fields: &[Field<'_>; 4],
        event: &Event,
        stamp: &Stamp<'_>,
        content: Option<&'static str>,
    ) {
        let [event_type, id, version, test_id] = fields;
        let binary = mode == EnvelopeMode::CeBinary;
        // A field that is kept under a name of ours takes it over: `id: header:ce_id`, for one.
        let taken: Vec<&str> = fields
            .iter()
            .filter(|field| field.text.is_some() && !field.is_default())
            .filter_map(
                |field| if let Source::Header(name) = field.source { Some(name.as_str()) } else { None },
            )
            .collect();
        let time = rfc3339(event.timestamp.unwrap_or(stamp.time));
        let fixed = |this: &mut Self, wanted: bool, name: &str, text: Option<&str>| {
            if let (true, Some(text)) = (wanted && !taken.contains(&name), text) {
                this.add(name, text);
            }
        };
        fixed(self, binary, "ce_specversion", Some("1.0"));
        fixed(self, binary, "ce_id", Some(&stamp.ce_id));
        fixed(self, binary, "ce_source", Some(stamp.source));
        self.field(mode, event_type);
        fixed(self, binary, "ce_time", Some(&time));
        fixed(self, binary, "ce_subject", subject(event));
        self.field(mode, id);
        self.field(mode, version);
        self.field(mode, test_id);
        fixed(self, mode != EnvelopeMode::None, "content-type", content);
        let traceparent = Some(stamp.traceparent.as_str()).filter(|text| !text.is_empty());
        fixed(self, mode != EnvelopeMode::None, "traceparent", traceparent);
    }

    fn field(&mut self, mode: EnvelopeMode, field: &Field<'_>) {
        let Source::Header(name) = field.source else { return };
        if let Some(text) = field.text
            && (mode == EnvelopeMode::CeBinary || !field.is_default())
        {
            self.add(name, text);
        }
    }

    fn add(&mut self, name: &str, text: &str) {
        let is_there = self.user.headers.get(name).is_some() || self.envelope.iter().any(|(n, _)| n == name);
        if !is_there {
            self.envelope.push((name.to_owned(), Some(Bytes::copy_from_slice(text.as_bytes()))));
        }
    }

    fn finish(mut self) -> Vec<(String, Option<Bytes>)> {
        self.envelope.extend(self.user.headers.clone().into_pairs());
        self.envelope
    }
}

/// Puts a field into the key or the value, when that is its place and it is free.
fn place(field: &Field<'_>, key: &mut Option<Bytes>, body: &mut Body<'_>) {
    let Some(text) = field.text else { return };
    match field.source {
        Source::Key if key.is_none() => *key = Some(Bytes::copy_from_slice(text.as_bytes())),
        Source::KeyPointer(pointer) => {
            let parsed = key.as_deref().and_then(|key| serde_json::from_slice::<Value>(key).ok());
            if let Some(mut object) = parsed.filter(Value::is_object)
                && insert_absent(&mut object, pointer, text)
            {
                *key = Some(Bytes::from(object.to_string()));
            }
        }
        Source::ValuePointer(pointer) => {
            if let Body::Json { value, text: spelled } = body
                && value.is_object()
                && value.pointer(pointer).is_none()
                && insert_absent(value.to_mut(), pointer, text)
            {
                *spelled = None;
            }
        }
        Source::Header(_) | Source::Key | Source::ProducedId | Source::None => {}
    }
}

/// Returns what a reader finds at the place of the id, apart from headers and attributes of ours.
fn found(source: &Source, event: &Event, key: Option<&Bytes>, body: &Body<'_>) -> Option<String> {
    match source {
        Source::Header(name) => event.headers.text(name).map(str::to_owned),
        Source::Key => text(key?),
        Source::KeyPointer(pointer) => {
            let key: Value = serde_json::from_slice(key?).ok()?;
            Some(scalar_text(key.pointer(pointer)?)?.into_owned())
        }
        Source::ValuePointer(pointer) => match body {
            Body::Json { value, .. } => Some(scalar_text(value.pointer(pointer)?)?.into_owned()),
            Body::Bytes(bytes) => {
                let value: Value = serde_json::from_slice(bytes).ok()?;
                Some(scalar_text(value.pointer(pointer)?)?.into_owned())
            }
            Body::Null | Body::Text(_) => None,
        },
        Source::ProducedId | Source::None => None,
    }
}

/// Returns the CloudEvents attributes as members of one object.
fn attributes(
    directive: &TopicDirective,
    event: &Event,
    stamp: &Stamp<'_>,
    fields: &[Field<'_>; 4],
) -> Map<String, Value> {
    let mut members = Map::new();
    let mut add = |name: &str, text: Option<&str>| {
        if let Some(text) = text {
            members.insert(name.to_owned(), text.into());
        }
    };
    add("specversion", Some("1.0"));
    add("id", Some(&stamp.ce_id));
    add("source", Some(stamp.source));
    add("time", Some(&rfc3339(event.timestamp.unwrap_or(stamp.time))));
    add("subject", subject(event));
    if event.payload != Payload::Null {
        add("datacontenttype", Some(content_type(directive.format)));
    }
    for field in fields.iter().filter(|field| field.is_default()) {
        add(&field.header["ce_".len()..], field.text);
    }
    members
}

fn structured(mut members: Map<String, Value>, body: Body<'_>) -> Bytes {
    match body {
        Body::Null => {}
        Body::Text(text) => drop(members.insert("data".to_owned(), text.into())),
        Body::Json { value, .. } => drop(members.insert("data".to_owned(), value.into_owned())),
        Body::Bytes(bytes) => drop(members.insert("data_base64".to_owned(), base64(&bytes).into())),
    }
    Bytes::from(Value::Object(members).to_string())
}

fn writer<'w>(
    writer: &'w Option<Arc<Writer>>,
    format: Format,
    directive: &TopicDirective,
) -> Result<&'w Writer> {
    writer.as_deref().ok_or_else(|| no_registry(format).with("topic", &*directive.name))
}

/// The fields of a CloudEvent that is a key under a schema, all of them texts but the last.
const TEN_FIELDS: [&str; 10] = [
    "id",
    "source",
    "specversion",
    "type",
    "time",
    "subject",
    "datacontenttype",
    "correlationid",
    "payloadversion",
    "time_epoch_micro_source",
];

/// Brings the attributes to exactly the ten fields; what is not said is empty.
fn ten_fields(mut members: Map<String, Value>, stamp: &Stamp<'_>) -> Map<String, Value> {
    let mut take = |name: &&str| {
        let otherwise = || match *name {
            "time_epoch_micro_source" => stamp.time.saturating_mul(1000).into(),
            _ => "".into(),
        };
        ((*name).to_owned(), members.remove(*name).unwrap_or_else(otherwise))
    };
    TEN_FIELDS.iter().map(&mut take).collect()
}

fn key_event(mut members: Map<String, Value>, key: Option<&Bytes>) -> Result<Map<String, Value>> {
    if let Some(key) = key {
        let given = std::str::from_utf8(key).map_err(|_| {
            ProbeError::new(
                ErrorCode::EncodeFailed,
                "the key was not text, and envelope `ce-key` has no other place for it",
            )
            .hint("give a text key, or set `envelope: ce-binary`")
        })?;
        match serde_json::from_str(given) {
            Ok(Value::Object(own)) if own.contains_key("specversion") => members.extend(own),
            _ => drop(members.insert("subject".to_owned(), given.into())),
        }
    }
    Ok(members)
}

/// Returns the key where it is text that a header or an attribute can carry.
fn subject(event: &Event) -> Option<&str> {
    let key = std::str::from_utf8(event.key.as_deref()?).ok()?;
    Some(key).filter(|key| !key.is_empty() && !key.contains(char::is_control))
}

fn text(bytes: &Bytes) -> Option<String> {
    std::str::from_utf8(bytes).ok().map(str::to_owned)
}
