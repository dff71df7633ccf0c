//! `test-probe produce`: events in, acknowledgements out.

use std::io::Write;
use std::path::{Path, PathBuf};

use clap::Args;
use serde_json::json;
use test_probe::completion::Pending;
use test_probe::directive::Role;
use test_probe::operation::{Operation, Outcome};
use test_probe::words::events_from_yaml;
use test_probe::{Event, Payload, ProbeError, ProducedAck, Session};

use crate::connect::{self, Connection, Opened, Topic};
use crate::exit::{Failure, PASSED};
use crate::output::{self, Format, GREEN};
use crate::progress::Progress;
use crate::{expect, input, interrupt};

/// So many events are on their way at once.
const WINDOW: usize = 1_000;

#[derive(Debug, Args)]
pub(crate) struct Produce {
    #[command(flatten)]
    connection: Connection,
    #[command(flatten)]
    topic: Topic,
    /// The test that the events belong to; TEST_PROBE_TEST_ID otherwise, and without either a fresh one.
    #[arg(long, value_name = "ID")]
    test_id: Option<String>,
    /// Events in YAML or JSON (one, a list, or one on each line): {type, version, id, key, headers, value,
    /// partition, timestamp}. `-` is standard input.
    #[arg(long, short, value_name = "FILE", conflicts_with_all = ["value", "value_file", "tombstone"])]
    file: Option<PathBuf>,
    #[command(flatten)]
    event: Flags,
    /// Prints the test id and nothing else: `id=$(test-probe produce -q ...)`.
    #[arg(long, short)]
    quiet: bool,
}

/// One event.
#[derive(Debug, Args)]
#[command(next_help_heading = "Event")]
#[group(multiple = true)]
struct Flags {
    /// The event type.
    #[arg(long = "type", value_name = "TYPE", conflicts_with = "file")]
    event_type: Option<String>,
    /// The payload version.
    #[arg(long, value_name = "VERSION", conflicts_with = "file")]
    version: Option<String>,
    /// The event's id; a fresh one otherwise.
    #[arg(long, value_name = "ID", conflicts_with = "file")]
    id: Option<String>,
    /// The record's key.
    #[arg(long, value_name = "KEY", conflicts_with = "file")]
    key: Option<String>,
    /// A header; may be given many times.
    #[arg(long = "header", value_name = "NAME=VALUE", value_parser = connect::pair, conflicts_with = "file")]
    headers: Vec<(String, String)>,
    /// The partition; by key otherwise.
    #[arg(long, value_name = "NUMBER", value_parser = clap::value_parser!(i32).range(0..), conflicts_with = "file")]
    partition: Option<i32>,
    /// The value, as JSON.
    #[arg(long, value_name = "JSON", conflicts_with_all = ["value_file", "tombstone"])]
    value: Option<String>,
    /// A file with the value as it goes to the topic; `-` is standard input.
    #[arg(long, value_name = "FILE", conflicts_with = "tombstone")]
    value_file: Option<PathBuf>,
    /// A record with a null value.
    #[arg(long)]
    tombstone: bool,
    /// Takes `--value` or `--value-file` as bytes, whatever the topic's format, also when they are broken.
    #[arg(long, conflicts_with_all = ["tombstone", "file"])]
    raw: bool,
}

impl Flags {
    fn event(&self) -> Result<Event, Failure> {
        let payload = self.payload()?;
        let pairs = self.headers.iter();
        let headers = pairs.map(|(name, value)| (name.clone(), Some(value.clone().into_bytes().into())));
        Ok(Event {
            id: self.id.clone(),
            event_type: self.event_type.clone(),
            version: self.version.clone(),
            key: self.key.clone().map(|key| key.into_bytes().into()),
            headers: headers.collect(),
            payload,
            partition: self.partition,
            timestamp: None,
        })
    }

    fn payload(&self) -> Result<Payload, Failure> {
        Ok(match (&self.value, &self.value_file) {
            (Some(text), _) if self.raw => Payload::Raw(text.clone().into_bytes().into()),
            (Some(text), _) => Payload::Json(expect::json("--value", text)?),
            (None, Some(file)) => from_file(file, self.raw)?,
            (None, None) if self.tombstone => Payload::Null,
            (None, None) => {
                return Err(Failure::usage(
                    "no value was given\nhint: add `--value JSON`, `--value-file FILE`, `--tombstone`, or events by \
                     `--file FILE`",
                ));
            }
        })
    }
}

fn from_file(file: &Path, raw: bool) -> Result<Payload, Failure> {
    let bytes = input::bytes(file)?;
    Ok(match String::from_utf8(bytes) {
        Ok(text) if !raw => Payload::Text(text),
        Ok(text) => Payload::Raw(text.into_bytes().into()),
        Err(bytes) => Payload::Raw(bytes.into_bytes().into()),
    })
}

pub(crate) fn run(produce: &Produce, format: Format) -> Result<u8, Failure> {
    let events = match &produce.file {
        Some(file) => events(file)?,
        None => vec![produce.event.event()?],
    };
    let directive = produce.topic.directive(Role::Producer)?;
    let topic = directive.name.to_string();
    let opened = Opened::start(produce.connection.load()?)?;
    let session = opened.session(directive, connect::test_id(produce.test_id.as_deref()), format)?;
    let mut progress = Progress::new(format, format!("producing to `{topic}`"), None);
    for window in events.chunks(WINDOW) {
        let begun: Vec<Pending<Outcome>> = window
            .iter()
            .map(|event| {
                let operation = Operation::Produce {
                    topic: topic.clone(),
                    event: Box::new(event.clone()),
                    timeout: None,
                };
                // Handed to the client in the order of these calls.
                Pending::spawn(&opened.probe().handle(), session.run(operation))
            })
            .collect();
        for pending in &begun {
            let outcome = interrupt::wait(pending, &mut progress)?;
            progress.clear();
            acknowledged(outcome, &session, produce.quiet, format)?;
        }
    }
    finish(&session, events.len(), produce.quiet, format)?;
    Ok(PASSED)
}

/// Reads events: a document, or one on each line.
pub(crate) fn events(file: &Path) -> Result<Vec<Event>, Failure> {
    let text = input::text(file)?;
    let label = input::label(file);
    let lines: Vec<(usize, &str)> =
        text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()).collect();
    let is_whole = |line: &str| line.starts_with('{') && line.trim_end().ends_with('}');
    if lines.len() > 1 && lines.iter().all(|(_, line)| is_whole(line)) {
        let read = |(number, line): &(usize, &str)| {
            Event::from_yaml(line)
                .map_err(|error| input::invalid(&format!("{label}, event on line {}", number + 1), &error))
        };
        return lines.iter().map(read).collect();
    }
    let events = events_from_yaml(&text).map_err(|error| input::invalid(&label, &error))?;
    if events.is_empty() {
        return Err(Failure::usage(format!("`{label}` held no event")));
    }
    Ok(events)
}

fn acknowledged(
    outcome: Result<Outcome, ProbeError>,
    session: &Session,
    quiet: bool,
    format: Format,
) -> Result<(), Failure> {
    let Outcome::Produced(ack) = outcome? else {
        return Err(Failure::environment("the engine answered something that is no acknowledgement"));
    };
    match format {
        Format::Json => {
            let mut document = ack.to_json();
            document["testId"] = json!(session.test_id());
            output::line(&document)?;
        }
        Format::Text if quiet => {}
        Format::Text => text(&ack)?,
    }
    Ok(())
}

fn text(ack: &ProducedAck) -> Result<(), Failure> {
    let ProducedAck { topic, partition, offset, id, .. } = ack;
    let millis = ack.latency.as_secs_f64() * 1e3;
    writeln!(
        output::stdout(),
        "{GREEN}acknowledged{GREEN:#}: {topic}[{partition}]@{offset}  id {}  ({millis:.1} ms)",
        json!(**id)
    )?;
    Ok(())
}

fn finish(session: &Session, count: usize, quiet: bool, format: Format) -> Result<(), Failure> {
    if format == Format::Json {
        return Ok(());
    }
    let mut out = output::stdout();
    if quiet {
        writeln!(out, "{}", session.test_id())?;
        return Ok(());
    }
    let noun = if count == 1 { "event" } else { "events" };
    writeln!(out, "{count} {noun} of test {}", session.test_id())?;
    Ok(())
}
