//! One question, asked once: whoever asks the same meanwhile waits for the same answer, and an answer is kept.

use std::collections::HashMap;
use std::future::Future;
use std::hash::Hash;
use std::sync::{Arc, Mutex, Weak};
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::Instant;

use crate::completion::{catching, lock};
use crate::error::{ErrorCode, ProbeError, Result};
use crate::runtime::{Deadline, Tasks};

type Landing<V> = watch::Receiver<Option<Result<V>>>;

/// Answers by question.
#[derive(Debug)]
pub(super) struct Flights<K, V> {
    entries: Arc<Mutex<HashMap<K, Entry<V>>>>,
}

#[derive(Debug)]
enum Entry<V> {
    /// Asked, and answered by the deadline at the latest.
    Flying(Landing<V>, Deadline),
    /// Answered; good until then.
    Landed(V, Option<Instant>),
}

impl<K, V> Flights<K, V>
where
    K: Clone + Eq + Hash + Send + 'static,
    V: Clone + Send + Sync + 'static,
{
    pub(super) fn new() -> Self {
        Self { entries: Arc::default() }
    }

    /// Returns an answer that is here.
    pub(super) fn at_hand(&self, key: &K) -> Option<V> {
        match lock(&self.entries).get(key)? {
            Entry::Landed(value, until) if is_good(*until) => Some(value.clone()),
            Entry::Landed(..) | Entry::Flying(..) => None,
        }
    }

    /// Keeps an answer that came by another way.
    pub(super) fn keep(&self, key: K, value: V) {
        lock(&self.entries).entry(key).or_insert(Entry::Landed(value, None));
    }

    /// Returns how many answers are here.
    pub(super) fn len(&self) -> usize {
        lock(&self.entries).values().filter(|entry| matches!(entry, Entry::Landed(..))).count()
    }

    /// Returns the answer, which is kept for `good_for`, for ever when absent. `ask` is called when nobody has asked
    /// yet. It runs in the background with the deadline of who began it; who has more time asks again after that.
    pub(super) async fn get<F>(
        &self,
        key: &K,
        by: Deadline,
        good_for: Option<Duration>,
        tasks: &Weak<Tasks>,
        ask: impl Fn() -> F,
    ) -> Result<V>
    where
        F: Future<Output = Result<V>> + Send + 'static,
    {
        loop {
            let (mut landing, until) = match self.board(key, by, good_for, tasks, &ask) {
                Boarded::Landed(value) => return Ok(value),
                Boarded::Flying(landing, until) => (landing, until),
                Boarded::Closed => return Err(closed()),
            };
            let landed = by.wait("a call to the schema registry", landing.wait_for(Option::is_some)).await?;
            match landed.ok().and_then(|landed| (*landed).clone()) {
                Some(Err(error)) if error.retriable() && until < by && !by.passed() => {}
                Some(landed) => return landed,
                None => return Err(closed()),
            }
        }
    }

    fn board<F>(
        &self,
        key: &K,
        by: Deadline,
        good_for: Option<Duration>,
        tasks: &Weak<Tasks>,
        ask: &impl Fn() -> F,
    ) -> Boarded<V>
    where
        F: Future<Output = Result<V>> + Send + 'static,
    {
        let mut entries = lock(&self.entries);
        match entries.get(key) {
            Some(Entry::Landed(value, until)) if is_good(*until) => return Boarded::Landed(value.clone()),
            Some(Entry::Flying(landing, until)) if landing.has_changed().is_ok() => {
                return Boarded::Flying(landing.clone(), *until);
            }
            _ => {}
        }
        // Held no longer than this: the tasks end when the registry goes.
        let Some(tasks) = tasks.upgrade() else { return Boarded::Closed };
        let (sender, landing) = watch::channel(None);
        entries.insert(key.clone(), Entry::Flying(landing.clone(), by));
        let (all, key, asked) = (self.entries.clone(), key.clone(), ask());
        tasks.begin(async move {
            let answer = catching("a call to the schema registry", asked).await;
            {
                let mut entries = lock(&all);
                match &answer {
                    Ok(value) => {
                        let until = good_for.map(|time| Instant::now() + time);
                        entries.insert(key, Entry::Landed(value.clone(), until));
                    }
                    Err(_) => drop(entries.remove(&key)),
                }
            }
            sender.send_replace(Some(answer));
        });
        Boarded::Flying(landing, by)
    }
}

enum Boarded<V> {
    Landed(V),
    Flying(Landing<V>, Deadline),
    Closed,
}

fn closed() -> ProbeError {
    ProbeError::new(ErrorCode::ShuttingDown, "the client of the schema registry was closed")
}

fn is_good(until: Option<Instant>) -> bool {
    until.is_none_or(|until| Instant::now() < until)
}
