//! A private reader for a session that starts in the past: it serves that session alone until it
//! reaches the shared position of the lane, and is dropped then.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::Instant;

use crate::broker::{
    Assignment, Isolation, OffsetSpec, Reader, ReaderOptions, RecordRef, Sink, StopReason, TopicPartition,
};
use crate::codec::Scratch;
use crate::error::{ProbeError, Result};
use crate::runtime::Deadline;
use crate::supervisor::{Decision, End, Policy};
use crate::workers::lane::Lane;
use crate::workers::view::ViewKey;

const GUARD_TICK: Duration = Duration::from_millis(100);
const BATCH: usize = 1000;
const PATIENCE: Duration = Duration::from_secs(1);

/// Opens a reader of these partitions from these offsets; their slots count from 0. Returns it with what wakes it.
pub(crate) fn private_reader(lane: &Lane, from: &[(i32, i64)]) -> Result<(Box<dyn Reader>, Arc<Notify>)> {
    let wake = Arc::new(Notify::new());
    let waker = wake.clone();
    let options = ReaderOptions { isolation: lane.isolation };
    let mut reader = lane.broker.reader(options, Arc::new(move || waker.notify_one()))?;
    let assignment = |(slot, (partition, from)): (u32, &(i32, i64))| Assignment {
        slot,
        at: TopicPartition { topic: lane.topic.clone(), partition: *partition },
        from: *from,
        leader_epoch: None,
    };
    reader.add(&(0..).zip(from).map(assignment).collect::<Vec<_>>())?;
    Ok((reader, wake))
}

/// Catches up on the partitions where a view is behind. Ends when the lane has taken over everywhere;
/// a client that dies is replaced under the policy of every worker.
pub(crate) async fn catch_up(lane: Arc<Lane>, view: ViewKey) {
    let mut policy = Policy::default();
    loop {
        let behind = lane.state().behind(view);
        let Err(error) = run(&lane, view, &behind).await else { return };
        match policy.decide(End::Client(error), Instant::now()) {
            Decision::Restart(backoff) => tokio::time::sleep(backoff).await,
            Decision::Over => return,
            Decision::Fatal(error) => {
                // The view stays behind, so every verdict that needs this part is inconclusive.
                tracing::warn!(%error, topic = &*lane.topic, "a session could not catch up");
                return;
            }
        }
    }
}

async fn run(lane: &Arc<Lane>, view: ViewKey, behind: &[(i32, i64)]) -> Result<()> {
    let (mut reader, wake) = private_reader(lane, behind)?;
    let mut sink = Private {
        lane: lane.clone(),
        view,
        partitions: behind.iter().map(|(partition, _)| *partition).collect(),
        scratch: Scratch::default(),
        stuck: Vec::new(),
        gone: Vec::new(),
        behind: true,
        fatal: None,
    };
    while sink.behind {
        let _ = tokio::time::timeout(GUARD_TICK, wake.notified()).await;
        while reader.poll(&mut sink, BATCH) && sink.behind {
            lane.notify();
            tokio::task::yield_now().await;
        }
        for (partition, at) in std::mem::take(&mut sink.gone) {
            sink.go_on(&mut *reader, partition, at).await?;
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
    /// Partitions in which it cannot go on, and nobody knows what is there.
    stuck: Vec<i32>,
    /// Partitions with the offset that was gone.
    gone: Vec<(i32, i64)>,
    behind: bool,
    fatal: Option<ProbeError>,
}

impl Private {
    fn check(&mut self) {
        for partition in self.partitions.clone() {
            self.came_to(partition, 0);
        }
    }

    /// Goes on at the low watermark where an offset was gone; what lies between is a gap.
    async fn go_on(&mut self, reader: &mut dyn Reader, partition: i32, at: i64) -> Result<()> {
        let by = Deadline::after(PATIENCE);
        let listed = self.lane.list(&[partition], OffsetSpec::Earliest, Isolation::ReadUncommitted, by).await;
        let Ok([(_, Some(earliest))]) = listed.as_deref() else {
            self.gone.push((partition, at));
            return Ok(());
        };
        let until = {
            let mut state = self.lane.state();
            let lane = state.track(partition).map_or(at, |track| track.next);
            // Not below the low watermark, so behind the end: the log was truncated.
            let until = if earliest.offset > at { earliest.offset } else { lane.max(at + 1) };
            let why = format!("the record at offset {at} was gone before it was read");
            state.note_gap(partition, until, why, Some(self.view));
            until
        };
        self.came_to(partition, until);
        let is_behind = self.lane.state().behind(self.view).iter().any(|(behind, _)| *behind == partition);
        if is_behind {
            let slot = u32::try_from(self.partitions.len()).unwrap_or(u32::MAX);
            self.partitions.push(partition);
            let at = TopicPartition { topic: self.lane.topic.clone(), partition };
            reader.add(&[Assignment { slot, at, from: until, leader_epoch: None }])?;
        }
        Ok(())
    }

    fn came_to(&mut self, partition: i32, next: i64) {
        let mut state = self.lane.state();
        state.catch_up(self.view, partition, next);
        self.behind = state.is_behind(self.view, &self.stuck);
    }
}

impl Sink for Private {
    fn record(&mut self, record: &RecordRef<'_>) {
        if let Some(partition) = self.partitions.get(record.slot as usize).copied() {
            self.lane.state().dispatch_caught_up(self.view, partition, record, &mut self.scratch);
            self.came_to(partition, record.offset + 1);
        }
    }

    fn progress(&mut self, slot: u32, next: i64) {
        if let Some(partition) = self.partitions.get(slot as usize).copied() {
            self.came_to(partition, next);
        }
    }

    fn stopped(&mut self, slot: u32, at: i64, why: StopReason) {
        let Some(partition) = self.partitions.get(slot as usize).copied() else { return };
        match why {
            StopReason::OffsetGone(_) => self.gone.push((partition, at)),
            // The view stays behind here: what it asks of this part is inconclusive.
            StopReason::Corrupt(_) | StopReason::TopicGone | StopReason::NotAuthorized(_) => {
                self.stuck.push(partition);
                self.check();
            }
        }
    }

    fn client_error(&mut self, error: ProbeError, fatal: bool) {
        if fatal {
            self.fatal.get_or_insert(error);
        }
    }
}
