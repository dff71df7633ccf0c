//! The circuit breaker as calls meet it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::Duration;

use serde_json::json;

use super::script::{Reaction, Script, open, plain, within};
use crate::config::SchemaRegistryConfig;
use crate::error::ErrorCode;

fn switched() -> (Arc<AtomicBool>, Arc<Script>) {
    let up = Arc::new(AtomicBool::new(false));
    let seen = up.clone();
    let script = Script::new(move |_| {
        let up = seen.load(Relaxed);
        if up { Reaction::Answer(200, json!([])) } else { Reaction::Broken }
    });
    (up, script)
}

#[tokio::test(start_paused = true)]
async fn after_five_failures_calls_fail_at_once_and_say_so() {
    let (_, script) = switched();
    let registry = plain(&script);
    for _ in 0..5 {
        assert_eq!(registry.subjects(within(9)).await.unwrap_err().code(), ErrorCode::RegistryUnreachable);
    }
    tokio::time::advance(Duration::from_millis(400)).await;
    let error = registry.subjects(within(9)).await.unwrap_err();
    assert_eq!(script.seen().len(), 5);
    assert_eq!(error.code(), ErrorCode::CircuitOpen);
    assert!(error.retriable());
    let message = "calls to schema registry `http://a` were suspended: circuit open, 5 failures in a row, since \
                   0.4 s, tried again in 0.6 s";
    assert_eq!(error.message(), message);
    assert_eq!(error.context()["state"], "open");
    assert_eq!(error.context()["again_in_ms"], 600.0);
    assert_eq!(registry.state()["circuit"], "open");
}

#[tokio::test(start_paused = true)]
async fn one_call_probes_when_the_pause_is_over_and_closes_the_circuit() {
    let (up, script) = switched();
    let registry = plain(&script);
    for _ in 0..5 {
        registry.subjects(within(9)).await.unwrap_err();
    }
    tokio::time::advance(Duration::from_secs(1)).await;
    registry.subjects(within(9)).await.unwrap_err();
    let error = registry.subjects(within(9)).await.unwrap_err();
    assert_eq!(error.context()["again_in_ms"], 2_000.0);
    up.store(true, Relaxed);
    tokio::time::advance(Duration::from_secs(2)).await;
    registry.subjects(within(9)).await.unwrap();
    assert_eq!(registry.state()["circuit"], "closed");
    assert_eq!(script.seen().len(), 7);
}

#[tokio::test(start_paused = true)]
async fn while_a_probe_is_under_way_nobody_else_is_let_through() {
    let mut left = 5;
    let script = Script::new(move |_| {
        left -= 1;
        let slow = Reaction::Slow(Duration::from_secs(1), Box::new(Reaction::Answer(200, json!([]))));
        if left < 0 { slow } else { Reaction::Broken }
    });
    let registry = plain(&script);
    for _ in 0..5 {
        registry.subjects(within(9)).await.unwrap_err();
    }
    tokio::time::advance(Duration::from_secs(1)).await;
    let (probe, other) = tokio::join!(registry.subjects(within(9)), registry.subjects(within(9)));
    probe.unwrap();
    let other = other.unwrap_err();
    assert_eq!((other.code(), &other.context()["state"]), (ErrorCode::CircuitOpen, &json!("half-open")));
    assert!(other.message().ends_with("being tried again now"), "{other}");
}

#[tokio::test(start_paused = true)]
async fn a_probe_whose_caller_has_gone_leaves_the_next_call_to_probe() {
    let mut left = 5;
    let script = Script::new(move |_| {
        left -= 1;
        match left {
            0.. => Reaction::Broken,
            -1 => Reaction::Silent,
            _ => Reaction::Answer(200, json!([])),
        }
    });
    let registry = plain(&script);
    for _ in 0..5 {
        registry.subjects(within(9)).await.unwrap_err();
    }
    tokio::time::advance(Duration::from_secs(1)).await;
    tokio::time::timeout(Duration::from_millis(5), registry.subjects(within(9))).await.unwrap_err();
    registry.subjects(within(9)).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_call_that_opens_the_circuit_says_what_it_saw_itself() {
    let (_, script) = switched();
    let mut config = SchemaRegistryConfig::at("http://a");
    config.max_retries = 20;
    let registry = open(&script, &config);
    let error = registry.subjects(within(60)).await.unwrap_err();
    assert_eq!(
        (error.code(), registry.state()["circuit"].as_str()),
        (ErrorCode::RegistryUnreachable, Some("open"))
    );
    assert!((5..21).contains(&script.seen().len()));
}

#[tokio::test(start_paused = true)]
async fn refusals_and_callers_without_time_do_not_open_the_circuit() {
    let script = Script::of(vec![Reaction::Answer(404, json!({}))]);
    let registry = plain(&script);
    for _ in 0..6 {
        registry.subjects(within(9)).await.unwrap_err();
    }
    assert_eq!(registry.state()["circuit"], "closed");
    let registry = plain(&Script::of(vec![Reaction::Silent]));
    for _ in 0..6 {
        registry.subjects(within(1)).await.unwrap_err();
    }
    assert_eq!(registry.state()["circuit"], "closed");
}
