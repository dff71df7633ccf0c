//! How results reach an event loop: a queue that is drained in batches, and a byte on a socket.

use std::os::fd::{AsRawFd, FromRawFd, OwnedFd, RawFd};
use std::sync::Arc;

use pyo3::prelude::*;
use pyo3::types::PyList;
use test_probe::operation::Outcome;
use test_probe::{ErrorCode, ProbeError, completion};

use crate::convert::outcome_to_python;
use crate::error::{entry, raise};
use crate::process::OfThisProcess;
use crate::session::Session;

/// What an operation of an event loop ended in.
pub(crate) enum Ended {
    /// A session was opened.
    Opened(test_probe::Session),
    /// A verb of this session ended.
    Verb(test_probe::Session, Outcome),
}

pub(crate) type Queue = completion::Operations<Ended>;

/// The running operations of one event loop on one probe.
///
/// Each loop has a queue of its own, so that none depends on another one being awake.
#[pyclass(frozen, module = "test_probe._native")]
pub(crate) struct Operations {
    inner: OfThisProcess<Inner>,
}

struct Inner {
    queue: Arc<Queue>,
    read: OwnedFd,
}

impl Operations {
    pub(crate) fn queue(&self) -> Result<&Arc<Queue>, ProbeError> {
        Ok(&self.inner.get()?.queue)
    }
}

#[pymethods]
impl Operations {
    /// Takes over both ends of a nonblocking socket pair. `read` becomes readable when there is
    /// something to drain.
    #[new]
    fn new(read: RawFd, write: RawFd) -> PyResult<Self> {
        entry("Operations", || {
            // SAFETY: the package detached both descriptors from their socket objects for us.
            let (read, write) = unsafe { (OwnedFd::from_raw_fd(read), OwnedFd::from_raw_fd(write)) };
            let queue = Arc::new(Queue::default());
            queue.set_wake(Some(Arc::new(move || send_byte(&write))));
            Ok(Self { inner: OfThisProcess::new(Inner { queue, read }) })
        })
    }

    /// Takes the bytes off the socket and up to `limit` completions off the queue, as
    /// (operation, exception, result).
    fn drain<'py>(&self, py: Python<'py>, limit: usize) -> PyResult<Bound<'py, PyList>> {
        entry("drain", || {
            let inner = self.inner.get()?;
            // Before the queue: a byte that comes in between announces what is left in it.
            take_bytes(&inner.read);
            let completions = PyList::empty(py);
            for completion in inner.queue.drain(limit) {
                let (error, result) = match completion.result {
                    Ok(Ended::Opened(session)) => {
                        (py.None(), Session::new(session).into_pyobject(py)?.into_any().unbind())
                    }
                    Ok(Ended::Verb(session, outcome)) => {
                        (py.None(), outcome_to_python(py, &session, outcome)?.into_any().unbind())
                    }
                    Err(error) => (raise(py, &error).into_value(py).into_any(), py.None()),
                };
                completions.append((completion.operation, error, result))?;
            }
            Ok(completions)
        })
    }

    /// Cancels an operation; it completes with CANCELLED.
    fn cancel(&self, operation: u64) -> PyResult<bool> {
        entry("cancel", || Ok(self.queue()?.cancel(operation)))
    }

    /// Ends what still runs and wakes nobody any more.
    fn close(&self) -> PyResult<()> {
        entry("close", || {
            if let Ok(queue) = self.queue() {
                queue.set_wake(None);
                queue.close(&ProbeError::new(ErrorCode::Cancelled, "the event loop ended"));
            }
            Ok(())
        })
    }
}

/// Runs on any thread of the engine, so it must neither block nor raise SIGPIPE. A full socket
/// is fine: whoever reads it is being woken already.
fn send_byte(write: &OwnedFd) {
    #[cfg(target_os = "linux")]
    const FLAGS: libc::c_int = libc::MSG_DONTWAIT | libc::MSG_NOSIGNAL;
    #[cfg(not(target_os = "linux"))]
    const FLAGS: libc::c_int = libc::MSG_DONTWAIT;
    let byte = [0_u8];
    // SAFETY: the buffer outlives the call, and the descriptor is open as long as it is owned.
    unsafe { libc::send(write.as_raw_fd(), byte.as_ptr().cast(), byte.len(), FLAGS) };
}

fn take_bytes(read: &OwnedFd) {
    let mut bytes = [0_u8; 64];
    loop {
        // SAFETY: as above.
        let count = unsafe {
            libc::recv(read.as_raw_fd(), bytes.as_mut_ptr().cast(), bytes.len(), libc::MSG_DONTWAIT)
        };
        if count < bytes.len() as isize {
            return;
        }
    }
}
