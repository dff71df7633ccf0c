//! From the call of produce to the event in the hand of the test; beside a bare loop.

use std::time::Instant;

use test_probe::{Event, Match};

use crate::Bench;
use crate::bare::{BareConsumer, BareProducer};
use crate::measure::Samples;

const WARM_UP: usize = 200;
const ROUNDS: usize = 2000;

pub(crate) fn run(bench: &Bench) {
    let topic = bench.topic("latency");
    let probe = bench.probe();
    let session = bench.session(&probe, &topic);
    let bare_topic = bench.topic("latency-bare");
    drop(bench.session(&probe, &bare_topic));
    let producer = BareProducer::open(&bench.servers);
    let consumer = BareConsumer::open(&bench.servers, &bare_topic, 0);
    let value = format!("\"{}\"", "x".repeat(98)).into_bytes();
    let (mut ours, mut bare) = (Samples::default(), Samples::default());
    for round in 0..WARM_UP + ROUNDS {
        let id = format!("e-{round}");
        let event = Event::new("Benched").id(&id).raw(value.clone());
        let begun = Instant::now();
        bench.runtime.block_on(async {
            session.produce_event(&topic, event).await.expect("an acknowledgement");
            session.receive_event(&topic, None).await.expect("the event");
        });
        let took = begun.elapsed();
        let begun = Instant::now();
        producer.send(&bare_topic, "bare", &id, &value);
        consumer.one();
        let bare_took = begun.elapsed();
        if round >= WARM_UP {
            ours.push(took);
            bare.push(bare_took);
        }
    }
    let mut by_id = Samples::default();
    for round in 0..ROUNDS / 10 {
        let id = format!("m-{round}");
        let begun = Instant::now();
        bench.runtime.block_on(async {
            session
                .produce_event(&topic, Event::new("Benched").id(&id).raw(value.clone()))
                .await
                .expect("an ack");
            session.expect_event(&topic, Match::new().id(&id), None).await.expect("the event");
        });
        by_id.push(begun.elapsed());
    }
    println!("produce + expect_event by id in a journal of 2,000: p50 {:.3} ms", by_id.percentile(50));
    ours.beside("produce acknowledged + received", "bare produce + consume", bare);
}
