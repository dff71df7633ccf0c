//! How the command ends (api.md, "Command").

use std::io::{self, ErrorKind, Write};
use std::process::ExitCode;

use anstyle::{AnsiColor, Style};
use serde_json::{Value, json};
use test_probe::{Category, ErrorCode, ProbeError};

use crate::output::Format;

/// Everything went as it should; a verdict passed.
pub(crate) const PASSED: u8 = 0;
/// A verdict failed, or what was asked for is not there.
pub(crate) const FAILED: u8 = 1;
/// The command was used wrongly.
pub(crate) const USAGE: u8 = 2;
/// Nobody knows: the verdict is inconclusive.
pub(crate) const INCONCLUSIVE: u8 = 3;
/// The environment did not allow what was asked.
pub(crate) const ENVIRONMENT: u8 = 4;
/// A signal ended the command: 128 and the number of SIGINT.
pub(crate) const INTERRUPTED: u8 = 130;

const RED: Style = AnsiColor::Red.on_default().bold();
const CYAN: Style = AnsiColor::Cyan.on_default();

/// Why the command ends without having done what was asked.
#[derive(Debug)]
pub(crate) enum Failure {
    /// The engine said so.
    Probe(ProbeError),
    /// Something outside the engine, with the exit code that fits it.
    Other { code: u8, message: String, hint: Option<String> },
    /// What was to be said could not be said.
    Output(io::Error),
    /// A signal ended it.
    Interrupted,
}

impl Failure {
    /// A failure of the caller. What follows `\nhint: ` is the hint.
    pub(crate) fn usage(what: impl Into<String>) -> Self {
        Self::other(USAGE, &what.into())
    }

    /// A failure of the environment. What follows `\nhint: ` is the hint.
    pub(crate) fn environment(what: impl Into<String>) -> Self {
        Self::other(ENVIRONMENT, &what.into())
    }

    fn other(code: u8, what: &str) -> Self {
        let (message, hint) = what.split_once("\nhint: ").map_or((what, None), |(m, h)| (m, Some(h)));
        Self::Other { code, message: message.to_owned(), hint: hint.map(str::to_owned) }
    }

    /// Returns the exit code. Nobody who closed a pipe on purpose is told of an error.
    pub(crate) fn code(&self) -> u8 {
        match self {
            Self::Probe(error) => code_of(error.code()),
            Self::Other { code, .. } => *code,
            Self::Output(error) if error.kind() == ErrorKind::BrokenPipe => PASSED,
            Self::Output(_) => ENVIRONMENT,
            Self::Interrupted => INTERRUPTED,
        }
    }

    /// Says why on standard error, and returns the exit code.
    pub(crate) fn end(&self, format: Format) -> ExitCode {
        match self {
            Self::Probe(error) => {
                say(format, &with_causes(error), error.hint_text(), error.to_json(), self.code());
            }
            Self::Other { code, message, hint } => {
                let name = if *code == USAGE { "USAGE" } else { "ENVIRONMENT" };
                let document = json!({
                    "name": name, "category": name.to_ascii_lowercase(), "message": message, "hint": hint,
                });
                say(format, message, hint.as_deref(), document, *code);
            }
            Self::Output(error) if error.kind() != ErrorKind::BrokenPipe => {
                let message = format!("the output was not written: {error}");
                say(
                    format,
                    &message,
                    None,
                    json!({ "name": "ENVIRONMENT", "message": message }),
                    self.code(),
                );
            }
            Self::Output(_) | Self::Interrupted => {}
        }
        ExitCode::from(self.code())
    }
}

impl From<ProbeError> for Failure {
    fn from(error: ProbeError) -> Self {
        Self::Probe(error)
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        Self::Output(error)
    }
}

/// Returns the exit code of an error of the engine.
pub(crate) fn code_of(code: ErrorCode) -> u8 {
    match code.category() {
        Category::Expectation => FAILED,
        Category::Usage => USAGE,
        Category::Inconclusive => INCONCLUSIVE,
        Category::Kafka | Category::Schema | Category::Lifecycle | Category::Internal => ENVIRONMENT,
    }
}

/// Returns the message with what led to it, a line each.
fn with_causes(error: &ProbeError) -> String {
    let causes = std::iter::successors(error.cause(), |error| error.cause());
    causes.fold(error.message().to_owned(), |said, cause| format!("{said}\ncaused by: {}", cause.message()))
}

/// Says on standard error what went wrong; when nobody listens there either, the exit code says it.
fn say(format: Format, message: &str, hint: Option<&str>, document: Value, code: u8) {
    let mut err = anstream::stderr().lock();
    let _ = match (format, hint) {
        (Format::Json, _) => writeln!(err, "{}", json!({ "error": document, "exitCode": code })),
        (Format::Text, None) => writeln!(err, "{RED}error:{RED:#} {message}"),
        (Format::Text, Some(hint)) => {
            writeln!(err, "{RED}error:{RED:#} {message}\n{CYAN}hint:{CYAN:#} {hint}")
        }
    };
}

/// Says something on standard error that changes nothing about the result.
pub(crate) fn warn(format: Format, message: &str) {
    let mut err = anstream::stderr().lock();
    let _ = match format {
        Format::Json => writeln!(err, "{}", json!({ "warning": message })),
        Format::Text => writeln!(err, "warning: {message}"),
    };
}
