//! What a schema refers to: followed, shared, bounded, and sent.

use std::sync::Arc;

use serde_json::{Value, json};
use test_probe_formats::{Reference, SchemaSource, SchemaType};

use super::script::{Reaction, Script, plain, within};
use crate::error::ErrorCode;

fn stored(text: &str, references: &[(&str, i32)]) -> Reaction {
    let references: Vec<Value> = references
        .iter()
        .map(|(subject, version)| {
            json!({"name": format!("{subject}.proto"), "subject": subject, "version": version})
        })
        .collect();
    let body = json!({
        "subject": "s", "id": 1, "version": 1, "schemaType": "PROTOBUF", "schema": text, "references": references,
    });
    Reaction::Answer(200, body)
}

fn of(line: &str, subject: &str) -> bool {
    line.contains(&format!("/subjects/{subject}/"))
}

#[tokio::test(start_paused = true)]
async fn references_are_followed_to_their_ends_and_each_is_asked_once() {
    let script = Script::new(|seen| match seen.line.as_str() {
        line if of(line, "s") => stored("top", &[("a", 1), ("b", 2)]),
        line if of(line, "a") => stored("a", &[("c", 3)]),
        line if of(line, "b") => stored("b", &[("c", 3)]),
        _ => stored("c", &[]),
    });
    let registry = plain(&script);
    let found = registry.latest("s", within(9)).await.unwrap();
    let names: Vec<_> = found.source.references.iter().map(|reference| &*reference.name).collect();
    assert_eq!(names, ["a.proto", "b.proto"]);
    let below = |index: usize| &found.source.references[index].source.references[0].source;
    assert!(Arc::ptr_eq(below(0), below(1)));
    assert_eq!(below(0).text, "c");
    assert_eq!(script.seen().len(), 4);
    assert_eq!(script.lines()[1], "GET http://a/subjects/a/versions/1?deleted=true");
    registry.latest("s", within(9)).await.unwrap();
    assert_eq!(script.seen().len(), 5);
}

#[tokio::test(start_paused = true)]
async fn a_reference_that_leads_back_to_itself_is_a_fault() {
    let script = Script::new(|seen| match seen.line.as_str() {
        line if of(line, "a") => stored("a", &[("b", 1)]),
        _ => stored("b", &[("a", 1)]),
    });
    let error = plain(&script).latest("s", within(9)).await.unwrap_err();
    assert_eq!(error.code(), ErrorCode::DecodeFailed);
    assert!(error.message().ends_with("led back to itself"), "{error}");
}

#[tokio::test(start_paused = true)]
async fn references_have_bounds_in_depth_and_number() {
    let mut next = 0;
    let script = Script::new(move |_| {
        next += 1;
        stored("x", &[(&format!("r{next}"), 1)])
    });
    let error = plain(&script).latest("s", within(9)).await.unwrap_err();
    assert!(error.message().ends_with("was more than 64 references deep"), "{error}");
    let names: Vec<String> = (0..1_001).map(|number| format!("r{number}")).collect();
    let script = Script::new(move |seen| {
        let all: Vec<(&str, i32)> = names.iter().map(|name| (name.as_str(), 1)).collect();
        if of(&seen.line, "s") { stored("top", &all) } else { stored("x", &[]) }
    });
    let error = plain(&script).latest("s", within(99)).await.unwrap_err();
    assert!(error.message().ends_with("was one of more than 1000"), "{error}");
}

fn source() -> SchemaSource {
    let below = Arc::new(SchemaSource::new(SchemaType::Protobuf, "below"));
    let mut source = SchemaSource::new(SchemaType::Protobuf, "top");
    source.references.push(Reference { name: "x/below.proto".to_owned(), source: below, at: None });
    source
}

#[tokio::test(start_paused = true)]
async fn what_a_schema_refers_to_is_registered_first_under_its_own_name() {
    let script = Script::new(|seen| match seen.line.as_str() {
        "GET http://a/subjects/s/versions/latest" => Reaction::Answer(404, json!({"error_code": 40401})),
        "POST http://a/subjects/x%2Fbelow.proto?normalize=true" => {
            Reaction::Answer(200, json!({"id": 7, "version": 3, "schema": "below", "schemaType": "PROTOBUF"}))
        }
        _ => Reaction::Answer(200, json!({"id": 8})),
    });
    let found = plain(&script).register("s", &source(), true, within(9)).await.unwrap();
    assert_eq!((found.id, found.version, found.source), (8, None, source()));
    let lines = [
        "GET http://a/subjects/s/versions/latest",
        "POST http://a/subjects/x%2Fbelow.proto/versions?normalize=true",
        "POST http://a/subjects/x%2Fbelow.proto?normalize=true",
        "POST http://a/subjects/s/versions?normalize=true",
    ];
    assert_eq!(script.lines(), lines);
    let sent: Value = serde_json::from_str(&script.seen()[3].body).unwrap();
    let expected = json!([{"name": "x/below.proto", "subject": "x/below.proto", "version": 3}]);
    assert_eq!(sent["references"], expected);
}

#[tokio::test(start_paused = true)]
async fn a_reference_stays_under_the_subject_where_the_latest_version_has_it() {
    let script = Script::new(|seen| match seen.line.as_str() {
        "GET http://a/subjects/s/versions/latest" => {
            let references = json!([{"name": "x/below.proto", "subject": "elsewhere", "version": 4}]);
            Reaction::Answer(
                200,
                json!({"id": 1, "version": 1, "schema": "old", "schemaType": "PROTOBUF", "references": references}),
            )
        }
        line if of(line, "elsewhere") => stored("below", &[]),
        _ => Reaction::Answer(200, json!({"id": 8, "version": 2, "schema": "top", "schemaType": "PROTOBUF"})),
    });
    plain(&script).look_up("s", &source(), false, within(9)).await.unwrap();
    let sent: Value = serde_json::from_str(&script.seen()[2].body).unwrap();
    assert_eq!(sent["references"][0]["subject"], "elsewhere");
    assert_eq!(script.seen()[2].line, "POST http://a/subjects/s");
}
