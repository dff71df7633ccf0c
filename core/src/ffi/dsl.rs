//! The static DSL of step libraries: verbs by test id, on the probe that was registered.

use std::mem::MaybeUninit;

use super::error::CError;
use super::events::CEvents;
use super::guard::{guarded, required};
use super::input::{Text, event, millis};
use super::registry;
use super::submit;
use super::types::{CAck, CProbe, CRecord};
use super::verbs::ack_of;
use crate::engine;
use crate::operation::{Operation, Outcome};

/// Registers the probe that the static DSL means; another one is replaced.
#[unsafe(no_mangle)]
pub extern "C" fn test_probe_dsl_register(probe: CProbe, err: Option<&mut MaybeUninit<*mut CError>>) -> i32 {
    guarded(err, || {
        engine::dsl::register_system(&registry::probe(probe)?.probe);
        Ok(())
    })
}

/// As `test_probe_produce`, for the session of a test id. TEST_PROBE_DSL_NOT_INITIALIZED before a
/// probe is registered or after it closed; TEST_PROBE_ACTOR_NOT_REGISTERED, naming test id, topic
/// and role, when there is no such session, topic or role.
///
/// @param timeout_ms  -1 for the configured one (5 seconds by default)
/// @param out  out, may be NULL: the acknowledgement
#[unsafe(no_mangle)]
pub extern "C" fn test_probe_dsl_produce(
    test_id: Text,
    topic: Text,
    rec: Option<&CRecord>,
    timeout_ms: i64,
    out: Option<&mut MaybeUninit<CAck>>,
    err: Option<&mut MaybeUninit<*mut CError>>,
) -> i32 {
    guarded(err, || {
        let topic = topic.required("topic")?;
        let event = Box::new(event(rec)?);
        let timeout = millis("timeout_ms", timeout_ms)?;
        let session = engine::dsl::session(test_id.required("test_id")?, topic, true)?;
        let timeout = timeout.unwrap_or(session.probe().config().dsl.blocking_timeout);
        let operation = Operation::Produce { topic: topic.to_owned(), event, timeout: Some(timeout) };
        let ack = ack_of(submit::run_session(&session, operation)?)?;
        if let Some(out) = out {
            out.write(ack);
        }
        Ok(())
    })
}

/// As `test_probe_fetch`, for the session of a test id. Errors as `test_probe_dsl_produce`.
///
/// @param out  free with `test_probe_events_free`
#[unsafe(no_mangle)]
pub extern "C" fn test_probe_dsl_fetch(
    test_id: Text,
    topic: Text,
    event_test_id: Text,
    out: Option<&mut MaybeUninit<*mut CEvents>>,
    err: Option<&mut MaybeUninit<*mut CError>>,
) -> i32 {
    guarded(err, || {
        let out = required("out", out)?;
        let topic = topic.required("topic")?;
        let id = event_test_id.required("event_test_id")?;
        let session = engine::dsl::session(test_id.required("test_id")?, topic, false)?;
        let found = Outcome::Consumed(session.fetch_consumed_event(topic, id)?);
        out.write(Box::into_raw(CEvents::of(Some(&session), found)?));
        Ok(())
    })
}
