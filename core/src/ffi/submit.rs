//! The two ways to run an operation: wait for it here, or have its completion queued.

use std::future::Future;
use std::mem::MaybeUninit;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use super::error::CError;
use super::guard::{guarded, required};
use super::registry::{self, SessionEntry};
use super::types::CSession;
use crate::completion::Pending;
use crate::engine::{Probe, Session};
use crate::error::Result;
use crate::event::ConsumedResult;
use crate::operation::{Operation, Outcome};

/// How much longer than its own deadline a call may take before it is given up.
const SECOND_LINE: Duration = Duration::from_secs(5);

/// The longest that the second line is computed to, against overflow.
const LONGEST: Duration = Duration::from_secs(400 * 24 * 60 * 60);

/// Waits on the caller's thread.
pub(super) fn wait<T: Send + 'static>(
    probe: &Probe,
    limit: Duration,
    future: impl Future<Output = Result<T>> + Send + 'static,
) -> Result<T> {
    Pending::spawn(&probe.handle(), future).join(limit)
}

/// Runs a verb and waits for it.
pub(super) fn run(entry: &SessionEntry, operation: Operation) -> Result<Outcome> {
    run_session(&entry.session, operation)
}

/// Runs a verb of a session that has no handle, and waits for it.
pub(super) fn run_session(session: &Session, operation: Operation) -> Result<Outcome> {
    if let Operation::Fetch { topic, id } = &operation {
        // Answers at once: nothing to wait for.
        return session.fetch_consumed_event(topic, id).map(Outcome::Consumed);
    }
    let probe = session.probe();
    wait(&probe, limit(&probe, &operation), session.run(operation))
}

/// Starts a verb; its completion is queued.
pub(super) fn submit(entry: &SessionEntry, operation: Operation) -> Result<u64> {
    let probe = entry.probe()?;
    let handle = probe.probe.handle();
    let sends = matches!(operation, Operation::Produce { .. } | Operation::TryProduce { .. });
    let (session, mut verb) = (entry.session.clone(), Box::pin(entry.session.run(operation)));
    // A record is handed to the client in the first poll: done here, so that records go out in the
    // order of the calls and not in that in which the runtime's threads get to them.
    let ended = if sends {
        let _runtime = handle.enter();
        match verb.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(result) => Some(result),
            Poll::Pending => None,
        }
    } else {
        None
    };
    Ok(probe.probe.operations().submit(&handle, async move {
        let outcome = match ended {
            Some(result) => result?,
            None => verb.await?,
        };
        Ok(match outcome {
            // The session is not known any more where the completion is taken.
            Outcome::Consumed(ConsumedResult::Ack(event)) => {
                let own = session.is_own(&event);
                Outcome::Events(vec![(event, own)])
            }
            other => other,
        })
    }))
}

/// The body of every `..._async` verb.
pub(super) fn later(
    session: CSession,
    operation: Option<&mut MaybeUninit<u64>>,
    err: Option<&mut MaybeUninit<*mut CError>>,
    verb: impl FnOnce() -> Result<Operation>,
) -> i32 {
    guarded(err, || {
        let out = required("operation", operation)?;
        let entry = registry::session(session)?;
        out.write(submit(&entry, verb()?)?);
        Ok(())
    })
}

/// The second line of a call that makes topics ready.
pub(super) fn readiness_limit(probe: &Probe) -> Duration {
    stretched(probe, probe.config().dsl.ask_timeout)
}

/// The second line of a verb. Each has a deadline of its own, which is the engine's to keep.
fn limit(probe: &Probe, operation: &Operation) -> Duration {
    let config = probe.config();
    let own = match operation {
        Operation::Produce { timeout, .. } | Operation::TryProduce { timeout, .. } => {
            timeout.unwrap_or(config.dsl.ask_timeout)
        }
        Operation::Expect(expectation) | Operation::Fish(expectation) => {
            expectation.within.unwrap_or(config.dsl.within).saturating_add(config.dsl.verdict_grace)
        }
        Operation::FishOn { fishing, .. } => fishing.window().saturating_add(config.dsl.verdict_grace),
        Operation::CaughtUp { within, .. } | Operation::Verify { within, .. } => {
            within.unwrap_or(config.dsl.within).saturating_add(config.dsl.verdict_grace)
        }
        Operation::Close => config.limits.close_timeout,
        Operation::Preflight => config.dsl.blocking_timeout,
        Operation::Fetch { .. }
        | Operation::FetchAll { .. }
        | Operation::Mark
        | Operation::Journal { .. }
        | Operation::Coverage { .. }
        | Operation::AddTopics(_) => config.dsl.ask_timeout,
    };
    stretched(probe, own)
}

fn stretched(probe: &Probe, own: Duration) -> Duration {
    let factor = probe.config().time_factor.max(1.0);
    Duration::try_from_secs_f64(own.as_secs_f64() * factor)
        .unwrap_or(LONGEST)
        .saturating_add(SECOND_LINE)
        .min(LONGEST)
}
