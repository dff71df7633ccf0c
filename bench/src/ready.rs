//! From nothing, or from a live worker, to a session that misses nothing; beside a group join.

use std::time::{Duration, Instant};

use rdkafka::ClientConfig;
use rdkafka::consumer::{BaseConsumer, Consumer};

use crate::Bench;
use crate::measure::Samples;

const ROUNDS: usize = 20;

pub(crate) fn run(bench: &Bench) {
    let (mut cold, mut warm, mut joined) = (Samples::default(), Samples::default(), Samples::default());
    let topic = bench.topic("ready");
    let first = bench.probe();
    let keep = bench.session(&first, &topic);
    for round in 0..ROUNDS {
        let begun = Instant::now();
        let probe = bench.probe();
        let session = bench.session(&probe, &topic);
        cold.push(begun.elapsed());
        drop(session);
        probe.close_blocking(None).expect("closed");

        let begun = Instant::now();
        let session = bench.session(&first, &topic);
        warm.push(begun.elapsed());
        drop(session);

        let begun = Instant::now();
        join(bench, &topic, round);
        joined.push(begun.elapsed());
    }
    drop(keep);
    println!(
        "open_session, worker alive: p50 {:.3} ms, p99 {:.3} ms",
        warm.percentile(50),
        warm.percentile(99)
    );
    cold.beside("open_session, new probe", "subscribe until assigned (rebalance delay 0)", joined);
}

/// What a test without a probe does: a group of its own, and polls until it has partitions.
fn join(bench: &Bench, topic: &str, round: usize) {
    let consumer: BaseConsumer = ClientConfig::new()
        .set("bootstrap.servers", &bench.servers)
        .set("group.id", format!("bench-{topic}-{round}"))
        .set("enable.auto.commit", "false")
        .create()
        .expect("a consumer");
    consumer.subscribe(&[topic]).expect("subscribed");
    while consumer.assignment().expect("an assignment").count() == 0 {
        let _ = consumer.poll(Duration::from_millis(1));
    }
}
