//! Opens a session, lets another client produce at once, expects: nothing may be missed or doubled.

use std::process::{Child, Command, Stdio};
use std::time::Duration;

use test_probe::Match;

use crate::Bench;
use crate::bare::BareProducer;

const ROUNDS: usize = 10_000;

pub(crate) fn run(bench: &Bench) {
    let rounds = std::env::var("BENCH_ROUNDS").ok().and_then(|n| n.parse().ok()).unwrap_or(ROUNDS);
    let topic = bench.topic("race");
    let probe = bench.probe();
    let keep = bench.session(&probe, &topic);
    let producer = BareProducer::open(&bench.servers);
    let (mut misses, mut doubles) = (0, 0);
    for round in 0..rounds {
        let session = bench.session(&probe, &topic);
        let id = format!("r-{round}");
        producer.send(&topic, session.test_id(), &id, b"{}");
        let found = bench.runtime.block_on(session.expect_event(
            &topic,
            Match::new().id(&id),
            Some(Duration::from_secs(5)),
        ));
        misses += usize::from(found.is_err());
        doubles +=
            usize::from(session.fetch_consumed_events(&topic, &id).is_ok_and(|events| events.len() > 1));
    }
    drop(keep);
    println!("{rounds} rounds: {misses} misses, {doubles} doubles");
}

/// A producer in a process of its own.
pub(crate) struct Foreign(Child);

impl Foreign {
    /// Waits until everything is acknowledged.
    pub(crate) fn wait(mut self) {
        let status = self.0.wait().expect("the child ended");
        assert!(status.success(), "the foreign producer failed");
    }
}

/// Starts a process that produces events for these test ids in turn.
pub(crate) fn foreign_burst(servers: &str, topic: &str, ids: &[String], events: usize) -> Foreign {
    let child = Command::new(std::env::current_exe().expect("this program"))
        .args(["--burst", servers, topic, &ids.join(","), &events.to_string()])
        .stdout(Stdio::null())
        .spawn()
        .expect("a child process");
    Foreign(child)
}
