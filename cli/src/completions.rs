//! `test-probe completions`: what a shell completes the command by.

use std::io::Write;

use clap::Command;
use clap_complete::{Shell, generate};
use serde_json::json;

use crate::exit::{Failure, PASSED};
use crate::output::{self, Format};

pub(crate) fn run(shell: Shell, mut command: Command, format: Format) -> Result<u8, Failure> {
    let mut script = Vec::new();
    generate(shell, &mut command, "test-probe", &mut script);
    let script = String::from_utf8_lossy(&script);
    match format {
        Format::Text => output::stdout().write_all(script.as_bytes())?,
        Format::Json => output::line(&json!({ "shell": shell.to_string(), "script": script }))?,
    }
    Ok(PASSED)
}
