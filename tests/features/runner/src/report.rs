//! What came of the scenarios: for people, for `make test`, and for the check that every language ran them.

use std::io::Write as _;
use std::path::Path;
use std::time::Duration;

use serde_json::{Value, json};

use crate::plan::Scenario;

/// A scenario that ended.
pub(crate) struct Ended {
    pub(crate) scenario: Scenario,
    /// Why it failed.
    pub(crate) failure: Option<String>,
    pub(crate) took: Duration,
}

pub(crate) struct Report {
    ended: Vec<Ended>,
    /// What is wrong beside scenarios; each counts as a failure.
    problems: Vec<String>,
    took: Duration,
}

impl Report {
    pub(crate) fn new(ended: Vec<Ended>, took: Duration) -> Self {
        Self { ended, problems: Vec::new(), took }
    }

    pub(crate) fn add_problem(&mut self, problem: Option<String>) {
        self.problems.extend(problem);
    }

    pub(crate) fn passed(&self) -> bool {
        self.failed() == 0 && !self.ended.is_empty()
    }

    fn failed(&self) -> usize {
        self.problems.len() + self.ended.iter().filter(|ended| ended.failure.is_some()).count()
    }

    /// Prints what failed, and the line that `make test` counts.
    pub(crate) fn tell(&self) {
        for Ended { scenario, failure, took } in &self.ended {
            let result = if failure.is_none() { "ok" } else { "FAILED" };
            say(&format!(
                "test {}:{} {} ... {result} ({:.1} s)",
                scenario.feature,
                scenario.line,
                scenario.name,
                took.as_secs_f64()
            ));
        }
        let failures = self.ended.iter().filter_map(|ended| ended.failure.as_ref());
        for failure in failures.chain(&self.problems) {
            say(&format!("\n{failure}"));
        }
        let (failed, result) = (self.failed(), if self.passed() { "ok" } else { "FAILED" });
        let passed = self.ended.iter().filter(|ended| ended.failure.is_none()).count();
        say(&format!(
            "\ntest result: {result}. {passed} passed; {failed} failed; 0 ignored; finished in {:.2}s",
            self.took.as_secs_f64()
        ));
    }

    /// Writes the report that `tests/house/parity.py` reads.
    pub(crate) fn write(&self, path: &Path) -> Result<(), String> {
        let scenarios: Vec<Value> = self
            .ended
            .iter()
            .map(|ended| {
                json!({
                    "feature": ended.scenario.feature, "scenario": ended.scenario.name,
                    "line": ended.scenario.line,
                    "result": if ended.failure.is_none() { "passed" } else { "failed" },
                })
            })
            .collect();
        let text = format!("{:#}\n", json!({ "scenarios": scenarios }));
        let folder = path.parent().unwrap_or(path);
        std::fs::create_dir_all(folder)
            .and_then(|()| std::fs::write(path, text))
            .map_err(|error| format!("{}: {error}", path.display()))
    }
}

/// Prints a line.
pub(crate) fn say(line: &str) {
    // Whoever closed the pipe does not want to know.
    let _ = writeln!(std::io::stdout().lock(), "{line}");
}
