//! The embedded schema registry over HTTP, as clients of any language reach it.

mod client;

use std::net::TcpStream;
use std::time::{Duration, Instant};

use client::{Client, V1};
use serde_json::{Value, json};
use test_probe_embedded::registry::{Action, EmbeddedRegistry, RegistryFault, RegistryOptions, SchemaType};

const USER: &str = r#"{"type":"record","name":"User","fields":[{"name":"id","type":"long"}]}"#;

fn started() -> EmbeddedRegistry {
    EmbeddedRegistry::start(RegistryOptions::default()).expect("a registry")
}

fn user() -> Value {
    json!({"schema": USER})
}

#[test]
fn it_answers_requests_on_one_connection_after_another() {
    let registry = started();
    let mut client = Client::connect(&registry.url());
    let registered = client.post("/subjects/orders-value/versions", &user());
    assert_eq!((registered.status, registered.content_type.as_str()), (200, V1));
    assert_eq!(registered.body["id"], 1);
    assert_eq!(client.get("/schemas/ids/1").body["schema"], USER);
    let unknown = client.get("/schemas/ids/2");
    assert_eq!((unknown.status, unknown.content_type.as_str()), (404, V1));
    assert_eq!(unknown.body, json!({"error_code": 40403, "message": "Schema 2 not found"}));
    assert_eq!(client.get("/subjects/orders-value/versions/1/schema").body["name"], "User");
}

#[test]
fn what_rust_registers_clients_see() {
    let registry = started();
    assert_eq!(registry.register("a/b", SchemaType::Avro, USER, &[]), Ok(1));
    let error = registry.register("a/b", SchemaType::Avro, "\"long\"", &[]).expect_err("an error");
    assert_eq!(error.code, 40901, "{error}");
    let mut client = Client::connect(&registry.url());
    assert_eq!(client.get("/subjects/a%2Fb/versions/latest").body["id"], 1);
}

#[test]
fn types_of_content_are_negotiated_as_http_has_it() {
    let registry = started();
    let mut client = Client::connect(&registry.url());
    let weighted = "application/vnd.schemaregistry.v1+json, application/vnd.schemaregistry+json; q=0.9, \
                    application/json; q=0.5";
    let cases = [
        ("*/*", 200, V1),
        (weighted, 200, V1),
        ("application/*", 200, V1),
        ("application/json", 200, "application/json"),
        ("text/html, application/json;q=0.1", 200, "application/json"),
        ("application/vnd.schemaregistry+json", 200, "application/vnd.schemaregistry+json"),
        ("text/html", 406, V1),
    ];
    for (accept, status, content_type) in cases {
        let response = client.ask("GET", "/subjects", &[("Accept", accept)], "").expect("an answer");
        assert_eq!((response.status, response.content_type.as_str()), (status, content_type), "{accept}");
    }
    let body = user().to_string();
    let types = [
        (V1, 200),
        ("application/json; charset=utf-8", 200),
        ("application/octet-stream", 200),
        ("text/plain", 415),
    ];
    for (content_type, status) in types {
        let path = "/subjects/a/versions";
        let response = client.ask("POST", path, &[("Content-Type", content_type)], &body).expect("an answer");
        assert_eq!(response.status, status, "{content_type}");
    }
    assert_eq!(client.ask("POST", "/subjects/a/versions", &[], &body).expect("an answer").status, 200);
}

#[test]
fn a_body_that_is_too_large_or_no_json_is_refused() {
    let registry = started();
    let mut client = Client::connect(&registry.url());
    let path = "/subjects/a/versions";
    let refused = client.ask("POST", path, &[("Content-Type", V1)], "{\"schema\"").expect("an answer");
    assert_eq!((refused.status, &refused.body["error_code"]), (400, &json!(400)));
    let large = json!({"schema": "x".repeat(6 * 1024 * 1024)}).to_string();
    // It may close the connection before all of it was sent.
    if let Ok(refused) = Client::connect(&registry.url()).ask("POST", path, &[("Content-Type", V1)], &large) {
        assert_eq!(refused.status, 413);
    }
    assert_eq!(client.get("/subjects").body, json!([]));
}

#[test]
fn a_hundred_clients_at_once_get_one_id() {
    let registry = started();
    let url = registry.url();
    let ids: Vec<Value> = std::thread::scope(|scope| {
        let clients: Vec<_> = (0..100)
            .map(|_| {
                scope.spawn(|| Client::connect(&url).post("/subjects/a/versions", &user()).body["id"].clone())
            })
            .collect();
        clients.into_iter().map(|client| client.join().expect("an id")).collect()
    });
    assert_eq!(ids, vec![json!(1); 100]);
    assert_eq!(Client::connect(&url).get("/subjects/a/versions").body, json!([1]));
}

#[test]
fn stopping_with_connections_open_leaves_nobody_waiting() {
    let registry = started();
    let url = registry.url();
    let mut idle = Client::connect(&url);
    assert_eq!(idle.get("/").status, 200);
    let never_said_anything = TcpStream::connect(url.trim_start_matches("http://")).expect("a connection");
    registry.inject(RegistryFault::new(Action::Silence));
    let waiting = std::thread::spawn(move || {
        let mut client = Client::connect(&url);
        client.ask("GET", "/subjects", &[], "").map(|response| response.status)
    });
    while registry.requests().len() < 2 {
        std::thread::yield_now();
    }
    let began = Instant::now();
    drop(registry);
    assert!(began.elapsed() < Duration::from_secs(5), "it took {:?}", began.elapsed());
    assert!(waiting.join().expect("it ends").is_err());
    assert!(idle.ask("GET", "/", &[], "").is_err());
    drop(never_said_anything);
}

#[test]
fn faults_strike_requests_and_are_told_with_them() {
    let registry = started();
    let mut client = Client::connect(&registry.url());
    let control = |command: Value| registry.control(&command).expect("an answer");
    let fault = json!({"method": "GET", "path": "/subjects", "times": 1, "then": {"status": 429}});
    assert_eq!(control(json!({"do": "inject", "registry": fault})), json!({"id": 1}));
    let refused = client.get("/subjects");
    let expected = json!({"error_code": 429, "message": "HTTP 429 Too Many Requests"});
    assert_eq!((refused.status, refused.body), (429, expected));
    assert_eq!(client.get("/subjects").status, 200);
    control(json!({"do": "inject", "registry": {"then": {"delay-ms": 30}, "times": 1}}));
    let began = Instant::now();
    client.get("/subjects");
    assert!(began.elapsed() >= Duration::from_millis(30));
    control(json!({"do": "inject", "registry": {"method": "POST", "then": "disconnect"}}));
    let cut = client.ask("POST", "/subjects/a/versions", &[("Content-Type", V1)], &user().to_string());
    assert!(cut.is_err(), "{cut:?}");
    let told = control(json!({"do": "requests", "registry": {"method": "POST"}}));
    let told = told["requests"].as_array().expect("a list");
    assert_eq!(told.len(), 1);
    assert_eq!((&told[0]["path"], &told[0]["status"]), (&json!("/subjects/a/versions"), &Value::Null));
    assert_eq!(told[0]["faulted"], true);
    assert_eq!(control(json!({"do": "clear", "registry": {"id": 3}})), json!({"cleared": true}));
    assert_eq!(registry.register("a", SchemaType::Avro, USER, &[]), Ok(1), "the cut request changed nothing");
    control(json!({"do": "forget-requests", "registry": {}}));
    assert_eq!(control(json!({"do": "requests", "registry": {}})), json!({"requests": []}));
}

#[test]
fn a_fault_is_told_as_it_was_injected_and_a_wrong_one_is_refused_with_its_place() {
    let registry = started();
    let faults = [
        json!({"method": "POST", "path": "/subjects", "times": 2, "after": 1, "then": {"status": 503}}),
        json!({"then": {"delay-ms": 50}}),
        json!({"then": "disconnect"}),
        json!({"then": "silence"}),
    ];
    for fault in &faults {
        registry.control(&json!({"do": "inject", "registry": fault})).expect("a fault");
    }
    let told = registry.control(&json!({"do": "faults", "registry": {}})).expect("faults");
    let told: Vec<&Value> =
        told["faults"].as_array().expect("a list").iter().map(|one| &one["fault"]).collect();
    assert_eq!(told, faults.iter().collect::<Vec<_>>());
    registry.control(&json!({"do": "clear", "registry": {}})).expect("cleared");
    assert!(registry.faults().is_empty());
    let wrong = [
        (json!({"do": "stop-broker", "registry": {}}), "`do` was `stop-broker`, which is not one of"),
        (json!({"do": "inject", "registry": {}}), "`registry.then` was missing"),
        (json!({"do": "inject", "registry": {"then": {"status": 200}}}), "`registry.then.status` was `200`"),
        (json!({"do": "inject", "registry": {"then": "explode"}}), "`registry.then` was `\"explode\"`"),
        (json!({"do": "inject", "registry": {"api": "x", "then": "silence"}}), "`registry.api` is not known"),
        (json!({"do": "requests", "registry": {"method": "LOOK"}}), "`registry.method` was `\"LOOK\"`"),
    ];
    for (command, expected) in wrong {
        let error = registry.control(&command).expect_err("an error").to_string();
        assert!(error.contains(expected), "{error}");
    }
}

#[test]
fn an_address_that_is_taken_is_an_error() {
    let registry = started();
    let port = registry.url().rsplit(':').next().and_then(|port| port.parse().ok()).expect("a port");
    let error = EmbeddedRegistry::start(RegistryOptions { port, ..RegistryOptions::default() });
    assert!(error.expect_err("an error").to_string().contains("could not be listened on"));
}
