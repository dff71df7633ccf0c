//! What the actors of one schedule share: the cluster, the probe, the trace, the violations.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use test_probe::broker::Broker;
use test_probe::broker::simulated::SimCluster;
use test_probe::clusters::Connector;
use test_probe::config::{ClusterConfig, PrincipalConfig};
use test_probe::runtime::Runtime;
use test_probe::{Config, Probe, Result};
use tokio::time::Instant;

use crate::plan::{PRINCIPALS, Plan, Shared, Weather};

/// What the world did that may excuse a verdict.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Trouble {
    /// Records below the low watermark are gone.
    Deleted {
        topic: String,
    },
    Truncated {
        topic: String,
        partition: i32,
    },
    /// The topic was deleted; `again` when it was created anew at once.
    TopicGone {
        topic: String,
    },
    TopicMade {
        topic: String,
    },
    Corrupt {
        topic: String,
    },
    LeaderMoved {
        topic: String,
    },
    Denied {
        principal: &'static str,
    },
    ReadersFailed {
        principal: &'static str,
    },
    WritersFailed {
        principal: &'static str,
    },
    Panicked {
        topic: String,
    },
    /// Milliseconds.
    Outage {
        lasts: u128,
    },
}

pub(crate) struct Stage {
    pub(crate) sim: SimCluster,
    pub(crate) probe: Probe,
    pub(crate) plan: Shared,
    pub(crate) began: Instant,
    traced: bool,
    trace: Mutex<Vec<String>>,
    violations: Mutex<Vec<String>>,
    history: Mutex<Vec<(Instant, Trouble)>>,
    serials: Mutex<u32>,
    pub(crate) tally: Mutex<std::collections::BTreeMap<String, u64>>,
}

pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

struct Simulated(SimCluster);

impl Connector for Simulated {
    fn connect(
        &self,
        _cluster: &str,
        _config: &ClusterConfig,
        principal: Option<(&str, &PrincipalConfig)>,
    ) -> Result<Arc<dyn Broker>> {
        Ok(self.0.broker(principal.map_or("nobody", |(name, _)| name)))
    }
}

pub(crate) fn probe_on(sim: &SimCluster) -> Result<Probe> {
    let mut config = Config::default();
    for principal in PRINCIPALS {
        config.principals.insert(principal.to_owned(), PrincipalConfig::default());
    }
    let connector = Arc::new(Simulated(sim.clone()));
    Probe::builder().config(config).connector(connector).runtime(Runtime::current()).build()
}

impl Stage {
    /// Sets the stage; with a trace, which takes time, of everything that happens.
    pub(crate) fn new(seed: u64, plan: Plan, traced: bool) -> Result<Arc<Self>> {
        let sim = SimCluster::new(seed, plan.faults.clone());
        if traced {
            sim.record_trace();
        }
        let probe = probe_on(&sim)?;
        Ok(Arc::new(Self {
            sim,
            probe,
            plan: Arc::new(plan),
            began: Instant::now(),
            traced,
            trace: Mutex::default(),
            violations: Mutex::default(),
            history: Mutex::default(),
            serials: Mutex::default(),
            tally: Mutex::default(),
        }))
    }

    pub(crate) fn note(&self, line: fmt::Arguments<'_>) {
        if !self.traced {
            return;
        }
        let at = self.began.elapsed().as_millis();
        lock(&self.trace).push(format!("{at} {line}"));
    }

    pub(crate) fn violate(&self, rule: &str, line: fmt::Arguments<'_>) {
        self.note(format_args!("VIOLATION [{rule}] {line}"));
        lock(&self.violations).push(format!("[{rule}] {line}"));
    }

    pub(crate) fn violations(&self) -> Vec<String> {
        lock(&self.violations).clone()
    }

    /// Takes violations back that turned out to be none, all but the first ones.
    pub(crate) fn forgive(&self, first: usize) {
        lock(&self.violations).truncate(first);
    }

    pub(crate) fn count(&self, what: &str) {
        *lock(&self.tally).entry(what.to_owned()).or_default() += 1;
    }

    /// Returns what happened, the cluster's lines among the actors', in the order of time.
    pub(crate) fn trace(&self) -> Vec<String> {
        let mut lines: Vec<(u64, u8, String)> = Vec::new();
        let at = |line: &str| line.split(' ').next().and_then(|at| at.parse().ok()).unwrap_or(0);
        lines.extend(self.sim.trace().lines().map(|line| (at(line), 0, format!("    {line}"))));
        lines.extend(lock(&self.trace).iter().map(|line| (at(line), 1, line.clone())));
        lines.sort_by_key(|(at, kind, _)| (*at, *kind));
        lines.into_iter().map(|(_, _, line)| line).collect()
    }

    pub(crate) fn serial(&self) -> u32 {
        let mut serials = lock(&self.serials);
        *serials += 1;
        *serials
    }

    pub(crate) fn trouble(&self, trouble: Trouble) {
        self.note(format_args!("world: {trouble:?}"));
        lock(&self.history).push((Instant::now(), trouble));
    }

    /// Returns whether something of this kind happened at `since` or later.
    pub(crate) fn happened(&self, since: Instant, is: impl Fn(&Trouble) -> bool) -> bool {
        lock(&self.history).iter().any(|(at, trouble)| *at >= since && is(trouble))
    }

    /// Returns whether records of a topic may have been lost to a reader that came at `since`. What
    /// happened a moment before counts, since a reader may have to be told yet.
    pub(crate) fn losses(&self, topic: &str, since: Instant) -> bool {
        let patience = if self.plan.weather == Weather::Wild { 5_000 } else { 1_500 };
        let since = since.checked_sub(Duration::from_millis(patience)).unwrap_or(since);
        self.happened(since, |trouble| match trouble {
            Trouble::Deleted { topic: of }
            | Trouble::Truncated { topic: of, .. }
            | Trouble::TopicGone { topic: of } => of == topic,
            _ => false,
        })
    }

    pub(crate) fn truncated(&self, topic: &str, partition: i32) -> bool {
        let is = |trouble: &Trouble| matches!(trouble, Trouble::Truncated { topic: of, partition: p } if of == topic && *p == partition);
        self.happened(self.began, is)
    }
}
