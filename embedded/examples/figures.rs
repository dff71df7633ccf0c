//! Measures the embedded cluster in its own process: starting, stopping, the first record, memory, and what it
//! takes to do nothing. Build it with `--release`; figures of other builds say nothing.

#[expect(dead_code, reason = "the tests use the rest")]
#[path = "../tests/support/mod.rs"]
mod support;

use std::io::{Write, stdout};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use rdkafka::ClientConfig;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::producer::{BaseRecord, ThreadedProducer};
use rdkafka::{Offset, TopicPartitionList};
use support::{Client, Producer, batch, fetch, produce};
use test_probe_embedded::{EmbeddedKafka, Limits, Options, WhenFull};

const STARTS: usize = 200;
const FIRST_RECORDS: usize = 15;
const RECORDS: usize = 500_000;
const RECORDS_OF_A_BATCH: usize = 500;
const RECORD_BYTES: usize = 200;
const POLLS: usize = 100;
const IDLE: Duration = Duration::from_secs(10);

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut out = stdout();
    let (starts, stops): (Vec<_>, Vec<_>) = (0..STARTS).map(|_| start_and_stop()).unzip();
    writeln!(out, "start to listening, ms: {}", spread(starts))?;
    writeln!(out, "stop, ms: {}", spread(stops))?;
    let firsts = (0..FIRST_RECORDS).map(|_| first_record()).collect::<Result<Vec<_>, _>>()?;
    writeln!(out, "start to the first record of cold clients, ms: {}", spread(firsts))?;
    writeln!(
        out,
        "memory for each record of {RECORD_BYTES} B, in batches of {RECORDS_OF_A_BATCH}: {:.1} B",
        memory()
    )?;
    for clients in [0, POLLS] {
        writeln!(out, "CPU with {clients} waiting fetches: {:.3} % of a core", idle(clients))?;
    }
    Ok(())
}

/// Returns median and the largest of the lower 95 %, in milliseconds.
fn spread(mut taken: Vec<Duration>) -> String {
    taken.sort_unstable();
    let at = |part: usize| taken[taken.len() * part / 100].as_secs_f64() * 1000.0;
    format!("p50 {:.3}, p95 {:.3}", at(50), at(95))
}

fn start_and_stop() -> (Duration, Duration) {
    let began = Instant::now();
    let kafka = EmbeddedKafka::start(Options::default()).expect("a cluster");
    let started = began.elapsed();
    let _client = Client::connect(&kafka.bootstrap_servers());
    let began = Instant::now();
    drop(kafka);
    (started, began.elapsed())
}

/// From before the start to a consumed record, with clients that are made for it.
fn first_record() -> Result<Duration, Box<dyn std::error::Error>> {
    let began = Instant::now();
    let kafka = EmbeddedKafka::start(Options::default())?;
    kafka.create_topic("t", Some(1))?;
    let mut config = ClientConfig::new();
    config.set("bootstrap.servers", kafka.bootstrap_servers()).set("linger.ms", "0").set("group.id", "g");
    let producer: ThreadedProducer<_> = config.create()?;
    let consumer: BaseConsumer = config.create()?;
    let mut places = TopicPartitionList::new();
    // By number: asked for the beginning, a cold librdkafka rests for half a second before it looks for it.
    places.add_partition_offset("t", 0, Offset::Offset(0))?;
    consumer.assign(&places)?;
    producer.send(BaseRecord::<(), _>::to("t").payload("v")).map_err(|(error, _)| error)?;
    let record = consumer.poll(support::PATIENCE).ok_or("no record came")??;
    assert_eq!(rdkafka::Message::payload(&record), Some(&b"v"[..]));
    Ok(began.elapsed())
}

/// Returns how much memory a record takes.
fn memory() -> f64 {
    let limits = Limits { memory_bytes: usize::MAX, when_full: WhenFull::Refuse };
    let kafka = EmbeddedKafka::start(Options { limits, ..Options::default() }).expect("a cluster");
    kafka.create_topic("t", Some(1)).expect("a topic");
    let mut client = Client::connect(&kafka.bootstrap_servers());
    let value = "x".repeat(RECORD_BYTES);
    let request = produce(&[("t", 0)], batch(&vec![&*value; RECORDS_OF_A_BATCH], Producer::NONE), -1);
    client.call(9, &request);
    let before = resident();
    for _ in 0..RECORDS / RECORDS_OF_A_BATCH {
        client.call(9, &request);
    }
    (resident() - before) as f64 / RECORDS as f64
}

/// Returns how much of a core the cluster's thread takes while so many fetches wait, in percent.
fn idle(clients: usize) -> f64 {
    let kafka = EmbeddedKafka::start(Options::default()).expect("a cluster");
    kafka.create_topic("t", Some(1)).expect("a topic");
    let is_over = AtomicBool::new(false);
    std::thread::scope(|scope| {
        for _ in 0..clients {
            scope.spawn(|| {
                let mut client = Client::connect(&kafka.bootstrap_servers());
                while !is_over.load(Ordering::Relaxed) {
                    client.call(12, &fetch(&[("t", 0)], 0, 500));
                }
            });
        }
        std::thread::sleep(Duration::from_secs(2));
        let before = cpu_of_the_cluster();
        std::thread::sleep(IDLE);
        let taken = cpu_of_the_cluster() - before;
        is_over.store(true, Ordering::Relaxed);
        100.0 * taken.as_secs_f64() / IDLE.as_secs_f64()
    })
}

fn resident() -> usize {
    let statm = std::fs::read_to_string("/proc/self/statm").expect("Linux");
    let pages: usize = statm.split(' ').nth(1).and_then(|pages| pages.parse().ok()).expect("a number");
    pages * 4096
}

/// Returns what the threads of clusters took so far.
fn cpu_of_the_cluster() -> Duration {
    let tasks = std::fs::read_dir("/proc/self/task").expect("Linux").flatten().map(|task| task.path());
    let ours = tasks.filter(|task| {
        std::fs::read_to_string(task.join("comm")).is_ok_and(|name| name.trim_end() == "embedded-kafka")
    });
    let taken = ours.map(|task| {
        let stat = std::fs::read_to_string(task.join("schedstat")).unwrap_or_default();
        stat.split(' ').next().and_then(|ns| ns.parse().ok()).map_or(Duration::ZERO, Duration::from_nanos)
    });
    taken.sum()
}
