//! Options that commands share, and what they open.

use std::path::PathBuf;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use clap::Args;
use serde_json::{Map, Value, json};
use test_probe::codec::rfc3339;
use test_probe::completion::Pending;
use test_probe::config::{CommitPolicy, duration};
use test_probe::directive::{Role, Start};
use test_probe::{Config, Directives, Probe, Session, TopicDirective};

use crate::exit::{Failure, warn};
use crate::input;
use crate::interrupt;
use crate::output::Format;
use crate::progress::Progress;

/// Has the test id of commands that are not given one.
pub(crate) const TEST_ID: &str = "TEST_PROBE_TEST_ID";

/// Where Kafka is.
#[derive(Debug, Args)]
#[command(next_help_heading = "Connection")]
pub(crate) struct Connection {
    /// The configuration; `test-probe.yaml` in the working directory when there is one.
    #[arg(long, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    /// Where the default cluster is, as `host:port,host:port`.
    #[arg(long, short = 'b', value_name = "SERVERS")]
    pub(crate) bootstrap_servers: Option<String>,
    /// A property of librdkafka for the default cluster; `${env:NAME}` in it is replaced.
    #[arg(short = 'X', value_name = "NAME=VALUE", value_parser = pair)]
    pub(crate) properties: Vec<(String, String)>,
}

impl Connection {
    /// Returns what the options say as a document that wins over the other layers, if they say anything.
    pub(crate) fn explicit(&self) -> Option<Value> {
        let mut kafka = Map::new();
        if let Some(servers) = &self.bootstrap_servers {
            kafka.insert("bootstrap-servers".to_owned(), json!(servers));
        }
        if !self.properties.is_empty() {
            let properties: Map<String, Value> =
                self.properties.iter().map(|(name, value)| (name.clone(), json!(value))).collect();
            kafka.insert("properties".to_owned(), properties.into());
        }
        (!kafka.is_empty()).then(|| json!({ "kafka": kafka }))
    }

    /// Loads the configuration. A command commits no positions: they would be taken for those of the test.
    pub(crate) fn load(&self) -> Result<Config, Failure> {
        let explicit = self.explicit().map(|document| document.to_string());
        let config = Config::from_environment(explicit.as_deref(), self.config.as_deref())?;
        Ok(Config { commit: CommitPolicy::None, ..config })
    }
}

/// Which topic.
#[derive(Debug, Args)]
#[command(next_help_heading = "Topic")]
pub(crate) struct Topic {
    /// The topic; with `--topics` the one of that file.
    #[arg(long, short = 't', value_name = "NAME", required_unless_present = "topics")]
    topic: Option<String>,
    /// Topic directives; `-` is standard input.
    #[arg(long, value_name = "FILE")]
    topics: Option<PathBuf>,
    /// The cluster of the configuration on which the topic is.
    #[arg(long, value_name = "NAME", conflicts_with = "topics")]
    cluster: Option<String>,
}

impl Topic {
    /// Returns the directive of the topic, with one role alone.
    pub(crate) fn directive(&self, role: Role) -> Result<TopicDirective, Failure> {
        let Some(file) = &self.topics else {
            let name = self.topic.as_deref().unwrap_or_default();
            return short(name, role, self.cluster.as_deref());
        };
        let directives = directives(file)?;
        let able: Vec<&TopicDirective> = directives
            .topics
            .iter()
            .filter(|topic| match &self.topic {
                Some(name) => *topic.name == **name,
                None => plays(topic, role),
            })
            .collect();
        let label = input::label(file);
        let [only] = able.as_slice() else {
            let names: Vec<String> =
                directives.topics.iter().map(|topic| format!("`{}`", topic.name)).collect();
            let what = match &self.topic {
                Some(name) => format!("`{label}` had no topic `{name}`"),
                None => format!("`{label}` had {} topics with role {} or both", able.len(), role.name()),
            };
            return Err(Failure::usage(format!(
                "{what}\nhint: choose one with `--topic`: {}",
                names.join(", ")
            )));
        };
        if !plays(only, role) {
            return Err(Failure::usage(format!(
                "topic `{}` of `{label}` had role {}, not {} or both",
                only.name,
                only.role.name(),
                role.name()
            )));
        }
        Ok(TopicDirective { role, ..(*only).clone() })
    }

    /// Returns the directive to read from. Where no file says from where, it is `otherwise`.
    pub(crate) fn reading(&self, start: Option<&str>, otherwise: Start) -> Result<TopicDirective, Failure> {
        let mut directive = self.directive(Role::Consumer)?;
        if let Some(text) = start {
            directive.start = parse_start(text)?;
        } else if self.topics.is_none() {
            directive.start = otherwise;
        }
        Ok(directive)
    }
}

/// Reads a file of directives.
pub(crate) fn directives(file: &std::path::Path) -> Result<Directives, Failure> {
    Directives::from_yaml(&input::text(file)?).map_err(|error| input::invalid(&input::label(file), &error))
}

/// Returns the directive of a topic that is only named.
pub(crate) fn short(name: &str, role: Role, cluster: Option<&str>) -> Result<TopicDirective, Failure> {
    let mut entry = json!({ "topic": name, "role": role.name() });
    if let Some(cluster) = cluster {
        entry["cluster"] = json!(cluster);
    }
    one(entry)
}

fn one(entry: Value) -> Result<TopicDirective, Failure> {
    let directives = Directives::from_json(&json!([entry]))?;
    directives.topics.into_iter().next().ok_or_else(|| Failure::usage("no topic was named"))
}

fn plays(topic: &TopicDirective, role: Role) -> bool {
    (!role.produces() || topic.role.produces()) && (!role.consumes() || topic.role.consumes())
}

/// Reads where to start: the forms of a directive, an age as `10m`, and offsets as `0:42,1:7`.
fn parse_start(text: &str) -> Result<Start, Failure> {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let start = if let Some(age) = duration(text) {
        let at = now.saturating_sub(age).as_millis();
        json!({ "timestamp": rfc3339(i64::try_from(at).unwrap_or(i64::MAX)) })
    } else if let Some(offsets) = offsets(text) {
        json!({ "offsets": offsets })
    } else if text.starts_with(|first: char| first.is_ascii_digit()) {
        json!({ "timestamp": text })
    } else {
        json!(text)
    };
    match one(json!({ "topic": "any", "role": "consumer", "start": start })) {
        Ok(directive) => Ok(directive.start),
        Err(_) => Err(Failure::usage(format!(
            "`--start {text}` was no place to start from\nhint: write `earliest`, `latest`, an age as `10m`, a time \
             as `2026-01-31T12:00:00Z`, or offsets by partition as `0:42,1:7`"
        ))),
    }
}

fn offsets(text: &str) -> Option<Map<String, Value>> {
    let pair = |pair: &str| {
        let (partition, offset) = pair.split_once(':')?;
        let (partition, offset): (u32, u64) = (partition.trim().parse().ok()?, offset.trim().parse().ok()?);
        Some((partition.to_string(), json!(offset)))
    };
    text.split(',').map(pair).collect()
}

/// Returns the test id that was given, or that the environment has.
pub(crate) fn test_id(given: Option<&str>) -> Option<String> {
    let from_environment = || std::env::var(TEST_ID).ok().filter(|id| !id.is_empty());
    given.map(str::to_owned).or_else(from_environment)
}

/// Returns the test id, without which the command would look for events of a test that never was.
fn required_test_id(given: Option<&str>) -> Result<String, Failure> {
    test_id(given).ok_or_else(|| {
        Failure::usage(format!(
            "no test id was given, so nothing could ever match\nhint: add `--test-id ID`, or set {TEST_ID}; `produce` says \
             which one it used"
        ))
    })
}

/// The events of one test on one topic.
#[derive(Debug, Args)]
pub(crate) struct Reading {
    #[command(flatten)]
    connection: Connection,
    #[command(flatten)]
    topic: Topic,
    /// Whose events; TEST_PROBE_TEST_ID otherwise.
    #[arg(long, value_name = "ID")]
    test_id: Option<String>,
    /// From where to look: earliest, latest, an age as `10m`, a time, or offsets as `0:42`. What `--topics` says
    /// otherwise, or `earliest`: the events of a test id may be there already.
    #[arg(long, value_name = "PLACE")]
    start: Option<String>,
}

impl Reading {
    /// Opens a session of the test; returns the name of the topic with it.
    pub(crate) fn open(&self, format: Format) -> Result<(Opened, Session, String), Failure> {
        let test_id = required_test_id(self.test_id.as_deref())?;
        let directive = self.topic.reading(self.start.as_deref(), Start::Earliest)?;
        let topic = directive.name.to_string();
        let opened = Opened::start(self.connection.load()?)?;
        let session = opened.session(directive, Some(test_id), format)?;
        Ok((opened, session, topic))
    }
}

/// A probe that closes, in bounded time, with whoever holds it.
pub(crate) struct Opened(Probe);

impl Opened {
    /// Starts a probe, and notices signals from now on.
    pub(crate) fn start(config: Config) -> Result<Self, Failure> {
        interrupt::install()?;
        Ok(Self(Probe::builder().config(config).build()?))
    }

    pub(crate) fn probe(&self) -> &Probe {
        &self.0
    }

    /// Opens a session with one topic.
    pub(crate) fn session(
        &self,
        directive: TopicDirective,
        test_id: Option<String>,
        format: Format,
    ) -> Result<Session, Failure> {
        let what = format!("opening topic `{}`", directive.topic);
        let opening = self.0.open_session_as(Directives { topics: vec![directive] }, test_id);
        let pending = Pending::spawn(&self.0.handle(), opening);
        let session = interrupt::wait(&pending, &mut Progress::new(format, what, None))??;
        self.warnings().iter().for_each(|warning| warn(format, warning));
        Ok(session)
    }

    /// Returns what deserves a look, as a principal that is not configured.
    pub(crate) fn warnings(&self) -> Vec<String> {
        let info = self.0.info();
        let warnings = info["warnings"].as_array().into_iter().flatten();
        warnings.filter_map(Value::as_str).map(str::to_owned).collect()
    }
}

impl Drop for Opened {
    fn drop(&mut self) {
        // Bounded by the configuration; what could not be said in time is nobody's concern any more.
        let _ = self.0.close_blocking(None);
    }
}

/// Reads `NAME=VALUE`.
pub(crate) fn pair(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((name, value)) if !name.is_empty() => Ok((name.to_owned(), value.to_owned())),
        _ => Err("write it as NAME=VALUE".to_owned()),
    }
}

/// Reads a duration.
pub(crate) fn time(text: &str) -> Result<Duration, String> {
    duration(text).ok_or_else(|| "write it as `3s`, `500ms`, `2 minutes` or `PT5S`, at most a day".to_owned())
}
