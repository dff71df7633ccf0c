//! The outside parties of a scenario: `outside.py`, one line of JSON for a step and one for its answer.

use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use serde_json::Value;

const PROGRAM: &str = "tests/features/outside.py";

/// The program; it ends with its stdin.
pub(crate) struct Outside {
    child: Child,
    requests: Option<ChildStdin>,
    answers: BufReader<ChildStdout>,
}

impl Outside {
    pub(crate) fn start() -> Result<Self, String> {
        let python = std::env::var("TEST_PROBE_PYTHON").unwrap_or_else(|_| "python3".to_owned());
        let started = Command::new(python).arg(PROGRAM).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn();
        let mut child = started.map_err(|error| format!("{PROGRAM}: {error}"))?;
        let requests = child.stdin.take();
        let answers = child.stdout.take().ok_or("no stdout")?;
        Ok(Self { child, requests, answers: BufReader::new(answers) })
    }

    /// Has a step done.
    pub(crate) fn ask(&mut self, request: &Value) -> Result<(), String> {
        let requests = self.requests.as_mut().ok_or("no stdin")?;
        writeln!(requests, "{request}").map_err(|error| format!("{PROGRAM} was gone: {error}"))?;
        let mut line = String::new();
        self.answers.read_line(&mut line).map_err(|error| format!("{PROGRAM} was gone: {error}"))?;
        if line.is_empty() {
            return Err(format!("{PROGRAM} ended; what it said stands above"));
        }
        let answer: Value =
            serde_json::from_str(&line).map_err(|_| format!("{PROGRAM} answered `{}`", line.trim()))?;
        match answer.get("error") {
            None => Ok(()),
            Some(error) => Err(error.as_str().map_or_else(|| error.to_string(), str::to_owned)),
        }
    }
}

impl Drop for Outside {
    fn drop(&mut self) {
        drop(self.requests.take());
        let _ = self.child.wait();
    }
}
