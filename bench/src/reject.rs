//! Events per CPU second of a topic of which nothing matches; beside bare batches.

use std::time::{Duration, Instant};

use crate::Bench;
use crate::bare::BareConsumer;
use crate::measure::cpu;

const EVENTS: usize = 300_000;

pub(crate) fn run(bench: &Bench) {
    let mut ratios = Vec::new();
    for _ in 0..3 {
        let ours = reject(bench);
        let bare = read_bare(bench, false);
        let parsed = read_bare(bench, true);
        println!(
            "events per CPU second: ours {ours:.0}, bare {bare:.0}, bare with headers parsed {parsed:.0}"
        );
        ratios.push((ours / bare, ours / parsed));
    }
    ratios.sort_by(|a, b| a.1.total_cmp(&b.1));
    println!("ratio ours / bare: median {:.2}; with headers parsed {:.2}", ratios[1].0, ratios[1].1);
}

/// Another process produces for a test that is not here.
fn burst(bench: &Bench, topic: &str) -> crate::race::Foreign {
    crate::race::foreign_burst(&bench.servers, topic, &["somebody-else".to_owned()], EVENTS)
}

fn reject(bench: &Bench) -> f64 {
    let topic = bench.topic("reject");
    let probe = bench.probe();
    let session = bench.session(&probe, &topic);
    let begun = cpu();
    let foreign = burst(bench, &topic);
    let deadline = Instant::now() + Duration::from_secs(120);
    let end = i64::try_from(EVENTS).unwrap_or(i64::MAX);
    while session.coverage(&topic).expect("coverage").partitions.values().any(|p| p.next < end) {
        assert!(Instant::now() < deadline, "the events did not come");
        std::thread::park_timeout(Duration::from_millis(5));
    }
    let spent = cpu() - begun;
    foreign.wait();
    assert!(session.journal(&topic).expect("a journal").is_empty());
    probe.close_blocking(None).expect("closed");
    EVENTS as f64 / spent.as_secs_f64()
}

fn read_bare(bench: &Bench, headers: bool) -> f64 {
    let topic = bench.topic("reject-bare");
    let probe = bench.probe();
    drop(bench.session(&probe, &topic));
    probe.close_blocking(None).expect("closed");
    let consumer = BareConsumer::open(&bench.servers, &topic, 0);
    let begun = cpu();
    let foreign = burst(bench, &topic);
    let (mut seen, mut bytes) = (0, 0);
    while seen < EVENTS {
        seen += consumer.batch(Duration::from_millis(5), headers, |payload| bytes += payload.len());
    }
    let spent = cpu() - begun;
    foreign.wait();
    assert!(bytes > 0);
    EVENTS as f64 / spent.as_secs_f64()
}
