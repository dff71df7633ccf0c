//! The vectors that every language runs, and what only Rust can see.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::{Value, json};

use super::*;
use crate::directive::Location;
use crate::error::ErrorCode;
use crate::parity::Ran;

const VECTORS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/vectors/config.json");
const SCHEMA: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../schemas/config.schema.json");

fn vars(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

/// Returns the first of these values at JSON pointers that a document does not have, null for nothing.
fn missing(expected: &Value, document: &Value) -> Option<String> {
    let wrong = expected
        .as_object()?
        .iter()
        .find(|(at, value)| document.pointer(at).unwrap_or(&Value::Null) != *value);
    wrong.map(|(at, value)| format!("{at} is not {value} in {document:#}"))
}

/// Returns what is wrong with the documents of a configuration: the one with secrets, and the one that people see.
fn wrong_documents(config: &Config, vector: &Value) -> Option<String> {
    let (whole, seen) = (summary::whole(config), config.to_json());
    let again = Config::from_texts(Some(&whole.to_string().replace("${", "$${")), None, &BTreeMap::new());
    if again.as_ref() != Ok(config) {
        return Some(format!("its document says {again:?}"));
    }
    let hidden = vector["secrets"].as_object().into_iter().flatten().find(|(at, secret)| {
        let names_only =
            |shown: &Value| shown.as_object().is_some_and(|all| all.values().all(|one| one == "***"));
        let shown = seen.pointer(at).unwrap_or(&Value::Null);
        let is_hidden = if secret.is_object() { names_only(shown) } else { shown == "***" };
        !is_hidden
    });
    let shown = hidden.map(|(at, _)| format!("{at} was shown in {seen:#}"));
    shown.or_else(|| missing(&vector["config"], &seen)).or_else(|| missing(&vector["secrets"], &whole))
}

fn check(vector: &Value) -> Option<String> {
    let vars: BTreeMap<String, String> =
        serde_json::from_value(vector.get("env").cloned().unwrap_or(json!({}))).unwrap();
    let result = Config::from_texts(vector["explicit"].as_str(), vector["file"].as_str(), &vars);
    match result {
        Ok(_) if vector["valid"] == false => Some("passed".to_owned()),
        Ok(config) => wrong_documents(&config, vector),
        Err(error) if vector["valid"] == true => Some(format!("{error:?}")),
        Err(error) => {
            let problems = error.context()["problems"].as_array().cloned().unwrap();
            let expected = vector["errors"].as_array().cloned().unwrap();
            let agrees = |(found, expected): (&Value, &Value)| {
                expected.as_object().unwrap().iter().all(|(key, value)| found[key] == *value)
            };
            let same = problems.len() == expected.len() && problems.iter().zip(&expected).all(agrees);
            let text = format!("{error:?}{}", error.to_json());
            let leaks = vector["never"].as_str().is_some_and(|secret| text.contains(secret));
            (!same || leaks).then(|| format!("leaks: {leaks}; found {problems:#?}"))
        }
    }
}

#[test]
fn every_vector_gives_the_configuration_or_the_problems_it_states() {
    let document: Value = serde_json::from_str(&std::fs::read_to_string(VECTORS).unwrap()).unwrap();
    let vectors = document["cases"].as_array().unwrap();
    assert!(vectors.len() >= 90, "only {} vectors", vectors.len());
    let mut ran = Ran::new("config.json", "cases");
    let failures: Vec<String> = vectors
        .iter()
        .inspect(|vector| ran.note(vector))
        .filter_map(|vector| check(vector).map(|text| format!("{}: {text}", vector["name"])))
        .collect();
    ran.write();
    assert!(failures.is_empty(), "{} of {}:\n{}", failures.len(), vectors.len(), failures.join("\n"));
}

#[test]
fn nothing_set_means_the_defaults() {
    assert_eq!(Config::from_texts(None, None, &BTreeMap::new()).unwrap(), Config::default());
    assert_eq!(
        Config::from_texts(Some("{}"), Some("# nothing\n"), &BTreeMap::new()).unwrap(),
        Config::default()
    );
}

#[test]
fn a_named_file_is_read_and_its_references_start_beside_it() {
    let directory = std::env::temp_dir().join(format!("test-probe-config-{}", std::process::id()));
    std::fs::create_dir_all(&directory).unwrap();
    let file = directory.join("probe.yaml");
    std::fs::write(directory.join("secret.txt"), "hunter2\n").unwrap();
    let text = "test-probe: {principals: {me: {protocol: SASL_SSL, mechanism: plain, username: u, \
                password: '${file:secret.txt}'}}}";
    std::fs::write(&file, text).unwrap();
    let loaded = Config::load(None, Some(&file), &BTreeMap::new());
    let missing = Config::load(None, Some(&directory.join("none.yaml")), &BTreeMap::new());
    std::fs::remove_dir_all(&directory).unwrap();
    let config = loaded.unwrap();
    assert_eq!(config.principals["me"].password.as_ref().unwrap().expose(), "hunter2");
    assert!(!format!("{config:?}").contains("hunter2"));
    assert_eq!(missing.unwrap_err().code(), ErrorCode::InvalidConfig);
    assert_eq!(config.dsl.ask_timeout, Duration::from_secs(3));
}

#[test]
fn servers_of_a_named_cluster_are_that_cluster_and_others_inherit_from_the_default() {
    let text = "{kafka: {bootstrap-servers: 'd:1', schema-registry-url: 'http://r', properties: {debug: all}}, \
                clusters: {region2: {bootstrap-servers: 'h1:9092, H2:9092'}, sandbox: {embedded: {}}}}";
    let config = Config::from_texts(Some(text), None, &BTreeMap::new()).unwrap();
    let name = |location: &Location| config.cluster_of(location).unwrap().0;
    assert_eq!(name(&Location::Default), "default");
    assert_eq!(name(&Location::Cluster("sandbox".to_owned())), "sandbox");
    assert_eq!(name(&Location::BootstrapServers("h2:9092,h1:9092".to_owned())), "region2");
    assert_eq!(name(&Location::BootstrapServers("d:1".to_owned())), "default");
    let (name, other) = config.cluster_of(&Location::BootstrapServers("x:1".to_owned())).unwrap();
    assert_eq!((name.as_str(), other.bootstrap_servers.as_str()), ("x:1", "x:1"));
    assert_eq!(other.schema_registry, config.clusters["default"].schema_registry);
    assert_eq!(other.properties, config.clusters["default"].properties);
    let error = config.cluster_of(&Location::Cluster("regoin2".to_owned())).unwrap_err();
    assert_eq!(error.code(), ErrorCode::UnknownCluster);
    assert_eq!(error.hint_text(), Some("did you mean `region2`?"));
}

#[test]
fn problems_name_their_file_or_their_variable() {
    let env = vars(&[("TEST_PROBE__DSL__WITHIN", "soon"), ("TEST_PROBE__DSL__WITHNI", "1s")]);
    let error = Config::from_texts(None, Some("dsl:\n  ask-timeout: 3\n"), &env).unwrap_err();
    assert_eq!(
        error.message(),
        "environment variable TEST_PROBE__DSL__WITHIN: `within` was `soon`, not a duration of at most a day\n\
         environment variable TEST_PROBE__DSL__WITHNI: unknown key `withni` in `dsl`\n\
         test-probe.yaml, line 2, column 16: `ask-timeout` was `3`, not a duration of at most a day"
    );
    assert!(error.hint_text().unwrap().contains("give the unit: `3s` or `3ms`"));
}

#[test]
fn the_committed_schema_is_what_the_key_tables_say() {
    let committed = std::fs::read_to_string(SCHEMA).unwrap_or_default();
    let fresh = format!("{:#}\n", json_schema());
    assert!(committed == fresh, "schemas/config.schema.json is stale: cargo run -p xtask -- codegen");
}

#[test]
fn a_variable_names_the_file_that_is_read() {
    let file = std::env::temp_dir().join(format!("test-probe-{}.yaml", uuid::Uuid::new_v4()));
    std::fs::write(&file, "dsl: {within: 7s}").unwrap();
    let vars = vars(&[(FILE_VARIABLE, file.to_str().unwrap())]);
    let config = Config::load(None, None, &vars).unwrap();
    std::fs::remove_file(&file).unwrap();
    assert_eq!(config.dsl.within, Duration::from_secs(7));
    let error = Config::load(None, None, &vars).unwrap_err();
    assert!(error.message().contains("was not read"), "{error:?}");
}
