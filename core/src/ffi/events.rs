//! Received events as C sees them.

use std::ffi::{CString, c_char};
use std::mem::MaybeUninit;
use std::sync::{Arc, OnceLock};

use super::about::write_text;
use super::error::{CError, c_text};
use super::guard::{guarded, guarded_value, null, required};
use super::types::{CBytes, CEvent, CHeader, CText};
use crate::engine::Session;
use crate::error::{ErrorCode, ProbeError, Result};
use crate::event::{ConsumedResult, ReceivedEvent};
use crate::operation::{Fishing, Outcome};
use crate::verdict::Verdict;

/// Events of a fetch, a journal or a verdict that passed. Never changes; may be read from any thread.
/// Freed by the caller with `test_probe_events_free`, and with it all that came from it.
pub struct CEvents {
    rows: Vec<Row>,
    found: bool,
    reason: Option<CString>,
    reason_error: Option<ProbeError>,
    verdict: Option<Verdict>,
    fishing: Option<Box<Fishing>>,
    verdict_text: OnceLock<CString>,
}

struct Row {
    event: Arc<ReceivedEvent>,
    own: bool,
    /// Made when the event is first looked at: a journal may be long.
    texts: OnceLock<Texts>,
}

/// The event's texts with a NUL behind each.
struct Texts {
    topic: NulEnded,
    id: Option<NulEnded>,
    event_type: Option<NulEnded>,
    version: Option<NulEnded>,
    test_id: Option<NulEnded>,
    header_names: Vec<CString>,
}

/// Text that may hold a NUL of its own, and ends with one.
struct NulEnded(Box<[u8]>);

impl NulEnded {
    fn new(text: &str) -> Self {
        Self(text.bytes().chain([0]).collect())
    }

    fn view(&self) -> CText {
        CText { data: self.0.as_ptr().cast(), len: self.0.len() - 1 }
    }
}

fn view(text: Option<&NulEnded>) -> CText {
    text.map_or(CText { data: std::ptr::null(), len: 0 }, NulEnded::view)
}

impl CBytes {
    fn view(bytes: Option<&[u8]>) -> Self {
        bytes.map_or(Self { data: std::ptr::null(), len: 0 }, |bytes| Self {
            data: bytes.as_ptr(),
            len: bytes.len(),
        })
    }
}

impl Row {
    fn new(event: Arc<ReceivedEvent>, own: bool) -> Self {
        Self { event, own, texts: OnceLock::new() }
    }

    fn texts(&self) -> &Texts {
        self.texts.get_or_init(|| {
            let text = |field: &Option<String>| field.as_deref().map(NulEnded::new);
            let envelope = &self.event.envelope;
            Texts {
                topic: NulEnded::new(&self.event.topic),
                id: text(&envelope.id),
                event_type: text(&envelope.event_type),
                version: text(&envelope.version),
                test_id: text(&envelope.test_id),
                header_names: self.event.headers.iter().map(|(name, _)| c_text(name)).collect(),
            }
        })
    }

    fn view(&self) -> CEvent {
        let (event, texts) = (&self.event, self.texts());
        CEvent {
            topic: texts.topic.view(),
            id: view(texts.id.as_ref()),
            r#type: view(texts.event_type.as_ref()),
            version: view(texts.version.as_ref()),
            test_id: view(texts.test_id.as_ref()),
            key: CBytes::view(event.raw_key.as_deref()),
            value: CBytes::view(event.raw_value.as_deref()),
            header_count: event.headers.len(),
            offset: event.offset,
            timestamp: event.timestamp.unwrap_or(i64::MIN),
            partition: event.partition,
            error: event.error().map_or(0, |error| error.code().number()),
            log_append_time: event.log_append_time,
            own: self.own,
        }
    }
}

impl CEvents {
    /// What an outcome that carries events looks like; `session` knows which are its own.
    pub(super) fn of(session: Option<&Session>, outcome: Outcome) -> Result<Box<Self>> {
        let is_own = |event: &ReceivedEvent| session.is_some_and(|session| session.is_own(event));
        let events = match outcome {
            Outcome::Consumed(ConsumedResult::Ack(event)) => {
                let own = is_own(&event);
                Self::with(vec![Row::new(event, own)])
            }
            Outcome::Consumed(ConsumedResult::Nack(nack)) => Self {
                reason: Some(c_text(nack.reason())),
                reason_error: nack.error().cloned(),
                ..Self::with(Vec::new())
            },
            Outcome::Events(events) => {
                Self::with(events.into_iter().map(|(event, own)| Row::new(event, own)).collect())
            }
            Outcome::Verdict(verdict) => {
                let own = verdict.own.iter().copied().chain(std::iter::repeat(false));
                let rows = verdict.events.iter().cloned().zip(own).map(|(event, own)| Row::new(event, own));
                Self { verdict: Some(verdict.clone()), ..Self::with(rows.collect()) }
            }
            Outcome::Catch { fishing, events } => {
                let rows = events.into_iter().map(|(event, own)| Row::new(event, own));
                Self { fishing: Some(fishing), ..Self::with(rows.collect()) }
            }
            Outcome::Done
            | Outcome::Produced(_)
            | Outcome::Tried(_)
            | Outcome::Mark(_)
            | Outcome::Coverage(_)
            | Outcome::Preflight(_) => {
                return Err(ProbeError::new(
                    ErrorCode::Internal,
                    "a verb ended in something else than events",
                ));
            }
        };
        Ok(Box::new(events))
    }

    fn with(rows: Vec<Row>) -> Self {
        let found = !rows.is_empty();
        Self {
            rows,
            found,
            reason: None,
            reason_error: None,
            verdict: None,
            fishing: None,
            verdict_text: OnceLock::new(),
        }
    }

    fn row(&self, index: usize) -> Result<&Row> {
        self.rows.get(index).ok_or_else(|| {
            let message = format!("`index` was {index} of {} events", self.rows.len());
            ProbeError::new(ErrorCode::InvalidArgument, message)
        })
    }
}

fn there(events: Option<&CEvents>) -> Result<&CEvents> {
    events.ok_or_else(|| null("events"))
}

/// Returns how many events there are; 0 for NULL.
#[unsafe(no_mangle)]
pub extern "C" fn test_probe_events_count(events: Option<&CEvents>) -> usize {
    events.map_or(0, |events| events.rows.len())
}

/// Returns whether a fetch found an event; for other verbs, whether there are any. False for NULL.
#[unsafe(no_mangle)]
pub extern "C" fn test_probe_events_found(events: Option<&CEvents>) -> bool {
    events.is_some_and(|events| events.found)
}

/// Returns why a fetch found none: `not seen yet`, `seen but undecodable`, `seen but filtered out` or
/// `worker failed`; NULL when it found one, and for other verbs. Lives as long as the events.
#[unsafe(no_mangle)]
pub extern "C" fn test_probe_events_reason(events: Option<&CEvents>) -> *const c_char {
    events.and_then(|events| events.reason.as_ref()).map_or(std::ptr::null(), |reason| reason.as_ptr())
}

/// Gives the error behind the reason.
///
/// @param out  the error, to free with `test_probe_error_free`; NULL when there is none
#[unsafe(no_mangle)]
pub extern "C" fn test_probe_events_reason_error(
    events: Option<&CEvents>,
    out: Option<&mut MaybeUninit<*mut CError>>,
    err: Option<&mut MaybeUninit<*mut CError>>,
) -> i32 {
    guarded(err, || {
        let out = required("out", out)?;
        out.write(there(events)?.reason_error.clone().map_or(std::ptr::null_mut(), CError::leak));
        Ok(())
    })
}

/// Returns a passed verdict with its coverage and warnings as a JSON object; for a `fish_for_event` that is
/// not at its end, what to hand back under `"fishing"`; NULL for other verbs. Lives as long as the events.
#[unsafe(no_mangle)]
pub extern "C" fn test_probe_events_verdict(events: Option<&CEvents>) -> *const c_char {
    guarded_value(std::ptr::null(), || {
        let Some(events) = events else { return std::ptr::null() };
        let document = match (&events.verdict, &events.fishing) {
            (Some(verdict), _) => verdict.to_json(),
            (None, Some(fishing)) => fishing.to_json(),
            (None, None) => return std::ptr::null(),
        };
        events.verdict_text.get_or_init(|| c_text(&document.to_string())).as_ptr()
    })
}

/// Gives what is known of one event.
///
/// @param index  from 0 to below `test_probe_events_count`, else TEST_PROBE_INVALID_ARGUMENT
/// @param out  the event; what it points to lives as long as `events`
#[unsafe(no_mangle)]
pub extern "C" fn test_probe_events_get(
    events: Option<&CEvents>,
    index: usize,
    out: Option<&mut MaybeUninit<CEvent>>,
    err: Option<&mut MaybeUninit<*mut CError>>,
) -> i32 {
    guarded(err, || {
        required("out", out)?.write(there(events)?.row(index)?.view());
        Ok(())
    })
}

/// Gives one header of an event, in the order of the wire.
///
/// @param index  of the event
/// @param header  from 0 to below the event's `header_count`
/// @param out  the header; what it points to lives as long as `events`
#[unsafe(no_mangle)]
pub extern "C" fn test_probe_events_header(
    events: Option<&CEvents>,
    index: usize,
    header: usize,
    out: Option<&mut MaybeUninit<CHeader>>,
    err: Option<&mut MaybeUninit<*mut CError>>,
) -> i32 {
    guarded(err, || {
        let out = required("out", out)?;
        let row = there(events)?.row(index)?;
        let names = &row.texts().header_names;
        let found = names.get(header).zip(row.event.headers.iter().nth(header)).ok_or_else(|| {
            let message = format!("`header` was {header} of {} headers", names.len());
            ProbeError::new(ErrorCode::InvalidArgument, message)
        })?;
        out.write(CHeader { name: found.0.as_ptr(), value: CBytes::view(found.1.1) });
        Ok(())
    })
}

/// Gives why an event's value could not be decoded.
///
/// @param index  of the event
/// @param out  the error, to free with `test_probe_error_free`; NULL when it was decoded
#[unsafe(no_mangle)]
pub extern "C" fn test_probe_events_error(
    events: Option<&CEvents>,
    index: usize,
    out: Option<&mut MaybeUninit<*mut CError>>,
    err: Option<&mut MaybeUninit<*mut CError>>,
) -> i32 {
    guarded(err, || {
        let out = required("out", out)?;
        let error = there(events)?.row(index)?.event.error().cloned();
        out.write(error.map_or(std::ptr::null_mut(), CError::leak));
        Ok(())
    })
}

/// Gives one event as a JSON object, with the value as it was decoded.
///
/// @param index  of the event
/// @param json  out; free with `test_probe_string_free`
#[unsafe(no_mangle)]
pub extern "C" fn test_probe_events_json(
    events: Option<&CEvents>,
    index: usize,
    json: Option<&mut MaybeUninit<*mut c_char>>,
    err: Option<&mut MaybeUninit<*mut CError>>,
) -> i32 {
    guarded(err, || {
        write_text("json", json, || {
            let row = there(events)?.row(index)?;
            Ok(row.event.to_json(row.own).to_string())
        })
    })
}

/// Frees events and all that came from them. NULL does nothing.
#[unsafe(no_mangle)]
pub extern "C" fn test_probe_events_free(events: Option<Box<CEvents>>) {
    guarded_value((), || drop(events));
}
