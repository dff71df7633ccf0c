//! What the handles of Java name.
//!
//! A handle lives as long as the Java object that has it, which is longer than what it names: after a close the
//! entry keeps only the error that core gives from then on, so that memory goes with the close and not with the
//! garbage collector.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock, Weak};
use std::time::Duration;

use test_probe::handles::{Handles, Kind};
use test_probe::{ErrorCode, Probe, ProbeError, Result, Session};

use crate::completion::Queue;

static PROBES: Handles<ProbeEntry> = Handles::new(Kind::Probe);
static SESSIONS: Handles<SessionEntry> = Handles::new(Kind::Session);

/// Something that is let go of when it is closed.
struct Closable<T>(RwLock<Result<T>>);

impl<T: Clone> Closable<T> {
    fn new(value: T) -> Self {
        Self(RwLock::new(Ok(value)))
    }

    fn get(&self) -> Result<T> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Keeps the error of `check` instead of the value, once there is one.
    fn let_go(&self, check: impl FnOnce(&T) -> Result<()>) {
        let mut slot = self.0.write().unwrap_or_else(PoisonError::into_inner);
        let closed = slot.as_ref().ok().and_then(|value| check(value).err());
        let old = closed.map(|error| std::mem::replace(&mut *slot, Err(error)));
        drop(slot); // before the value, whose drop is not ours
        drop(old);
    }
}

/// A probe, its operations and its sessions.
pub(crate) struct ProbeEntry {
    probe: Closable<Probe>,
    pub(crate) queue: Queue,
    sessions: Mutex<Vec<Weak<SessionEntry>>>,
    /// A batch that Java had no memory for.
    undelivered: Mutex<Option<Vec<u8>>>,
    is_closed: AtomicBool,
}

impl ProbeEntry {
    /// Returns the open probe, or why there is none.
    pub(crate) fn open(&self) -> Result<Probe> {
        let probe = self.probe.get()?;
        probe.check()?;
        Ok(probe)
    }

    /// Whether nothing more will come into the queue.
    pub(crate) fn is_closed(&self) -> bool {
        self.is_closed.load(Ordering::Acquire)
    }

    /// Keeps a batch for the next drain.
    pub(crate) fn keep_undelivered(&self, batch: Vec<u8>) {
        *self.undelivered.lock().unwrap_or_else(PoisonError::into_inner) = Some(batch);
    }

    /// Takes what was kept.
    pub(crate) fn take_undelivered(&self) -> Option<Vec<u8>> {
        self.undelivered.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    /// Wakes every future before anything that may take its time.
    pub(crate) fn close(&self, timeout: Option<Duration>) -> Result<()> {
        let Ok(probe) = self.probe.get() else { return Ok(()) };
        self.queue
            .close(&ProbeError::new(ErrorCode::ShuttingDown, "the probe was closed while the call waited"));
        let result = probe.close_blocking(timeout);
        let sessions = std::mem::take(&mut *self.sessions.lock().unwrap_or_else(PoisonError::into_inner));
        for session in sessions.iter().filter_map(Weak::upgrade) {
            session.let_go();
        }
        self.probe.let_go(Probe::check);
        self.is_closed.store(true, Ordering::Release);
        result
    }
}

/// A session.
pub(crate) struct SessionEntry(Closable<Session>);

impl SessionEntry {
    /// Returns the open session, or why there is none.
    pub(crate) fn open(&self) -> Result<Session> {
        let session = self.0.get()?;
        session.check()?;
        Ok(session)
    }

    /// Forgets a session that was closed.
    pub(crate) fn let_go(&self) {
        self.0.let_go(Session::check);
    }
}

/// Keeps a probe and returns its handle.
pub(crate) fn add_probe(probe: Probe) -> Result<u64> {
    PROBES.insert(ProbeEntry {
        probe: Closable::new(probe),
        queue: Queue::default(),
        sessions: Mutex::default(),
        undelivered: Mutex::default(),
        is_closed: AtomicBool::new(false),
    })
}

/// Returns what a handle names, closed or not.
pub(crate) fn probe(handle: u64) -> Result<Arc<ProbeEntry>> {
    PROBES.get(handle)
}

/// Keeps a session, which ends with its probe, and returns its handle.
pub(crate) fn add_session(probe: &ProbeEntry, session: Session) -> Result<u64> {
    let handle = add_foreign_session(session)?;
    let mut sessions = probe.sessions.lock().unwrap_or_else(PoisonError::into_inner);
    sessions.retain(|session| session.strong_count() > 0);
    sessions.push(Arc::downgrade(&SESSIONS.get(handle)?));
    Ok(handle)
}

/// Keeps a session for one call.
pub(crate) fn add_foreign_session(session: Session) -> Result<u64> {
    SESSIONS.insert(SessionEntry(Closable::new(session)))
}

/// Returns what a handle names, closed or not.
pub(crate) fn session(handle: u64) -> Result<Arc<SessionEntry>> {
    SESSIONS.get(handle)
}

/// Forgets a handle, and with it what it names unless something of it still runs.
pub(crate) fn release(handle: u64) -> Result<()> {
    SESSIONS.remove(handle).map(drop).or_else(|_| PROBES.remove(handle).map(drop))
}
