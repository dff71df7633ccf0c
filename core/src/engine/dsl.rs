//! The static DSL of the seeds: verbs by test id, for step libraries that have nothing else.

use std::sync::{Arc, RwLock, Weak};

use crate::engine::{Probe, ProbeInner, Session};
use crate::error::{ErrorCode, ProbeError, Result};
use crate::event::{ConsumedResult, Event, ProduceResult};
use crate::registry::not_registered;

static SYSTEM: RwLock<Weak<ProbeInner>> = RwLock::new(Weak::new());

/// Registers the probe that the static DSL means; it replaces another one, open or closed.
pub fn register_system(probe: &Probe) {
    *SYSTEM.write().unwrap_or_else(std::sync::PoisonError::into_inner) = Arc::downgrade(&probe.0);
}

/// Returns the session of a test id that can take a role on a topic. Errors: DSL_NOT_INITIALIZED
/// before a probe is registered and after it closed, ACTOR_NOT_REGISTERED naming all three.
pub fn session(test_id: &str, topic: &str, producing: bool) -> Result<Session> {
    let system = SYSTEM.read().unwrap_or_else(std::sync::PoisonError::into_inner).upgrade();
    let not_initialized = || {
        ProbeError::new(ErrorCode::DslNotInitialized, "no open probe was registered with the static DSL")
            .hint("call `register_system` with a probe first")
    };
    let probe = system.ok_or_else(not_initialized)?;
    match probe.check() {
        Err(error) if error.code() == ErrorCode::ShuttingDown => return Err(not_initialized()),
        checked => checked?,
    }
    let role = if producing { "producer" } else { "consumer" };
    let session = probe.registry.find(test_id).ok_or_else(|| not_registered(test_id, topic, role))?;
    let found = session.topic(topic, role)?;
    let able = if producing { found.directive.role.produces() } else { found.look.is_some() };
    if able { Ok(Session(session)) } else { Err(not_registered(test_id, topic, role)) }
}

/// Produces an event as a test: the seeds' `produceEvent`.
pub async fn produce_event(test_id: &str, topic: &str, event: Event) -> Result<ProduceResult> {
    session(test_id, topic, true)?.try_produce_event(topic, event).await
}

/// Returns a test's consumed event: the seeds' `fetchConsumedEvent`.
pub fn fetch_consumed_event(test_id: &str, topic: &str, id: &str) -> Result<ConsumedResult> {
    session(test_id, topic, false)?.fetch_consumed_event(topic, id)
}
