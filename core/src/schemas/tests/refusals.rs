//! What a registry refuses, as errors.

use serde_json::{Value, json};
use test_probe_formats::{SchemaSource, SchemaType};

use super::script::{Reaction, Script, plain, within};
use crate::error::{ErrorCode, ProbeError};

async fn refused(status: u16, body: Value) -> ProbeError {
    let registry = plain(&Script::of(vec![Reaction::Answer(status, body)]));
    let source = SchemaSource::new(SchemaType::Avro, "\"string\"");
    registry.register("orders-value", &source, false, within(9)).await.unwrap_err()
}

#[tokio::test(start_paused = true)]
async fn an_incompatible_schema_comes_with_what_the_registry_said() {
    let said = "Schema being registered is incompatible, {errorType:'TYPE_MISMATCH', \n description:'x'}";
    let error = refused(409, json!({"error_code": 409, "message": said})).await;
    assert_eq!(error.code(), ErrorCode::SchemaIncompatible);
    assert!(!error.retriable());
    let message = "schema registry `http://a` did not take this schema for subject `orders-value`: Schema being \
                   registered is incompatible, {errorType:'TYPE_MISMATCH', description:'x'}";
    assert_eq!(error.message(), message);
    assert_eq!(error.context()["messages"], said);
    assert_eq!(error.context()["status"], 409);
}

#[tokio::test(start_paused = true)]
async fn what_the_registry_calls_no_schema_is_incompatible_too() {
    let error = refused(422, json!({"error_code": 42201, "message": "Invalid schema"})).await;
    assert_eq!(
        (error.code(), &error.context()["error_code"]),
        (ErrorCode::SchemaIncompatible, &json!(42201))
    );
}

#[tokio::test(start_paused = true)]
async fn a_read_only_subject_and_a_missing_right_are_named() {
    let error = refused(422, json!({"error_code": 42205, "message": "in READONLY mode"})).await;
    assert_eq!(error.code(), ErrorCode::NotAuthorized);
    assert_eq!(error.hint_text(), Some("look at the mode of the subject and of the registry"));
    let error = refused(403, json!({})).await;
    assert_eq!(error.code(), ErrorCode::NotAuthorized);
    assert!(error.message().contains("with no credentials"), "{error}");
}

#[tokio::test(start_paused = true)]
async fn who_is_not_known_is_told_how_to_authenticate() {
    let error = refused(401, json!({"error_code": 401, "message": "Unauthorized"})).await;
    assert_eq!(error.code(), ErrorCode::AuthenticationFailed);
    let message = "schema registry `http://a` refused who called with no credentials: Unauthorized";
    assert_eq!(error.message(), message);
    assert!(error.hint_text().unwrap().contains("schema-registry.auth"));
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_is_no_registrys_asks_whether_the_url_is_right() {
    for (status, code) in [
        (200, ErrorCode::RegistryUnreachable),
        (404, ErrorCode::SchemaNotFound),
        (302, ErrorCode::RegistryUnreachable),
    ] {
        let error = refused(status, json!("<html>")).await;
        assert_eq!(error.code(), code, "{status}");
        assert!(error.hint_text().unwrap().contains("URL"), "{error}");
    }
    assert_eq!(refused(405, json!({})).await.code(), ErrorCode::Unsupported);
}

#[tokio::test(start_paused = true)]
async fn long_and_strange_texts_of_a_registry_stay_one_line() {
    let error = refused(409, json!({"message": "a\u{1b}[31m\nb ".repeat(9_999)})).await;
    assert!(error.message().chars().count() < 3_000);
    assert!(!error.message().contains(['\n', '\u{1b}']), "{error}");
}

#[tokio::test(start_paused = true)]
async fn subjects_are_escaped_in_paths() {
    let script = Script::of(vec![Reaction::Answer(200, json!([1]))]);
    plain(&script).versions(":.ctx:a/b", within(9)).await.unwrap();
    assert_eq!(script.lines(), ["GET http://a/subjects/%3A.ctx%3Aa%2Fb/versions"]);
}

#[tokio::test(start_paused = true)]
async fn settings_fall_back_to_those_of_the_registry() {
    let script = Script::new(|seen| match seen.line.as_str() {
        line if line.contains("/config/s") || line.contains("/mode/s") => {
            Reaction::Answer(404, json!({"error_code": 40408}))
        }
        line if line.contains("/config") => Reaction::Answer(200, json!({"compatibilityLevel": "FULL"})),
        _ => Reaction::Answer(200, json!({"mode": "READONLY"})),
    });
    let registry = plain(&script);
    assert_eq!(registry.compatibility("s", within(9)).await.unwrap(), "FULL");
    assert_eq!(registry.mode("s", within(9)).await.unwrap(), "READONLY");
}

#[tokio::test(start_paused = true)]
async fn compatibility_comes_with_the_registrys_messages() {
    let body = json!({"is_compatible": false, "messages": ["field `a` went"]});
    let script = Script::of(vec![Reaction::Answer(200, body)]);
    let source = SchemaSource::new(SchemaType::Json, "{}");
    let found = plain(&script).is_compatible("s", &source, within(9)).await.unwrap();
    assert_eq!((found.is_compatible, found.messages), (false, vec!["field `a` went".to_owned()]));
    let seen = &script.seen()[0];
    assert_eq!(seen.line, "POST http://a/compatibility/subjects/s/versions?verbose=true");
    assert_eq!(seen.body, r#"{"schema":"{}","schemaType":"JSON"}"#);
}
