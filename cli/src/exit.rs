//! How the command ends (api.md, "Command").

use std::fmt::Display;
use std::io::Write;

/// A verdict failed.
pub(crate) const FAILED: u8 = 1;
/// The environment did not allow what was asked.
pub(crate) const ENVIRONMENT: u8 = 4;

/// Says on standard error what went wrong; when nobody listens there either, the exit code says it.
pub(crate) fn complain(what: &impl Display) {
    let _ = writeln!(std::io::stderr(), "error: {what}");
}
