//! The `test-probe` command.

mod cluster;
mod demo;
mod exit;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// Tests systems that talk over Kafka.
#[derive(Debug, Parser)]
#[command(name = "test-probe", version, propagate_version = true)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
#[expect(clippy::large_enum_variant, reason = "there is one, and it is read once")]
enum Command {
    /// Shows the main job on a Kafka of its own: an order in, a confirmation out, three kinds of verdicts.
    Demo,
    /// Runs a Kafka of its own, without Docker and without a JVM.
    #[command(subcommand)]
    Cluster(cluster::Command),
}

fn main() -> ExitCode {
    match Arguments::parse().command {
        Command::Demo => demo::run(),
        Command::Cluster(command) => cluster::run(&command),
    }
}
