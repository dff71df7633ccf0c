//! What the engine promises about sharing and limits, over the simulated cluster.

use std::sync::Arc;
use std::time::Duration;

use crate::broker::Broker;
use crate::broker::simulated::{Faults, SimCluster, SimRecord};
use crate::clusters::Connector;
use crate::config::{ClusterConfig, Config, PrincipalConfig};
use crate::runtime::Runtime;
use crate::{Directives, ErrorCode, Match, Probe, Result, Session};

struct Simulated(SimCluster);

impl Connector for Simulated {
    fn connect(
        &self,
        _: &str,
        _: &ClusterConfig,
        _: Option<(&str, &PrincipalConfig)>,
    ) -> Result<Arc<dyn Broker>> {
        Ok(self.0.broker("anybody"))
    }
}

pub(super) fn probe(sim: &SimCluster, config: Config) -> Probe {
    let connector = Arc::new(Simulated(sim.clone()));
    Probe::builder().config(config).connector(connector).runtime(Runtime::current()).build().expect("a probe")
}

async fn session(probe: &Probe, topics: &[String]) -> Session {
    let topics: Vec<String> =
        topics.iter().map(|topic| format!("{{topic: {topic}, role: consumer}}")).collect();
    let yaml = format!("topics: [{}]", topics.join(", "));
    probe.open_session(Directives::from_yaml(&yaml).expect("directives")).await.expect("a session")
}

#[tokio::test(start_paused = true)]
async fn thirty_topics_and_ten_sessions_share_eight_clients() {
    let sim = SimCluster::new(1, Faults::none());
    let topics: Vec<String> = (0..30).map(|n| format!("t-{n}")).collect();
    for topic in &topics {
        sim.create_topic(topic, 2);
    }
    let probe = probe(&sim, Config::default());
    let mut sessions = Vec::new();
    for _ in 0..10 {
        sessions.push(session(&probe, &topics).await);
    }
    assert_eq!(sim.clients(), (8, 1));
    for session in &sessions {
        for topic in &topics {
            sim.append(topic, 1, SimRecord::of("{}").header("ce_testid", session.test_id().to_owned()));
            session.receive_event(topic, None).await.expect("its own event");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_full_journal_is_an_explicit_error_and_what_fits_is_still_there() {
    let sim = SimCluster::new(1, Faults::none());
    sim.create_topic("t", 1);
    let mut config = Config::default();
    config.limits.journal_events_per_session = 3;
    let probe = probe(&sim, config);
    let session = session(&probe, &["t".to_owned()]).await;
    for n in 0..5 {
        let record = SimRecord::of("{}").header("ce_testid", session.test_id().to_owned());
        sim.append("t", 0, record.header("ce_correlationid", format!("e-{n}")));
    }
    session.expect_event("t", Match::new().id("e-2"), None).await.expect("one that fits");
    let error = session.expect_event("t", Match::new().id("e-4"), None).await.expect_err("it did not fit");
    assert_eq!(error.code(), ErrorCode::Overloaded, "{error}");
    assert_eq!(session.journal("t").expect("a journal").len(), 3);
}

#[tokio::test(start_paused = true)]
async fn a_topic_that_nobody_looks_at_is_let_go_of_after_a_while() {
    let sim = SimCluster::new(1, Faults::none());
    sim.create_topic("t", 2);
    let probe = probe(&sim, Config::default());
    let first = session(&probe, &["t".to_owned()]).await;
    first.close().await.expect("closed");
    let topics = |probe: &Probe| probe.info()["topics"].as_array().map_or(0, Vec::len);
    assert_eq!(topics(&probe), 1, "it lingers for the next test");
    tokio::time::sleep(Duration::from_secs(20)).await;
    assert_eq!(topics(&probe), 0);
    let again = session(&probe, &["t".to_owned()]).await;
    sim.append("t", 0, SimRecord::of("{}").header("ce_testid", again.test_id().to_owned()));
    again.receive_event("t", None).await.expect("it is read again");
}

#[tokio::test(start_paused = true)]
async fn sessions_have_a_limit() {
    let sim = SimCluster::new(1, Faults::none());
    let mut config = Config::default();
    config.limits.sessions = 2;
    let probe = probe(&sim, config);
    let first = probe.open_session(Directives::default()).await.expect("one");
    let _second = probe.open_session(Directives::default()).await.expect("two");
    let error = probe.open_session(Directives::default()).await.err().expect("full");
    assert_eq!(error.code(), ErrorCode::Overloaded);
    drop(first);
    probe.open_session(Directives::default()).await.expect("room again");
}

#[tokio::test(start_paused = true)]
async fn an_unknown_principal_connects_by_default_and_is_reported_unless_principals_are_strict() {
    let sim = SimCluster::new(1, Faults::none());
    sim.create_topic("t", 1);
    let yaml = "topics: [{topic: t, role: consumer, clientPrincipal: nobody}]";
    let directives = || Directives::from_yaml(yaml).expect("directives");
    let lenient = probe(&sim, Config::default());
    lenient.open_session(directives()).await.expect("a session");
    let warnings = lenient.info()["warnings"].to_string();
    assert!(warnings.contains("nobody") && warnings.contains("default"), "{warnings}");
    let strict = probe(&sim, Config { strict_principals: true, ..Config::default() });
    let error = strict.open_session(directives()).await.err().expect("refused");
    assert_eq!(error.code(), ErrorCode::UnknownPrincipal);
}
