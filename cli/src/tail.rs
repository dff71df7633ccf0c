//! `test-probe tail`: what comes to a topic, as it comes.

use std::time::{Duration, Instant};

use clap::Args;
use test_probe::codec::admits;
use test_probe::directive::{EventFilters, Source, Start};
use test_probe::{ReceivedEvent, TopicDirective};

use crate::connect::{self, Connection, Opened, Topic};
use crate::event::{self, Shown};
use crate::exit::{Failure, PASSED, warn};
use crate::follow::Follower;
use crate::interrupt;
use crate::output::{self, Format};

#[derive(Debug, Args)]
pub(crate) struct Tail {
    #[command(flatten)]
    connection: Connection,
    #[command(flatten)]
    topic: Topic,
    /// The events of this test alone, as its eventFilters let them in; TEST_PROBE_TEST_ID otherwise, and
    /// without either those of everybody.
    #[arg(long, value_name = "ID", conflicts_with = "all")]
    test_id: Option<String>,
    /// Every event, whoever's it is, also those without a test id and those that eventFilters keep out.
    #[arg(long)]
    all: bool,
    /// From where: latest, earliest, an age as `10m`, a time, or offsets as `0:42`. What `--topics` says
    /// otherwise, or `latest`.
    #[arg(long, value_name = "PLACE")]
    start: Option<String>,
    /// Ends after so many events.
    #[arg(long, short, value_name = "COUNT")]
    n: Option<u64>,
    /// Ends after so long.
    #[arg(long = "for", value_name = "DURATION", value_parser = connect::time)]
    time: Option<Duration>,
    /// Shows the headers as well.
    #[arg(long)]
    headers: bool,
}

/// Which events are shown.
struct Wanted {
    test_id: Option<String>,
    filters: EventFilters,
}

impl Wanted {
    fn new(tail: &Tail, directive: &TopicDirective) -> Result<Self, Failure> {
        let test_id = if tail.all { None } else { connect::test_id(tail.test_id.as_deref()) };
        let by = &directive.correlation.test_id;
        if test_id.is_some() && matches!(by, Source::ProducedId | Source::None) {
            return Err(Failure::usage(format!(
                "the events of `{}` carry no test id by which they could be told apart\nhint: add `--all`",
                directive.name
            )));
        }
        let filters =
            if test_id.is_some() { directive.event_filters.clone() } else { EventFilters::default() };
        Ok(Self { test_id, filters })
    }

    fn has(&self, event: &ReceivedEvent) -> bool {
        let of_test = self.test_id.is_none() || event.envelope.test_id == self.test_id;
        of_test && admits(&self.filters, event)
    }
}

pub(crate) fn run(tail: &Tail, format: Format) -> Result<u8, Failure> {
    let directive = tail.topic.reading(tail.start.as_deref(), Start::Latest)?;
    let wanted = Wanted::new(tail, &directive)?;
    let shown = Shown { test_id: wanted.test_id.is_none(), headers: tail.headers };
    let opened = Opened::start(tail.connection.load()?)?;
    let mut follower = Follower::open(opened.probe(), &directive, format)?;
    opened.warnings().iter().for_each(|warning| warn(format, warning));
    if format == Format::Text {
        ready(&directive);
    }
    let until = tail.time.map(|time| Instant::now() + time);
    let mut left = tail.n.unwrap_or(u64::MAX);
    while left > 0 {
        interrupt::check()?;
        let remaining =
            until.map_or(interrupt::SLICE, |until| until.saturating_duration_since(Instant::now()));
        if remaining.is_zero() {
            break;
        }
        let (events, problems) = follower.next(remaining.min(interrupt::SLICE))?;
        problems.iter().for_each(|problem| warn(format, problem));
        for event in events.iter().filter(|event| wanted.has(event)) {
            if left == 0 {
                break;
            }
            show(event, shown, format)?;
            left -= 1;
        }
    }
    Ok(PASSED)
}

/// Tells a person that what comes from now on is seen; others watch for the events themselves.
fn ready(directive: &TopicDirective) {
    use std::io::{IsTerminal, Write};
    if std::io::stderr().is_terminal() {
        let _ = writeln!(std::io::stderr(), "following `{}`; Ctrl-C ends it", directive.name);
    }
}

fn show(event: &ReceivedEvent, shown: Shown, format: Format) -> Result<(), Failure> {
    match format {
        Format::Json => output::line(&event::document(event, false))?,
        Format::Text => event::write(&mut output::stdout(), event, shown)?,
    }
    Ok(())
}
