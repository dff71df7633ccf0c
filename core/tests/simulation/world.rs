//! The system under test and everybody else: one actor that does a thing after the other.

use std::sync::Arc;
use std::time::Duration;

use fastrand::Rng;
use test_probe::broker::simulated::{ProduceFault, Transaction};
use test_probe::{ErrorCode, ProbeError};
use tokio::time::sleep;

use crate::plan::{PRINCIPALS, Weather, draw_id};
use crate::record::{Body, Foreign, KINDS, PARTITIONS, Place, REGIONS};
use crate::stage::{Stage, Trouble};

pub(crate) struct World {
    stage: Arc<Stage>,
    rng: Rng,
    open: Vec<Transaction>,
}

impl World {
    pub(crate) fn new(stage: Arc<Stage>, rng: Rng) -> Self {
        let mut world = Self { stage, rng, open: Vec::new() };
        for (topic, partitions) in world.stage.plan.topics.clone() {
            if partitions > 0 {
                world.stage.trouble(Trouble::TopicMade { topic: topic.clone() });
                world.stage.sim.create_topic(&topic, partitions);
                for _ in 0..world.rng.usize(0..10) {
                    world.append(&topic);
                }
            }
        }
        world
    }

    pub(crate) async fn run(mut self) {
        for _ in 0..self.stage.plan.steps {
            sleep(Duration::from_millis(self.rng.u64(0..=self.stage.plan.pace))).await;
            self.step();
        }
        // What is broken heals, what is open is decided: now everything has to come out right.
        for txn in std::mem::take(&mut self.open) {
            self.end(txn);
        }
        let (sim, stage) = (&self.stage.sim, &self.stage);
        sim.resume();
        sim.set_faults(test_probe::broker::simulated::Faults::none());
        for principal in PRINCIPALS {
            sim.allow(principal);
            sim.fail_opening(principal, 0, ProbeError::new(ErrorCode::Internal, "nothing"));
        }
        stage.note(format_args!("world: healed"));
    }

    fn step(&mut self) {
        let topic = self.rng.choice(self.stage.plan.topics.clone()).map(|(topic, _)| topic);
        let Some(topic) = topic else { return };
        if self.stage.sim.topic(&topic).is_none() {
            if self.rng.u8(0..3) == 0 {
                self.stage.trouble(Trouble::TopicMade { topic: topic.clone() });
                self.stage.sim.create_topic(&topic, self.rng.i32(1..=3));
                self.append(&topic);
            }
            return;
        }
        let most = match self.stage.plan.weather {
            Weather::Calm => 76,
            Weather::Lossy => 88,
            Weather::Wild => 100,
        };
        match self.rng.u8(0..most) {
            0..46 => self.append(&topic),
            46..52 => (0..self.rng.usize(2..8)).for_each(|_| self.append(&topic)),
            52..64 => self.append_in_transaction(&topic),
            64..70 => {
                if !self.open.is_empty() {
                    let txn = self.open.swap_remove(self.rng.usize(0..self.open.len()));
                    self.end(txn);
                }
            }
            70..74 => {
                let partition = self.partition(&topic);
                let tail = self.rng.bool();
                let gone = self.stage.sim.compact_some(&topic, partition, tail);
                self.stage.note(format_args!("world: compacted {topic}/{partition} {gone:?}"));
            }
            74..76 => {
                let now = self.stage.sim.topic(&topic).map_or(1, |(_, partitions)| partitions);
                self.stage.sim.add_partitions(&topic, (now + 1).min(PARTITIONS));
            }
            76..88 => self.lose(&topic),
            _ => self.break_something(&topic),
        }
    }

    fn partition(&mut self, topic: &str) -> i32 {
        let partitions = self.stage.sim.topic(topic).map_or(1, |(_, partitions)| partitions);
        self.rng.i32(0..partitions.max(1))
    }

    fn draw(&mut self) -> Foreign {
        let sessions = self.stage.plan.sessions.len();
        let rng = &mut self.rng;
        let someone = |rng: &mut Rng| match rng.u8(0..10) {
            0 => "somebody-else".to_owned(),
            1 => format!("S{}", rng.usize(0..sessions)),
            2 => format!("s{}x", rng.usize(0..sessions)),
            _ => format!("s{}", rng.usize(0..sessions)),
        };
        let owners = match rng.u8(0..14) {
            0 => Vec::new(),
            1 => vec![(Place::CloudEvent, String::new())],
            2..8 => vec![(Place::CloudEvent, someone(rng))],
            8 | 9 => vec![(Place::Foreign, someone(rng))],
            _ => vec![(Place::CloudEvent, someone(rng)), (Place::Foreign, someone(rng))],
        };
        let body = match rng.u8(0..16) {
            0 => Body::Undecodable,
            1 => Body::Null,
            _ => Body::Number(rng.i64(0..3)),
        };
        Foreign {
            serial: self.stage.serial(),
            owners,
            id: draw_id(rng),
            kind: KINDS[rng.usize(0..KINDS.len())],
            region: REGIONS[rng.usize(0..REGIONS.len())],
            body,
        }
    }

    fn append(&mut self, topic: &str) {
        let (partition, foreign) = (self.partition(topic), self.draw());
        let at = self.stage.sim.append(topic, partition, foreign.to_record());
        self.stage.note(format_args!("world: {topic}/{partition} {at:?} {foreign:?}"));
    }

    fn append_in_transaction(&mut self, topic: &str) {
        let txn = if self.open.is_empty() || self.rng.u8(0..3) == 0 {
            let txn = self.stage.sim.begin();
            self.open.push(txn);
            txn
        } else {
            self.open[self.rng.usize(0..self.open.len())]
        };
        for _ in 0..self.rng.usize(1..4) {
            let (partition, foreign) = (self.partition(topic), self.draw());
            let at = self.stage.sim.append_in(txn, topic, partition, foreign.to_record());
            self.stage.note(format_args!("world: {txn:?} {topic}/{partition} {at:?} {foreign:?}"));
        }
        if self.rng.bool() {
            self.open.retain(|open| *open != txn);
            self.end(txn);
        }
    }

    fn end(&mut self, txn: Transaction) {
        let commit = self.rng.u8(0..3) > 0;
        self.stage.note(format_args!("world: {txn:?} commit {commit}"));
        if commit { self.stage.sim.commit(txn) } else { self.stage.sim.abort(txn) }
    }

    fn lose(&mut self, topic: &str) {
        let partition = self.partition(topic);
        let Some(bounds) = self.stage.sim.watermarks(topic, partition) else { return };
        let (stage, topic) = (self.stage.clone(), topic.to_owned());
        match self.rng.u8(0..10) {
            0..3 => {
                let before = self.rng.i64(bounds.low..=bounds.high);
                stage.trouble(Trouble::Deleted { topic: topic.clone() });
                stage.sim.delete_records(&topic, partition, before);
            }
            3..6 => {
                let end = self.rng.i64(bounds.high.saturating_sub(4).max(bounds.low)..=bounds.high);
                stage.trouble(Trouble::Truncated { topic: topic.clone(), partition });
                stage.sim.truncate(&topic, partition, end);
            }
            6 => {
                stage.trouble(Trouble::TopicGone { topic: topic.clone() });
                stage.sim.recreate_topic(&topic, self.rng.i32(1..=3));
                (0..self.rng.usize(0..14)).for_each(|_| self.append(&topic));
            }
            7 => {
                stage.trouble(Trouble::TopicGone { topic: topic.clone() });
                stage.sim.delete_topic(&topic);
            }
            _ => {
                stage.trouble(Trouble::LeaderMoved { topic: topic.clone() });
                stage.sim.move_leader(&topic, partition);
            }
        }
    }

    fn break_something(&mut self, topic: &str) {
        let stage = self.stage.clone();
        let principal = PRINCIPALS[self.rng.usize(0..PRINCIPALS.len())];
        let lasting = Duration::from_millis(if self.rng.bool() {
            self.rng.u64(10..300)
        } else {
            self.rng.u64(300..4_000)
        });
        let lasts = lasting.as_millis();
        match self.rng.u8(0..12) {
            0..3 => {
                stage.trouble(Trouble::Outage { lasts });
                stage.sim.disconnect(lasting);
            }
            3..6 => {
                stage.trouble(Trouble::Outage { lasts });
                stage.sim.stall(lasting);
            }
            6 => {
                stage.trouble(Trouble::ReadersFailed { principal });
                let error = ProbeError::new(ErrorCode::ConsumeFailed, "the client was injured");
                stage.sim.fail_readers(principal, &error);
            }
            7 => {
                stage.trouble(Trouble::WritersFailed { principal });
                let error =
                    ProbeError::new(ErrorCode::ProduceFailed, "the producer was injured").with("fatal", true);
                stage.sim.fail_writers(principal, &error);
            }
            8 => {
                stage.trouble(Trouble::Panicked { topic: topic.to_owned() });
                let _ = stage.probe.inject_panic(topic);
            }
            9 => {
                let faults = [
                    ProduceFault::Full,
                    ProduceFault::TooLarge,
                    ProduceFault::Refused,
                    ProduceFault::RequestLost,
                    ProduceFault::AckLost,
                ];
                stage.sim.fail_next_produce(topic, faults[self.rng.usize(0..faults.len())]);
            }
            10 => {
                stage.trouble(Trouble::Denied { principal });
                stage.sim.deny(principal, topic);
            }
            _ => {
                let partition = self.partition(topic);
                let Some(bounds) = stage.sim.watermarks(topic, partition) else { return };
                if bounds.high > bounds.low {
                    stage.trouble(Trouble::Corrupt { topic: topic.to_owned() });
                    stage.sim.corrupt(topic, partition, self.rng.i64(bounds.low..bounds.high));
                }
            }
        }
    }
}
