//! `test-probe fetch`: the events of a test that are in the log.

use std::sync::Arc;
use std::time::{Duration, Instant};

use clap::Args;
use serde_json::json;
use test_probe::completion::Pending;
use test_probe::{ConsumedResult, ErrorCode, Mark, ProbeError, ReceivedEvent, Session};

use crate::connect::{self, Reading};
use crate::event::{self, Shown};
use crate::exit::{FAILED, Failure, PASSED};
use crate::interrupt;
use crate::output::{self, Format};
use crate::progress::Progress;

#[derive(Debug, Args)]
pub(crate) struct Fetch {
    #[command(flatten)]
    reading: Reading,
    /// The event with this id alone.
    #[arg(long, value_name = "ID")]
    id: Option<String>,
    /// How long reading the topic may take.
    #[arg(long, value_name = "DURATION", value_parser = connect::time, default_value = "30s")]
    timeout: Duration,
    /// Shows the headers as well.
    #[arg(long)]
    headers: bool,
}

/// How soon progress of the reader is noticed.
const TURN: Duration = Duration::from_millis(5);

pub(crate) fn run(fetch: &Fetch, format: Format) -> Result<u8, Failure> {
    let (opened, session, topic) = fetch.reading.open(format)?;
    let mut progress = Progress::new(format, format!("reading `{topic}`"), Some(fetch.timeout));
    let marking = {
        let session = session.clone();
        async move { session.mark().await }
    };
    let mark = interrupt::wait(&Pending::spawn(&opened.probe().handle(), marking), &mut progress)??;
    read_up_to(&mark, &session, &topic, fetch.timeout, &mut progress)?;
    drop(progress);
    let events = match &fetch.id {
        None => session.journal(&topic)?,
        Some(id) => session.fetch_consumed_events(&topic, id)?,
    };
    if events.is_empty() {
        return nothing(fetch, &session, &topic, format);
    }
    events.iter().try_for_each(|event| show(event, fetch.headers, format))?;
    Ok(PASSED)
}

/// Waits until everything below the mark was read.
fn read_up_to(
    mark: &Mark,
    session: &Session,
    topic: &str,
    timeout: Duration,
    progress: &mut Progress,
) -> Result<(), Failure> {
    let by = Instant::now() + timeout;
    let ends = mark.topics.get(topic).map(|mark| mark.ends.clone()).unwrap_or_default();
    loop {
        let coverage = session.coverage(topic)?;
        let behind = ends.iter().find(|(partition, end)| {
            coverage.partitions.get(partition).is_some_and(|read| read.next < **end)
        });
        let Some((partition, end)) = behind else { return Ok(()) };
        if Instant::now() >= by {
            let message =
                format!("partition {partition} of `{topic}` was not read up to its end {end} in time");
            let late = ProbeError::new(ErrorCode::TimedOut, message);
            return Err(late.hint("raise `--timeout`, or read less with `--start`").into());
        }
        interrupt::check()?;
        progress.show();
        std::thread::sleep(TURN);
    }
}

fn show(event: &Arc<ReceivedEvent>, headers: bool, format: Format) -> Result<(), Failure> {
    match format {
        Format::Json => output::line(&event::document(event, false))?,
        Format::Text => event::write(&mut output::stdout(), event, Shown { headers, test_id: false })?,
    }
    Ok(())
}

/// Says why there is nothing, where the engine knows more than that.
fn nothing(fetch: &Fetch, session: &Session, topic: &str, format: Format) -> Result<u8, Failure> {
    let mut why = format!("no event of test `{}` was on `{topic}`", session.test_id());
    if let Some(id) = &fetch.id {
        why = format!("no event `{id}` of test `{}` was on `{topic}`", session.test_id());
        if let ConsumedResult::Nack(nack) = session.fetch_consumed_event(topic, id)? {
            why = format!("{why}: {}", nack.reason());
            if let Some(error) = nack.error() {
                why = format!("{why}: {}", error.message());
            }
        }
    }
    match format {
        Format::Text => eprintln_quietly(&why),
        Format::Json => eprintln_quietly(&json!({ "found": false, "reason": why }).to_string()),
    }
    Ok(FAILED)
}

fn eprintln_quietly(text: &str) {
    use std::io::Write;
    let _ = writeln!(std::io::stderr(), "{text}");
}
