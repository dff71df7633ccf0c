//! CPU time for the same events with 1 and with 500 sessions on the topic.

use std::time::{Duration, Instant};

use test_probe::Session;

use crate::Bench;
use crate::bare::BareProducer;
use crate::measure::cpu;

const EVENTS: usize = 100_000;
const SESSIONS: usize = 500;

pub(crate) fn run(bench: &Bench) {
    let mut ratios = Vec::new();
    for _ in 0..3 {
        let one = consume_with(bench, 1);
        let many = consume_with(bench, SESSIONS);
        println!("{EVENTS} events: 1 session {one:?} CPU, {SESSIONS} sessions {many:?} CPU");
        ratios.push(many.as_secs_f64() / one.as_secs_f64());
    }
    ratios.sort_by(f64::total_cmp);
    println!("ratio {SESSIONS} sessions / 1 session: median {:.2}", ratios[1]);
}

/// Returns the CPU time from the first event to full coverage; the events go to all sessions in turn.
fn consume_with(bench: &Bench, count: usize) -> Duration {
    let topic = bench.topic("fan-out");
    let probe = bench.probe();
    let sessions: Vec<Session> = (0..count).map(|_| bench.session(&probe, &topic)).collect();
    let ids: Vec<String> = sessions.iter().map(|session| session.test_id().to_owned()).collect();
    let producer = {
        let (servers, topic) = (bench.servers.clone(), topic.clone());
        // Another process: its CPU time is not ours.
        crate::race::foreign_burst(&servers, &topic, &ids, EVENTS)
    };
    let begun = cpu();
    producer.wait();
    let deadline = Instant::now() + Duration::from_secs(120);
    let end = i64::try_from(EVENTS).unwrap_or(i64::MAX);
    while sessions[0].coverage(&topic).expect("coverage").partitions.values().any(|p| p.next < end) {
        assert!(Instant::now() < deadline, "the events did not come");
        std::thread::yield_now();
        std::thread::park_timeout(Duration::from_millis(5));
    }
    let spent = cpu() - begun;
    let kept: usize = sessions.iter().map(|session| session.journal(&topic).expect("a journal").len()).sum();
    assert_eq!(kept, EVENTS, "each event belongs to one session");
    probe.close_blocking(None).expect("closed");
    spent
}

/// The part of the child process: produces events for these test ids in turn.
pub(crate) fn burst(servers: &str, topic: &str, ids: &[String], events: usize) {
    let producer = BareProducer::open(servers);
    let value =
        br#"{"total":5,"customer":"c-17","note":"one hundred bytes of JSON, more or less, to be decoded"}"#;
    for (number, id) in (0..events).zip(ids.iter().cycle()) {
        producer.send(topic, id, &format!("e-{number}"), value);
    }
    producer.flush();
}
