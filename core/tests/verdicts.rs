//! Attempts to fool a verdict, on real Kafka: each ends in the truth or in doubt, never in a pass
//! that proves nothing.

mod support;

use std::time::Duration;

use serde_json::json;
use support::foreign::{self, Transactions};
use support::kafka;
use test_probe::{ConsumedNack, ConsumedResult, Directives, ErrorCode, Event, Match, Probe, Session, dsl};
use uuid::Uuid;

const WINDOW: Duration = Duration::from_millis(300);
const SOON: Option<Duration> = Some(Duration::from_secs(20));

struct Bed {
    probe: Probe,
    topic: String,
    session: Session,
}

/// Opens a session on a fresh topic of one partition; `extra` are more keys of its directive.
async fn bed(extra: &str) -> Bed {
    let probe = support::patient_probe(kafka::shared());
    let topic = format!("v-{}", Uuid::new_v4());
    let session = open(&probe, &topic, extra).await;
    Bed { probe, topic, session }
}

async fn open(probe: &Probe, topic: &str, extra: &str) -> Session {
    let extra: String = extra.lines().map(|line| format!("    {line}\n")).collect();
    let yaml = format!("topics:\n  - topic: {topic}\n    role: both\n    create: {{partitions: 1}}\n{extra}");
    probe.open_session(Directives::from_yaml(&yaml).expect("directives")).await.expect("a session")
}

impl Bed {
    async fn none(&self, matching: Match) -> ErrorCode {
        self.session.expect_none(&self.topic, matching, WINDOW).await.expect_err("not a pass").code()
    }

    async fn event(&self, matching: Match) -> ErrorCode {
        self.session.expect_event(&self.topic, matching, Some(WINDOW)).await.expect_err("not a pass").code()
    }

    /// Produces as a foreign client.
    fn foreign(&self, headers: &[(&str, &str)], key: Option<&str>, value: &[u8]) {
        foreign::record(kafka::shared(), &self.topic, headers, key, Some(value));
    }
}

#[tokio::test]
async fn a_record_without_a_test_id_makes_a_verdict_not_attributable_unless_it_is_ignored() {
    let bed = bed("").await;
    let ignoring = open(&bed.probe, &bed.topic, "unattributed: ignore").await;
    bed.foreign(&[("ce_type", "Sold")], None, b"{}");
    assert_eq!(bed.none(Match::new().event_type("Sold")).await, ErrorCode::NotAttributable);
    assert_eq!(bed.event(Match::new().event_type("Sold")).await, ErrorCode::NotAttributable);
    assert_eq!(bed.event(Match::new().event_type("Bought")).await, ErrorCode::ExpectationTimeout);
    ignoring.expect_none(&bed.topic, Match::new().event_type("Sold"), WINDOW).await.expect("ignored");
}

#[tokio::test]
async fn an_undecodable_record_neither_satisfies_nor_is_forbidden() {
    let bed = bed("").await;
    let id = bed.session.test_id().to_owned();
    bed.foreign(
        &[("ce_testid", &id), ("ce_type", "Sold"), ("ce_correlationid", "u-1")],
        None,
        b"\x00\x00broken",
    );
    assert_eq!(bed.none(Match::new().event_type("Sold")).await, ErrorCode::Undecodable);
    assert_eq!(bed.event(Match::new().event_type("Sold")).await, ErrorCode::Undecodable);
    bed.session
        .expect_none(&bed.topic, Match::new().event_type("Bought"), WINDOW)
        .await
        .expect("excluded by type");
    let journal = bed.session.journal(&bed.topic).expect("a journal");
    assert!(journal[0].error().is_some_and(|error| error.code() == ErrorCode::DecodeFailed));
    let fetched = bed.session.fetch_consumed_event(&bed.topic, "u-1").expect("an answer");
    assert!(matches!(fetched, ConsumedResult::Nack(ConsumedNack::Undecodable(_))));
    bed.session.produce_event(&bed.topic, Event::new("Sold").json(json!({}))).await.expect("acknowledged");
    bed.session
        .expect_event(&bed.topic, Match::new().event_type("Sold"), SOON)
        .await
        .expect("a good one follows");
}

#[tokio::test]
async fn what_event_filters_hide_is_judged_by_expect_none_and_not_by_expect_event() {
    let bed = bed("eventFilters: [{eventType: Kept}]").await;
    bed.session.produce_event(&bed.topic, Event::new("Hidden").id("h-1")).await.expect("acknowledged");
    assert_eq!(bed.none(Match::new().event_type("Hidden")).await, ErrorCode::UnexpectedEvent);
    assert_eq!(bed.event(Match::new().event_type("Hidden")).await, ErrorCode::ExpectationTimeout);
    let fetched = bed.session.fetch_consumed_event(&bed.topic, "h-1").expect("an answer");
    assert!(matches!(fetched, ConsumedResult::Nack(ConsumedNack::FilteredOut)));
    assert!(bed.session.journal(&bed.topic).expect("a journal").is_empty());
}

#[tokio::test]
async fn an_open_transaction_is_a_doubt_an_aborted_one_is_nothing_and_uncommitted_readers_see_it() {
    let bed = bed("").await;
    let raw = open(&bed.probe, &bed.topic, "isolation: read_uncommitted\nunattributed: ignore").await;
    let transactions = Transactions::begun(&bed.topic).await;
    let open_one = bed.session.expect_none(&bed.topic, Match::new().event_type("X"), WINDOW).await;
    let error = open_one.expect_err("an open transaction");
    assert_eq!(error.code(), ErrorCode::NotCovered);
    assert!(error.message().contains("transaction"), "{error}");
    raw.expect_none(&bed.topic, Match::new().event_type("X"), WINDOW).await.expect("covered");
    tokio::task::spawn_blocking(move || transactions.abort()).await.expect("aborted");
    bed.session
        .expect_none(&bed.topic, Match::new().event_type("X"), WINDOW)
        .await
        .expect("aborted is nothing");
}

#[tokio::test]
async fn deleted_records_and_a_topic_created_anew_are_gaps() {
    let bed = bed("").await;
    for _ in 0..3 {
        bed.session.produce_event(&bed.topic, Event::new("T")).await.expect("acknowledged");
    }
    bed.session.receive_n(&bed.topic, 3, SOON).await.expect("read");
    foreign::delete_topic(kafka::shared(), &bed.topic).await;
    assert_eq!(bed.none(Match::new().id("x")).await, ErrorCode::ReadGap);
    let again = open(&bed.probe, &bed.topic, "").await;
    again.produce_event(&bed.topic, Event::new("T").id("new")).await.expect("acknowledged");
    again.expect_event(&bed.topic, Match::new().id("new"), SOON).await.expect("the new topic is read");
    assert_eq!(bed.none(Match::new().id("x")).await, ErrorCode::ReadGap);
    again.expect_none(&bed.topic, Match::new().id("x"), WINDOW).await.expect("the new session saw it whole");
}

#[tokio::test]
async fn correlation_reads_from_the_key_and_from_the_value() {
    let bed = bed("correlation: {testId: \"value:/meta/test\", id: key, type: \"header:kind\"}").await;
    let value = json!({"meta": {"test": bed.session.test_id()}, "n": 1}).to_string();
    bed.foreign(&[("kind", "Sold")], Some("k-1"), value.as_bytes());
    let found = bed.session.expect_event(&bed.topic, Match::new().id("k-1").event_type("Sold"), SOON).await;
    assert_eq!(found.expect("correlated").events[0].key_text.as_deref(), Some("k-1"));
    bed.session
        .produce_event(&bed.topic, Event::new("Made").id("k-2").json(json!({"n": 2})))
        .await
        .expect("ack");
    let made = bed
        .session
        .expect_event(&bed.topic, Match::new().id("k-2").event_type("Made"), SOON)
        .await
        .expect("made");
    assert_eq!(made.events[0].raw_key.as_deref(), Some(&b"k-2"[..]));
}

#[tokio::test]
async fn an_answer_belongs_to_the_session_that_produced_the_id() {
    let bed = bed("correlation: {testId: produced-id}").await;
    let other = open(&bed.probe, &bed.topic, "correlation: {testId: produced-id}").await;
    bed.session.produce_event(&bed.topic, Event::new("Asked").id("p-1")).await.expect("acknowledged");
    bed.foreign(&[("ce_correlationid", "p-1"), ("ce_type", "Answered")], None, b"{}");
    let matching = Match::new().id("p-1").event_type("Answered").own(false);
    bed.session.expect_event(&bed.topic, matching.clone(), SOON).await.expect("the answer");
    other.expect_none(&bed.topic, matching, WINDOW).await.expect("not another's");
}

#[tokio::test]
async fn tombstones_headers_partition_and_timestamp_go_through_every_layer() {
    let bed = bed("").await;
    let event = Event::new("Gone").id("t-1").key("k").header("h", "1").null_header("h").header("h", "2");
    let time = 1_750_000_000_000;
    let ack = bed
        .session
        .produce_event(&bed.topic, event.partition(0).timestamp(time))
        .await
        .expect("acknowledged");
    assert_eq!((ack.partition, ack.timestamp), (0, time));
    let found = bed
        .session
        .expect_event(&bed.topic, Match::new().id("t-1").value(json!(null)), SOON)
        .await
        .expect("it");
    let event = &found.events[0];
    assert_eq!((event.raw_value.as_deref(), event.timestamp), (None, Some(time)));
    assert_eq!(event.headers.get_all("h").collect::<Vec<_>>(), [Some(&b"1"[..]), None, Some(&b"2"[..])]);
    bed.session.expect_event(&bed.topic, Match::new().null_header("h"), SOON).await.expect("a null header");
}

#[tokio::test]
async fn strings_and_bytes_are_formats_too() {
    let text = bed("format: string").await;
    text.session.produce_event(&text.topic, Event::new("T").text("hello")).await.expect("acknowledged");
    text.session.expect_event(&text.topic, Match::new().value(json!("hello")), SOON).await.expect("the text");
    let bytes = bed("format: bytes").await;
    bytes
        .session
        .produce_event(&bytes.topic, Event::new("T").raw(&b"\xff\x00"[..]))
        .await
        .expect("acknowledged");
    let found = bytes
        .session
        .expect_event(&bytes.topic, Match::new().event_type("T"), SOON)
        .await
        .expect("the bytes");
    assert_eq!(found.events[0].raw_value.as_deref(), Some(&b"\xff\x00"[..]));
    let refused = text.session.produce_event(&text.topic, Event::new("T").json(json!({"a": 1}))).await;
    assert_eq!(refused.expect_err("not text").code(), ErrorCode::EncodeFailed);
}

#[tokio::test]
async fn one_topic_may_be_on_two_clusters_and_each_event_stays_on_its_own() {
    let mut harmed = kafka::to_harm().await;
    let second = harmed.bootstrap_servers.clone();
    let probe = support::patient_probe(kafka::shared());
    let topic = format!("v-{}", Uuid::new_v4());
    let entry = |name: &str, place: &str| {
        format!("  - {{topic: {topic}, as: {name}, role: both, create: {{partitions: 1}}{place}}}\n")
    };
    let place = format!(", bootstrapServers: \"{second}\"");
    let yaml = format!("topics:\n{}{}", entry("here", ""), entry("there", &place));
    let session =
        probe.open_session(Directives::from_yaml(&yaml).expect("directives")).await.expect("a session");
    session.produce_event("here", Event::new("T").id("h")).await.expect("acknowledged");
    session.produce_event("there", Event::new("T").id("t")).await.expect("acknowledged");
    session.expect_event("there", Match::new().id("t"), SOON).await.expect("there");
    session.expect_none("there", Match::new().id("h"), WINDOW).await.expect("not there");
    let error =
        session.expect_event("here", Match::new().id("t"), Some(WINDOW)).await.expect_err("elsewhere");
    assert!(error.message().contains("a match is on topic `there`"), "{error}");
    harmed.stop();
    session
        .expect_none("here", Match::new().id("x"), WINDOW)
        .await
        .expect("one cluster's trouble is not the other's");
    harmed.cont();
}

#[tokio::test]
async fn sixty_four_sessions_on_one_topic_see_their_own_events_alone() {
    let bed = bed("").await;
    let sessions = {
        let mut sessions = Vec::new();
        for _ in 0..64 {
            sessions.push(open(&bed.probe, &bed.topic, "").await);
        }
        sessions
    };
    let rounds: Vec<_> = sessions
        .into_iter()
        .map(|session| {
            let topic = bed.topic.clone();
            async move {
                for n in 0..5 {
                    session.produce_event(&topic, Event::new("Same").id(format!("e-{n}"))).await?;
                }
                let five = session.receive_n(&topic, 5, SOON).await?;
                assert!(five.own.iter().all(|own| *own));
                session.expect_none(&topic, Match::new().event_type("Same").own(false), WINDOW).await?;
                Ok(())
            }
        })
        .collect();
    for result in test_probe::runtime::join_all(rounds).await {
        result.expect("a session that is not disturbed");
    }
}

#[tokio::test]
async fn a_cluster_that_is_not_there_is_named_in_time() {
    let probe = Probe::builder().bootstrap_servers("127.0.0.1:1").build().expect("a probe");
    let directives = Directives::from_yaml("topics: [{topic: t, role: both}]").expect("directives");
    let error = probe.open_session(directives).await.err().expect("unreachable");
    assert_eq!(error.code(), ErrorCode::BrokerUnreachable, "{error:?}");
    assert!(error.message().contains("127.0.0.1:1") && error.message().contains("default"), "{error}");
}

#[tokio::test]
async fn the_static_dsl_says_who_is_not_registered() {
    let bed = bed("").await;
    let test_id = bed.session.test_id();
    dsl::register_system(&bed.probe);
    dsl::produce_event(test_id, &bed.topic, Event::new("T").id("d-1")).await.expect("produced");
    bed.session.expect_event(&bed.topic, Match::new().id("d-1"), SOON).await.expect("it");
    assert!(matches!(dsl::fetch_consumed_event(test_id, &bed.topic, "d-1"), Ok(ConsumedResult::Ack(_))));
    let error = dsl::produce_event("nobody", &bed.topic, Event::new("T")).await.expect_err("unknown");
    assert_eq!(error.code(), ErrorCode::ActorNotRegistered);
    for part in ["nobody", &bed.topic, "producer"] {
        assert!(error.message().contains(part), "{error}");
    }
    bed.probe.close(None).await.expect("closed");
    let error = dsl::fetch_consumed_event(test_id, &bed.topic, "d-1").expect_err("closed");
    assert_eq!(error.code(), ErrorCode::DslNotInitialized);
}

#[tokio::test]
async fn roles_and_test_ids_are_checked() {
    let bed = bed("").await;
    let yaml = format!("topics: [{{topic: {}, role: producer}}]", bed.topic);
    let only =
        bed.probe.open_session(Directives::from_yaml(&yaml).expect("directives")).await.expect("a session");
    let error = only.expect_event(&bed.topic, Match::new(), Some(WINDOW)).await.expect_err("no consumer");
    assert_eq!(error.code(), ErrorCode::ActorNotRegistered);
    let taken = Some(only.test_id().to_owned());
    let again = bed.probe.open_session_as(Directives::default(), taken).await.err().expect("taken");
    assert_eq!(again.code(), ErrorCode::InvalidArgument);
    let bad = bed
        .probe
        .open_session_as(Directives::default(), Some("a b".to_owned()))
        .await
        .err()
        .expect("a blank");
    assert_eq!(bad.code(), ErrorCode::InvalidArgument);
}

#[tokio::test]
async fn a_session_starts_where_its_directive_says() {
    let bed = bed("").await;
    let mut acks = Vec::new();
    for n in 0..10_i64 {
        let event = Event::new("T").id(format!("e-{n}")).timestamp(1_750_000_000_000 + n * 1000);
        acks.push(bed.session.produce_event(&bed.topic, event).await.expect("acknowledged"));
    }
    bed.session.receive_n(&bed.topic, 10, SOON).await.expect("read");
    let id = bed.session.test_id().to_owned();
    bed.session.close().await.expect("closed");
    // 1_750_000_007_000 ms are 2025-06-15T15:06:47Z.
    let starts = [
        ("{offsets: {0: 4}}", 6),
        ("{timestamp: \"2025-06-15T15:06:47Z\"}", 3),
        ("earliest", 10),
        ("latest", 0),
    ];
    for (start, left) in starts {
        let yaml = format!("topics: [{{topic: {}, role: both, start: {start}}}]", bed.topic);
        let directives = Directives::from_yaml(&yaml).expect("directives");
        let session = bed.probe.open_session_as(directives, Some(id.clone())).await.expect("a session");
        session.expect_none(&bed.topic, Match::new().id("nothing"), WINDOW).await.expect("covered");
        assert_eq!(session.journal(&bed.topic).expect("a journal").len(), left, "start: {start}");
        session.close().await.expect("closed");
    }
}

#[tokio::test]
async fn partitions_that_are_added_are_read_from_their_beginning() {
    let bed = bed("").await;
    foreign::grow(kafka::shared(), &bed.topic, 3).await;
    let event = Event::new("T").id("new").partition(2);
    bed.session.produce_event(&bed.topic, event).await.expect("acknowledged");
    bed.session.expect_event(&bed.topic, Match::new().id("new"), SOON).await.expect("it");
    let verdict = bed.session.expect_none(&bed.topic, Match::new().id("x"), WINDOW).await.expect("covered");
    assert_eq!(verdict.coverage.partitions.keys().copied().collect::<Vec<_>>(), [0, 1, 2]);
}

#[tokio::test]
async fn records_that_were_deleted_before_they_were_read_are_a_gap() {
    let mut harmed = kafka::to_harm().await;
    let servers = harmed.bootstrap_servers.clone();
    let probe = support::patient_probe(&servers);
    let topic = format!("v-{}", Uuid::new_v4());
    let first = open(&probe, &topic, "").await;
    for _ in 0..5 {
        first.produce_event(&topic, Event::new("T")).await.expect("acknowledged");
    }
    first.receive_n(&topic, 5, SOON).await.expect("read");
    foreign::delete_records(&servers, &topic, 3).await;
    let yaml = format!("topics: [{{topic: {topic}, role: both, start: {{offsets: {{0: 1}}}}}}]");
    let late =
        probe.open_session(Directives::from_yaml(&yaml).expect("directives")).await.expect("a session");
    let error =
        late.expect_none(&topic, Match::new().id("x"), Duration::from_secs(2)).await.expect_err("a gap");
    assert_eq!(error.code(), ErrorCode::ReadGap, "{error}");
    first.expect_none(&topic, Match::new().id("x"), WINDOW).await.expect("it had read them");
    harmed.cont();
}

#[tokio::test]
async fn three_nodes_lose_a_leader_and_no_verdict_is_wrong() {
    let mut kafka = tokio::task::spawn_blocking(|| kafka::Kafka::start_nodes(3)).await.expect("a cluster");
    let servers = kafka.bootstrap_servers.clone();
    let yaml = "test-probe: {dsl: {ask-timeout: 30s, blocking-timeout: 30s, verdict-grace: 15s}}";
    let mut config =
        test_probe::Config::from_texts(Some(yaml), None, &Default::default()).expect("a configuration");
    config.clusters.insert("default".to_owned(), test_probe::config::ClusterConfig::at(&servers));
    let probe = Probe::builder().config(config).build().expect("a probe");
    let topic = format!("v-{}", Uuid::new_v4());
    let yaml =
        format!("topics: [{{topic: {topic}, role: both, create: {{partitions: 1, replicationFactor: 3}}}}]");
    let session =
        probe.open_session(Directives::from_yaml(&yaml).expect("directives")).await.expect("a session");
    let produce = async |n: usize| session.produce_event(&topic, Event::new("T").id(format!("e-{n}"))).await;
    for n in 0..20 {
        produce(n).await.expect("acknowledged");
    }
    let of = topic.clone();
    let leader = tokio::task::spawn_blocking(move || foreign::leader(&servers, &of)).await.expect("a leader");
    kafka.kill_node(leader);
    for n in 20..40 {
        produce(n).await.expect("acknowledged by the new leader");
    }
    let all = session.receive_n(&topic, 40, SOON).await.expect("every acknowledged event");
    let ids: Vec<_> = all.events.iter().filter_map(|event| event.envelope.id.clone()).collect();
    assert_eq!(ids, (0..40).map(|n| format!("e-{n}")).collect::<Vec<_>>());
    session.expect_none(&topic, Match::new().id("x"), WINDOW).await.expect("covered by the new leader");
}

#[tokio::test]
async fn an_expression_excludes_an_undecodable_record_only_by_what_is_known_of_it() {
    let bed = bed("unattributed: ignore").await;
    bed.foreign(&[("ce_testid", bed.session.test_id()), ("ce_type", "Other")], Some("k"), b"{");
    let none = |expression: &str| {
        let matching = Match::new().where_(expression);
        bed.session.expect_none(&bed.topic, matching, WINDOW)
    };
    none("type == 'Wanted' && value.total > 3").await.expect("another type");
    for open in ["type == 'Other' && value.total > 3", "value.total > 3", "!(value.total > 3)"] {
        assert_eq!(none(open).await.expect_err("not a pass").code(), ErrorCode::Undecodable, "{open}");
    }
    // Where the value keeps the type, nobody knows that either.
    let inside = open(&bed.probe, &format!("{}-2", bed.topic), "correlation: {type: \"value:/type\"}").await;
    let topic = format!("{}-2", bed.topic);
    let there = Bed { probe: bed.probe, topic, session: inside };
    there.foreign(&[("ce_testid", there.session.test_id())], Some("k"), b"{");
    for matching in
        [Match::new().where_("type == 'Wanted'"), Match::new().matcher("type", "equals", "Wanted")]
    {
        assert_eq!(there.none(matching).await, ErrorCode::Undecodable);
    }
    there
        .session
        .expect_none(&there.topic, Match::new().where_("key == 'x'"), WINDOW)
        .await
        .expect("another key");
}

#[tokio::test]
async fn a_comparison_that_would_take_too_long_is_a_doubt_and_an_expectation_of_anything_is_warned_of() {
    let bed = bed("").await;
    let wide: serde_json::Value = (0..1_000).collect();
    bed.session.produce_event(&bed.topic, Event::new("T").id("w-1").json(wide)).await.expect("acknowledged");
    let endless = Match::new().where_("value.exists(a, value.exists(b, value.exists(c, a + b + c < 0)))");
    assert_eq!(bed.none(endless).await, ErrorCode::Undecodable);

    let verdict = bed.session.expect_event(&bed.topic, Match::new(), SOON).await.expect("it");
    let codes: Vec<&str> = verdict.warnings.iter().map(|warning| warning.code).collect();
    assert_eq!(codes, ["SELF_MATCH", "VACUOUS_MATCH"]);
    let telling = Match::new().matcher("$[999]", "equals", 999).where_("value.size() == 1000");
    let verdict = bed.session.expect_event(&bed.topic, telling, SOON).await.expect("it");
    assert_eq!(verdict.warnings.iter().map(|warning| warning.code).collect::<Vec<_>>(), ["SELF_MATCH"]);

    let broken = Match::new().where_("value.total >");
    let error = bed.session.expect_event(&bed.topic, broken, SOON).await.expect_err("not understood");
    assert_eq!(error.code(), ErrorCode::InvalidArgument);
}
