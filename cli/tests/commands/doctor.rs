//! `test-probe doctor`.

use std::time::{Duration, Instant};

use serde_json::Value;

use crate::support::{Place, done};

/// What a document says of one check.
#[track_caller]
fn status<'a>(document: &'a Value, check: &str, subject: &str) -> &'a str {
    let checks = document["checks"].as_array().expect("checks");
    let found = checks.iter().find(|found| found["check"] == check && found["subject"] == subject);
    found
        .and_then(|found| found["status"].as_str())
        .unwrap_or_else(|| panic!("no {check} of {subject} in {document:#}"))
}

#[test]
fn all_is_well_on_an_embedded_cluster() {
    let text = Place::new().run(&["doctor", "--embedded"]).ends(0);
    for part in [
        "configuration\n  ok    layers: defaults, no file, no environment variable, options\n",
        "connection\n  ok    cluster `default`: connected in ",
        "round trip\n  ok    `test-probe-doctor`: an event was acknowledged after ",
        "all is well: 4 ok, 0 warn, 0 fail, 0 skip\n",
    ] {
        assert!(text.out.contains(part), "no {part:?} in {text:#?}");
    }
    assert_eq!(text.err, "");
}

#[test]
fn a_cluster_its_topics_and_a_round_trip_are_looked_at() {
    let place = Place::with_topics(&["orders:3"]);
    let file = place.file(
        "topics.yaml",
        "- {topic: orders, role: both}\n- {topic: made, role: producer, create: {partitions: 2}}\n\
         - {topic: later, role: consumer, missing: wait}\n",
    );
    let done = place.run(&["doctor", "--topics", &file, "--topic", "orders", "--format", "json"]).ends(0);
    assert_eq!(done.err, "");
    let document = done.json();
    assert_eq!(document["ok"], true);
    assert_eq!(status(&document, "connection", "cluster `default`"), "ok");
    assert_eq!(status(&document, "topics", "`orders`"), "ok");
    assert_eq!(status(&document, "topics", "`made`"), "warn");
    assert_eq!(status(&document, "topics", "`later`"), "warn");
    assert_eq!(status(&document, "round trip", "`orders`"), "ok");
    assert!(
        document["checks"]
            .as_array()
            .expect("checks")
            .iter()
            .any(|check| check["figures"]["backMs"].is_f64())
    );
    // It created nothing.
    place.run(&["tail", "-t", "made", "-n", "1"]).ends(4);
}

#[test]
fn a_topic_that_is_not_there_ends_with_4_and_a_remedy() {
    let place = Place::with_topics(&[]);
    let text = place.run(&["doctor", "--topic", "orders"]).ends(4);
    assert!(text.out.contains("  fail  `orders`: does not exist\n        remedy: create it"), "{text:#?}");
    assert!(text.out.contains("not everything is well: "), "{text:#?}");
}

#[test]
fn a_cluster_that_does_not_answer_ends_with_4_in_bounded_time() {
    let place = Place::new();
    let began = Instant::now();
    let mut command = place.command(&["doctor", "-b", "127.0.0.1:1", "-t", "orders", "--format", "json"]);
    command.env("TEST_PROBE__DSL__ASK_TIMEOUT", "300ms");
    let document = done(command, "").ends(4).json();
    assert!(began.elapsed() < Duration::from_secs(30), "it took {:?}", began.elapsed());
    assert_eq!(document["ok"], false);
    assert_eq!(status(&document, "connection", "cluster `default` at 127.0.0.1:1"), "fail");
    assert_eq!(status(&document, "topics", "`orders`"), "skip");
    let connection =
        document["checks"].as_array().expect("checks").iter().find(|check| check["check"] == "connection");
    let remedy = connection.and_then(|check| check["remedy"].as_str()).expect("a remedy");
    assert!(remedy.contains("--bootstrap-servers"), "{remedy}");
}

#[test]
fn a_wrong_configuration_ends_with_2_and_names_the_place() {
    let place = Place::new();
    place.file("test-probe.yaml", "kafka:\n  bootstrap-server: h:1\n");
    let text = place.run(&["doctor"]).ends(2);
    assert!(text.out.contains("layers: defaults, file test-probe.yaml, "), "{text:#?}");
    assert!(text.out.contains("  fail  test-probe.yaml:2:3: unknown key `bootstrap-server`"), "{text:#?}");
    assert!(text.out.contains("        remedy: did you mean `bootstrap-servers`?"), "{text:#?}");
}

#[test]
fn the_schemas_of_the_topics_are_looked_at_and_each_is_said() {
    let place = Place::with_topics(&["orders"]);
    place.file("test-probe.yaml", "kafka: {schema-registry-url: 'mock://doctor'}\n");
    let missing = place.file("missing.yaml", "[{topic: orders, role: both, format: avro}]");
    let document = place.run(&["doctor", "schemas", "--topics", &missing, "--format", "json"]).ends(4).json();
    assert_eq!(status(&document, "schemas", "`orders` value, registry"), "ok");
    assert_eq!(status(&document, "schemas", "`orders` value, subject"), "fail");

    let brought = place.file(
        "brought.yaml",
        "[{topic: orders, role: both, format: avro, auto.register.schemas: true, schema: '\"string\"'}]",
    );
    let document = place.run(&["doctor", "schemas", "--topics", &brought, "--format", "json"]).ends(0).json();
    assert_eq!(status(&document, "schemas", "`orders` value, sample"), "ok");

    let plain = place.file("plain.yaml", "[{topic: orders, role: both}]");
    let text = place.run(&["doctor", "schemas", "--topics", &plain]).ends(0);
    assert!(text.out.contains("no topic has a schema"), "{text:#?}");
    place.run(&["doctor", "schemas"]).ends(2);
}

#[test]
fn samples_are_tried_with_the_schemas_of_their_topic() {
    let place = Place::with_topics(&["orders"]);
    place.file("test-probe.yaml", "kafka: {schema-registry-url: 'mock://samples'}\n");
    let topic = |name: &str| {
        format!(
            "- {{topic: {name}, role: both, format: json-schema, auto.register.schemas: true, \
             schema: {{type: object, properties: {{total: {{type: integer}}}}}}}}\n"
        )
    };
    place.file("one.yaml", &topic("orders"));
    place
        .file("two.yaml", &format!("{}{}- {{topic: plain, role: both}}\n", topic("orders"), topic("others")));
    place.file("good.json", r#"{"id": "s-1", "value": {"total": 5}}"#);
    place.file("bad.json", r#"{"id": "s-2", "value": {"total": "5"}}"#);
    let run = |words: &str| {
        let words: Vec<&str> = words.split_whitespace().collect();
        place.run(&[&["doctor", "schemas"], &words[..]].concat())
    };
    let text = run("--topics one.yaml --sample good.json").ends(0).out;
    let said = "  ok    `orders` value, sample: the sample `s-1` was written in 16 bytes and read back\n";
    assert!(text.contains(said), "{text}");
    let text = run("--topics one.yaml --sample bad.json").ends(4).out;
    assert!(
        text.contains("  fail  `orders` value, sample: the sample `s-2` was not written and read back"),
        "{text}"
    );
    assert!(text.contains("at `/total`: integer was expected"), "{text}");

    let error = run("--topics two.yaml --sample good.json").ends(2).err;
    assert!(
        error.contains("2 topics have a schema\nhint: choose one with `--topic`: `orders`, `others`"),
        "{error}"
    );
    let text = run("--topics two.yaml --topic others --sample good.json").ends(0).out;
    assert!(text.contains("`others` value, sample") && !text.contains("`orders`"), "{text}");
    let error = run("--topics two.yaml --topic plain --sample good.json").ends(2).err;
    assert!(error.contains("no topic has a schema"), "{error}");
    run("--topics two.yaml --topic nobody").ends(2);
    place.run(&["doctor", "--sample", "good.json"]).ends(2);
}

#[test]
fn no_secret_is_ever_printed() {
    let place = Place::with_topics(&["orders"]);
    let config = place.file(
        "secret.yaml",
        "kafka:\n  bootstrap-servers: SERVERS\n  properties: {sasl.password: S3cret-1}\n  principals:\n    \
         svc: {protocol: SASL_PLAINTEXT, mechanism: PLAIN, username: S3cret-2, password: \"${env:MY_PASSWORD}\"}\n  \
         schema-registry: {url: 'http://h:1', auth: {basic.auth.user.info: 'u:S3cret-4'}}\n"
            .replace("SERVERS", place.servers())
            .as_str(),
    );
    let file = place.file("topics.yaml", "[{topic: orders, role: both, clientPrincipal: svc}]");
    for format in ["text", "json"] {
        for words in [
            &["doctor", "--config", &config][..],
            &["doctor", "--config", &config, "--topics", &file, "-t", "orders"],
            &["produce", "--config", &config, "--topics", &file, "--value", "1"],
            &["tail", "--config", &config, "--topics", &file, "--for", "10ms"],
            &["validate", &config],
            &["doctor", "-X", "sasl.password=S3cret-5", "-X", "no.such.property=S3cret-6"],
        ] {
            let mut command = place.command(words);
            command.args(["--format", format]).env("MY_PASSWORD", "S3cret-3");
            command.env("TEST_PROBE__DSL__ASK_TIMEOUT", "1s").env("TEST_PROBE__DSL__BLOCKING_TIMEOUT", "1s");
            let done = done(command, "");
            assert!(!done.out.contains("S3cret") && !done.err.contains("S3cret"), "{words:?}: {done:#?}");
            assert!(
                !done.out.is_empty() || !done.err.is_empty() || words[0] == "tail",
                "{words:?} said nothing"
            );
        }
    }
    let mut command = place.command(&["doctor", "--config", &config]);
    command.env("MY_PASSWORD", "S3cret-3").env_remove("KAFKA_BOOTSTRAP_SERVERS");
    let shown = done(command, "").ends(0).out;
    assert!(shown.contains("properties sasl.password (values are not shown)"), "{shown}");
    assert!(shown.contains("principal `svc` by SASL_PLAINTEXT"), "{shown}");
}

#[test]
fn a_principal_that_is_not_configured_is_warned_of() {
    let place = Place::with_topics(&["orders"]);
    let file = place.file("topics.yaml", "[{topic: orders, role: both, clientPrincipal: nobody}]");
    let text = place.run(&["doctor", "--topics", &file]).ends(0);
    assert!(text.out.contains("  warn  principal `nobody` was not configured"), "{text:#?}");
    for words in
        [&["produce", "--topics", &file, "--value", "1"][..], &["tail", "--topics", &file, "--for", "1ms"]]
    {
        let done = place.run(words).ends(0);
        assert!(done.err.starts_with("warning: principal `nobody` was not configured"), "{done:#?}");
    }
}
