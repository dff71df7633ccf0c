//! The schema registries that a probe brings along.

use std::io::{Read, Write};
use std::net::TcpStream;

use serde_json::{Value, json};
use test_probe::error::ErrorCode;
use test_probe::{Config, Probe};
use test_probe_embedded::registry::SchemaType;

fn probe(config: &Value) -> Probe {
    let config =
        Config::from_texts(Some(&config.to_string()), None, &Default::default()).expect("a configuration");
    Probe::builder().config(config).build().expect("a probe")
}

fn url(probe: &Probe, cluster: &str) -> Option<String> {
    probe.info()["clusters"][cluster]["schema_registry_url"].as_str().map(str::to_owned)
}

/// Asks by HTTP, as the system under test does.
fn get(url: &str, path: &str) -> std::io::Result<String> {
    let mut stream = TcpStream::connect(url.trim_start_matches("http://"))?;
    stream.write_all(format!("GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").as_bytes())?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    Ok(answer.rsplit("\r\n\r\n").next().unwrap_or_default().to_owned())
}

#[test]
fn an_embedded_cluster_has_a_registry_unless_it_names_one() {
    let probe = probe(&json!({"clusters": {
        "default": {"embedded": {}},
        "other": {"embedded": {}},
        "elsewhere": {"embedded": {}, "schema-registry": {"url": "http://registry:8081"}},
        "real": {"bootstrap-servers": "kafka:9092"},
    }}));
    let (one, other) = (url(&probe, "default").expect("a URL"), url(&probe, "other").expect("a URL"));
    assert_ne!(one, other);
    assert_eq!(get(&one, "/subjects").expect("an answer"), "[]");
    let registry = probe.embedded_registry("default").expect("a registry");
    assert_eq!(registry.url(), one);
    registry.register("orders-value", SchemaType::Avro, "\"string\"", &[]).expect("an id");
    assert_eq!(get(&one, "/subjects").expect("an answer"), "[\"orders-value\"]");
    assert_eq!(get(&other, "/subjects").expect("an answer"), "[]");
    assert_eq!(url(&probe, "elsewhere").as_deref(), Some("http://registry:8081"));
    assert_eq!(url(&probe, "real"), None);
    drop(registry);
    probe.close_blocking(None).expect("closed");
    drop(probe);
    assert!(get(&one, "/subjects").is_err(), "it ended with the probe");
}

#[test]
fn probes_of_one_scope_share_a_registry_that_ends_with_the_last() {
    let config = |scope: &str| json!({"kafka": {"bootstrap-servers": "kafka:9092", "schema-registry": {"url": format!("mock://{scope}")}}});
    let (first, second) = (probe(&config("orders")), probe(&config("orders")));
    let shared = url(&first, "default").expect("a URL");
    assert!(shared.starts_with("http://127.0.0.1:"), "{shared}");
    assert_eq!(url(&second, "default").as_deref(), Some(shared.as_str()));
    assert_ne!(url(&probe(&config("payments")), "default"), Some(shared.clone()));
    let registry = first.embedded_registry("default").expect("a registry");
    registry.register("a", SchemaType::Avro, "\"string\"", &[]).expect("an id");
    drop(registry);
    first.close_blocking(None).expect("closed");
    drop(first);
    assert_eq!(get(&shared, "/subjects").expect("an answer"), "[\"a\"]");
    second.close_blocking(None).expect("closed");
    drop(second);
    assert!(get(&shared, "/subjects").is_err(), "it ended with the last probe");
    let third = probe(&config("orders"));
    let later = url(&third, "default").expect("a URL");
    assert_eq!(get(&later, "/subjects").expect("an answer"), "[]", "the state ended with it");
}

#[test]
fn the_registry_of_a_cluster_fails_on_purpose() {
    let probe = Probe::embedded().expect("a probe");
    let url = url(&probe, "default").expect("a URL");
    let control = |command: Value| probe.embedded_control("default", &command);
    control(json!({"do": "inject", "registry": {"times": 1, "then": {"status": 503}}})).expect("a fault");
    assert!(get(&url, "/subjects").expect("an answer").contains("503"));
    assert_eq!(get(&url, "/subjects").expect("an answer"), "[]");
    let told = control(json!({"do": "requests", "registry": {}})).expect("requests");
    let statuses: Vec<&Value> =
        told["requests"].as_array().expect("a list").iter().map(|one| &one["status"]).collect();
    assert_eq!(statuses, [503, 200]);
    let error = control(json!({"do": "requests", "registry": {"topic": "x"}})).expect_err("an error");
    assert_eq!(error.code(), ErrorCode::InvalidArgument);
}

#[test]
fn a_registry_elsewhere_cannot_be_told_to_fail() {
    let probe = probe(&json!({"kafka": {"embedded": {}, "schema-registry-url": "http://registry:8081"}}));
    let error =
        probe.embedded_control("default", &json!({"do": "faults", "registry": {}})).expect_err("an error");
    assert_eq!(error.code(), ErrorCode::UnknownCluster);
    assert!(
        error.to_string().contains("the schema registry of cluster `default` was not embedded"),
        "{error}"
    );
}
