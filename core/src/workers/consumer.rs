//! The consumer worker: one client, the lanes it reads, and the loop that drains it.

use std::sync::{Arc, Mutex, OnceLock, Weak};
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::sync::{Notify, mpsc, oneshot};
use tokio::time::Instant;

use crate::broker::{
    Assignment, Broker, Isolation, Reader, ReaderOptions, RecordRef, Sink, StopReason, TopicPartition, Wake,
};
use crate::codec::Scratch;
use crate::completion::{catching, lock};
use crate::error::{ErrorCode, ProbeError, Result};
use crate::runtime::{Deadline, Signal, Task};
use crate::supervisor::{Decision, End, Policy};
use crate::workers::lane::Lane;

/// The wake-up of the client can get lost; then the worker looks by itself.
const GUARD_TICK: Duration = Duration::from_millis(100);

/// How many things one look takes before commands get their turn.
const BATCH: usize = 1000;

/// A partition to read from an offset that was answered.
#[derive(Clone, Copy, Debug)]
pub(crate) struct From {
    pub(crate) partition: i32,
    pub(crate) offset: i64,
    pub(crate) leader_epoch: Option<i32>,
}

enum Command {
    Add { lane: Arc<Lane>, from: Vec<From>, done: oneshot::Sender<Result<()>> },
    Release { slots: Vec<u32> },
    Panic,
    Stop,
}

/// Reads the topics of its lanes with one client, for every session.
pub(crate) struct ConsumerWorker {
    commands: mpsc::UnboundedSender<Command>,
    lanes: Mutex<Vec<Weak<Lane>>>,
    failed: Signal,
    task: OnceLock<Task>,
}

impl ConsumerWorker {
    pub(crate) fn start(broker: Arc<dyn Broker>, isolation: Isolation, runtime: &Handle) -> Arc<Self> {
        let (commands, inbox) = mpsc::unbounded_channel();
        let worker = Arc::new(Self {
            commands,
            lanes: Mutex::new(Vec::new()),
            failed: Signal::default(),
            task: OnceLock::new(),
        });
        // Only now: a task that ran before the worker is whole would take it for gone.
        let task = Task::spawn(runtime, supervise(Arc::downgrade(&worker), broker, isolation, inbox));
        let _ = worker.task.set(task);
        worker
    }

    /// Makes the worker responsible for a lane.
    pub(crate) fn adopt(&self, lane: &Arc<Lane>) {
        let mut lanes = lock(&self.lanes);
        lanes.retain(|lane| lane.strong_count() > 0);
        lanes.push(Arc::downgrade(lane));
    }

    /// Returns how many lanes it reads.
    pub(crate) fn load(&self) -> usize {
        self.lanes().len()
    }

    /// Begins to read partitions of a lane; returns when their fetch positions are set.
    pub(crate) async fn add(&self, lane: &Arc<Lane>, from: Vec<From>, by: Deadline) -> Result<()> {
        self.failed.check()?;
        let (done, answer) = oneshot::channel();
        // A worker that ended for a cause says so before it lets go of its commands.
        let gone = || {
            let gone = || ProbeError::new(ErrorCode::ShuttingDown, "the consumer worker went away");
            self.failed.raised().unwrap_or_else(gone)
        };
        self.commands.send(Command::Add { lane: lane.clone(), from, done }).map_err(|_| gone())?;
        by.wait("assigning partitions", answer).await?.map_err(|_| gone())?
    }

    /// Stops reading slots.
    pub(crate) fn release(&self, slots: Vec<u32>) {
        if !slots.is_empty() {
            let _ = self.commands.send(Command::Release { slots });
        }
    }

    /// Ends the worker without blocking.
    pub(crate) fn stop(&self) {
        let _ = self.commands.send(Command::Stop);
    }

    pub(crate) fn has_failed(&self) -> bool {
        self.failed.raised().is_some()
    }

    /// Makes the worker panic at its next turn.
    pub(crate) fn inject_panic(&self) {
        let _ = self.commands.send(Command::Panic);
    }

    fn lanes(&self) -> Vec<Arc<Lane>> {
        lock(&self.lanes).iter().filter_map(Weak::upgrade).collect()
    }

    fn fail(&self, cause: &ProbeError) {
        self.failed.raise(cause.clone());
        for lane in self.lanes() {
            lane.fail(cause);
        }
    }
}

/// Runs the worker and starts it again as the policy says.
async fn supervise(
    worker: Weak<ConsumerWorker>,
    broker: Arc<dyn Broker>,
    isolation: Isolation,
    mut inbox: mpsc::UnboundedReceiver<Command>,
) {
    let mut policy = Policy::default();
    loop {
        let run = consume(&worker, &*broker, isolation, &mut inbox);
        let end = match catching("a consumer worker", async { Ok(run.await) }).await {
            Ok(Ok(())) => End::Stopped,
            Ok(Err(error)) => End::Client(error),
            Err(panic) => End::Panic(panic),
        };
        match policy.decide(end, Instant::now()) {
            Decision::Over => return,
            Decision::Restart(backoff) => {
                tracing::warn!(?backoff, "a consumer worker is started again");
                tokio::time::sleep(backoff).await;
            }
            Decision::Fatal(cause) => {
                if let Some(worker) = worker.upgrade() {
                    worker.fail(&cause);
                }
                return;
            }
        }
    }
}

/// One life of the client: resumes every lane at its exact next offsets, then drains until told to stop.
async fn consume(
    worker: &Weak<ConsumerWorker>,
    broker: &dyn Broker,
    isolation: Isolation,
    inbox: &mut mpsc::UnboundedReceiver<Command>,
) -> Result<()> {
    let wake = Arc::new(Notify::new());
    let waker: Wake = {
        let wake = wake.clone();
        Arc::new(move || wake.notify_one())
    };
    let reader = broker.reader(ReaderOptions { isolation }, waker)?;
    let mut client = Client { reader, drain: Drain::default() };
    {
        let Some(worker) = worker.upgrade() else { return Ok(()) };
        client.resume(&worker.lanes())?;
    }
    loop {
        tokio::select! {
            biased;
            command = inbox.recv() => match command {
                Some(Command::Stop) | None => return Ok(()),
                Some(command) => client.obey(command),
            },
            () = wake.notified() => {}
            () = tokio::time::sleep(GUARD_TICK) => {}
        }
        while client.reader.poll(&mut client.drain, BATCH) {
            client.drain.flush();
            tokio::task::yield_now().await;
            match inbox.try_recv() {
                Ok(Command::Stop) => return Ok(()),
                Ok(command) => client.obey(command),
                Err(_) => {}
            }
        }
        client.drain.flush();
        if let Some(error) = client.drain.fatal.take() {
            return Err(error);
        }
    }
}

struct Client {
    reader: Box<dyn Reader>,
    drain: Drain,
}

impl Client {
    fn resume(&mut self, lanes: &[Arc<Lane>]) -> Result<()> {
        for lane in lanes {
            let from: Vec<From> = (0..)
                .zip(&lane.state().tracks)
                .filter(|(_, track)| track.stopped.is_none())
                .map(|(partition, track)| From { partition, offset: track.next, leader_epoch: None })
                .collect();
            self.assign(lane, &from)?;
        }
        Ok(())
    }

    fn obey(&mut self, command: Command) {
        match command {
            Command::Add { lane, from, done } => {
                let result = self.assign(&lane, &from);
                let _ = done.send(result);
            }
            Command::Release { slots } => {
                self.reader.remove(&slots);
                self.drain.release(&slots);
            }
            Command::Panic => panic!("injected by a test"),
            Command::Stop => {}
        }
    }

    fn assign(&mut self, lane: &Arc<Lane>, from: &[From]) -> Result<()> {
        if from.is_empty() {
            return Ok(());
        }
        let mut assignments = Vec::with_capacity(from.len());
        {
            let mut state = lane.state();
            for from in from {
                let Some(track) = state.track_mut(from.partition) else { continue };
                let slot = self.drain.slot(lane, from.partition);
                track.slot = Some(slot);
                track.stopped = None;
                assignments.push(Assignment {
                    slot,
                    at: TopicPartition { topic: lane.topic.clone(), partition: from.partition },
                    from: from.offset,
                    leader_epoch: from.leader_epoch,
                });
            }
        }
        self.reader.add(&assignments)
    }
}

/// Takes what the reader says and carries it to the lanes.
#[derive(Default)]
struct Drain {
    /// By slot number.
    slots: Vec<Option<Place>>,
    scratch: Scratch,
    fatal: Option<ProbeError>,
    /// Slots about which something was said since the last flush.
    touched: Vec<u32>,
}

struct Place {
    lane: Arc<Lane>,
    partition: i32,
}

impl Drain {
    fn slot(&mut self, lane: &Arc<Lane>, partition: i32) -> u32 {
        self.slots.push(Some(Place { lane: lane.clone(), partition }));
        u32::try_from(self.slots.len() - 1).unwrap_or(u32::MAX)
    }

    fn release(&mut self, slots: &[u32]) {
        for slot in slots {
            if let Some(place) = self.slots.get_mut(*slot as usize) {
                *place = None;
            }
        }
    }

    /// Wakes whoever waits for progress of the lanes that something was said about.
    fn flush(&mut self) {
        for slot in self.touched.drain(..) {
            if let Some(Some(place)) = self.slots.get(slot as usize) {
                place.lane.state().strangers.take_breath();
                place.lane.notify();
            }
        }
    }

    fn touch(&mut self, slot: u32) {
        if self.touched.last() != Some(&slot) {
            self.touched.push(slot);
        }
    }
}

impl Sink for Drain {
    fn record(&mut self, record: &RecordRef<'_>) {
        if let Some(Some(place)) = self.slots.get(record.slot as usize) {
            place.lane.state().dispatch(place.partition, record, &mut self.scratch);
            self.touch(record.slot);
        }
    }

    fn progress(&mut self, slot: u32, next: i64) {
        if let Some(Some(place)) = self.slots.get(slot as usize) {
            place.lane.state().progress(place.partition, slot, next);
            self.touch(slot);
        }
    }

    fn stopped(&mut self, slot: u32, at: i64, why: StopReason) {
        if let Some(Some(place)) = self.slots.get(slot as usize) {
            if let StopReason::NotAuthorized(cause) = &why {
                place.lane.fail(cause);
            }
            place.lane.state().stop(place.partition, slot, at, why);
            self.touch(slot);
        }
    }

    fn client_error(&mut self, error: ProbeError, fatal: bool) {
        if fatal {
            self.fatal.get_or_insert(error);
        } else {
            tracing::warn!(%error, "the consumer reported a problem");
        }
    }
}
