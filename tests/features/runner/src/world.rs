//! What the steps of one scenario share, and what they leave for later ones; see `tests/features/README.md`.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use serde_json::{Value, json};
use test_probe::{Category, Config, Directives, ErrorCode, Probe, ProbeError, ProduceResult, Session, words};

use crate::outside::Outside;
use crate::viewpoints::Viewpoints;

/// How long the probes may take to close.
const CLOSING: Duration = Duration::from_secs(5);

/// The probes of this process: each is made when first needed and shared by all scenarios.
pub(crate) struct Probes {
    default: PathBuf,
    made: Mutex<HashMap<Option<PathBuf>, Probe>>,
}

impl Probes {
    pub(crate) fn new(default: PathBuf) -> Self {
        Self { default, made: Mutex::default() }
    }

    fn default(&self) -> Result<Probe, ProbeError> {
        self.of_file(&self.default)
    }

    fn of_file(&self, file: &Path) -> Result<Probe, ProbeError> {
        self.get(Some(file.to_owned()), || {
            Probe::builder().config(Config::from_environment(None, Some(file))?).build()
        })
    }

    fn embedded(&self) -> Result<Probe, ProbeError> {
        self.get(None, Probe::embedded)
    }

    fn get(
        &self,
        name: Option<PathBuf>,
        make: impl FnOnce() -> Result<Probe, ProbeError>,
    ) -> Result<Probe, ProbeError> {
        let mut made = self.made.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(probe) = made.get(&name) {
            return Ok(probe.clone());
        }
        let probe = make()?;
        made.insert(name, probe.clone());
        Ok(probe)
    }

    pub(crate) fn close(&self) -> Result<(), String> {
        let made = std::mem::take(&mut *self.made.lock().unwrap_or_else(PoisonError::into_inner));
        let closed = made.into_values().map(|probe| probe.close_blocking(Some(CLOSING)));
        closed.collect::<Result<Vec<()>, _>>().map(drop).map_err(|error| format!("{error:?}"))
    }
}

/// Why a step failed.
#[derive(Debug)]
pub(crate) enum Failure {
    /// With an error of ours, which a later step may take.
    Probe(ProbeError),
    /// In any other way.
    Other(String),
}

impl From<ProbeError> for Failure {
    fn from(error: ProbeError) -> Self {
        Self::Probe(error)
    }
}

impl From<String> for Failure {
    fn from(text: String) -> Self {
        Self::Other(text)
    }
}

/// Returns a mistake of the step itself.
pub(crate) fn mistake(message: impl Into<String>) -> Failure {
    Failure::Probe(ProbeError::new(ErrorCode::InvalidArgument, message))
}

pub(crate) struct World {
    probes: Arc<Probes>,
    probe: Option<Probe>,
    cluster: Option<String>,
    session: Option<Session>,
    outside: Option<Outside>,
    pub(crate) viewpoints: Viewpoints,
    /// How the events of the last produce step ended.
    produced: Vec<ProduceResult>,
    is_refusal_taken: bool,
    /// What the step before ended in, for the next one to take.
    kept: Option<ProbeError>,
    keeps_failures: bool,
    /// What a step took last.
    taken: Option<ProbeError>,
}

impl World {
    pub(crate) fn new(probes: Arc<Probes>) -> Self {
        Self {
            probes,
            probe: None,
            cluster: None,
            session: None,
            outside: None,
            viewpoints: Viewpoints::default(),
            produced: Vec::new(),
            is_refusal_taken: true,
            kept: None,
            keeps_failures: false,
            taken: None,
        }
    }

    /// Ends the scenario: closes the session, and raises what no step took.
    pub(crate) async fn end(mut self) -> Result<(), String> {
        let closed = match &self.session {
            Some(session) => session.close().await,
            None => Ok(()),
        };
        let untaken = self.kept.take().map_or(Ok(()), Err).and_then(|()| self.raise_refusal());
        untaken.and(closed).map_err(|error| format!("at the scenario's end no step had taken: {error:?}"))
    }

    // What a step left.

    /// Raises what the step before left.
    pub(crate) fn raise_kept(&mut self) -> Result<(), Failure> {
        self.kept.take().map_or(Ok(()), |error| Err(error.into()))
    }

    /// Keeps the failure of a step of the vocabulary, where a later one may take it.
    pub(crate) fn keep(&mut self, failure: Failure) -> Result<(), Failure> {
        match failure {
            Failure::Probe(error)
                if self.keeps_failures || error.code().category() == Category::Inconclusive =>
            {
                self.kept = Some(error);
                Ok(())
            }
            other => Err(other),
        }
    }

    pub(crate) fn keep_failures(&mut self) {
        self.keeps_failures = true;
    }

    /// Takes what the step before left, which must be an error of this code.
    pub(crate) fn take_failure(&mut self, code: &str) -> Result<(), Failure> {
        let error = self.kept.take().ok_or_else(|| "the step before did not fail".to_owned())?;
        if error.code().name() != code {
            return Err(format!("it failed with another code than `{code}`:\n{error:?}").into());
        }
        self.taken = Some(error);
        Ok(())
    }

    /// Takes the inconclusive verdict of the step before.
    pub(crate) fn take_inconclusive(&mut self) -> Result<(), Failure> {
        match self.kept.take() {
            Some(error) if error.code().category() == Category::Inconclusive => {
                self.taken = Some(error);
                Ok(())
            }
            Some(error) => Err(error.into()),
            None => Err("the expectation before was not inconclusive".to_owned().into()),
        }
    }

    /// Notes how the events of a produce step ended.
    pub(crate) fn produced(&mut self, outcomes: Vec<ProduceResult>) {
        self.produced = outcomes;
        self.is_refusal_taken = false;
    }

    /// Raises a refusal of the last produce step that no step took.
    pub(crate) fn raise_refusal(&mut self) -> Result<(), ProbeError> {
        let taken = std::mem::replace(&mut self.is_refusal_taken, true);
        match self.refusals().next() {
            Some(error) if !taken => Err(error.clone()),
            _ => Ok(()),
        }
    }

    /// Takes the refusals of the last produce step; fails where none came before.
    pub(crate) fn take_refusals(&mut self) -> Result<Vec<ProbeError>, Failure> {
        if self.produced.is_empty() {
            return Err(mistake("no step produced an event before"));
        }
        self.is_refusal_taken = true;
        Ok(self.refusals().cloned().collect())
    }

    fn refusals(&self) -> impl Iterator<Item = &ProbeError> {
        self.produced.iter().filter_map(|outcome| match outcome {
            ProduceResult::Nack(error) => Some(error),
            ProduceResult::Ack(_) => None,
        })
    }

    // Probe, session, topics.

    pub(crate) fn take_embedded(&mut self) -> Result<(), Failure> {
        let probe = self.probes.embedded()?;
        self.take_probe(probe, None)
    }

    pub(crate) fn take_cluster(&mut self, cluster: &str) -> Result<(), Failure> {
        let probe = self.probes.default()?;
        self.take_probe(probe, Some(cluster.to_owned()))
    }

    pub(crate) fn take_file(&mut self, file: &str) -> Result<(), Failure> {
        let probe = self.probes.of_file(Path::new(file))?;
        self.take_probe(probe, None)
    }

    fn take_probe(&mut self, probe: Probe, cluster: Option<String>) -> Result<(), Failure> {
        if self.session.is_some() {
            return Err(mistake("a probe step came after a topic step"));
        }
        (self.probe, self.cluster) = (Some(probe), cluster);
        Ok(())
    }

    fn probe(&mut self) -> Result<Probe, Failure> {
        if self.probe.is_none() {
            self.probe = Some(self.probes.default()?);
        }
        self.probe.clone().ok_or_else(|| mistake("there is no probe"))
    }

    /// Returns how long a call waits for an answer.
    pub(crate) fn ask_timeout(&mut self) -> Result<Duration, Failure> {
        Ok(self.probe()?.config().dsl.ask_timeout)
    }

    pub(crate) fn session(&self) -> Result<Session, Failure> {
        self.session.clone().ok_or_else(|| mistake("no topic step came before"))
    }

    /// Adds a topic; `more` says its partitions or its cluster.
    pub(crate) async fn add_topic(&mut self, topic: &str, more: Value) -> Result<(), Failure> {
        let mut asked = json!({ "read": "topic", "topic": topic });
        if let Some(cluster) = &self.cluster {
            asked["cluster"] = cluster.as_str().into();
        }
        for (key, value) in more.as_object().into_iter().flatten() {
            asked[key.as_str()] = value.clone();
        }
        let read = words::read(&asked)?;
        self.add_topics(&read.to_string()).await
    }

    pub(crate) async fn add_topics(&mut self, yaml: &str) -> Result<(), Failure> {
        let directives = Directives::from_yaml(yaml)?;
        match &self.session {
            Some(session) => session.add_topics(directives).await?,
            None => self.session = Some(self.probe()?.open_session(directives).await?),
        }
        Ok(())
    }

    // The outside.

    /// Has an outside party do a step.
    pub(crate) async fn ask_outside(&mut self, mut request: Value) -> Result<(), Failure> {
        let probe = self.probe()?;
        let cluster = self.cluster.as_deref().unwrap_or("default");
        let servers = probe.config().clusters.get(cluster).map(|cluster| cluster.bootstrap_servers.clone());
        request["bootstrapServers"] = servers.into();
        request["testId"] = self.session.as_ref().map(|session| session.test_id()).into();
        request["failure"] = self.taken.as_ref().map_or(Value::Null, ProbeError::to_json);
        let outside = self.outside.take();
        let asked = tokio::task::spawn_blocking(move || {
            let mut outside = match outside {
                Some(outside) => outside,
                None => Outside::start()?,
            };
            let answered = outside.ask(&request);
            Ok::<_, String>((outside, answered))
        });
        let (outside, answered) = asked.await.map_err(|error| error.to_string())??;
        self.outside = Some(outside);
        Ok(answered?)
    }
}
