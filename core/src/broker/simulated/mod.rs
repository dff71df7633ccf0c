//! A Kafka of our own in virtual time, with seeded faults.
//!
//! [`SimCluster`] is the log, the world that changes it and the oracle that knows the truth;
//! [`SimCluster::broker`] is what the engine sees of it. It runs on a current-thread runtime with
//! a paused clock: one seed gives one schedule, because every choice comes from one generator,
//! every delay from tokio's clock, and nothing iterates in an order of its own making.
//!
//! | file | what lives there |
//! |---|---|
//! | `faults` | how hostile the cluster is |
//! | `log` | topics, partitions, transactions, epochs |
//! | `state` | everything behind the lock, and the agenda of what happens next |
//! | `world` | what the system under test and the world do |
//! | `truth` | what a checker may ask |
//! | `requests` | `Broker`: one-shot requests and their deadlines |
//! | `fetch`, `reader` | the partition fetchers and the handle over them |
//! | `produce`, `writer` | the partition lanes and the handle over them |
//!
//! ```
//! # tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap()
//! # .block_on(async {
//! use test_probe::broker::simulated::{Faults, SimCluster, SimRecord};
//! let cluster = SimCluster::new(7, Faults::none());
//! cluster.create_topic("orders", 3);
//! assert_eq!(cluster.append("orders", 0, SimRecord::of("first")), Some(0));
//! assert_eq!(cluster.watermarks("orders", 0).unwrap().high, 1);
//! # });
//! ```

mod faults;
mod fetch;
mod log;
mod produce;
mod reader;
mod requests;
mod state;
#[cfg(test)]
mod tests;
mod truth;
mod world;
mod writer;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::Instant;

pub use self::faults::{Faults, ProduceFault};
pub use self::log::{Gone, SimRecord, Transaction, TxnState};
pub use self::truth::{CommitSeen, LoggedRecord, Watermarks};

use self::state::State;
use super::Broker;
use crate::runtime::Task;

/// A simulated cluster. Clones are handles on the same one; it ends with the last handle, broker,
/// reader or writer of it.
#[derive(Clone)]
pub struct SimCluster {
    inner: Arc<Inner>,
}

struct Inner {
    state: Mutex<State>,
    /// Rings when something was put on the agenda before the time the pump sleeps until.
    alarm: Arc<Notify>,
    /// Rings when an outage ended early.
    resumed: Notify,
    pump: Mutex<Option<Task>>,
}

impl SimCluster {
    /// Starts an empty cluster on the current runtime, whose clock must be paused.
    #[must_use]
    pub fn new(seed: u64, faults: Faults) -> Self {
        let inner = Arc::new(Inner {
            state: Mutex::new(State::new(seed, faults)),
            alarm: Arc::new(Notify::new()),
            resumed: Notify::new(),
            pump: Mutex::new(None),
        });
        let pump = pump(Arc::downgrade(&inner), Arc::clone(&inner.alarm));
        let task = Task::spawn(&tokio::runtime::Handle::current(), pump);
        *inner.pump.lock().unwrap_or_else(PoisonError::into_inner) = Some(task);
        Self { inner }
    }

    /// Returns the cluster as one principal sees it. Each call is a client configuration of its own.
    #[must_use]
    pub fn broker(&self, principal: &str) -> Arc<dyn Broker> {
        Arc::new(requests::SimBroker::new(Arc::clone(&self.inner), principal))
    }

    /// Replaces the faults from here on.
    pub fn set_faults(&self, faults: Faults) {
        self.with(|state| state.faults = faults);
    }

    /// Starts to record what happens, for [`SimCluster::trace`].
    pub fn record_trace(&self) {
        self.with(|state| state.trace = Some(String::new()));
    }

    /// Returns what happened since [`SimCluster::record_trace`], a line each, milliseconds first.
    #[must_use]
    pub fn trace(&self) -> String {
        self.with(|state| state.trace.clone().unwrap_or_default())
    }

    /// Returns the cluster's wall clock, milliseconds since the epoch.
    #[must_use]
    pub fn clock(&self) -> i64 {
        self.with(|state| state.wall_clock())
    }

    fn with<T>(&self, action: impl FnOnce(&mut State) -> T) -> T {
        self.inner.with(action)
    }
}

impl Inner {
    /// Runs an action behind the lock and rings the pump when the agenda changed for it.
    fn with<T>(&self, action: impl FnOnce(&mut State) -> T) -> T {
        let mut state = self.lock();
        let result = action(&mut state);
        let ring = state.must_ring();
        drop(state);
        if ring {
            self.alarm.notify_one();
        }
        result
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.read_clock();
        state
    }
}

/// Runs what is due, calls the wakes that came of it, and sleeps until the next thing is due.
async fn pump(inner: Weak<Inner>, alarm: Arc<Notify>) {
    loop {
        let Some(strong) = inner.upgrade() else { return };
        let (next, wakes) = strong.lock().run_due();
        drop(strong);
        for wake in wakes {
            wake();
        }
        match next {
            Some(instant) => tokio::select! {
                biased;
                () = alarm.notified() => {}
                () = tokio::time::sleep_until(instant) => {}
            },
            None => alarm.notified().await,
        }
    }
}

/// Converts for the outside: inside, time is milliseconds since the cluster's start.
fn instant(origin: Instant, at: u64) -> Instant {
    origin + Duration::from_millis(at)
}
