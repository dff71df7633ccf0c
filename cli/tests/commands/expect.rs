//! `test-probe expect` and `expect-none`.

use serde_json::json;

use crate::support::Place;

#[test]
fn an_event_that_came_passes_and_is_shown() {
    let place = Place::with_topics(&["orders"]);
    place.produce("orders", "t-1", "evt-1", r#"{"total": 5, "tax": 1}"#);
    let expect = |more: &[&str]| {
        let words = [&["expect", "-t", "orders", "--test-id", "t-1", "--within", "20s"], more].concat();
        place.run(&words).ends(0)
    };
    let text = expect(&["--id", "evt-1", "--type", "Order", "--value", r#"{"total": 5.0}"#]);
    assert!(text.out.starts_with("passed: expect_event on `orders`\n  orders[0]@0  "), "{text:#?}");
    assert_eq!(text.err, "");
    let document =
        expect(&["--match", r#"{"id": "none", "type": "Order"}"#, "--id", "evt-1", "--format", "json"])
            .json();
    assert_eq!(document["verdict"], "passed");
    assert_eq!(document["verb"], "expect_event");
    assert_eq!((&document["topic"], &document["testId"]), (&json!("orders"), &json!("t-1")));
    assert_eq!(document["events"][0]["value"]["total"], 5);
    assert_eq!(document["coverage"]["partitions"]["0"]["from"], 0);
}

#[test]
fn an_event_that_did_not_come_is_explained_and_ends_with_1() {
    let place = Place::with_topics(&["orders"]);
    place.produce("orders", "t-1", "evt-1", r#"{"total": 5}"#);
    let words =
        ["expect", "-t", "orders", "--test-id", "t-1", "--within", "50ms", "--value", r#"{"total": "5"}"#];
    let text = place.run(&words).ends(1);
    assert!(
        text.out.starts_with("failed: expect_event: no matching event came on `orders` within 50 ms\n"),
        "{text:#?}"
    );
    assert!(text.out.contains("value.total: expected \"5\", was 5"), "{text:#?}");
    assert_eq!(text.err, "");
    let document = place.run(&[&words[..], &["--format", "json"]].concat()).ends(1).json();
    assert_eq!(document["verdict"], "failed");
    assert_eq!(document["error"]["name"], "EXPECTATION_TIMEOUT");
    assert_eq!(document["error"]["context"]["nearest"][0]["differences"][0]["path"], "value.total");
}

#[test]
fn the_absence_of_an_event_is_proven_or_refuted() {
    let place = Place::with_topics(&["orders:2"]);
    place.produce("orders", "t-1", "evt-1", "1");
    let none = |more: &[&str]| {
        place.run(&[&["expect-none", "-t", "orders", "--test-id", "t-1", "--within", "50ms"], more].concat())
    };
    let proven = none(&["--type", "Refund"]).ends(0);
    assert!(
        proven.out.starts_with("passed: expect_none on `orders`, every partition was read"),
        "{proven:#?}"
    );
    assert!(proven.out.contains("  partition 1: read from 0 up to "), "{proven:#?}");
    let refuted = none(&["--type", "Order"]).ends(1);
    assert!(refuted.out.contains("an event came on `orders` that must not come"), "{refuted:#?}");
    assert_eq!(none(&["--type", "Order", "--format", "json"]).ends(1).json()["verdict"], "failed");
}

#[test]
fn a_record_without_a_test_id_makes_it_inconclusive_and_ends_with_3() {
    let place = Place::with_topics(&["orders"]);
    let nobodys = place
        .file("nobodys.yaml", "[{topic: orders, role: both, envelope: none, correlation: {testId: none}}]");
    place.run(&["produce", "--topics", &nobodys, "--value", "1"]).ends(0);
    let words = ["expect-none", "-t", "orders", "--test-id", "t-1", "--within", "50ms"];
    let text = place.run(&words).ends(3);
    assert!(text.out.starts_with("inconclusive: expect_none: "), "{text:#?}");
    assert!(text.out.contains("what to do: "), "{text:#?}");
    let document = place.run(&[&words[..], &["--format", "json"]].concat()).ends(3).json();
    assert_eq!(document["verdict"], "inconclusive");
    assert_eq!(document["error"]["name"], "NOT_ATTRIBUTABLE");
}

#[test]
fn where_it_looks_from_can_be_said() {
    let place = Place::with_topics(&["orders"]);
    place.produce("orders", "t-1", "evt-1", "1");
    let expect = |start: &str, code| {
        let words = ["expect", "-t", "orders", "--test-id", "t-1", "--within", "50ms", "--start", start];
        place.run(&words).ends(code)
    };
    for (start, code) in [
        ("earliest", 0),
        ("latest", 1),
        ("10m", 0),
        ("2001-01-01T00:00:00Z", 0),
        ("2101-01-01T00:00:00Z", 1),
        ("0:0", 0),
        ("0:1", 1),
        ("0:0,7:1", 2),
    ] {
        expect(start, code);
    }
    let wrong = expect("ealriest", 2);
    assert!(wrong.err.contains("hint: write `earliest`, `latest`, an age as `10m`"), "{wrong:#?}");
}

#[test]
fn an_expectation_of_nobody_is_refused() {
    let place = Place::new();
    for words in [
        &["expect", "-t", "orders"][..],
        &["expect-none", "-t", "orders", "--within", "1s"],
        &["fetch", "-t", "orders"],
    ] {
        let done = place.run(words).ends(2);
        assert!(done.err.contains("no test id was given, so nothing could ever match\nhint: "), "{done:#?}");
    }
    let without = place.run(&["expect-none", "-t", "orders", "--test-id", "t"]).ends(2);
    assert!(without.err.contains("--within <DURATION>"), "{without:#?}");
    let later =
        place.run(&["expect", "-t", "orders", "--test-id", "t", "--match", r#"{"tpye": "A"}"#]).ends(2);
    assert!(later.err.contains("hint: did you mean `type`?"), "{later:#?}");
}

#[test]
fn what_comes_later_is_waited_for() {
    let place = Place::with_topics(&["orders"]);
    let waiting = place.command(&["expect", "-t", "orders", "--test-id", "t-1", "--within", "60s"]);
    let waiting = std::thread::scope(|scope| {
        let waiting = scope.spawn(|| crate::support::done(waiting, ""));
        place.produce("orders", "t-1", "evt-1", "1");
        waiting.join().expect("it ends")
    });
    waiting.ends(0);
}
