//! Exactly, all of, fishing and catching up: each passes, fails and doubts on a Kafka, through the
//! whole engine. What several verbs have in common is in `verdicts`.

mod support;

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use support::foreign::{self, Transactions};
use support::kafka;
use test_probe::operation::{Operation, Outcome};
use test_probe::{
    Directives, ErrorCode, Event, Fish, Match, Order, Probe, ProbeError, Result, Session, Verdict, Wanted,
};
use uuid::Uuid;

const WINDOW: Duration = Duration::from_millis(300);
const SOON: Duration = Duration::from_secs(20);

struct Bed {
    probe: Probe,
    session: Session,
    topic: String,
    other: String,
}

/// Opens a session on two fresh topics, of one partition and of three; `extra` are keys of the first.
async fn bed(extra: &str) -> Bed {
    bed_on(kafka::shared(), extra).await
}

async fn bed_on(servers: &str, extra: &str) -> Bed {
    let probe = support::patient_probe(servers);
    let (topic, other) = (format!("e-{}", Uuid::new_v4()), format!("e-{}", Uuid::new_v4()));
    let yaml = format!(
        "topics:\n  - {{topic: {topic}, role: both, create: {{partitions: 1}}{extra}}}\n  - {{topic: {other}, role: both, create: {{partitions: 3}}}}"
    );
    let session =
        probe.open_session(Directives::from_yaml(&yaml).expect("directives")).await.expect("a session");
    Bed { probe, session, topic, other }
}

impl Bed {
    async fn produce(&self, kinds: &[&str]) {
        for kind in kinds {
            self.produce_to(&self.topic, Event::new(*kind)).await;
        }
    }

    async fn produce_to(&self, topic: &str, event: Event) {
        self.session.produce_event(topic, event).await.expect("acknowledged");
    }

    async fn exactly(&self, n: usize, kind: &str) -> Result<Verdict> {
        self.session.expect_exactly(&self.topic, n, of(kind), WINDOW).await
    }

    async fn all_of(&self, matches: &[Wanted], order: Order) -> Result<Verdict> {
        self.session.expect_all_of(&self.topic, matches.to_vec(), order, Some(WINDOW)).await
    }

    /// Runs an expectation as a language gives it.
    async fn document(&self, document: Value) -> Result<Outcome> {
        self.session.run(Operation::expectation(&document)?).await
    }
}

fn of(kind: &str) -> Match {
    Match::new().event_type(kind)
}

fn kinds(verdict: &Verdict) -> Vec<&str> {
    verdict.events.iter().map(|event| event.envelope.event_type.as_deref().unwrap_or_default()).collect()
}

fn code<T: std::fmt::Debug>(result: Result<T>) -> ErrorCode {
    result.expect_err("not a pass").code()
}

#[tokio::test]
async fn exactly_so_many_pass_at_the_windows_end_with_the_proof_and_one_more_fails_at_once() {
    let bed = bed("").await;
    bed.produce(&["A", "B", "A"]).await;
    let begun = Instant::now();
    let verdict = bed.exactly(2, "A").await.expect("two");
    assert!(begun.elapsed() >= WINDOW, "it did not wait for the window's end");
    assert_eq!(kinds(&verdict), ["A", "A"]);
    assert!(verdict.coverage.partitions.values().all(|read| read.end == Some(read.next)), "{verdict:?}");
    assert_eq!(verdict.warnings[0].code, "SELF_MATCH");
    let begun = Instant::now();
    let error = bed.session.expect_exactly(&bed.topic, 1, of("A"), SOON).await.expect_err("two came");
    assert!(begun.elapsed() < SOON / 2, "it waited for the window's end");
    assert_eq!(error.code(), ErrorCode::WrongCount, "{error}");
    assert!(error.message().contains("one too many: partition 0, offset 2"), "{error}");
    let error = bed.exactly(3, "A").await.expect_err("two came");
    assert_eq!(error.code(), ErrorCode::WrongCount, "{error}");
    assert!(error.message().contains("other type 1") && error.message().contains("nearest miss"), "{error}");
    assert_eq!(code(bed.exactly(0, "A").await), ErrorCode::UnexpectedEvent);
    bed.exactly(0, "C").await.expect("none at all");
}

#[tokio::test]
async fn exactly_counts_what_event_filters_hide_and_only_what_lies_behind_the_mark() {
    let bed = bed(", eventFilters: [{eventType: Kept}]").await;
    bed.produce(&["Hidden", "Kept"]).await;
    bed.exactly(1, "Hidden").await.expect("one, though hidden");
    let mark = bed.session.mark().await.expect("a mark");
    bed.produce(&["Hidden"]).await;
    let after = of("Hidden").after(mark);
    let verdict =
        bed.session.expect_exactly(&bed.topic, 1, after, WINDOW).await.expect("one behind the mark");
    assert_eq!(verdict.events[0].offset, 2);
    assert_eq!(
        code(bed.all_of(&[of("Hidden").into()], Order::AnyOrder).await),
        ErrorCode::ExpectationTimeout
    );
}

#[tokio::test]
async fn what_cannot_be_known_is_no_count() {
    let bed = bed("").await;
    bed.produce(&["A"]).await;
    let broken = Event::new("A").raw(&b"\x00broken"[..]);
    bed.produce_to(&bed.topic, broken).await;
    assert_eq!(code(bed.exactly(1, "A").await), ErrorCode::Undecodable);
    assert_eq!(code(bed.exactly(2, "A").await), ErrorCode::Undecodable);
    bed.produce(&["A"]).await;
    let error = bed.exactly(1, "A").await.expect_err("two came, whatever the third is");
    assert_eq!(error.code(), ErrorCode::WrongCount);
    bed.exactly(0, "B").await.expect("excluded by type");
}

#[tokio::test]
async fn an_open_transaction_is_a_doubt_for_each_verb() {
    let bed = bed(", unattributed: ignore").await;
    bed.produce(&["A"]).await;
    let transactions = Transactions::begun(&bed.topic).await;
    for error in [
        bed.exactly(1, "A").await.expect_err("open"),
        bed.all_of(&[of("A").into(), of("B").into()], Order::InOrder).await.expect_err("open"),
        bed.session
            .fish_for_event(&bed.topic, Match::new(), |_| Fish::Ignore, Some(WINDOW))
            .await
            .expect_err("open"),
    ] {
        assert_eq!(error.code(), ErrorCode::NotCovered, "{error}");
        assert!(error.message().contains("transaction"), "{error}");
    }
    bed.all_of(&[of("A").into()], Order::InOrder).await.expect("what was seen needs no proof");
    tokio::task::spawn_blocking(move || transactions.abort()).await.expect("aborted");
    bed.exactly(1, "A").await.expect("aborted is nothing");
}

#[tokio::test]
async fn all_of_in_any_order_finds_an_assignment_where_a_greedy_choice_has_none() {
    let bed = bed("").await;
    let any = Match::new().header("tag", "x");
    for kind in ["B", "A"] {
        bed.produce_to(&bed.topic, Event::new(kind).header("tag", "x")).await;
    }
    let verdict = bed.all_of(&[any.clone().into(), of("B").into()], Order::AnyOrder).await.expect("both");
    assert_eq!(kinds(&verdict), ["A", "B"], "in the order of the matches");
    let twice = bed.all_of(&[of("B").into(), of("B").into()], Order::AnyOrder).await;
    let error = twice.expect_err("each event serves one match");
    assert_eq!(error.code(), ErrorCode::ExpectationTimeout, "{error}");
    assert!(error.message().contains("no event came for 1 of 2 matches"), "{error}");
    assert!(error.message().lines().count() <= 20, "{error}");
}

#[tokio::test]
async fn all_of_in_order_is_a_subsequence_and_the_wrong_order_is_told_from_a_missing_event() {
    let bed = bed("").await;
    bed.produce(&["A", "X", "B", "A"]).await;
    bed.all_of(&[of("A").into(), of("B").into(), of("A").into()], Order::InOrder).await.expect("in order");
    let error = bed.all_of(&[of("B").into(), of("A").into(), of("A").into()], Order::InOrder).await;
    let error = error.expect_err("not in this order");
    assert_eq!(error.code(), ErrorCode::WrongOrder, "{error}");
    assert!(error.message().contains("in order up to match 2"), "{error}");
    bed.all_of(&[of("B").into(), of("A").into(), of("A").into()], Order::AnyOrder).await.expect("any order");
    let error = bed.all_of(&[of("B").into(), of("C").into()], Order::InOrder).await.expect_err("no C");
    assert_eq!(error.code(), ErrorCode::ExpectationTimeout, "{error}");
    assert!(error.message().contains("2. type \"C\"") && error.message().contains(": none"), "{error}");
}

#[tokio::test]
async fn all_of_ends_as_soon_as_the_last_match_is_served() {
    let bed = bed("").await;
    bed.produce(&["A"]).await;
    let waiting = {
        let (session, topic) = (bed.session.clone(), bed.topic.clone());
        let matches = [of("A").into(), of("B").into()];
        tokio::spawn(async move {
            let begun = Instant::now();
            let verdict = session.expect_all_of(&topic, matches, Order::InOrder, Some(SOON)).await;
            (verdict, begun.elapsed())
        })
    };
    bed.produce(&["B"]).await;
    let (verdict, took) = waiting.await.expect("joined");
    assert_eq!(kinds(&verdict.expect("both")), ["A", "B"]);
    assert!(took < SOON / 2, "it waited for the deadline");
}

#[tokio::test]
async fn all_of_looks_on_several_topics_and_proves_each() {
    let bed = bed("").await;
    let mark = bed.session.mark().await.expect("a mark");
    bed.produce(&["A"]).await;
    bed.produce_to(&bed.other, Event::new("B").partition(2)).await;
    let both = [of("A").after(mark.clone()).into(), of("B").after(mark).on(&bed.other)];
    let verdict = bed.all_of(&both, Order::AnyOrder).await.expect("both");
    assert_eq!((&*verdict.events[0].topic, &*verdict.events[1].topic), (&*bed.topic, &*bed.other));
    assert_eq!(verdict.other_topics[&*bed.other].partitions.len(), 3);
    let error = bed.all_of(&[of("A").into(), of("A").on(&bed.other)], Order::AnyOrder).await;
    let error = error.expect_err("nothing of that type on the other topic");
    assert_eq!(error.code(), ErrorCode::ExpectationTimeout, "{error}");
    assert!(error.message().contains(&format!("coverage of `{}`", bed.other)), "{error}");
    assert!(error.message().contains(&format!("a match of 2 is on topic `{}`", bed.topic)), "{error}");
    let later = bed.session.mark().await.expect("a mark");
    let after = [of("A").into(), of("B").after(later).on(&bed.other)];
    assert_eq!(code(bed.all_of(&after, Order::AnyOrder).await), ErrorCode::ExpectationTimeout);
    let unknown = bed.all_of(&[of("A").on("nowhere")], Order::AnyOrder).await;
    assert_eq!(code(unknown), ErrorCode::ActorNotRegistered);
}

#[tokio::test]
async fn a_doubtful_record_counts_only_where_it_could_serve_a_match() {
    let bed = bed("").await;
    bed.produce(&["A"]).await;
    bed.produce_to(&bed.topic, Event::new("B").raw(&b"\x00broken"[..])).await;
    let code_of = async |matches: &[Wanted]| code(bed.all_of(matches, Order::AnyOrder).await);
    assert_eq!(code_of(&[of("A").into(), of("B").into()]).await, ErrorCode::Undecodable);
    let missing = [of("A").into(), of("B").into(), of("C").into()];
    assert_eq!(code_of(&missing).await, ErrorCode::ExpectationTimeout, "no record could serve C");
}

#[tokio::test]
async fn a_function_fishes_collects_completes_and_fails() {
    let bed = bed("").await;
    bed.produce(&["A", "B", "A", "C", "A"]).await;
    let mut seen = Vec::new();
    let caught = bed.session.fish_for_event(
        &bed.topic,
        Match::new(),
        |event| {
            let kind = event.envelope.event_type.clone().unwrap_or_default();
            seen.push(kind.clone());
            match kind.as_str() {
                "A" => Fish::Collect,
                "C" => Fish::Complete,
                _ => Fish::Ignore,
            }
        },
        Some(SOON),
    );
    let verdict = caught.await.expect("caught");
    assert_eq!(kinds(&verdict), ["A", "A", "C"]);
    assert_eq!(seen, ["A", "B", "A", "C"], "nothing is shown after it completed");
    assert_eq!(bed.session.receive_event(&bed.topic, Some(SOON)).await.expect("it").events[0].offset, 0);

    let refuse = |_: &_| Fish::Fail("sold twice".to_owned());
    let error = bed.session.fish_for_event(&bed.topic, of("C").hint("one sale"), refuse, Some(SOON)).await;
    let error = error.expect_err("refused");
    assert_eq!(error.code(), ErrorCode::UnexpectedEvent, "{error}");
    assert!(error.message().contains("sold twice") && error.message().contains("offset 3"), "{error}");
    assert!(error.message().contains("the test says: one sale"), "{error}");

    let mut shown = 0;
    let ignore = |_: &_| {
        shown += 1;
        Fish::Ignore
    };
    let error = bed.session.fish_for_event(&bed.topic, of("A"), ignore, Some(WINDOW)).await;
    let error = error.expect_err("nothing was caught");
    assert_eq!((error.code(), shown), (ErrorCode::ExpectationTimeout, 3), "{error}");
    assert!(error.message().contains("none of 3 events"), "{error}");
}

#[tokio::test]
async fn fishing_waits_for_what_comes_and_shows_no_event_that_cannot_be_decoded() {
    let bed = bed("").await;
    bed.produce_to(&bed.topic, Event::new("A").raw(&b"\x00broken"[..])).await;
    let waiting = {
        let (session, topic) = (bed.session.clone(), bed.topic.clone());
        tokio::spawn(async move {
            session.fish_for_event(&topic, Match::new(), |_| Fish::Complete, Some(SOON)).await
        })
    };
    bed.produce(&["B"]).await;
    assert_eq!(kinds(&waiting.await.expect("joined").expect("caught")), ["B"]);
    let fished = bed.session.fish_for_event(&bed.topic, of("A"), |_| Fish::Complete, Some(WINDOW)).await;
    assert_eq!(code(fished), ErrorCode::Undecodable);
    let mark = bed.session.mark().await.expect("a mark");
    let after = Match::new().after(mark);
    let fished = bed.session.fish_for_event(&bed.topic, after, |_| Fish::Complete, Some(WINDOW)).await;
    assert_eq!(code(fished), ErrorCode::ExpectationTimeout);
}

#[tokio::test]
async fn a_language_fishes_in_turns_and_nothing_is_kept_between_them() {
    let bed = bed("").await;
    bed.produce(&["A", "B", "C"]).await;
    bed.session.receive_n(&bed.topic, 3, Some(SOON)).await.expect("all are read");
    let begin = json!({"verb": "fish_for_event", "topic": bed.topic, "within_ms": 20_000});
    let begun = bed.document(begin).await.expect("a catch");
    let Outcome::Catch { events, .. } = &begun else { panic!("{begun:?}") };
    assert_eq!(events.len(), 3);
    let fishing = begun.to_json()["fishing"].clone();
    let go_on = |answers: Value| json!({"verb": "fish_for_event", "fishing": fishing, "answers": answers});
    let ended = bed.document(go_on(json!(["collect", "complete"]))).await.expect("caught");
    let Outcome::Verdict(verdict) = ended else { panic!("{ended:?}") };
    assert_eq!(kinds(&verdict), ["A", "B"]);
    for answers in [json!(["ignore"]), json!(["ignore", "ignore", "ignore", "ignore"]), json!(["eat"])] {
        assert_eq!(code(bed.document(go_on(answers)).await), ErrorCode::InvalidArgument);
    }
    let other = bed_on(kafka::shared(), "").await;
    assert!(other.document(go_on(json!(["complete"]))).await.is_err(), "it is of another session");
    let mut broken = go_on(json!(["complete"]));
    broken["fishing"]["shown"] = json!([77]);
    assert_eq!(code(bed.document(broken).await), ErrorCode::InvalidArgument);
}

#[tokio::test]
async fn a_slow_function_is_shown_all_that_was_in_time() {
    let bed = bed("").await;
    bed.produce(&["A"]).await;
    let (session, topic) = (bed.session.clone(), bed.topic.clone());
    let begin = json!({"verb": "fish_for_event", "topic": topic, "within_ms": 200});
    let begun = bed.document(begin).await.expect("a catch");
    let fishing = begun.to_json()["fishing"].clone();
    bed.produce(&["B"]).await;
    let mark = session.mark().await.expect("a mark");
    // Whatever the function does meanwhile, the deadline passes.
    session.expect_none(&topic, Match::new().after(mark), Duration::from_millis(400)).await.expect("none");
    let go_on = json!({"verb": "fish_for_event", "fishing": fishing, "answers": ["ignore"]});
    let next = bed.document(go_on).await.expect("B was in time");
    let Outcome::Catch { events, fishing } = next else { panic!("{next:?}") };
    assert_eq!(events[0].0.envelope.event_type.as_deref(), Some("B"));
    bed.produce(&["C"]).await;
    let last = json!({"verb": "fish_for_event", "fishing": fishing.to_json(), "answers": ["ignore"]});
    assert_eq!(code(bed.document(last).await), ErrorCode::ExpectationTimeout, "C came after the end");
}

#[tokio::test]
async fn a_group_has_caught_up_once_every_partition_is_committed_to_its_end() {
    let bed = bed("").await;
    let servers = kafka::shared();
    let group = format!("g-{}", Uuid::new_v4());
    let caught_up =
        async |within: Duration| bed.session.expect_group_caught_up(&group, &bed.other, Some(within)).await;
    caught_up(WINDOW).await.expect("an empty topic is read by anybody");
    for partition in [0, 0, 2] {
        bed.produce_to(&bed.other, Event::new("A").partition(partition)).await;
    }
    let error = caught_up(WINDOW).await.expect_err("nothing was committed");
    assert_eq!(error.code(), ErrorCode::ExpectationTimeout, "{error}");
    assert!(error.message().contains("lag 3: partition 0 committed nothing of 2"), "{error}");
    foreign::commit(servers, &group, &bed.other, &[(0, 1), (2, 1)]).await;
    let error = caught_up(WINDOW).await.expect_err("one is left");
    assert!(error.message().contains("lag 1: partition 0 committed 1 of 2"), "{error}");
    let waiting = {
        let (session, group, topic) = (bed.session.clone(), group.clone(), bed.other.clone());
        tokio::spawn(async move { session.expect_group_caught_up(&group, &topic, Some(SOON)).await })
    };
    foreign::commit(servers, &group, &bed.other, &[(0, 2)]).await;
    let verdict = waiting.await.expect("joined").expect("caught up");
    assert_eq!(verdict.coverage.partitions[&0].next, 2);
    assert!(verdict.events.is_empty());
    let unknown = bed.session.expect_group_caught_up(&group, "nowhere", Some(WINDOW)).await;
    assert_eq!(code(unknown), ErrorCode::ActorNotRegistered);
}

#[tokio::test]
async fn a_commit_beyond_the_end_and_a_topic_that_is_gone_prove_nothing() {
    let bed = bed("").await;
    let group = format!("g-{}", Uuid::new_v4());
    bed.produce(&["A"]).await;
    foreign::commit(kafka::shared(), &group, &bed.topic, &[(0, 7)]).await;
    let error = bed.session.expect_group_caught_up(&group, &bed.topic, Some(WINDOW)).await;
    assert_eq!(code(error), ErrorCode::ReadGap);
    foreign::delete_topic(kafka::shared(), &bed.topic).await;
    let error = bed.session.expect_group_caught_up(&group, &bed.topic, Some(WINDOW)).await;
    assert_eq!(code(error), ErrorCode::UnknownTopic);
}

#[tokio::test]
async fn while_the_broker_is_stopped_no_verb_fails_or_passes() {
    let mut kafka = kafka::to_harm().await;
    let servers = kafka.bootstrap_servers.clone();
    let bed = bed_on(&servers, "").await;
    bed.produce(&["A"]).await;
    bed.session.expect_event(&bed.topic, of("A"), Some(SOON)).await.expect("it is read");
    kafka.stop();
    let errors: [ProbeError; 4] = [
        bed.exactly(1, "A").await.expect_err("doubt"),
        bed.all_of(&[of("A").into(), of("B").on(&bed.other)], Order::AnyOrder).await.expect_err("doubt"),
        bed.session
            .fish_for_event(&bed.topic, Match::new(), |_| Fish::Ignore, Some(WINDOW))
            .await
            .expect_err("doubt"),
        bed.session.expect_group_caught_up("g", &bed.topic, Some(WINDOW)).await.expect_err("doubt"),
    ];
    kafka.cont();
    for error in errors {
        assert_eq!(error.code(), ErrorCode::NotCovered, "{error}");
        assert!(error.message().contains("inconclusive"), "{error}");
        assert!(error.message().lines().count() <= 20, "{error}");
    }
    bed.exactly(1, "A").await.expect("one, once it is back");
}

#[tokio::test]
async fn deadlines_are_scaled_and_windows_are_not() {
    let yaml = "test-probe: {time-factor: 3.0, dsl: {verdict-grace: 5s}}";
    let mut config =
        test_probe::Config::from_texts(Some(yaml), None, &Default::default()).expect("a configuration");
    let servers = test_probe::config::ClusterConfig::at(kafka::shared());
    config.clusters.insert("default".to_owned(), servers);
    let probe = Probe::builder().config(config).build().expect("a probe");
    let bed = Bed { probe, ..bed("").await };
    let yaml = format!("topics: [{{topic: {}, role: both}}]", bed.topic);
    let session =
        bed.probe.open_session(Directives::from_yaml(&yaml).expect("directives")).await.expect("a session");
    let error = session.expect_exactly(&bed.topic, 1, of("A"), WINDOW).await.expect_err("none");
    assert_eq!(error.context()["within_ms"], 300);
    let all = session.expect_all_of(&bed.topic, [of("A").into()], Order::InOrder, Some(WINDOW)).await;
    assert_eq!(all.expect_err("none").context()["within_ms"], 900);
    let fished = session.fish_for_event(&bed.topic, of("A"), |_| Fish::Complete, Some(WINDOW)).await;
    assert_eq!(fished.expect_err("none").context()["within_ms"], 900);
}

#[test]
fn the_blocking_twins_of_the_verbs_run_the_function_on_the_callers_thread() {
    let probe = support::patient_probe(kafka::shared());
    let topic = format!("e-{}", Uuid::new_v4());
    let yaml = format!("topics: [{{topic: {topic}, role: both, create: {{partitions: 1}}}}]");
    let session =
        probe.open_session_blocking(Directives::from_yaml(&yaml).expect("directives")).expect("a session");
    session.produce_event_blocking(&topic, Event::new("A")).expect("acknowledged");
    session.expect_exactly_blocking(&topic, 1, of("A"), WINDOW).expect("one");
    session.expect_all_of_blocking(&topic, [of("A").into()], Order::AnyOrder, Some(SOON)).expect("it");
    let here = std::thread::current().id();
    let function = |_: &_| {
        assert_eq!(std::thread::current().id(), here);
        Fish::Complete
    };
    session.fish_for_event_blocking(&topic, Match::new(), function, Some(SOON)).expect("caught");
    let lag = session.expect_group_caught_up_blocking("nobody", &topic, Some(WINDOW));
    assert_eq!(code(lag), ErrorCode::ExpectationTimeout);
}
