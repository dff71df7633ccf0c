//! Runs `tests/features/*.feature` through the Rust API.
//!
//! `TEST_PROBE_TEST_KAFKA` is `embedded` or the bootstrap servers of a real Kafka; see `tests/features/README.md`. Words
//! on the command line choose the scenarios whose file or name holds one of them.

mod expression;
mod gherkin;
mod outside;
mod plan;
mod report;
mod steps;
mod texts;
mod viewpoints;
mod world;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use plan::Scenario;
use report::{Ended, Report};
use texts::Texts;
use world::{Probes, World};

const ENVIRONMENT: &str = "TEST_PROBE_TEST_KAFKA";
const FEATURES: &str = "tests/features";
/// How many scenarios run side by side.
const SIDE_BY_SIDE: usize = 16;
/// After this long a scenario has failed.
const PATIENCE: Duration = Duration::from_secs(100);

fn main() -> ExitCode {
    match run() {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(problem) => {
            report::say(&format!("features: {problem}"));
            ExitCode::from(2)
        }
    }
}

fn run() -> Result<bool, String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../..");
    std::env::set_current_dir(&root).map_err(|error| format!("{}: {error}", root.display()))?;
    let cluster = Cluster::of_environment()?;
    let texts = Arc::new(Texts::read(&Path::new(FEATURES).join("steps.json"))?);
    let words: Vec<String> = std::env::args().skip(1).collect();
    let all = plan::scenarios(Path::new(FEATURES))?;
    let chosen: Vec<Scenario> = all.into_iter().filter(|scenario| scenario.is_chosen(&words)).collect();
    let used: BTreeSet<String> = chosen.iter().flat_map(|scenario| texts.used_by(scenario)).collect();

    let begun = Instant::now();
    let runtime = tokio::runtime::Runtime::new().map_err(|error| error.to_string())?;
    let probes = Arc::new(Probes::new(cluster.configuration()));
    let ended = runtime.block_on(all_of(chosen, texts.clone(), probes.clone()));
    let closed = probes.close();
    let mut report = Report::new(ended, begun.elapsed());
    report.add_problem(closed.err());
    if words.is_empty() {
        report.add_problem(texts.unused(&used));
        report.write(&root.join("build/parity").join(format!("features-rust-{}.json", cluster.name())))?;
    }
    report.tell();
    Ok(report.passed())
}

/// Runs scenarios side by side.
async fn all_of(scenarios: Vec<Scenario>, texts: Arc<Texts>, probes: Arc<Probes>) -> Vec<Ended> {
    let places = Arc::new(Semaphore::new(SIDE_BY_SIDE));
    let mut tasks = JoinSet::new();
    for (number, scenario) in scenarios.into_iter().enumerate() {
        let (texts, probes, places) = (texts.clone(), probes.clone(), places.clone());
        tasks.spawn(async move {
            let _place = places.acquire().await;
            let begun = Instant::now();
            let running = scenario.clone();
            let run = tokio::spawn(async move { one(&running, &texts, probes).await });
            let abort = run.abort_handle();
            let failure = match tokio::time::timeout(PATIENCE, run).await {
                Ok(Ok(result)) => result.err(),
                Ok(Err(panicked)) => Some(format!("the step ended in {panicked}")),
                Err(_) => {
                    abort.abort();
                    Some(format!("it was not done after {} s", PATIENCE.as_secs()))
                }
            };
            (number, Ended { scenario, failure, took: begun.elapsed() })
        });
    }
    let mut ended = tasks.join_all().await;
    ended.sort_by_key(|(number, _)| *number);
    ended.into_iter().map(|(_, ended)| ended).collect()
}

/// Runs one scenario in a world of its own.
async fn one(scenario: &Scenario, texts: &Texts, probes: Arc<Probes>) -> Result<(), String> {
    let mut world = World::new(probes);
    let mut result = Ok(());
    for step in &scenario.steps {
        result = match texts.find(&step.text) {
            Ok(found) => steps::run(&mut world, &found, step).await,
            Err(problem) => Err(problem),
        };
        if let Err(failure) = &result {
            result = Err(format!("{}:{}: {}\n{failure}", scenario.feature, step.line, step.text));
            break;
        }
    }
    let end = world.end().await;
    result.and(end)
}

/// On which cluster the features run.
enum Cluster {
    Embedded,
    Real,
}

impl Cluster {
    fn of_environment() -> Result<Self, String> {
        match std::env::var(ENVIRONMENT) {
            Ok(servers) if servers == "embedded" => Ok(Self::Embedded),
            Ok(_) => Ok(Self::Real),
            Err(_) => Err(format!("{ENVIRONMENT} was not set; say `embedded` or bootstrap servers")),
        }
    }

    fn name(&self) -> &'static str {
        match self {
            Self::Embedded => "embedded",
            Self::Real => "real",
        }
    }

    fn configuration(&self) -> PathBuf {
        Path::new(FEATURES).join(self.name()).with_extension("yaml")
    }
}
