//! One scenario, one failure: what the engine answers is what `tests/vectors/failures.json` says, text and facts, but
//! for times and ids. Java, Python and C++ run the same scenarios.

use std::path::Path;

use bytes::Bytes;
use regex::Regex;
use serde_json::{Value, json};
use test_probe::call::Raw;
use test_probe::operation::Operation;
use test_probe::{Directives, Probe, Session};

fn vectors() -> Value {
    serde_json::from_str(include_str!("../../tests/vectors/failures.json")).expect("JSON")
}

fn list(document: &Value) -> &[Value] {
    document.as_array().map_or(&[], Vec::as_slice)
}

async fn open(probe: &Probe, topic: &str, role: &str, keys: &Value) -> Session {
    let mut one = json!({ "topic": topic, "as": "orders", "role": role });
    one.as_object_mut().expect("an object").extend(keys.as_object().cloned().unwrap_or_default());
    let directives = Directives::from_json(&json!({ "topics": [one] })).expect("directives");
    probe.open_session(directives).await.expect("a session")
}

/// Reads an event of the vectors, whose bytes are all texts, as a call that produces it.
fn produce(event: &Value) -> Operation {
    let bytes = |value: &Value| value.as_str().map(|text| Bytes::copy_from_slice(text.as_bytes()));
    let mut call = json!({ "verb": "produce_event", "topic": "orders" });
    call.as_object_mut().expect("an object").extend(event.as_object().cloned().unwrap_or_default());
    let header = |pair: &Value| (pair[0].as_str().expect("a name").to_owned(), bytes(&pair[1]));
    let headers = list(&event["headers"]).iter().map(header).collect();
    let raw = Raw { key: bytes(&event["key"]), value: bytes(&event["raw"]), headers };
    Operation::from_document(&call.to_string(), raw).expect("a call")
}

/// Replaces what no two runs share.
fn normalised(failure: &Value, rules: &Value) -> Value {
    let mut text = failure.to_string();
    for rule in list(rules) {
        let pattern = Regex::new(rule[0].as_str().expect("a pattern")).expect("a pattern");
        text = pattern.replace_all(&text, rule[1].as_str().expect("a text")).into_owned();
    }
    let mut found: Value = serde_json::from_str(&text).expect("JSON");
    found["message"] = found["message"].as_str().expect("a text").lines().collect();
    found
}

#[tokio::test]
async fn every_failure_is_that_of_its_vector() {
    let vectors = vectors();
    let probe = Probe::embedded().expect("a probe");
    let servers =
        probe.info()["clusters"]["default"]["bootstrap_servers"].as_str().expect("servers").to_owned();
    let outside = Probe::builder().bootstrap_servers(&servers).build().expect("a probe");
    let mut ran = Vec::new();
    for (number, vector) in list(&vectors["cases"]).iter().enumerate() {
        let topic = format!("orders-{number}");
        let mut keys = vector["topic"].clone();
        keys["create"] = json!({ "partitions": 1 });
        let own = open(&probe, &topic, "both", &keys).await;
        let other = open(&outside, &topic, "producer", &json!({})).await;
        let nobody = open(&outside, &topic, "producer", &json!({ "envelope": "none" })).await;
        for given in list(&vector["given"]) {
            let by = match given["by"].as_str().expect("who") {
                "self" => &own,
                "other" => &other,
                _ => &nobody,
            };
            by.run(produce(&given["event"])).await.expect("produced");
        }
        let mut call = json!({ "topic": "orders" });
        for key in ["verb", "match", "within_ms"] {
            call[key] = vector[key].clone();
        }
        let expect = Operation::from_document(&call.to_string(), Raw::default()).expect("a call");
        let error = own.run(expect).await.expect_err("a failure");
        let found = normalised(&error.to_json(), &vectors["normalise"]);
        assert!(found == vector["failure"], "{}: {found:#}", vector["name"]);
        ran.push(json!(format!("cases/{}", vector["name"].as_str().expect("a name"))));
        for session in [own, other, nobody] {
            session.close().await.expect("closed");
        }
    }
    if let Some(folder) = std::env::var_os("TEST_PROBE_PARITY") {
        let report = json!({ "kind": "vectors", "language": "rust", "ran": { "failures.json": ran } });
        std::fs::write(Path::new(&folder).join("vectors-rust-failures.json"), report.to_string())
            .expect("a note");
    }
}
