//! Commits a session's positions for its group, without joining it: every 20 of its records, or
//! after a quiet moment. At the end what is due by then is still committed; what is left, at most 19, is not (adr/0011).

use std::collections::BTreeMap;
use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::sync::Notify;

use crate::broker::{Broker, TopicPartition};
use crate::completion::lock;
use crate::error::ErrorCode;
use crate::runtime::Deadline;

const EVERY: usize = 20;
const QUIET: Duration = Duration::from_millis(200);
const PATIENCE: Duration = Duration::from_secs(5);

/// The committer of one session on one cluster: one commit in flight at a time.
pub(crate) struct Committer {
    shared: Arc<Shared>,
}

struct Shared {
    state: Mutex<State>,
    counted: Notify,
}

#[derive(Default)]
struct State {
    positions: BTreeMap<TopicPartition, i64>,
    since_last: usize,
    due: VecDeque<Vec<(TopicPartition, i64)>>,
    is_closed: bool,
}

impl State {
    fn make_due(&mut self) {
        if self.since_last > 0 {
            self.since_last = 0;
            let positions = self.positions.iter().map(|(at, next)| (at.clone(), *next)).collect();
            self.due.push_back(positions);
        }
    }
}

impl Committer {
    pub(crate) fn start(broker: Arc<dyn Broker>, group: String, runtime: &Handle) -> Self {
        let shared = Arc::new(Shared { state: Mutex::default(), counted: Notify::new() });
        // Not bound to the committer: a coordinator that is not there yet is asked again after a session has closed.
        drop(runtime.spawn(commit(shared.clone(), broker, group)));
        Self { shared }
    }

    /// Counts one of the session's records.
    pub(crate) fn count(&self, topic: &Arc<str>, partition: i32, offset: i64) {
        {
            let mut state = lock(&self.shared.state);
            let at = TopicPartition { topic: topic.clone(), partition };
            let next = state.positions.entry(at).or_insert(0);
            *next = (*next).max(offset + 1);
            state.since_last += 1;
            if state.since_last == EVERY {
                state.make_due();
            }
        }
        self.shared.counted.notify_one();
    }
}

impl Drop for Committer {
    fn drop(&mut self) {
        lock(&self.shared.state).is_closed = true;
        self.shared.counted.notify_one();
    }
}

async fn commit(shared: Arc<Shared>, broker: Arc<dyn Broker>, group: String) {
    while let Some(positions) = next_due(&shared).await {
        match broker.commit(group.clone(), positions, Deadline::after(PATIENCE)).await {
            Ok(()) => {}
            Err(error) if error.code() == ErrorCode::NotAuthorized => {
                tracing::warn!(%group, %error, "offsets are not committed: the principal has no right to");
                return;
            }
            Err(error) => tracing::warn!(%group, %error, "offsets were not committed"),
        }
    }
}

/// Waits for positions that are due; `None` when there are none and never will be.
async fn next_due(shared: &Shared) -> Option<Vec<(TopicPartition, i64)>> {
    let mut is_quiet = false;
    loop {
        let waiting = {
            let mut state = lock(&shared.state);
            if is_quiet && !state.is_closed {
                state.make_due();
            }
            if let Some(positions) = state.due.pop_front() {
                return Some(positions);
            }
            if state.is_closed {
                return None;
            }
            state.since_last > 0
        };
        let counted = shared.counted.notified();
        is_quiet = if waiting {
            tokio::time::timeout(QUIET, counted).await.is_err()
        } else {
            counted.await;
            false
        };
    }
}
