//! `test-probe expect` and `expect-none`: a verdict for a shell script.

use std::io::Write;
use std::time::Duration;

use clap::Args;
use serde_json::{Map, Value, json};
use test_probe::completion::Pending;
use test_probe::operation::{Expectation, Outcome, Verb};
use test_probe::{Category, Match, ProbeError, Verdict};

use crate::connect::{self, Reading};
use crate::event::{self, Shown};
use crate::exit::{Failure, PASSED, code_of, warn};
use crate::interrupt;
use crate::output::{self, DIM, Format, GREEN, RED, YELLOW};
use crate::progress::Progress;

#[derive(Debug, Args)]
pub(crate) struct Expect {
    #[command(flatten)]
    common: Common,
    /// How long to wait for the event; `dsl.within` of the configuration otherwise, 5s by default.
    #[arg(long, value_name = "DURATION", value_parser = connect::time)]
    within: Option<Duration>,
}

#[derive(Debug, Args)]
pub(crate) struct ExpectNone {
    #[command(flatten)]
    common: Common,
    /// How long no such event may come.
    #[arg(long, value_name = "DURATION", value_parser = connect::time)]
    within: Duration,
}

#[derive(Debug, Args)]
struct Common {
    #[command(flatten)]
    reading: Reading,
    #[command(flatten)]
    conditions: Conditions,
}

/// Conditions on one event; all must hold.
#[derive(Debug, Args)]
#[command(next_help_heading = "Conditions")]
struct Conditions {
    /// The event's id.
    #[arg(long, value_name = "ID")]
    id: Option<String>,
    /// The event type.
    #[arg(long = "type", value_name = "TYPE")]
    event_type: Option<String>,
    /// The payload version.
    #[arg(long, value_name = "VERSION")]
    version: Option<String>,
    /// The record's key.
    #[arg(long, value_name = "KEY")]
    key: Option<String>,
    /// A header with this value among its values; may be given many times.
    #[arg(long = "header", value_name = "NAME=VALUE", value_parser = connect::pair)]
    headers: Vec<(String, String)>,
    /// What the value contains, as JSON: objects by subset, `null` for a tombstone.
    #[arg(long, value_name = "JSON")]
    value: Option<String>,
    /// An expression that holds.
    #[arg(long = "where", value_name = "EXPRESSION")]
    expression: Option<String>,
    /// The whole match as the document that all libraries know; options win over what stands in it.
    #[arg(long = "match", value_name = "JSON")]
    document: Option<String>,
}

impl Conditions {
    fn to_match(&self) -> Result<Match, Failure> {
        let mut document = match &self.document {
            None => Map::new(),
            Some(text) => match json("--match", text)? {
                Value::Object(members) => members,
                _ => return Err(Failure::usage("`--match` was no JSON object")),
            },
        };
        let texts = [
            ("id", &self.id),
            ("type", &self.event_type),
            ("version", &self.version),
            ("key", &self.key),
            ("where", &self.expression),
        ];
        for (name, text) in texts {
            document.extend(text.as_ref().map(|text| (name.to_owned(), json!(text))));
        }
        if !self.headers.is_empty() {
            document.insert("headers".to_owned(), json!(self.headers));
        }
        if let Some(text) = &self.value {
            document.insert("value".to_owned(), json("--value", text)?);
        }
        Ok(Match::from_json(&Value::Object(document))?)
    }
}

/// Reads an argument that is JSON.
pub(crate) fn json(option: &str, text: &str) -> Result<Value, Failure> {
    serde_json::from_str(text).map_err(|error| {
        Failure::usage(format!(
            "`{option}` was no JSON: {error}\nhint: text is quoted twice, once for the shell: `'\"text\"'`"
        ))
    })
}

pub(crate) fn event(expect: &Expect, format: Format) -> Result<u8, Failure> {
    judge(&expect.common, Verb::Event, expect.within, format)
}

pub(crate) fn none(expect: &ExpectNone, format: Format) -> Result<u8, Failure> {
    judge(&expect.common, Verb::None, Some(expect.within), format)
}

fn judge(common: &Common, verb: Verb, within: Option<Duration>, format: Format) -> Result<u8, Failure> {
    let matching = common.conditions.to_match()?;
    let (opened, session, topic) = common.reading.open(format)?;
    let within = within.unwrap_or(opened.probe().config().dsl.within);
    let expectation = Expectation::of(verb, &topic, matching, Some(within));
    let verdict = {
        let mut progress = Progress::new(format, format!("{} on `{topic}`", verb.name()), Some(within));
        let running = session.run(test_probe::operation::Operation::Expect(expectation));
        interrupt::wait(&Pending::spawn(&opened.probe().handle(), running), &mut progress)?
    };
    let about = json!({ "verb": verb.name(), "topic": topic, "testId": session.test_id() });
    match verdict {
        Ok(Outcome::Verdict(verdict)) => passed(&verdict, verb, &topic, about, format),
        Ok(_) => Err(Failure::environment("the engine answered something that is no verdict")),
        Err(error) => refused(error, about, format),
    }
}

fn passed(verdict: &Verdict, verb: Verb, topic: &str, about: Value, format: Format) -> Result<u8, Failure> {
    for warning in &verdict.warnings {
        warn(format, &warning.message);
    }
    if format == Format::Json {
        let mut document = verdict.to_json();
        // The events of the libraries have no bytes; here they may be all there is.
        document["events"] = verdict.events.iter().map(|found| event::document(found, false)).collect();
        output::line(&verdict_document("passed", about, document))?;
        return Ok(PASSED);
    }
    let mut out = output::stdout();
    write!(out, "{GREEN}passed{GREEN:#}: {} on `{topic}`", verb.name())?;
    match verb {
        Verb::None => writeln!(out, ", every partition was read to the end that it had after the window")?,
        Verb::Event | Verb::Receive(_) | Verb::Exactly(_) | Verb::AllOf(_) | Verb::Fish => writeln!(out)?,
    }
    for found in &verdict.events {
        write!(out, "  ")?;
        event::write(&mut out, found, Shown::default())?;
    }
    if verb == Verb::None {
        for (partition, read) in &verdict.coverage.partitions {
            writeln!(
                out,
                "  {DIM}partition {partition}: read from {} up to {}{DIM:#}",
                read.from, read.next
            )?;
        }
    }
    Ok(PASSED)
}

/// A verdict that is no pass is a result like one that is; everything else is an error.
fn refused(error: ProbeError, about: Value, format: Format) -> Result<u8, Failure> {
    let (word, style) = match error.code().category() {
        Category::Expectation => ("failed", RED),
        Category::Inconclusive => ("inconclusive", YELLOW),
        _ => return Err(error.into()),
    };
    match format {
        Format::Json => output::line(&verdict_document(word, about, json!({ "error": error.to_json() })))?,
        Format::Text => writeln!(output::stdout(), "{style}{word}{style:#}: {error}")?,
    }
    Ok(code_of(error.code()))
}

/// Returns `{verdict, verb, topic, testId}` and what the verdict came to.
fn verdict_document(word: &str, mut about: Value, facts: Value) -> Value {
    about["verdict"] = json!(word);
    if let (Value::Object(about), Value::Object(facts)) = (&mut about, facts) {
        about.extend(facts);
    }
    about
}
