//! A private reader for a session that starts in the past: it serves that session alone until it
//! reaches the shared position of the lane, and is dropped then.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Notify;

use crate::broker::{Assignment, ReaderOptions, RecordRef, Sink, StopReason, TopicPartition};
use crate::codec::Scratch;
use crate::error::{ProbeError, Result};
use crate::workers::lane::{Lane, ViewKey};

const GUARD_TICK: Duration = Duration::from_millis(100);
const BATCH: usize = 1000;

/// Catches up on partitions of a view. Ends when the lane has taken over everywhere.
pub(crate) async fn catch_up(lane: Arc<Lane>, view: ViewKey, behind: Vec<(i32, i64)>) {
    if let Err(error) = run(&lane, view, &behind).await {
        // The view stays behind, so every verdict that needs this part is inconclusive.
        tracing::warn!(%error, topic = &*lane.topic, "a session could not catch up");
    }
}

async fn run(lane: &Arc<Lane>, view: ViewKey, behind: &[(i32, i64)]) -> Result<()> {
    let wake = Arc::new(Notify::new());
    let waker = wake.clone();
    let options = ReaderOptions { isolation: lane.isolation };
    let mut reader = lane.broker.reader(options, Arc::new(move || waker.notify_one()))?;
    let assignments: Vec<Assignment> = (0..)
        .zip(behind)
        .map(|(slot, (partition, from))| Assignment {
            slot,
            at: TopicPartition { topic: lane.topic.clone(), partition: *partition },
            from: *from,
            leader_epoch: None,
        })
        .collect();
    reader.add(&assignments)?;
    let mut sink = Private {
        lane: lane.clone(),
        view,
        partitions: behind.iter().map(|(partition, _)| *partition).collect(),
        scratch: Scratch::default(),
        behind: true,
        fatal: None,
    };
    while sink.behind {
        let _ = tokio::time::timeout(GUARD_TICK, wake.notified()).await;
        while reader.poll(&mut sink, BATCH) && sink.behind {
            lane.notify();
            tokio::task::yield_now().await;
        }
        // The lane may have stood where the reader is all along.
        sink.check();
        lane.notify();
        if let Some(error) = sink.fatal.take() {
            return Err(error);
        }
    }
    Ok(())
}

struct Private {
    lane: Arc<Lane>,
    view: ViewKey,
    /// By slot number.
    partitions: Vec<i32>,
    scratch: Scratch,
    behind: bool,
    fatal: Option<ProbeError>,
}

impl Private {
    fn check(&mut self) {
        let mut state = self.lane.state();
        self.behind = self.partitions.iter().any(|partition| state.catch_up(self.view, *partition, 0));
    }
}

impl Sink for Private {
    fn record(&mut self, record: &RecordRef<'_>) {
        if let Some(partition) = self.partitions.get(record.slot as usize).copied() {
            self.lane.state().dispatch_caught_up(self.view, partition, record, &mut self.scratch);
        }
    }

    fn progress(&mut self, slot: u32, next: i64) {
        if let Some(partition) = self.partitions.get(slot as usize).copied() {
            self.behind = self.lane.state().catch_up(self.view, partition, next);
        }
    }

    fn stopped(&mut self, slot: u32, at: i64, _why: StopReason) {
        if let Some(partition) = self.partitions.get(slot as usize).copied() {
            self.lane.state().caught_gap(self.view, partition, at);
        }
    }

    fn client_error(&mut self, error: ProbeError, fatal: bool) {
        if fatal {
            self.fatal.get_or_insert(error);
        }
    }
}
