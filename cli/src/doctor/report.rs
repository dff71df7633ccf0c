//! What was found, said as it is found.

use std::io::Write;

use anstyle::Style;
use serde_json::{Value, json};
use test_probe::{ErrorCode, ProbeError};

use crate::exit::Failure;
use crate::output::{self, DIM, Format, GREEN, RED, YELLOW};

/// What a finding is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Group {
    Configuration,
    Connection,
    Topics,
    Schemas,
    RoundTrip,
}

impl Group {
    fn name(self) -> &'static str {
        match self {
            Self::Configuration => "configuration",
            Self::Connection => "connection",
            Self::Topics => "topics",
            Self::Schemas => "schemas",
            Self::RoundTrip => "round trip",
        }
    }
}

/// How it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Status {
    Good,
    Warning,
    Failed,
    Skipped,
}

impl Status {
    fn word(self) -> (&'static str, Style) {
        match self {
            Self::Good => ("ok", GREEN),
            Self::Warning => ("warn", YELLOW),
            Self::Failed => ("fail", RED),
            Self::Skipped => ("skip", DIM),
        }
    }
}

/// One thing that was looked at.
pub(crate) struct Finding {
    pub(crate) group: Group,
    pub(crate) subject: String,
    pub(crate) status: Status,
    pub(crate) message: String,
    pub(crate) remedy: Option<String>,
    /// Measured figures by name, in milliseconds or counts.
    pub(crate) figures: Value,
}

impl Finding {
    /// Something that is as it should be.
    pub(crate) fn good(group: Group, subject: &str, message: impl Into<String>) -> Self {
        Self::new(group, subject, Status::Good, message)
    }

    pub(crate) fn new(group: Group, subject: &str, status: Status, message: impl Into<String>) -> Self {
        let message = message.into();
        Self { group, subject: subject.to_owned(), status, message, remedy: None, figures: json!({}) }
    }

    /// What an error says, and what to do about it.
    pub(crate) fn failed(group: Group, subject: &str, error: &ProbeError) -> Self {
        let mut message = error.message().lines().next().unwrap_or_default().to_owned();
        if let Some(cause) = error.cause() {
            message = format!("{message}: {}", cause.message().lines().next().unwrap_or_default());
        }
        let remedy = error.hint_text().or_else(|| error.cause().and_then(ProbeError::hint_text));
        let remedy = remedy.or_else(|| remedy_of(error.code())).map(str::to_owned);
        Self { remedy, ..Self::new(group, subject, Status::Failed, message) }
    }

    pub(crate) fn remedy(mut self, remedy: impl Into<String>) -> Self {
        self.remedy = Some(remedy.into());
        self
    }

    pub(crate) fn figures(mut self, figures: Value) -> Self {
        self.figures = figures;
        self
    }
}

/// What helps where the engine gave no hint.
fn remedy_of(code: ErrorCode) -> Option<&'static str> {
    match code {
        ErrorCode::BrokerUnreachable | ErrorCode::TimedOut => Some(
            "start the broker, or say where it is: `--bootstrap-servers`, KAFKA_BOOTSTRAP_SERVERS or `--config`",
        ),
        ErrorCode::AuthenticationFailed => Some("look at the credentials of the principal"),
        ErrorCode::NotAuthorized => Some("let the principal describe, read and write the topic"),
        _ => None,
    }
}

/// All findings.
pub(crate) struct Report {
    format: Format,
    group: Option<Group>,
    checks: Vec<Value>,
    configuration: Value,
    failed: bool,
}

impl Report {
    pub(crate) fn new(format: Format) -> Self {
        Self { format, group: None, checks: Vec::new(), configuration: Value::Null, failed: false }
    }

    /// Keeps the settings that are shown to programs.
    pub(crate) fn set_configuration(&mut self, document: Value) {
        self.configuration = document;
    }

    /// Says a finding.
    pub(crate) fn add(&mut self, finding: Finding) -> Result<(), Failure> {
        let Finding { group, subject, status, message, remedy, figures } = finding;
        self.failed |= status == Status::Failed;
        let (word, style) = status.word();
        if self.format == Format::Text {
            let mut out = output::stdout();
            if self.group != Some(group) {
                writeln!(out, "{}", group.name())?;
            }
            let gap = if subject.is_empty() { "" } else { ": " };
            writeln!(out, "  {style}{word:4}{style:#}  {subject}{gap}{message}")?;
            if let Some(remedy) = &remedy {
                writeln!(out, "        remedy: {remedy}")?;
            }
        }
        self.group = Some(group);
        self.checks.push(json!({
            "check": group.name(), "subject": subject, "status": word, "message": message, "remedy": remedy,
            "figures": figures,
        }));
        Ok(())
    }

    /// Says that something was not looked at, and why.
    pub(crate) fn skip(&mut self, group: Group, subject: &str, why: &str) -> Result<(), Failure> {
        self.add(Finding::new(group, subject, Status::Skipped, why))
    }

    /// Says the sum; returns whether anything failed.
    pub(crate) fn finish(self) -> Result<bool, Failure> {
        let count = |word: &str| self.checks.iter().filter(|check| check["status"] == word).count();
        if self.format == Format::Json {
            output::line(&json!({
                "ok": !self.failed, "configuration": self.configuration, "checks": self.checks,
            }))?;
            return Ok(self.failed);
        }
        let mut out = output::stdout();
        let (style, word) =
            if self.failed { (RED, "not everything is well") } else { (GREEN, "all is well") };
        writeln!(
            out,
            "{style}{word}{style:#}: {} ok, {} warn, {} fail, {} skip",
            count("ok"),
            count("warn"),
            count("fail"),
            count("skip")
        )?;
        Ok(self.failed)
    }
}
