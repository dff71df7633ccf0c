//! Sockets and time: everything of the cluster that waits.

mod connection;
mod exchange;
mod listeners;

use std::net::TcpListener;
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
    pub(crate) security: Arc<Security>,
}

impl Shared {
    pub(crate) fn new(state: State, security: Security) -> Self {
        Self { state: Mutex::new(state), earlier: Notify::new(), security: Arc::new(security) }
    }

    pub(crate) fn lock(&self) -> MutexGuard<'_, State> {
        lock(&self.state)
    }

    /// Changes the state, and wakes the clock when something became due earlier than it knew.
    pub(crate) fn with<T>(&self, change: impl FnOnce(&mut State, Now) -> T) -> T {
        let mut state = self.lock();
        let before = state.timers.next();
        let result = change(&mut state, now());
        let after = state.timers.next();
        drop(state);
        if after.is_some_and(|after| before.is_none_or(|before| after < before)) {
            self.earlier.notify_one();
        }
        result
    }
}

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
                () = tokio::time::sleep_until(at.into()) => shared.with(|state, now| state.tick(now)),
                () = shared.earlier.notified() => {}
            },
        }
    }
}
