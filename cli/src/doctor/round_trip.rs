//! One event, there and back.

use serde_json::json;
use test_probe::completion::Pending;
use test_probe::{ErrorCode, Event, Match, ProbeError, TopicDirective};

use super::report::{Finding, Group, Report};
use crate::connect::Opened;
use crate::exit::Failure;
use crate::interrupt;
use crate::output::Format;
use crate::progress::Progress;

/// The type of the event, so that whoever finds it on a topic knows where it is from.
const EVENT_TYPE: &str = "TestProbeDoctor";

/// Produces an event and expects it.
pub(super) fn check(
    report: &mut Report,
    opened: &Opened,
    topic: TopicDirective,
    format: Format,
) -> Result<(), Failure> {
    let (name, subject) = (topic.name.to_string(), format!("`{}`", topic.name));
    let within = opened.probe().config().dsl.within;
    let session = match opened.session(topic, None, format) {
        Ok(session) => session,
        Err(Failure::Probe(error)) => return report.add(Finding::failed(Group::RoundTrip, &subject, &error)),
        Err(failure) => return Err(failure),
    };
    let began = std::time::Instant::now();
    let travelling = async move {
        // Text of JSON: it fits the formats json, string and bytes.
        let event = Event::new(EVENT_TYPE).text("{\"from\":\"test-probe doctor\"}");
        let ack = session.produce_event(&name, event).await?;
        let back = Match::new().id(&*ack.id).own(true);
        let verdict = session.expect_event(&name, back, Some(within)).await?;
        verdict
            .events
            .first()
            .map(|_| ack)
            .ok_or_else(|| ProbeError::new(ErrorCode::Internal, "the verdict passed without an event"))
    };
    let mut progress = Progress::new(format, "waiting for the event to come back", Some(within));
    let pending = Pending::spawn(&opened.probe().handle(), travelling);
    let finding = match interrupt::wait(&pending, &mut progress)? {
        Ok(ack) => {
            let acknowledged = ack.latency.as_secs_f64() * 1e3;
            let back = began.elapsed().as_secs_f64() * 1e3;
            let said =
                format!("an event was acknowledged after {acknowledged:.1} ms and back after {back:.1} ms");
            let figures = json!({ "acknowledgedMs": acknowledged, "backMs": back });
            Finding::good(Group::RoundTrip, &subject, said).figures(figures)
        }
        Err(error) => Finding::failed(Group::RoundTrip, &subject, &error),
    };
    drop(progress);
    report.add(finding)
}
