//! `test-probe demo`: the main job from beginning to end, with no server.

mod service;

use std::fmt::Display;
use std::io::{self, Write};
use std::process::ExitCode;
use std::time::{Duration, Instant};

use serde_json::json;
use test_probe::{Category, Directives, Event, Match, Probe, ProbeError, Session, Verdict};

use crate::exit;
use service::Service;

const DIRECTIVE: &str = include_str!("topics.yaml");

/// How long the expectations that must fail may look: long enough for a busy machine to deliver, short
/// enough for a reader.
const SHORTLY: Duration = Duration::from_millis(500);

/// Shows the main job; 0 when every step ended as it should.
pub(crate) fn run() -> ExitCode {
    match Demo::new(io::stdout().lock()).run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(Failure::Output(_)) => ExitCode::from(exit::ENVIRONMENT),
        Err(failure) => {
            exit::complain(&failure);
            ExitCode::from(exit::FAILED)
        }
    }
}

#[derive(Debug)]
enum Failure {
    Output(io::Error),
    Probe(ProbeError),
    Service(rdkafka::error::KafkaError),
    Otherwise { wanted: &'static str, got: String },
}

impl Display for Failure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Output(error) => write!(f, "the demonstration could not be shown: {error}"),
            Self::Probe(error) => write!(f, "the demonstration failed: {error}"),
            Self::Service(error) => write!(f, "the stub service failed: {error}"),
            Self::Otherwise { wanted, got } => write!(f, "the demonstration wanted {wanted} and got: {got}"),
        }
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        Self::Output(error)
    }
}

impl From<ProbeError> for Failure {
    fn from(error: ProbeError) -> Self {
        Self::Probe(error)
    }
}

impl From<rdkafka::error::KafkaError> for Failure {
    fn from(error: rdkafka::error::KafkaError) -> Self {
        Self::Service(error)
    }
}

struct Demo<W> {
    out: W,
    step: u32,
}

impl<W: Write> Demo<W> {
    fn new(out: W) -> Self {
        Self { out, step: 0 }
    }

    fn run(&mut self) -> Result<(), Failure> {
        let began = Instant::now();
        let probe = Probe::embedded()?;
        let servers = probe.info()["clusters"]["default"]["bootstrap_servers"].clone();
        let servers = servers.as_str().unwrap_or_default().to_owned();
        self.say(&format!("A Kafka started in this process, {servers}"), began)?;

        let began = Instant::now();
        let session = probe.open_session_blocking(Directives::from_yaml(DIRECTIVE)?)?;
        self.say("A test opened its session from this directive, and misses nothing from now on", began)?;
        self.quote(DIRECTIVE)?;

        let service = Service::start(&servers)?;
        self.title("A small service runs beside it: it answers each order with a confirmation")?;

        self.an_order_is_confirmed(&session)?;
        self.nothing_is_rejected(&session)?;
        self.a_missing_event_is_explained(&session)?;
        self.a_doubt_is_no_pass(&session)?;

        service.stop()?;
        session.close_blocking()?;
        probe.close_blocking(None)?;
        writeln!(self.out, "\nThat was the main job. A test of yours does the same: see README.md.")?;
        Ok(())
    }

    fn an_order_is_confirmed(&mut self, session: &Session) -> Result<(), Failure> {
        let order = Event::new("OrderCreated").version("1").id("order-1").json(json!({"total": 5}));
        let began = Instant::now();
        let ack = session.produce_event_blocking("orders", order)?;
        let place = format!("partition {}, offset {}", ack.partition, ack.offset);
        self.say(&format!("It produced `OrderCreated` with id `order-1`, acknowledged at {place}"), began)?;

        let began = Instant::now();
        let confirmed = Match::new().id("order-1").event_type("OrderConfirmed");
        let verdict = session.expect_event_blocking("confirmations", confirmed, None)?;
        self.say("It expected `OrderConfirmed` with id `order-1` on `confirmations`: passed", began)?;
        for event in &verdict.events {
            let value = event.to_json(false)["value"].to_string();
            self.quote(&format!("partition {}, offset {}: {value}", event.partition, event.offset))?;
        }
        Ok(())
    }

    fn nothing_is_rejected(&mut self, session: &Session) -> Result<(), Failure> {
        let began = Instant::now();
        let rejected = Match::new().event_type("OrderRejected");
        let verdict = session.expect_none_blocking("confirmations", rejected, SHORTLY)?;
        self.say("It expected no `OrderRejected` within 500 ms: passed, and this is the proof", began)?;
        self.quote(&proof(&verdict))
    }

    fn a_missing_event_is_explained(&mut self, session: &Session) -> Result<(), Failure> {
        let began = Instant::now();
        let wrong = Match::new().id("order-1").event_type("OrderConfirmed").value(json!({"total": "5"}));
        let verdict = session.expect_event_blocking("confirmations", wrong, Some(SHORTLY));
        let error = refused(verdict, Category::Expectation, "a failure")?;
        self.say("It expected a confirmation with another total: failed on purpose, and says why", began)?;
        self.quote(&error.to_string())
    }

    fn a_doubt_is_no_pass(&mut self, session: &Session) -> Result<(), Failure> {
        let order = Event::new("OrderCreated").id(service::FORGETFUL).json(json!({"total": 7}));
        session.produce_event_blocking("orders", order)?;
        let began = Instant::now();
        let forgotten = Match::new().event_type("OrderForgotten");
        let verdict = session.expect_none_blocking("confirmations", forgotten, SHORTLY);
        let error = refused(verdict, Category::Inconclusive, "an inconclusive verdict")?;
        self.say("The service answered with an event that names no test: inconclusive, not passed", began)?;
        self.quote(&error.to_string())
    }

    fn say(&mut self, what: &str, began: Instant) -> Result<(), Failure> {
        let took = began.elapsed().as_secs_f64() * 1000.0;
        self.title(&format!("{what} ({took:.1} ms)"))
    }

    fn title(&mut self, what: &str) -> Result<(), Failure> {
        self.step += 1;
        Ok(writeln!(self.out, "\n{}. {what}", self.step)?)
    }

    fn quote(&mut self, text: &str) -> Result<(), Failure> {
        for line in text.lines() {
            writeln!(self.out, "     {line}")?;
        }
        Ok(())
    }
}

/// Returns the refusal of a verdict that must not pass.
fn refused(
    verdict: test_probe::Result<Verdict>,
    category: Category,
    wanted: &'static str,
) -> Result<ProbeError, Failure> {
    match verdict {
        Err(error) if error.code().category() == category => Ok(error),
        Err(error) => Err(Failure::Otherwise { wanted, got: error.to_string() }),
        Ok(_) => Err(Failure::Otherwise { wanted, got: "a pass".to_owned() }),
    }
}

/// Returns which offsets were read, per partition.
fn proof(verdict: &Verdict) -> String {
    let read = verdict.coverage.partitions.iter().map(|(partition, read)| {
        format!(
            "partition {partition}: read from {} up to {}, its end after the window",
            read.from, read.next
        )
    });
    let lines: Vec<String> = read.collect();
    lines.join("\n")
}
