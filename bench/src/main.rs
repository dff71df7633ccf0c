//! Figures that compare test-probe with the bare client in one run; ratios, not promises.
//!
//! `TEST_PROBE_TEST_KAFKA` names the cluster: `python3 tests/brokers/kafka.py run -- target/release/bench`.
//! An argument names one figure; without one all run.

#![expect(clippy::print_stdout, reason = "a bench prints its figures")]

mod bare;
mod fan_out;
mod latency;
mod measure;
mod race;
mod ready;
mod reject;

use test_probe::{Directives, Probe, Session};

/// Prints one figure.
type Figure = fn(&Bench);

/// What every figure needs.
struct Bench {
    servers: String,
    runtime: tokio::runtime::Runtime,
}

impl Bench {
    fn probe(&self) -> Probe {
        Probe::builder().bootstrap_servers(&self.servers).build().expect("a probe")
    }

    fn topic(&self, name: &str) -> String {
        format!("bench-{name}-{}", uuid::Uuid::new_v4())
    }

    /// Opens a session on a topic of one partition, which is created if it is not there.
    fn session(&self, probe: &Probe, topic: &str) -> Session {
        let yaml = format!("topics: [{{topic: {topic}, role: both, create: {{partitions: 1}}}}]");
        let directives = Directives::from_yaml(&yaml).expect("directives");
        self.runtime.block_on(probe.open_session(directives)).expect("a session")
    }
}

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    if let [_, burst, servers, topic, ids, events] = &arguments[..]
        && burst == "--burst"
    {
        let ids: Vec<String> = ids.split(',').map(str::to_owned).collect();
        return fan_out::burst(servers, topic, &ids, events.parse().expect("a number"));
    }
    let servers = std::env::var("TEST_PROBE_TEST_KAFKA").expect("TEST_PROBE_TEST_KAFKA names a cluster");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().expect("a runtime");
    let bench = Bench { servers, runtime };
    let figures: [(&str, Figure); 5] = [
        ("ready", ready::run),
        ("latency", latency::run),
        ("fan-out", fan_out::run),
        ("reject", reject::run),
        ("race", race::run),
    ];
    let wanted = arguments.get(1);
    for (name, run) in figures {
        if wanted.is_none_or(|wanted| wanted == name) {
            println!("== {name}");
            run(&bench);
        }
    }
}
