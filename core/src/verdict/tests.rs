use std::sync::Arc;

use serde_json::{Value, json};

use super::testing::{coverage, evidence, record};
use super::*;
use crate::error::{ErrorCode, ProbeError};
use crate::event::ReceivedEvent;
use crate::matcher::Match;
use crate::parity::Ran;

fn vectors() -> Value {
    serde_json::from_str(include_str!("../../../tests/vectors/explanations.json")).unwrap()
}

#[test]
fn every_explanation_reads_as_its_vector_says() {
    let mut wrong = String::new();
    let mut ran = Ran::new("explanations.json", "cases");
    for case in vectors()["cases"].as_array().unwrap() {
        ran.note(case);
        let error = evidence(&case["evidence"]).into_error();
        let lines: Vec<&str> = error.message().lines().collect();
        if case["code"] != error.code().name() || case["text"] != json!(lines) {
            wrong += &format!("--- {} ({})\n{}\n", case["name"], error.code(), error.message());
        }
    }
    ran.write();
    assert!(wrong.is_empty(), "{wrong}");
}

#[test]
fn every_explanation_fits_one_screen_and_the_same_evidence_gives_the_same_error() {
    for case in vectors()["cases"].as_array().unwrap() {
        let evidence = evidence(&case["evidence"]);
        let error = evidence.clone().into_error();
        assert!(error.message().lines().count() <= 20, "{}", error.message());
        assert_eq!(error.hint_text(), None);
        assert_eq!(error, evidence.into_error());
    }
}

#[test]
fn the_context_carries_every_fact() {
    let case = &vectors()["cases"][0];
    let error = evidence(&case["evidence"]).into_error();
    let keys: Vec<&str> = error.context().keys().copied().collect();
    assert_eq!(
        keys,
        ["coverage", "expected", "finding", "funnel", "hints", "nearest", "topic", "verb", "within_ms"]
    );
    let context = &error.to_json()["context"];
    for key in ["topic", "verb", "within_ms", "expected", "funnel", "coverage", "finding"] {
        assert_eq!(context[key], case["evidence"][key], "{key}");
    }
    let nearest = &context["nearest"][0];
    assert_eq!(nearest["event"]["offset"], 12);
    assert_eq!((&nearest["held"], &nearest["differences"][0]["path"]), (&json!(2), &json!("value.total")));
}

#[test]
fn an_explanation_never_breaks_a_line_and_never_grows_beyond_the_screen() {
    let long = "x\n\u{2028}\r\x1b[31m".repeat(500);
    let miss = |offset: i64| {
        let event =
            json!({"id": long, "type": long, "key": long, "value": {"a": long}, "headers": [["h", long]]});
        (record(&json!({"event": event, "offset": offset})), false)
    };
    let wanted = Match::new().id("a").event_type("b").version("c").key("d").header(long.clone(), "e");
    let mut evidence = evidence(&vectors()["cases"][0]["evidence"]);
    evidence.topic = long.as_str().into();
    let wanted = wanted.value(json!({"a": long.clone() + "!", long.clone(): 1})).hint(long.clone());
    evidence.expected = Expected::Match(Box::new(wanted.clone()));
    evidence.misses = (0..50).map(miss).collect();
    evidence.hints = (0..50).map(|n| format!("{n} {long}")).collect();
    evidence.problem = Some(ProbeError::new(ErrorCode::BrokerUnreachable, long.clone()));
    evidence.coverage.partitions =
        (0..1_000).map(|n| (n, PartitionCoverage { from: 0, next: 1, end: None })).collect();
    let findings = [
        Finding::Missing { wanted: 3, found: 1 },
        Finding::Unexpected(miss(1).0),
        Finding::Doubtful(Doubt::ReadGap { partition: Some(1), why: long.clone() }),
        Finding::Doubtful(Doubt::NotAttributable(miss(1).0)),
        Finding::Count { wanted: 3, found: 4, extra: Some(miss(1).0) },
        Finding::Refused { event: miss(1).0, text: long.clone() },
        Finding::Unserved,
        Finding::WrongOrder { until: 1 },
        Finding::Lagging((0..50).map(|partition| Lag { partition, committed: None, end: 9 }).collect()),
        Finding::Doubtful(Doubt::Unanswered { why: long.clone() }),
        Finding::Misdelivered(delivery::Kind::Lost),
    ];
    let row = |served: Option<(Arc<ReceivedEvent>, bool)>| Row {
        topic: long.as_str().into(),
        matching: wanted.clone(),
        served,
        funnel: evidence.funnel.clone(),
        misses: (0..5).map(miss).collect(),
    };
    let rows = |count: i64| (0..count).map(|n| row((n % 2 == 0).then(|| miss(n)))).collect::<Vec<_>>();
    let mut all = vec![evidence.clone()];
    for count in [1, 2, 7, 50] {
        let expected = Expected::AllOf(Order::InOrder, rows(count));
        let read = || evidence.coverage.clone();
        let other_topics = (0..count).map(|n| (format!("{n} {long}").into(), read())).collect();
        all.push(Evidence { expected, other_topics, ..evidence.clone() });
    }
    let example = json!({
        "id": long, "key": long, "delivery": "acknowledged", "sent": {"partition": 0, "offset": 1},
        "seen": vec![json!({"partition": 0, "offset": 1}); 2],
    });
    let kind = json!({"count": 9, "examples": vec![example; 3]});
    let report = json!({"lost": kind, "duplicated": kind, "outOfOrder": kind, "unexpected": kind});
    let verified = Verified {
        output: Some(long.as_str().into()),
        checks: delivery::DeliveryCheck::ALL.into(),
        matching: wanted.clone(),
        report: delivery::testing::report(&report),
    };
    all.push(Evidence { expected: Expected::Delivery(Box::new(verified)), ..evidence.clone() });
    let hint = Some(long.clone());
    all.push(Evidence { expected: Expected::CaughtUp { group: long.clone(), hint }, ..evidence.clone() });
    for (finding, evidence) in findings.iter().flat_map(|finding| all.iter().map(move |one| (finding, one))) {
        let error = Evidence { finding: finding.clone(), ..evidence.clone() }.into_error();
        let lines: Vec<&str> = error.message().split(['\n', '\r', '\u{2028}']).collect();
        assert!(lines.len() <= 20, "{}", error.message());
        assert!(lines.iter().all(|line| line.chars().count() < 1_200), "{}", error.message());
        assert!(!error.message().contains('\x1b'));
    }
}

#[test]
fn whether_a_forbidden_event_is_own_is_said_only_where_it_is_known() {
    let forbidden = record(&json!({"event": {"type": "T", "value": 1}, "offset": 12}));
    let base = evidence(&vectors()["cases"][0]["evidence"]);
    let unknown = Evidence { finding: Finding::Unexpected(forbidden), own: None, ..base };
    let own = |evidence: &Evidence| {
        evidence.clone().into_error().to_json()["context"]["finding"]["event"]["own"].clone()
    };
    assert_eq!(own(&unknown), Value::Null);
    assert_eq!(own(&Evidence { own: Some(true), ..unknown.clone() }), true);
    assert_eq!(own(&Evidence { own: Some(false), ..unknown }), false);
}

#[test]
fn a_verdict_is_a_document() {
    let event = record(&json!({"event": {"id": "evt-1", "type": "T", "value": {"a": 1}}, "offset": 12}));
    let read = json!({"topicId": "abc", "partitions": {"0": {"from": 10, "next": 13, "end": null}}});
    let verdict = Verdict {
        events: vec![event.clone()],
        own: vec![true],
        coverage: coverage(&read),
        other_topics: [("other".into(), coverage(&read))].into(),
        warnings: vec![Warning { code: "SELF_MATCH", message: "only own events matched".to_owned() }],
        delivery: None,
    };
    assert_eq!(
        verdict.to_json(),
        json!({
            "events": [event.to_json(true)], "coverage": read, "otherTopics": {"other": read},
            "warnings": [{"code": "SELF_MATCH", "message": "only own events matched"}],
        })
    );
}

#[test]
fn an_expectation_that_any_event_satisfies_passes_with_a_warning() {
    let event = record(&json!({"event": {"id": "evt-1", "type": "T", "value": 1}, "offset": 12}));
    let warning = Warning::vacuous(&Match::new(), std::slice::from_ref(&event)).unwrap();
    assert_eq!(warning.code, "VACUOUS_MATCH");
    let started = "any event of this test satisfies the expectation, and what did was partition 0, offset 12";
    assert!(warning.message.starts_with(started), "{}", warning.message);
    assert!(warning.message.ends_with("id \"evt-1\", type \"T\""), "{}", warning.message);
    let several = Warning::vacuous(&Match::new(), &[event.clone(), event.clone()]).unwrap();
    assert!(several.message.ends_with("and what did was 2 events"), "{}", several.message);
    assert_eq!(Warning::vacuous(&Match::new().event_type("T"), &[event]), None);
}
