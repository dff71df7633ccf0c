//! The native half of a session.

use pyo3::prelude::*;
use pyo3::pybacked::PyBackedBytes;
use pyo3::types::PyTuple;

use crate::completion::{Ended, Operations};
use crate::convert::{Bytes, operation_from_document, outcome_to_python};
use crate::error::entry;
use crate::process::OfThisProcess;
use crate::wait::run;

/// One test as the engine knows it.
#[pyclass(frozen, module = "test_probe._native")]
pub(crate) struct Session {
    inner: OfThisProcess<test_probe::Session>,
}

impl Session {
    pub(crate) fn new(session: test_probe::Session) -> Self {
        Self { inner: OfThisProcess::new(session) }
    }
}

#[pymethods]
impl Session {
    /// The test id.
    #[getter]
    fn test_id(&self) -> PyResult<String> {
        entry("test_id", || Ok(self.inner.get()?.test_id().to_owned()))
    }

    /// The headers of a trigger outside Kafka.
    fn trace_headers(&self) -> PyResult<Vec<(String, String)>> {
        entry("trace_headers", || Ok(self.inner.get()?.trace_headers()))
    }

    /// Runs a verb to its end and returns (document, events).
    #[pyo3(signature = (document, key=None, value=None, headers=Vec::new()))]
    fn run<'py>(
        &self,
        py: Python<'py>,
        document: &str,
        key: Option<PyBackedBytes>,
        value: Option<PyBackedBytes>,
        headers: Vec<(String, Option<PyBackedBytes>)>,
    ) -> PyResult<Bound<'py, PyTuple>> {
        entry("a verb", || {
            let session = self.inner.get()?;
            session.probe().check()?;
            let operation = operation_from_document(document, Bytes { key, value, headers })?;
            let outcome = run(py, &session.probe().handle(), session.run(operation))?;
            Ok(outcome_to_python(py, session, outcome)?)
        })
    }

    /// Starts a verb whose completion goes to `operations`; returns its id there.
    #[pyo3(signature = (operations, document, key=None, value=None, headers=Vec::new()))]
    fn submit(
        &self,
        operations: &Operations,
        document: &str,
        key: Option<PyBackedBytes>,
        value: Option<PyBackedBytes>,
        headers: Vec<(String, Option<PyBackedBytes>)>,
    ) -> PyResult<u64> {
        entry("a verb", || {
            let session = self.inner.get()?.clone();
            session.probe().check()?;
            let operation = operation_from_document(document, Bytes { key, value, headers })?;
            let runtime = session.probe().handle();
            let future = session.run(operation);
            let ended = async move { Ok(Ended::Verb(session, future.await?)) };
            Ok(operations.queue()?.submit(&runtime, ended))
        })
    }
}
