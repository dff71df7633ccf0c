//! What the handles of C name.

use std::collections::{HashMap, HashSet};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, Weak};

use super::types::{CProbe, CSession};
use super::wake::WakeFd;
use crate::completion::lock;
use crate::engine::{Probe, Session};
use crate::error::{ErrorCode, ProbeError, Result};
use crate::handles::{Handles, Kind};

static PROBES: Handles<ProbeEntry> = Handles::new(Kind::Probe);
static SESSIONS: Handles<SessionEntry> = Handles::new(Kind::Session);

/// An open probe, or a closed one whose completions have not all been taken.
pub(super) struct ProbeEntry {
    pub(super) probe: Probe,
    /// The handles of its sessions, which close with it.
    sessions: Mutex<HashSet<u64>>,
    /// By operation: where `session_open_async` puts its session.
    pub(super) opening: Mutex<HashMap<u64, Slot>>,
    pub(super) wake: Mutex<Option<Arc<WakeFd>>>,
    closed: AtomicBool,
}

/// Where a session waits for its completion to be taken.
pub(super) type Slot = Arc<Mutex<Option<Session>>>;

impl ProbeEntry {
    pub(super) fn is_closed(&self) -> bool {
        self.closed.load(Ordering::Acquire)
    }

    /// Whether there is, or will be, nothing to take.
    pub(super) fn is_drained(&self) -> bool {
        let operations = self.probe.operations();
        operations.running() == 0 && !operations.wait(std::time::Duration::ZERO)
    }
}

/// An open session.
pub(super) struct SessionEntry {
    pub(super) session: Session,
    pub(super) probe: Weak<ProbeEntry>,
}

impl SessionEntry {
    /// Returns the probe that completions of this session go to.
    pub(super) fn probe(&self) -> Result<Arc<ProbeEntry>> {
        self.probe.upgrade().ok_or_else(|| ProbeError::new(ErrorCode::ShuttingDown, "the probe was closed"))
    }
}

pub(super) fn add_probe(probe: Probe) -> Result<CProbe> {
    let entry = ProbeEntry {
        probe,
        sessions: Mutex::default(),
        opening: Mutex::default(),
        wake: Mutex::default(),
        closed: AtomicBool::new(false),
    };
    PROBES.insert(entry).map(|id| CProbe { id })
}

/// Returns an open probe, checked: FORKED in a forked child, before anything native is touched.
pub(super) fn probe(handle: CProbe) -> Result<Arc<ProbeEntry>> {
    let entry = probe_or_its_rest(handle)?;
    if entry.is_closed() {
        return Err(closed(handle));
    }
    entry.probe.check()?;
    Ok(entry)
}

/// Returns a probe that is open, or closed with completions left to take.
pub(super) fn probe_or_its_rest(handle: CProbe) -> Result<Arc<ProbeEntry>> {
    PROBES.get(handle.id)
}

/// Marks a probe closed and lets go of its sessions. A second call is INVALID_HANDLE.
pub(super) fn begin_close(handle: CProbe) -> Result<Arc<ProbeEntry>> {
    let entry = PROBES.get(handle.id)?;
    if entry.closed.swap(true, Ordering::AcqRel) {
        return Err(closed(handle));
    }
    for session in std::mem::take(&mut *lock(&entry.sessions)) {
        // A session that its owner closes at this moment is gone already.
        drop(SESSIONS.remove(session));
    }
    Ok(entry)
}

/// Forgets a closed probe once its completions have been taken.
pub(super) fn forget_when_drained(handle: CProbe, entry: &ProbeEntry) {
    if entry.is_closed() && entry.is_drained() {
        drop(PROBES.remove(handle.id));
    }
}

fn closed(handle: CProbe) -> ProbeError {
    ProbeError::new(ErrorCode::InvalidHandle, format!("the probe of handle `{:#x}` was closed", handle.id))
}

pub(super) fn add_session(entry: &Arc<ProbeEntry>, session: Session) -> Result<CSession> {
    let id = SESSIONS.insert(SessionEntry { session, probe: Arc::downgrade(entry) })?;
    lock(&entry.sessions).insert(id);
    if entry.is_closed() {
        drop(SESSIONS.remove(id));
        return Err(ProbeError::new(ErrorCode::ShuttingDown, "the probe was closed"));
    }
    Ok(CSession { id })
}

/// Returns an open session, checked: FORKED in a forked child.
pub(super) fn session(handle: CSession) -> Result<Arc<SessionEntry>> {
    let entry = SESSIONS.get(handle.id)?;
    entry.session.probe().check()?;
    Ok(entry)
}

/// Takes a session out of the table; its handle is stale from then on.
pub(super) fn remove_session(handle: CSession) -> Result<Arc<SessionEntry>> {
    let entry = SESSIONS.remove(handle.id)?;
    if let Some(probe) = entry.probe.upgrade() {
        lock(&probe.sessions).remove(&handle.id);
    }
    Ok(entry)
}
