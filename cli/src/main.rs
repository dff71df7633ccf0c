//! The `test-probe` command.

mod cluster;

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
enum Command {
    /// Runs a Kafka of its own, without Docker and without a JVM.
    #[command(subcommand)]
    Cluster(cluster::Command),
}

fn main() -> ExitCode {
    match Arguments::parse().command {
        Command::Cluster(command) => cluster::run(&command),
    }
}
