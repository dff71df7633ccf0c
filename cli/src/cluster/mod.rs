//! `test-probe cluster`: a stand-alone embedded cluster for local development.

mod arguments;
mod files;
mod say;

use std::io::Read;
use std::sync::mpsc;

use clap::Subcommand;
use test_probe_embedded::{EmbeddedKafka, EmbeddedRegistry, StartError};

use crate::exit::{Failure, PASSED};
use crate::output::Format;
use arguments::Up;

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Starts a cluster, says how to connect, and serves until it is ended.
    Up(Up),
}

pub(crate) fn run(command: &Command, format: Format) -> Result<u8, Failure> {
    let Command::Up(up) = command;
    serve(up, format)?;
    Ok(PASSED)
}

fn serve(up: &Up, format: Format) -> Result<(), Failure> {
    // Before anything listens, so that a signal never leaves something behind.
    let (end, ended) = mpsc::channel();
    let by_signal = end.clone();
    ctrlc::set_handler(move || {
        // Whoever waits is gone when the end has begun already.
        let _ = by_signal.send(());
    })
    .map_err(|error| Failure::environment(format!("signals could not be handled: {error}")))?;
    let options = up.options()?;
    let kafka = EmbeddedKafka::start(options).map_err(|error| refused("--port", &error))?;
    let registry =
        EmbeddedRegistry::start(up.registry()).map_err(|error| refused("--registry-port", &error))?;
    for topic in up.topics() {
        let created = kafka.create_topic(&topic.name, topic.partitions);
        created.map_err(|error| Failure::usage(format!("`--topic {topic}` was refused: {error}")))?;
    }
    files::write(up, &kafka)?;
    say::say(up, &kafka, &registry, format)
        .map_err(|error| Failure::environment(format!("nobody reads what is said: {error}")))?;
    if up.until_stdin_closes() {
        std::thread::spawn(move || {
            let mut ignored = [0_u8; 1024];
            while matches!(std::io::stdin().read(&mut ignored), Ok(read) if read > 0) {}
            let _ = end.send(());
        });
        // The channel stays open: the handler of signals has a sender.
    }
    let _ = ended.recv();
    drop(registry);
    drop(kafka);
    Ok(())
}

fn refused(option: &str, error: &StartError) -> Failure {
    match error {
        StartError::Listen { .. } => Failure::environment(format!(
            "{error}\nhint: choose another `{option}`, or leave it out and let the system choose"
        )),
        StartError::InvalidOption { .. } => Failure::usage(error.to_string()),
        _ => Failure::environment(error.to_string()),
    }
}
