//! The vectors that every language runs, and what only Rust can see.

use serde_json::{Value, json};

use super::*;
use crate::error::{ErrorCode, ProbeError};
use crate::parity::Ran;

const VECTORS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/vectors/directives.json");
const SCHEMA: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../schemas/directive.schema.json");

/// Returns how an error differs from what a vector expects.
fn difference(error: &ProbeError, vector: &Value) -> Option<String> {
    let expected = vector["errors"].as_array().cloned().unwrap_or_default();
    let found = error.context()["problems"].as_array().cloned().unwrap_or_default();
    let agrees = |found: &Value, expected: &Value| {
        expected.as_object().is_some_and(|fields| fields.iter().all(|(key, value)| found[key] == *value))
    };
    let same = found.len() == expected.len() && found.iter().zip(&expected).all(|(f, e)| agrees(f, e));
    (!same).then(|| format!("expected {expected:#?}\nfound {found:#?}"))
}

#[test]
fn every_vector_gives_the_directives_or_the_problems_it_states() {
    let document: Value = serde_json::from_str(&std::fs::read_to_string(VECTORS).unwrap()).unwrap();
    let vectors = document["cases"].as_array().unwrap();
    assert!(vectors.len() >= 50, "only {} vectors", vectors.len());
    let mut failures = Vec::new();
    let mut ran = Ran::new("directives.json", "cases");
    for vector in vectors {
        ran.note(vector);
        let name = vector["name"].as_str().unwrap();
        match Directives::from_yaml(vector["yaml"].as_str().unwrap()) {
            Ok(_) if vector["valid"] == false => failures.push(format!("{name}: passed")),
            Ok(found) => {
                let expected = &vector["directives"];
                if !expected.is_null() && *expected != found.to_json() {
                    failures.push(format!("{name}: {:#}", found.to_json()));
                }
                assert_eq!(Directives::from_json(&found.to_json()).unwrap(), found, "{name}: round trip");
            }
            Err(error) if vector["valid"] == true => failures.push(format!("{name}: {error:?}")),
            Err(error) => failures.extend(difference(&error, vector).map(|text| format!("{name}: {text}"))),
        }
    }
    ran.write();
    assert!(failures.is_empty(), "{} of {}:\n{}", failures.len(), vectors.len(), failures.join("\n"));
}

#[test]
fn a_single_problem_is_the_message_of_the_error() {
    let error = Directives::validate("topics: [{topic: a, role: both}, {topic: a, role: both}]").unwrap_err();
    assert_eq!(error.code(), ErrorCode::DuplicateTopic);
    assert_eq!(error.message(), "Topics must be unique. Duplicates found: a");
    assert_eq!((&error.context()["line"], &error.context()["column"]), (&json!(1), &json!(42)));
    let servers = "topics: [{topic: a, role: both, bootstrapServers: invalid-format}]";
    let error = Directives::validate(servers).unwrap_err();
    assert_eq!(error.code(), ErrorCode::InvalidBootstrapServers);
    assert_eq!(
        error.message(),
        "Bootstrap servers \"invalid-format\" has invalid format. Expected: host:port or comma-separated list"
    );
}

#[test]
fn several_problems_are_told_at_once_each_with_its_place() {
    let error = Directives::validate("- {topic: a/b, role: both}\n- {topic: b, role: x}\n").unwrap_err();
    assert_eq!(error.code(), ErrorCode::InvalidDirective);
    assert_eq!(
        error.message(),
        "line 1, column 11: topic `a/b` was no legal Kafka topic name\n\
         line 2, column 20: `role` was `x`, not one of `producer`, `consumer`, `both`"
    );
    assert_eq!(error.context()["problems"].as_array().unwrap().len(), 2);
}

#[test]
fn problems_of_a_dict_carry_paths() {
    let dict = json!({"topics": [{"topic": "a", "role": "both", "create": {"partitions": "3"}}]});
    let error = Directives::from_json(&dict).unwrap_err();
    assert_eq!(error.context()["path"], "topics[0].create.partitions");
    assert_eq!(error.context()["problems"][0]["line"], Value::Null);
    assert_eq!(error.message(), "`partitions` was the text `3`, not an integer from 1 to 100000");
    let dict = json!([{"topic": "a", "role": "x"}, {"topic": "b"}]);
    let error = Directives::from_json(&dict).unwrap_err();
    assert!(error.message().starts_with("[0].role: `role` was `x`"), "{error}");
}

#[test]
fn several_values_of_one_key_are_alternatives_and_each_pair_is_its_own() {
    let text = "- topic: a\n  role: consumer\n  eventFilters:\n  - {key: EventType, value: A}\n  \
                - {eventType: P, eventVersion: 1}\n  - {key: EventType, value: B}\n  \
                - {key: 'value:/a/b', value: x}\n";
    let directives = Directives::from_yaml(text).unwrap();
    let alternatives = &directives.topics[0].event_filters.alternatives;
    assert_eq!(alternatives.len(), 2);
    assert_eq!(alternatives[0].conditions[0].any_of, ["A", "B"]);
    assert_eq!(alternatives[0].conditions[1].on, FilterOn::At(Source::ValuePointer("/a/b".to_owned())));
    assert_eq!(alternatives[1].conditions[1].any_of, ["1"]);
}

#[test]
fn the_validators_of_seed_003_stand_alone() {
    assert!(validate_uniqueness::<&str>(&[]).is_ok());
    let error = validate_uniqueness(&["b", "a", "b", "a", "c"]).unwrap_err();
    assert_eq!(error.message(), "Topics must be unique. Duplicates found: a, b");
    assert_eq!(validate_bootstrap_servers(None).unwrap(), None);
    let error = validate_bootstrap_servers(Some("user:secret@host:9092")).unwrap_err();
    assert!(!error.to_string().contains("secret"), "{error}");
}

#[test]
fn times_by_rfc_3339_are_milliseconds_and_back() {
    for (text, millis) in [
        ("1970-01-01T00:00:00Z", 0),
        ("2026-02-28T23:59:59.5Z", 1_772_323_199_500),
        ("2024-02-29T00:00:00+01:00", 1_709_161_200_000),
        ("1969-12-31T23:59:59.999Z", -1),
    ] {
        assert_eq!(start::rfc3339_millis(text), Some(millis), "{text}");
        assert_eq!(start::rfc3339_millis(&test_probe_formats::rfc3339(millis)), Some(millis), "{text}");
    }
    for text in
        ["2026-02-29T00:00:00Z", "2026-01-01", "2026-01-01T00:00:00", "2026-01-01T24:00:00Z", "yesterday"]
    {
        assert_eq!(start::rfc3339_millis(text), None, "{text}");
    }
}

#[test]
fn no_text_makes_the_reader_panic() {
    let whole =
        "topics: [{topic: a, role: both, start: {offsets: {0: 1}}, eventFilters: [{key: k, value: v}]}]";
    for end in 0..=whole.len() {
        for tail in ["", ": [", "&a [*a]", "\u{0}", "\n- ? [", "!!str {"] {
            drop(Directives::from_yaml(&format!("{}{tail}", &whole[..end])));
        }
    }
}

#[test]
fn a_flood_of_problems_or_anchors_is_cut_short() {
    let keys: String = (0..1_000).map(|index| format!("k{index}: 1\n")).collect();
    let error = Directives::from_yaml(&format!("topics: []\n{keys}")).unwrap_err();
    assert_eq!(error.context()["problems"].as_array().unwrap().len(), 100);
    assert!(error.message().ends_with("and 900 more problems"), "{}", error.message());
    let nested = format!("x: {}{}{}\n", "&a [".repeat(60), "1,".repeat(300_000), "]".repeat(60));
    let error = Directives::from_yaml(&nested).unwrap_err();
    assert_eq!(error.message(), "anchors held more than 8388608 bytes");
}

#[test]
fn the_committed_schema_is_what_the_key_tables_say() {
    let committed = std::fs::read_to_string(SCHEMA).unwrap_or_default();
    let fresh = format!("{:#}\n", json_schema());
    assert!(committed == fresh, "schemas/directive.schema.json is stale: cargo run -p xtask -- codegen");
}
