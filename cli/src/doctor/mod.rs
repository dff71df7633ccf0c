//! `test-probe doctor`: what stands between a test and its Kafka, each thing with its remedy.

mod cluster;
mod configuration;
mod offline;
mod report;
mod round_trip;
mod schemas;

use std::path::PathBuf;

use clap::{ArgGroup, Args, ValueEnum};
use serde_json::json;
use test_probe::Directives;
use test_probe::config::{CommitPolicy, Config};
use test_probe::directive::{CreateTopic, Location, Role, TopicDirective};

use crate::connect::{self, Connection, Opened};
use crate::exit::{ENVIRONMENT, Failure, PASSED, USAGE};
use crate::output::Format;
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
    #[arg(value_enum, requires = "whose", conflicts_with = "topic")]
    part: Option<Part>,
    #[command(flatten)]
    connection: Connection,
    /// Topic directives to look at; `-` is standard input.
    #[arg(long, value_name = "FILE")]
    topics: Option<PathBuf>,
    /// Sends one event around on this topic, which may be written to; with `--topics` one of that file.
    #[arg(long, short = 't', value_name = "NAME")]
    topic: Option<String>,
    /// Looks at this cluster of the configuration alone.
    #[arg(long, value_name = "NAME", conflicts_with = "topics")]
    cluster: Option<String>,
    /// Looks at an embedded cluster in place of the default one, and sends an event around on it.
    #[arg(long, conflicts_with_all = ["bootstrap_servers", "topics", "cluster"])]
    embedded: bool,
    #[command(flatten)]
    offline: Offline,
}

pub(crate) fn run(doctor: &Doctor, format: Format) -> Result<u8, Failure> {
    if let Some(code) = doctor.offline.run(format)? {
        return Ok(code);
    }
    let directives = doctor.directives()?;
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
    schemas::check(&mut report, &opened, &directives, format)?;
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
        let found = found.ok_or_else(|| Failure::usage("`--topic` was none of the topics of `--topics`"))?;
        let mut topic = TopicDirective::new(found.topic.clone(), Role::Both);
        topic.client_principal = found.client_principal.clone();
        topic.location = found.location.clone();
        topic.format = found.format;
        topic.create = found.create.clone();
        Ok(Some(topic))
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

fn one_partition() -> CreateTopic {
    CreateTopic { partitions: 1, replication_factor: 1, config: Default::default() }
}
