//! What the command says on standard output.

use std::io::{self, Write};

use anstyle::{AnsiColor, Style};
use clap::ValueEnum;
use serde_json::Value;

/// Something good.
pub(crate) const GREEN: Style = AnsiColor::Green.on_default().bold();
/// Something bad.
pub(crate) const RED: Style = AnsiColor::Red.on_default().bold();
/// Something to look at.
pub(crate) const YELLOW: Style = AnsiColor::Yellow.on_default().bold();
/// What is there for reference.
pub(crate) const DIM: Style = Style::new().dimmed();

/// The form of everything that is said.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// For people.
    #[default]
    Text,
    /// For programs: one document on one line, or one for each thing that comes.
    Json,
}

impl Format {
    /// Returns the format that the arguments ask for, also where the rest of them is wrong.
    pub(crate) fn asked_for(arguments: impl Iterator<Item = String>) -> Self {
        let words: Vec<String> = arguments.collect();
        let apart = words.windows(2).any(|pair| pair[0] == "--format" && pair[1] == "json");
        if apart || words.iter().any(|word| word == "--format=json") { Self::Json } else { Self::Text }
    }
}

/// Returns standard output: with colours on a terminal that wants them (NO_COLOR, TERM), without elsewhere.
pub(crate) fn stdout() -> impl Write {
    anstream::stdout().lock()
}

/// Writes a document on a line of its own.
pub(crate) fn line(document: &Value) -> io::Result<()> {
    // Documents have no colours, and nothing in them is a control character.
    let mut out = io::stdout().lock();
    writeln!(out, "{document}")?;
    out.flush()
}
