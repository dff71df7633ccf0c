//! Twelve mistakes that tests make: the first screen of each failure names the mistake in words.

mod support;

use std::time::Duration;

use serde_json::json;
use support::{foreign, kafka};
use test_probe::{Directives, ErrorCode, Event, Match, Probe, ProbeError, Session};
use uuid::Uuid;

const WINDOW: Option<Duration> = Some(Duration::from_millis(300));

struct Bed {
    session: Session,
    topic: String,
    other: String,
}

async fn bed() -> Bed {
    let (topic, other) = (format!("m-{}", Uuid::new_v4()), format!("m-{}", Uuid::new_v4()));
    let session = open(&topic, &other, None).await;
    Bed { session, topic, other }
}

async fn open(topic: &str, other: &str, test_id: Option<String>) -> Session {
    let probe = support::patient_probe(kafka::shared());
    let entry = |topic| format!("  - {{topic: {topic}, role: both, create: {{partitions: 1}}}}\n");
    let yaml = format!("topics:\n{}{}", entry(topic), entry(other));
    let directives = Directives::from_yaml(&yaml).expect("directives");
    probe.open_session_as(directives, test_id).await.expect("a session")
}

fn created() -> Event {
    Event::new("OrderCreated").id("evt-1").version("1").key("o-1").json(json!({"total": 5}))
}

fn wanted() -> Match {
    Match::new().id("evt-1").event_type("OrderCreated").version("1").key("o-1").value(json!({"total": 5}))
}

impl Bed {
    /// Produces what the mistake makes of the event, and expects the right one.
    async fn mistaken(&self, event: Event) -> ProbeError {
        self.session.produce_event(&self.topic, event).await.expect("acknowledged");
        self.missed().await
    }

    async fn missed(&self) -> ProbeError {
        self.session.expect_event(&self.topic, wanted(), WINDOW).await.expect_err("not a pass")
    }
}

fn names(error: &ProbeError, code: ErrorCode, words: &[&str]) {
    assert_eq!(error.code(), code, "{error}");
    assert!(error.message().lines().count() <= 20, "{error}");
    for part in words {
        assert!(error.message().contains(part), "`{part}` is missing in\n{error}");
    }
}

#[tokio::test]
async fn a_test_id_in_a_header_of_another_case_is_named() {
    let bed = bed().await;
    let headers =
        [("CE_TestId", bed.session.test_id()), ("ce_type", "OrderCreated"), ("ce_payloadversion", "1")];
    let id = [("ce_correlationid", "evt-1")];
    foreign::record(
        kafka::shared(),
        &bed.topic,
        &[&headers[..], &id].concat(),
        Some("o-1"),
        Some(br#"{"total": 5}"#),
    );
    let error = bed.missed().await;
    names(
        &error,
        ErrorCode::NotAttributable,
        &["hint: header \"CE_TestId\" exists, the filter asks \"ce_testid\""],
    );

    let headers = [("ce_testid", bed.session.test_id()), ("Type", "OrderCreated"), ("region", "eu")];
    foreign::record(kafka::shared(), &bed.other, &headers, None, Some(b"{}"));
    let matching = Match::new().event_type("OrderCreated").header("Region", "eu");
    let error = bed.session.expect_event(&bed.other, matching, WINDOW).await.expect_err("not a pass");
    let said = [
        "type: expected \"OrderCreated\", was absent (header \"Type\" exists; names compare exactly",
        "header Region: expected \"eu\", was absent (header \"region\" exists, the match asks \"Region\")",
    ];
    names(&error, ErrorCode::ExpectationTimeout, &said);
}

#[tokio::test]
async fn a_wrong_type_is_named() {
    let error =
        bed().await.mistaken(Event { event_type: Some("OrderChanged".to_owned()), ..created() }).await;
    names(&error, ErrorCode::ExpectationTimeout, &["type: expected \"OrderCreated\", was \"OrderChanged\""]);
}

#[tokio::test]
async fn a_wrong_version_is_named() {
    let error = bed().await.mistaken(created().version("2")).await;
    names(&error, ErrorCode::ExpectationTimeout, &["version: expected \"1\", was \"2\""]);
}

#[tokio::test]
async fn a_string_in_the_place_of_a_number_is_named() {
    let error = bed().await.mistaken(created().json(json!({"total": "5"}))).await;
    let said = "value.total: expected 5, was \"5\" (value equal but of another type: 5 and \"5\")";
    names(&error, ErrorCode::ExpectationTimeout, &[said]);
}

#[tokio::test]
async fn another_topic_is_named() {
    let bed = bed().await;
    bed.session.produce_event(&bed.other, created()).await.expect("acknowledged");
    bed.session.expect_event(&bed.other, wanted(), Some(support::LONG)).await.expect("it is there");
    let error = bed.missed().await;
    let said = format!("hint: a match is on topic `{}`", bed.other);
    names(&error, ErrorCode::ExpectationTimeout, &[&said]);
}

#[tokio::test]
async fn an_event_from_before_the_start_is_named_with_its_distance() {
    let first = bed().await;
    first.session.produce_event(&first.topic, created()).await.expect("acknowledged");
    for _ in 0..11 {
        first.session.produce_event(&first.topic, Event::new("Noise")).await.expect("acknowledged");
    }
    // The same test, which began to look too late; and another one.
    let test_id = Some(first.session.test_id().to_owned());
    let late = Bed { session: open(&first.topic, &first.other, test_id).await, ..first };
    let said = "hint: a matching event lies 12 offsets before your start: partition 0, offset 0, at ";
    let error = late.missed().await;
    names(&error, ErrorCode::ExpectationTimeout, &[said, "the last record of the topic came at "]);
    assert!(late.session.journal(&late.topic).expect("a journal").is_empty(), "it is never delivered");
    let all = late.session.expect_all_of(
        &late.topic,
        [wanted().into(), Match::new().id("x").into()],
        test_probe::Order::AnyOrder,
        WINDOW,
    );
    let error = all.await.expect_err("not a pass");
    let said = "hint: an event that meets match 1 lies 12 offsets before your start";
    names(&error, ErrorCode::ExpectationTimeout, &[said]);

    let test_id = late.session.test_id().to_owned();
    let stranger = Bed { session: open(&late.topic, &late.other, None).await, ..late };
    let said =
        format!("hint: an event that meets the match and carries test id \"{test_id}\" lies 12 offsets");
    names(&stranger.missed().await, ErrorCode::ExpectationTimeout, &[&said]);
}

#[tokio::test]
async fn an_event_that_came_late_is_named_with_how_late() {
    let yaml = "test-probe: {dsl: {verdict-grace: 30s, late-grace: 30s}}";
    let mut config =
        test_probe::Config::from_texts(Some(yaml), None, &Default::default()).expect("a configuration");
    let servers = test_probe::config::ClusterConfig::at(kafka::shared());
    config.clusters.insert("default".to_owned(), servers);
    let probe = Probe::builder().config(config).build().expect("a probe");
    let topic = format!("m-{}", Uuid::new_v4());
    let yaml = format!("topics: [{{topic: {topic}, role: both, create: {{partitions: 1}}}}]");
    let session =
        probe.open_session(Directives::from_yaml(&yaml).expect("directives")).await.expect("a session");
    // Whether it comes after the ends were asked for nobody can tell from outside: then it was in time.
    for (round, delay) in [300, 1_000, 3_000, 9_000].into_iter().enumerate() {
        let id = format!("evt-{round}");
        let (expecting, of, matching) = (session.clone(), topic.clone(), Match::new().id(&id));
        let waiting = tokio::spawn(async move { expecting.expect_event(&of, matching, WINDOW).await });
        tokio::time::sleep(Duration::from_millis(300 + delay)).await;
        session.produce_event(&topic, Event::new("OrderCreated").id(&id)).await.expect("acknowledged");
        let Err(error) = waiting.await.expect("joined") else { continue };
        names(
            &error,
            ErrorCode::ExpectationTimeout,
            &["hint: it came ", " after the deadline: partition 0, offset "],
        );
        assert!(error.message().contains("matched 0"), "{error}");
        assert!(!error.message().contains("nearest"), "{error}");
        return;
    }
    panic!("every event was in time");
}

#[tokio::test]
async fn a_value_that_cannot_be_decoded_is_named_with_the_reason() {
    let error = bed().await.mistaken(created().raw(&b"\x00\x00\x00\x00\x01{}"[..])).await;
    let said =
        ["could not be decoded", "the value did not parse as JSON", "looks like Confluent wire format"];
    names(&error, ErrorCode::Undecodable, &said);
}

#[tokio::test]
async fn an_event_of_another_test_is_named_with_its_test_id() {
    let bed = bed().await;
    let other = open(&bed.topic, &bed.other, Some(format!("other-{}", Uuid::new_v4()))).await;
    other.produce_event(&bed.topic, created()).await.expect("acknowledged");
    let whole = Match::new().id("evt-1").event_type("OrderCreated").key("o-1");
    let error = bed.session.expect_event(&bed.topic, whole, WINDOW).await.expect_err("not a pass");
    let said =
        format!("hint: an event that meets the match carries test id \"{}\": partition 0", other.test_id());
    names(&error, ErrorCode::ExpectationTimeout, &[&said, "other tests 1"]);
    let said = "hint: an event with the id and type and key that the match asks carries test id \"other-";
    names(&bed.missed().await, ErrorCode::ExpectationTimeout, &[said]);
}

#[tokio::test]
async fn a_tombstone_is_named() {
    let event = Event { payload: test_probe::Payload::Null, ..created() };
    let error = bed().await.mistaken(event).await;
    names(&error, ErrorCode::ExpectationTimeout, &["value: expected {\"total\":5}, was ", "tombstone"]);
}

#[tokio::test]
async fn a_wrong_key_is_named() {
    let error = bed().await.mistaken(created().key("O-1")).await;
    names(
        &error,
        ErrorCode::ExpectationTimeout,
        &["key: expected \"o-1\", was \"O-1\" (equal but for case)"],
    );
}

#[tokio::test]
async fn that_nothing_was_sent_is_named_or_where_the_last_event_went() {
    let bed = bed().await;
    let error = bed.missed().await;
    names(
        &error,
        ErrorCode::ExpectationTimeout,
        &["no record at all since 2", "hint: this session produced no event"],
    );
    let other = open(&bed.topic, &bed.other, None).await;
    let hidden = Event::new("OrderCreated").id("evt-1");
    other.produce_event(&bed.other, hidden).await.expect("acknowledged");
    let error = other.expect_event(&bed.topic, wanted(), WINDOW).await.expect_err("not a pass");
    assert!(!error.message().contains("produced no event"), "{error}");

    let filtered = filtered(&bed).await;
    filtered.produce_event(&bed.topic, created()).await.expect("acknowledged");
    let error = filtered.expect_event(&bed.topic, wanted(), WINDOW).await.expect_err("not a pass");
    let said = [
        "hint: your last event there was acknowledged at partition 0, offset 0, ",
        " before the deadline",
        "no event of this test carries header \"OrderCreated\", which eventFilters ask for; \"OrderCreated\" is a type",
    ];
    names(&error, ErrorCode::ExpectationTimeout, &said);
}

/// The filter of old files, which meant a type and a version.
async fn filtered(bed: &Bed) -> Session {
    let probe = support::patient_probe(kafka::shared());
    let filters = "eventFilters: [{key: OrderCreated, value: \"1\"}]";
    let yaml = format!("topics: [{{topic: {}, role: both, {filters}}}]", bed.topic);
    probe.open_session(Directives::from_yaml(&yaml).expect("directives")).await.expect("a session")
}
