//! `test-probe schema`: what editors complete and check files by.

use std::io::Write;

use clap::ValueEnum;
use test_probe::{config, directive};

use crate::exit::{Failure, PASSED};
use crate::output::{self, Format};

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Kind {
    /// Topic directives.
    Directive,
    /// The configuration.
    Config,
}

pub(crate) fn run(kind: Kind, format: Format) -> Result<u8, Failure> {
    let schema = match kind {
        Kind::Directive => directive::json_schema(),
        Kind::Config => config::json_schema(),
    };
    match format {
        Format::Text => writeln!(output::stdout(), "{schema:#}")?,
        Format::Json => output::line(&schema)?,
    }
    Ok(PASSED)
}
