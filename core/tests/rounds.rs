//! Randomised rounds of the whole engine on a Kafka: a few producers, one expectation, and a model of the
//! log that knows which verdicts are true. One seed is one round; a failure prints its seed.
//!
//! `TEST_PROBE_ROUNDS` is how many are played (300), `TEST_PROBE_ROUNDS_SEED` the seed of the first; without
//! it they are others each time.
//!
//! ```sh
//! TEST_PROBE_ROUNDS=1 TEST_PROBE_ROUNDS_SEED=4711 cargo test -p test-probe --test rounds
//! ```

mod support;

#[path = "rounds/model.rs"]
mod model;
#[path = "rounds/plan.rs"]
mod plan;
#[path = "rounds/play.rs"]
mod play;

use std::io::Write as _;
use std::time::Duration;

use support::kafka;

const ROUNDS: u64 = 300;
/// How many are played at once.
const AT_ONCE: usize = 32;
/// A round takes a second; one that takes this long hangs.
const STUCK: Duration = Duration::from_secs(120);

fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
}

#[tokio::test(flavor = "multi_thread")]
async fn no_verdict_is_wrong_in_randomised_rounds() {
    let rounds = number("TEST_PROBE_ROUNDS").unwrap_or(ROUNDS);
    let first = number("TEST_PROBE_ROUNDS_SEED").unwrap_or_else(|| u64::from(fastrand::u32(..)));
    let _ = writeln!(std::io::stderr(), "{rounds} rounds from TEST_PROBE_ROUNDS_SEED={first}");
    let probe = support::patient_probe(kafka::shared());
    let mut playing = tokio::task::JoinSet::new();
    let mut failed = Vec::new();
    let mut seeds = first..first + rounds;
    loop {
        while playing.len() < AT_ONCE
            && let Some(seed) = seeds.next()
        {
            let probe = probe.clone();
            playing.spawn(async move {
                let played = tokio::time::timeout(STUCK, play::play(probe, seed)).await;
                (seed, played.unwrap_or_else(|_| vec!["it did not end".to_owned()]))
            });
        }
        let Some(played) = playing.join_next().await else { break };
        let (seed, wrong) = played.expect("no panic");
        if !wrong.is_empty() {
            let replay = format!("TEST_PROBE_ROUNDS=1 TEST_PROBE_ROUNDS_SEED={seed}");
            failed.push(format!("{replay} cargo test -p test-probe --test rounds\n{}", wrong.join("\n")));
        }
    }
    probe.close(None).await.expect("closed");
    assert!(failed.is_empty(), "{} of {rounds} rounds failed:\n{}", failed.len(), failed.join("\n\n"));
}
