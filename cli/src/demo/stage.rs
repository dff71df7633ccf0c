//! How the demonstration is shown: step by step to people, as one document to programs.

use std::io::Write;
use std::time::Instant;

use serde_json::{Value, json};

use crate::exit::Failure;
use crate::output::{self, DIM, Format, GREEN, RED, YELLOW};

/// What a step came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    /// Nothing was judged.
    Done,
    Passed,
    Failed,
    Inconclusive,
}

/// Where the steps are shown.
pub(super) struct Stage {
    format: Format,
    steps: Vec<Value>,
}

impl Stage {
    pub(super) fn new(format: Format) -> Self {
        Self { format, steps: Vec::new() }
    }

    /// Shows a step: what was done, what it came to, how long it took, and what there is to see.
    pub(super) fn step(
        &mut self,
        outcome: Outcome,
        what: &str,
        began: Instant,
        shown: &str,
    ) -> Result<(), Failure> {
        let millis = began.elapsed().as_secs_f64() * 1e3;
        let (word, style) = match outcome {
            Outcome::Done => ("done", DIM),
            Outcome::Passed => ("passed", GREEN),
            Outcome::Failed => ("failed", RED),
            Outcome::Inconclusive => ("inconclusive", YELLOW),
        };
        let number = self.steps.len() + 1;
        self.steps.push(json!({
            "step": number, "what": what, "outcome": word, "millis": millis, "shown": shown,
        }));
        if self.format == Format::Json {
            return Ok(());
        }
        let mut out = output::stdout();
        match outcome {
            Outcome::Done => writeln!(out, "{number}. {what} {DIM}({millis:.1} ms){DIM:#}")?,
            _ => {
                let word = word.to_uppercase();
                writeln!(out, "{number}. {what}: {style}{word}{style:#} {DIM}({millis:.1} ms){DIM:#}")?;
            }
        }
        for line in shown.lines() {
            writeln!(out, "     {line}")?;
        }
        writeln!(out)?;
        Ok(())
    }

    /// Says something to people.
    pub(super) fn say(&self, what: &str) -> Result<(), Failure> {
        if self.format == Format::Text {
            writeln!(output::stdout(), "{what}")?;
        }
        Ok(())
    }

    /// Ends the show.
    pub(super) fn end(self) -> Result<(), Failure> {
        if self.format == Format::Json {
            output::line(&json!({ "steps": self.steps }))?;
        }
        Ok(())
    }
}
