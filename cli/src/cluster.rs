//! `test-probe cluster`: a stand-alone embedded cluster for local development.

use std::io::{Read, Write};
use std::process::ExitCode;

use clap::{Args, Subcommand, ValueEnum};
use test_probe_embedded::{EmbeddedKafka, Options};

use crate::exit;

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Starts a cluster, says how to connect, and serves until it is ended.
    Up(Up),
}

#[derive(Debug, Args)]
pub(crate) struct Up {
    /// How many brokers.
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..=100))]
    brokers: u16,
    /// The port of the first broker; 0 lets the system choose.
    #[arg(long, default_value_t = 0)]
    port: u16,
    /// Ends when standard input is closed, so that the cluster cannot outlive who started it.
    #[arg(long)]
    until_stdin_closes: bool,
    /// How to say where clients connect: a line to read, or one JSON object.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Format {
    Text,
    Json,
}

pub(crate) fn run(command: &Command) -> ExitCode {
    let Command::Up(up) = command;
    let options = Options { port: up.port, ..Options::with_brokers(up.brokers) };
    let said = EmbeddedKafka::start(options).map_err(|error| error.to_string()).and_then(|kafka| {
        say(up.format, &kafka).map_err(|error| error.to_string())?;
        Ok(kafka)
    });
    match said {
        Ok(kafka) => {
            serve(up.until_stdin_closes);
            drop(kafka);
            ExitCode::SUCCESS
        }
        Err(error) => {
            exit::complain(&error);
            ExitCode::from(exit::ENVIRONMENT)
        }
    }
}

fn say(format: Format, kafka: &EmbeddedKafka) -> std::io::Result<()> {
    let servers = kafka.bootstrap_servers();
    let mut out = std::io::stdout().lock();
    match format {
        Format::Text => writeln!(out, "bootstrap.servers={servers}")?,
        Format::Json => {
            let cluster = kafka.cluster_id();
            writeln!(out, r#"{{"bootstrap_servers": "{servers}", "cluster_id": "{cluster}"}}"#)?;
        }
    }
    out.flush()
}

/// Waits for the end: of standard input, or of the process by a signal.
fn serve(until_stdin_closes: bool) {
    if until_stdin_closes {
        let mut ignored = [0_u8; 1024];
        while matches!(std::io::stdin().read(&mut ignored), Ok(read) if read > 0) {}
    } else {
        loop {
            std::thread::park();
        }
    }
}
