//! Retries, fail-over and deadlines.

use std::time::{Duration, SystemTime};

use serde_json::json;
use test_probe_formats::framing::SchemaId;
use tokio::time::Instant;

use super::script::{Reaction, Script, open, plain, within};
use crate::codec::{Lookup, Schemas};
use crate::config::SchemaRegistryConfig;
use crate::error::ErrorCode;

fn names() -> Reaction {
    Reaction::Answer(200, json!(["s"]))
}

#[tokio::test(start_paused = true)]
async fn a_call_is_tried_again_after_refused_connections_and_5xx_and_then_succeeds() {
    let script =
        Script::of(vec![Reaction::Broken, Reaction::Answer(503, json!({})), Reaction::Silent, names()]);
    let registry = open(&script, &SchemaRegistryConfig::at("http://a"));
    assert_eq!(registry.subjects(within(30)).await.unwrap(), ["s"]);
    let state = registry.state();
    assert_eq!((&state["calls"], &state["retries"], &state["failures"]), (&json!(4), &json!(3), &json!(3)));
    assert_eq!(state["circuit"], "closed");
}

#[tokio::test(start_paused = true)]
async fn tries_are_bounded_and_the_error_names_the_registry_and_the_last_cause() {
    let script = Script::of(vec![Reaction::Answer(503, json!({}))]);
    let registry = open(&script, &SchemaRegistryConfig::at("http://a/"));
    let error = registry.subjects(within(30)).await.unwrap_err();
    assert_eq!(script.seen().len(), 4);
    assert_eq!(error.code(), ErrorCode::RegistryUnreachable);
    assert!(error.retriable());
    assert_eq!(error.message(), "schema registry `http://a` did not answer: it answered 503");
    assert_eq!(error.context()["cluster"], "c");
}

#[tokio::test(start_paused = true)]
async fn pauses_between_tries_are_random_and_grow_no_longer_than_twice_the_last() {
    let script = Script::of(vec![Reaction::Broken]);
    let registry = open(&script, &SchemaRegistryConfig::at("http://a"));
    registry.subjects(within(30)).await.unwrap_err();
    let seen = script.seen();
    let pauses: Vec<_> = seen.windows(2).map(|pair| pair[1].at - pair[0].at).collect();
    for (pause, most) in pauses.iter().zip([101, 201, 401]) {
        assert!(*pause <= Duration::from_millis(most), "{pauses:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_registry_that_says_when_to_come_again_is_asked_then() {
    let script = Script::of(vec![Reaction::Later(429, "3".to_owned()), names()]);
    let registry = open(&script, &SchemaRegistryConfig::at("http://a"));
    registry.subjects(within(30)).await.unwrap();
    let seen = script.seen();
    assert_eq!((seen[1].at - seen[0].at).as_secs(), 3);
}

#[tokio::test(start_paused = true)]
async fn a_registry_may_say_it_as_a_date_and_with_a_503_too() {
    let at = httpdate::fmt_http_date(SystemTime::now() + Duration::from_secs(10));
    let script = Script::of(vec![Reaction::Later(503, at), names()]);
    let registry = open(&script, &SchemaRegistryConfig::at("http://a"));
    registry.subjects(within(30)).await.unwrap();
    let seen = script.seen();
    // The date has no fractions, and a second may pass on the clock of the machine, which does not stand still.
    let paused = (seen[1].at - seen[0].at).as_secs_f64();
    assert!((5.0..=10.0).contains(&paused), "{paused}");
}

#[tokio::test(start_paused = true)]
async fn what_is_fetched_in_the_background_is_fetched_when_the_registry_wants() {
    let script = Script::new(|seen| match seen.line.as_str() {
        line if line.contains("/schemas/") => Reaction::Later(429, "20".to_owned()),
        _ => names(),
    });
    let registry = plain(&script);
    let began = Instant::now();
    assert!(matches!(registry.by_id(SchemaId::Number(7)), Lookup::Awaited(_)));
    tokio::time::sleep(Duration::from_secs(65)).await;
    let asked: Vec<_> = script.seen().iter().map(|seen| (seen.at - began).as_secs()).collect();
    assert!(matches!(asked[..], [0, 20..=25, 40..=50, 60..=65] | [0, 20..=25, 40..=50]), "{asked:?}");
}

#[tokio::test(start_paused = true)]
async fn nobody_waits_past_the_deadline_for_a_registry_that_wants_more_time() {
    let script = Script::of(vec![Reaction::Later(429, "60".to_owned()), names()]);
    let registry = open(&script, &SchemaRegistryConfig::at("http://a"));
    let began = Instant::now();
    let error = registry.subjects(within(5)).await.unwrap_err();
    assert_eq!((error.code(), script.seen().len()), (ErrorCode::RegistryUnreachable, 1));
    assert_eq!((&error.context()["status"], &error.context()["again_in_ms"]), (&json!(429), &json!(60_000)));
    assert!(began.elapsed() < Duration::from_secs(1));
}

#[tokio::test(start_paused = true)]
async fn a_silent_registry_is_given_the_request_timeout_and_no_more_than_the_deadline() {
    let script = Script::of(vec![Reaction::Silent]);
    let registry = plain(&script);
    let began = Instant::now();
    let error = registry.subjects(within(30)).await.unwrap_err();
    assert_eq!(began.elapsed().as_secs(), 2);
    assert!(error.message().ends_with("no answer within 2000 ms"), "{error}");
    let began = Instant::now();
    let error = registry.subjects(within(1)).await.unwrap_err();
    assert_eq!((began.elapsed().as_secs(), error.code()), (1, ErrorCode::RegistryUnreachable));
    assert!(error.message().ends_with("the time was over"), "{error}");
}

#[tokio::test(start_paused = true)]
async fn the_next_url_is_asked_when_one_does_not_answer_and_the_good_one_is_remembered() {
    let script = Script::new(|seen| match seen.line.as_str() {
        line if line.contains("//a/") => Reaction::Broken,
        line if line.contains("//b/") => Reaction::Answer(500, json!({})),
        _ => names(),
    });
    let config = SchemaRegistryConfig::at("http://a, http://b,http://c/x");
    let registry = open(&script, &config);
    registry.subjects(within(30)).await.unwrap();
    registry.subjects(within(30)).await.unwrap();
    let lines = [
        "GET http://a/subjects",
        "GET http://b/subjects",
        "GET http://c/x/subjects",
        "GET http://c/x/subjects",
    ];
    assert_eq!(script.lines(), lines);
    assert_eq!(registry.state()["url"], "http://a, http://b, http://c/x");
}

#[tokio::test(start_paused = true)]
async fn when_no_url_answers_each_says_why() {
    let script =
        Script::new(|seen| if seen.line.contains("//a/") { Reaction::Broken } else { Reaction::Silent });
    let mut config = SchemaRegistryConfig::at("http://a,http://b");
    config.max_retries = 0;
    let error = open(&script, &config).subjects(within(30)).await.unwrap_err();
    let message = "schema registry `http://a, http://b` did not answer: `http://a`: connection refused; \
                   `http://b`: no answer within 2000 ms";
    assert_eq!(error.message(), message);
}

#[tokio::test(start_paused = true)]
async fn what_the_registry_refuses_is_neither_tried_again_nor_asked_elsewhere() {
    let script = Script::of(vec![Reaction::Answer(409, json!({}))]);
    let registry = open(&script, &SchemaRegistryConfig::at("http://a,http://b"));
    registry.subjects(within(30)).await.unwrap_err();
    assert_eq!(script.seen().len(), 1);
    assert_eq!(registry.state()["failures"], 0);
}

#[tokio::test(start_paused = true)]
async fn a_slow_call_does_not_hold_up_another_one() {
    let script = Script::new(|seen| {
        let slow = seen.line.contains("slow");
        if slow { Reaction::Silent } else { Reaction::Answer(200, json!([1])) }
    });
    let registry = plain(&script);
    let began = Instant::now();
    let slow = registry.versions("slow", within(30));
    let quick = async {
        let found = registry.versions("quick", within(30)).await.unwrap();
        (found, began.elapsed())
    };
    let (slow, (found, took)) = tokio::join!(slow, quick);
    assert!(slow.is_err());
    assert_eq!((found, took), (vec![1], Duration::ZERO));
}
