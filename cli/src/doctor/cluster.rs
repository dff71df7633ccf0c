//! Whether clusters answer, and whether topics are there.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Instant;

use serde_json::json;
use test_probe::broker::{Broker, TopicState};
use test_probe::completion::Pending;
use test_probe::directive::{Missing, TopicDirective};
use test_probe::runtime::Deadline;
use test_probe::{ErrorCode, Probe, ProbeError};

use super::report::{Finding, Group, Report, Status};
use crate::exit::Failure;
use crate::interrupt;
use crate::output::Format;
use crate::progress::Progress;

/// A cluster as a principal.
type Place = (String, Option<String>);

/// The connections of a report.
pub(super) struct Clusters<'a> {
    probe: &'a Probe,
    format: Format,
    reached: BTreeMap<Place, Arc<dyn Broker>>,
}

impl<'a> Clusters<'a> {
    pub(super) fn new(probe: &'a Probe, format: Format) -> Self {
        Self { probe, format, reached: BTreeMap::new() }
    }

    fn place(&self, directive: &TopicDirective) -> Result<Place, ProbeError> {
        let (cluster, _) = self.probe.config().cluster_of(&directive.location)?;
        Ok((cluster, directive.client_principal.clone()))
    }

    pub(super) fn is_reachable(&self, directive: &TopicDirective) -> bool {
        self.place(directive).is_ok_and(|place| self.reached.contains_key(&place))
    }

    /// Asks a cluster something, twice: the first answer takes the time to connect, the second that of a request.
    pub(super) fn check_connection(
        &mut self,
        report: &mut Report,
        directive: &TopicDirective,
    ) -> Result<(), Failure> {
        let group = Group::Connection;
        let place = match self.place(directive) {
            Ok(place) => place,
            Err(error) => return report.add(Finding::failed(group, "", &error)),
        };
        let mut subject = format!("cluster `{}`", place.0);
        if let Some(principal) = &place.1 {
            subject = format!("{subject} as `{principal}`");
        }
        let broker = match self.probe.broker(directive) {
            Ok(broker) => broker,
            Err(error) => return report.add(Finding::failed(group, &subject, &error)),
        };
        let (_, config) = self.probe.config().cluster_of(&directive.location)?;
        let began = Instant::now();
        if let Err(error) = self.describe(&broker, directive)? {
            let servers =
                if config.bootstrap_servers.is_empty() { "embedded" } else { &config.bootstrap_servers };
            return report.add(Finding::failed(group, &format!("{subject} at {servers}"), &error));
        }
        let connected = began.elapsed().as_secs_f64() * 1e3;
        let began = Instant::now();
        let again = self.describe(&broker, directive)?;
        let answered = began.elapsed().as_secs_f64() * 1e3;
        if let Err(error) = again {
            return report.add(Finding::failed(group, &subject, &error));
        }
        self.reached.insert(place, broker);
        let said = format!("connected in {connected:.1} ms, answers in {answered:.1} ms");
        let figures = json!({ "connectedMs": connected, "answeredMs": answered });
        report.add(Finding::good(group, &subject, said).figures(figures))
    }

    /// Looks whether a topic is there, and how a session would take it.
    pub(super) fn check_topic(&mut self, report: &mut Report, topic: &TopicDirective) -> Result<(), Failure> {
        let subject = format!("`{}`", topic.name);
        let broker = self.place(topic).ok().and_then(|place| self.reached.get(&place).cloned());
        let Some(broker) = broker else {
            return report.skip(Group::Topics, &subject, "its cluster was not reached");
        };
        let finding = match self.describe(&broker, topic)? {
            Ok(TopicState::Known { partitions, .. }) => {
                let noun = if partitions == 1 { "partition" } else { "partitions" };
                let said = format!("{partitions} {noun}, role {}", topic.role.name());
                Finding::good(Group::Topics, &subject, said).figures(json!({ "partitions": partitions }))
            }
            Ok(TopicState::Unknown) => missing(topic, &subject),
            Ok(TopicState::Failed(error)) | Err(error) => Finding::failed(Group::Topics, &subject, &error),
        };
        report.add(finding)
    }

    fn describe(
        &self,
        broker: &Arc<dyn Broker>,
        topic: &TopicDirective,
    ) -> Result<Result<TopicState, ProbeError>, Failure> {
        let config = self.probe.config();
        let by = Deadline::after(config.dsl.ask_timeout.mul_f64(config.time_factor));
        let (asked, name) = (broker.clone(), topic.topic.to_string());
        let asking = async move {
            let states = asked.describe(vec![name], by).await?;
            let unanswered = || ProbeError::new(ErrorCode::Internal, "the answer did not have the topic");
            states.into_iter().next().map(|info| info.state).ok_or_else(unanswered)
        };
        let mut progress = Progress::new(self.format, "asking the cluster", Some(config.dsl.ask_timeout));
        let pending = Pending::spawn(&self.probe.handle(), asking);
        let state = interrupt::wait(&pending, &mut progress)?;
        Ok(state.map_err(|error| match broker.last_problem() {
            Some(problem) if error.cause().is_none() => error.caused_by(problem),
            _ => error,
        }))
    }
}

fn missing(topic: &TopicDirective, subject: &str) -> Finding {
    let group = Group::Topics;
    match (&topic.create, topic.missing) {
        (Some(create), _) => {
            let said = format!("does not exist; a session creates it with partitions {}", create.partitions);
            Finding::new(group, subject, Status::Warning, said)
        }
        (None, Missing::Wait) => {
            Finding::new(group, subject, Status::Warning, "does not exist yet; a session waits for it")
        }
        (None, Missing::Error) => Finding::new(group, subject, Status::Failed, "does not exist")
            .remedy("create it, say how under `create:`, or set `missing: wait`"),
    }
}
