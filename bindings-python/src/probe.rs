//! The native half of a probe, and what concerns all probes of the process.

use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use pyo3::prelude::*;
use pyo3::pybacked::PyBackedBytes;
use pyo3::types::PyTuple;
use test_probe::call::Opening;
use test_probe::config::Sources;
use test_probe::{Config, ErrorCode, ProbeError};

use crate::completion::{Ended, Operations, Queue};
use crate::convert::{Bytes, answer_to_python};
use crate::error::entry;
use crate::process::{OfThisProcess, forked};
use crate::session::Session;
use crate::wait::{refuse_calls, run, wait_until_all_left};

/// The engine of one process.
#[pyclass(frozen, module = "test_probe._native")]
pub(crate) struct Probe {
    inner: OfThisProcess<Inner>,
}

struct Inner {
    probe: test_probe::Probe,
    /// The queues of the event loops, which end with the probe.
    queues: Mutex<Vec<Weak<Queue>>>,
}

impl Inner {
    /// Wakes every future before anything that may take its time.
    fn close(&self, timeout: Option<Duration>) -> Result<(), ProbeError> {
        let queues = std::mem::take(&mut *self.queues.lock().unwrap_or_else(PoisonError::into_inner));
        let closed = ProbeError::new(ErrorCode::ShuttingDown, "the probe was closed while the call waited");
        for queue in queues.iter().filter_map(Weak::upgrade) {
            queue.close(&closed);
        }
        self.probe.close_blocking(timeout)
    }
}

#[pymethods]
impl Probe {
    /// Starts the engine; nothing connects yet. `explicit` is a configuration document that goes
    /// over the environment, `file` takes the place of `test-probe.yaml`.
    #[new]
    #[pyo3(signature = (explicit=None, file=None))]
    fn new(py: Python<'_>, explicit: Option<&str>, file: Option<PathBuf>) -> PyResult<Self> {
        entry("Probe", || {
            let probe = py.detach(|| {
                let config = Config::from_environment(explicit, file.as_deref())?;
                test_probe::Probe::builder().config(config).build()
            })?;
            let inner = Inner { probe, queues: Mutex::default() };
            Ok(Self { inner: OfThisProcess::new(inner) })
        })
    }

    /// What the engine says of itself, as a document.
    fn info(&self) -> PyResult<String> {
        entry("info", || Ok(self.inner.get()?.probe.info().to_string()))
    }

    /// Has an embedded cluster do what a document says; returns its answer as one.
    fn embedded_control(&self, py: Python<'_>, cluster: &str, command: &str) -> PyResult<String> {
        entry("embedded_control", || {
            let probe = &self.inner.get()?.probe;
            let command = test_probe::call::json(command, "the command")?;
            // Stopping a broker waits for the end of its connections.
            Ok(py.detach(|| probe.embedded_control(cluster, &command))?.to_string())
        })
    }

    /// Opens a session and returns when it is ready.
    fn open(&self, py: Python<'_>, document: &str) -> PyResult<Session> {
        entry("open", || {
            let probe = &self.inner.get()?.probe;
            probe.check()?;
            let opening = Opening::from_document(document)?;
            let future = probe.open_session_as(opening.directives, opening.test_id);
            Ok(Session::new(run(py, &probe.handle(), future)?))
        })
    }

    /// Starts to open a session whose completion goes to `operations`; returns its id there.
    fn submit_open(&self, operations: &Operations, document: &str) -> PyResult<u64> {
        entry("open", || {
            let probe = &self.inner.get()?.probe;
            probe.check()?;
            let opening = Opening::from_document(document)?;
            let future = probe.open_session_as(opening.directives, opening.test_id);
            let ended = async move { Ok(Ended::Opened(future.await?)) };
            Ok(operations.queue()?.submit(&probe.handle(), ended))
        })
    }

    /// Ends the operations of an event loop when the probe is closed.
    fn attach(&self, operations: &Operations) -> PyResult<()> {
        entry("attach", || {
            let inner = self.inner.get()?;
            let queue = operations.queue()?;
            let mut queues = inner.queues.lock().unwrap_or_else(PoisonError::into_inner);
            queues.retain(|queue| queue.strong_count() > 0);
            queues.push(Arc::downgrade(queue));
            Ok(())
        })
    }

    /// Wakes every waiter and stops everything, within the timeout. Does nothing in a forked child.
    #[pyo3(signature = (timeout_ms=None))]
    fn close(&self, py: Python<'_>, timeout_ms: Option<f64>) -> PyResult<()> {
        entry("close", || {
            let Ok(inner) = self.inner.get() else { return Ok(()) };
            let timeout = timeout_ms.map(duration_from_millis).transpose()?;
            Ok(py.detach(|| inner.close(timeout))?)
        })
    }

    /// Makes the worker of a topic panic, for tests of the panic policy.
    fn inject_panic(&self, topic: &str) -> PyResult<()> {
        entry("inject_panic", || Ok(self.inner.get()?.probe.inject_panic(topic)?))
    }
}

fn duration_from_millis(millis: f64) -> Result<Duration, ProbeError> {
    Duration::try_from_secs_f64(millis / 1e3).map_err(|_| {
        ProbeError::new(ErrorCode::InvalidArgument, format!("`timeout` was `{millis}`, not a time"))
    })
}

/// Closes every probe at the end of the interpreter, all at once, and sees every thread out of
/// native code. Errors have nobody left to read them.
#[pyfunction]
pub(crate) fn shut_down(py: Python<'_>, probes: Vec<Py<Probe>>) -> PyResult<()> {
    entry("shut_down", || {
        refuse_calls();
        let open: Vec<&Inner> = probes.iter().filter_map(|probe| probe.get().inner.get().ok()).collect();
        py.detach(|| {
            std::thread::scope(|scope| {
                for inner in open {
                    scope.spawn(|| inner.close(None));
                }
            });
            wait_until_all_left();
        });
        Ok(())
    })
}

/// Validates directives without a probe: returns them with all that they leave out, or raises every problem at once.
#[pyfunction]
pub(crate) fn validate(document: &str) -> PyResult<String> {
    entry("validate", || Ok(Opening::from_document(document)?.directives.to_json().to_string()))
}

/// Reads a configuration without a probe: returns it as a document without secrets, or raises every problem at
/// once. `file` is a text in place of the file at `path`, `variables` a JSON object in place of the environment.
#[pyfunction]
#[pyo3(signature = (explicit=None, path=None, file=None, variables=None))]
pub(crate) fn validate_config(
    explicit: Option<&str>,
    path: Option<PathBuf>,
    file: Option<&str>,
    variables: Option<&str>,
) -> PyResult<String> {
    entry("validate_config", || {
        let sources = Sources { explicit, path: path.as_deref(), file, variables };
        Ok(sources.load()?.to_json().to_string())
    })
}

/// Returns whether a file or a variable of this process says anything.
#[pyfunction]
pub(crate) fn is_configured() -> bool {
    test_probe::Config::is_stated()
}

/// Reads what people write in steps as a document; see `test_probe::words`.
#[pyfunction]
pub(crate) fn words(document: &str) -> PyResult<String> {
    entry("words", || Ok(test_probe::words::read_document(document)?))
}

/// Has the pure parts of the engine judge given data; see `test_probe::trial`. For tests.
#[pyfunction]
#[pyo3(signature = (document, key=None, value=None, headers=Vec::new()))]
pub(crate) fn trial<'py>(
    py: Python<'py>,
    document: &str,
    key: Option<PyBackedBytes>,
    value: Option<PyBackedBytes>,
    headers: Vec<(String, Option<PyBackedBytes>)>,
) -> PyResult<Bound<'py, PyTuple>> {
    entry("trial", || {
        let answer = test_probe::trial::run(document, Bytes { key, value, headers }.into_raw())?;
        Ok(answer_to_python(py, &answer.document, &answer.events)?)
    })
}

/// The process in which a probe was registered for the static DSL; 0 before that.
static REGISTERED_IN: AtomicU32 = AtomicU32::new(0);

/// Registers the probe that the static DSL means.
#[pyfunction]
pub(crate) fn dsl_register(probe: &Probe) -> PyResult<()> {
    entry("register_system", || {
        let probe = &probe.inner.get()?.probe;
        probe.check()?;
        test_probe::dsl::register_system(probe);
        REGISTERED_IN.store(std::process::id(), Ordering::SeqCst);
        Ok(())
    })
}

/// Finds the session of a test id for one of its topics.
#[pyfunction]
pub(crate) fn dsl_session(test_id: &str, topic: &str, producing: bool) -> PyResult<Session> {
    entry("the static DSL", || {
        let maker = REGISTERED_IN.load(Ordering::SeqCst);
        if maker != 0 && maker != std::process::id() {
            return Err(forked(maker).into());
        }
        Ok(Session::new(test_probe::dsl::session(test_id, topic, producing)?))
    })
}
