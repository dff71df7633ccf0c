//! The producer of one (cluster, principal), shared by every session.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, Weak};
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::sync::Notify;
use tokio::time::Instant;

use crate::broker::{Broker, Delivered, Delivery, OutgoingRecord, SendError, Wake, Writer, WriterOptions};
use crate::completion::{catching, lock};
use crate::error::{ErrorCode, ProbeError, Result};
use crate::runtime::{Signal, Task};
use crate::supervisor::{Decision, End, Policy};

/// The wake-up of the client can get lost; then the worker looks by itself.
const GUARD_TICK: Duration = Duration::from_millis(100);

/// Told what became of a record, exactly once.
pub(crate) type Report = Box<dyn FnOnce(Result<Delivered>) + Send>;

/// Sends records in the order of the calls and reports each delivery.
///
/// Records are handed to the client on the caller's thread, under one lock, so that order per topic
/// is the order of the calls; a task moves the deliveries out.
pub(crate) struct ProducerWorker {
    shared: Arc<Shared>,
    _task: Task,
}

struct Shared {
    broker: Arc<dyn Broker>,
    options: WriterOptions,
    state: Mutex<State>,
    wake: Arc<Notify>,
    failed: Signal,
}

struct State {
    writer: Option<Box<dyn Writer>>,
    next_token: u64,
    /// By token, which is the order of the calls.
    waiting: BTreeMap<u64, Report>,
    /// Records that the client's full queue refused, in order.
    backlog: VecDeque<(u64, OutgoingRecord)>,
    policy: Policy,
}

impl ProducerWorker {
    /// Opens the producer at once: a fresh idempotent one costs half a second on its first record.
    pub(crate) fn start(broker: Arc<dyn Broker>, options: WriterOptions, runtime: &Handle) -> Result<Self> {
        let wake = Arc::new(Notify::new());
        let writer = broker.writer(options, waker(&wake))?;
        let shared = Arc::new(Shared {
            broker,
            options,
            state: Mutex::new(State {
                writer: Some(writer),
                next_token: 1,
                waiting: BTreeMap::new(),
                backlog: VecDeque::new(),
                policy: Policy::default(),
            }),
            wake,
            failed: Signal::default(),
        });
        let task = Task::spawn(runtime, deliver(Arc::downgrade(&shared), shared.wake.clone()));
        Ok(Self { shared, _task: task })
    }

    /// Sends a record; `report` learns what became of it, also when the worker fails or is closed.
    pub(crate) fn send(&self, record: OutgoingRecord, report: Report) {
        if let Some(error) = self.shared.failed.raised() {
            return report(Err(error));
        }
        let mut refused = None;
        {
            let mut state = lock(&self.shared.state);
            let token = state.next_token;
            state.next_token += 1;
            match state.offer(token, record) {
                Ok(()) => {
                    state.waiting.insert(token, report);
                }
                Err(error) => refused = Some((report, error)),
            }
        }
        if let Some((report, error)) = refused {
            report(Err(error));
        }
    }

    /// Lets go of the client; whoever waits gets the reason.
    pub(crate) fn close(&self, reason: &ProbeError) {
        self.shared.failed.raise(reason.clone());
        self.shared.fail(reason);
    }
}

impl State {
    fn offer(&mut self, token: u64, record: OutgoingRecord) -> Result<()> {
        if !self.backlog.is_empty() || self.writer.is_none() {
            self.backlog.push_back((token, record));
            return Ok(());
        }
        match self.writer.as_mut().map(|writer| writer.send(&record, token)) {
            Some(Err(SendError::Failed(error))) => Err(error),
            Some(Err(SendError::Full)) | None => {
                self.backlog.push_back((token, record));
                Ok(())
            }
            Some(Ok(())) => Ok(()),
        }
    }

    /// Offers what was refused before; returns what failed for good.
    fn work_off(&mut self, failed: &mut Vec<(Report, Result<Delivered>)>) {
        while let Some((token, record)) = self.backlog.pop_front() {
            match self.writer.as_mut().map(|writer| writer.send(&record, token)) {
                Some(Ok(())) => {}
                Some(Err(SendError::Full)) | None => {
                    self.backlog.push_front((token, record));
                    return;
                }
                Some(Err(SendError::Failed(error))) => {
                    if let Some(report) = self.waiting.remove(&token) {
                        failed.push((report, Err(error)));
                    }
                }
            }
        }
    }
}

impl Shared {
    /// Moves what there is out of the client; returns how its life ended, if it did.
    fn pump(&self) -> Option<ProbeError> {
        let mut deliveries = Vec::new();
        let mut reports = Vec::new();
        let mut fatal = None;
        {
            let mut state = lock(&self.state);
            while state.writer.as_mut().is_some_and(|writer| writer.poll(&mut deliveries)) {}
            for Delivery { token, result } in deliveries {
                if let Err(error) = &result
                    && error.context().get("fatal") == Some(&true.into())
                {
                    fatal = Some(error.clone());
                }
                if let Some(report) = state.waiting.remove(&token) {
                    reports.push((report, result));
                }
            }
            state.work_off(&mut reports);
        }
        for (report, result) in reports {
            report(result);
        }
        fatal
    }

    /// Opens a new client after the last one ended, or fails with why there is none.
    async fn start_again(self: &Arc<Self>, end: End) -> Result<()> {
        let cause = match &end {
            End::Client(error) | End::Panic(error) => error.clone(),
            End::Stopped => return Ok(()),
        };
        let decision = lock(&self.state).policy.decide(end, Instant::now());
        let backoff = match decision {
            Decision::Restart(backoff) => backoff,
            Decision::Fatal(error) => return Err(error),
            Decision::Over => return Ok(()),
        };
        // What the dead client held may or may not be in the log.
        let lost = ProbeError::new(ErrorCode::ProduceFailed, "the producer was restarted")
            .with("delivery", "unknown");
        self.fail(&lost.caused_by(cause));
        tokio::time::sleep(backoff).await;
        let writer = self.broker.writer(self.options, waker(&self.wake))?;
        lock(&self.state).writer = Some(writer);
        self.wake.notify_one();
        Ok(())
    }

    fn fail(&self, reason: &ProbeError) {
        let (writer, waiting) = {
            let mut state = lock(&self.state);
            state.backlog.clear();
            (state.writer.take(), std::mem::take(&mut state.waiting))
        };
        drop(writer);
        for report in waiting.into_values() {
            report(Err(reason.clone()));
        }
    }
}

/// Moves deliveries out until the worker is gone, and starts the client again as the policy says.
async fn deliver(shared: Weak<Shared>, wake: Arc<Notify>) {
    loop {
        // The guard tick is a second line; a wake-up comes with every delivery.
        let _ = tokio::time::timeout(GUARD_TICK, wake.notified()).await;
        let Some(shared) = shared.upgrade() else { return };
        let end = match catching("a producer worker", async { Ok(shared.pump()) }).await {
            Ok(None) => continue,
            Ok(Some(error)) => End::Client(error),
            Err(panic) => End::Panic(panic),
        };
        if let Err(error) = shared.start_again(end).await {
            shared.failed.raise(error.clone());
            shared.fail(&error);
            return;
        }
    }
}

fn waker(notify: &Arc<Notify>) -> Wake {
    let notify = notify.clone();
    Arc::new(move || notify.notify_one())
}
