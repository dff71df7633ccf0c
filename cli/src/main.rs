//! The `test-probe` command.

mod cluster;
mod completions;
mod connect;
mod demo;
mod doctor;
mod event;
mod exit;
mod expect;
mod fetch;
mod follow;
mod input;
mod interrupt;
mod output;
mod produce;
mod progress;
mod schema;
mod tail;
mod validate;

use std::process::ExitCode;

use clap::{CommandFactory, Parser, Subcommand};
use clap_complete::Shell;

use exit::Failure;
use output::Format;

/// Exit codes and the first steps, below the long help.
const AFTER: &str = "\
Exit codes: 0 passed, 1 failed verdict, 2 usage, 3 inconclusive, 4 environment, 130 ended by a signal.

  test-probe demo                                             what it does, in three seconds
  test-probe cluster up --topic orders                        a Kafka to try it on
  id=$(test-probe produce -q -t orders --type OrderCreated --value '{\"total\": 5}')
  test-probe expect -t orders --test-id \"$id\" --type OrderCreated --within 5s";

/// Tests systems that talk over Kafka.
#[derive(Debug, Parser)]
#[command(name = "test-probe", version, after_long_help = AFTER)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
    /// How to say everything: to people or to programs.
    #[arg(long, global = true, value_enum, default_value_t, hide_possible_values = false)]
    format: Format,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Shows the main job on a Kafka of its own: an order in, a confirmation out, three kinds of verdicts.
    Demo,
    /// Says everything that is wrong with directives and configurations, before anything connects.
    Validate(validate::Validate),
    /// Looks at configuration, connections and topics, and sends an event around; each with its remedy.
    Doctor(doctor::Doctor),
    /// Produces events and prints the acknowledgements.
    Produce(produce::Produce),
    /// Prints the events of a test that are on a topic.
    Fetch(fetch::Fetch),
    /// Prints what comes to a topic, as it comes.
    Tail(tail::Tail),
    /// Expects an event: 0 when it came, 1 when it provably did not, 3 when nobody knows.
    Expect(expect::Expect),
    /// Expects that no such event comes: 0 when provably none came, 1 when one did, 3 when nobody knows.
    ExpectNone(expect::ExpectNone),
    /// Runs a Kafka of its own, without Docker and without a JVM.
    #[command(subcommand)]
    Cluster(cluster::Command),
    /// Prints the JSON Schema of directives or of the configuration, for editors.
    Schema {
        /// Which.
        kind: schema::Kind,
    },
    /// Prints what a shell completes this command by.
    Completions {
        /// Which shell.
        shell: Shell,
    },
}

fn main() -> ExitCode {
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => return misused(&error),
    };
    let format = arguments.format;
    match run(arguments.command, format) {
        Ok(code) => ExitCode::from(code),
        Err(failure) => failure.end(format),
    }
}

fn run(command: Command, format: Format) -> Result<u8, Failure> {
    match command {
        Command::Demo => demo::run(format),
        Command::Validate(validate) => validate::run(&validate, format),
        Command::Doctor(doctor) => doctor::run(&doctor, format),
        Command::Produce(produce) => produce::run(&produce, format),
        Command::Fetch(fetch) => fetch::run(&fetch, format),
        Command::Tail(tail) => tail::run(&tail, format),
        Command::Expect(expect) => expect::event(&expect, format),
        Command::ExpectNone(expect) => expect::none(&expect, format),
        Command::Cluster(command) => cluster::run(&command, format),
        Command::Schema { kind } => schema::run(kind, format),
        Command::Completions { shell } => completions::run(shell, Arguments::command(), format),
    }
}

/// Help and the version are no errors; what is one is said as all errors are.
fn misused(error: &clap::Error) -> ExitCode {
    let words = std::env::args_os().map(|word| word.to_string_lossy().into_owned());
    if error.use_stderr() && Format::asked_for(words) == Format::Json {
        let said = error.render().to_string();
        let said = said.trim_end().strip_prefix("error: ").unwrap_or(&said);
        let (message, rest) = said.split_once("\n\n").unwrap_or((said, ""));
        let message = message.lines().map(str::trim).collect::<Vec<_>>().join(" ");
        return Failure::usage(format!("{message}\nhint: {}", rest.trim())).end(Format::Json);
    }
    // Nobody reads it any more when it cannot be printed.
    let _ = error.print();
    ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(exit::USAGE))
}
