//! `test-probe validate`: everything that is wrong with directives and configurations, before anything connects.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::{Path, PathBuf};

use clap::Args;
use serde_json::{Value, json};
use test_probe::config::is_key;
use test_probe::{Config, Directives};

use crate::exit::{Failure, PASSED, USAGE};
use crate::input;
use crate::output::{self, Format, GREEN, RED};

#[derive(Debug, Args)]
pub(crate) struct Validate {
    /// Topic directives and configurations, in YAML or JSON; which is which is recognised. `-` is standard input.
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
}

/// What came of one file.
struct Report {
    file: String,
    kind: &'static str,
    /// What a valid file says, in a few words.
    says: String,
    topics: Value,
    problems: Vec<Value>,
}

pub(crate) fn run(validate: &Validate, format: Format) -> Result<u8, Failure> {
    let reports = validate.files.iter().map(|file| report(file)).collect::<Result<Vec<_>, _>>()?;
    let valid = reports.iter().all(|report| report.problems.is_empty());
    match format {
        Format::Text => reports.iter().try_for_each(text)?,
        Format::Json => {
            let files: Vec<Value> = reports.iter().map(document).collect();
            output::line(&json!({ "valid": valid, "files": files }))?;
        }
    }
    Ok(if valid { PASSED } else { USAGE })
}

fn report(file: &Path) -> Result<Report, Failure> {
    let text = input::text(file)?;
    let label = input::label(file);
    let report = |kind, says, topics, problems| Report { file: label.clone(), kind, says, topics, problems };
    let recognised = Directives::recognise(&text);
    if recognised == Some(true) {
        return Ok(match Directives::from_yaml(&text) {
            Ok(directives) => {
                let topics: Vec<Value> = directives
                    .topics
                    .iter()
                    .map(|topic| json!({ "name": &*topic.name, "topic": &*topic.topic, "role": topic.role.name() }))
                    .collect();
                report("directives", topics_of(&directives), topics.into(), Vec::new())
            }
            Err(error) => report("directives", String::new(), Value::Null, input::problems(&error)),
        });
    }
    // The file alone: what the environment would lay over it is no part of it, what it refers to is.
    let vars: BTreeMap<String, String> = std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
        .filter(|(name, _)| !is_key(name))
        .collect();
    let config = if input::is_stdin(file) {
        Config::from_texts(None, Some(&text), &vars)
    } else {
        Config::load(None, Some(file), &vars)
    };
    // What does not parse is neither of the two yet.
    let kind = if recognised.is_some() { "configuration" } else { "document" };
    Ok(match config {
        Ok(config) => report("configuration", clusters_of(&config), Value::Null, Vec::new()),
        Err(error) => report(kind, String::new(), Value::Null, input::problems(&error)),
    })
}

fn topics_of(directives: &Directives) -> String {
    let names: Vec<String> =
        directives.topics.iter().map(|topic| format!("{} ({})", topic.name, topic.role.name())).collect();
    match names.len() {
        0 => "no topics".to_owned(),
        1 => format!("1 topic: {}", names[0]),
        count => format!("{count} topics: {}", names.join(", ")),
    }
}

fn clusters_of(config: &Config) -> String {
    let place = |name: &String| {
        let cluster = &config.clusters[name];
        if cluster.embedded.is_some() { "embedded".to_owned() } else { cluster.bootstrap_servers.clone() }
    };
    let names: Vec<String> = config.clusters.keys().map(|name| format!("{name} ({})", place(name))).collect();
    let noun = if names.len() == 1 { "cluster" } else { "clusters" };
    format!("{noun} {}", names.join(", "))
}

fn text(report: &Report) -> Result<(), Failure> {
    let mut out = output::stdout();
    if report.problems.is_empty() {
        writeln!(out, "{}: {GREEN}valid{GREEN:#} {}, {}", report.file, report.kind, report.says)?;
    }
    for problem in &report.problems {
        writeln!(out, "{}", input::located(&report.file, problem))?;
        if let Some(hint) = problem["hint"].as_str() {
            writeln!(out, "  hint: {hint}")?;
        }
    }
    if !report.problems.is_empty() {
        let (count, noun) =
            (report.problems.len(), if report.problems.len() == 1 { "problem" } else { "problems" });
        writeln!(out, "{}: {RED}invalid{RED:#} {}, {count} {noun}", report.file, report.kind)?;
    }
    Ok(())
}

fn document(report: &Report) -> Value {
    let mut document = json!({
        "file": report.file, "kind": report.kind, "valid": report.problems.is_empty(), "problems": report.problems,
    });
    if !report.topics.is_null() {
        document["topics"] = report.topics.clone();
    }
    document
}
