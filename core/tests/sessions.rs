//! The verbs of a session on real Kafka, through the whole engine.

mod support;

use std::time::{Duration, Instant};

use serde_json::json;
use support::kafka;
use test_probe::{ConsumedNack, ConsumedResult, Directives, ErrorCode, Event, Match, Probe, Session};
use uuid::Uuid;

fn probe(servers: &str) -> Probe {
    support::patient_probe(servers)
}

fn topic() -> String {
    format!("s-{}", Uuid::new_v4())
}

/// Opens a session on one fresh topic that it produces to and consumes.
async fn session_on(probe: &Probe, topic: &str, extra: &str) -> Session {
    let yaml = format!("topics:\n  - topic: {topic}\n    role: both\n    create: {{partitions: 2}}\n{extra}");
    probe.open_session(Directives::from_yaml(&yaml).expect("directives")).await.expect("a session")
}

const SOON: Option<Duration> = Some(Duration::from_secs(20));

#[tokio::test]
async fn an_event_is_produced_fetched_and_expected() {
    let probe = probe(kafka::shared());
    let topic = topic();
    let session = session_on(&probe, &topic, "").await;
    let ack = session
        .produce_event(
            &topic,
            Event::new("OrderCreated").version("1").id("evt-1").key("o-1").json(json!({"total": 5})),
        )
        .await
        .expect("an acknowledgement");
    let verdict = session
        .expect_event(
            &topic,
            Match::new().id("evt-1").event_type("OrderCreated").value(json!({"total": 5})),
            SOON,
        )
        .await
        .expect("the event");
    let event = &verdict.events[0];
    assert_eq!((event.partition, event.offset), (ack.partition, ack.offset));
    assert_eq!(verdict.warnings[0].code, "SELF_MATCH");
    assert!(session.is_own(event));
    match session.fetch_consumed_event(&topic, "evt-1").expect("an answer") {
        ConsumedResult::Ack(event) => assert_eq!(event.envelope.version.as_deref(), Some("1")),
        ConsumedResult::Nack(nack) => panic!("{}", nack.reason()),
    }
    let nack = session.fetch_consumed_event(&topic, "evt-2").expect("an answer");
    assert!(matches!(nack, ConsumedResult::Nack(ConsumedNack::NotSeenYet)));
    session.close().await.expect("closed");
    assert_eq!(session.journal(&topic).expect_err("closed").code(), ErrorCode::SessionClosed);
}

#[tokio::test]
async fn nothing_came_is_proven_and_a_forbidden_event_fails_at_once() {
    let probe = probe(kafka::shared());
    let topic = topic();
    let session = session_on(&probe, &topic, "").await;
    let none = Match::new().event_type("OrderRejected");
    let verdict = session.expect_none(&topic, none.clone(), Duration::from_millis(200)).await.expect("none");
    assert!(
        verdict.coverage.partitions.values().all(|p| p.end.is_some_and(|end| p.next >= end)),
        "{verdict:?}"
    );
    session.produce_event(&topic, Event::new("OrderRejected")).await.expect("produced");
    let begun = Instant::now();
    let error = session.expect_none(&topic, none, Duration::from_secs(30)).await.expect_err("one came");
    assert_eq!(error.code(), ErrorCode::UnexpectedEvent);
    assert!(begun.elapsed() < Duration::from_secs(20), "it waited for the window's end");
}

#[tokio::test]
async fn a_missing_event_fails_with_the_nearest_miss() {
    let probe = probe(kafka::shared());
    let topic = topic();
    let session = session_on(&probe, &topic, "").await;
    session
        .produce_event(&topic, Event::new("OrderCreated").id("evt-1").json(json!({"total": "5"})))
        .await
        .expect("ack");
    let wanted = Match::new().event_type("OrderCreated").value(json!({"total": 5}));
    let error =
        session.expect_event(&topic, wanted, Some(Duration::from_millis(300))).await.expect_err("missing");
    assert_eq!(error.code(), ErrorCode::ExpectationTimeout, "{error}");
    assert!(error.message().contains("value.total"), "{error}");
    assert!(error.message().contains("other value 1"), "{error}");
    assert!(error.message().lines().count() <= 20, "{error}");
}

#[tokio::test]
async fn marks_and_receive_look_only_at_what_is_new() {
    let probe = probe(kafka::shared());
    let topic = topic();
    let session = session_on(&probe, &topic, "").await;
    for id in ["a", "b"] {
        session.produce_event(&topic, Event::new("T").id(id).partition(0)).await.expect("ack");
    }
    let received = session.receive_n(&topic, 2, SOON).await.expect("two");
    assert_eq!(
        received.events.iter().map(|e| e.envelope.id.as_deref().unwrap_or("")).collect::<Vec<_>>(),
        ["a", "b"]
    );
    let mark = session.mark().await.expect("a mark");
    let after = Match::new().event_type("T").after(mark.clone());
    session
        .expect_none(&topic, after.clone(), Duration::from_millis(100))
        .await
        .expect("none after the mark");
    session.produce_event(&topic, Event::new("T").id("c").partition(0)).await.expect("ack");
    let found = session.expect_event(&topic, after, SOON).await.expect("one after the mark");
    assert_eq!(found.events[0].envelope.id.as_deref(), Some("c"));
    let next = session.receive_event(&topic, SOON).await.expect("the third");
    assert_eq!(next.events[0].envelope.id.as_deref(), Some("c"));
}

#[tokio::test]
async fn an_unknown_topic_is_an_error_at_once_and_an_awaited_one_is_picked_up() {
    let probe = probe(kafka::shared());
    let name = topic();
    let yaml = format!("topics: [{{topic: {name}, role: consumer}}]");
    let error =
        probe.open_session(Directives::from_yaml(&yaml).expect("directives")).await.err().expect("refused");
    assert_eq!(error.code(), ErrorCode::UnknownTopic, "{error}");
    let yaml = format!("topics: [{{topic: {name}, role: consumer, missing: wait}}]");
    let waiting =
        probe.open_session(Directives::from_yaml(&yaml).expect("directives")).await.expect("a session");
    let other = session_on(&probe, &name, "").await;
    other.produce_event(&name, Event::new("T").header("x", "y")).await.expect("ack");
    let doubt = waiting.expect_none(&name, Match::new(), Duration::from_millis(300)).await;
    assert!(doubt.is_ok(), "{doubt:?}");
    let start = waiting.coverage(&name).expect("coverage");
    assert!(start.partitions.values().all(|partition| partition.from == 0), "{start:?}");
}

#[tokio::test]
async fn while_the_broker_is_stopped_a_verdict_is_inconclusive_and_in_time() {
    let mut kafka = kafka::to_harm().await;
    let probe = probe(&kafka.bootstrap_servers.clone());
    let topic = topic();
    let session = session_on(&probe, &topic, "").await;
    kafka.stop();
    let begun = Instant::now();
    let error =
        session.expect_none(&topic, Match::new(), Duration::from_millis(300)).await.expect_err("doubt");
    let took = begun.elapsed();
    kafka.cont();
    assert_eq!(error.code(), ErrorCode::NotCovered, "{error}");
    assert!(took < Duration::from_secs(10), "{took:?}");
    session
        .expect_none(&topic, Match::new(), Duration::from_millis(300))
        .await
        .expect("none, once it is back");
}

#[tokio::test]
async fn a_session_that_starts_in_the_past_catches_up() {
    let probe = probe(kafka::shared());
    let topic = topic();
    let first = session_on(&probe, &topic, "").await;
    for n in 0..50 {
        first.produce_event(&topic, Event::new("T").id(format!("e-{n}"))).await.expect("ack");
    }
    first.receive_n(&topic, 50, SOON).await.expect("all");
    let id = first.test_id().to_owned();
    first.close().await.expect("closed");
    let yaml = format!("topics: [{{topic: {topic}, role: both, start: earliest}}]");
    let again = probe
        .open_session_as(Directives::from_yaml(&yaml).expect("directives"), Some(id))
        .await
        .expect("again");
    let all = again.receive_n(&topic, 50, SOON).await.expect("all of them again");
    assert_eq!(all.events.len(), 50);
    again.produce_event(&topic, Event::new("T").id("new")).await.expect("ack");
    again.expect_event(&topic, Match::new().id("new"), SOON).await.expect("the new one");
    assert_eq!(again.journal(&topic).expect("a journal").len(), 51);
}

#[tokio::test]
async fn twenty_five_events_are_committed_and_seen_from_outside() {
    let probe = probe(kafka::shared());
    let topic = topic();
    let session = session_on(&probe, &topic, "").await;
    for n in 0..25 {
        session.produce_event(&topic, Event::new("T").id(format!("e-{n}")).partition(0)).await.expect("ack");
    }
    let group = format!("test-probe-{}", session.test_id());
    let deadline = Instant::now() + Duration::from_secs(20);
    loop {
        let (servers, group, topic) = (kafka::shared(), group.clone(), topic.clone());
        let seen =
            tokio::task::spawn_blocking(move || support::foreign::committed(servers, &group, &topic)).await;
        if seen.expect("asked") == Some(25) {
            break;
        }
        assert!(Instant::now() < deadline, "the commit was not seen");
    }
}

#[tokio::test]
async fn a_panic_of_the_worker_loses_nothing_and_a_second_one_ends_every_waiter() {
    let probe = probe(kafka::shared());
    let topic = topic();
    let session = session_on(&probe, &topic, "").await;
    probe.inject_panic(&topic).expect("injected");
    session.produce_event(&topic, Event::new("T").id("after")).await.expect("ack");
    session.expect_event(&topic, Match::new().id("after"), SOON).await.expect("nothing was lost");
    let waiting = {
        let (session, topic) = (session.clone(), topic.clone());
        tokio::spawn(async move { session.expect_event(&topic, Match::new().id("never"), SOON).await })
    };
    probe.inject_panic(&topic).expect("injected");
    let error = waiting.await.expect("joined").expect_err("the worker is gone");
    assert_eq!(error.code(), ErrorCode::Panic, "{error}");
}

#[tokio::test]
async fn closing_the_probe_wakes_whoever_waits() {
    let probe = probe(kafka::shared());
    let topic = topic();
    let session = session_on(&probe, &topic, "").await;
    let waiting = {
        let (session, topic) = (session.clone(), topic.clone());
        tokio::spawn(async move { session.expect_event(&topic, Match::new().id("never"), SOON).await })
    };
    tokio::task::yield_now().await;
    probe.close(None).await.expect("closed");
    assert_eq!(waiting.await.expect("joined").expect_err("closed").code(), ErrorCode::ShuttingDown);
    probe.close(None).await.expect("closed twice");
    let error = probe.open_session(Directives::default()).await.err().expect("closed");
    assert_eq!(error.code(), ErrorCode::ShuttingDown);
}

#[test]
fn the_blocking_twins_do_the_same_from_a_plain_thread_and_are_refused_inside_a_runtime() {
    let probe = probe(kafka::shared());
    let topic = topic();
    let yaml = format!("topics: [{{topic: {topic}, role: both, create: {{partitions: 1}}}}]");
    let session =
        probe.open_session_blocking(Directives::from_yaml(&yaml).expect("directives")).expect("a session");
    let mark = session.mark_blocking().expect("a mark");
    session.produce_event_blocking(&topic, Event::new("T").id("b-1")).expect("acknowledged");
    session.expect_event_blocking(&topic, Match::new().id("b-1").after(mark), SOON).expect("it");
    session.receive_event_blocking(&topic, SOON).expect("it");
    session.expect_none_blocking(&topic, Match::new().id("b-2"), Duration::from_millis(100)).expect("none");
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
    let error = runtime.block_on(async { session.mark_blocking() }).expect_err("inside a runtime");
    assert_eq!(error.code(), ErrorCode::WrongThread);
    session.close_blocking().expect("closed");
}

#[tokio::test]
async fn an_event_that_failed_unseen_fails_the_close_of_its_session() {
    let mut kafka = kafka::to_harm().await;
    let yaml = "test-probe: {dsl: {ask-timeout: 1s, blocking-timeout: 1s}}";
    let mut config =
        test_probe::Config::from_texts(Some(yaml), None, &Default::default()).expect("a configuration");
    config
        .clusters
        .insert("default".to_owned(), test_probe::config::ClusterConfig::at(&kafka.bootstrap_servers));
    let probe = Probe::builder().config(config).build().expect("a probe");
    let topic = topic();
    let session = session_on(&probe, &topic, "").await;
    session.produce_event(&topic, Event::new("T")).await.expect("acknowledged");
    let careless = session_on(&probe, &topic, "").await;
    kafka.stop();
    drop(
        tokio::time::timeout(Duration::from_millis(50), careless.produce_event(&topic, Event::new("T")))
            .await,
    );
    // Each of these waits as long as the client keeps a record, so the careless one is given up by then.
    for _ in 0..4 {
        let error = session.produce_event(&topic, Event::new("T")).await.expect_err("nobody answers");
        assert!([ErrorCode::TimedOut, ErrorCode::ProduceFailed].contains(&error.code()), "{error:?}");
        assert!(error.context().contains_key("delivery"), "{error:?}");
    }
    kafka.cont();
    let error = careless.close().await.expect_err("unseen");
    assert_eq!(error.code(), ErrorCode::ProduceFailed, "{error:?}");
    session.close().await.expect("what failed was seen");
}
