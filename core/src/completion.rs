//! How results reach a language: a queue that is drained in batches, and a wait in slices.
//!
//! Whatever becomes of an operation (it ends, panics, is cancelled, or the probe closes under it)
//! it is completed exactly once: a guard that lives in its task sees to it when it is dropped.

use std::collections::{HashMap, VecDeque};
use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::pin::Pin;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use tokio::runtime::Handle;
use tokio::task::AbortHandle;

use crate::error::{ErrorCode, ProbeError, Result};

/// Locks a mutex whose data stays valid whatever panicked while it was held.
pub(crate) fn lock<T: ?Sized>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The error of a panic that was caught.
#[must_use]
pub fn panic_error(what: &str, payload: &(dyn std::any::Any + Send)) -> ProbeError {
    let text = payload
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| payload.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("no text");
    ProbeError::new(ErrorCode::Panic, format!("{what} panicked: {text}"))
        .hint("this is a defect of test-probe, please report it")
}

/// Turns a panic inside a future into an error.
pub(crate) async fn catching<T>(what: &str, future: impl Future<Output = Result<T>>) -> Result<T> {
    match CatchUnwind(future).await {
        Ok(result) => result,
        Err(payload) => Err(panic_error(what, &*payload)),
    }
}

struct CatchUnwind<F>(F);

impl<F: Future> Future for CatchUnwind<F> {
    type Output = std::thread::Result<F::Output>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        // SAFETY: structural pinning of the only field; it is never moved out.
        let future = unsafe { self.map_unchecked_mut(|this| &mut this.0) };
        match std::panic::catch_unwind(AssertUnwindSafe(|| future.poll(cx))) {
            Ok(Poll::Pending) => Poll::Pending,
            Ok(Poll::Ready(value)) => Poll::Ready(Ok(value)),
            Err(payload) => Poll::Ready(Err(payload)),
        }
    }
}

/// One operation that ended.
#[derive(Debug)]
pub struct Completion<T> {
    /// What [`Operations::submit`] returned.
    pub operation: u64,
    /// How it ended.
    pub result: Result<T>,
}

/// The running operations of one probe and the queue of those that ended.
pub struct Operations<T> {
    shared: Arc<Shared<T>>,
}

type WakeUp = Arc<dyn Fn() + Send + Sync>;

struct Shared<T> {
    state: Mutex<State<T>>,
    filled: Condvar,
}

struct State<T> {
    next: u64,
    running: HashMap<u64, Option<AbortHandle>>,
    ended: VecDeque<Completion<T>>,
    wake: Option<WakeUp>,
    /// Set once: why everything that still runs, or comes later, ends.
    closed: Option<ProbeError>,
}

impl<T> Default for Operations<T> {
    fn default() -> Self {
        let state =
            State { next: 1, running: HashMap::new(), ended: VecDeque::new(), wake: None, closed: None };
        Self { shared: Arc::new(Shared { state: Mutex::new(state), filled: Condvar::new() }) }
    }
}

impl<T: Send + 'static> Operations<T> {
    /// Starts an operation and returns its id, never 0. Its completion comes through the queue.
    pub fn submit(&self, runtime: &Handle, future: impl Future<Output = Result<T>> + Send + 'static) -> u64 {
        let operation = {
            let mut state = lock(&self.shared.state);
            let operation = state.next;
            state.next += 1;
            state.running.insert(operation, None);
            operation
        };
        let guard = Guard { shared: self.shared.clone(), operation, ended: false };
        if let Some(error) = self.closed_with() {
            guard.complete(Err(error));
            return operation;
        }
        let task = runtime.spawn(async move {
            let guard = guard;
            let result = catching("an operation", future).await;
            guard.complete(result);
        });
        match lock(&self.shared.state).running.get_mut(&operation) {
            Some(slot) => *slot = Some(task.abort_handle()),
            None => task.abort(),
        }
        operation
    }

    /// Cancels an operation; it completes with CANCELLED. Returns whether it was still running.
    pub fn cancel(&self, operation: u64) -> bool {
        let task = lock(&self.shared.state).running.get_mut(&operation).map(Option::take);
        let running = task.is_some();
        // Completed before it is aborted: the guard would otherwise race to say so in its own words.
        self.shared.end(operation, Err(ProbeError::new(ErrorCode::Cancelled, "the call was cancelled")));
        if let Some(task) = task.flatten() {
            task.abort();
        }
        running
    }

    /// Moves up to `max` completions out, oldest first, without waiting.
    pub fn drain(&self, max: usize) -> Vec<Completion<T>> {
        let mut state = lock(&self.shared.state);
        let count = max.min(state.ended.len());
        state.ended.drain(..count).collect()
    }

    /// Waits until there is something to drain; returns whether there is.
    pub fn wait(&self, timeout: Duration) -> bool {
        let state = lock(&self.shared.state);
        let (state, _) = self
            .shared
            .filled
            .wait_timeout_while(state, timeout, |state| state.ended.is_empty())
            .unwrap_or_else(PoisonError::into_inner);
        !state.ended.is_empty()
    }

    /// Sets what is called when the queue goes from empty to filled, from any thread; it must not block.
    pub fn set_wake(&self, wake: Option<WakeUp>) {
        lock(&self.shared.state).wake = wake;
    }

    /// Returns how many operations have not ended.
    #[must_use]
    pub fn running(&self) -> usize {
        lock(&self.shared.state).running.len()
    }

    /// Ends everything that runs, and everything submitted later, with this error.
    pub fn close(&self, error: &ProbeError) {
        let running: Vec<(u64, Option<AbortHandle>)> = {
            let mut state = lock(&self.shared.state);
            state.closed.get_or_insert_with(|| error.clone());
            state.running.iter_mut().map(|(id, task)| (*id, task.take())).collect()
        };
        for (operation, task) in running {
            self.shared.end(operation, Err(error.clone()));
            if let Some(task) = task {
                task.abort();
            }
        }
    }

    fn closed_with(&self) -> Option<ProbeError> {
        lock(&self.shared.state).closed.clone()
    }
}

impl<T> Shared<T> {
    /// Completes an operation unless it was completed before.
    fn end(&self, operation: u64, result: Result<T>) {
        let wake = {
            let mut state = lock(&self.state);
            if state.running.remove(&operation).is_none() {
                return;
            }
            let was_empty = state.ended.is_empty();
            state.ended.push_back(Completion { operation, result });
            if was_empty { state.wake.clone() } else { None }
        };
        self.filled.notify_all();
        if let Some(wake) = wake {
            wake();
        }
    }
}

struct Guard<T> {
    shared: Arc<Shared<T>>,
    operation: u64,
    ended: bool,
}

impl<T> Guard<T> {
    fn complete(mut self, result: Result<T>) {
        self.ended = true;
        self.shared.end(self.operation, result);
    }
}

impl<T> Drop for Guard<T> {
    fn drop(&mut self) {
        if !self.ended {
            let error = ProbeError::new(ErrorCode::Cancelled, "the call ended with its runtime");
            self.shared.end(self.operation, Err(error));
        }
    }
}

/// A future that runs on the engine's runtime while a thread of the host waits for it in slices,
/// so that the host can look at its signals in between. Dropping it cancels the future.
pub struct Pending<T> {
    cell: Arc<Cell<T>>,
    task: AbortHandle,
}

struct Cell<T> {
    result: Mutex<Option<Result<T>>>,
    filled: Condvar,
}

impl<T: Send + 'static> Pending<T> {
    /// Starts the future.
    pub fn spawn(runtime: &Handle, future: impl Future<Output = Result<T>> + Send + 'static) -> Self {
        let cell = Arc::new(Cell { result: Mutex::new(None), filled: Condvar::new() });
        let guard = CellGuard(Some(cell.clone()));
        let task = runtime.spawn(async move {
            let mut guard = guard;
            let result = catching("a call", future).await;
            guard.fill(result);
        });
        Self { cell, task: task.abort_handle() }
    }

    /// Waits up to `slice`; `None` when it has not ended by then.
    pub fn wait(&self, slice: Duration) -> Option<Result<T>> {
        let result = lock(&self.cell.result);
        let (mut result, _) = self
            .cell
            .filled
            .wait_timeout_while(result, slice, |result| result.is_none())
            .unwrap_or_else(PoisonError::into_inner);
        result.take()
    }

    /// Waits to the end. The future has a deadline of its own; `limit` is a second line.
    pub fn join(self, limit: Duration) -> Result<T> {
        let end = Instant::now() + limit;
        self.wait(end.saturating_duration_since(Instant::now())).unwrap_or_else(|| {
            Err(ProbeError::new(ErrorCode::TimedOut, "the call did not end within its time"))
        })
    }
}

impl<T> Drop for Pending<T> {
    fn drop(&mut self) {
        self.task.abort();
    }
}

struct CellGuard<T>(Option<Arc<Cell<T>>>);

impl<T> CellGuard<T> {
    fn fill(&mut self, result: Result<T>) {
        if let Some(cell) = self.0.take() {
            *lock(&cell.result) = Some(result);
            cell.filled.notify_all();
        }
    }
}

impl<T> Drop for CellGuard<T> {
    fn drop(&mut self) {
        self.fill(Err(ProbeError::new(
            ErrorCode::ShuttingDown,
            "the probe was closed while the call waited",
        )));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn runtime() -> tokio::runtime::Runtime {
        tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_time()
            .build()
            .expect("a runtime")
    }

    fn one<T: Send + 'static>(operations: &Operations<T>) -> Completion<T> {
        assert!(operations.wait(Duration::from_secs(10)), "no completion came");
        operations.drain(1).pop().expect("a completion")
    }

    #[test]
    fn a_panic_in_the_task_still_completes_the_call() {
        let (runtime, operations) = (runtime(), Operations::<()>::default());
        let id = operations.submit(runtime.handle(), async { panic!("on purpose") });
        let completion = one(&operations);
        assert_eq!(completion.operation, id);
        let error = completion.result.expect_err("a panic");
        assert_eq!(error.code(), ErrorCode::Panic);
        assert!(error.message().contains("on purpose"), "{error}");
    }

    #[test]
    fn a_cancelled_call_completes_once_and_a_second_cancel_does_nothing() {
        let (runtime, operations) = (runtime(), Operations::<()>::default());
        let id = operations.submit(runtime.handle(), std::future::pending());
        operations.cancel(id);
        assert!(!operations.cancel(id));
        assert_eq!(one(&operations).result.expect_err("cancelled").code(), ErrorCode::Cancelled);
        assert!(!operations.wait(Duration::from_millis(20)), "a second completion came");
    }

    #[test]
    fn closing_completes_a_thousand_waiters_and_refuses_later_calls() {
        let (runtime, operations) = (runtime(), Operations::<()>::default());
        for _ in 0..1000 {
            operations.submit(runtime.handle(), std::future::pending());
        }
        operations.close(&ProbeError::new(ErrorCode::ShuttingDown, "closing"));
        operations.submit(runtime.handle(), async { Ok(()) });
        let ended = operations.drain(usize::MAX);
        assert_eq!(ended.len(), 1001);
        assert!(ended.iter().all(|c| matches!(&c.result, Err(e) if e.code() == ErrorCode::ShuttingDown)));
        assert_eq!(operations.running(), 0);
    }

    #[test]
    fn the_wake_up_is_called_once_per_batch() {
        let (runtime, operations) = (runtime(), Operations::<()>::default());
        let count = Arc::new(Mutex::new(0));
        let counter = count.clone();
        operations.set_wake(Some(Arc::new(move || *lock(&counter) += 1)));
        let ids: Vec<u64> =
            (0..10).map(|_| operations.submit(runtime.handle(), std::future::pending())).collect();
        for id in ids {
            operations.cancel(id);
        }
        assert_eq!(*lock(&count), 1);
        assert_eq!(operations.drain(100).len(), 10);
    }

    #[test]
    fn a_runtime_that_goes_away_completes_what_it_ran() {
        let (runtime, operations) = (runtime(), Operations::<()>::default());
        operations.submit(runtime.handle(), std::future::pending());
        runtime.shutdown_background();
        assert_eq!(one(&operations).result.expect_err("gone").code(), ErrorCode::Cancelled);
    }

    #[test]
    fn a_wait_in_slices_ends_with_the_result_and_with_the_runtime() {
        let runtime = runtime();
        let pending = Pending::spawn(runtime.handle(), async { Ok(5) });
        assert_eq!(pending.wait(Duration::from_secs(10)).expect("ended").expect("a value"), 5);
        let pending = Pending::<()>::spawn(runtime.handle(), std::future::pending());
        assert!(pending.wait(Duration::from_millis(1)).is_none());
        runtime.shutdown_background();
        let error = pending.wait(Duration::from_secs(10)).expect("ended").expect_err("gone");
        assert_eq!(error.code(), ErrorCode::ShuttingDown);
    }
}
