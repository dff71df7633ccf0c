//! Sockets and time: everything of the cluster that waits.
//!
//! A panic of ours ends one connection, or one thing that was due, and is counted; the rest goes on.

mod connection;
mod exchange;
mod listeners;
mod quiet;
#[cfg(test)]
mod tests;

pub use quiet::Quiet;

use std::any::Any;
use std::fmt;
use std::net::TcpListener;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use tokio::sync::{Notify, mpsc};

use crate::cluster::lock;
use crate::security::Security;
use crate::state::{Now, State};
use listeners::Listeners;
pub(crate) use listeners::{Command, Done};

/// How long a listener rests when the process has no file descriptor left for a connection.
const ACCEPT_REST: Duration = Duration::from_millis(20);

/// The state of a cluster, with what wakes its clock.
#[derive(Debug)]
pub(crate) struct Shared {
    state: Mutex<State>,
    earlier: Notify,
    panics: AtomicU64,
    pub(crate) security: Arc<Security>,
}

impl Shared {
    pub(crate) fn new(state: State, security: Security) -> Self {
        let (state, earlier, panics) = (Mutex::new(state), Notify::new(), AtomicU64::new(0));
        Self { state, earlier, panics, security: Arc::new(security) }
    }

    pub(crate) fn lock(&self) -> MutexGuard<'_, State> {
        lock(&self.state)
    }

    /// Changes the state, and wakes the clock when something became due earlier than it knew. A panic is the
    /// caller's.
    pub(crate) fn with<T>(&self, change: impl FnOnce(&mut State, Now) -> T) -> T {
        self.change(change).unwrap_or_else(|panic| resume_unwind(panic))
    }

    /// Changes the state for somebody whose mistake a panic is not: it is counted and told.
    pub(crate) fn try_with<T>(
        &self,
        doing: &dyn fmt::Display,
        change: impl FnOnce(&mut State, Now) -> T,
    ) -> Result<T, Panicked> {
        self.change(change).map_err(|panic| self.panicked(doing, panic.as_ref()))
    }

    /// Whatever a panic left half done is what it was about, such as one partition: nobody else is kept out.
    fn change<T>(&self, change: impl FnOnce(&mut State, Now) -> T) -> std::thread::Result<T> {
        let mut state = self.lock();
        let before = state.timers.next();
        let result = catch_unwind(AssertUnwindSafe(|| change(&mut state, now())));
        let after = state.timers.next();
        drop(state);
        if after.is_some_and(|after| before.is_none_or(|before| after < before)) {
            self.earlier.notify_one();
        }
        result
    }

    /// Counts a panic and says it.
    fn panicked(&self, doing: &dyn fmt::Display, panic: &(dyn Any + Send)) -> Panicked {
        self.panics.fetch_add(1, Ordering::Relaxed);
        let said = panic.downcast_ref::<&str>().copied();
        let said = said.or_else(|| panic.downcast_ref::<String>().map(String::as_str)).unwrap_or("no text");
        tracing::error!(%doing, said, "the embedded cluster panicked");
        Panicked
    }

    /// Returns how many panics were counted.
    pub(crate) fn panics(&self) -> u64 {
        self.panics.load(Ordering::Relaxed)
    }
}

/// There was a panic, which was counted and told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Panicked;

/// Returns the time as the state sees it.
fn now() -> Now {
    let wall = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Now { mono: Instant::now(), wall_ms: wall.as_millis() as i64 }
}

/// Serves until nobody can send commands any more; then the runtime drops every task, and with them the sockets.
pub(crate) async fn run(
    shared: Arc<Shared>,
    listeners: Vec<TcpListener>,
    commands: mpsc::UnboundedReceiver<Command>,
) {
    let listeners = Listeners::new(shared.clone(), listeners);
    tokio::spawn(clock(shared));
    listeners.obey(commands).await;
}

/// Does what is due, when it is due.
async fn clock(shared: Arc<Shared>) {
    loop {
        let next = shared.lock().timers.next();
        match next {
            None => shared.earlier.notified().await,
            Some(at) => tokio::select! {
                () = tokio::time::sleep_until(at.into()) => {
                    // What panicked is over; what else is due is done in the next round.
                    let _ = shared.try_with(&"something was due", |state, now| state.tick(now));
                }
                () = shared.earlier.notified() => {}
            },
        }
    }
}
