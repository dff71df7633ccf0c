//! How an error of the engine becomes a Python exception, and the one place of the panic policy.

use std::panic::{AssertUnwindSafe, catch_unwind};

use pyo3::exceptions::PyRuntimeError;
use pyo3::prelude::*;
use test_probe::ProbeError;
use test_probe::completion::panic_error;

/// What ends an entry point early.
pub(crate) enum Failure {
    /// The engine said no.
    Probe(ProbeError),
    /// Python did: a signal handler raised, or an argument could not be converted.
    Python(PyErr),
}

impl From<ProbeError> for Failure {
    fn from(error: ProbeError) -> Self {
        Self::Probe(error)
    }
}

impl From<PyErr> for Failure {
    fn from(error: PyErr) -> Self {
        Self::Python(error)
    }
}

/// Runs the body of an entry point. A panic becomes PANIC, never PyO3's `PanicException`, which
/// is no `Exception` and would pass through every handler of a test run.
pub(crate) fn entry<T>(what: &str, body: impl FnOnce() -> Result<T, Failure>) -> PyResult<T> {
    match catch_unwind(AssertUnwindSafe(body)) {
        Ok(Ok(value)) => Ok(value),
        Ok(Err(Failure::Python(error))) => Err(error),
        Ok(Err(Failure::Probe(error))) => Err(Python::attach(|py| raise(py, &error))),
        Err(payload) => Err(Python::attach(|py| raise(py, &panic_error(what, &*payload)))),
    }
}

/// Returns the error as the exception that the package makes of its document.
pub(crate) fn raise(py: Python<'_>, error: &ProbeError) -> PyErr {
    let exception = py
        .import("test_probe.errors")
        .and_then(|module| module.call_method1("from_document", (error.to_json().to_string(),)));
    match exception {
        Ok(exception) => PyErr::from_value(exception),
        // The package is gone while the interpreter ends; the text must do.
        Err(_) => PyRuntimeError::new_err(format!("{error:?}")),
    }
}
