use std::time::Duration;

use serde_json::{Value, json};

use super::*;
use crate::codec::testing::received;
use crate::event::{ProducedAck, ReceivedEvent};
use crate::parity::Ran;

fn vectors() -> Value {
    serde_json::from_str(include_str!("../../../tests/vectors/matches.json")).unwrap()
}

fn event() -> ReceivedEvent {
    received(&json!({}), &json!({"id": "evt-1", "type": "T", "value": {"total": 5}}))
}

#[test]
fn every_match_vector_holds() {
    let vectors = vectors();
    let cases = vectors["cases"].as_array().unwrap();
    assert!(cases.len() >= 180, "{}", cases.len());
    let mut wrong = Vec::new();
    let mut ran = Ran::new("matches.json", "cases");
    for case in cases {
        ran.note(case);
        let event = received(&case["topic"], &case["event"]);
        let matched =
            Match::from_json(&case["match"]).unwrap_or_else(|error| panic!("{}: {error}", case["name"]));
        let comparison = matched.compare(&event, case["own"] == true);
        let (result, paths, hints) = match &comparison {
            Comparison::Matches => ("matches", Value::Null, Value::Null),
            Comparison::Undecided => ("undecided", Value::Null, Value::Null),
            Comparison::Differs(found) => (
                "differs",
                found.iter().map(|d| d.path.clone()).collect(),
                found.iter().map(|d| d.hint.clone().map_or(Value::Null, Value::from)).collect(),
            ),
        };
        let hints_hold = case.get("hints").is_none_or(|wanted| *wanted == hints);
        let stage = matched.falls_out_at(&event, case["own"] == true);
        if case["result"] != result || case["paths"] != paths || !hints_hold || stage != comparison.stage() {
            wrong.push(format!("{}: {comparison:?}, {stage:?}", case["name"]));
        }
    }
    ran.write();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn a_malformed_match_is_refused_with_what_was_meant() {
    let mut ran = Ran::new("matches.json", "refused");
    for case in vectors()["refused"].as_array().unwrap() {
        ran.note(case);
        let Err(error) = Match::from_json(&case["match"]) else { panic!("{} was accepted", case["name"]) };
        let found = (error.code().name(), error.message(), error.hint_text());
        let wanted =
            (case["code"].as_str().unwrap(), case["message"].as_str().unwrap(), case["hint"].as_str());
        assert_eq!(found, wanted, "{}", case["name"]);
    }
    ran.write();
}

#[test]
fn a_match_comes_back_unchanged_from_its_document_and_is_put_in_words() {
    let vectors = vectors();
    let mut ran = Ran::new("matches.json", "words");
    for case in vectors["words"].as_array().unwrap() {
        ran.note(case);
        let matched = Match::from_json(&case["match"]).unwrap();
        assert_eq!(matched.describe(), case["words"].as_str().unwrap());
        assert_eq!(matched.to_json(), case["match"]);
    }
    ran.write();
    for case in vectors["cases"].as_array().unwrap() {
        let matched = Match::from_json(&case["match"]).unwrap();
        assert_eq!(Match::from_json(&matched.to_json()).unwrap(), matched, "{}", case["name"]);
    }
}

#[test]
fn a_mark_comes_back_unchanged_from_its_document() {
    let document = json!({"topics": {"orders": {"generation": 2, "ends": {"0": 12, "10": 0}}, "empty": {"generation": 0, "ends": {}}}});
    assert_eq!(Mark::from_json(&document).unwrap().to_json(), document);
    for broken in [
        json!(null),
        json!({"topics": {"t": {"generation": -1, "ends": {}}}}),
        json!({"topics": {"t": {"generation": 0, "ends": {"-1": 0}}}}),
    ] {
        assert!(Mark::from_json(&broken).is_err(), "{broken}");
    }
}

#[test]
fn after_is_no_condition_of_one_event() {
    let ack = ProducedAck {
        topic: "orders".into(),
        partition: 0,
        offset: 99,
        timestamp: 0,
        latency: Duration::ZERO,
        id: "x".into(),
    };
    let matched = Match::new().after(&ack);
    assert!(matched.is_unconditional());
    assert_eq!(matched.compare(&event(), false), Comparison::Matches);
    assert!(!Match::new().own(false).is_unconditional());
}

#[test]
fn a_comparison_names_the_stage_at_which_the_event_falls_out() {
    let matched = Match::new().event_type("X").value(json!({"total": 6}));
    assert_eq!(matched.compare(&event(), false).stage(), Some(Stage::Type));
    assert_eq!(Match::new().compare(&event(), false).stage(), None);
    let broken = received(&json!({}), &json!({"raw": "{"}));
    assert_eq!(Match::new().compare(&broken, false).stage(), Some(Stage::Undecodable));
}

#[test]
fn the_stages_are_in_the_order_of_the_funnel() {
    assert!(Stage::ALL.is_sorted());
    let labels: Vec<&str> = Stage::ALL.iter().map(|stage| stage.label()).collect();
    assert_eq!(
        labels,
        [
            "before the mark",
            "hidden by eventFilters",
            "own",
            "other id",
            "other type",
            "other version",
            "other key",
            "other headers",
            "undecodable",
            "other value",
            "where not true"
        ]
    );
}

/// The subset relation, said once more and as plainly as possible.
fn is_subset(wanted: &Value, there: &Value) -> bool {
    match (wanted, there) {
        (Value::Object(w), Value::Object(t)) => {
            w.iter().all(|(k, v)| t.get(k).is_some_and(|a| is_subset(v, a)))
        }
        (Value::Array(w), Value::Array(t)) => {
            w.len() == t.len() && w.iter().zip(t).all(|(w, t)| is_subset(w, t))
        }
        (Value::Number(w), Value::Number(t)) => w.as_f64() == t.as_f64(),
        _ => wanted == there,
    }
}

fn random_value(random: &mut fastrand::Rng, depth: usize) -> Value {
    match random.usize(..if depth == 0 { 5 } else { 7 }) {
        0 => Value::Null,
        1 => random.bool().into(),
        2 => random.i32(0..3).into(),
        3 => f64::from(random.i32(0..3)).into(),
        4 => ["", "1", "a"][random.usize(..3)].into(),
        5 => (0..random.usize(..3)).map(|_| random_value(random, depth - 1)).collect(),
        _ => {
            let members = (0..random.usize(..3))
                .map(|_| (["a", "b", "c"][random.usize(..3)].to_owned(), random_value(random, depth - 1)));
            Value::Object(members.collect())
        }
    }
}

#[test]
fn random_values_compare_as_the_plain_relation_says() {
    let seed = fastrand::u64(..);
    let mut random = fastrand::Rng::with_seed(seed);
    let mut matches = 0;
    for _ in 0..20_000 {
        let (wanted, there) = (random_value(&mut random, 3), random_value(&mut random, 3));
        let mut event = event();
        event.value = crate::event::Decoded::Json(there.clone().into());
        let is_match = Match::new().value(wanted.clone()).compare(&event, false) == Comparison::Matches;
        assert_eq!(is_match, is_subset(&wanted, &there), "seed {seed}: {wanted} in {there}");
        assert_eq!(
            Match::new().value(there.clone()).compare(&event, false),
            Comparison::Matches,
            "seed {seed}: {there}"
        );
        matches += usize::from(is_match);
    }
    assert!(matches > 100, "seed {seed}: {matches}");
}

#[test]
fn a_fraction_of_seventeen_digits_survives_the_wire() {
    let mut random = fastrand::Rng::with_seed(1);
    for _ in 0..10_000 {
        let value = json!({ "n": random.f64() * 1_000.0 });
        let event = received(&json!({}), &json!({ "value": value }));
        assert_eq!(Match::new().value(value).compare(&event, false), Comparison::Matches);
    }
}

#[test]
fn each_mode_allows_what_the_stricter_one_allows() {
    let seed = fastrand::u64(..);
    let mut random = fastrand::Rng::with_seed(seed);
    let mut held = [0; 3];
    for _ in 0..20_000 {
        let (wanted, mut there) = (random_value(&mut random, 3), random_value(&mut random, 3));
        let mut event = event();
        let is_match = |event: &ReceivedEvent, mode: Mode| {
            let matched = Match::new().value(wanted.clone()).mode(mode);
            let compared = matched.compare(event, false) == Comparison::Matches;
            assert_eq!(matched.falls_out_at(event, false).is_none(), compared, "seed {seed}: {wanted}");
            compared
        };
        event.value = crate::event::Decoded::Json(there.clone().into());
        let holds = [Mode::Exact, Mode::Subset, Mode::AnyOrder].map(|mode| is_match(&event, mode));
        assert!(holds.is_sorted(), "seed {seed}: {wanted} in {there}: {holds:?}");
        for (count, holds) in held.iter_mut().zip(holds) {
            *count += usize::from(holds);
        }
        event.value = crate::event::Decoded::Json(wanted.clone().into());
        assert!(is_match(&event, Mode::Exact), "seed {seed}: {wanted} is not itself");
        let matchers =
            Match::new().matcher("value", "equals", wanted.clone()).matcher("$", "equals", wanted.clone());
        assert_eq!(
            matchers.compare(&event, false),
            Comparison::Matches,
            "seed {seed}: {wanted} is not itself"
        );
        if let Some(elements) = there.as_array_mut() {
            let expected = Match::new().value(elements.clone().into()).mode(Mode::AnyOrder);
            random.shuffle(elements);
            event.value = crate::event::Decoded::Json(there.clone().into());
            assert_eq!(expected.compare(&event, false), Comparison::Matches, "seed {seed}: {there}");
        }
    }
    // That any order allows more than subset is shown by the shuffled lists above.
    assert!(held[0] > 50 && held[0] < held[1], "seed {seed}: {held:?}");
}

#[test]
fn scanning_and_comparing_come_to_the_same() {
    let seed = fastrand::u64(..);
    let mut random = fastrand::Rng::with_seed(seed);
    let vectors = vectors();
    let cases = vectors["cases"].as_array().unwrap();
    let matches: Vec<Match> = cases.iter().map(|case| Match::from_json(&case["match"]).unwrap()).collect();
    let events: Vec<ReceivedEvent> =
        cases.iter().map(|case| received(&case["topic"], &case["event"])).collect();
    for matched in &matches {
        for event in &events {
            let own = random.bool();
            let comparison = matched.compare(event, own);
            assert_eq!(
                matched.falls_out_at(event, own),
                comparison.stage(),
                "seed {seed}: {} of {event:?}: {comparison:?}",
                matched.describe()
            );
            let all_held = matched.held(event, &comparison) == matched.conditions();
            match comparison {
                Comparison::Matches => assert!(all_held, "{}", matched.describe()),
                Comparison::Differs(_) => assert!(!all_held, "{}", matched.describe()),
                Comparison::Undecided => {}
            }
        }
    }
}

#[test]
fn a_match_says_what_it_asks_and_keeps_what_it_did_not_understand_for_the_verb() {
    let matched = Match::new()
        .event_type("OrderCreated")
        .value(json!({"items": [{"sku": "b"}, {"sku": "a"}]}))
        .mode(Mode::AnyOrder)
        .matcher("$.total", "between", json!([1, 5]))
        .where_("value.total > 3 && headers.region == 'eu'");
    assert!(matched.check().is_ok());
    assert_eq!((matched.conditions(), matched.is_vacuous()), (4, false));
    let order = &vectors()["expressions"]["event"];
    assert_eq!(matched.compare(&received(&json!({}), order), false), Comparison::Matches);

    let broken = matched.where_("value.total >").matcher("a", "no-such", ());
    let error = broken.check().unwrap_err();
    assert!(error.message().contains("line 1, column 14"), "the first problem counts: {error}");
    assert_eq!(broken.compare(&event(), false), Comparison::Undecided);
    assert!(Match::new().value(json!("${json-unit.regex}(")).check().is_err());
}

#[test]
fn what_tells_no_event_from_another_is_vacuous() {
    let read = |document: Value| Match::from_json(&document).unwrap();
    for vacuous in [
        json!({}),
        json!({"hint": "x", "after": "start"}),
        json!({"value": {}}),
        json!({"value": "${json-unit.ignore}"}),
        json!({"where": "true"}),
        json!({"matchers": [{"path": "value", "matcher": "present"}]}),
    ] {
        assert!(read(vacuous.clone()).is_vacuous(), "{vacuous}");
    }
    for telling in [
        json!({"type": "T"}),
        json!({"own": false}),
        json!({"headers": {"h": null}}),
        json!({"value": null}),
        json!({"value": {}, "mode": "exact"}),
        json!({"where": "value.a == 1"}),
        json!({"matchers": [{"path": "$.a", "matcher": "present"}]}),
    ] {
        assert!(!read(telling.clone()).is_vacuous(), "{telling}");
    }
}

#[test]
fn lists_too_large_to_pair_are_undecided() {
    let elements: Value = (0..3_000).collect();
    let turned: Value = (0..3_000).rev().collect();
    let mut event = event();
    event.value = crate::event::Decoded::Json(turned.into());
    let matched = Match::new().value(elements).mode(Mode::AnyOrder);
    assert_eq!(matched.compare(&event, false), Comparison::Undecided);
    assert!(matches!(matched.clone().event_type("U").compare(&event, false), Comparison::Differs(_)));
    let itself = matched.value.as_ref().unwrap().document();
    event.value = crate::event::Decoded::Json(itself.into());
    assert_eq!(matched.compare(&event, false), Comparison::Matches);
}
