//! Waiting in slices: without the GIL, awake for signals, and over when the interpreter ends.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

use pyo3::prelude::*;
use test_probe::completion::Pending;
use test_probe::{ErrorCode, ProbeError};
use tokio::runtime::Handle;

use crate::error::Failure;

/// Half of the 200 ms within which Ctrl-C is noticed.
const SLICE: Duration = Duration::from_millis(100);

/// How long the end of the interpreter waits for threads to leave native code.
const LEAVING: Duration = Duration::from_millis(200);

/// Threads that wait without the GIL. One that is still here when the interpreter is finalized is
/// ended by CPython in the middle of our frames.
static WAITING: AtomicUsize = AtomicUsize::new(0);

/// Set once, by `atexit`.
static EXITING: AtomicBool = AtomicBool::new(false);

struct Waiting;

impl Waiting {
    fn begin() -> Self {
        WAITING.fetch_add(1, Ordering::SeqCst);
        Self
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        WAITING.fetch_sub(1, Ordering::SeqCst);
    }
}

/// Runs a call to its end. When a signal handler raises, the call is cancelled.
///
/// The first turn is on this thread, so that a call with an answer at hand costs no switch of threads.
pub(crate) fn run<T: Send + 'static>(
    py: Python<'_>,
    runtime: &Handle,
    future: impl Future<Output = Result<T, ProbeError>> + Send + 'static,
) -> Result<T, Failure> {
    let _waiting = Waiting::begin();
    if EXITING.load(Ordering::SeqCst) {
        return Err(exiting().into());
    }
    let mut future = Box::pin(future);
    let first_turn = py.detach(|| {
        let _inside = runtime.enter();
        future.as_mut().poll(&mut Context::from_waker(Waker::noop()))
    });
    if let Poll::Ready(result) = first_turn {
        return result.map_err(Failure::from);
    }
    let pending = Pending::spawn(runtime, future);
    loop {
        if let Some(result) = py.detach(|| pending.wait(SLICE)) {
            return result.map_err(Failure::from);
        }
        py.check_signals()?;
        if EXITING.load(Ordering::SeqCst) {
            return Err(exiting().into());
        }
    }
}

/// Refuses calls from now on, once the interpreter ends.
pub(crate) fn refuse_calls() {
    EXITING.store(true, Ordering::SeqCst);
}

/// Returns when no thread waits in native code any more, or after a bounded time.
/// Called without the GIL: the threads that leave need it.
pub(crate) fn wait_until_all_left() {
    let end = Instant::now() + LEAVING;
    while WAITING.load(Ordering::SeqCst) > 0 && Instant::now() < end {
        std::thread::sleep(Duration::from_millis(1));
    }
}

/// Forgets, in a forked child, the threads that exist only in its parent.
#[pyfunction]
pub(crate) fn after_fork() {
    WAITING.store(0, Ordering::SeqCst);
    EXITING.store(false, Ordering::SeqCst);
}

fn exiting() -> ProbeError {
    ProbeError::new(ErrorCode::ShuttingDown, "the interpreter is ending")
}
