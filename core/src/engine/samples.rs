//! Events that a test would send, written and read back before the first one is.

use std::sync::Arc;

use serde_json::Value;
use test_probe_formats::changed;
use test_probe_formats::framing::SchemaId;

use super::preflight::{PreflightCheck, PreflightFinding, PreflightStatus};
use super::schemas::{Plan, TopicSchemas};
use super::session::SessionTopic;
use crate::broker::{OutgoingRecord, RecordRef};
use crate::codec::{Lookup, Reading, Schemas, Scratch, Stamp, Writer, Writers, encode, faulty};
use crate::directive::{EnvelopeMode, TopicDirective};
use crate::error::{ErrorCode, ProbeError, Result};
use crate::event::{Decoded, Event, Payload, ReceivedEvent, document};
use crate::runtime::Deadline;

/// Looks at an event: is each side that has a schema written, and read back as what it was? Nothing is registered and
/// nothing sent.
pub(super) async fn look(
    topic: &SessionTopic,
    schemas: &TopicSchemas,
    event: &Event,
    by: Deadline,
) -> Vec<PreflightFinding> {
    let name = event.name().map_or_else(|| "the sample".to_owned(), |name| format!("the sample `{name}`"));
    let mut look = Look { topic, name, findings: Vec::new() };
    let mut writers = Writers::default();
    // The envelope, or the correlation, may make a key where the event has none.
    let is_written = |plan: &&Plan| plan.side == "key" || event.payload.needs_schema();
    for plan in schemas.plans().filter(is_written) {
        let writer = plan.writer_of_sample(&schemas.registry, event, by).await;
        let slot = if plan.side == "key" { &mut writers.key } else { &mut writers.value };
        match writer {
            Ok(writer) => *slot = Some(writer),
            Err(error) => look.fail(plan.side, error),
        }
    }
    if look.findings.is_empty() {
        let trip = Trip { directive: &topic.directive, event, writers };
        look.at_trip(&trip);
    }
    look.findings
}

struct Look<'a> {
    topic: &'a SessionTopic,
    name: String,
    findings: Vec<PreflightFinding>,
}

impl Look<'_> {
    fn at_trip(&mut self, trip: &Trip<'_>) {
        let record = match trip.write(trip.event) {
            Ok(record) => record,
            Err(error) => return self.fail(trip.side_in_the_way(), error),
        };
        let read = trip.read(&record);
        for (side, length, found) in [
            ("key", record.key.as_ref().map_or(0, |key| key.len()), trip.key(&record, &read)),
            ("value", record.value.as_ref().map_or(0, |value| value.len()), trip.value(&record, &read)),
        ] {
            match found {
                None => {}
                Some(Ok(())) => {
                    let text = format!("{} was written in {length} bytes and read back", self.name);
                    self.note(side, PreflightStatus::Passed, text, None);
                }
                Some(Err(error)) => self.fail(side, error),
            }
        }
    }

    fn fail(&mut self, side: &'static str, error: ProbeError) {
        let what = format!("{} was not written and read back", self.name);
        let text = format!("{what}: {}", error.message());
        let error = ProbeError::new(error.code(), what).caused_by(error);
        self.note(side, PreflightStatus::Failed, text, Some(error));
    }

    fn note(&mut self, side: &'static str, status: PreflightStatus, text: String, error: Option<ProbeError>) {
        let topic = self.topic.directive.name.clone();
        self.findings.push(PreflightFinding {
            topic,
            side,
            check: PreflightCheck::Sample,
            status,
            text,
            error,
        });
    }
}

/// The way of an event to a record and back.
struct Trip<'a> {
    directive: &'a TopicDirective,
    event: &'a Event,
    writers: Writers,
}

impl Trip<'_> {
    fn write(&self, event: &Event) -> Result<OutgoingRecord> {
        let stamp = Stamp {
            test_id: "sample",
            ce_id: "sample".to_owned(),
            time: 0,
            traceparent: String::new(),
            source: "test-probe",
        };
        encode(self.directive, event, &stamp, &self.writers).map(|(record, _)| record)
    }

    /// Returns which side was not written.
    fn side_in_the_way(&self) -> &'static str {
        let without_key = Event { key: None, ..self.event.clone() };
        if self.writers.value.is_none() || self.write(&without_key).is_ok() { "key" } else { "value" }
    }

    fn read(&self, record: &OutgoingRecord) -> ReceivedEvent {
        let known: Arc<dyn Schemas> = Arc::new(Known(self.writers.clone()));
        let reading = Reading::new(self.directive).with_schemas(&known, Vec::new(), Vec::new());
        let headers: Vec<(&str, Option<&[u8]>)> =
            record.headers.iter().map(|(name, value)| (name.as_str(), value.as_deref())).collect();
        let record = RecordRef {
            slot: 0,
            offset: 0,
            timestamp: None,
            log_append_time: false,
            key: record.key.as_deref(),
            value: record.value.as_deref(),
            headers: &headers,
        };
        reading.read(&record, 0, &mut Scratch::new())
    }

    /// Returns what came of the key; `None` where none was given, or the envelope took its place.
    fn key(&self, record: &OutgoingRecord, read: &ReceivedEvent) -> Option<Result<()>> {
        self.writers.key.as_ref().and(record.key.as_ref())?;
        if let (None, Decoded::Failed(error)) = (&read.key_text, &read.value) {
            return Some(Err(error.clone()));
        }
        if self.directive.envelope == EnvelopeMode::CeKey {
            return Some(Ok(()));
        }
        let given = document(std::str::from_utf8(self.event.key.as_deref()?).ok()?);
        let again = |value: &Value| {
            let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            let event = Event { key: Some(text.into_bytes().into()), ..self.event.clone() };
            self.write(&event).is_ok_and(|again| again.key == record.key)
        };
        let found = document(read.key_text.as_deref().unwrap_or_default());
        Some(compared("key", &given, &found, again))
    }

    /// Returns what came of the value; `None` where none was given.
    fn value(&self, record: &OutgoingRecord, read: &ReceivedEvent) -> Option<Result<()>> {
        self.writers.value.as_ref()?;
        let given = self.event.payload.document()?;
        let found = match &read.value {
            Decoded::Json(found) => found,
            // What failed was the key, and is said of the key.
            Decoded::Failed(_) if self.writers.key.is_some() && read.key_text.is_none() => return None,
            Decoded::Failed(error) => return Some(Err(error.clone())),
            Decoded::Null | Decoded::Text(_) | Decoded::Bytes => &Value::Null,
        };
        let again = |value: &Value| {
            let event = Event { payload: Payload::Json(value.clone()), ..self.event.clone() };
            self.write(&event).is_ok_and(|again| again.value == record.value)
        };
        Some(compared("value", &given, found, again))
    }
}

fn compared(side: &str, given: &Value, found: &Value, again: impl Fn(&Value) -> bool) -> Result<()> {
    changed(given, found, again)
        .map_err(|fault| faulty(ErrorCode::EncodeFailed, &format!("the {side} came back as another"), &fault))
}

/// The schemas of one event.
#[derive(Debug)]
struct Known(Writers);

impl Schemas for Known {
    fn by_id(&self, id: SchemaId) -> Lookup {
        let is_it = |writer: &&Arc<Writer>| match id {
            SchemaId::Number(number) => writer.id == number,
            SchemaId::Guid(guid) => writer.guid == Some(guid),
        };
        match [&self.0.key, &self.0.value].into_iter().flatten().find(is_it) {
            Some(writer) => Lookup::Ready(writer.schema.clone()),
            None => Lookup::Failed(ProbeError::new(
                ErrorCode::SchemaNotFound,
                format!("the sample named schema {id}, with which it was not written"),
            )),
        }
    }
}
