//! What to write with: how it is come by, once, and for how long it is kept.

use std::sync::Arc;
use std::time::Duration;

use serde_json::json;
use test_probe_formats::framing::SchemaId;
use test_probe_formats::{Reference, SchemaSource, SchemaType};

use super::script::{Reaction, Script, plain, within};
use crate::error::ErrorCode;
use crate::runtime::join_all;
use crate::schemas::Wanted;

const TEXT: &str = r#"{"type":"record","name":"R","fields":[{"name":"a","type":"int"}]}"#;

fn wanted() -> Wanted {
    Wanted {
        subject: "orders-value".to_owned(),
        source: Some(SchemaSource::new(SchemaType::Avro, TEXT).into()),
        version: None,
        register: false,
        use_latest: false,
        normalize: false,
    }
}

fn stored() -> Reaction {
    let guid = "00010203-0405-0607-0809-0a0b0c0d0e0f";
    let body =
        json!({"subject": "orders-value", "id": 7, "version": 2, "schema": TEXT, "guid": guid, "more": 1});
    Reaction::Answer(200, body)
}

#[tokio::test(start_paused = true)]
async fn each_wish_is_one_call_of_its_own() {
    let script = Script::of(vec![stored()]);
    let registry = plain(&script);
    let wishes = [
        wanted(),
        Wanted { normalize: true, ..wanted() },
        Wanted { register: true, ..wanted() },
        Wanted { register: true, use_latest: true, normalize: true, ..wanted() },
        Wanted { use_latest: true, ..wanted() },
        Wanted { source: None, ..wanted() },
        Wanted { version: Some(2), register: true, ..wanted() },
    ];
    for wish in &wishes {
        assert!(registry.writer_at_hand(wish).is_none());
        let writer = registry.writer(wish, within(9)).await.unwrap();
        assert_eq!((writer.id, writer.subject.as_str()), (7, "orders-value"));
        assert!(Arc::ptr_eq(&registry.writer_at_hand(wish).unwrap(), &writer));
    }
    let lines = [
        "POST http://a/subjects/orders-value",
        "POST http://a/subjects/orders-value?normalize=true",
        "POST http://a/subjects/orders-value/versions",
        "POST http://a/subjects/orders-value/versions?normalize=true",
        "GET http://a/subjects/orders-value/versions/latest",
        "GET http://a/subjects/orders-value/versions/latest",
        "GET http://a/subjects/orders-value/versions/2",
    ];
    assert_eq!(script.lines(), lines);
    let sent: serde_json::Value = serde_json::from_str(&script.seen()[0].body).unwrap();
    assert_eq!(sent, json!({"schema": TEXT}));
}

#[tokio::test(start_paused = true)]
async fn a_writer_has_the_guid_and_its_schema_is_read_without_a_call() {
    let script = Script::of(vec![stored()]);
    let registry = plain(&script);
    let writer = registry.writer(&wanted(), within(9)).await.unwrap();
    let guid: [u8; 16] = std::array::from_fn(|index| u8::try_from(index).unwrap());
    assert_eq!((writer.guid, writer.version), (Some(guid), Some(2)));
    for id in [SchemaId::Number(7), SchemaId::Guid(guid)] {
        assert!(Arc::ptr_eq(&registry.schema(id, within(9)).await.unwrap(), &writer.schema));
    }
    assert_eq!(script.seen().len(), 1);
    assert_eq!(registry.state()["cached_schemas"], 2);
}

#[tokio::test(start_paused = true)]
async fn a_hundred_sessions_and_a_hundred_schemas_make_a_hundred_calls() {
    let script = Script::new(|_| Reaction::Slow(Duration::from_millis(50), Box::new(stored())));
    let registry = plain(&script);
    let uses = (0..10_000).map(|number| {
        let registry = registry.clone();
        let wish = Wanted { subject: format!("s{}", number % 100), ..wanted() };
        async move { registry.writer(&wish, within(9)).await }
    });
    for result in join_all(uses.collect()).await {
        result.unwrap();
    }
    assert_eq!(script.seen().len(), 100);
    assert_eq!(registry.state()["calls"], 100);
}

#[tokio::test(start_paused = true)]
async fn the_latest_version_is_asked_for_again_after_its_time_and_ids_never() {
    let script = Script::of(vec![stored()]);
    let registry = plain(&script);
    let latest = Wanted { source: None, ..wanted() };
    for (wait, calls) in [(0, 1), (59, 1), (1, 2)] {
        tokio::time::advance(Duration::from_secs(wait)).await;
        assert_eq!(registry.writer_at_hand(&latest).is_some(), calls == 1 && wait > 0);
        registry.writer(&latest, within(9)).await.unwrap();
        assert_eq!(script.seen().len(), calls);
    }
    registry.writer(&wanted(), within(9)).await.unwrap();
    tokio::time::advance(Duration::from_secs(3_600 * 24)).await;
    assert!(registry.writer_at_hand(&wanted()).is_some());
    registry.schema(SchemaId::Number(7), within(9)).await.unwrap();
    assert_eq!(script.seen().len(), 3);
}

#[tokio::test(start_paused = true)]
async fn who_has_more_time_asks_again_when_another_ones_time_was_over() {
    let mut first = true;
    let script = Script::new(move |_| if std::mem::take(&mut first) { Reaction::Silent } else { stored() });
    let registry = plain(&script);
    let wish = wanted();
    let (short, long) = tokio::join!(registry.writer(&wish, within(1)), registry.writer(&wish, within(9)));
    let short = short.unwrap_err();
    assert_eq!(short.code(), ErrorCode::RegistryUnreachable);
    assert_eq!(long.unwrap().id, 7);
}

#[tokio::test(start_paused = true)]
async fn who_has_less_time_than_the_call_leaves_it_to_the_others() {
    let script = Script::new(|_| Reaction::Slow(Duration::from_secs(1), Box::new(stored())));
    let registry = plain(&script);
    let (wish, began) = (wanted(), tokio::time::Instant::now());
    let short = async {
        let by = crate::runtime::Deadline::after(Duration::from_millis(100));
        let error = registry.writer(&wish, by).await.unwrap_err();
        (error, began.elapsed().as_millis())
    };
    let (long, (error, took)) = tokio::join!(registry.writer(&wish, within(9)), short);
    assert_eq!((error.code(), took), (ErrorCode::RegistryUnreachable, 100));
    assert!(error.message().contains("http://a"), "{error}");
    assert_eq!((long.unwrap().id, script.seen().len()), (7, 1));
}

#[tokio::test(start_paused = true)]
async fn a_schema_that_its_subject_lacks_says_what_to_do() {
    for number in [40401, 40403] {
        let body = json!({"error_code": number, "message": "Schema not found"});
        let registry = plain(&Script::of(vec![Reaction::Answer(404, body)]));
        let error = registry.writer(&wanted(), within(9)).await.unwrap_err();
        assert_eq!(error.code(), ErrorCode::SchemaNotFound);
        let message = "schema registry `http://a` did not have this schema under subject `orders-value`: Schema not found";
        assert_eq!(error.message(), message);
        assert_eq!(error.hint_text(), Some("set `auto.register.schemas: true`, or register it"));
    }
}

#[tokio::test(start_paused = true)]
async fn a_missing_subject_version_or_id_is_named() {
    let missing = |number: u32| {
        plain(&Script::of(vec![Reaction::Answer(404, json!({"error_code": number, "message": "no"}))]))
    };
    let error = missing(40402).writer(&Wanted { version: Some(9), ..wanted() }, within(9)).await.unwrap_err();
    assert!(error.message().contains("version 9 of subject `orders-value`"), "{error}");
    let error = missing(40403).schema(SchemaId::Number(7), within(9)).await.unwrap_err();
    assert_eq!(error.code(), ErrorCode::SchemaNotFound);
    assert_eq!(error.message(), "schema registry `http://a` did not have schema `7`: no");
}

#[tokio::test(start_paused = true)]
async fn a_schema_that_cannot_be_read_says_whose_it_was() {
    let script = Script::of(vec![Reaction::Answer(200, json!({"id": 7, "schema": "{\"type\":\"rec\"}"}))]);
    let registry = plain(&script);
    let error = registry.schema(SchemaId::Number(7), within(9)).await.unwrap_err();
    assert_eq!(error.code(), ErrorCode::DecodeFailed);
    assert!(error.message().starts_with("schema `7` of schema registry `http://a` could not be read: "));
    let own = Wanted { source: Some(Arc::new(SchemaSource::new(SchemaType::Avro, "{"))), ..wanted() };
    let error = registry.writer(&own, within(9)).await.unwrap_err();
    assert_eq!((error.code(), script.seen().len()), (ErrorCode::EncodeFailed, 1));
    assert_eq!(error.context()["subject"], "orders-value");
}

#[tokio::test(start_paused = true)]
async fn a_schema_with_references_is_parsed_with_them() {
    let script = Script::new(|seen| {
        let inner = json!({"id": 1, "schema": TEXT});
        let outer = json!({
            "id": 2, "schema": r#"{"type":"array","items":"R"}"#,
            "references": [{"name": "R", "subject": "r", "version": 1}],
        });
        Reaction::Answer(200, if seen.line.contains("/subjects/r/") { inner } else { outer })
    });
    let registry = plain(&script);
    let schema = registry.schema(SchemaId::Number(2), within(9)).await.unwrap();
    assert_eq!(schema.decode(&[2, 6, 0]).unwrap(), json!([{"a": 3}]));
    let source = SchemaSource {
        schema_type: SchemaType::Avro,
        text: r#"{"type":"array","items":"R"}"#.to_owned(),
        references: vec![Reference {
            name: "R".to_owned(),
            source: Arc::new(SchemaSource::new(SchemaType::Avro, TEXT)),
            at: None,
        }],
    };
    let again = registry.version("s", 1, within(9)).await.unwrap();
    assert_eq!(again.source, source);
}
