//! Events with a schema through the whole engine, on a Kafka and a schema registry in this process, whose failures
//! are injected. The real registry has its tests in `tests/schemas`.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::{Value, json};
use test_probe::{
    Config, ConsumedResult, Decoded, Directives, ErrorCode, Event, Match, PreflightCheck, PreflightFinding,
    PreflightStatus, Probe, ProduceResult, Session,
};
use uuid::Uuid;

const SOON: Duration = Duration::from_secs(30);
const WINDOW: Duration = Duration::from_millis(300);

/// A Kafka with its registry, and a probe that knows none of its schemas yet.
struct Bed {
    home: Probe,
    reader: Probe,
    topic: String,
}

fn probe(kafka: &Value) -> Probe {
    // Verdicts may take their time to be certain: a busy machine is no doubt.
    let dsl = json!({"ask-timeout": "20s", "blocking-timeout": "20s", "verdict-grace": "5s"});
    let document = json!({"kafka": kafka, "dsl": dsl}).to_string();
    let config = Config::from_texts(Some(&document), None, &Default::default()).expect("a configuration");
    Probe::builder().config(config).build().expect("a probe")
}

fn bed() -> Bed {
    let home = probe(&json!({"embedded": {}}));
    let about = &home.info()["clusters"]["default"];
    let servers = about["bootstrap_servers"].clone();
    let registry = json!({"url": about["schema_registry_url"], "max-retries": 0});
    let reader = probe(&json!({"bootstrap-servers": servers, "schema-registry": registry}));
    Bed { home, reader, topic: format!("s-{}", Uuid::new_v4()) }
}

impl Bed {
    /// Opens a session on the topic, called `orders`, with more keys of its directive.
    async fn session(&self, probe: &Probe, keys: Value) -> Session {
        let mut topic = json!({"topic": self.topic, "as": "orders", "role": "both", "create": {"partitions": 1}, "format": "avro"});
        topic.as_object_mut().expect("an object").extend(keys.as_object().expect("keys").clone());
        let raw = json!({"topic": self.topic, "as": "raw", "role": "producer", "format": "bytes", "create": {"partitions": 1}});
        let directives = Directives::from_json(&json!({"topics": [topic, raw]})).expect("directives");
        probe.open_session(directives).await.expect("a session")
    }

    /// Opens a session that registers the schema `string` and writes with it.
    async fn texts(&self, probe: &Probe) -> Session {
        self.session(probe, json!({"schema": "\"string\"", "auto.register.schemas": true})).await
    }

    /// Returns a value as it is on the wire, under a schema that the registry has.
    async fn framed(&self, value: Value) -> Vec<u8> {
        let writer = self.texts(&self.home).await;
        let id = Uuid::new_v4().to_string();
        writer
            .produce_event("orders", Event::new("Framed").id(&*id).json(value))
            .await
            .expect("acknowledged");
        let seen = writer.expect_event("orders", Match::new().id(&*id), Some(SOON)).await.expect("it");
        seen.events[0].raw_value.as_deref().expect("a value").to_vec()
    }

    fn control(&self, command: Value) -> Value {
        self.home.embedded_control("default", &command).expect("a command")
    }

    fn inject(&self, path: &str, then: Value) {
        self.control(json!({"do": "inject", "registry": {"path": path, "then": then}}));
    }

    fn repair(&self) {
        self.control(json!({"do": "clear", "registry": {}}));
    }

    fn calls(&self) -> usize {
        let seen = self.control(json!({"do": "requests", "registry": {"limit": 100_000}}));
        seen["requests"].as_array().expect("requests").len()
    }
}

fn value(event: &test_probe::ReceivedEvent) -> &Value {
    match &event.value {
        Decoded::Json(value) => value,
        other => panic!("not decoded: {other:?}"),
    }
}

/// Waits until a condition holds.
async fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let by = std::time::Instant::now() + SOON;
    while !holds() {
        assert!(std::time::Instant::now() < by, "{what} did not come about");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_came_while_the_registry_was_down_is_read_when_it_is_back() {
    let bed = bed();
    let framed = bed.framed(json!("x")).await;
    let session = bed.session(&bed.reader, json!({})).await;
    bed.inject("/", json!({"status": 503}));
    session.produce_event("raw", Event::new("T").id("late").raw(framed)).await.expect("acknowledged");
    // No schema is needed for it: it is delivered although the one before it cannot be read.
    session.produce_event("raw", Event::new("T").id("tombstone")).await.expect("acknowledged");
    session.expect_event("orders", Match::new().id("tombstone"), Some(SOON)).await.expect("the tombstone");
    let ConsumedResult::Nack(nack) = session.fetch_consumed_event("orders", "late").expect("an answer")
    else {
        panic!("it was read without its schema")
    };
    assert_eq!(nack.reason(), "seen but undecodable");
    assert!(nack.error().is_some_and(test_probe::ProbeError::retriable), "{nack:?}");

    let waiting = session.clone();
    let expecting = tokio::spawn(async move {
        waiting.expect_event("orders", Match::new().id("late").value(json!("x")), Some(SOON)).await
    });
    bed.repair();
    let seen = expecting.await.expect("no panic").expect("it was read in the end");
    assert_eq!(value(&seen.events[0]), "x");
    let journal = session.journal("orders").expect("a journal");
    let ids: Vec<_> = journal.iter().map(|event| event.envelope.id.as_deref().unwrap_or_default()).collect();
    assert_eq!(ids, ["late", "tombstone"]);
    assert!(journal.iter().all(|event| event.error().is_none() && !event.awaits_schema));
}

#[tokio::test(flavor = "multi_thread")]
async fn absence_is_in_doubt_as_long_as_a_schema_cannot_be_had() {
    let bed = bed();
    let framed = bed.framed(json!("x")).await;
    let config = json!({"bootstrap-servers": bed.reader.config().clusters["default"].bootstrap_servers,
        "schema-registry": {"url": bed.home.info()["clusters"]["default"]["schema_registry_url"], "max-retries": 0}});
    let document = json!({"kafka": config, "dsl": {"verdict-grace": "1s"}}).to_string();
    let config = Config::from_texts(Some(&document), None, &Default::default()).expect("a configuration");
    let hasty = Probe::builder().config(config).build().expect("a probe");
    let session = bed.session(&hasty, json!({})).await;
    bed.inject("/", json!("disconnect"));
    session.produce_event("raw", Event::new("T").id("late").raw(framed)).await.expect("acknowledged");
    let doubt = session.expect_none("orders", Match::new().event_type("T").value(json!("x")), WINDOW).await;
    let doubt = doubt.expect_err("nobody knows");
    assert_eq!(doubt.code(), ErrorCode::Undecodable, "{doubt}");
    assert!(doubt.to_string().contains("schema"), "{doubt}");
    // What headers can decide needs no schema.
    session.expect_none("orders", Match::new().event_type("Other"), WINDOW).await.expect("provably none");
}

#[tokio::test(flavor = "multi_thread")]
async fn events_are_received_in_their_order_although_the_schema_of_the_first_is_late() {
    let bed = bed();
    let framed = bed.framed(json!("x")).await;
    let session = bed.session(&bed.reader, json!({})).await;
    bed.inject("/schemas", json!({"delay-ms": 300}));
    session.produce_event("raw", Event::new("T").id("one").raw(framed)).await.expect("acknowledged");
    session.produce_event("raw", Event::new("T").id("two")).await.expect("acknowledged");
    let received = session.receive_n("orders", 2, Some(SOON)).await.expect("both");
    let ids: Vec<_> = received.events.iter().map(|event| event.envelope.id.as_deref()).collect();
    assert_eq!(ids, [Some("one"), Some("two")]);
    assert_eq!(value(&received.events[0]), "x");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_is_not_handed_out_before_its_key_can_be_read() {
    let bed = bed();
    let keys = json!({"format": "json", "keyFormat": "avro", "keySchema": "\"string\"", "auto.register.schemas": true});
    let writer = bed.session(&bed.home, keys).await;
    let test_id = Uuid::new_v4().to_string();
    let directives = json!({"topics": [{"topic": bed.topic, "as": "orders", "role": "consumer", "format": "json", "keyFormat": "avro"}]});
    let reader = bed
        .reader
        .open_session_as(Directives::from_json(&directives).expect("directives"), Some(test_id.clone()))
        .await
        .expect("a session");
    bed.inject("/schemas", json!({"delay-ms": 300}));
    let event = Event::new("T").id("keyed").key("o-1").header("ce_testid", test_id).json(json!(1));
    writer.produce_event("orders", event).await.expect("acknowledged");
    let seen = reader.expect_event("orders", Match::new().id("keyed"), Some(SOON)).await.expect("it");
    assert_eq!(seen.events[0].key_text.as_deref(), Some("o-1"));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_id_that_no_registry_knows_is_undecodable_and_what_follows_is_delivered() {
    let bed = bed();
    let session = bed.texts(&bed.reader).await;
    session
        .produce_event("raw", Event::new("T").id("poison").raw(&b"\0\0\0\x12\x67x"[..]))
        .await
        .expect("acknowledged");
    session
        .produce_event("orders", Event::new("T").id("sound").json(json!("x")))
        .await
        .expect("acknowledged");
    session.expect_event("orders", Match::new().id("sound"), Some(SOON)).await.expect("it");
    until("the answer of the registry", || {
        let journal = session.journal("orders").expect("a journal");
        journal[0].error().is_some_and(|error| error.code() == ErrorCode::SchemaNotFound)
    })
    .await;
    let error = session.journal("orders").expect("a journal")[0].error().cloned().expect("an error");
    assert!(error.message().contains("4711"), "{error}");
    let counted = bed.reader.info()["decode_errors"].clone();
    let expected = json!([{"cluster": "default", "topic": bed.topic, "error_type": "schema_not_found", "count": 1,
        "first": error.message()}]);
    assert_eq!(counted, expected);
    let doubt = session.expect_none("orders", Match::new().event_type("T").value(json!("y")), WINDOW).await;
    assert_eq!(doubt.expect_err("nobody knows").code(), ErrorCode::Undecodable);
}

#[tokio::test(flavor = "multi_thread")]
async fn events_go_out_in_the_order_of_their_calls_although_a_schema_is_asked_for() {
    let bed = bed();
    let session = bed
        .session(
            &bed.reader,
            json!({"auto.register.schemas": true, "subject": {"strategy": "TopicRecordNameStrategy"}, "schema": [
                {"type": "record", "name": "Slow", "fields": [{"name": "n", "type": "long"}]},
                {"type": "record", "name": "Fast", "fields": [{"name": "n", "type": "long"}]},
            ]}),
        )
        .await;
    let event = |kind: &str, id: &str| Event::new(kind).id(id).json(json!({"n": 1}));
    session.produce_event("orders", event("Fast", "warm")).await.expect("acknowledged");
    bed.inject("/subjects", json!({"delay-ms": 200}));
    // An event is handed over before `run` returns: its order is that of these calls.
    let (mut tasks, mut offsets) = (Vec::new(), Vec::new());
    for (kind, id) in [("Slow", "a"), ("Fast", "b"), ("Slow", "c")] {
        tasks.push(session.run(test_probe::operation::Operation::Produce {
            topic: "orders".to_owned(),
            event: Box::new(event(kind, id)),
            timeout: None,
        }));
    }
    for task in tasks {
        let test_probe::operation::Outcome::Produced(ack) = task.await.expect("acknowledged") else {
            panic!("no acknowledgement")
        };
        offsets.push(ack.offset);
    }
    assert!(offsets.is_sorted() && offsets.len() == 3, "{offsets:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn with_its_schema_at_hand_an_event_is_written_and_read_without_a_call() {
    let bed = bed();
    let session = bed.texts(&bed.reader).await;
    session.produce_event("orders", Event::new("T").json(json!("first"))).await.expect("acknowledged");
    session.expect_event("orders", Match::new().value(json!("first")), Some(SOON)).await.expect("it");
    let before = bed.calls();
    for number in 0..20 {
        session
            .produce_event("orders", Event::new("T").json(json!(format!("{number}"))))
            .await
            .expect("acknowledged");
    }
    session.expect_event("orders", Match::new().value(json!("19")), Some(SOON)).await.expect("it");
    assert_eq!(bed.calls(), before);
}

#[tokio::test(flavor = "multi_thread")]
async fn many_sessions_ask_for_a_schema_once() {
    let bed = bed();
    let mut sessions = Vec::new();
    for _ in 0..20 {
        sessions.push(bed.texts(&bed.reader).await);
    }
    let before = bed.calls();
    let mut producing = tokio::task::JoinSet::new();
    for session in &sessions {
        let session = session.clone();
        producing
            .spawn(async move { session.produce_event("orders", Event::new("T").json(json!("x"))).await });
    }
    while let Some(produced) = producing.join_next().await {
        produced.expect("no panic").expect("acknowledged");
    }
    assert_eq!(bed.calls(), before + 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hundred_sessions_that_first_use_a_hundred_subjects_make_a_hundred_calls() {
    const MANY: usize = 100;
    let bed = bed();
    let schemas: Vec<Value> = (0..MANY)
        .map(|number| json!({"type": "record", "name": format!("E{number}"), "fields": [{"name": "n", "type": "long"}]}))
        .collect();
    let keys = json!({"auto.register.schemas": true, "subject": {"strategy": "TopicRecordNameStrategy"}, "schema": schemas});
    let mut sessions = Vec::new();
    for _ in 0..MANY {
        sessions.push(bed.session(&bed.reader, keys.clone()).await);
    }
    let before = bed.calls();
    let mut producing = tokio::task::JoinSet::new();
    for (first, session) in sessions.iter().enumerate() {
        let session = session.clone();
        producing.spawn(async move {
            // Each begins with another one, so that all are asked for at the same time.
            for number in (0..MANY).map(|number| (first + number) % MANY) {
                let event = Event::new(format!("E{number}")).json(json!({"n": number}));
                session.produce_event("orders", event).await.expect("acknowledged");
            }
        });
    }
    while let Some(produced) = producing.join_next().await {
        produced.expect("no panic");
    }
    assert_eq!(bed.calls(), before + MANY);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_broken_behind_the_field_that_is_asked_is_undecodable() {
    let bed = bed();
    let schema = json!({"type": "record", "name": "Order", "fields": [{"name": "id", "type": "string"}, {"name": "n", "type": "long"}]});
    let session = bed.session(&bed.home, json!({"schema": schema, "auto.register.schemas": true})).await;
    let order = Event::new("T").json(json!({"id": "o-1", "n": 1}));
    session.produce_event("orders", order).await.expect("acknowledged");
    let other = Match::new().value(json!({"id": "o-2"}));
    let seen = session.expect_event("orders", Match::new(), Some(SOON)).await.expect("it");
    session.expect_none("orders", other.clone(), WINDOW).await.expect("its id is another");
    let whole = seen.events[0].raw_value.as_deref().expect("a value");
    let broken = Event::new("T").id("broken").raw(whole[..whole.len() - 1].to_vec());
    session.produce_event("raw", broken).await.expect("acknowledged");
    // Its id could be read, and is another, too.
    let doubt = session.expect_none("orders", other, WINDOW).await.expect_err("nobody knows");
    assert_eq!(doubt.code(), ErrorCode::Undecodable, "{doubt}");
    let answer = session.fetch_consumed_event("orders", "broken").expect("an answer");
    let ConsumedResult::Nack(nack) = answer else { panic!("it was read") };
    let error = nack.error().expect("an error");
    assert!(error.message().contains("at `/n`: the bytes ended"), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_owner_that_is_in_the_value_is_found_when_the_schema_comes() {
    let bed = bed();
    let schema = json!({"type": "record", "name": "Order", "fields": [{"name": "test", "type": "string"}, {"name": "n", "type": "long"}]});
    let keys = json!({"envelope": "none", "correlation": {"testId": "value:/test", "id": "value:/n", "type": "none", "version": "none"}});
    let mut writing = keys.clone();
    writing["schema"] = schema;
    writing["auto.register.schemas"] = json!(true);
    let writer = bed.session(&bed.home, writing).await;
    let reader = bed.session(&bed.reader, keys).await;
    bed.inject("/schemas", json!({"status": 500}));
    let order = json!({"test": reader.test_id(), "n": 7});
    writer.produce_event("orders", Event::default().json(order.clone())).await.expect("acknowledged");
    let doubt = reader.expect_none("orders", Match::new().id("7"), WINDOW);
    tokio::time::timeout(Duration::from_secs(60), doubt)
        .await
        .expect("a verdict")
        .expect_err("nobody knows whose it is");
    bed.repair();
    let seen = reader.expect_event("orders", Match::new().id("7"), Some(SOON)).await.expect("it");
    assert_eq!(value(&seen.events[0]), &order);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_registry_refuses_is_a_nack_with_the_typed_error() {
    let bed = bed();
    let missing = bed.session(&bed.reader, json!({})).await;
    let nack =
        missing.try_produce_event("orders", Event::new("T").json(json!("x"))).await.expect("an answer");
    let ProduceResult::Nack(error) = nack else { panic!("it was written without a schema") };
    assert_eq!(error.code(), ErrorCode::SchemaNotFound);
    assert!(error.message().contains(&format!("{}-value", bed.topic)) && !error.retriable(), "{error}");

    bed.inject("/", json!({"status": 503}));
    let session = bed.texts(&bed.reader).await;
    let mut codes = Vec::new();
    for _ in 0..12 {
        let nack =
            session.try_produce_event("orders", Event::new("T").json(json!("x"))).await.expect("an answer");
        let ProduceResult::Nack(error) = nack else { panic!("it was written without a schema") };
        assert!(error.retriable(), "{error}");
        codes.push(error.code());
    }
    assert_eq!(codes.first(), Some(&ErrorCode::RegistryUnreachable));
    assert_eq!(codes.last(), Some(&ErrorCode::CircuitOpen));
    assert_eq!(bed.reader.info()["clusters"]["default"]["schema_registry"]["circuit"], "open");
}

fn finding(findings: &[PreflightFinding], check: PreflightCheck) -> (PreflightStatus, &str) {
    let found = findings.iter().find(|finding| finding.check == check);
    found.map_or((PreflightStatus::Skipped, ""), |finding| (finding.status, finding.text.as_str()))
}

#[tokio::test(flavor = "multi_thread")]
async fn the_preflight_says_what_will_go_wrong_before_the_first_event() {
    let bed = bed();
    let missing = bed.session(&bed.reader, json!({})).await;
    let report = missing.preflight().await.expect("a report");
    assert!(!report.passed());
    assert_eq!(finding(&report.findings, PreflightCheck::Registry).0, PreflightStatus::Passed);
    assert_eq!(finding(&report.findings, PreflightCheck::Subject).0, PreflightStatus::Failed);

    let session = bed.texts(&bed.reader).await;
    assert!(session.preflight().await.expect("a report").passed(), "it will be registered");
    session.produce_event("orders", Event::new("T").json(json!("x"))).await.expect("acknowledged");
    let report = session.preflight().await.expect("a report");
    assert!(report.passed(), "{report:?}");
    assert_eq!(finding(&report.findings, PreflightCheck::Compatibility).0, PreflightStatus::Passed);
    assert_eq!(finding(&report.findings, PreflightCheck::Sample).0, PreflightStatus::Passed);

    let changed = bed.session(&bed.reader, json!({"schema": "\"long\""})).await;
    let report = changed.preflight().await.expect("a report");
    let (status, text) = finding(&report.findings, PreflightCheck::Compatibility);
    assert_eq!(status, PreflightStatus::Failed, "{report:?}");
    assert!(text.contains("BACKWARD"), "{text}");

    bed.inject("/", json!("disconnect"));
    let report = session.preflight().await.expect("a report");
    assert_eq!(finding(&report.findings, PreflightCheck::Registry).0, PreflightStatus::Failed);
}

/// What is said of the samples of topic `orders`: side, status and text.
async fn sampled(session: &Session, events: Vec<Event>) -> Vec<(&'static str, PreflightStatus, String)> {
    let samples = BTreeMap::from([("orders".to_owned(), events)]);
    let report = session.preflight_with(&samples).await.expect("a report");
    let of_samples = report.findings.into_iter().filter(|finding| finding.text.starts_with("the sample"));
    of_samples.map(|finding| (finding.side, finding.status, finding.text)).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sample_is_written_and_read_back_or_its_field_is_named() {
    let bed = bed();
    let keys = json!({
        "format": "json-schema", "auto.register.schemas": true,
        "schema": {"title": "Order", "type": "object", "required": ["total"],
                   "properties": {"total": {"type": "integer"}}},
        "keyFormat": "avro",
        "keySchema": {"type": "record", "name": "K", "fields": [
            {"name": "n", "type": "float"}, {"name": "at", "type": {"type": "long", "logicalType": "timestamp-millis"}}]},
    });
    let session = bed.session(&bed.reader, keys).await;
    let report = session.preflight().await.expect("a report");
    let skipped = report.findings.iter().find(|finding| finding.status == PreflightStatus::Skipped);
    assert_eq!(skipped.expect("no example").check, PreflightCheck::Sample);

    let key = r#"{"n": 0.1, "at": "2026-01-02T03:04:05Z"}"#;
    let good = Event::new("Order").id("good").key(key).json(json!({"total": 9_007_199_254_740_993_i64}));
    let broken = Event::new("Order").id("broken").json(json!({"total": "x"}));
    let rounded =
        Event::new("Order").id("rounded").key(r#"{"n": 16777217, "at": 0}"#).json(json!({"total": 1}));
    let tombstone = Event::new("Order").id("tombstone");
    let said = sampled(&session, vec![good.clone(), broken, rounded, tombstone]).await;
    let texts: Vec<(&str, bool, &str)> = said
        .iter()
        .map(|(side, status, text)| (*side, *status == PreflightStatus::Passed, text.as_str()))
        .collect();
    assert_eq!(
        texts[..2],
        [
            ("key", true, "the sample `good` was written in 15 bytes and read back"),
            ("value", true, "the sample `good` was written in 31 bytes and read back"),
        ]
    );
    let (side, passed, text) = texts[2];
    assert_eq!((side, passed), ("value", false), "{text}");
    assert!(text.contains("`broken` was not written and read back: the value did not fit"), "{text}");
    assert!(text.contains("at `/total`: "), "{text}");
    let (side, passed, text) = texts[3];
    assert_eq!((side, passed), ("key", false), "{text}");
    assert!(text.contains("at `/n`: `16777217` was written, and `16777216.0` was read back"), "{text}");
    assert_eq!(texts[4], ("value", true, "the sample `rounded` was written in 16 bytes and read back"));
    assert_eq!(texts.len(), 5, "{texts:?}");

    // Nothing was registered by looking.
    let missing = session.preflight().await.expect("a report");
    assert!(finding(&missing.findings, PreflightCheck::Subject).1.contains("will be registered"));
    session.produce_event("orders", good.clone()).await.expect("acknowledged");
    assert_eq!(sampled(&session, vec![good.clone()]).await.len(), 2);

    let samples = BTreeMap::from([("raw".to_owned(), vec![good])]);
    let error = session.preflight_with(&samples).await.expect_err("no schema there");
    assert_eq!(error.code(), ErrorCode::InvalidArgument);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sample_without_a_key_has_the_one_that_its_topic_makes() {
    let bed = bed();
    let keys = json!({
        "schema": "\"string\"", "keyFormat": "avro", "keySchema": "\"string\"", "correlation": {"id": "key"},
        "auto.register.schemas": true,
    });
    let session = bed.session(&bed.reader, keys).await;
    let said = sampled(&session, vec![Event::new("T").id("i").json(json!("x"))]).await;
    let text = "the sample `i` was written in 7 bytes and read back".to_owned();
    assert_eq!(said, [("value", PreflightStatus::Passed, text)]);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_directive_chooses_the_message_of_a_key_and_with_it_its_subject() {
    let bed = bed();
    let file =
        "syntax = \"proto3\"; package shop; message Other { int64 n = 1; } message Key { string id = 1; }";
    let keys = |message: &str| {
        json!({"format": "json", "keyFormat": "protobuf", "keySchema": file, "keyMessage": message,
               "keySubject": {"strategy": "RecordNameStrategy"}, "auto.register.schemas": true})
    };
    let session = bed.session(&bed.reader, keys("Key")).await;
    let event = Event::new("T").id("k").key(r#"{"id": "o-1"}"#).json(json!(1));
    assert_eq!(sampled(&session, vec![event.clone()]).await.len(), 1);
    session.produce_event("orders", event).await.expect("acknowledged");
    let seen = session.expect_event("orders", Match::new().id("k"), Some(SOON)).await.expect("it");
    assert_eq!(seen.events[0].key_text.as_deref(), Some(r#"{"id":"o-1"}"#));
    let report = session.preflight().await.expect("a report");
    let subject = finding(&report.findings, PreflightCheck::Subject).1;
    assert!(subject.contains("`shop.Key`"), "{subject}");

    // Without it a key is the first message, whatever the type of the event is.
    let mut first = keys("Key");
    first.as_object_mut().expect("an object").remove("keyMessage");
    let session = bed.session(&bed.reader, first).await;
    let event = Event::new("Key").id("n").key(r#"{"n": 7}"#).json(json!(1));
    session.produce_event("orders", event).await.expect("acknowledged");
    let report = session.preflight().await.expect("a report");
    let subject = finding(&report.findings, PreflightCheck::Subject).1;
    assert!(subject.contains("`shop.Other` has schema"), "{subject}");

    let mut wrong = json!({"topic": bed.topic, "role": "both"});
    wrong.as_object_mut().expect("an object").extend(keys("Keys").as_object().expect("keys").clone());
    let directives = Directives::from_json(&json!({"topics": [wrong]})).expect("directives");
    let error = bed.reader.open_session(directives).await.err().expect("no such message");
    assert_eq!(error.code(), ErrorCode::InvalidDirective);
    assert_eq!(error.message(), "`keyMessage` was not there: the schema has no message `Keys`");
    assert_eq!(error.hint_text(), Some("did you mean `Key`?"));
}
