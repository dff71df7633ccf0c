//! How the command ends (api.md, "Command").

use std::fmt::Display;
use std::io::Write;
use std::process::ExitCode;

/// A verdict failed.
pub(crate) const FAILED: u8 = 1;
/// The command was used wrongly.
pub(crate) const USAGE: u8 = 2;
/// The environment did not allow what was asked.
pub(crate) const ENVIRONMENT: u8 = 4;

/// Why the command ends without having done what was asked.
#[derive(Debug)]
pub(crate) struct Failure {
    code: u8,
    what: String,
}

impl Failure {
    pub(crate) fn usage(what: impl Into<String>) -> Self {
        Self { code: USAGE, what: what.into() }
    }

    pub(crate) fn environment(what: impl Into<String>) -> Self {
        Self { code: ENVIRONMENT, what: what.into() }
    }

    /// Says why, and returns the exit code.
    pub(crate) fn end(self) -> ExitCode {
        complain(&self.what);
        ExitCode::from(self.code)
    }
}

/// Says on standard error what went wrong; when nobody listens there either, the exit code says it.
pub(crate) fn complain(what: &impl Display) {
    let _ = writeln!(std::io::stderr(), "error: {what}");
}
