//! The queue of completions.

use std::mem::MaybeUninit;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::error::{CError, give_text};
use super::events::CEvents;
use super::guard::{guarded, null, required};
use super::input::millis;
use super::registry::{self, ProbeEntry};
use super::types::*;
use super::verbs::ack_of;
use super::wake::WakeFd;
use crate::completion::{Completion, lock};
use crate::error::{ErrorCode, ProbeError, Result};
use crate::operation::Outcome;

/// An array of completions that the caller made.
///
/// cbindgen:transparent-typedef
#[derive(Clone, Copy, Debug)]
#[repr(transparent)]
pub struct Completions(*mut CCompletion);

impl Completions {
    fn is_null(self) -> bool {
        self.0.is_null()
    }

    /// Fills one; not NULL, and `index` is below the length that the caller gave.
    fn put(self, index: usize, completion: CCompletion) {
        // SAFETY: the header asks for room for that many. What was there is not looked at.
        unsafe { self.0.add(index).write(completion) };
    }

    /// One that was filled; not NULL, and `index` is below the length that the caller gave.
    fn at<'a>(self, index: usize) -> &'a mut CCompletion {
        // SAFETY: the header asks for that many completions of `test_probe_next`, used by nobody else.
        unsafe { &mut *self.0.add(index) }
    }
}

/// How soon a wait in `test_probe_next` notices that the probe was closed.
const SLICE: Duration = Duration::from_millis(50);

/// Takes completions out of the queue, oldest first: waits until there is one, then takes what is
/// there. Each operation completes exactly once, whatever becomes of it. After `test_probe_close`
/// it hands out what is left, and then returns TEST_PROBE_INVALID_HANDLE.
///
/// @param timeout_ms  how long to wait for the first; 0 to look only
/// @param out  array of `capacity` completions; free each with `test_probe_completions_free`
/// @param capacity  at least 1
/// @param count  out: how many were taken; 0 when none came in time, which is no error
#[unsafe(no_mangle)]
pub extern "C" fn test_probe_next(
    probe: CProbe,
    timeout_ms: i64,
    out: Completions,
    capacity: usize,
    count: Option<&mut MaybeUninit<usize>>,
    err: Option<&mut MaybeUninit<*mut CError>>,
) -> i32 {
    guarded(err, || {
        let count = required("count", count)?;
        if out.is_null() {
            return Err(null("out"));
        }
        let timeout = millis("timeout_ms", timeout_ms)?.filter(|_| capacity > 0).ok_or_else(|| {
            ProbeError::new(ErrorCode::InvalidArgument, "`timeout_ms` was negative, or `capacity` 0")
        })?;
        let entry = registry::probe_or_its_rest(probe)?;
        if !entry.is_closed() {
            entry.probe.check()?;
        }
        let taken = take(&entry, timeout, capacity);
        registry::forget_when_drained(probe, &entry);
        count.write(taken.len());
        for (index, completion) in taken.into_iter().enumerate() {
            out.put(index, CCompletion::of(&entry, completion));
        }
        Ok(())
    })
}

fn take(entry: &ProbeEntry, timeout: Duration, capacity: usize) -> Vec<Completion<Outcome>> {
    let operations = entry.probe.operations();
    let end = Instant::now() + timeout;
    loop {
        let left = end.saturating_duration_since(Instant::now());
        if operations.wait(left.min(SLICE)) || left.is_zero() || entry.is_closed() {
            break;
        }
    }
    let wake = lock(&entry.wake).clone();
    // Cleared before the queue is emptied: what comes in between sets it again.
    if let Some(wake) = &wake {
        wake.clear();
    }
    let taken = operations.drain(capacity);
    if let Some(wake) = wake
        && operations.wait(Duration::ZERO)
    {
        wake.set();
    }
    taken
}

impl CCompletion {
    fn of(entry: &Arc<ProbeEntry>, completion: Completion<Outcome>) -> Self {
        let mut this = Self {
            operation: completion.operation,
            code: 0,
            kind: TEST_PROBE_RESULT_NONE,
            error: std::ptr::null_mut(),
            events: std::ptr::null_mut(),
            json: std::ptr::null_mut(),
            session: CSession { id: 0 },
            ack: CAck::NONE,
        };
        let opened = lock(&entry.opening).remove(&completion.operation);
        let filled = completion.result.and_then(|outcome| match opened {
            Some(slot) => this.fill_session(entry, lock(&slot).take()),
            None => this.fill(outcome),
        });
        if let Err(error) = filled {
            this.code = error.code().number();
            this.kind = TEST_PROBE_RESULT_NONE;
            this.error = CError::leak(error);
        }
        this
    }

    fn fill(&mut self, outcome: Outcome) -> Result<()> {
        match outcome {
            Outcome::Done => {}
            Outcome::Produced(_) | Outcome::Tried(_) => {
                self.ack = ack_of(outcome)?;
                self.kind = TEST_PROBE_RESULT_ACK;
            }
            Outcome::Consumed(_) | Outcome::Events(_) | Outcome::Verdict(_) | Outcome::Catch { .. } => {
                self.events = Box::into_raw(CEvents::of(None, outcome)?);
                self.kind = TEST_PROBE_RESULT_EVENTS;
            }
            Outcome::Mark(_) | Outcome::Coverage(_) | Outcome::Preflight(_) => {
                self.json = give_text(&outcome.to_json().to_string());
                self.kind = TEST_PROBE_RESULT_JSON;
            }
        }
        Ok(())
    }

    fn fill_session(&mut self, entry: &Arc<ProbeEntry>, session: Option<crate::Session>) -> Result<()> {
        let session = session
            .ok_or_else(|| ProbeError::new(ErrorCode::Internal, "a session was opened and is not there"))?;
        self.session = registry::add_session(entry, session)?;
        self.kind = TEST_PROBE_RESULT_SESSION;
        Ok(())
    }
}

/// Frees what completions carry, error, events and JSON, and empties them; the array and a session
/// stay the caller's. NULL does nothing; a second call on the same array neither.
#[unsafe(no_mangle)]
pub extern "C" fn test_probe_completions_free(completions: Completions, count: usize) {
    if completions.is_null() {
        return;
    }
    for index in 0..count {
        let completion = completions.at(index);
        let error = std::mem::replace(&mut completion.error, std::ptr::null_mut());
        let events = std::mem::replace(&mut completion.events, std::ptr::null_mut());
        let json = std::mem::replace(&mut completion.json, std::ptr::null_mut());
        super::guard::guarded_value((), || {
            if !error.is_null() {
                // SAFETY: made by `CError::leak`, and taken out of the completion just now.
                drop(unsafe { Box::from_raw(error) });
            }
            if !events.is_null() {
                // SAFETY: made by `Box::into_raw`, and taken out of the completion just now.
                drop(unsafe { Box::from_raw(events) });
            }
        });
        // SAFETY: from `give_text`, or NULL, which free ignores.
        unsafe { libc::free(json.cast()) };
    }
}

/// Gives a file descriptor for poll, epoll or an event loop: readable while there are completions to
/// take with `test_probe_next`. Never read it, write to it or close it; it is closed when the probe
/// is, or with the last completion that is taken after that. Linux only, else TEST_PROBE_UNSUPPORTED.
///
/// @param out  the descriptor, the same one in every call
#[unsafe(no_mangle)]
pub extern "C" fn test_probe_completion_fd(
    probe: CProbe,
    out: Option<&mut MaybeUninit<i32>>,
    err: Option<&mut MaybeUninit<*mut CError>>,
) -> i32 {
    guarded(err, || {
        let out = required("out", out)?;
        let entry = registry::probe(probe)?;
        let mut wake = lock(&entry.wake);
        let fd = match &*wake {
            Some(fd) => fd.raw(),
            None => wake.insert(attach(&entry)?).raw(),
        };
        out.write(fd);
        Ok(())
    })
}

fn attach(entry: &ProbeEntry) -> Result<Arc<WakeFd>> {
    let fd = Arc::new(WakeFd::new()?);
    let setter = Arc::downgrade(&fd);
    let operations = entry.probe.operations();
    operations.set_wake(Some(Arc::new(move || {
        if let Some(fd) = setter.upgrade() {
            fd.set();
        }
    })));
    if operations.wait(Duration::ZERO) {
        fd.set();
    }
    Ok(fd)
}

/// Cancels an operation. It completes with TEST_PROBE_CANCELLED, unless it had ended already; its
/// completion comes through the queue in any case. An id that never was one does nothing.
#[unsafe(no_mangle)]
pub extern "C" fn test_probe_cancel(
    probe: CProbe,
    operation: u64,
    err: Option<&mut MaybeUninit<*mut CError>>,
) -> i32 {
    guarded(err, || {
        registry::probe(probe)?.probe.operations().cancel(operation);
        Ok(())
    })
}

/// A session that was opened and whose completion nobody took closes with the probe.
impl Drop for ProbeEntry {
    fn drop(&mut self) {
        self.probe.operations().set_wake(None);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn freeing_completions_twice_and_freeing_nothing_does_nothing() {
        let mut completion = CCompletion {
            operation: 1,
            code: 5001,
            kind: 0,
            error: CError::leak(ProbeError::new(ErrorCode::Cancelled, "cancelled")),
            events: std::ptr::null_mut(),
            json: give_text("{}"),
            session: CSession { id: 0 },
            ack: CAck::NONE,
        };
        test_probe_completions_free(Completions(&raw mut completion), 1);
        test_probe_completions_free(Completions(&raw mut completion), 1);
        test_probe_completions_free(Completions(std::ptr::null_mut()), 9);
        assert!(completion.error.is_null());
    }
}
