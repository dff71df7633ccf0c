//! What the schemas of the topics need, before the first event.

use std::collections::BTreeMap;

use test_probe::completion::Pending;
use test_probe::directive::{Missing, Role};
use test_probe::{Directives, Event, PreflightFinding, PreflightStatus, TopicDirective};

use super::report::{Finding, Group, Report, Status};
use crate::connect::Opened;
use crate::exit::Failure;
use crate::interrupt;
use crate::output::Format;
use crate::progress::Progress;

/// Looks at the schemas of every topic that has any.
pub(super) fn check(
    report: &mut Report,
    opened: &Opened,
    directives: &Directives,
    samples: &BTreeMap<String, Vec<Event>>,
    format: Format,
) -> Result<(), Failure> {
    for topic in directives.topics.iter().filter(|topic| topic.format_with_schema().is_some()) {
        let name = topic.name.to_string();
        let samples = samples.get_key_value(&name).map(|(name, events)| (name.clone(), events.clone()));
        check_topic(report, opened, topic, samples.into_iter().collect(), format)?;
    }
    Ok(())
}

fn check_topic(
    report: &mut Report,
    opened: &Opened,
    topic: &TopicDirective,
    samples: BTreeMap<String, Vec<Event>>,
    format: Format,
) -> Result<(), Failure> {
    let name = topic.name.to_string();
    // Nothing is created, nothing is read, and a topic that is not there has schemas all the same.
    let mut looked_at = topic.clone();
    (looked_at.role, looked_at.create, looked_at.missing) = (Role::Producer, None, Missing::Wait);
    let session = match opened.session(looked_at, None, format) {
        Ok(session) => session,
        Err(Failure::Probe(error)) => {
            return report.add(Finding::failed(Group::Schemas, &format!("`{name}`"), &error));
        }
        Err(failure) => return Err(failure),
    };
    let looking = async move { session.preflight_with(&samples).await };
    let mut progress = Progress::new(format, format!("looking at the schemas of `{name}`"), None);
    let pending = Pending::spawn(&opened.probe().handle(), looking);
    let found = interrupt::wait(&pending, &mut progress)?;
    drop(progress);
    match found {
        Ok(preflight) => preflight.findings.iter().try_for_each(|finding| report.add(said(&name, finding))),
        Err(error) => report.add(Finding::failed(Group::Schemas, &format!("`{name}`"), &error)),
    }
}

fn said(topic: &str, finding: &PreflightFinding) -> Finding {
    let subject = format!("`{topic}` {}, {}", finding.side, finding.check.name());
    match (finding.status, &finding.error) {
        (PreflightStatus::Failed, Some(error)) => Finding::failed(Group::Schemas, &subject, error),
        (PreflightStatus::Passed, _) => Finding::good(Group::Schemas, &subject, finding.text.as_str()),
        (status, _) => {
            let status = if status == PreflightStatus::Failed { Status::Failed } else { Status::Skipped };
            Finding::new(Group::Schemas, &subject, status, finding.text.as_str())
        }
    }
}
