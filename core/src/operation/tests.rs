use serde_json::{Value, json};

use super::*;
use crate::error::ErrorCode;
use crate::matcher::{After, Match};

fn refused(document: Value) -> (String, String) {
    let error = Operation::expectation(&document).expect_err("refused");
    assert_eq!(error.code(), ErrorCode::InvalidArgument, "{error}");
    (error.message().to_owned(), error.hint_text().unwrap_or_default().to_owned())
}

fn expectation(document: Value) -> Expectation {
    match Operation::expectation(&document).expect("read") {
        Operation::Expect(expectation) | Operation::Fish(expectation) => expectation,
        other => panic!("{other:?}"),
    }
}

#[test]
fn each_verb_reads_the_keys_that_it_has_a_use_for() {
    let one = |verb: &str, n: Value| {
        let mut document = json!({ "verb": verb, "topic": "t", "match": { "id": "e" }, "within_ms": 1500 });
        if !n.is_null() {
            document["n"] = n;
        }
        expectation(document)
    };
    for (verb, n, read) in [
        ("expect_event", json!(null), Verb::Event),
        ("expect_none", json!(null), Verb::None),
        ("expect_exactly", json!(3), Verb::Exactly(3)),
        ("expect_exactly", json!(0), Verb::None),
        ("receive_event", json!(null), Verb::Receive(1)),
        ("receive_n", json!(2), Verb::Receive(2)),
        ("fish_for_event", json!(null), Verb::Fish),
    ] {
        let within = Some(Duration::from_millis(1500));
        assert_eq!(one(verb, n), Expectation::of(read, "t", Match::new().id("e"), within), "{verb}");
    }
    let all = json!({
        "verb": "expect_all_of", "topic": "t", "order": "any_order",
        "matches": [{ "id": "a" }, { "id": "b", "topic": "u" }],
    });
    let all = expectation(all);
    assert_eq!(all.verb, Verb::AllOf(Order::AnyOrder));
    assert_eq!(all.wanted, [Match::new().id("a").into(), Match::new().id("b").on("u")]);
    let group = json!({ "verb": "expect_group_caught_up", "topic": "t", "group": "g", "hint": "h" });
    let Ok(Operation::CaughtUp { group, topic, hint, within }) = Operation::expectation(&group) else {
        panic!("no group")
    };
    assert_eq!((&*group, &*topic, hint.as_deref(), within), ("g", "t", Some("h"), None));
    let verify = json!({ "verb": "verify_delivery", "topic": "t", "output": "o", "hint": "h", "match": { "id": "e" } });
    let Ok(Operation::Verify { topic, verification, within }) = Operation::expectation(&verify) else {
        panic!("no verification")
    };
    let wanted = Verification::new().output("o").matching(Match::new().id("e").hint("h"));
    assert_eq!((&*topic, *verification, within), ("t", wanted, None));
}

#[test]
fn what_stands_beside_a_match_holds_for_it_unless_it_says_so_itself() {
    let after = |offset: i64| json!({ "topic": "t", "partition": 0, "offset": offset });
    let all = expectation(json!({
        "verb": "expect_all_of", "topic": "t", "after": after(1), "hint": "whole",
        "matches": [{ "id": "a" }, { "id": "b", "after": after(2), "hint": "own" }],
    }));
    let offset = |wanted: &Wanted| match &wanted.matching.after {
        After::Position { offset, .. } => *offset,
        other => panic!("{other:?}"),
    };
    assert_eq!(all.wanted.iter().map(offset).collect::<Vec<_>>(), [1, 2]);
    let hints: Vec<_> = all.wanted.iter().map(|wanted| wanted.matching.hint.as_deref()).collect();
    assert_eq!(hints, [Some("whole"), Some("own")]);
}

#[test]
fn a_typing_error_is_answered_with_what_was_meant() {
    for (document, message, hint) in [
        (
            json!({ "verb": "expect_exacty", "topic": "t" }),
            "`expect_exacty` was not a verb",
            "did you mean `expect_exactly`?",
        ),
        (
            json!({ "verb": "expect_all_of", "topic": "t", "match": {} }),
            "`match` was given to `expect_all_of`",
            "it goes with `expect_event`, `expect_none`, `expect_exactly`, `receive_event`, `receive_n`, `fish_for_event`, `verify_delivery`",
        ),
        (
            json!({ "verb": "expect_all_of", "topic": "t", "matchs": [] }),
            "`matchs` was not a key of `expect_all_of`",
            "did you mean `matches`?",
        ),
        (
            json!({ "verb": "expect_event", "topic": "t", "n": 1 }),
            "`n` was given to `expect_event`",
            "it goes with `expect_exactly`, `receive_n`",
        ),
        (
            json!({ "verb": "expect_all_of", "topic": "t", "matches": [{}], "order": "inorder" }),
            "`order` was `\"inorder\"`",
            "did you mean `in_order`?",
        ),
        (json!({ "verb": "expect_all_of", "topic": "t", "matches": [] }), "`matches` was empty", ""),
        (json!({ "verb": "expect_all_of", "topic": "t" }), "`matches` was missing", ""),
        (json!({ "verb": "expect_exactly", "topic": "t" }), "`n` was missing", ""),
        (json!({ "verb": "receive_n", "topic": "t", "n": 0 }), "`n` was `0`, not a number of at least 1", ""),
        (json!({ "verb": "expect_group_caught_up", "topic": "t" }), "`group` was missing", ""),
        (
            json!({ "verb": "verify_delivery", "topic": "t", "checks": ["duplicate"] }),
            "`\"duplicate\"` was not a check of a delivery",
            "did you mean `duplicates`?",
        ),
        (
            json!({ "verb": "fish_for_event", "fishing": {}, "answers": [] }),
            "`fishing` was not what an earlier call of fish_for_event returned",
            "hand it back as it came",
        ),
        (json!({ "verb": "fish_for_event", "fishing": {} }), "`answers` was missing", ""),
    ] {
        assert_eq!(refused(document), (message.to_owned(), hint.to_owned()));
    }
}

#[test]
fn a_fishing_comes_back_unchanged_from_its_document() {
    let after = After::Position { topic: "t".into(), partition: 0, offset: 3 };
    let matching = Match::new().event_type("A").after(after).hint("h");
    let fishing = Fishing {
        expectation: Expectation::of(Verb::Fish, "t", matching, Some(Duration::from_millis(1500))),
        deadline: 77,
        next: 12,
        shown: vec![9, 11],
        collected: vec![4],
        answered: 6,
        ends: Some((2, vec![5, 0])),
    };
    assert_eq!(Fishing::from_json(&fishing.to_json()).expect("read"), fishing);
    let document = json!({ "verb": "fish_for_event", "fishing": fishing.to_json(), "answers": ["collect", {"fail": "x"}] });
    let Ok(Operation::FishOn { fishing: read, answers }) = Operation::expectation(&document) else {
        panic!("not read")
    };
    assert_eq!((*read, answers), (fishing, vec![Fish::Collect, Fish::Fail("x".to_owned())]));
}
