//! `test-probe demo`: the main job from beginning to end, with no server.

mod service;
mod stage;

use std::time::{Duration, Instant};

use serde_json::json;
use test_probe::{Category, Directives, Event, Match, Probe, ProbeError, Session, Verdict};

use crate::event::{self, Shown};
use crate::exit::{FAILED, Failure, PASSED};
use crate::output::Format;
use service::Service;
use stage::{Outcome, Stage};

const DIRECTIVE: &str = include_str!("topics.yaml");

const BEFORE: &str = "\
test-probe tests systems that talk over Kafka: an event goes in, and what comes out is judged.
This is such a test. All of it runs in this process; nothing is contacted and nothing is left behind.
";

const AFTER: &str = "\
A pass is proven, a failure is explained, and what nobody can know is neither of the two.
The same verbs are there in Java, Python, C, C++ and Rust (README.md) and in this command (test-probe --help).";

/// How long the expectations that must fail may look: long enough for a busy machine to deliver, short
/// enough for a reader.
const SHORTLY: Duration = Duration::from_millis(500);
/// How long the confirmation may take, where it is expected to come.
const IN_TIME: Duration = Duration::from_secs(30);

/// Shows the main job; 0 when every step ended as it should.
pub(crate) fn run(format: Format) -> Result<u8, Failure> {
    let mut stage = Stage::new(format);
    stage.say(BEFORE)?;

    let began = Instant::now();
    let probe = Probe::embedded()?;
    let servers = probe.info()["clusters"]["default"]["bootstrap_servers"].clone();
    let servers = servers.as_str().unwrap_or_default().to_owned();
    stage.step(Outcome::Done, "A Kafka starts", began, &format!("one broker at {servers}"))?;

    let began = Instant::now();
    let session = probe.open_session_blocking(Directives::from_yaml(DIRECTIVE)?)?;
    let opened = format!("{DIRECTIVE}From here on it misses no event. Its test id is {}.", session.test_id());
    stage.step(Outcome::Done, "The test opens a session from this directive", began, &opened)?;

    let began = Instant::now();
    let service = Service::start(&servers).map_err(|error| broken(&error))?;
    let what = "The system under test starts: a small service that confirms each order";
    stage.step(Outcome::Done, what, began, "")?;

    let mut demo = Demo { stage, session };
    demo.an_order_goes_in()?;
    demo.a_confirmation_comes_out()?;
    demo.nothing_is_rejected()?;
    demo.a_missing_event_is_explained()?;
    demo.a_doubt_is_no_pass()?;

    service.stop().map_err(|error| broken(&error))?;
    demo.session.close_blocking()?;
    probe.close_blocking(None)?;
    demo.stage.say(AFTER)?;
    demo.stage.end()?;
    Ok(PASSED)
}

struct Demo {
    stage: Stage,
    session: Session,
}

impl Demo {
    fn an_order_goes_in(&mut self) -> Result<(), Failure> {
        let began = Instant::now();
        let order = Event::new("OrderCreated").version("1").id("order-1").json(json!({"total": 5}));
        let ack = self.session.produce_event_blocking("orders", order)?;
        let shown = format!(
            "orders[{}]@{}  OrderCreated v1  id \"order-1\"  {{\"total\":5}}, acknowledged by the broker",
            ack.partition, ack.offset
        );
        self.stage.step(Outcome::Done, "The test produces an order", began, &shown)
    }

    fn a_confirmation_comes_out(&mut self) -> Result<(), Failure> {
        let began = Instant::now();
        let confirmed = Match::new().id("order-1").event_type("OrderConfirmed");
        let verdict = self.session.expect_event_blocking("confirmations", confirmed, Some(IN_TIME))?;
        let what = "It expects an `OrderConfirmed` with the same id on `confirmations`";
        self.stage.step(Outcome::Passed, what, began, &events(&verdict)?)
    }

    fn nothing_is_rejected(&mut self) -> Result<(), Failure> {
        let began = Instant::now();
        let rejected = Match::new().event_type("OrderRejected");
        let verdict = self.session.expect_none_blocking("confirmations", rejected, SHORTLY)?;
        let what = "It expects that no `OrderRejected` comes within 500 ms";
        self.stage.step(Outcome::Passed, what, began, &proof(&verdict))
    }

    fn a_missing_event_is_explained(&mut self) -> Result<(), Failure> {
        let began = Instant::now();
        let wrong = Match::new().id("order-1").event_type("OrderConfirmed").value(json!({"total": "5"}));
        let verdict = self.session.expect_event_blocking("confirmations", wrong, Some(SHORTLY));
        let error = refused(verdict, Category::Expectation, "a failure")?;
        let what = "It expects the total as text, on purpose: no such event came, and this is why";
        self.stage.step(Outcome::Failed, what, began, &error.to_string())
    }

    fn a_doubt_is_no_pass(&mut self) -> Result<(), Failure> {
        let order = Event::new("OrderCreated").id(service::FORGETFUL).json(json!({"total": 7}));
        self.session.produce_event_blocking("orders", order)?;
        let began = Instant::now();
        let forgotten = Match::new().event_type("OrderForgotten");
        let verdict = self.session.expect_none_blocking("confirmations", forgotten, SHORTLY);
        let error = refused(verdict, Category::Inconclusive, "an inconclusive verdict")?;
        let what = "The service answers without the test id, so nobody knows whose answer it is";
        self.stage.step(Outcome::Inconclusive, what, began, &error.to_string())
    }
}

fn broken(error: &rdkafka::error::KafkaError) -> Failure {
    Failure::environment(format!("the stub service failed: {error}"))
}

/// Returns the refusal of a verdict that must not pass.
fn refused(
    verdict: test_probe::Result<Verdict>,
    category: Category,
    wanted: &'static str,
) -> Result<ProbeError, Failure> {
    let got = match verdict {
        Err(error) if error.code().category() == category => return Ok(error),
        Err(error) => error.to_string(),
        Ok(_) => "a pass".to_owned(),
    };
    let message = format!("the demonstration wanted {wanted} and got: {got}");
    Err(Failure::Other { code: FAILED, message, hint: None })
}

/// Returns the events of a verdict, a line each.
fn events(verdict: &Verdict) -> Result<String, Failure> {
    let mut lines = anstream::StripStream::new(Vec::new());
    for found in &verdict.events {
        event::write(&mut lines, found, Shown::default())?;
    }
    Ok(String::from_utf8_lossy(&lines.into_inner()).into_owned())
}

/// Returns which offsets were read, per partition.
fn proof(verdict: &Verdict) -> String {
    let read = verdict.coverage.partitions.iter().map(|(partition, read)| {
        let end = read.end.unwrap_or_default();
        format!(
            "partition {partition}: read from {} up to {}, and {end} was its end after the window",
            read.from, read.next
        )
    });
    read.collect::<Vec<_>>().join("\n")
}
