//! The simulator's own tests: it must be right before it may judge.

mod log;
mod reading;
mod requests;
mod schedules;
mod writing;

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::{Instant, sleep, sleep_until};

use super::{Faults, SimCluster, SimRecord};
use crate::broker::{
    Assignment, Broker, Isolation, OffsetAnswer, OffsetQuery, OffsetSpec, Reader, ReaderOptions, RecordRef,
    Sink, StopReason, TopicPartition, Wake,
};
use crate::error::ProbeError;
use crate::runtime::Deadline;

/// Runs a test in virtual time.
fn run<T>(test: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build();
    runtime.expect("a runtime").block_on(test)
}

fn ms(milliseconds: u64) -> Duration {
    Duration::from_millis(milliseconds)
}

fn within(milliseconds: u64) -> Deadline {
    Deadline::after(ms(milliseconds))
}

fn fill(cluster: &SimCluster, topic: &str, partition: i32, values: std::ops::Range<i64>) {
    for value in values {
        cluster.append(topic, partition, SimRecord::of(format!("{topic}-{value}")));
    }
}

/// A cluster with one topic `t` of one partition and `records` in it.
fn small(faults: Faults, records: i64) -> SimCluster {
    let cluster = SimCluster::new(1, faults);
    cluster.create_topic("t", 1);
    fill(&cluster, "t", 0, 0..records);
    cluster
}

async fn list(
    broker: &Arc<dyn Broker>,
    topic: &str,
    spec: OffsetSpec,
    isolation: Isolation,
    by: Deadline,
) -> OffsetAnswer {
    let at = TopicPartition::new(topic, 0);
    broker.offsets(vec![OffsetQuery { at, spec, isolation }], by).await.remove(0)
}

#[derive(Default)]
struct Heard(Vec<String>);

impl Sink for Heard {
    fn record(&mut self, record: &RecordRef<'_>) {
        let value = String::from_utf8_lossy(record.value.unwrap_or(b"null")).into_owned();
        self.0.push(format!("{}:{} {value}", record.slot, record.offset));
    }

    fn progress(&mut self, slot: u32, next: i64) {
        self.0.push(format!("{slot}: progress {next}"));
    }

    fn stopped(&mut self, slot: u32, at: i64, why: StopReason) {
        let why = match why {
            StopReason::OffsetGone(_) => "offset gone",
            StopReason::Corrupt(_) => "corrupt",
            StopReason::TopicGone => "topic gone",
            StopReason::NotAuthorized(_) => "not authorised",
        };
        self.0.push(format!("{slot}: stopped at {at}, {why}"));
    }

    fn client_error(&mut self, error: ProbeError, fatal: bool) {
        self.0.push(format!("error {} fatal={fatal}", error.code()));
    }
}

/// A reader and what it said.
struct Listener {
    reader: Box<dyn Reader>,
    woken: Arc<Notify>,
    /// Polled also without a wake this often.
    tick: Duration,
}

impl Listener {
    fn open(broker: &Arc<dyn Broker>, isolation: Isolation) -> Self {
        let woken = Arc::new(Notify::new());
        let wake: Wake = Arc::new({
            let woken = Arc::clone(&woken);
            move || woken.notify_one()
        });
        let reader = broker.reader(ReaderOptions { isolation }, wake).expect("a reader");
        Self { reader, woken, tick: ms(100) }
    }

    fn add(&mut self, slot: u32, topic: &str, partition: i32, from: i64, leader_epoch: Option<i32>) {
        let at = TopicPartition::new(topic, partition);
        self.reader.add(&[Assignment { slot, at, from, leader_epoch }]).expect("an assignment");
    }

    /// Listens for a while and returns what was said meanwhile.
    async fn listen(&mut self, duration: Duration) -> Vec<String> {
        let mut heard = Heard::default();
        self.listen_into(duration, &mut heard).await;
        heard.0
    }

    async fn listen_into(&mut self, duration: Duration, sink: &mut dyn Sink) {
        let end = Instant::now() + duration;
        while Instant::now() < end {
            while self.reader.poll(sink, 3) {}
            tokio::select! {
                biased;
                () = self.woken.notified() => {}
                () = sleep(self.tick) => {}
                () = sleep_until(end) => {}
            }
        }
        while self.reader.poll(sink, 3) {}
    }
}
