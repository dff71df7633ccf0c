//! The breaker as calls meet it: asked before each attempt, told how it ended, also when nobody waits any more.

use std::sync::Mutex;
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::Instant;

use super::breaker::{Admission, Breaker, Refused};
use crate::completion::lock;

/// The breaker behind a lock, with a bell for its closing.
#[derive(Debug)]
pub(super) struct Gate {
    breaker: Mutex<Breaker>,
    closed: Notify,
}

impl Gate {
    pub(super) fn new() -> Self {
        Self { breaker: Mutex::new(Breaker::new()), closed: Notify::new() }
    }

    /// Lets an attempt through, or says why not.
    pub(super) fn admit(&self) -> Result<Permit<'_>, Refused> {
        match lock(&self.breaker).admit(Instant::now()) {
            Admission::Granted => Ok(Permit { gate: self, probe: false }),
            Admission::Probe => Ok(Permit { gate: self, probe: true }),
            Admission::Refused(refused) => Err(refused),
        }
    }

    /// Returns the state's name.
    pub(super) fn state(&self) -> &'static str {
        lock(&self.breaker).name()
    }

    /// Waits for a time, or until the registry is known to be back.
    pub(super) async fn pause(&self, time: Duration) {
        // Whoever is not back in time is back by the time.
        let _in_time = tokio::time::timeout(time, self.closed.notified()).await;
    }
}

/// The right to one attempt. Dropped without a word, the attempt said nothing about the registry.
#[derive(Debug)]
pub(super) struct Permit<'a> {
    gate: &'a Gate,
    probe: bool,
}

impl Permit<'_> {
    /// The registry answered.
    pub(super) fn succeeded(mut self) {
        self.probe = false;
        if lock(&self.gate.breaker).succeeded() {
            self.gate.closed.notify_waiters();
        }
    }

    /// The registry did not answer, or answered that it cannot.
    pub(super) fn failed(mut self) {
        self.probe = false;
        lock(&self.gate.breaker).failed(Instant::now());
    }
}

impl Drop for Permit<'_> {
    fn drop(&mut self) {
        if self.probe {
            lock(&self.gate.breaker).given_up(Instant::now());
        }
    }
}
