//! More attempts to fool a verdict. What was tried, and by which test:
//!
//! | while, or after | test |
//! |---|---|
//! | the broker is stopped | `while_the_broker_is_stopped_a_verdict_is_inconclusive_and_in_time` (sessions), `while_the_broker_is_stopped_no_verb_fails_or_passes` (expectations) |
//! | the connection is cut | `while_the_connection_is_cut_nothing_is_proven` |
//! | nothing is assigned | `before_the_topic_is_there_nothing_is_proven` |
//! | records are undecodable | `an_undecodable_record_neither_satisfies_nor_is_forbidden` (verdicts) |
//! | records carry no test id | `a_record_without_a_test_id_makes_a_verdict_not_attributable_unless_it_is_ignored` (verdicts) |
//! | eventFilters hide records | `what_event_filters_hide_is_judged_by_expect_none_and_not_by_expect_event` (verdicts) |
//! | the last millisecond of the window | `an_event_of_the_last_moment_of_the_window_is_in_time` |
//! | a transaction is open, or was aborted | `an_open_transaction_is_a_doubt_an_aborted_one_is_nothing_and_uncommitted_readers_see_it` (verdicts) |
//! | a request for offsets gets no answer | `while_the_ends_are_not_answered_nothing_is_proven` |
//! | the topic was created anew | `deleted_records_and_a_topic_created_anew_are_gaps` (verdicts) |
//! | 1,000 look-alikes of a former run | `a_thousand_stale_look_alikes_are_never_matched` |
//! | 64 sessions side by side | `sixty_four_sessions_on_one_topic_see_their_own_events_alone` (verdicts) |
//! | anything, at random | `no_verdict_is_wrong_in_randomised_rounds` (rounds), `ten_thousand_schedules_hold` (simulation) |

mod support;

use std::time::{Duration, Instant};

use support::kafka;
use support::proxy::{LIST_OFFSETS, Proxy};
use test_probe::{Directives, ErrorCode, Event, Match, Probe, Session};
use uuid::Uuid;

const WINDOW: Duration = Duration::from_millis(300);
const SOON: Option<Duration> = Some(Duration::from_secs(20));

fn name() -> String {
    format!("d-{}", Uuid::new_v4())
}

async fn open(probe: &Probe, topic: &str, keys: &str) -> Session {
    let yaml = format!("topics: [{{topic: {topic}, role: both, {keys}}}]");
    probe.open_session(Directives::from_yaml(&yaml).expect("directives")).await.expect("a session")
}

const CREATED: &str = "create: {partitions: 1}";

#[tokio::test]
async fn while_the_connection_is_cut_nothing_is_proven() {
    let proxy = Proxy::start(kafka::shared(), b"nothing");
    let (probe, topic) = (support::patient_probe(&proxy.address), name());
    let session = open(&probe, &topic, CREATED).await;
    session.produce_event(&topic, Event::new("T").id("1")).await.expect("acknowledged");
    session.expect_event(&topic, Match::new().id("1"), SOON).await.expect("it is read");
    proxy.cut(true);
    let none = session.expect_none(&topic, Match::new().id("2"), WINDOW).await.expect_err("cut");
    let event = session.expect_event(&topic, Match::new().id("2"), Some(WINDOW)).await.expect_err("cut");
    proxy.cut(false);
    for error in [none, event] {
        assert_eq!(error.code(), ErrorCode::NotCovered, "{error}");
    }
    session.expect_event(&topic, Match::new().id("1"), SOON).await.expect("what was read needs no proof");
    let until = Instant::now() + support::LONG;
    while let Err(error) = session.expect_none(&topic, Match::new().id("2"), WINDOW).await {
        assert_eq!(error.code(), ErrorCode::NotCovered, "{error}");
        assert!(Instant::now() < until, "{error}");
    }
}

#[tokio::test]
async fn while_the_ends_are_not_answered_nothing_is_proven() {
    let proxy = Proxy::start(kafka::shared(), b"nothing");
    let (probe, topic) = (support::patient_probe(&proxy.address), name());
    let session = open(&probe, &topic, CREATED).await;
    session.produce_event(&topic, Event::new("T").id("1")).await.expect("acknowledged");
    session.expect_event(&topic, Match::new().id("1"), SOON).await.expect("it is read");
    proxy.withhold(Some(LIST_OFFSETS));
    let error = session.expect_none(&topic, Match::new().id("2"), WINDOW).await.expect_err("no end");
    assert_eq!(error.code(), ErrorCode::NotCovered, "{error}");
    for said in ["did not answer for the end offsets in time", "and the end was not answered"] {
        assert!(error.message().contains(said), "{error}");
    }
    proxy.withhold(None);
    session.expect_none(&topic, Match::new().id("2"), WINDOW).await.expect("answered again");
}

#[tokio::test]
async fn before_the_topic_is_there_nothing_is_proven() {
    let (probe, topic) = (support::patient_probe(kafka::shared()), name());
    let session = open(&probe, &topic, "missing: wait").await;
    let none = session.expect_none(&topic, Match::new().id("1"), WINDOW).await.expect_err("not there");
    let event =
        session.expect_event(&topic, Match::new().id("1"), Some(WINDOW)).await.expect_err("not there");
    for error in [none, event] {
        assert_eq!(error.code(), ErrorCode::NotCovered, "{error}");
        assert!(error.message().contains("did not exist at the deadline"), "{error}");
    }
    let creator = open(&probe, &topic, CREATED).await;
    session.expect_none(&topic, Match::new().id("1"), WINDOW).await.expect("it is there, and empty");
    creator.close().await.expect("closed");
}

#[tokio::test]
async fn an_event_of_the_last_moment_of_the_window_is_in_time() {
    let (probe, topic) = (support::patient_probe(kafka::shared()), name());
    let session = open(&probe, &topic, CREATED).await;
    session.produce_event(&topic, Event::new("warm")).await.expect("acknowledged");
    let (mut in_time, mut before) = (0, Duration::from_millis(4));
    for n in 0..100 {
        let id = format!("e-{n}");
        let (asked, of, matching) = (session.clone(), topic.clone(), Match::new().id(&id));
        // The deadline is not before this.
        let deadline = Instant::now() + WINDOW;
        let waiting = tokio::spawn(async move { asked.expect_none(&of, matching, WINDOW).await });
        tokio::time::sleep_until((deadline - before.min(WINDOW)).into()).await;
        session.produce_event(&topic, Event::new("T").id(&id)).await.expect("acknowledged");
        let is_in_time = Instant::now() <= deadline;
        match (waiting.await.expect("joined"), is_in_time) {
            (Err(error), _) => assert_eq!(error.code(), ErrorCode::UnexpectedEvent, "{error}"),
            (Ok(verdict), true) => {
                panic!("an event that was acknowledged in time was overlooked: {verdict:?}")
            }
            (Ok(_), false) => {}
        }
        in_time += u32::from(is_in_time);
        if in_time == 12 {
            return;
        }
        // As late as the machine is able to be in time.
        before = if is_in_time { before * 3 / 4 } else { before * 2 };
    }
    panic!("no event was in time");
}

#[tokio::test]
async fn a_thousand_stale_look_alikes_are_never_matched() {
    let (probe, topic) = (support::patient_probe(kafka::shared()), name());
    let former = open(&probe, &topic, CREATED).await;
    let look_alike = || Event::new("T").id("same");
    let stale = (0..1_000).map(|_| former.produce_event(&topic, look_alike())).collect::<Vec<_>>();
    for produced in stale {
        produced.await.expect("acknowledged");
    }
    let session = open(&probe, &topic, "").await;
    let same = || Match::new().id("same");
    let error = session.expect_event(&topic, same(), Some(WINDOW)).await.expect_err("stale");
    assert_eq!(error.code(), ErrorCode::ExpectationTimeout, "{error}");
    let said = format!("carries test id \"{}\" lies 1 offset before your start", former.test_id());
    assert!(error.message().contains(&said), "{error}");
    former.produce_event(&topic, look_alike()).await.expect("acknowledged");
    session.expect_none(&topic, same(), WINDOW).await.expect("another test's");
    let error = session.expect_event(&topic, same(), Some(WINDOW)).await.expect_err("another test's");
    assert!(error.message().contains("other tests "), "{error}");

    // The session's own is found all the same; that it was not the only one is worth a warning.
    session.produce_event(&topic, look_alike()).await.expect("acknowledged");
    let verdict = session.expect_event(&topic, same().own(true), SOON).await.expect("its own");
    assert!(verdict.warnings.is_empty(), "{:?}", verdict.warnings);
    let verdict = session.expect_event(&topic, same(), SOON).await.expect("its own");
    let warnings: Vec<(&str, &str)> =
        verdict.warnings.iter().map(|warning| (warning.code, &*warning.message)).collect();
    let [("SELF_MATCH", _), ("FOREIGN_MATCH", foreign), ("STALE_MATCH", stale)] = warnings[..] else {
        panic!("{warnings:?}")
    };
    assert!(foreign.contains(former.test_id()) && foreign.contains("partition 0, offset 1000"), "{foreign}");
    assert!(stale.contains("partition 0, offset 999"), "{stale}");
    let narrow = Match::new().id("same").value(serde_json::json!(null));
    let verdict = session.expect_event(&topic, narrow, SOON).await.expect("its own");
    assert_eq!(verdict.warnings.len(), 1, "what is not known for sure is no warning: {:?}", verdict.warnings);
}
