//! Schemas that records ask for: the codec never waits, so what is not here is fetched in the background, for as long
//! as the registry does not answer.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use test_probe_formats::framing::SchemaId;
use tokio::sync::Semaphore;
use tokio::time::Instant;

use super::pause::jittered;
use super::{Inner, SchemaRegistry};
use crate::codec::{Lookup, Schemas};
use crate::completion::lock;
use crate::error::{ErrorCode, ProbeError};
use crate::runtime::Deadline;

/// How long "there is no such schema" holds: registries copy from each other.
const FAILED_FOR: Duration = Duration::from_secs(10);
/// How long one round of trying takes at most; its end is no answer, and another one begins.
const ROUND: Duration = Duration::from_secs(30);
/// So many are fetched at once; bytes that only look like ids must not flood a registry.
const AT_ONCE: usize = 32;
/// More answers than these are swept.
const SWEPT: usize = 1_000;

/// What was asked for and is not here.
#[derive(Debug)]
pub(super) struct Awaited {
    asked: HashMap<SchemaId, Asked>,
    turns: Arc<Semaphore>,
}

#[derive(Debug)]
enum Asked {
    /// Being fetched; the error is the latest reason why it is not here.
    Pending(ProbeError),
    /// The registry said no, which holds until then.
    Failed(ProbeError, Instant),
}

impl Awaited {
    pub(super) fn new() -> Self {
        Self { asked: HashMap::new(), turns: Arc::new(Semaphore::new(AT_ONCE)) }
    }

    /// Returns how many are being fetched.
    pub(super) fn pending(&self) -> usize {
        self.asked.values().filter(|asked| matches!(asked, Asked::Pending(_))).count()
    }

    fn sweep(&mut self, now: Instant) {
        if self.asked.len() > SWEPT {
            self.asked.retain(|_, asked| !matches!(asked, Asked::Failed(_, until) if *until <= now));
        }
    }
}

impl Schemas for SchemaRegistry {
    fn by_id(&self, id: SchemaId) -> Lookup {
        if let Some(schema) = self.inner.schemas.at_hand(&id) {
            return Lookup::Ready(schema);
        }
        let now = Instant::now();
        let mut awaited = lock(&self.inner.awaited);
        match awaited.asked.get(&id) {
            Some(Asked::Pending(why)) => return Lookup::Awaited(why.clone()),
            Some(Asked::Failed(why, until)) if now < *until => return Lookup::Failed(why.clone()),
            _ => {}
        }
        awaited.sweep(now);
        let why =
            self.inner.caller.parties.unreachable(&format!("schema `{id}` has only just been asked for"));
        awaited.asked.insert(id, Asked::Pending(why.clone()));
        let (inner, turns) = (self.inner.clone(), awaited.turns.clone());
        drop(awaited);
        self.tasks.begin(async move { fetch(&inner, id, &turns).await });
        Lookup::Awaited(why)
    }
}

async fn fetch(inner: &Arc<Inner>, id: SchemaId, turns: &Semaphore) {
    let mut round = 0;
    let settled = loop {
        // It is never closed.
        let turn = turns.acquire().await;
        let found = inner.schema(id, Deadline::after(ROUND)).await;
        drop(turn);
        match found {
            Ok(_) => break None,
            Err(error) if error.retriable() => {
                let again_in = error.context().get("again_in_ms").and_then(serde_json::Value::as_f64);
                // However long the registry wants to be left alone: tests wait for it.
                let suspended = again_in.map_or(0.0, |ms| ms / 1e3).min(ROUND.as_secs_f64());
                let suspended = Duration::from_secs_f64(suspended);
                lock(&inner.awaited).asked.insert(id, Asked::Pending(error));
                inner.caller.gate.pause(suspended + jittered(round)).await;
                round += 1;
            }
            // The client is going, and nobody waits.
            Err(error) if error.code() == ErrorCode::ShuttingDown => return,
            Err(error) => break Some(error),
        }
    };
    {
        let mut awaited = lock(&inner.awaited);
        match settled {
            None => drop(awaited.asked.remove(&id)),
            Some(error) => {
                awaited.asked.insert(id, Asked::Failed(error, Instant::now() + FAILED_FOR));
            }
        }
    }
    inner.settled.send_modify(|count| *count = count.wrapping_add(1));
}
