//! Commits a session's positions for its group, without joining it: every 20 of its records, or
//! after a quiet moment. What is left at the end stays uncommitted (adr/0011): at most 19.

use std::collections::BTreeMap;
use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::sync::Notify;

use crate::broker::{Broker, TopicPartition};
use crate::completion::lock;
use crate::error::ErrorCode;
use crate::runtime::{Deadline, Task};

const EVERY: usize = 20;
const QUIET: Duration = Duration::from_millis(200);
const PATIENCE: Duration = Duration::from_secs(5);

/// The committer of one session on one cluster: one commit in flight at a time.
pub(crate) struct Committer {
    shared: Arc<Shared>,
    _task: Task,
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
        let task = Task::spawn(runtime, commit(shared.clone(), broker, group));
        Self { shared, _task: task }
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

async fn commit(shared: Arc<Shared>, broker: Arc<dyn Broker>, group: String) {
    loop {
        let Some(positions) = next_due(&shared).await else { continue };
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

async fn next_due(shared: &Shared) -> Option<Vec<(TopicPartition, i64)>> {
    if let Some(positions) = lock(&shared.state).due.pop_front() {
        return Some(positions);
    }
    let waiting = lock(&shared.state).since_last > 0;
    if !waiting {
        shared.counted.notified().await;
        return None;
    }
    if tokio::time::timeout(QUIET, shared.counted.notified()).await.is_err() {
        let mut state = lock(&shared.state);
        state.make_due();
        return state.due.pop_front();
    }
    None
}
