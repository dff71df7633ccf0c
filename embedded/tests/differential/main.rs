//! Random calls, sent to the embedded cluster and to real Kafka, have the same answers.
//!
//! A sequence is made from its seed alone, together with what was answered before, and is printed when the
//! answers differ. `TEST_PROBE_DIFFERENTIAL_SEED` runs one sequence, `TEST_PROBE_DIFFERENTIAL_COUNT` that many
//! new ones after the kept ones. `TEST_PROBE_TEST_KAFKA` names a real Kafka that runs already; it needs the
//! settings of `tests/brokers/kafka.py`, which is started otherwise.

mod calls;
mod groups;
mod kafka;
mod model;
mod side;
#[expect(dead_code, reason = "each test binary uses its part of it")]
#[path = "../support/mod.rs"]
mod support;
mod transactions;

use std::time::{Duration, Instant};

use test_probe_embedded::{EmbeddedKafka, Options};

use crate::model::Model;
use crate::side::Side;

/// Seeds whose answers once differed.
const KEPT: &[u64] = &[];
/// How many sequences are run beside the kept ones, and how many calls each has.
const SEQUENCES: u64 = 60;
const CALLS: usize = 30;

/// Runs one sequence; returns what happened up to the first difference.
fn differs(seed: u64, run: u64, embedded: &str, real: &str) -> Result<(), String> {
    let mut random = fastrand::Rng::with_seed(seed);
    // Both clusters live longer than a sequence: each has names of its own.
    let mut model = Model::new(format!("{run:x}-{seed}"));
    let mut sides = [Side::connect(embedded), Side::connect(real)];
    let mut story = String::new();
    for number in 0..CALLS {
        let call = model.next(&mut random);
        let [ours, theirs] = sides.each_mut().map(|side| side.perform(&model, &call));
        story += &format!("{number:3} {call:?}\n    = {}\n", theirs.text);
        if ours.text != theirs.text {
            return Err(format!(
                "seed {seed}: answers differ\n{story}\n    embedded: {}\n    kafka:    {}",
                ours.text, theirs.text
            ));
        }
        model.learn(&call, &theirs);
    }
    // A Kafka for tests has a small heap.
    sides.iter_mut().for_each(|side| side.tidy(&model));
    Ok(())
}

fn number(name: &str) -> Option<u64> {
    let value = std::env::var(name).ok()?;
    Some(value.parse().unwrap_or_else(|_| panic!("`{name}` was `{value}`, which is no number")))
}

#[test]
fn random_calls_have_the_same_answers_from_the_embedded_cluster_and_from_kafka() {
    let real = kafka::Kafka::find();
    let options = Options { auto_create_topics: false, ..Options::default() };
    let embedded = EmbeddedKafka::start(options).expect("a cluster");
    Side::connect(&real.bootstrap_servers).warm_up();
    let run = fastrand::u64(..) >> 32;
    let seeds: Vec<u64> = match number("TEST_PROBE_DIFFERENTIAL_SEED") {
        Some(seed) => vec![seed],
        None => {
            let count = number("TEST_PROBE_DIFFERENTIAL_COUNT").unwrap_or(SEQUENCES);
            let first = fastrand::u64(..) >> 24;
            KEPT.iter().copied().chain((0..count).map(|next| first + next)).collect()
        }
    };
    let began = Instant::now();
    let mut differences = Vec::new();
    for seed in &seeds {
        if let Err(difference) = differs(*seed, run, &embedded.bootstrap_servers(), &real.bootstrap_servers) {
            differences.push(difference);
        }
        if differences.len() >= 5 {
            break;
        }
    }
    let took: Duration = began.elapsed();
    assert!(
        differences.is_empty(),
        "{} of {} sequences differ, after {took:?}\n\n{}",
        differences.len(),
        seeds.len(),
        differences.join("\n\n")
    );
}
