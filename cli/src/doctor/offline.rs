//! Schemas in files: may one follow the others? Needs no configuration and no network.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::Args;
use clap::builder::{PossibleValuesParser, TypedValueParser};
use test_probe::Event;
use test_probe_formats::{Level, Reference, Schema, SchemaSource, SchemaType};

use super::report::{Finding, Group, Report, Status};
use crate::connect;
use crate::exit::{FAILED, Failure, PASSED};
use crate::input;
use crate::output::Format;

#[derive(Debug, Args)]
#[command(next_help_heading = "Schemas in files")]
pub(super) struct Offline {
    /// Looks at the schema in this file, without configuration and network; `-` is standard input.
    #[arg(long, value_name = "FILE", requires = "part", conflicts_with_all = [
        "topics", "config", "bootstrap_servers", "properties", "topic", "cluster", "embedded",
    ])]
    schema: Option<PathBuf>,
    /// Earlier schemas that it is to follow, the oldest first.
    #[arg(long, value_name = "FILE", num_args = 1.., requires = "schema")]
    against: Vec<PathBuf>,
    /// Under which level it is to follow them; BACKWARD when absent.
    #[arg(long, value_name = "LEVEL", requires = "against", ignore_case = true, value_parser = level())]
    compatibility: Option<Level>,
    /// What the schemas are written in, where the ending of a file (.avsc, .proto, .json) does not say it.
    #[arg(long = "type", value_name = "TYPE", requires = "schema", ignore_case = true, value_parser = schema_type())]
    schema_type: Option<SchemaType>,
    /// A schema that the others refer to by this name, after those that it refers to itself; may be given many times.
    #[arg(long = "reference", value_name = "NAME=FILE", requires = "schema", value_parser = connect::pair)]
    references: Vec<(String, String)>,
}

fn level() -> impl TypedValueParser<Value = Level> {
    let names = PossibleValuesParser::new(Level::ALL.map(Level::name));
    names.try_map(|name| Level::of_name(&name).ok_or("no such level"))
}

fn schema_type() -> impl TypedValueParser<Value = SchemaType> {
    let names = PossibleValuesParser::new(SchemaType::ALL.map(SchemaType::name));
    names.try_map(|name| SchemaType::of_name(&name.to_ascii_uppercase()).ok_or("no such type"))
}

impl Offline {
    /// Looks at the files, if there are any to look at; returns how that ended.
    pub(super) fn run(&self, samples: &[Event], format: Format) -> Result<Option<u8>, Failure> {
        let Some(file) = &self.schema else { return Ok(None) };
        let schema = self.open(file)?;
        let earlier = self.against.iter().map(|file| Ok((input::label(file), self.open(file)?)));
        let earlier = earlier.collect::<Result<Vec<_>, Failure>>()?;
        let mut report = Report::new(format);
        let name = schema.record_name().map_or_else(String::new, |name| format!(", `{name}`"));
        let read = format!("a schema of type {}{name}", schema.schema_type().name());
        report.add(Finding::good(Group::Schemas, &format!("`{}`", input::label(file)), read))?;
        let level = self.compatibility.unwrap_or_default();
        let passed_by = earlier.len().saturating_sub(level.reach());
        for (place, (label, earlier)) in earlier.iter().enumerate() {
            let subject = format!("`{label}`, compatibility");
            if place < passed_by {
                let whom = if level.reach() == 0 { "no earlier schema" } else { "the last one alone" };
                let why = format!("{} looks at {whom}", level.name());
                report.skip(Group::Schemas, &subject, &why)?;
            } else {
                report.add(compared(&subject, level, &schema, earlier))?;
            }
        }
        for event in samples {
            report.add(tried(&format!("`{}`, sample", input::label(file)), &schema, event))?;
        }
        Ok(Some(if report.finish()? { FAILED } else { PASSED }))
    }

    fn open(&self, file: &Path) -> Result<Schema, Failure> {
        let schema_type = self.type_of(file)?;
        let mut source = SchemaSource::new(schema_type, input::text(file)?);
        for (name, file) in &self.references {
            let text = input::text(Path::new(file))?;
            let source_of_it = Arc::new(SchemaSource::new(schema_type, text));
            source.references.push(Reference { name: name.clone(), source: source_of_it, at: None });
        }
        Schema::parse(&source).map_err(|fault| {
            let more = "a schema that it refers to is given by `--reference NAME=FILE`";
            let hint = fault.hint.as_ref().map_or_else(|| more.to_owned(), |hint| format!("{hint}; {more}"));
            Failure::usage(format!(
                "the schema in `{}` did not parse: {fault}\nhint: {hint}",
                input::label(file)
            ))
        })
    }

    fn type_of(&self, file: &Path) -> Result<SchemaType, Failure> {
        let ending = file.extension().and_then(|ending| ending.to_str()).map(str::to_ascii_lowercase);
        let by_ending = match ending.as_deref() {
            Some("avsc") => Some(SchemaType::Avro),
            Some("proto") => Some(SchemaType::Protobuf),
            Some("json") => Some(SchemaType::Json),
            _ => None,
        };
        self.schema_type.or(by_ending).ok_or_else(|| {
            let names = SchemaType::ALL.map(SchemaType::name).join(", ");
            Failure::usage(format!(
                "the name `{}` did not say what its schema is written in\nhint: let it end in `.avsc`, `.proto` or \
                 `.json`, or add `--type` with one of {names}",
                input::label(file)
            ))
        })
    }
}

/// Returns whether an event's value is written and read back as what it was.
fn tried(subject: &str, schema: &Schema, event: &Event) -> Finding {
    let name = event.name().map_or_else(|| "the sample".to_owned(), |name| format!("the sample `{name}`"));
    let Some(value) = event.payload.document() else {
        let why = format!("{name} has no value that the schema is asked to write");
        return Finding::new(Group::Schemas, subject, Status::Skipped, why);
    };
    let message = event.event_type.as_deref().filter(|name| schema.has_message(name));
    match schema.round_trip(&value, message) {
        Ok(length) => {
            let message = format!("{name} was written in {length} bytes and read back");
            Finding::good(Group::Schemas, subject, message)
        }
        Err(fault) => {
            let message = format!("{name} was not written and read back: {fault}");
            let failed = Finding::new(Group::Schemas, subject, Status::Failed, message);
            fault.hint.into_iter().fold(failed, Finding::remedy)
        }
    }
}

/// Returns whether a schema may follow an earlier one, and why it may not.
fn compared(subject: &str, level: Level, schema: &Schema, earlier: &Schema) -> Finding {
    let problems = level.problems(schema, earlier);
    let name = level.name();
    if problems.is_empty() {
        return Finding::good(Group::Schemas, subject, format!("the schema may follow it under {name}"));
    }
    let why = problems.join("; ");
    let message = format!("the schema may not follow it under {name}: {why}");
    let remedy = match (level.is_backward(), level.is_forward()) {
        (true, true) => "let both read what the other writes",
        (_, true) => "let the earlier schema read what the new one writes",
        _ => "let the new schema read what the earlier one wrote",
    };
    let remedy = format!("{remedy}, or choose another level");
    Finding::new(Group::Schemas, subject, Status::Failed, message).remedy(remedy)
}
