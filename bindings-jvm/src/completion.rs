//! How results reach Java: a queue that one of its threads drains, a batch in one crossing.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use serde_json::{Map, Value, json};
use test_probe::completion::{Operations, panic_error};
use test_probe::operation::Outcome;
use test_probe::{ProbeError, Session};

use crate::convert::write_outcome;
use crate::frame::Writer;
use crate::registry::{self, ProbeEntry};

/// What an operation ended in.
pub(crate) enum Ended {
    /// A session was opened.
    Opened(Session),
    /// A verb of this session ended.
    Verb(Session, Outcome),
}

pub(crate) type Queue = Operations<Ended>;

/// Completions of one crossing, so that their memory stays bounded.
const BATCH: usize = 256;

/// Half of the 200 ms within which the draining thread notices that its probe is gone.
const WAIT: Duration = Duration::from_millis(100);

/// How Java tells the completions of a batch apart.
mod kind {
    pub(super) const OUTCOME: u8 = 0;
    pub(super) const SESSION: u8 = 1;
    pub(super) const ERROR: u8 = 2;
}

/// Waits a bounded time and returns what ended: `(operation, kind, length, body)` one after the other, possibly
/// nothing; `None` when nothing more will come.
pub(crate) fn drain(probe: &ProbeEntry) -> Option<Vec<u8>> {
    if let Some(batch) = probe.take_undelivered() {
        return Some(batch);
    }
    // Asked before the queue: what came in between is then still handed out.
    let is_closed = probe.is_closed();
    if !is_closed {
        probe.queue.wait(WAIT);
    }
    let completions = probe.queue.drain(BATCH);
    if is_closed && completions.is_empty() {
        return None;
    }
    let mut batch = Writer::default();
    for completion in completions {
        let (kind, body) = match completion.result.and_then(|ended| written(probe, ended)) {
            Ok(written) => written,
            Err(error) => (kind::ERROR, error.to_json().to_string().into_bytes()),
        };
        batch.long(completion.operation);
        batch.byte(kind);
        batch.bytes(&body);
    }
    Some(batch.finish())
}

/// One that panics does not take the others of its batch with it.
fn written(probe: &ProbeEntry, ended: Ended) -> Result<(u8, Vec<u8>), ProbeError> {
    catch_unwind(AssertUnwindSafe(|| write(probe, ended)))
        .unwrap_or_else(|payload| Err(panic_error("a completion", &*payload)))
}

fn write(probe: &ProbeEntry, ended: Ended) -> Result<(u8, Vec<u8>), ProbeError> {
    let mut body = Writer::default();
    let kind = match ended {
        Ended::Opened(session) => {
            let document = about(&session);
            body.long(registry::add_session(probe, session)?);
            body.bytes(document.to_string().as_bytes());
            kind::SESSION
        }
        Ended::Verb(session, outcome) => {
            write_outcome(&mut body, &session, outcome);
            kind::OUTCOME
        }
    };
    Ok((kind, body.finish()))
}

/// What never changes about a session.
fn about(session: &Session) -> Value {
    let headers: Map<String, Value> =
        session.trace_headers().into_iter().map(|(name, value)| (name, value.into())).collect();
    json!({ "testId": session.test_id(), "traceHeaders": headers })
}
