//! The Python boundary: the module `test_probe._native`. It decides nothing.
//!
//! Structured things cross as JSON documents that core reads and writes; key, value and header
//! values cross as bytes. Three invariants hold in every file here:
//!
//! - No thread of ours takes the GIL: results wait in a queue until Python drains it.
//! - The GIL is released around every wait, and a wait looks at Python's signals in between.
//! - A forked child touches nothing that was made before the fork ([`process::OfThisProcess`]).

mod completion;
mod convert;
mod error;
mod probe;
mod process;
mod session;
mod wait;

use pyo3::prelude::*;

/// The shape of this boundary. The package refuses a module that has another one.
const ABI: u32 = 2;

/// Panics at an entry point, for the test that no panic leaks into Python.
#[pyfunction]
fn panic_for_tests() -> PyResult<()> {
    error::entry("panic_for_tests", || panic!("on purpose"))
}

/// Lists every error code as (name, number), for the test of the generated mirror.
#[pyfunction]
fn error_codes() -> Vec<(&'static str, i32)> {
    test_probe::ErrorCode::ALL.iter().map(|code| (code.name(), code.number())).collect()
}

#[pymodule]
fn _native(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add("ABI", ABI)?;
    module.add("__version__", env!("CARGO_PKG_VERSION"))?;
    module.add_class::<probe::Probe>()?;
    module.add_class::<session::Session>()?;
    module.add_class::<completion::Operations>()?;
    module.add_function(wrap_pyfunction!(probe::shut_down, module)?)?;
    module.add_function(wrap_pyfunction!(probe::validate, module)?)?;
    module.add_function(wrap_pyfunction!(probe::validate_config, module)?)?;
    module.add_function(wrap_pyfunction!(probe::words, module)?)?;
    module.add_function(wrap_pyfunction!(probe::is_configured, module)?)?;
    module.add_function(wrap_pyfunction!(probe::trial, module)?)?;
    module.add_function(wrap_pyfunction!(probe::dsl_register, module)?)?;
    module.add_function(wrap_pyfunction!(probe::dsl_session, module)?)?;
    module.add_function(wrap_pyfunction!(wait::after_fork, module)?)?;
    module.add_function(wrap_pyfunction!(error_codes, module)?)?;
    module.add_function(wrap_pyfunction!(panic_for_tests, module)?)
}
