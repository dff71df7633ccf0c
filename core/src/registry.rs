//! (test id, topic) -> session: what the static DSL and step libraries look up.

use std::sync::{Arc, Weak};

use dashmap::DashMap;

use crate::engine::session::SessionInner;
use crate::error::{ErrorCode, ProbeError, Result};

/// The open sessions of a probe by test id.
#[derive(Default)]
pub(crate) struct Registry {
    sessions: DashMap<Arc<str>, Weak<SessionInner>>,
}

impl Registry {
    /// Registers a session; a test id names one open session.
    pub(crate) fn register(&self, session: &Arc<SessionInner>, limit: usize) -> Result<()> {
        if self.sessions.len() >= limit {
            self.sessions.retain(|_, session| session.strong_count() > 0);
        }
        if self.sessions.len() >= limit {
            return Err(ProbeError::new(ErrorCode::Overloaded, format!("{limit} sessions were open"))
                .hint("close sessions, or raise `limits.sessions`"));
        }
        match self.sessions.entry(session.test_id.clone()) {
            dashmap::Entry::Occupied(entry) if entry.get().strong_count() > 0 => Err(ProbeError::new(
                ErrorCode::InvalidArgument,
                format!("test id `{}` was in use", session.test_id),
            )
            .with("test_id", &*session.test_id)
            .hint("close the session that has it, or leave the test id out to get a fresh one")),
            dashmap::Entry::Occupied(mut entry) => {
                entry.insert(Arc::downgrade(session));
                Ok(())
            }
            dashmap::Entry::Vacant(entry) => {
                entry.insert(Arc::downgrade(session));
                Ok(())
            }
        }
    }

    /// Removes a session, unless its test id belongs to another one by now.
    pub(crate) fn unregister(&self, test_id: &str, session: *const SessionInner) {
        self.sessions.remove_if(test_id, |_, registered| std::ptr::eq(registered.as_ptr(), session));
    }

    /// Returns the open session of a test id.
    pub(crate) fn find(&self, test_id: &str) -> Option<Arc<SessionInner>> {
        self.sessions.get(test_id).and_then(|session| session.upgrade())
    }

    /// Returns every open session.
    pub(crate) fn all(&self) -> Vec<Arc<SessionInner>> {
        self.sessions.iter().filter_map(|entry| entry.value().upgrade()).collect()
    }
}

/// The error for a worker that is not there, naming all three parts of the question.
pub(crate) fn not_registered(test_id: &str, topic: &str, role: &str) -> ProbeError {
    ProbeError::new(
        ErrorCode::ActorNotRegistered,
        format!("no {role} was registered for test id `{test_id}` and topic `{topic}`"),
    )
    .with("test_id", test_id)
    .with("topic", topic)
    .with("role", role)
    .hint(format!("is topic `{topic}` in the session's directives with role {role} or both?"))
}
