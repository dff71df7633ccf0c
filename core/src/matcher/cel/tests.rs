use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::{Outcome, Unknown, Where};
use crate::codec::testing::received;
use crate::event::ReceivedEvent;
use crate::matcher::budget::Budget;
use crate::matcher::{Comparison, Match};

fn vectors() -> Value {
    serde_json::from_str(include_str!("../../../../tests/vectors/matches.json")).unwrap()
}

fn event() -> ReceivedEvent {
    let mut event = received(&json!({}), &vectors()["expressions"]["event"]);
    (event.partition, event.offset, event.timestamp) = (3, 42, Some(1_700_000_000_000));
    event
}

/// Returns true, false, or why there is neither.
fn verdict(text: &str, event: &ReceivedEvent) -> Value {
    let expression = Where::new(text).unwrap_or_else(|error| panic!("{text}: {error}"));
    let budget = Budget::new();
    let mut reasons = Vec::new();
    for outcome in expression.outcomes(event, Unknown::default(), &budget) {
        match outcome {
            Outcome::Holds => {}
            Outcome::Unknown => return "unknown".into(),
            Outcome::Fails(failure) => reasons.push((failure.actual, failure.hint)),
        }
    }
    match reasons.into_iter().next() {
        None => true.into(),
        Some((Some(Value::Bool(false)), hint))
            if !hint.as_deref().is_some_and(|h| h.contains("does not work")) =>
        {
            false.into()
        }
        Some((_, hint)) => hint.into(),
    }
}

#[test]
fn every_expression_vector_holds() {
    let event = event();
    for case in vectors()["expressions"]["cases"].as_array().unwrap() {
        let text = case["where"].as_str().unwrap();
        assert_eq!(verdict(text, &event), case["gives"], "{text}");
    }
}

#[test]
fn what_an_expression_says_of_an_undecodable_event_is_only_what_its_envelope_says() {
    let broken =
        received(&json!({}), &json!({"id": "evt-1", "type": "T", "headers": [["h", "x"]], "raw": "{"}));
    let outcome = |text: &str| Match::new().where_(text).compare(&broken, false);
    for open in [
        "value.total == 1",
        "type == 'T'",
        "type == 'T' && value.total == 1",
        "type == 'U' || value.total == 1",
        "!(value.total == 1)",
        "!(value.total == 1 && headers.none == 'x')",
        "value.items.all(i, i > 1)",
        "[1, 2].exists(i, i == 3 || value.a == 1)",
    ] {
        assert_eq!(outcome(open), Comparison::Undecided, "{open}");
    }
    for excluded in [
        "type == 'U'",
        "type == 'U' && value.total == 1",
        "value.total == 1 && headers.h == 'y'",
        "headers.none == 'x'",
    ] {
        assert!(matches!(outcome(excluded), Comparison::Differs(_)), "{excluded}");
    }
    // A type that the value keeps is as unknown as the value.
    let relaxed =
        Match::new().where_("type == 'U'").matcher("type", "equals", "U").relaxed(false, true, false);
    assert_eq!(relaxed.compare(&broken, false), Comparison::Undecided);
}

#[test]
fn no_text_makes_the_reader_panic_and_no_expression_takes_long() {
    let words = [
        "value",
        ".total",
        ".items",
        "[0]",
        "[\"sku\"]",
        "headers",
        ".region",
        "key",
        "type",
        "1",
        "2.5",
        "-",
        "!",
        "'a'",
        "\"o-1\"",
        "(",
        ")",
        "[",
        "]",
        "{",
        "}",
        ",",
        ":",
        "?",
        " && ",
        " || ",
        " == ",
        " != ",
        " < ",
        " in ",
        " + ",
        " * ",
        " / ",
        " % ",
        ".size()",
        "size(",
        ".all(x, ",
        ".exists(x, ",
        ".map(x, ",
        ".filter(x, ",
        "x",
        "has(",
        ".matches('a+')",
        ".contains('a')",
        "int(",
        "string(",
        "true",
        "null",
        "é",
        "\\",
        "0x1f",
        "1u",
        "9223372036854775807",
        "18446744073709551615",
        "1e308",
    ];
    let event = event();
    let seed = fastrand::u64(..);
    let mut random = fastrand::Rng::with_seed(seed);
    let mut read = 0;
    for _ in 0..100_000 {
        let length = random.usize(..12);
        let text: String = (0..length).map(|_| words[random.usize(..words.len())]).collect();
        let Ok(expression) = Where::new(&text) else { continue };
        read += 1;
        let budget = Budget::new();
        let outcomes: Vec<Outcome> = expression.outcomes(&event, Unknown::default(), &budget).collect();
        let holds = outcomes.iter().all(|outcome| matches!(outcome, Outcome::Holds));
        assert_eq!(
            expression.truth(&event, Unknown::default(), &budget) == Some(true),
            holds,
            "seed {seed}: {text}"
        );
    }
    assert!(read > 1_000, "seed {seed}: {read}");
}

#[test]
fn an_expression_that_would_take_too_long_or_too_much_stack_is_refused_or_given_up() {
    let small_stack = std::thread::Builder::new().stack_size(512 * 1024);
    let run = small_stack.spawn(|| {
        for (open, middle, close) in [
            ("(", "1", ")"),
            ("[", "1", "]"),
            ("{1: ", "1", "}"),
            ("!", "true", ""),
            ("- ", "key", ""),
            ("true ? true : ", "true", ""),
            ("size(", "key", ")"),
            ("1 + ", "1", ""),
            ("[1].map(x, ", "1", ")"),
        ] {
            for times in [1_000, 100, 47, 30] {
                let text = format!("{}{middle}{}", open.repeat(times), close.repeat(times));
                let read = Where::new(&text);
                assert!(read.is_ok() || times > 30, "{times} times {open}: {read:?}");
                assert!(read.is_err() || times < 100, "{times} times {open}");
                if let Ok(read) = read {
                    read.truth(&event(), Unknown::default(), &Budget::new());
                }
            }
        }
        assert!(Where::new(&vec!["1 == 1"; 1_000].join(" && ")).is_ok());
    });
    run.unwrap().join().unwrap();

    let wide: Value = (0..1_000).collect();
    let event = received(&json!({}), &json!({"value": wide}));
    for text in [
        "value.all(a, value.all(b, value.all(c, a + b + c >= 0)))",
        "value.exists(a, value.map(b, value).size() < 0)",
        "value.map(a, value + value + value).map(b, b + b).size() == 0",
        "value.all(a, value.all(b, value == value))",
    ] {
        let started = Instant::now();
        let matched = Match::new().where_(text);
        assert_eq!(matched.compare(&event, false), Comparison::Undecided, "{text}");
        assert_eq!(matched.falls_out_at(&event, false), Some(crate::matcher::Stage::Undecodable), "{text}");
        assert!(started.elapsed() < Duration::from_secs(20), "{text}: {:?}", started.elapsed());
    }
}
