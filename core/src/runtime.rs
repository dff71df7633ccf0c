//! The tokio runtime, and the one place that spawns.

use std::future::Future;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::Instant;

use crate::completion::lock;
use crate::error::{ErrorCode, ProbeError, Result};

/// A point in time by which something has ended, one way or the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Deadline(Instant);

impl Deadline {
    /// The deadline `timeout` from now.
    #[must_use]
    pub fn after(timeout: Duration) -> Self {
        let now = Instant::now();
        Self(now.checked_add(timeout).unwrap_or_else(|| now + Duration::from_secs(86_400 * 365)))
    }

    /// The deadline at a point in time.
    #[must_use]
    pub fn at(instant: Instant) -> Self {
        Self(instant)
    }

    /// Returns the point in time.
    #[must_use]
    pub fn instant(self) -> Instant {
        self.0
    }

    /// Returns how much time is left; zero when there is none.
    #[must_use]
    pub fn left(self) -> Duration {
        self.0.saturating_duration_since(Instant::now())
    }

    /// Returns whether it has passed.
    #[must_use]
    pub fn passed(self) -> bool {
        self.0 <= Instant::now()
    }

    /// Returns the earlier of two.
    #[must_use]
    pub fn min(self, other: Self) -> Self {
        if other.0 < self.0 { other } else { self }
    }

    /// Waits for a future until the deadline, and says what was awaited when it passes.
    pub async fn wait<T>(self, what: &str, future: impl Future<Output = T>) -> Result<T> {
        tokio::time::timeout_at(self.0, future).await.map_err(|_| {
            ProbeError::new(ErrorCode::TimedOut, format!("{what} did not end within its time"))
                .with("awaited", what)
        })
    }
}

/// The tokio runtime of one probe. Everything the engine runs in the background is spawned here.
#[derive(Debug)]
pub struct Runtime {
    inner: Inner,
    pid: u32,
}

#[derive(Debug)]
enum Inner {
    /// Owned; shut down without waiting when the probe goes.
    Owned(Option<tokio::runtime::Runtime>),
    /// The caller's, as in a simulation in virtual time.
    Borrowed(tokio::runtime::Handle),
}

impl Runtime {
    /// Starts a runtime with two worker threads.
    pub fn start() -> Result<Self> {
        tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .thread_name("test-probe")
            .enable_io()
            .enable_time()
            .build()
            .map(|runtime| Self { inner: Inner::Owned(Some(runtime)), pid: std::process::id() })
            .map_err(|error| {
                ProbeError::new(ErrorCode::Internal, format!("the runtime did not start: {error}"))
            })
    }

    /// Uses the runtime that the caller runs in.
    #[must_use]
    pub fn current() -> Self {
        Self { inner: Inner::Borrowed(tokio::runtime::Handle::current()), pid: std::process::id() }
    }

    /// Returns the handle, to wait on a future from a thread of the host.
    #[must_use]
    pub fn handle(&self) -> tokio::runtime::Handle {
        match &self.inner {
            Inner::Owned(Some(runtime)) => runtime.handle().clone(),
            Inner::Owned(None) => unreachable!("the runtime is taken only in drop"),
            Inner::Borrowed(handle) => handle.clone(),
        }
    }
}

impl Drop for Runtime {
    fn drop(&mut self) {
        if let Inner::Owned(runtime) = &mut self.inner
            && let Some(runtime) = runtime.take()
        {
            if self.pid == std::process::id() {
                // Never waits: a caller's thread, or the host's exit, may be here.
                runtime.shutdown_background();
            } else {
                // A forked child has none of the threads, and its locks may be held for ever.
                std::mem::forget(runtime);
            }
        }
    }
}

/// A background task that ends when it is dropped.
#[derive(Debug)]
pub struct Task(tokio::task::JoinHandle<()>);

impl Task {
    /// Spawns a future on the runtime of `handle`.
    pub fn spawn(handle: &tokio::runtime::Handle, future: impl Future<Output = ()> + Send + 'static) -> Self {
        Self(handle.spawn(future))
    }
}

impl Drop for Task {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// Background tasks that come and go, and end when the set is dropped.
#[derive(Debug)]
pub struct Tasks {
    handle: tokio::runtime::Handle,
    set: Mutex<JoinSet<()>>,
}

impl Tasks {
    /// An empty set on the runtime of `handle`.
    #[must_use]
    pub fn new(handle: &tokio::runtime::Handle) -> Self {
        Self { handle: handle.clone(), set: Mutex::default() }
    }

    /// Begins to run a future.
    pub fn begin(&self, future: impl Future<Output = ()> + Send + 'static) {
        let mut set = lock(&self.set);
        while set.try_join_next().is_some() {}
        set.spawn_on(future, &self.handle);
    }
}

/// Runs what computes or reads files where it may take its time, off the threads of the runtime.
pub async fn off_thread<T: Send + 'static>(
    what: &str,
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T> {
    tokio::task::spawn_blocking(work).await.map_err(|error| match error.try_into_panic() {
        Ok(panic) => crate::completion::panic_error(what, &*panic),
        Err(_) => ProbeError::new(ErrorCode::ShuttingDown, "the runtime went away"),
    })
}

/// Runs futures side by side and returns their results in the order of the futures.
/// A future that panics gives an error in its place; dropping the whole cancels them all.
pub async fn join_all<T: Send + 'static>(
    futures: Vec<impl Future<Output = Result<T>> + Send + 'static>,
) -> Vec<Result<T>> {
    let mut tasks = JoinSet::new();
    let count = futures.len();
    for (index, future) in futures.into_iter().enumerate() {
        tasks.spawn(async move { (index, crate::completion::catching("a task", future).await) });
    }
    let mut results: Vec<Option<Result<T>>> = (0..count).map(|_| None).collect();
    while let Some(joined) = tasks.join_next().await {
        if let Ok((index, result)) = joined {
            results[index] = Some(result);
        }
    }
    let gone = || Err(ProbeError::new(ErrorCode::ShuttingDown, "the runtime went away"));
    results.into_iter().map(|result| result.unwrap_or_else(gone)).collect()
}

/// Something that happens once, with its reason, and stays so.
#[derive(Clone, Debug)]
pub struct Signal(Arc<watch::Sender<Option<ProbeError>>>);

impl Default for Signal {
    fn default() -> Self {
        Self(Arc::new(watch::Sender::new(None)))
    }
}

impl Signal {
    /// Raises it; the first reason stays. Returns whether this was the first.
    pub fn raise(&self, reason: ProbeError) -> bool {
        self.0.send_if_modified(|state| {
            let first = state.is_none();
            if first {
                *state = Some(reason);
            }
            first
        })
    }

    /// Returns the reason once it is raised.
    #[must_use]
    pub fn raised(&self) -> Option<ProbeError> {
        self.0.borrow().clone()
    }

    /// Fails with the reason once it is raised.
    pub fn check(&self) -> Result<()> {
        self.raised().map_or(Ok(()), Err)
    }

    /// Waits until it is raised.
    pub async fn wait(&self) -> ProbeError {
        let mut receiver = self.0.subscribe();
        loop {
            if let Some(reason) = receiver.borrow_and_update().clone() {
                return reason;
            }
            if receiver.changed().await.is_err() {
                return ProbeError::new(ErrorCode::ShuttingDown, "the probe went away");
            }
        }
    }
}
