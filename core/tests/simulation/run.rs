//! One seed is one schedule.

use std::collections::BTreeMap;
use std::time::Duration;

use fastrand::Rng;
use tokio::time::timeout;

use crate::plan::Plan;
use crate::stage::{Stage, lock};
use crate::world::World;
use crate::{actor, finale};

/// What came of a schedule.
pub(crate) struct Ran {
    pub(crate) violations: Vec<String>,
    pub(crate) trace: Vec<String>,
    pub(crate) tally: BTreeMap<String, u64>,
}

/// Runs a seed; a trace takes time, and a seed that fails can be run again.
pub(crate) fn run(seed: u64, traced: bool) -> Ran {
    let mut rng = Rng::with_seed(seed);
    let plan = Plan::draw(&mut rng);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build();
    let runtime = runtime.expect("a runtime");
    runtime.block_on(async {
        let stage = Stage::new(seed, plan, traced).expect("a probe");
        stage.note(format_args!("seed {seed} {:?} {:?}", stage.plan.weather, stage.plan.topics));
        stage.note(format_args!("{:?}", stage.plan.faults));
        let world = tokio::spawn(World::new(stage.clone(), rng.fork()).run());
        let actors: Vec<_> = (0..stage.plan.sessions.len())
            .map(|index| tokio::spawn(actor::run(stage.clone(), index, rng.fork())))
            .collect();
        let whole = async {
            let mut open = Vec::new();
            for actor in actors {
                match actor.await {
                    Ok(session) => open.extend(session),
                    Err(error) => stage.violate("8 panic", format_args!("an actor panicked: {error}")),
                }
            }
            if let Err(error) = world.await {
                stage.violate("8 panic", format_args!("the world panicked: {error}"));
            }
            tokio::time::sleep(Duration::from_millis(1_500)).await;
            for session in &open {
                finale::settle(&stage, session).await;
            }
            finale::close(&stage, open).await;
        };
        if timeout(Duration::from_secs(3_600), whole).await.is_err() {
            stage.violate("8 hang", format_args!("the schedule never ended"));
        }
        let tally = lock(&stage.tally).clone();
        Ran { violations: stage.violations(), trace: stage.trace(), tally }
    })
}
