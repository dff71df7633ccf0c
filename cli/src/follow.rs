//! Reads a topic past every session: each record, whoever's it is, decoded as a directive says.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, sync_channel};
use std::time::{Duration, Instant};

use test_probe::broker::{
    Assignment, Broker, Isolation, OffsetQuery, OffsetSpec, Reader, ReaderOptions, RecordRef, Sink,
    StopReason, TopicPartition, TopicState,
};
use test_probe::codec::{Reading, Scratch};
use test_probe::completion::Pending;
use test_probe::directive::Start;
use test_probe::runtime::Deadline;
use test_probe::{ErrorCode, Probe, ProbeError, ReceivedEvent, TopicDirective};

use crate::exit::Failure;
use crate::interrupt;
use crate::output::Format;
use crate::progress::Progress;

/// At most this many things are taken from the client at once.
const BATCH: usize = 1_000;

/// How often partitions are looked for that came meanwhile.
const BETWEEN: Duration = Duration::from_secs(1);

/// A topic as it is read.
pub(crate) struct Follower {
    probe: Probe,
    broker: Arc<dyn Broker>,
    reader: Box<dyn Reader>,
    /// How many partitions are read: the first so many.
    known: i32,
    counting: Option<Pending<i32>>,
    counted: Instant,
    woken: Receiver<()>,
    seen: Seen,
}

/// What the client handed over and nobody took yet.
struct Seen {
    reading: Reading,
    scratch: Scratch,
    events: Vec<ReceivedEvent>,
    problems: Vec<String>,
    ended: Option<ProbeError>,
    topic: Arc<str>,
}

impl Follower {
    /// Finds the topic and starts to read it.
    pub(crate) fn open(probe: &Probe, directive: &TopicDirective, format: Format) -> Result<Self, Failure> {
        let broker = probe.broker(directive)?;
        let by = Deadline::after(probe.config().dsl.blocking_timeout.mul_f64(probe.config().time_factor));
        let assigning = assignments(broker.clone(), directive.clone(), by);
        let mut progress = Progress::new(format, format!("opening topic `{}`", directive.topic), None);
        let pending = Pending::spawn(&probe.handle(), assigning);
        let found = interrupt::wait(&pending, &mut progress)?;
        let partitions = found.map_err(|error| match broker.last_problem() {
            Some(problem) if error.code() != ErrorCode::UnknownTopic => problem.caused_by(error),
            _ => error,
        })?;
        let (wake, woken) = sync_channel(1);
        let mut reader = broker.reader(
            ReaderOptions { isolation: directive.isolation },
            // A full channel has a wake-up in it already.
            Arc::new(move || _ = wake.try_send(())),
        )?;
        reader.add(&partitions)?;
        let seen = Seen {
            reading: Reading::new(directive),
            scratch: Scratch::new(),
            events: Vec::new(),
            problems: Vec::new(),
            ended: None,
            topic: directive.topic.clone(),
        };
        let known = i32::try_from(partitions.len()).unwrap_or(i32::MAX);
        let (probe, counted) = (probe.clone(), Instant::now());
        Ok(Self { probe, broker, reader, known, counting: None, counted, woken, seen })
    }

    /// Reads partitions that were added meanwhile, from their beginning, and ends with the topic: the client says
    /// nothing of a topic that is deleted. A question that is not answered is asked again; what is wrong with the
    /// connection the reader says.
    fn grow(&mut self) -> Result<(), Failure> {
        let Some(pending) = &self.counting else {
            if self.counted.elapsed() >= BETWEEN {
                let (broker, topic) = (self.broker.clone(), self.seen.topic.clone());
                let by = Deadline::after(self.probe.config().dsl.ask_timeout);
                let counting = async move { count(&*broker, &topic, by).await };
                self.counting = Some(Pending::spawn(&self.probe.handle(), counting));
            }
            return Ok(());
        };
        let Some(counted) = pending.wait(Duration::ZERO) else { return Ok(()) };
        (self.counting, self.counted) = (None, Instant::now());
        let count = match counted {
            Ok(count) => count,
            Err(error) if error.code() == ErrorCode::UnknownTopic => return Err(error.into()),
            Err(_) => return Ok(()),
        };
        let assignments =
            (self.known..count).map(|partition| assignment(&self.seen.topic, partition, 0, None));
        let added: Vec<Assignment> = assignments.collect();
        if !added.is_empty() {
            self.reader.add(&added)?;
            self.known = count;
        }
        Ok(())
    }

    /// Returns what came, waiting for it no longer than this, and what the client complained of meanwhile.
    pub(crate) fn next(&mut self, patience: Duration) -> Result<(Vec<ReceivedEvent>, Vec<String>), Failure> {
        self.grow()?;
        let more = self.reader.poll(&mut self.seen, BATCH);
        if !more && self.seen.events.is_empty() && self.seen.ended.is_none() {
            // Woken or not: the client is asked again.
            let _ = self.woken.recv_timeout(patience);
            self.reader.poll(&mut self.seen, BATCH);
        }
        if self.seen.events.is_empty()
            && let Some(ended) = self.seen.ended.take()
        {
            return Err(ended.into());
        }
        Ok((std::mem::take(&mut self.seen.events), std::mem::take(&mut self.seen.problems)))
    }
}

impl Sink for Seen {
    fn record(&mut self, record: &RecordRef<'_>) {
        let mut event = self.reading.read(record, 0, &mut self.scratch);
        event.partition = i32::try_from(record.slot).unwrap_or(-1);
        self.events.push(event);
    }

    fn progress(&mut self, _slot: u32, _next: i64) {}

    fn stopped(&mut self, slot: u32, at: i64, why: StopReason) {
        let place = format!("partition {slot} of `{}` was read up to {at} and no further", self.topic);
        self.ended.get_or_insert(match why {
            StopReason::OffsetGone(error) | StopReason::Corrupt(error) | StopReason::NotAuthorized(error) => {
                ProbeError::new(error.code(), place).caused_by(error.clone()).hint(error.to_string())
            }
            StopReason::TopicGone => {
                ProbeError::new(ErrorCode::UnknownTopic, place).hint("the topic was deleted")
            }
        });
    }

    fn client_error(&mut self, error: ProbeError, fatal: bool) {
        if fatal {
            self.ended.get_or_insert(error);
        } else {
            self.problems.push(error.message().to_owned());
        }
    }
}

/// Returns every partition with the offset to start at.
async fn assignments(
    broker: Arc<dyn Broker>,
    directive: TopicDirective,
    by: Deadline,
) -> Result<Vec<Assignment>, ProbeError> {
    let topic = &directive.topic;
    let partitions = count(&*broker, topic, by).await?;
    let spec = match &directive.start {
        Start::Latest | Start::Offsets(_) => OffsetSpec::Latest,
        Start::Earliest => OffsetSpec::Earliest,
        Start::Timestamp(time) => OffsetSpec::Timestamp(*time),
    };
    let all: Vec<i32> = (0..partitions).collect();
    let mut starts = listed(&*broker, topic, &all, spec, by).await?;
    // After the last record of a time lies the end.
    let late: Vec<i32> = all.iter().copied().filter(|partition| !starts.contains_key(partition)).collect();
    starts.extend(listed(&*broker, topic, &late, OffsetSpec::Latest, by).await?);
    if let Start::Offsets(offsets) = &directive.start {
        for (partition, offset) in offsets {
            let start = starts.get_mut(partition).ok_or_else(|| {
                let message = format!("partition {partition} of topic `{topic}` does not exist");
                ProbeError::new(ErrorCode::InvalidArgument, message)
                    .hint(format!("the topic has {partitions} partitions"))
            })?;
            *start = (*offset, None);
        }
    }
    let assigned =
        starts.into_iter().map(|(partition, (from, epoch))| assignment(topic, partition, from, epoch));
    Ok(assigned.collect())
}

/// A partition's slot is its number.
fn assignment(topic: &Arc<str>, partition: i32, from: i64, leader_epoch: Option<i32>) -> Assignment {
    let slot = u32::try_from(partition).unwrap_or_default();
    Assignment { slot, at: TopicPartition::new(topic.clone(), partition), from, leader_epoch }
}

/// Returns how many partitions a topic has.
async fn count(broker: &dyn Broker, topic: &Arc<str>, by: Deadline) -> Result<i32, ProbeError> {
    let described = broker.describe(vec![topic.to_string()], by).await?;
    match described.into_iter().next().map(|info| info.state) {
        Some(TopicState::Known { partitions, .. }) => Ok(partitions),
        Some(TopicState::Failed(error)) => Err(error),
        Some(TopicState::Unknown) | None => {
            let error = ProbeError::new(ErrorCode::UnknownTopic, format!("topic `{topic}` does not exist"));
            Err(error.with("topic", &**topic).hint("create it first, or look for a typing error"))
        }
    }
}

async fn listed(
    broker: &dyn Broker,
    topic: &Arc<str>,
    partitions: &[i32],
    spec: OffsetSpec,
    by: Deadline,
) -> Result<BTreeMap<i32, (i64, Option<i32>)>, ProbeError> {
    let query = |partition: &i32| OffsetQuery {
        at: TopicPartition::new(topic.clone(), *partition),
        spec,
        isolation: Isolation::ReadUncommitted,
    };
    let mut starts = BTreeMap::new();
    for answer in broker.offsets(partitions.iter().map(query).collect(), by).await {
        if let Some(listed) = answer.listed? {
            starts.insert(answer.at.partition, (listed.offset, listed.leader_epoch));
        }
    }
    Ok(starts)
}
