//! `test-probe doctor`: what stands between a test and its Kafka, each thing with its remedy.

mod cluster;
mod configuration;
mod offline;
mod report;
mod round_trip;
mod schemas;

use std::collections::BTreeMap;
use std::path::PathBuf;

use clap::{ArgGroup, Args, ValueEnum};
use serde_json::json;
use test_probe::config::{CommitPolicy, Config};
use test_probe::directive::{CreateTopic, Location, Role, TopicDirective};
use test_probe::{Directives, Event};

use crate::connect::{self, Connection, Opened};
use crate::exit::{ENVIRONMENT, Failure, PASSED, USAGE};
use crate::output::Format;
use crate::produce::events;
use cluster::Clusters;
use offline::Offline;
use report::{Finding, Group, Report, Status};

/// The topic that is asked for where any will do, and used on the embedded cluster.
const TOPIC: &str = "test-probe-doctor";

/// What alone is looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Part {
    /// The schema registry, the subjects and the schemas of the topics.
    Schemas,
}

#[derive(Debug, Args)]
#[command(group = ArgGroup::new("whose").args(["topics", "schema"]))]
pub(crate) struct Doctor {
    /// Looks at this alone: of the topics in `--topics`, or of the file in `--schema`.
    #[arg(value_enum, requires = "whose")]
    part: Option<Part>,
    #[command(flatten)]
    connection: Connection,
    /// Topic directives to look at; `-` is standard input.
    #[arg(long, value_name = "FILE")]
    topics: Option<PathBuf>,
    /// Sends one event around on this topic, which may be written to; with `--topics` one of that file. With `schemas`
    /// it looks at this topic alone, and sends nothing.
    #[arg(long, short = 't', value_name = "NAME")]
    topic: Option<String>,
    /// Looks at this cluster of the configuration alone.
    #[arg(long, value_name = "NAME", conflicts_with = "topics")]
    cluster: Option<String>,
    /// Looks at an embedded cluster in place of the default one, and sends an event around on it.
    #[arg(long, conflicts_with_all = ["bootstrap_servers", "topics", "cluster"])]
    embedded: bool,
    /// Events that `schemas` writes with the schemas and reads back, in YAML or JSON as `produce --file` has them; `-`
    /// is standard input. Nothing is sent.
    #[arg(long, value_name = "FILE", requires = "part")]
    sample: Option<PathBuf>,
    #[command(flatten)]
    offline: Offline,
}

pub(crate) fn run(doctor: &Doctor, format: Format) -> Result<u8, Failure> {
    let samples = doctor.sample.as_deref().map(events).transpose()?.unwrap_or_default();
    if let Some(code) = doctor.offline.run(&samples, format)? {
        return Ok(code);
    }
    let directives = doctor.directives()?;
    let samples = doctor.samples(samples, &directives)?;
    let mut report = Report::new(format);
    let Some(config) = configuration::check(&mut report, doctor)? else {
        report.finish()?;
        return Ok(USAGE);
    };
    let round_trip = doctor.round_trip(&directives)?;
    // The probe commits nothing: what it reads is its own.
    let config = Config { commit: CommitPolicy::None, ..config };
    let places = doctor.places(&directives, &config);
    let opened = Opened::start(config)?;
    let mut clusters = Clusters::new(opened.probe(), format);
    places.iter().try_for_each(|place| clusters.check_connection(&mut report, place))?;
    for warning in opened.warnings() {
        let finding = Finding::new(Group::Connection, "", Status::Warning, warning);
        report.add(finding.remedy("add it under `principals:`"))?;
    }
    let alone = doctor.part == Some(Part::Schemas);
    for topic in directives.topics.iter().filter(|_| !alone) {
        clusters.check_topic(&mut report, topic)?;
    }
    schemas::check(&mut report, &opened, &directives, &samples, format)?;
    if alone {
        if directives.topics.iter().all(|topic| topic.format_with_schema().is_none()) {
            report.skip(
                Group::Schemas,
                "",
                "no topic has a schema: `format` and `keyFormat` say which do",
            )?;
        }
        let failed = report.finish()?;
        return Ok(if failed { ENVIRONMENT } else { PASSED });
    }
    match round_trip {
        Some(topic) if clusters.is_reachable(&topic) => {
            round_trip::check(&mut report, &opened, topic, format)?
        }
        Some(topic) => report.skip(Group::RoundTrip, &topic.topic, "its cluster was not reached")?,
        None => report.skip(
            Group::RoundTrip,
            "",
            "no topic was named that may be written to: add `--topic NAME`",
        )?,
    }
    let failed = report.finish()?;
    Ok(if failed { ENVIRONMENT } else { PASSED })
}

impl Doctor {
    /// Returns what the options say of the configuration.
    fn explicit(&self) -> Option<serde_json::Value> {
        if self.embedded { Some(json!({ "kafka": { "embedded": {} } })) } else { self.connection.explicit() }
    }

    /// Returns the topics to look at.
    fn directives(&self) -> Result<Directives, Failure> {
        match (&self.topics, &self.topic) {
            (Some(file), Some(name)) if self.part.is_some() => {
                let mut directives = connect::directives(file)?;
                directives.topics.retain(|topic| *topic.name == **name);
                if directives.topics.is_empty() { Err(no_such_topic()) } else { Ok(directives) }
            }
            (Some(file), _) => connect::directives(file),
            (None, Some(name)) => {
                let mut topic = connect::short(name, Role::Both, self.cluster.as_deref())?;
                topic.create = self.embedded.then(one_partition);
                Ok(Directives { topics: vec![topic] })
            }
            (None, None) => Ok(Directives::default()),
        }
    }

    /// Returns the topic on which an event is sent around, read from its end and with nothing kept out.
    fn round_trip(&self, directives: &Directives) -> Result<Option<TopicDirective>, Failure> {
        let found = match &self.topic {
            None if self.embedded => {
                let mut topic = TopicDirective::new(TOPIC, Role::Both);
                topic.create = Some(one_partition());
                return Ok(Some(topic));
            }
            None => return Ok(None),
            Some(name) => directives.topics.iter().find(|topic| *topic.name == **name),
        };
        let found = found.ok_or_else(no_such_topic)?;
        let mut topic = TopicDirective::new(found.topic.clone(), Role::Both);
        topic.client_principal = found.client_principal.clone();
        topic.location = found.location.clone();
        topic.format = found.format;
        topic.create = found.create.clone();
        Ok(Some(topic))
    }

    /// Returns the events to try, by the topic that they are for.
    fn samples(
        &self,
        events: Vec<Event>,
        directives: &Directives,
    ) -> Result<BTreeMap<String, Vec<Event>>, Failure> {
        if self.sample.is_none() {
            return Ok(BTreeMap::new());
        }
        let able: Vec<String> = directives
            .topics
            .iter()
            .filter(|topic| topic.format_with_schema().is_some())
            .map(|topic| topic.name.to_string())
            .collect();
        match able.as_slice() {
            [topic] => Ok(BTreeMap::from([(topic.clone(), events)])),
            [] => Err(Failure::usage(
                "`--sample` was given, and no topic has a schema\nhint: `format` and `keyFormat` say which has one",
            )),
            several => {
                let names: Vec<String> = several.iter().map(|name| format!("`{name}`")).collect();
                Err(Failure::usage(format!(
                    "`--sample` was given, and {} topics have a schema\nhint: choose one with `--topic`: {}",
                    several.len(),
                    names.join(", ")
                )))
            }
        }
    }

    /// Returns one directive for each connection that is looked at.
    fn places(&self, directives: &Directives, config: &Config) -> Vec<TopicDirective> {
        let mut places: Vec<TopicDirective> = Vec::new();
        let at = |location: Location, principal: Option<String>| {
            let mut place = TopicDirective::new(TOPIC, Role::Consumer);
            (place.location, place.client_principal) = (location, principal);
            place
        };
        if directives.topics.is_empty() {
            let chosen = |name: &&String| self.cluster.as_ref().is_none_or(|cluster| cluster == *name);
            let named = config.clusters.keys().filter(chosen);
            places.extend(named.map(|name| at(Location::Cluster(name.clone()), None)));
        }
        for topic in &directives.topics {
            let place = at(topic.location.clone(), topic.client_principal.clone());
            if !places.contains(&place) {
                places.push(place);
            }
        }
        if places.is_empty() {
            // A cluster that the configuration does not have: asking for it says so.
            places.extend(self.cluster.iter().map(|name| at(Location::Cluster(name.clone()), None)));
        }
        places
    }
}

fn no_such_topic() -> Failure {
    Failure::usage("`--topic` was none of the topics of `--topics`")
}

fn one_partition() -> CreateTopic {
    CreateTopic { partitions: 1, replication_factor: 1, config: Default::default() }
}
