//! Destroys the handles of clients behind everybody's back.
//!
//! `rd_kafka_destroy` joins threads and may wait for a dead broker, so it never runs on a caller's
//! thread. One thread per process does it, started with the first handle. A handle that takes
//! longer than [`PATIENCE`] is counted as leaked and its thread is written off: the next handle
//! gets a new one. The process can exit at any time; nobody joins these threads.

use std::collections::VecDeque;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::native::Native;

/// How long destroying one handle may take before the handle counts as leaked.
pub const PATIENCE: Duration = Duration::from_secs(5);

static STATE: Mutex<State> = Mutex::new(State {
    waiting: VecDeque::new(),
    pending: 0,
    leaked: 0,
    thread: 0,
    running: false,
    busy: None,
});
static ARRIVAL: Condvar = Condvar::new();
static DONE: Condvar = Condvar::new();

struct State {
    waiting: VecDeque<Native>,
    /// Handles that were handed over and are not destroyed yet.
    pending: usize,
    /// Handles whose thread was written off.
    leaked: usize,
    /// The number of the thread that serves; threads with another number were written off.
    thread: u64,
    running: bool,
    /// Since when the serving thread is at one handle.
    busy: Option<Instant>,
}

impl State {
    fn is_stuck(&self) -> bool {
        self.busy.is_some_and(|since| since.elapsed() > PATIENCE)
    }
}

/// Returns how many handles were let go of and are not destroyed yet.
#[must_use]
pub fn pending() -> usize {
    lock().pending
}

/// Returns how many of those take so long that they count as leaked.
#[must_use]
pub fn leaked() -> usize {
    let state = lock();
    state.leaked + usize::from(state.is_stuck())
}

/// Waits until everything that was let go of is destroyed, or the time is over.
pub fn settle(timeout: Duration) {
    drop(DONE.wait_timeout_while(lock(), timeout, |state| state.pending > 0));
}

/// Takes a handle to destroy. Returns at once.
pub(super) fn take(native: Native) {
    let mut state = lock();
    state.pending += 1;
    state.waiting.push_back(native);
    if !state.running || state.is_stuck() {
        if state.busy.take().is_some() {
            state.leaked += 1;
        }
        state.thread += 1;
        let number = state.thread;
        let spawned =
            std::thread::Builder::new().name("test-probe-reap".to_owned()).spawn(move || serve(number));
        // Without a thread the handle stays in the queue, pending, until one can be started.
        state.running = spawned.is_ok();
    }
    drop(state);
    ARRIVAL.notify_all();
}

fn serve(number: u64) {
    let mut state = lock();
    while state.thread == number {
        let Some(native) = state.waiting.pop_front() else {
            state = ARRIVAL.wait(state).unwrap_or_else(PoisonError::into_inner);
            continue;
        };
        state.busy = Some(Instant::now());
        drop(state);
        native.destroy();
        state = lock();
        state.pending -= 1;
        DONE.notify_all();
        if state.thread == number {
            state.busy = None;
        } else {
            state.leaked -= 1;
        }
    }
}

fn lock() -> MutexGuard<'static, State> {
    STATE.lock().unwrap_or_else(PoisonError::into_inner)
}
