//! The verbs of a session, each with its `..._async` twin.

use std::ffi::c_char;
use std::mem::MaybeUninit;
use std::time::Duration;

use super::about::write_text;
use super::error::CError;
use super::events::CEvents;
use super::guard::{guarded, required};
use super::input::{Text, event, millis};
use super::registry;
use super::submit;
use super::types::{CAck, CRecord, CSession};
use crate::error::{ErrorCode, ProbeError, Result};
use crate::operation::{Operation, Outcome};

/// Produces one record and waits for the broker's acknowledgement, or returns why there is none.
/// TEST_PROBE_TIMED_OUT leaves open whether it is in the log (context `delivery`).
///
/// @param topic  the name of a topic in the session's directives, with role producer or both
/// @param rec  the record; see `test_probe_record_t`
/// @param timeout_ms  -1 for the configured one (5 seconds by default)
/// @param out  out, may be NULL: the acknowledgement
#[unsafe(no_mangle)]
pub extern "C" fn test_probe_produce(
    session: CSession,
    topic: Text,
    rec: Option<&CRecord>,
    timeout_ms: i64,
    out: Option<&mut MaybeUninit<CAck>>,
    err: Option<&mut MaybeUninit<*mut CError>>,
) -> i32 {
    guarded(err, || {
        let entry = registry::session(session)?;
        let configured = entry.session.probe().config().dsl.blocking_timeout;
        let timeout = millis("timeout_ms", timeout_ms)?.unwrap_or(configured);
        let ack = ack_of(submit::run(&entry, produce(topic, rec, Some(timeout))?)?)?;
        if let Some(out) = out {
            out.write(ack);
        }
        Ok(())
    })
}

/// As `test_probe_produce`; its completion carries the acknowledgement. Order per topic is the
/// order of the calls. One that was cancelled and then fails fails the session's close.
///
/// @param timeout_ms  -1 for the configured one (3 seconds by default)
/// @param operation  out: the operation's id, never 0
#[unsafe(no_mangle)]
pub extern "C" fn test_probe_produce_async(
    session: CSession,
    topic: Text,
    rec: Option<&CRecord>,
    timeout_ms: i64,
    operation: Option<&mut MaybeUninit<u64>>,
    err: Option<&mut MaybeUninit<*mut CError>>,
) -> i32 {
    submit::later(session, operation, err, || produce(topic, rec, millis("timeout_ms", timeout_ms)?))
}

/// Looks for a consumed event by its eventTestId, at once, as often as wanted.
/// That there is none is an answer and not an error: see `test_probe_events_found`.
///
/// @param topic  the name of a topic in the session's directives, with role consumer or both
/// @param out  one event, or none with the reason; free with `test_probe_events_free`
#[unsafe(no_mangle)]
pub extern "C" fn test_probe_fetch(
    session: CSession,
    topic: Text,
    event_test_id: Text,
    out: Option<&mut MaybeUninit<*mut CEvents>>,
    err: Option<&mut MaybeUninit<*mut CError>>,
) -> i32 {
    events_of(session, out, err, || {
        Ok(Operation::Fetch { topic: owned("topic", topic)?, id: id(event_test_id)? })
    })
}

/// As `test_probe_fetch`; its completion carries the events.
///
/// @param operation  out: the operation's id, never 0
#[unsafe(no_mangle)]
pub extern "C" fn test_probe_fetch_async(
    session: CSession,
    topic: Text,
    event_test_id: Text,
    operation: Option<&mut MaybeUninit<u64>>,
    err: Option<&mut MaybeUninit<*mut CError>>,
) -> i32 {
    submit::later(session, operation, err, || {
        Ok(Operation::Fetch { topic: owned("topic", topic)?, id: id(event_test_id)? })
    })
}

/// Returns every consumed event of an eventTestId in journal order; none is no error.
///
/// @param out  free with `test_probe_events_free`
#[unsafe(no_mangle)]
pub extern "C" fn test_probe_fetch_all(
    session: CSession,
    topic: Text,
    event_test_id: Text,
    out: Option<&mut MaybeUninit<*mut CEvents>>,
    err: Option<&mut MaybeUninit<*mut CError>>,
) -> i32 {
    events_of(session, out, err, || {
        Ok(Operation::FetchAll { topic: owned("topic", topic)?, id: id(event_test_id)? })
    })
}

/// As `test_probe_fetch_all`; its completion carries the events.
///
/// @param operation  out: the operation's id, never 0
#[unsafe(no_mangle)]
pub extern "C" fn test_probe_fetch_all_async(
    session: CSession,
    topic: Text,
    event_test_id: Text,
    operation: Option<&mut MaybeUninit<u64>>,
    err: Option<&mut MaybeUninit<*mut CError>>,
) -> i32 {
    submit::later(session, operation, err, || {
        Ok(Operation::FetchAll { topic: owned("topic", topic)?, id: id(event_test_id)? })
    })
}

/// Waits for a verdict. 0: it passed. 20xx to 24xx (TEST_PROBE_EXPECTATION_TIMEOUT, ...): it failed,
/// provably. 25xx (TEST_PROBE_NOT_COVERED, ...): inconclusive, the engine cannot know; never take it
/// for a pass. The error's message explains the verdict.
///
/// @param expectation_json  `{"verb", "topic", ...}`, and for any verb `"hint"`, a sentence that failures repeat:
///        `expect_event`, `expect_none`, `receive_event`: `"match"`, `"after"`;
///        `expect_exactly`, `receive_n`: `"n"` besides;
///        `expect_all_of`: `"matches"`, each may name another `"topic"` of the session, `"after"`, and `"order"`,
///        `in_order` (default; that in which the events were read, within a partition the order of the log) or
///        `any_order`; an event serves one match, and the events come in the order of the matches;
///        `fish_for_event`: `"match"`, `"after"`; ends in events for a function of yours and in what to go on with,
///        see `test_probe_events_verdict`; then `{"verb", "fishing": F, "answers": [...]}` with an answer for each
///        event, `"ignore"`, `"collect"`, and as the last one `"complete"` or `{"fail": "why"}`, until it completes;
///        `expect_group_caught_up`: `"group"`; every partition committed up to the end it has now;
///        match, all optional: `{"id", "type", "version", "key", "headers", "value", "mode", "matchers", "where", "own",
///        "hint"}` (docs/matches.md);
///        after: `{"mark": M}` with M from `test_probe_mark`, or `{"topic", "partition", "offset"}`
/// @param within_ms  how long to wait; -1 for the document's `within_ms`, else the configured time
///        (5 seconds by default). `expect_none` and `expect_exactly` need one. A verdict may take the configured grace more.
/// @param out  out, may be NULL: events, coverage and warnings of a verdict that passed;
///        free with `test_probe_events_free`
#[unsafe(no_mangle)]
pub extern "C" fn test_probe_expect(
    session: CSession,
    expectation_json: Text,
    within_ms: i64,
    out: Option<&mut MaybeUninit<*mut CEvents>>,
    err: Option<&mut MaybeUninit<*mut CError>>,
) -> i32 {
    guarded(err, || {
        let entry = registry::session(session)?;
        let events = CEvents::of(None, submit::run(&entry, expectation(expectation_json, within_ms)?)?)?;
        if let Some(out) = out {
            out.write(Box::into_raw(events));
        }
        Ok(())
    })
}

/// As `test_probe_expect`; its completion carries the events, or the code and the explanation.
///
/// @param operation  out: the operation's id, never 0
#[unsafe(no_mangle)]
pub extern "C" fn test_probe_expect_async(
    session: CSession,
    expectation_json: Text,
    within_ms: i64,
    operation: Option<&mut MaybeUninit<u64>>,
    err: Option<&mut MaybeUninit<*mut CError>>,
) -> i32 {
    submit::later(session, operation, err, || expectation(expectation_json, within_ms))
}

/// Returns all that the session kept of a topic, in order; undecodable records with their error.
///
/// @param out  free with `test_probe_events_free`
#[unsafe(no_mangle)]
pub extern "C" fn test_probe_journal(
    session: CSession,
    topic: Text,
    out: Option<&mut MaybeUninit<*mut CEvents>>,
    err: Option<&mut MaybeUninit<*mut CError>>,
) -> i32 {
    events_of(session, out, err, || Ok(Operation::Journal { topic: owned("topic", topic)? }))
}

/// As `test_probe_journal`; its completion carries the events.
///
/// @param operation  out: the operation's id, never 0
#[unsafe(no_mangle)]
pub extern "C" fn test_probe_journal_async(
    session: CSession,
    topic: Text,
    operation: Option<&mut MaybeUninit<u64>>,
    err: Option<&mut MaybeUninit<*mut CError>>,
) -> i32 {
    submit::later(session, operation, err, || Ok(Operation::Journal { topic: owned("topic", topic)? }))
}

/// Returns how far a topic was read for this session, per partition, as JSON.
///
/// @param json  out; free with `test_probe_string_free`
#[unsafe(no_mangle)]
pub extern "C" fn test_probe_coverage(
    session: CSession,
    topic: Text,
    json: Option<&mut MaybeUninit<*mut c_char>>,
    err: Option<&mut MaybeUninit<*mut CError>>,
) -> i32 {
    guarded(err, || {
        write_text("json", json, || {
            let entry = registry::session(session)?;
            let outcome = submit::run(&entry, Operation::Coverage { topic: owned("topic", topic)? })?;
            Ok(outcome.to_json().to_string())
        })
    })
}

/// As `test_probe_coverage`; its completion carries the JSON.
///
/// @param operation  out: the operation's id, never 0
#[unsafe(no_mangle)]
pub extern "C" fn test_probe_coverage_async(
    session: CSession,
    topic: Text,
    operation: Option<&mut MaybeUninit<u64>>,
    err: Option<&mut MaybeUninit<*mut CError>>,
) -> i32 {
    submit::later(session, operation, err, || Ok(Operation::Coverage { topic: owned("topic", topic)? }))
}

/// Takes a mark: the end offsets of every topic of the session, now. Put it in an
/// expectation as `"after": {"mark": ...}` to look from here.
///
/// @param json  out; free with `test_probe_string_free`
#[unsafe(no_mangle)]
pub extern "C" fn test_probe_mark(
    session: CSession,
    json: Option<&mut MaybeUninit<*mut c_char>>,
    err: Option<&mut MaybeUninit<*mut CError>>,
) -> i32 {
    guarded(err, || {
        write_text("json", json, || {
            let entry = registry::session(session)?;
            Ok(submit::run(&entry, Operation::Mark)?.to_json().to_string())
        })
    })
}

/// As `test_probe_mark`; its completion carries the JSON.
///
/// @param operation  out: the operation's id, never 0
#[unsafe(no_mangle)]
pub extern "C" fn test_probe_mark_async(
    session: CSession,
    operation: Option<&mut MaybeUninit<u64>>,
    err: Option<&mut MaybeUninit<*mut CError>>,
) -> i32 {
    submit::later(session, operation, err, || Ok(Operation::Mark))
}

/// Looks at what the schemas of the session need before its first event, as JSON: `{"passed", "findings": [{"topic",
/// "side", "check", "status", "text", "error"}]}`. What fails is a finding, and the code is 0.
///
/// @param json  out; free with `test_probe_string_free`
#[unsafe(no_mangle)]
pub extern "C" fn test_probe_preflight(
    session: CSession,
    json: Option<&mut MaybeUninit<*mut c_char>>,
    err: Option<&mut MaybeUninit<*mut CError>>,
) -> i32 {
    guarded(err, || {
        write_text("json", json, || {
            let entry = registry::session(session)?;
            Ok(submit::run(&entry, Operation::Preflight)?.to_json().to_string())
        })
    })
}

/// As `test_probe_preflight`; its completion carries the JSON.
///
/// @param operation  out: the operation's id, never 0
#[unsafe(no_mangle)]
pub extern "C" fn test_probe_preflight_async(
    session: CSession,
    operation: Option<&mut MaybeUninit<u64>>,
    err: Option<&mut MaybeUninit<*mut CError>>,
) -> i32 {
    submit::later(session, operation, err, || Ok(Operation::Preflight))
}

fn owned(name: &str, text: Text) -> Result<String> {
    text.required(name).map(str::to_owned)
}

fn id(text: Text) -> Result<String> {
    owned("event_test_id", text)
}

fn produce(topic: Text, rec: Option<&CRecord>, timeout: Option<Duration>) -> Result<Operation> {
    Ok(Operation::Produce { topic: owned("topic", topic)?, event: Box::new(event(rec)?), timeout })
}

fn expectation(json: Text, within_ms: i64) -> Result<Operation> {
    let document = crate::call::json(json.required("expectation_json")?, "`expectation_json`")?;
    let mut expectation = Operation::expectation(&document)?;
    if let Some(within) = millis("within_ms", within_ms)? {
        expectation.set_within(within);
    }
    Ok(expectation)
}

/// The body of the verbs that end in events and have an out-parameter that must be there.
fn events_of(
    session: CSession,
    out: Option<&mut MaybeUninit<*mut CEvents>>,
    err: Option<&mut MaybeUninit<*mut CError>>,
    verb: impl FnOnce() -> Result<Operation>,
) -> i32 {
    guarded(err, || {
        let out = required("out", out)?;
        let entry = registry::session(session)?;
        out.write(Box::into_raw(CEvents::of(Some(&entry.session), submit::run(&entry, verb()?)?)?));
        Ok(())
    })
}

/// The acknowledgement of an outcome that must be one.
pub(super) fn ack_of(outcome: Outcome) -> Result<CAck> {
    match outcome {
        Outcome::Produced(ack) => Ok(CAck::of(&ack)),
        Outcome::Tried(result) => match result {
            crate::event::ProduceResult::Ack(ack) => Ok(CAck::of(&ack)),
            crate::event::ProduceResult::Nack(error) => Err(error),
        },
        _ => Err(ProbeError::new(
            ErrorCode::Internal,
            "producing ended in something else than an acknowledgement",
        )),
    }
}

impl CAck {
    /// What a completion without an acknowledgement carries.
    pub(super) const NONE: Self =
        Self { offset: -1, timestamp: 0, latency_ns: 0, partition: -1, id: [0; 64] };

    pub(super) fn of(ack: &crate::event::ProducedAck) -> Self {
        let mut id = [0; 64];
        if ack.id.len() < id.len() {
            for (to, from) in id.iter_mut().zip(ack.id.bytes()) {
                *to = from.cast_signed() as c_char;
            }
        }
        Self {
            offset: ack.offset,
            timestamp: ack.timestamp,
            latency_ns: i64::try_from(ack.latency.as_nanos()).unwrap_or(i64::MAX),
            partition: ack.partition,
            id,
        }
    }
}
