//! The life of a session.

use std::ffi::c_char;
use std::mem::MaybeUninit;
use std::sync::Arc;

use serde_json::{Map, Value};

use super::about::write_text;
use super::error::CError;
use super::guard::{guarded, required};
use super::input::Text;
use super::registry::{self, ProbeEntry, Slot};
use super::submit;
use super::types::{CProbe, CSession};
use crate::completion::lock;
use crate::directive::Directives;
use crate::error::Result;
use crate::operation::{Operation, Outcome};

/// Opens a session: one test. Returns when every topic is ready, so that an event produced by
/// anybody from then on is never missed; bounded by the configured ask timeout.
///
/// @param directives  YAML or JSON text: `topics:` with a list (a file's content, not its path)
/// @param test_id  1 to 128 visible ASCII characters, or NULL for a fresh one
/// @param out  the session; close it with `test_probe_session_close`
#[unsafe(no_mangle)]
pub extern "C" fn test_probe_session_open(
    probe: CProbe,
    directives: Text,
    test_id: Text,
    out: Option<&mut MaybeUninit<CSession>>,
    err: Option<&mut MaybeUninit<*mut CError>>,
) -> i32 {
    guarded(err, || {
        let out = required("out", out)?;
        let entry = registry::probe(probe)?;
        let (directives, test_id) = arguments(directives, test_id)?;
        let opening = entry.probe.open_session_as(directives, test_id);
        let session = submit::wait(&entry.probe, submit::readiness_limit(&entry.probe), opening)?;
        out.write(registry::add_session(&entry, session)?);
        Ok(())
    })
}

/// As `test_probe_session_open`; its completion carries the session.
///
/// @param operation  out: the operation's id, never 0
#[unsafe(no_mangle)]
pub extern "C" fn test_probe_session_open_async(
    probe: CProbe,
    directives: Text,
    test_id: Text,
    operation: Option<&mut MaybeUninit<u64>>,
    err: Option<&mut MaybeUninit<*mut CError>>,
) -> i32 {
    guarded(err, || {
        let operation = required("operation", operation)?;
        let entry = registry::probe(probe)?;
        let (directives, test_id) = arguments(directives, test_id)?;
        operation.write(open_later(&entry, directives, test_id));
        Ok(())
    })
}

fn open_later(entry: &Arc<ProbeEntry>, directives: Directives, test_id: Option<String>) -> u64 {
    let slot = Slot::default();
    let opening = entry.probe.open_session_as(directives, test_id);
    let filled = slot.clone();
    // Held until the slot is in its place: the completion may be taken at once by another thread.
    let mut slots = lock(&entry.opening);
    let operation = entry.probe.operations().submit(&entry.probe.handle(), async move {
        let session = opening.await?;
        *lock(&filled) = Some(session);
        Ok(Outcome::Done)
    });
    slots.insert(operation, slot);
    operation
}

fn arguments(directives: Text, test_id: Text) -> Result<(Directives, Option<String>)> {
    let test_id = test_id.optional("test_id")?.map(str::to_owned);
    Ok((Directives::from_yaml(directives.required("directives")?)?, test_id))
}

/// Returns the session's test id.
///
/// @param out  free with `test_probe_string_free`
#[unsafe(no_mangle)]
pub extern "C" fn test_probe_session_test_id(
    session: CSession,
    out: Option<&mut MaybeUninit<*mut c_char>>,
    err: Option<&mut MaybeUninit<*mut CError>>,
) -> i32 {
    guarded(err, || write_text("out", out, || Ok(registry::session(session)?.session.test_id().to_owned())))
}

/// Returns the headers that tie a REST call to this test, as a JSON object of names and values.
///
/// @param json  out; free with `test_probe_string_free`
#[unsafe(no_mangle)]
pub extern "C" fn test_probe_session_trace_headers(
    session: CSession,
    json: Option<&mut MaybeUninit<*mut c_char>>,
    err: Option<&mut MaybeUninit<*mut CError>>,
) -> i32 {
    guarded(err, || {
        write_text("json", json, || {
            let headers = registry::session(session)?.session.trace_headers();
            let object: Map<String, Value> =
                headers.into_iter().map(|(name, value)| (name, Value::String(value))).collect();
            Ok(Value::Object(object).to_string())
        })
    })
}

/// Adds topics to an open session and returns when they are ready.
///
/// @param directives  YAML or JSON text: `topics:` with a list
#[unsafe(no_mangle)]
pub extern "C" fn test_probe_session_add_topics(
    session: CSession,
    directives: Text,
    err: Option<&mut MaybeUninit<*mut CError>>,
) -> i32 {
    guarded(err, || {
        let entry = registry::session(session)?;
        let operation = Operation::AddTopics(Directives::from_yaml(directives.required("directives")?)?);
        submit::run(&entry, operation).map(drop)
    })
}

/// As `test_probe_session_add_topics`; its completion carries nothing.
///
/// @param operation  out: the operation's id, never 0
#[unsafe(no_mangle)]
pub extern "C" fn test_probe_session_add_topics_async(
    session: CSession,
    directives: Text,
    operation: Option<&mut MaybeUninit<u64>>,
    err: Option<&mut MaybeUninit<*mut CError>>,
) -> i32 {
    submit::later(session, operation, err, || {
        Ok(Operation::AddTopics(Directives::from_yaml(directives.required("directives")?)?))
    })
}

/// Closes a session. Its handle is stale from then on, also when this returns an error:
/// TEST_PROBE_PRODUCE_FAILED when a produce failed that nobody waited for any more.
#[unsafe(no_mangle)]
pub extern "C" fn test_probe_session_close(
    session: CSession,
    err: Option<&mut MaybeUninit<*mut CError>>,
) -> i32 {
    guarded(err, || {
        registry::session(session)?;
        let entry = registry::remove_session(session)?;
        submit::run(&entry, Operation::Close).map(drop)
    })
}

/// As `test_probe_session_close`; the handle is stale at once.
///
/// @param operation  out: the operation's id, never 0
#[unsafe(no_mangle)]
pub extern "C" fn test_probe_session_close_async(
    session: CSession,
    operation: Option<&mut MaybeUninit<u64>>,
    err: Option<&mut MaybeUninit<*mut CError>>,
) -> i32 {
    guarded(err, || {
        let operation = required("operation", operation)?;
        registry::session(session)?;
        let entry = registry::remove_session(session)?;
        operation.write(submit::submit(&entry, Operation::Close)?);
        Ok(())
    })
}
